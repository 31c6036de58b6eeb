//! Bytes as the archive of a backup.

use std::{
    fs,
    io::Read,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use arbitrary::{Result, Unstructured};
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use wasmfusion::{
    EngineOptions, Session,
    fuzzing::{fingerprint, functions},
};

use crate::{
    create, host,
    pack::{self, Entry, gzip},
};

/// The functions of a database that a backup is made of.
fn statements() -> Vec<String> {
    let plus = host::base64(host::PLUS.as_bytes());
    let text = host::base64(&host::fixture("built/text_c.wasm"));
    let wit = host::base64(&host::fixture("c/wit/text-c.wit"));
    vec![
        format!("CREATE FUNCTION plus(a BIGINT NOT NULL, b BIGINT) RETURNS BIGINT STABLE AS WASM FROM BASE64 '{plus}'"),
        format!(
            "CREATE FUNCTION \"Half\"(at TIMESTAMP) RETURNS TIMESTAMP VOLATILE STRICT AS WASM FROM BASE64 '{plus}' USING EXPORT 'half'"
        ),
        format!("CREATE FUNCTION soundex AS WASM FROM BASE64 '{text}' WITH WIT FROM BASE64 '{wit}'"),
        format!(
            "CREATE FUNCTION letters(word VARCHAR) RETURNS TABLE (position INT UNSIGNED, letter VARCHAR)
             AS WASM FROM BASE64 '{text}' WITH WIT FROM BASE64 '{wit}'"
        ),
        format!("CREATE EXTENSION ext FROM BASE64 '{}'", host::base64(&extension())),
    ]
}

fn extension() -> Vec<u8> {
    let script = "CREATE FUNCTION of_ext(a BIGINT) RETURNS BIGINT AS WASM FROM INFILE 'a.wat' USING EXPORT 'half'";
    gzip(&pack::plain(&[Entry::new("ext.sql", script.as_bytes()), Entry::new("a.wat", host::PLUS.as_bytes())]))
}

/// A database, and the backup that brings it back.
struct Scene {
    session: Session,
    home: PathBuf,
    fingerprint: String,
}

impl Scene {
    fn new(name: &str, filled: bool, with_data_dir: bool) -> Self {
        let folder = host::folder().join("backup");
        let plancache = Some(folder.join(format!("{name}.plancache")));
        let data_dir = with_data_dir.then(|| folder.join(format!("{name}.data")));
        let options = EngineOptions { plancache, data_dir, ..host::options() };
        let session = Session::new(host::engine(options));
        if filled {
            statements().iter().for_each(|statement| drop(host::must(&session, statement)));
        }
        let home = folder.join(format!("{name}.tar.gz"));
        host::must(&session, &format!("BACKUP DATABASE TO '{}'", home.display()));
        let fingerprint = fingerprint(session.engine());
        Self { session, home, fingerprint }
    }
}

/// Without functions, with functions, and with functions in a folder.
static SCENES: LazyLock<[Scene; 3]> = LazyLock::new(|| {
    [Scene::new("empty", false, false), Scene::new("filled", true, false), Scene::new("stored", true, true)]
});

/// The files of a whole backup, with compiled code.
static WHOLE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let path = host::folder().join("backup").join("whole.tar.gz");
    host::must(&SCENES[1].session, &format!("BACKUP DATABASE TO '{}' WITH PLANCACHE", path.display()));
    let packed = fs::read(&path).expect("a backup was made");
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).expect("a backup is gzip");
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries = archive.entries().expect("a backup is tar").map(|entry| {
        let mut entry = entry.expect("a backup has entries");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("an entry is whole");
        Entry { path: entry.path_bytes().into_owned(), content }
    });
    let entries: Vec<Entry> = entries.collect();
    assert!(entries.len() > 4, "modules and images are missing");
    entries
});

/// The entry of the target.
pub fn run(data: &[u8]) {
    let [mode, options, rest @ ..] = data else { return };
    fs::create_dir_all(host::folder().join("backup")).expect("a folder in a temporary folder");
    let bytes = match mode % 4 {
        0 => rest.to_vec(),
        1 => gzip(rest),
        _ => match altered(&mut Unstructured::new(rest)) {
            Ok(bytes) => bytes,
            // Too short to say what is altered.
            Err(_) => return,
        },
    };
    let scene = &SCENES[usize::from(options >> 2) % SCENES.len()];
    check(scene, &bytes, options & 1 != 0, options & 2 != 0);
}

/// What RESTORE refuses changes nothing; what it takes can be called, and backed up and restored once more.
fn check(scene: &Scene, bytes: &[u8], replace: bool, plancache: bool) {
    let session = &scene.session;
    let folder = host::folder().join("backup");
    let (given, again) = (folder.join("given.tar.gz"), folder.join("again.tar.gz"));
    fs::write(&given, bytes).expect("a file in a temporary folder");
    let or_replace = if replace { " OR REPLACE" } else { "" };
    let with_plancache = if plancache { " WITH PLANCACHE" } else { "" };
    let sql = format!("RESTORE{or_replace} DATABASE FROM '{}'{with_plancache}", given.display());
    let restored = host::run(session, &sql);
    let after = fingerprint(session.engine());
    if restored.is_err() {
        assert_eq!(after, scene.fingerprint, "what was refused changed something");
        return;
    }
    host::must(session, "SELECT * FROM wasm_functions");
    host::must(session, "SHOW FUNCTIONS");
    host::must(session, "SHOW EXTENSIONS");
    for function in functions(session.engine()) {
        let name = function.name().replace('"', "\"\"");
        host::must(session, &format!("SHOW CREATE FUNCTION \"{name}\""));
        let nulls = vec!["NULL"; function.signature().params.len()].join(", ");
        // It may be an error, but no more than that.
        let _ = host::run(session, &format!("SELECT \"{name}\"({nulls})"));
        if function.signature().params.iter().all(|param| param.data_type.is_primitive() || param.data_type.is_string())
        {
            create::call(session, Arc::clone(&function), &mut Unstructured::new(bytes));
        }
    }
    host::must(session, &format!("BACKUP DATABASE TO '{}'", again.display()));
    host::must(session, &format!("RESTORE OR REPLACE DATABASE FROM '{}'", again.display()));
    assert_eq!(fingerprint(session.engine()), after, "a backup of what was restored is another database");
    host::must(session, &format!("RESTORE OR REPLACE DATABASE FROM '{}'", scene.home.display()));
    assert_eq!(fingerprint(session.engine()), scene.fingerprint, "a backup does not bring back what was there");
}

/// A whole backup in which some things are others.
fn altered(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut entries = WHOLE.clone();
    if u.arbitrary()? {
        // Without compiled code, which few inputs are about.
        entries.retain(|entry| !entry.path.starts_with(b"images/"));
    }
    for _ in 0..u.int_in_range(0..=4)? {
        let index = match u.ratio(2, 3)? {
            true => 0,
            false => u.int_in_range(0..=entries.len() - 1)?,
        };
        if entries[index].path == b"backup.json" && u.ratio(5, 6)? {
            // It may be no JSON any more.
            if let Ok(mut value) = serde_json::from_slice::<Value>(&entries[index].content) {
                alter(u, &mut value)?;
                entries[index].content = value.to_string().into_bytes();
            }
            continue;
        }
        match u.int_in_range(0..=5)? {
            0 => drop(entries.remove(index)),
            1 => entries.push(entries[index].clone()),
            2 => {
                let other = u.int_in_range(0..=entries.len() - 1)?;
                entries[index].content = entries[other].content.clone();
            }
            3 => {
                let other = u.int_in_range(0..=entries.len() - 1)?;
                let path = std::mem::take(&mut entries[index].path);
                entries[index].path = std::mem::replace(&mut entries[other].path, path);
            }
            _ => alter_bytes(u, &mut entries[index].content)?,
        }
        if entries.is_empty() {
            break;
        }
    }
    match u.ratio(1, 8)? {
        true => pack::wild(u, &entries),
        false => Ok(gzip(&pack::plain(&entries))),
    }
}

/// Replaces, inserts, cuts or appends bytes.
pub(crate) fn alter_bytes(u: &mut Unstructured<'_>, bytes: &mut Vec<u8>) -> Result<()> {
    let place = u.int_in_range(0..=bytes.len())?;
    let count = u.int_in_range(1..=8)?;
    let end = (place + count).min(bytes.len());
    match u.int_in_range(0..=4)? {
        0 => bytes[place..end].iter_mut().try_for_each(|byte| {
            *byte = u.arbitrary()?;
            Ok(())
        })?,
        1 => {
            let more = u.bytes(count.min(u.len()))?;
            bytes.splice(place..place, more.iter().copied());
        }
        2 => drop(bytes.drain(place..end)),
        3 => bytes.truncate(place),
        _ => bytes.extend_from_slice(u.bytes(count.min(u.len()))?),
    }
    Ok(())
}

/// Puts something else in the place of one of the values in a JSON value, or takes it away.
fn alter(u: &mut Unstructured<'_>, value: &mut Value) -> Result<()> {
    let mut paths = Vec::new();
    collect(value, String::new(), &mut paths);
    let path = u.choose(&paths)?.clone();
    let copied = value.pointer(u.choose(&paths)?).cloned().unwrap_or_default();
    if u.ratio(1, 6)? {
        let (parent, key) = path.rsplit_once('/').unwrap_or(("", ""));
        match value.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.remove(key)),
            Some(Value::Array(items)) => {
                let index = key.parse::<usize>().ok().filter(|index| *index < items.len());
                match (index, u.arbitrary()?) {
                    (Some(index), true) => drop(items.remove(index)),
                    _ => items.push(copied),
                }
            }
            _ => {}
        }
        return Ok(());
    }
    let Some(node) = value.pointer_mut(&path) else { return Ok(()) };
    *node = match u.int_in_range(0..=5)? {
        0 => copied,
        1 => json!(u.choose(&TYPES)?),
        2 => nested_type(u, 4)?,
        3 => {
            let length = u.int_in_range(0..=20)?.min(u.len());
            json!(String::from_utf8_lossy(u.bytes(length)?))
        }
        4 => match node {
            Value::Bool(known) => json!(!*known),
            Value::Number(_) => json!(*u.choose(&[0, 1, 65_535, 65_536, 1 << 20, 1 << 33, u64::MAX])?),
            Value::String(text) => {
                let mut bytes = std::mem::take(text).into_bytes();
                alter_bytes(u, &mut bytes)?;
                json!(String::from_utf8_lossy(&bytes))
            }
            _ => Value::Null,
        },
        _ => u
            .choose(&[
                json!(null),
                json!(true),
                json!(-1),
                json!(1.5),
                json!(u64::MAX),
                json!(""),
                json!("plus"),
                json!([]),
                json!({}),
                json!({"columns": null}),
                json!({"columns": []}),
                json!("canonical"),
                json!("volatile"),
            ])?
            .clone(),
    };
    Ok(())
}

/// Types as they are stored.
const TYPES: [&str; 24] = [
    "Int64",
    "Int32",
    "UInt8",
    "Boolean",
    "Float16",
    "Null",
    "Utf8",
    "Utf8View",
    "LargeBinary",
    "FixedSizeBinary(-1)",
    "FixedSizeBinary(16)",
    "Decimal128(18, 2)",
    "Decimal128(76, 127)",
    "Decimal256(0, -128)",
    "Decimal32(9, 9)",
    "Date32",
    "Date64",
    "Time32(ns)",
    "Time64(ns)",
    "Timestamp(ns, \"Europe/Berlin\")",
    "Timestamp(s, \"no zone\")",
    "Interval(DayTime)",
    "Interval(YearMonth)",
    "Duration(ms)",
];

/// A stored type of types.
fn nested_type(u: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    if depth == 0 || u.ratio(1, 3)? {
        return Ok(json!(u.choose(&TYPES)?));
    }
    let field = |u: &mut Unstructured<'_>| -> Result<Value> {
        let name = u.choose(&["item", "a", "letter", "position", "", "\"", "a b"])?;
        Ok(json!({"name": name, "type": nested_type(u, depth - 1)?, "nullable": u.arbitrary::<bool>()?}))
    };
    Ok(match u.int_in_range(0..=4)? {
        0 => json!({"list": field(u)?}),
        1 => json!({"large_list": field(u)?}),
        2 => json!({"fixed_size_list": [field(u)?, u.choose(&[0, 1, 3, -1, i32::MAX])?]}),
        3 => json!({"dictionary": ["Int32", nested_type(u, depth - 1)?]}),
        _ => {
            let fields = (0..u.int_in_range(0..=3)?).map(|_| field(u)).collect::<Result<Vec<_>>>()?;
            json!({"struct": fields})
        }
    })
}

/// The paths of all values in a JSON value.
fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| collect(value, format!("{path}/{}", escaped(key)), paths));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| collect(value, format!("{path}/{index}"), paths));
        }
        _ => {}
    }
    paths.push(path);
}

/// A key as a part of a path.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
