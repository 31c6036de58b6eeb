//! Guests made of fuzz input: a signature in WIT, and a module for it as text.
//!
//! Sizes, alignment and flattening are the component model's, written down here once more and not taken from the library.

use std::fmt::Write;

use arbitrary::{Result, Unstructured};
use wasmfusion::GuestType;

/// A module with one function `f`.
#[derive(Debug)]
pub(crate) struct Guest {
    /// One package with one world.
    pub(crate) wit: String,
    /// WebAssembly text.
    pub(crate) module: String,
}

/// More flat parameters than this are passed in memory.
const MAX_FLAT_PARAMS: usize = 16;

/// A type with at most so many others in it.
fn guest_type(u: &mut Unstructured<'_>, depth: usize, nodes: &mut usize) -> Result<GuestType> {
    *nodes = nodes.saturating_sub(1);
    let kinds = if depth == 0 || *nodes == 0 { 14 } else { 20 };
    Ok(match u.int_in_range(0..=kinds - 1)? {
        0 => GuestType::Bool,
        1 => GuestType::S8,
        2 => GuestType::U8,
        3 => GuestType::S16,
        4 => GuestType::U16,
        5 => GuestType::S32,
        6 => GuestType::U32,
        7 => GuestType::S64,
        8 => GuestType::U64,
        9 => GuestType::F32,
        10 => GuestType::F64,
        11 => GuestType::Char,
        12 => GuestType::String,
        13 => {
            // More than 256 need two bytes.
            let cases = if u.ratio(1, 8)? { 300 } else { u.int_in_range(1..=4)? };
            GuestType::Enum((0..cases).map(|case| format!("c{case}")).collect())
        }
        14 | 15 => match guest_type(u, depth - 1, nodes)? {
            // There is no option of an option.
            already @ GuestType::Option(_) => already,
            inner => GuestType::Option(Box::new(inner)),
        },
        16 | 17 => match guest_type(u, depth - 1, nodes)? {
            GuestType::U8 => GuestType::Bytes,
            item => GuestType::List(Box::new(item)),
        },
        18 => {
            let fields = u.int_in_range(1..=5)?;
            GuestType::Record(
                (0..fields)
                    .map(|field| Ok((format!("x{field}-y"), guest_type(u, depth - 1, nodes)?)))
                    .collect::<Result<_>>()?,
            )
        }
        _ => {
            let items = u.int_in_range(1..=4)?;
            GuestType::Tuple((0..items).map(|_| guest_type(u, depth - 1, nodes)).collect::<Result<_>>()?)
        }
    })
}

/// Writes types in WIT, and collects those that need a name.
#[derive(Debug, Default)]
struct Names {
    definitions: Vec<String>,
}

impl Names {
    fn of(&mut self, ty: &GuestType) -> String {
        match ty {
            GuestType::Enum(cases) => self.define("enum", cases.clone()),
            GuestType::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| format!("{name}: {}", self.of(ty))).collect();
                self.define("record", fields)
            }
            GuestType::Option(inner) => format!("option<{}>", self.of(inner)),
            GuestType::List(item) => format!("list<{}>", self.of(item)),
            GuestType::Tuple(items) => {
                let items: Vec<String> = items.iter().map(|item| self.of(item)).collect();
                format!("tuple<{}>", items.join(", "))
            }
            simple => simple.to_string(),
        }
    }

    fn define(&mut self, what: &str, parts: Vec<String>) -> String {
        let name = format!("t{}", self.definitions.len());
        self.definitions.push(format!("{what} {name} {{ {} }}", parts.join(", ")));
        name
    }
}

fn wit(params: &[GuestType], result: &GuestType, fallible: bool) -> String {
    let mut names = Names::default();
    let params: Vec<String> =
        params.iter().enumerate().map(|(index, ty)| format!("p{index}: {}", names.of(ty))).collect();
    let result = names.of(result);
    let result = if fallible { format!("result<{result}, string>") } else { result };
    format!(
        "package a:b; world w {{ {} export f: func({}) -> {result}; }}",
        names.definitions.join(" "),
        params.join(", ")
    )
}

/// The flat core types of a value.
fn flatten(ty: &GuestType, flat: &mut Vec<&'static str>) {
    match ty {
        GuestType::S64 | GuestType::U64 => flat.push("i64"),
        GuestType::F32 => flat.push("f32"),
        GuestType::F64 => flat.push("f64"),
        GuestType::String | GuestType::Bytes | GuestType::List(_) => flat.extend(["i32", "i32"]),
        GuestType::Option(inner) => {
            flat.push("i32");
            flatten(inner, flat);
        }
        GuestType::Record(fields) => fields.iter().for_each(|(_, ty)| flatten(ty, flat)),
        GuestType::Tuple(items) => items.iter().for_each(|ty| flatten(ty, flat)),
        _ => flat.push("i32"),
    }
}

fn flat(ty: &GuestType) -> Vec<&'static str> {
    let mut flat = Vec::new();
    flatten(ty, &mut flat);
    flat
}

fn align(ty: &GuestType) -> u32 {
    match ty {
        GuestType::Bool | GuestType::S8 | GuestType::U8 => 1,
        GuestType::S16 | GuestType::U16 => 2,
        GuestType::S64 | GuestType::U64 | GuestType::F64 => 8,
        GuestType::Enum(cases) => {
            if cases.len() > 256 {
                2
            } else {
                1
            }
        }
        GuestType::Option(inner) => align(inner),
        GuestType::Record(fields) => fields.iter().map(|(_, ty)| align(ty)).max().unwrap_or(1),
        GuestType::Tuple(items) => items.iter().map(align).max().unwrap_or(1),
        _ => 4,
    }
}

fn size(ty: &GuestType) -> u32 {
    let all = |types: &mut dyn Iterator<Item = &GuestType>| {
        types.fold(0, |end: u32, ty| end.next_multiple_of(align(ty)) + size(ty)).next_multiple_of(align(ty))
    };
    match ty {
        GuestType::String | GuestType::Bytes | GuestType::List(_) => 8,
        GuestType::Option(inner) => (align(inner) + size(inner)).next_multiple_of(align(inner)),
        GuestType::Record(fields) => all(&mut fields.iter().map(|(_, ty)| ty)),
        GuestType::Tuple(items) => all(&mut items.iter()),
        scalar => align(scalar),
    }
}

/// Instructions that store a value, whose flat parts are locals from `local` on, at an address.
fn store(ty: &GuestType, address: u32, local: &mut usize, code: &mut String) {
    let mut put = |instruction: &str, address: u32| {
        // Writing to a String cannot fail.
        let _ = write!(code, "({instruction} (i32.const {address}) (local.get {local}))");
        *local += 1;
    };
    match ty {
        GuestType::Bool | GuestType::S8 | GuestType::U8 => put("i32.store8", address),
        GuestType::S16 | GuestType::U16 => put("i32.store16", address),
        GuestType::S64 | GuestType::U64 => put("i64.store", address),
        GuestType::F32 => put("f32.store", address),
        GuestType::F64 => put("f64.store", address),
        GuestType::Enum(_) => put(if align(ty) == 2 { "i32.store16" } else { "i32.store8" }, address),
        GuestType::String | GuestType::Bytes | GuestType::List(_) => {
            put("i32.store", address);
            put("i32.store", address + 4);
        }
        GuestType::Option(inner) => {
            put("i32.store8", address);
            store(inner, address + align(inner), local, code);
        }
        GuestType::Record(fields) => store_all(&mut fields.iter().map(|(_, ty)| ty), address, local, code),
        GuestType::Tuple(items) => store_all(&mut items.iter(), address, local, code),
        _ => put("i32.store", address),
    }
}

fn store_all<'a>(types: &mut dyn Iterator<Item = &'a GuestType>, address: u32, local: &mut usize, code: &mut String) {
    let mut end = address;
    for ty in types {
        end = end.next_multiple_of(align(ty));
        store(ty, end, local, code);
        end += size(ty);
    }
}

/// Where results are put.
const AREA: u32 = 16;

/// An allocator that only goes up, from `heap`, and grows memory as far as it must.
fn allocator(heap: u32) -> String {
    format!(
        r#"(global $fresh (mut i32) (i32.const {heap}))
        (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32)
            (result i32) (local $result i32) (local $end i32)
            (local.set $result (i32.and (i32.add (global.get $fresh) (i32.sub (local.get $align) (i32.const 1)))
                (i32.sub (i32.const 0) (local.get $align))))
            (local.set $end (i32.add (local.get $result) (local.get $size)))
            (if (i32.lt_u (local.get $end) (local.get $result)) (then (unreachable)))
            (block $enough
                (loop $more
                    (br_if $enough (i64.le_u (i64.extend_i32_u (local.get $end))
                        (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))
                    (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
                    (unreachable)))
            (global.set $fresh (local.get $end))
            (local.get $result))"#
    )
}

/// `f(x) -> x`, or `f(x, y, …) -> (x, y, …)`: whatever is lowered has to come out again.
pub(crate) fn identity(u: &mut Unstructured<'_>) -> Result<Guest> {
    let mut nodes = 24;
    let count = u.int_in_range(1..=3)?;
    let params: Vec<GuestType> = (0..count).map(|_| guest_type(u, 4, &mut nodes)).collect::<Result<_>>()?;
    let result = match params.as_slice() {
        [single] => single.clone(),
        several => GuestType::Tuple(several.to_vec()),
    };
    let types = flat(&result);
    let heap = (AREA + size(&result)).next_multiple_of(16);
    let (core_params, core_result, body) = if types.len() > MAX_FLAT_PARAMS {
        // They are in memory as the result has to be.
        ("i32".to_owned(), "i32", "(local.get 0)".to_owned())
    } else if let [single] = types.as_slice() {
        ((*single).to_owned(), *single, "(local.get 0)".to_owned())
    } else {
        let mut code = String::new();
        store(&result, AREA, &mut 0, &mut code);
        let _ = write!(code, "(i32.const {AREA})");
        (types.join(" "), "i32", code)
    };
    // Without it the memory is used up some time.
    let post = match u.ratio(3, 4)? {
        true => {
            format!(r#"(func (export "cabi_post_f") (param {core_result}) (global.set $fresh (i32.const {heap})))"#)
        }
        false => String::new(),
    };
    let module = format!(
        r#"(module (memory (export "memory") 1) {} (func (export "f") (param {core_params}) (result {core_result}) {body}) {post})"#,
        allocator(heap)
    );
    Ok(Guest { wit: wit(&params, &result, false), module })
}

/// `f(p) -> T`, where `p` is the address of a result that is whatever the memory has there.
pub(crate) fn liar(u: &mut Unstructured<'_>) -> Result<Guest> {
    let result = guest_type(u, 4, &mut 16)?;
    let fallible = u.ratio(1, 4)?;
    let mut data = String::new();
    for _ in 0..u.int_in_range(0..=64)? {
        let word: u32 = match u.arbitrary::<u8>()? {
            0..=15 => u.arbitrary()?,
            16..=31 => {
                *u.choose(&[65_535, 65_536, 65_532, 65_520, u32::MAX, 1 << 31, 1 << 28, (1 << 29) + 1, 0x110000])?
            }
            32..=95 => u32::from(u.int_in_range(0..=255u8)?),
            96..=127 => {
                u32::from_le_bytes(*u.choose(&[*b"caf\xe9", *b"text", [0xc3, 0xa4, 0, 0], [1, 0, 1, 0], [1; 4]])?)
            }
            small => u32::from(small - 128) % 9,
        };
        for byte in word.to_le_bytes() {
            let _ = write!(data, "\\{byte:02x}");
        }
    }
    let types = flat(&result);
    let (core_result, body) = match types.as_slice() {
        [single] if !fallible => (*single, format!("({single}.load (local.get 0))")),
        _ => ("i32", "(local.get 0)".to_owned()),
    };
    let module = format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 0) "{data}")
            (func (export "f") (param i32) (result {core_result}) {body}))"#
    );
    Ok(Guest { wit: wit(&[GuestType::U32], &result, fallible), module })
}

/// Core types of numbers, and the guest types that are nothing but these.
const NUMBERS: [(&str, GuestType); 4] =
    [("i32", GuestType::S32), ("i64", GuestType::S64), ("f32", GuestType::F32), ("f64", GuestType::F64)];

/// A function without loops over numbers, as drivers are unrolled and vectorised for.
pub(crate) fn arithmetic(u: &mut Unstructured<'_>) -> Result<Guest> {
    let count = u.int_in_range(0..=3)?;
    // One type for all is what vectors need.
    let one = u.int_in_range(0..=3)?;
    let same = u.ratio(3, 4)?;
    let pick = |u: &mut Unstructured<'_>| if same { Ok(one) } else { u.int_in_range(0..=3usize) };
    let params: Vec<usize> = (0..count).map(|_| pick(u)).collect::<Result<_>>()?;
    let result = pick(u)?;
    let body = expression(u, result, &params, 4)?;
    let core: Vec<&str> = params.iter().map(|ty| NUMBERS[*ty].0).collect();
    let types: Vec<GuestType> = params.iter().map(|ty| NUMBERS[*ty].1.clone()).collect();
    let module =
        format!(r#"(module (func (export "f") (param {}) (result {}) {body}))"#, core.join(" "), NUMBERS[result].0);
    Ok(Guest { wit: wit(&types, &NUMBERS[result].1, false), module })
}

/// An expression of a type in which no bit of a NaN decides anything: what these are is left to the machine.
fn expression(u: &mut Unstructured<'_>, ty: usize, params: &[usize], depth: usize) -> Result<String> {
    let name = NUMBERS[ty].0;
    let is_float = ty >= 2;
    if depth == 0 || u.ratio(1, 4)? {
        let places: Vec<usize> = (0..params.len()).filter(|place| params[*place] == ty).collect();
        if !places.is_empty() && u.ratio(3, 4)? {
            return Ok(format!("(local.get {})", u.choose(&places)?));
        }
        let value = *u.choose(&["0", "1", "-1", "7", "31", "100", "-2147483648", "2147483647"])?;
        return Ok(format!("({name}.const {value})"));
    }
    let of = |u: &mut Unstructured<'_>, ty: usize| expression(u, ty, params, depth - 1);
    let kind = u.arbitrary::<u8>()? % 16;
    Ok(match (kind, is_float) {
        (0..=9, false) => {
            let binary = *u.choose(&[
                "add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr", "div_s", "div_u",
                "rem_s", "rem_u",
            ])?;
            format!("({name}.{binary} {} {})", of(u, ty)?, of(u, ty)?)
        }
        (0..=9, true) => {
            let binary = *u.choose(&["add", "sub", "mul", "div", "min", "max"])?;
            format!("({name}.{binary} {} {})", of(u, ty)?, of(u, ty)?)
        }
        (10 | 11, false) => {
            let unary = *u.choose(&["clz", "ctz", "popcnt", "extend8_s", "extend16_s"])?;
            format!("({name}.{unary} {})", of(u, ty)?)
        }
        (10 | 11, true) => {
            let unary = *u.choose(&["neg", "abs", "sqrt", "ceil", "floor", "trunc", "nearest"])?;
            format!("({name}.{unary} {})", of(u, ty)?)
        }
        (12 | 13, _) => {
            let compared = u.int_in_range(0..=3)?;
            let comparison = *u.choose(if compared >= 2 {
                &["eq", "ne", "lt", "gt", "le", "ge"]
            } else {
                &["eq", "ne", "lt_s", "gt_u", "le_u", "ge_s"]
            })?;
            let condition = format!("({}.{comparison} {} {})", NUMBERS[compared].0, of(u, compared)?, of(u, compared)?);
            let (one, other) = (of(u, ty)?, of(u, ty)?);
            match kind {
                12 => format!("(select {one} {other} {condition})"),
                _ => format!("(if (result {name}) {condition} (then {one}) (else {other}))"),
            }
        }
        _ => {
            let from = u.int_in_range(0..=3)?;
            let conversion = match (ty, from) {
                (0, 1) => "i32.wrap_i64",
                (0, 2) => *u.choose(&["i32.trunc_f32_s", "i32.trunc_sat_f32_u"])?,
                (0, 3) => *u.choose(&["i32.trunc_f64_u", "i32.trunc_sat_f64_s"])?,
                (1, 0) => *u.choose(&["i64.extend_i32_s", "i64.extend_i32_u"])?,
                (1, 2) => "i64.trunc_sat_f32_s",
                (1, 3) => "i64.trunc_f64_s",
                (2, 0) => "f32.convert_i32_s",
                (2, 1) => "f32.convert_i64_u",
                (2, 3) => "f32.demote_f64",
                (3, 0) => "f64.convert_i32_u",
                (3, 1) => "f64.convert_i64_s",
                (3, 2) => "f64.promote_f32",
                _ => return of(u, ty),
            };
            format!("({conversion} {})", of(u, from)?)
        }
    })
}

/// The shape of a module with WIT: what it has to export, without a meaning.
pub(crate) fn shape(u: &mut Unstructured<'_>) -> Result<Guest> {
    let mut nodes = 12;
    let count = u.int_in_range(0..=3)?;
    let params: Vec<GuestType> = (0..count).map(|_| guest_type(u, 3, &mut nodes)).collect::<Result<_>>()?;
    let result = guest_type(u, 3, &mut nodes)?;
    let fallible = u.ratio(1, 4)?;
    let mut types: Vec<&str> = params.iter().flat_map(flat).collect();
    if types.len() > MAX_FLAT_PARAMS {
        types = vec!["i32"];
    }
    let core_result = match flat(&result).as_slice() {
        [single] if !fallible => *single,
        _ => "i32",
    };
    let post = match u.arbitrary()? {
        true => format!(r#"(func (export "cabi_post_f") (param {core_result}))"#),
        false => String::new(),
    };
    let module = format!(
        r#"(module (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "f") (param {}) (result {core_result}) unreachable) {post})"#,
        types.join(" ")
    );
    Ok(Guest { wit: wit(&params, &result, fallible), module })
}
