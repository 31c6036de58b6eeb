//! Modules that nobody vouches for: bytes of any kind, and valid modules by wasm-smith.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use arbitrary::{Result, Unstructured};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, make_array, new_null_array},
        compute::cast,
        datatypes::{DataType, Field, Schema},
        record_batch::RecordBatch,
    },
    logical_expr::{ColumnarValue, ScalarUDF},
    prelude::col,
};
use wasm_smith::Config;
use wasmfusion::{
    FunctionDefinition, Session, WasmScalarUdf,
    fuzzing::{fingerprint, functions},
};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, TypeRef, ValType};

use crate::{
    data::{Budget, argument},
    guest, host,
};

static SESSION: LazyLock<Session> = LazyLock::new(|| Session::new(host::engine(host::options())));

/// How long a call may take that is interrupted after `wasm.timeout_ms`, on a machine that has other things to do. It may
/// be run twice, to find its stack.
const LONG: Duration = Duration::from_secs(10);

/// The entry of the target.
pub fn run(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    // An input that is too short makes no module.
    let _ = match mode % 8 {
        0 | 1 => basic_bytes(rest),
        2 => {
            create(None, rest, None, None);
            Ok(())
        }
        3 => bytes_with_wit(rest),
        4..=6 => basic_module(&mut Unstructured::new(rest)),
        _ => canonical_module(&mut Unstructured::new(rest)),
    };
}

/// Any bytes with types that are declared.
fn basic_bytes(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let count = u.int_in_range(0..=3)?;
    let names = ["BIGINT", "INT", "DOUBLE", "REAL", "BOOLEAN", "VARCHAR", "SMALLINT UNSIGNED", "TIMESTAMP", "INTERVAL"];
    let params = (0..count).map(|index| Ok(format!("p{index} {}", u.choose(&names)?))).collect::<Result<Vec<_>>>()?;
    let types = format!("({}) RETURNS {}", params.join(", "), u.choose(&names)?);
    create(Some(&types), u.take_rest(), None, None);
    Ok(())
}

/// Any bytes with any text as WIT: the length of the text, the text, the bytes.
fn bytes_with_wit(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let length = usize::from(u16::from_le_bytes([u.arbitrary()?, u.arbitrary()?])).min(u.len());
    let wit = u.bytes(length)?;
    create(None, u.take_rest(), Some(wit), None);
    Ok(())
}

/// A valid module whose exports say how they can be declared.
fn basic_module(u: &mut Unstructured<'_>) -> Result<()> {
    let bytes = smith(u, None)?;
    let mut functions = exports(&bytes);
    functions.retain(|(_, ty)| declarable(ty));
    // So many that a module is one image with several drivers.
    for (name, ty) in functions.iter().take(2) {
        let mut types = Vec::new();
        for (index, param) in ty.params().iter().enumerate() {
            types.push(format!("p{index} {}", declared(u, *param)?));
        }
        let types = format!("({}) RETURNS {}", types.join(", "), declared(u, ty.results()[0])?);
        create(Some(&types), &bytes, None, Some((name.as_str(), u)));
    }
    if functions.is_empty() {
        create(None, &bytes, None, None);
    }
    Ok(())
}

/// A valid module that has what a WIT asks for, and does anything.
fn canonical_module(u: &mut Unstructured<'_>) -> Result<()> {
    let guest = guest::shape(u)?;
    let shape = wat::parse_str(&guest.module).unwrap_or_else(|error| panic!("{guest:#?}: {error}"));
    let bytes = smith(u, Some(shape))?;
    create(None, &bytes, Some(guest.wit.as_bytes()), Some(("f", u)));
    Ok(())
}

/// A module with the features that guests may have, mostly.
fn smith(u: &mut Unstructured<'_>, exports: Option<Vec<u8>>) -> Result<Vec<u8>> {
    // Some modules have a feature that is refused.
    let other = u.arbitrary::<u8>()?;
    let config = Config {
        exports,
        allow_start_export: true,
        export_everything: true,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        reference_types_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        simd_enabled: true,
        extended_const_enabled: true,
        exceptions_enabled: other == 1,
        gc_enabled: other == 2,
        memory64_enabled: other == 3,
        relaxed_simd_enabled: other == 4,
        tail_call_enabled: other == 5,
        threads_enabled: other == 6,
        wide_arithmetic_enabled: other == 7,
        custom_page_sizes_enabled: other == 8,
        max_imports: if other == 9 { 3 } else { 0 },
        max_memories: if other == 10 { 2 } else { 1 },
        max_memory32_bytes: 4 << 20,
        max_table_elements: if other < 32 { 10_000_000 } else { 1000 },
        max_tables: if other < 64 { 3 } else { 1 },
        max_funcs: 12,
        max_instructions: 200,
        generate_custom_sections: other >= 128,
        ..Config::default()
    };
    Ok(wasm_smith::Module::new(config, u)?.to_bytes())
}

/// The exported functions of a module with their types.
fn exports(bytes: &[u8]) -> Vec<(String, FuncType)> {
    let mut types = Vec::new();
    let mut functions: Vec<u32> = Vec::new();
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(bytes).flatten() {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.into_iter().flatten() {
                    types.extend(group.into_types());
                }
            }
            Payload::ImportSection(section) => {
                functions.extend(section.into_imports().flatten().filter_map(|import| match import.ty {
                    TypeRef::Func(ty) => Some(ty),
                    _ => None,
                }));
            }
            Payload::FunctionSection(section) => functions.extend(section.into_iter().flatten()),
            Payload::ExportSection(section) => {
                for export in section.into_iter().flatten().filter(|export| export.kind == ExternalKind::Func) {
                    let ty = functions.get(export.index as usize).and_then(|ty| types.get(*ty as usize));
                    if let Some(wasmparser::CompositeInnerType::Func(ty)) = ty.map(|ty| &ty.composite_type.inner) {
                        found.push((export.name.to_owned(), ty.clone()));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// A BASIC function can have this type.
fn declarable(ty: &FuncType) -> bool {
    let number = |ty: &ValType| matches!(ty, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64);
    ty.results().len() == 1 && ty.params().iter().chain(ty.results()).all(number)
}

/// A SQL type that a core type can carry.
fn declared(u: &mut Unstructured<'_>, ty: ValType) -> Result<&'static str> {
    Ok(match ty {
        ValType::I32 => u.choose(&[
            "INT",
            "BOOLEAN",
            "TINYINT",
            "SMALLINT",
            "TINYINT UNSIGNED",
            "SMALLINT UNSIGNED",
            "INT UNSIGNED",
            "DATE",
        ])?,
        ValType::I64 => u.choose(&["BIGINT", "BIGINT UNSIGNED", "TIMESTAMP", "TIME", "INTERVAL"])?,
        ValType::F32 => "REAL",
        _ => "DOUBLE",
    })
}

/// Creates a function `f`, calls it if that went well, and drops it.
fn create(types: Option<&str>, module: &[u8], wit: Option<&[u8]>, export: Option<(&str, &mut Unstructured<'_>)>) {
    let session = &*SESSION;
    let engine = session.engine();
    let types = types.unwrap_or_default();
    let wit = wit.map(|wit| format!(" WITH WIT FROM BASE64 '{}'", host::base64(wit))).unwrap_or_default();
    let using = export.as_ref().map(|(name, _)| format!(" USING EXPORT {}", host::quoted(name))).unwrap_or_default();
    let sql = format!("CREATE FUNCTION f{types} AS WASM FROM BASE64 '{}'{wit}{using}", host::base64(module));
    let before = fingerprint(engine);
    if host::run(session, &sql).is_err() {
        assert_eq!(fingerprint(engine), before, "what was refused changed something");
        return;
    }
    let function = functions(engine).pop().expect("a function was made");
    match export {
        Some((_, u)) => call(session, function, u),
        None => call(session, function, &mut Unstructured::new(module)),
    }
    host::must(session, "DROP FUNCTION f");
    assert_eq!(fingerprint(engine), before, "DROP FUNCTION left something behind");
}

/// Calls a function on a few rows, twice, and sees to it that it ends. What comes out may be an error.
pub(crate) fn call(session: &Session, function: Arc<FunctionDefinition>, u: &mut Unstructured<'_>) {
    let rows = 5;
    let mut budget = Budget::new(true);
    let signature = function.signature();
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for ((_, guest), param) in signature.guest.params.iter().zip(&signature.params) {
        let made = argument(u, guest, rows, &mut budget).ok();
        let array = match made.map(|value: ColumnarValue| value.into_array(rows)) {
            Some(Ok(array)) => as_declared(array, &param.data_type),
            // There is no more input.
            _ => new_null_array(&param.data_type, rows),
        };
        fields.push(Field::new(format!("c{}", columns.len()), array.data_type().clone(), true));
        columns.push(array);
    }
    // A batch without columns does not say how many rows it has.
    fields.push(Field::new("rows", DataType::Int32, true));
    columns.push(new_null_array(&DataType::Int32, rows));
    let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("columns of one length");
    let args = names[..names.len() - 1].iter().map(col).collect();
    let Ok(udf) = WasmScalarUdf::new(Arc::clone(&function)) else { return };
    let call = ScalarUDF::new_from_impl(udf).call(args);
    let query = || {
        let frame = session.context().read_batch(batch.clone())?.select(vec![call.clone().alias("result")])?;
        host::wait(frame.collect())
    };
    // The first call compiles; the second has nothing to wait for.
    let first = query();
    let start = Instant::now();
    let second = query();
    assert!(start.elapsed() < LONG, "a call took {:?}", start.elapsed());
    for batches in [first, second].into_iter().flatten() {
        let found: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(found, rows, "not a result for each row");
        for batch in batches {
            assert_eq!(batch.column(0).data_type(), &signature.return_type);
            batch.column(0).to_data().validate_full().expect("a result is valid");
        }
    }
}

/// Values of a guest type as the SQL type that was declared for it.
fn as_declared(array: ArrayRef, ty: &DataType) -> ArrayRef {
    if array.data_type() == ty {
        return array;
    }
    let data = array.to_data();
    if data.data_type().primitive_width().is_some() && data.data_type().primitive_width() == ty.primitive_width() {
        if let Ok(data) = data.into_builder().data_type(ty.clone()).build() {
            return make_array(data);
        }
    }
    cast(&array, ty).unwrap_or_else(|_| new_null_array(ty, array.len()))
}
