//! The suite of hostile guests: each case is a module that tries to do harm, and what must come of it.
//!
//! A case is a file `udf-fixtures/hostile/<group>/<case>.wat`, a module or component in text with a header of comments:
//!
//! ```text
//! ;;! What the module does and why that is hostile.
//! ;;set wasm.timeout_ms=100       a variable for this case, if any
//! ;;sql CREATE FUNCTION …         statements in their order; all but the last must succeed
//! ;;error a part of the message   with which the last one must fail; with several lines, all of them
//! ;;rows 1|a                      or a line for each row that it must give, columns with | in between
//! ```
//!
//! `$M` stands for the path of the file, `$W` for that of the WIT beside it, `\u{…}` for a character. Modules that are
//! long as text are made below, as [`Generated`].
//!
//! The cases of a group share an engine. After each of them functions that were there before must still be right.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use datafusion::{
    arrow::{
        array::RecordBatch,
        util::display::{ArrayFormatter, FormatOptions},
    },
    error::Result,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, time::timeout};
use wasmfusion::{Engine, EngineOptions, Session};

/// The folders, each of which has a test.
const GROUPS: [&str; 10] =
    ["data", "endless", "growth", "imports", "lies", "names", "proposals", "realloc", "start", "traps"];

/// How long a statement may take, far more than any needs; after that it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time limit where the case is about that, and where it is not and the machine may be busy.
const TIMEOUTS: [u64; 2] = [300, 30_000];

/// The most bytes that a message may have: somebody has to read it.
const MAX_MESSAGE: usize = 65_536;

/// On every row the right result of functions that do no harm, and what it gives.
const HEALTHY: [&str; 2] = [
    "SELECT sum(plus(value, 1)), count(*) FILTER (WHERE shout('row ' || value) = upper('row ' || value) || '!')
     FROM generate_series(1, 3000)",
    "4504500|3000",
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures")
}

/// What a case asks for.
#[derive(Debug)]
struct Case {
    name: String,
    settings: Vec<(String, String)>,
    statements: Vec<String>,
    expected: Expected,
}

#[derive(Debug)]
enum Expected {
    /// All of these are parts of the message.
    Error(Vec<String>),
    Rows(Vec<String>),
}

impl Case {
    /// Reads the header of a file.
    fn read(path: &Path) -> Self {
        let name = path.strip_prefix(fixtures().join("hostile")).unwrap_or(path).display().to_string();
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let end = text.find("\n(").unwrap_or_else(|| panic!("{name}: no module follows the header"));
        assert!(!text[end..].contains("\n;;"), "{name}: a part of the header comes too late");
        let (mut about, mut settings, mut statements, mut errors, mut rows) = ("", vec![], vec![], vec![], vec![]);
        for line in text[..end].lines() {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            let value = value.trim_start();
            match key {
                ";;!" if about.is_empty() => about = value,
                ";;set" => {
                    let (variable, value) = value.split_once('=').unwrap_or_else(|| panic!("{name}: {line}"));
                    settings.push((variable.to_owned(), value.to_owned()));
                }
                ";;sql" => statements.push(fill_in(value, path)),
                ";;error" => errors.push(fill_in(value, path)),
                ";;rows" => rows.push(fill_in(value, path)),
                _ => panic!("{name}: not a line of a header: {line}"),
            }
        }
        assert!(about.ends_with('.'), "{name}: the header does not say what the module does");
        assert!(!statements.is_empty(), "{name}: no statement");
        let expected = match (errors.is_empty(), rows.is_empty()) {
            (false, true) => Expected::Error(errors),
            (true, false) => Expected::Rows(rows),
            _ => panic!("{name}: expects neither an error nor rows, or both"),
        };
        Self { name, settings, statements, expected }
    }

    /// Is it expected to run into its time limit?
    fn is_interrupted(&self) -> bool {
        matches!(&self.expected, Expected::Error(parts) if parts.iter().any(|part| part.contains("was interrupted")))
    }

    /// What is wrong with what the last statement gave.
    fn judge(&self, found: &Result<Vec<String>, String>) -> Result<(), String> {
        let error = match (&self.expected, found) {
            (Expected::Rows(rows), Ok(found)) if rows == found => return Ok(()),
            (_, Ok(found)) => return Err(format!("it gives the rows {found:?}")),
            (Expected::Rows(_), Err(error)) => return Err(format!("it fails: {}", shorten(error))),
            (Expected::Error(parts), Err(error)) => {
                if let Some(part) = parts.iter().find(|part| !error.contains(*part)) {
                    return Err(format!("the message lacks '{part}': {}", shorten(error)));
                }
                error
            }
        };
        if error.contains(|c: char| c.is_control() && c != '\n') {
            return Err(format!("the message has control characters: {}", shorten(error)));
        }
        match error.len() > MAX_MESSAGE {
            true => Err(format!("the message has {} bytes: {}", error.len(), shorten(error))),
            false => Ok(()),
        }
    }
}

/// Puts the paths and characters into a value of a header.
fn fill_in(value: &str, path: &Path) -> String {
    let mut parts = value.split(r"\u{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap_or_else(|| panic!("{value}"));
        let code = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        filled.push(code.unwrap_or_else(|| panic!("{value}")));
        filled.push_str(rest);
    }
    let wit = path.with_extension("wit");
    filled.replace("$M", &path.display().to_string()).replace("$W", &wit.display().to_string())
}

/// The beginning of a message, readable on any terminal.
fn shorten(message: &str) -> String {
    let mut short: String = message.chars().take(500).flat_map(char::escape_debug).collect();
    if short.len() < message.len() {
        write!(short, "… ({} bytes)", message.len()).expect("writing to a string");
    }
    short
}

/// An engine with functions that do no harm, and a session.
struct Scene {
    /// Always there until the end.
    runtime: Option<Runtime>,
    session: Arc<Session>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Without waiting for what hangs.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Scene {
    fn new() -> Self {
        let options = EngineOptions { max_linear_memory_size: 64 << 20, ..EngineOptions::default() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let session = Arc::new(Session::new(Engine::new(options).unwrap()));
        let scene = Self { runtime: Some(runtime), session };
        let fixtures = fixtures();
        let (text, longs) = (fixtures.join("built/text.wasm"), fixtures.join("wat/longs.wat"));
        scene.ok(&format!("CREATE FUNCTION shout AS WASM FROM INFILE '{}'", text.display())).unwrap();
        let plus = "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE";
        scene.ok(&format!("{plus} '{}'", longs.display())).unwrap();
        scene.check_health().unwrap();
        scene
    }

    /// The rows of a statement, or its error.
    ///
    /// # Errors
    /// When it hangs or panics.
    fn run(&self, sql: &str) -> Result<Result<Vec<String>, String>, String> {
        let (session, statement) = (Arc::clone(&self.session), sql.to_owned());
        let work = async move { rows(&session.sql(&statement).await?.collect().await?) };
        let runtime = self.runtime.as_ref().expect("there until the end");
        let task = runtime.spawn(work);
        match runtime.block_on(async { timeout(PATIENCE, task).await }) {
            Ok(Ok(found)) => Ok(found.map_err(|error| error.to_string())),
            Ok(Err(panic)) => Err(format!("{}: {panic}", shorten(sql))),
            Err(_) => Err(format!("{}: hangs", shorten(sql))),
        }
    }

    /// The rows of a statement that must succeed.
    fn ok(&self, sql: &str) -> Result<Vec<String>, String> {
        self.run(sql)?.map_err(|error| format!("{}: {}", shorten(sql), shorten(&error)))
    }

    fn check_health(&self) -> Result<(), String> {
        let [sql, expected] = HEALTHY;
        match self.ok(sql)? {
            found if found == [expected] => Ok(()),
            found => Err(format!("healthy functions give {found:?}")),
        }
    }

    /// Runs a case and removes what it made.
    fn check(&self, case: &Case) -> Result<(), String> {
        let limit = TIMEOUTS[usize::from(!case.is_interrupted())];
        self.ok(&format!("SET wasm.timeout_ms = {limit}"))?;
        for (variable, value) in &case.settings {
            self.ok(&format!("SET {variable} = {value}"))?;
        }
        let (last, first) = case.statements.split_last().expect("checked when it was read");
        for statement in first {
            self.ok(statement)?;
        }
        let verdict = case.judge(&self.run(last)?);
        for variable in case.settings.iter().map(|(variable, _)| variable.as_str()).chain(["wasm.timeout_ms"]) {
            self.ok(&format!("RESET {variable}"))?;
        }
        // While its sandboxes and images are still there.
        self.check_health().map_err(|error| format!("afterwards: {error} (the case itself: {verdict:?})"))?;
        for name in self.ok("SELECT name FROM wasm_functions WHERE name NOT IN ('plus', 'shout')")? {
            self.ok(&format!("DROP FUNCTION \"{}\"", name.replace('"', "\"\"")))?;
        }
        verdict
    }
}

fn rows(batches: &[RecordBatch]) -> Result<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL").with_display_error(false);
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cells: Vec<String> =
                columns.iter().map(|column| column.value(row).try_to_string()).collect::<Result<_, _>>()?;
            rows.push(cells.join("|"));
        }
    }
    Ok(rows)
}

/// Checks cases one after the other in one engine; after one that failed, in another.
#[track_caller]
fn check_all(cases: &[Case]) {
    let mut scene = Scene::new();
    let mut failures = Vec::new();
    for case in cases {
        if let Err(failure) = scene.check(case) {
            failures.push(format!("{}: {failure}", case.name));
            scene = Scene::new();
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// The files of a group, in the order of their names.
fn files(group: &str) -> BTreeSet<PathBuf> {
    let folder = fixtures().join("hostile").join(group);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths: BTreeSet<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    for path in &paths {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("wat") => {}
            Some("wit") => assert!(paths.contains(&path.with_extension("wat")), "{}: of no module", path.display()),
            _ => panic!("{}: neither a module in text nor WIT", path.display()),
        }
    }
    paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "wat")).collect()
}

#[track_caller]
fn check_group(group: &str) {
    let cases: Vec<Case> = files(group).iter().map(|path| Case::read(path)).collect();
    assert!(!cases.is_empty(), "{group} has no cases");
    check_all(&cases);
}

#[test]
fn traps() {
    check_group("traps");
}

#[test]
fn what_never_ends() {
    check_group("endless");
}

#[test]
fn growth() {
    check_group("growth");
}

#[test]
fn lies() {
    check_group("lies");
}

#[test]
fn allocators() {
    check_group("realloc");
}

#[test]
fn names() {
    check_group("names");
}

#[test]
fn proposals() {
    check_group("proposals");
}

#[test]
fn imports() {
    check_group("imports");
}

#[test]
fn start_functions() {
    check_group("start");
}

#[test]
fn data_and_elements() {
    check_group("data");
}

#[test]
fn there_are_many_and_each_group_has_a_test() {
    let folders: BTreeSet<String> = fs::read_dir(fixtures().join("hostile"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, BTreeSet::from(GROUPS.map(str::to_owned)));
    let count = GROUPS.iter().map(|group| files(group).len()).sum::<usize>() + GENERATED.len();
    assert!(count >= 80, "only {count} cases");
}

/// A case whose text is made.
struct Generated {
    name: &'static str,
    module: fn() -> String,
    /// When the statements name it.
    wit: fn() -> String,
    settings: &'static [(&'static str, &'static str)],
    statements: &'static [&'static str],
    expected: Made,
}

enum Made {
    Error(&'static str),
    Rows(&'static str),
}

impl Generated {
    /// Without anything special.
    const PLAIN: Self = Self {
        name: "",
        module: String::new,
        wit: String::new,
        settings: &[],
        statements: &[],
        expected: Made::Rows(""),
    };

    /// Writes the files into a folder.
    fn write(&self, folder: &Path) -> Case {
        let path = folder.join(self.name).with_extension("wat");
        fs::write(&path, (self.module)()).unwrap();
        fs::write(path.with_extension("wit"), (self.wit)()).unwrap();
        Case {
            name: format!("generated {}", self.name),
            settings: self.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            statements: self.statements.iter().map(|statement| fill_in(statement, &path)).collect(),
            expected: match self.expected {
                Made::Error(part) => Expected::Error(vec![part.to_owned()]),
                Made::Rows(row) => Expected::Rows(vec![row.to_owned()]),
            },
        }
    }
}

#[test]
fn generated() {
    let folder = TempDir::new().unwrap();
    let cases: Vec<Case> = GENERATED.iter().map(|made| made.write(folder.path())).collect();
    check_all(&cases);
}

const NUMBERS: &str = "CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'";
const COMPONENT: &str = "CREATE FUNCTION f AS WASM FROM INFILE '$M'";
const WITH_WIT: &str = "CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'";

/// A function that does nothing.
const SAME: &str = r#"(func (export "f") (param i64) (result i64) (local.get 0))"#;

/// What `item` gives for each number below `count`.
fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect()
}

/// A module with `f`, which takes and returns a number.
fn function(body: &str) -> String {
    format!(r#"(module (func (export "f") (param i64) (result i64) {body}))"#)
}

/// A module with some definitions and `f`, which does nothing.
fn beside(definitions: &str) -> String {
    format!("(module {definitions} {SAME})")
}

/// A component with some definitions and `f`, which does nothing.
fn component_beside(definitions: &str) -> String {
    format!(
        r#"(component {definitions} (core module $m {SAME}) (core instance $i (instantiate $m))
            (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))"#
    )
}

/// A component of two modules, so that it is called from outside row by row.
fn component_of_two(definitions: &str) -> String {
    format!(
        r#"(component
            (core module $other (func (export "g")))
            (core module $main (import "o" "g" (func $g)) {definitions})
            (core instance $o (instantiate $other))
            (core instance $m (instantiate $main (with "o" (instance $o))))
            (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))"#
    )
}

/// Functions of which each calls the one before twice: no loop, no recursion, and 2^40 calls.
fn doubling() -> String {
    let steps = repeat(40, |i| {
        let call = format!("call $f{i}");
        format!("(func $f{} (param i64) (result i64) ({call} ({call} (local.get 0))))", i + 1)
    });
    format!(
        r#"(func $f0 (param i64) (result i64) (i64.add (local.get 0) (i64.const 1))) {steps} (export "f" (func $f40))"#
    )
}

/// Fills 64 MiB a thousand times, without a loop.
fn fills() -> String {
    let fills = "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000))".repeat(1000);
    format!(r#"(memory 1024) (func (export "f") (param i64) (result i64) {fills} (local.get 0))"#)
}

/// A WIT package with definitions and one function.
fn wit(definitions: &str, function: &str) -> String {
    format!("package a:b; world w {{ {definitions} export f: {function}; }}")
}

/// A record with more fields than a driver has room for.
fn wide_record() -> String {
    let fields = repeat(140, |i| format!("c{i}: u8, "));
    wit(&format!("record wide {{ {fields} }}"), "func(x: s64) -> wide")
}

/// Components in each other, in binary, for in text they may not be so deep.
fn nested_components(depth: usize) -> String {
    const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
    let mut heads = Vec::new();
    let mut size = HEADER.len();
    for _ in 0..depth {
        // A section with a component: its number, its size in LEB128.
        let mut head = [HEADER, &[4]].concat();
        let mut rest = size;
        while rest > 0x7f {
            head.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        head.push(rest as u8);
        size += head.len();
        heads.push(head);
    }
    let bytes = heads.iter().rev().flatten().chain(HEADER);
    format!("(component binary \"{}\")", bytes.map(|byte| format!("\\{byte:02x}")).collect::<String>())
}

const GENERATED: &[Generated] = &[
    Generated {
        name: "thousands_of_globals",
        module: || {
            let globals = repeat(5000, |i| format!("(global (mut i64) (i64.const {i}))"));
            let body = "(i64.add (global.get 0) (global.get 4999))";
            format!(r#"(module {globals} (func (export "f") (param i64) (result i64) {body}))"#)
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("4999"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_thousand_types",
        module: || {
            const KINDS: [&str; 4] = ["i32", "i64", "f32", "f64"];
            beside(&repeat(1000, |i| {
                let params: Vec<&str> = (0..5).map(|place| KINDS[(i >> (2 * place)) & 3]).collect();
                format!("(type (func (param {})))", params.join(" "))
            }))
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("1"),
        ..Generated::PLAIN
    },
    Generated {
        name: "thousands_of_functions_and_exports",
        module: || {
            let body = "(param i64) (result i64) (i64.add (local.get 0) (i64.const";
            format!("(module {})", repeat(2000, |i| format!(r#"(func (export "f{i}") {body} {i})))"#)))
        },
        statements: &[
            "CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'f1999'",
            "SELECT f(1)",
        ],
        expected: Made::Rows("2000"),
        ..Generated::PLAIN
    },
    Generated {
        name: "thousands_of_exports_in_a_message",
        module: || {
            let exports = repeat(5000, |i| format!(r#"(export "a_function_with_a_name_{i}" (func $g))"#));
            format!("(module (func $g (param i64) (result i64) (local.get 0)) {exports})")
        },
        statements: &[NUMBERS],
        expected: Made::Error("the module exports no function f"),
        ..Generated::PLAIN
    },
    Generated {
        name: "as_many_locals_as_there_may_be",
        module: || {
            let locals = "i64 ".repeat(49_999);
            function(&format!("(local {locals}) (local.set 49999 (local.get 0)) (local.get 49999)"))
        },
        statements: &[NUMBERS, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "too_many_locals",
        module: || function(&format!("(local {}) (local.get 0)", "i64 ".repeat(50_001))),
        statements: &[NUMBERS],
        expected: Made::Error("too many locals"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_blocks",
        module: || function(&format!("{} {} local.get 0", "block ".repeat(10_000), "end ".repeat(10_000))),
        statements: &[NUMBERS, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_loops",
        module: || function(&format!("{} br 999 {} unreachable", "loop ".repeat(1000), "end ".repeat(1000))),
        statements: &[NUMBERS, "SELECT f(7)"],
        expected: Made::Error("was interrupted after 300 ms"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_conditions",
        module: || {
            let ifs = "local.get 0 i32.wrap_i64 if ".repeat(1000);
            function(&format!("{ifs} i64.const 7 local.set 0 {} local.get 0", "end ".repeat(1000)))
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_expressions",
        module: || {
            let adds = "(i64.add (i64.const 1) ".repeat(10_000);
            function(&format!("{adds} (local.get 0) {}", ")".repeat(10_000)))
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("10001"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_comments",
        module: || beside(&format!("{} {}", "(;".repeat(100_000), ";)".repeat(100_000))),
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("1"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_components_in_text",
        module: || format!("{}{}", "(component ".repeat(100_000), ")".repeat(100_000)),
        statements: &[COMPONENT],
        expected: Made::Error("nesting too deep"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_components_in_binary",
        module: || nested_components(5000),
        statements: &[COMPONENT],
        expected: Made::Error("module refused"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_megabyte_of_rubbish_in_one_line",
        module: || format!("(module {}", "(".repeat(1 << 20)),
        statements: &[NUMBERS],
        expected: Made::Error("neither a Wasm binary nor WAT text"),
        ..Generated::PLAIN
    },
    Generated {
        name: "larger_than_a_module_may_be",
        module: || beside(&format!("(; {} ;)", "x".repeat(100_000))),
        settings: &[("wasm.max_raw_module_size", "100000")],
        statements: &[NUMBERS],
        expected: Made::Error("it has more than the 100000 bytes that are allowed (wasm.max_raw_module_size)"),
        ..Generated::PLAIN
    },
    Generated {
        name: "giant_data_segment",
        module: || {
            let data = "x".repeat(8 << 20);
            let body = "(i64.load8_u (i32.const 8388607))";
            format!(
                r#"(module (memory 128) (data (i32.const 0) "{data}")
                    (func (export "f") (param i64) (result i64) {body}))"#
            )
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("120"),
        ..Generated::PLAIN
    },
    Generated {
        name: "thousands_of_data_segments",
        module: || {
            let segments = repeat(5000, |i| format!(r#"(data (i32.const {i}) "\{:02x}")"#, i % 256));
            let body = "(i64.load8_u (i32.const 4999))";
            format!(r#"(module (memory 1) {segments} (func (export "f") (param i64) (result i64) {body}))"#)
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("135"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_hundred_thousand_elements",
        module: || {
            let elements = "$g ".repeat(100_000);
            format!(
                r#"(module (type $t (func (param i64) (result i64))) (table 100000 funcref)
                    (elem (i32.const 0) func {elements}) (func $g (type $t) (local.get 0))
                    (func (export "f") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 99999))))"#
            )
        },
        statements: &[NUMBERS, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_hundred_and_one_tables",
        module: || beside(&"(table 1 funcref)".repeat(101)),
        statements: &[NUMBERS],
        expected: Made::Error("tables count exceeds limit of 100"),
        ..Generated::PLAIN
    },
    Generated {
        name: "thousands_of_targets",
        module: || {
            let targets = "0 1 ".repeat(5000);
            function(&format!(
                "(block (block (br_table {targets} 0 (i32.wrap_i64 (local.get 0)))) (return (i64.const 0)))
                 (i64.const 1)"
            ))
        },
        statements: &[NUMBERS, "SELECT f(9998), f(9999), f(10000)"],
        expected: Made::Rows("0|1|0"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_thousand_parameters_within",
        module: || {
            let (types, values) = ("i64 ".repeat(1000), "(local.get 0)".repeat(1000));
            format!(
                r#"(module (func $w (param {types}) (result i64) (local.get 999))
                    (func (export "f") (param i64) (result i64) {values} (call $w)))"#
            )
        },
        statements: &[NUMBERS, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "too_many_parameters",
        module: || beside(&format!("(func (param {}))", "i64 ".repeat(1001))),
        statements: &[NUMBERS],
        expected: Made::Error("function params size is out of bounds"),
        ..Generated::PLAIN
    },
    Generated {
        name: "seventeen_parameters_of_numbers",
        module: || {
            let types = "i64 ".repeat(17);
            format!(r#"(module (func (export "f") (param {types}) (result i64) (local.get 16)))"#)
        },
        statements: &[
            "CREATE FUNCTION f(a BIGINT, b BIGINT, c BIGINT, d BIGINT, e BIGINT, f BIGINT, g BIGINT, h BIGINT, \
             i BIGINT, j BIGINT, k BIGINT, l BIGINT, m BIGINT, n BIGINT, o BIGINT, p BIGINT, q BIGINT) RETURNS BIGINT \
             AS WASM FROM INFILE '$M'",
            "SELECT f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)",
        ],
        expected: Made::Rows("17"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_thousand_results_within",
        module: || {
            let (types, values) = ("i64 ".repeat(1000), "(i64.const 3)".repeat(1000));
            format!(
                r#"(module (func $w (result {types}) {values})
                    (func (export "f") (param i64) (result i64) (call $w) (call $w) {}))"#,
                "drop ".repeat(1999)
            )
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("3"),
        ..Generated::PLAIN
    },
    Generated {
        name: "hundreds_of_imports",
        module: || {
            let import = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;
            beside(&format!("{} (memory 1)", import.repeat(300)))
        },
        statements: &[NUMBERS, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "thousands_of_custom_sections",
        module: || beside(&r#"(@custom "name" "") (@custom "x" "y")"#.repeat(5000)),
        statements: &[NUMBERS, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "long_name_of_a_function",
        module: || {
            let name = "n".repeat(90_000);
            format!(r#"(module (func ${name} (export "f") (param i64) (result i64) unreachable))"#)
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Error("unreachable"),
        ..Generated::PLAIN
    },
    Generated {
        name: "long_name_of_an_import",
        module: || beside(&format!(r#"(import "{}" "x" (func))"#, "n".repeat(100_000))),
        statements: &[NUMBERS],
        expected: Made::Error("which no sandbox has: only WASI may be imported"),
        ..Generated::PLAIN
    },
    Generated {
        name: "too_long_name_of_an_export",
        module: || format!(r#"(module (func (export "{}")))"#, "n".repeat(100_001)),
        statements: &[NUMBERS],
        expected: Made::Error("string size out of bounds"),
        ..Generated::PLAIN
    },
    Generated {
        name: "doubling_calls",
        module: || format!("(module {})", doubling()),
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Error("was interrupted after 300 ms"),
        ..Generated::PLAIN
    },
    Generated {
        name: "doubling_calls_in_a_component",
        module: || component_of_two(&doubling()),
        statements: &[COMPONENT, "SELECT f(1)"],
        expected: Made::Error("was interrupted after 300 ms"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_thousand_fills",
        module: || format!("(module {})", fills()),
        statements: &[
            "CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM GROW TO 67108864 FROM INFILE '$M'",
            "SELECT f(1)",
        ],
        expected: Made::Error("was interrupted after 300 ms"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_thousand_fills_in_a_component",
        module: || component_of_two(&fills()),
        statements: &["CREATE FUNCTION f AS WASM GROW TO 67108864 FROM INFILE '$M'", "SELECT f(1)"],
        expected: Made::Error("was interrupted after 300 ms"),
        ..Generated::PLAIN
    },
    Generated {
        name: "long_code_without_a_loop",
        module: || {
            function(&format!("(local.get 0) {}", "(i64.const 3) i64.xor (i64.const 32) i64.rotl ".repeat(20_000)))
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Rows("1"),
        ..Generated::PLAIN
    },
    Generated {
        name: "recursion_with_giant_frames",
        module: || {
            let values = repeat(3000, |i| format!("(i64.mul (local.get 0) (i64.const {}))", i + 2));
            let adds = "i64.add ".repeat(3000);
            let body = format!("{values} (call $f (local.get 0)) {adds}");
            format!(r#"(module (func $f (export "f") (param i64) (result i64) {body}))"#)
        },
        statements: &[NUMBERS, "SELECT f(1)"],
        expected: Made::Error("call stack exhausted"),
        ..Generated::PLAIN
    },
    Generated {
        name: "larger_than_the_arena",
        module: || {
            r#"(module (memory (export "memory") 200)
                (func (export "f") (param $n i32) (result i32) (local $i i32)
                    (loop $l
                        (i64.store offset=1024 (i32.shl (local.get $i) (i32.const 3)) (i64.extend_i32_u (local.get $i)))
                        (br_if $l
                            (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
                    (i32.store (i32.const 8) (i32.const 1024))
                    (i32.store (i32.const 12) (local.get $n))
                    (i32.const 8)))"#
                .to_owned()
        },
        wit: || wit("", "func(n: s32) -> list<s64>"),
        statements: &[WITH_WIT, "SELECT array_length(f(1000000)), f(1000000)[1000000]"],
        expected: Made::Rows("1000000|999999"),
        ..Generated::PLAIN
    },
    Generated {
        name: "case_of_a_large_enum",
        module: || r#"(module (func (export "f") (param i32) (result i32) (local.get 0)))"#.to_owned(),
        wit: || {
            let cases = repeat(300, |i| format!("c{i}, "));
            wit(&format!("enum large {{ {cases} }}"), "func(x: s32) -> large")
        },
        statements: &[WITH_WIT, "SELECT f(x) FROM (VALUES (299), (300)) AS t(x)"],
        expected: Made::Error("failed at row 1 of the batch (counted from 0): it returned case number 300"),
        ..Generated::PLAIN
    },
    Generated {
        name: "wide_record_that_never_comes",
        module: || {
            r#"(module (memory (export "memory") 1)
                (func (export "f") (param i64) (result i32) (loop $l (br $l)) (unreachable)))"#
                .to_owned()
        },
        wit: wide_record,
        statements: &[WITH_WIT, "SELECT f(1)['c139']"],
        expected: Made::Error("was interrupted after 300 ms"),
        ..Generated::PLAIN
    },
    Generated {
        name: "record_of_thousands",
        module: || beside(""),
        wit: || {
            let fields = repeat(3000, |i| format!("c{i}: u8, "));
            wit(&format!("record large {{ {fields} }}"), "func(x: large) -> s64")
        },
        statements: &[WITH_WIT],
        expected: Made::Error("the type is too deep or has too many parts"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_type",
        module: || beside(""),
        wit: || wit("", &format!("func(x: {}u8{}) -> s64", "list<".repeat(50), ">".repeat(50))),
        statements: &[WITH_WIT],
        expected: Made::Error("the type is too deep or has too many parts"),
        ..Generated::PLAIN
    },
    Generated {
        name: "bottomless_type",
        module: || beside(""),
        wit: || wit("", &format!("func(x: {}u8{}) -> s64", "list<".repeat(100_000), ">".repeat(100_000))),
        statements: &[WITH_WIT],
        expected: Made::Error("type nesting too deep"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_type_by_names",
        module: || beside(""),
        wit: || {
            let links = repeat(5000, |i| format!("type a{} = list<a{i}>; ", i + 1));
            wit(&format!("type a0 = u8; {links}"), "func(x: a5000) -> s64")
        },
        statements: &[WITH_WIT],
        expected: Made::Error("the type is too deep or has too many parts"),
        ..Generated::PLAIN
    },
    Generated {
        name: "doubling_type",
        module: || beside(""),
        wit: || {
            let links = repeat(30, |i| format!("type a{} = tuple<a{i}, a{i}>; ", i + 1));
            wit(&format!("type a0 = u8; {links}"), "func(x: a30) -> s64")
        },
        statements: &[WITH_WIT],
        expected: Made::Error("the type is too deep or has too many parts"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_comments_in_wit",
        module: || beside(""),
        wit: || {
            let comment = format!("{}{}", "/*".repeat(100_000), "*/".repeat(100_000));
            wit(&comment, "func(x: s64) -> s64")
        },
        statements: &[WITH_WIT, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "wit_that_is_wrong_in_a_long_line",
        module: || beside(""),
        wit: || wit(&format!("/* {} */ type a = list<a>;", "x".repeat(1 << 20)), "func(x: a) -> s64"),
        statements: &[WITH_WIT],
        expected: Made::Error("depends on itself"),
        ..Generated::PLAIN
    },
    Generated {
        name: "doubling_type_of_a_component",
        module: || {
            let links = repeat(40, |i| format!("(type $t{} (tuple $t{i} $t{i}))", i + 1));
            component_beside(&format!("(type $t0 (tuple s32 s32)) {links}"))
        },
        statements: &[COMPONENT],
        expected: Made::Error("effective type size exceeds the limit"),
        ..Generated::PLAIN
    },
    Generated {
        name: "deep_type_of_a_component",
        module: || {
            let links = repeat(5000, |i| format!("(type $t{} (list $t{i}))", i + 1));
            component_beside(&format!("(type $t0 (list u8)) {links}"))
        },
        statements: &[COMPONENT],
        expected: Made::Error("type nesting is too deep"),
        ..Generated::PLAIN
    },
    Generated {
        name: "a_thousand_instances_in_a_component",
        module: || component_beside(&format!("(core module $e) {}", "(core instance (instantiate $e))".repeat(1001))),
        statements: &[COMPONENT],
        expected: Made::Error("instances count exceeds limit of 1000"),
        ..Generated::PLAIN
    },
    Generated {
        name: "thousands_of_functions_of_a_component",
        module: || {
            let functions =
                repeat(2000, |i| format!(r#"(func (export "f{i}") (type $t) (canon lift (core func $f)))"#));
            format!(
                r#"(component (core module $m {SAME}) (core instance $i (instantiate $m))
                    (alias core export $i "f" (core func $f)) (type $t (func (param "x" s64) (result s64)))
                    {functions})"#
            )
        },
        statements: &["CREATE FUNCTION f AS WASM FROM INFILE '$M' USING EXPORT 'f1999'", "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "interfaces_that_use_each_other",
        module: || beside(""),
        wit: || {
            let links = repeat(20_000, |i| format!("interface i{i} {{ use i{}.{{t}}; }} ", i + 1));
            format!(
                "package a:b; {links} interface i20000 {{ type t = u8; }}
                 world w {{ use i0.{{t}}; export f: func(x: s64) -> s64; }}"
            )
        },
        statements: &[WITH_WIT, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
    Generated {
        name: "packages_that_use_each_other",
        module: || beside(""),
        wit: || {
            let links =
                repeat(20_000, |i| format!("package p{i}:q {{ interface i {{ use p{}:q/i.{{t}}; }} }} ", i + 1));
            format!(
                "package a:b; {links} package p20000:q {{ interface i {{ type t = u8; }} }}
                 world w {{ use p0:q/i.{{t}}; export f: func(x: s64) -> s64; }}"
            )
        },
        statements: &[WITH_WIT, "SELECT f(7)"],
        expected: Made::Rows("7"),
        ..Generated::PLAIN
    },
];
