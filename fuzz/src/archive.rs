//! Bytes as the archive of an extension.

use std::sync::{Arc, LazyLock};

use arbitrary::{Result, Unstructured};
use wasmfusion::{
    Session,
    fuzzing::{fingerprint, functions},
};

use crate::{
    create, host,
    pack::{Entry, gzip, wild},
};

static SESSION: LazyLock<Session> = LazyLock::new(|| {
    let session = Session::new(host::engine(host::options()));
    host::must(
        &session,
        &format!(
            "CREATE FUNCTION taken(a BIGINT) RETURNS BIGINT AS WASM FROM BASE64 '{}' USING EXPORT 'half'",
            host::base64(host::PLUS.as_bytes())
        ),
    );
    session
});

static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| host::fixture("built/text_c.wasm"));
static WIT: LazyLock<Vec<u8>> = LazyLock::new(|| host::fixture("c/wit/text-c.wit"));

/// The entry of the target.
pub fn run(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    let bytes = match mode % 4 {
        0 => rest.to_vec(),
        1 => gzip(rest),
        _ => match structured(&mut Unstructured::new(rest)) {
            Ok(bytes) => bytes,
            // Too short for an archive.
            Err(_) => return,
        },
    };
    check(&bytes);
}

/// What CREATE EXTENSION refuses leaves nothing behind, and what it takes can be called and dropped.
fn check(bytes: &[u8]) {
    let session = &*SESSION;
    let before = fingerprint(session.engine());
    let created = host::run(session, &format!("CREATE EXTENSION x FROM BASE64 '{}'", host::base64(bytes)));
    if created.is_err() {
        assert_eq!(fingerprint(session.engine()), before, "what was refused changed something");
        return;
    }
    let made = functions(session.engine());
    let made: Vec<_> = made.iter().filter(|function| function.extension() == Some("x")).collect();
    assert!(!made.is_empty(), "an extension without functions");
    for function in made {
        create::call(session, Arc::clone(function), &mut Unstructured::new(bytes));
    }
    host::must(session, "SHOW CREATE EXTENSION x");
    host::must(session, "DROP EXTENSION x");
    assert_eq!(fingerprint(session.engine()), before, "dropping the extension left something behind, or took too much");
}

const PATHS: [&str; 20] = [
    "a.wat",
    "x.sql",
    "./x.sql",
    "y.sql",
    "dir/",
    "dir/a.wat",
    "./dir/./a.wat",
    "a.wasm",
    "a.wit",
    "../a.wat",
    "/a.wat",
    "dir/../a.wat",
    "a\\b",
    "a\0b",
    "",
    ".",
    "./",
    "x.sql/",
    "pax",
    "\u{fe}é.wat",
];

const STATEMENTS: [&str; 14] = [
    "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE 'a.wat';",
    "CREATE FUNCTION half(a BIGINT NOT NULL) RETURNS TIMESTAMP STABLE AS WASM FROM LOCAL INFILE './dir/a.wat';",
    "CREATE FUNCTION soundex AS WASM FROM INFILE 'a.wasm' WITH WIT FROM INFILE 'a.wit';",
    "CREATE FUNCTION letters RETURNS TABLE AS WASM FROM LOCAL INFILE 'a.wasm' WITH WIT FROM LOCAL INFILE 'a.wit';",
    "CREATE FUNCTION taken(a BIGINT) RETURNS BIGINT AS WASM FROM INFILE 'a.wat' USING EXPORT 'half';",
    "CREATE FUNCTION abs(a BIGINT) RETURNS BIGINT AS WASM FROM INFILE 'a.wat' USING EXPORT 'half';",
    "CREATE OR REPLACE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE 'a.wat';",
    "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT LANGUAGE wasm AS 'a.wat', 'plus'",
    "CREATE FUNCTION half(a BIGINT) RETURNS BIGINT AS WASM FROM BASE64 '';",
    "CREATE FUNCTION half(a BIGINT) RETURNS BIGINT AS WASM FROM INFILE 'none';",
    "DROP FUNCTION taken;",
    ";",
    "-- nothing\n",
    "/*",
];

/// An archive with what an extension needs, mostly, and other files.
fn structured(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut script = Vec::new();
    for _ in 0..u.int_in_range(1..=4)? {
        match u.ratio(1, 10)? {
            true => {
                let length = u.int_in_range(0..=40)?.min(u.len());
                script.extend_from_slice(u.bytes(length)?);
            }
            false => script.extend_from_slice(u.choose(&STATEMENTS)?.as_bytes()),
        }
    }
    let mut entries = Vec::new();
    if u.ratio(15, 16)? {
        entries.push(Entry::new("x.sql", &script));
    }
    for (path, content) in [
        ("a.wat", host::PLUS.as_bytes()),
        ("dir/a.wat", host::PLUS.as_bytes()),
        ("a.wasm", TEXT.as_slice()),
        ("a.wit", WIT.as_slice()),
    ] {
        if u.ratio(7, 8)? {
            entries.push(Entry::new(path, content));
        }
    }
    for _ in 0..u.int_in_range(0..=3)? {
        let path = match u.ratio(1, 4)? {
            true => {
                let length = u.int_in_range(0..=120)?.min(u.len());
                u.bytes(length)?.to_vec()
            }
            false => u.choose(&PATHS)?.as_bytes().to_vec(),
        };
        let content = match u.int_in_range(0..=3)? {
            0 => Vec::new(),
            // Headers of longer names and of other settings are the content of an entry, too.
            1 => u
                .choose(&[&b"30 path=a.wat\n"[..], b"16 size=99999999\n", b"11 path=../\n", b"a long name\0"])?
                .to_vec(),
            _ => {
                let length = u.int_in_range(0..=600)?.min(u.len());
                u.bytes(length)?.to_vec()
            }
        };
        let place = u.int_in_range(0..=entries.len())?;
        entries.insert(place, Entry { path, content });
    }
    wild(u, &entries)
}
