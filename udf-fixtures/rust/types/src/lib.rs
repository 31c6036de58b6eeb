//! Every type that a function can take and give back, for the CANONICAL ABI: most functions give back what they get,
//! so that what comes out shows what went in.

// Many parameters are what `mix`, `pick` and `many` are for.
#![allow(clippy::too_many_arguments)]

wit_bindgen::generate!({ world: "types", path: "wit/types.wit" });

struct Types;

/// For one type: the value itself, the optional value itself, and the value itself unless `$refused` holds for it.
macro_rules! functions_of {
    ($($t:ty: $id:ident, $opt:ident, $try:ident unless $refused:expr;)*) => {$(
        fn $id(x: $t) -> $t {
            x
        }

        fn $opt(x: Option<$t>) -> Option<$t> {
            x
        }

        fn $try(x: $t) -> Result<$t, String> {
            let refused: fn(&$t) -> bool = $refused;
            if refused(&x) { Err(format!("refused: {x:?}")) } else { Ok(x) }
        }
    )*};
}

/// For one type: the value itself.
macro_rules! identities {
    ($($t:ty: $id:ident;)*) => {$(
        fn $id(x: $t) -> $t {
            x
        }
    )*};
}

impl Guest for Types {
    functions_of! {
        bool: id_bool, opt_bool, try_bool unless |x| *x;
        i8: id_s8, opt_s8, try_s8 unless |x| x % 7 == 0;
        u8: id_u8, opt_u8, try_u8 unless |x| x % 7 == 0;
        i16: id_s16, opt_s16, try_s16 unless |x| x % 7 == 0;
        u16: id_u16, opt_u16, try_u16 unless |x| x % 7 == 0;
        i32: id_s32, opt_s32, try_s32 unless |x| x % 7 == 0;
        u32: id_u32, opt_u32, try_u32 unless |x| x % 7 == 0;
        i64: id_s64, opt_s64, try_s64 unless |x| x % 7 == 0;
        u64: id_u64, opt_u64, try_u64 unless |x| x % 7 == 0;
        f32: id_f32, opt_f32, try_f32 unless |x| x % 7.0 == 0.0;
        f64: id_f64, opt_f64, try_f64 unless |x| x % 7.0 == 0.0;
        char: id_char, opt_char, try_char unless |x| *x == 'e';
        String: id_string, opt_string, try_string unless |x| x.starts_with('e');
        Vec<u8>: id_bytes, opt_bytes, try_bytes unless |x| x.first() == Some(&7);
        Colour: id_colour, opt_colour, try_colour unless |x| *x == Colour::Red;
    }

    fn mix(a: i32, b: String, c: Option<f64>, d: Vec<u8>, e: bool) -> Result<Option<String>, String> {
        if a < 0 {
            return Err(format!("negative: {a}"));
        }
        if b.is_empty() {
            return Ok(None);
        }
        let c = c.map_or("none".to_string(), |c| c.to_string());
        Ok(Some(format!("{a} {b} {c} {d:?} {e}")))
    }

    fn pick(a: Option<String>, b: Option<String>, c: Option<String>) -> Option<String> {
        a.or(b).or(c)
    }

    fn join(a: String, b: String) -> String {
        a + &b
    }

    fn total(xs: Vec<i64>) -> i64 {
        xs.into_iter().fold(0, i64::wrapping_add)
    }

    fn words(s: String) -> Vec<String> {
        s.split_whitespace().map(str::to_string).collect()
    }

    fn point(x: f64, y: f64) -> Point {
        let label = format!("({x}, {y})");
        Point { x, y, label }
    }

    fn swap((number, text): (i32, String)) -> (String, i32) {
        (text, number)
    }

    fn opt_list(xs: Vec<Option<String>>) -> Vec<Option<String>> {
        xs
    }

    #[rustfmt::skip]
    fn many(
        a: i32, b: i32, c: i32, d: i32, e: i32, f: i32,
        g: i32, h: i32, i: i32, j: i32, k: i32, l: i32,
        m: i32, n: i32, o: i32, p: i32, q: i32, r: i32,
    ) -> i64 {
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r].map(i64::from).iter().sum()
    }

    identities! {
        Vec<i64>: id_ints;
        Vec<f32>: id_floats;
        Vec<bool>: id_bools;
        Vec<char>: id_chars;
        Vec<Colour>: id_colours;
        Vec<String>: id_strings;
        Vec<Vec<u8>>: id_blobs;
        Vec<Vec<i32>>: id_matrix;
        Vec<Vec<Vec<String>>>: id_deep;
        Vec<Option<i64>>: id_opt_ints;
        Inner: id_inner;
        Outer: id_outer;
        Vec<Outer>: id_outers;
        (bool, Option<u16>, String): id_tuple;
        Vec<(u8, i64, u8)>: id_tuples;
        Option<Inner>: opt_inner;
        Option<Vec<i64>>: opt_ints;
        Option<Vec<String>>: opt_strings;
        One: single;
        (One,): nested_single;
    }

    fn try_strings(x: Vec<String>) -> Result<Vec<String>, String> {
        if x.is_empty() { Err("refused: nothing".to_string()) } else { Ok(x) }
    }

    fn try_opt_outer(x: Option<Outer>) -> Result<Option<Outer>, String> {
        match x {
            Some(Outer { id, .. }) if id % 7 == 0 => Err(format!("refused: {id}")),
            x => Ok(x),
        }
    }

    fn mixed(n: i32, mut xs: Vec<String>, p: Option<Inner>, s: String) -> Vec<(String, i32)> {
        if p.is_some() {
            xs.push(s);
        }
        xs.into_iter().zip(0i32..).map(|(x, position)| (x, position.wrapping_add(n))).collect()
    }

    fn wide(o: Outer, p: Outer) -> Vec<u64> {
        vec![o.id, p.id]
    }
}

export!(Types);
