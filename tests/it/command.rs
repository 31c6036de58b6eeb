//! The command-line program, run as its users run it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A run of the program that has ended.
struct Run {
    /// Exit code.
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Standard output of a run that must have succeeded without a message.
    fn result(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmfusion"));
    // Compiled modules of tests stay apart from those of the user.
    command.stdin(Stdio::null()).env_remove("RUST_LOG").env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Run {
    Run::of(program().args(arguments).output().expect("the program starts"))
}

/// Runs the program in a folder.
fn run_in<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Run {
    Run::of(program().current_dir(folder).args(arguments).output().expect("the program starts"))
}

/// Runs the program with text on standard input.
fn run_with_input(arguments: &[&str], input: &str) -> Run {
    let mut child = program()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    stdin.write_all(input.as_bytes()).expect("the program reads its input");
    drop(stdin);
    Run::of(child.wait_with_output().expect("the program ends"))
}

/// The text with the times in lines such as `1 row(s) fetched. Elapsed 0.012 seconds.` replaced by `T`.
fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("Elapsed ") {
        Some((before, after)) => {
            let time = after.strip_suffix(" seconds.").expect("a time in seconds");
            let digits = time.split_once('.').expect("a fraction of a second").1;
            assert_eq!(digits.len(), 3, "{line}");
            format!("{before}Elapsed T seconds.\n")
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// Three rows with a number, a text that needs quotes in CSV, and nulls.
const ROWS: &str = "SELECT * FROM (VALUES (1, 'a, \"b\"'), (2, NULL), (NULL, 'tab\there')) AS t(n, word)";
/// The same columns without rows.
const NO_ROWS: &str =
    "SELECT * FROM (VALUES (1, 'a, \"b\"'), (2, NULL), (NULL, 'tab\there')) AS t(n, word) WHERE false";

#[test]
fn tables() {
    assert_eq!(
        run(["-q", "-c", "SELECT 1 AS one, '' AS empty, NULL AS nothing"]).result(),
        "\
+-----+-------+---------+
| one | empty | nothing |
+-----+-------+---------+
| 1   |       | NULL    |
+-----+-------+---------+
"
    );
    assert_eq!(
        run(["-q", "-c", NO_ROWS]).result(),
        "\
+---+------+
| n | word |
+---+------+
+---+------+
"
    );
}

#[test]
fn comma_separated_values() {
    assert_eq!(run(["-q", "--format", "csv", "-c", ROWS]).result(), "n,word\n1,\"a, \"\"b\"\"\"\n2,\n,tab\there\n");
    assert_eq!(run(["-q", "--format", "csv", "-c", NO_ROWS]).result(), "n,word\n");
}

#[test]
fn tab_separated_values() {
    assert_eq!(
        run(["-q", "--format", "tsv", "-c", ROWS]).result(),
        "n\tword\n1\t\"a, \"\"b\"\"\"\n2\t\n\t\"tab\there\"\n"
    );
    assert_eq!(run(["-q", "--format", "tsv", "-c", NO_ROWS]).result(), "n\tword\n");
}

#[test]
fn json() {
    assert_eq!(
        run(["-q", "--format", "json", "-c", ROWS]).result(),
        r#"[{"n":1,"word":"a, \"b\""},{"n":2,"word":null},{"n":null,"word":"tab\there"}]"#.to_owned() + "\n"
    );
    assert_eq!(run(["-q", "--format", "json", "-c", NO_ROWS]).result(), "[]\n");
}

#[test]
fn json_lines() {
    assert_eq!(
        run(["-q", "--format", "nd-json", "-c", ROWS]).result(),
        r#"{"n":1,"word":"a, \"b\""}
{"n":2,"word":null}
{"n":null,"word":"tab\there"}
"#
    );
    assert_eq!(run(["-q", "--format", "nd-json", "-c", NO_ROWS]).result(), "");
}

#[test]
fn nested_values_in_every_format() {
    let sql = "SELECT [1, NULL] AS list, {a: 'x', b: 2} AS struct, 1 AS n";
    for (format, expected) in [
        ("csv", "list,struct,n\n\"[1, NULL]\",\"{a: x, b: 2}\",1\n"),
        ("json", "[{\"list\":[1,null],\"struct\":{\"a\":\"x\",\"b\":2},\"n\":1}]\n"),
    ] {
        assert_eq!(run(["-q", "--format", format, "-c", sql]).result(), expected);
    }
}

#[test]
fn results_of_many_batches_are_one_result() {
    let sql = "SELECT value AS n FROM generate_series(1, 100000) ORDER BY value";
    let numbers = || (1..=100_000).map(|n| n.to_string());

    let csv = run(["-q", "--format", "csv", "-c", sql]).result();
    assert!(csv.lines().map(str::to_owned).eq(["n".to_owned()].into_iter().chain(numbers())));

    let json = run(["-q", "--format", "json", "-c", sql]).result();
    let objects: Vec<_> = numbers().map(|n| format!("{{\"n\":{n}}}")).collect();
    assert!(json == format!("[{}]\n", objects.join(",")));
}

#[test]
fn results_are_counted() {
    let run = run(["-c", "SELECT 1 AS n; CREATE TABLE t AS SELECT 1 AS n", "-c", "SELECT * FROM t WHERE false"]);
    assert_eq!(
        without_times(&run.result()),
        "\
+---+
| n |
+---+
| 1 |
+---+
1 row(s) fetched. Elapsed T seconds.
0 row(s) fetched. Elapsed T seconds.
+---+
| n |
+---+
+---+
0 row(s) fetched. Elapsed T seconds.
"
    );
}

#[test]
fn counts_stay_out_of_records() {
    let run = run(["--format", "csv", "-c", "SET datafusion.execution.batch_size = 100; SELECT 1 AS n"]);
    assert_eq!(run.stdout, "n\n1\n");
    assert_eq!(
        without_times(&run.stderr),
        "0 row(s) fetched. Elapsed T seconds.\n1 row(s) fetched. Elapsed T seconds.\n"
    );
}

#[test]
fn tables_show_the_first_rows() {
    let sql = "SELECT value AS n FROM generate_series(1, 20000) ORDER BY value";
    assert_eq!(
        without_times(&run(["--maxrows", "2", "-c", sql]).result()),
        "\
+---+
| n |
+---+
| 1 |
| 2 |
| … |
+---+
20000 row(s) fetched (first 2 shown, see --maxrows). Elapsed T seconds.
"
    );
    let lines = |arguments: &[&str]| run(arguments.iter().copied()).result().lines().count();
    assert_eq!(lines(&["-q", "-c", sql]), 4 + 40 + 1);
    assert_eq!(lines(&["-q", "--maxrows", "20000", "-c", sql]), 4 + 20_000);
    assert_eq!(lines(&["-q", "--maxrows", "inf", "-c", sql]), 4 + 20_000);
}

#[test]
fn statements_without_columns_print_nothing_when_quiet() {
    for format in ["table", "csv", "tsv", "json", "nd-json"] {
        let sql = "CREATE TABLE t AS SELECT 1 AS n; SET datafusion.execution.batch_size = 100; DROP TABLE t";
        assert_eq!(run(["-q", "--format", format, "-c", sql]).result(), "");
    }
}

#[test]
fn files_come_before_commands() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("a.sql"), "CREATE TABLE t AS SELECT 1 AS n;\n").expect("a file");
    fs::write(folder.path().join("b.sql"), "-- the second\nINSERT INTO t VALUES (2);").expect("a file");
    let run = run_in(
        folder.path(),
        ["-q", "--format", "csv", "-c", "SELECT sum(n) AS s FROM t", "-f", "a.sql", "-f", "b.sql", "-c", "SELECT 4"],
    );
    assert_eq!(run.result(), "count\n1\ns\n3\nInt64(4)\n4\n");
}

#[test]
fn standard_input() {
    let run = run_with_input(&["-q", "--format", "csv"], "SELECT 1 AS n;\n\nSELECT\n  2 AS n -- no semicolon\n");
    assert_eq!(run.result(), "n\n1\nn\n2\n");
    assert_eq!(run_with_input(&[], "").result(), "");
}

#[test]
fn semicolons_within_tokens() {
    let input = "\
-- a comment; SELECT 0;
SELECT 'a;''b;' AS \"x;y\"; /* ; SELECT 0; */
SELECT $$c;$$ AS z, -- ;
  $tag$d;$$;$tag$ AS w;;
";
    let run = run_with_input(&["-q", "--format", "csv"], input);
    assert_eq!(run.result(), "x;y\na;'b;\nz,w\nc;,d;$$;\n");
}

#[test]
fn the_first_failure_ends_the_run() {
    let folder = TempDir::new().expect("a temporary folder");
    let sql = "SELECT 1 AS n;\n\n-- now\nSELECT\n  missing\nFROM (SELECT 1);\nSELECT 3 AS n;\n";
    fs::write(folder.path().join("tour.sql"), sql).expect("a file");
    let run = run_in(folder.path(), ["-q", "--format", "csv", "-f", "tour.sql", "-c", "SELECT 4"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), "n\n1\n"));
    let (place, message) = run.stderr.split_once('\n').expect("two lines");
    assert_eq!(place, "error in statement 2 (line 4 of tour.sql): SELECT missing FROM (SELECT 1)");
    assert!(message.starts_with("Schema error: No field named missing."), "{message}");
}

#[test]
fn failures_while_running() {
    let run = run_with_input(&["-q"], "SELECT 1 / (value - 1) FROM generate_series(1, 2);");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        run.stderr,
        "\
error in statement 1 (line 1 of standard input): SELECT 1 / (value - 1) FROM generate_series(1, 2)
Arrow error: Divide by zero error
"
    );
}

#[test]
fn syntax_errors() {
    let run = run(["-c", "SELECT 1", "-c", "SELEC 2"]);
    assert_eq!(run.code, Some(1));
    let (place, message) = run.stderr.split_once('\n').expect("two lines");
    assert_eq!(place, "error in statement 1 (line 1 of command 2): SELEC 2");
    assert!(message.starts_with("sql parser error: Expected: an SQL statement, found: SELEC"), "{message}");
}

#[test]
fn nothing_is_run_when_the_text_is_not_sql() {
    let run = run_with_input(&[], "SELECT 1;\nSELECT\n  'open;\n");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        run.stderr,
        "\
error in statement 2 (line 2 of standard input): SELECT 'open;
Unterminated string literal at Line: 3, Column: 3
"
    );
}

#[test]
fn a_missing_file_is_named() {
    let run = run(["-c", "SELECT 1", "-f", "no/such.sql"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(run.stderr.starts_with("cannot read no/such.sql: "), "{}", run.stderr);
}

#[test]
fn files_as_tables() {
    let folder = TempDir::new().expect("a temporary folder");
    let sql = "\
COPY (SELECT 1 AS n, 'a' AS word) TO 'rows.parquet';
COPY (SELECT 2 AS n, 'b' AS word) TO 'rows.csv' OPTIONS ('format.has_header' 'true');
SELECT * FROM 'rows.parquet' UNION ALL SELECT * FROM 'rows.csv' ORDER BY n;
CREATE EXTERNAL TABLE rows STORED AS PARQUET LOCATION 'rows.parquet';
SELECT word FROM rows;
";
    let run = run_in(folder.path(), ["-q", "--format", "csv", "-c", sql]);
    assert_eq!(run.result(), "count\n1\ncount\n1\nn,word\n1,a\n2,b\nword\na\n");
}

#[test]
fn plans_are_shown_in_full() {
    let plan = run(["-q", "--maxrows", "0", "-c", "EXPLAIN SELECT 1 AS n"]).result();
    assert!(plan.starts_with("+--") && plan.contains("physical_plan") && !plan.contains('…'), "{plan}");
    assert!(run(["-q", "-c", "EXPLAIN ANALYZE SELECT 1 AS n"]).result().contains("metrics"));
}

#[test]
fn settings() {
    let sql = "SET datafusion.execution.batch_size = 123; SHOW datafusion.execution.batch_size";
    assert_eq!(run(["-q", "--format", "csv", "-c", sql]).result(), "name,value\ndatafusion.execution.batch_size,123\n");
    let sql = "SET datafusion.format.null = '-'; SELECT NULL AS n";
    assert!(run(["-q", "-c", sql]).result().contains("| - |"));
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let mut child = program()
        .args(["-q", "--format", "csv", "-c", "SELECT value FROM generate_series(1, 1000000000)"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
    reader.read_line(&mut line).expect("a line");
    drop(reader);
    let run = Run::of(child.wait_with_output().expect("the program ends"));
    assert_eq!((run.code, line.as_str(), run.stderr.as_str()), (Some(141), "value\n", ""));
}

#[test]
fn bad_arguments() {
    for arguments in [["--format", "xml"], ["--maxrows", "some"]] {
        let run = run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert!(run.stderr.contains(arguments[1]), "{}", run.stderr);
    }
}

#[test]
fn version_and_help() {
    assert_eq!(run(["--version"]).result(), format!("wasmfusion {}\n", env!("CARGO_PKG_VERSION")));
    assert!(run(["--help"]).result().contains("--maxrows"));
}

const COMPILATIONS: &str =
    "SELECT value FROM wasm_status WHERE name IN ('compilations', 'plancache_hits') ORDER BY name";

/// Statements that create and call a function, and then tell what was compiled and what was loaded.
fn create_and_call() -> [String; 3] {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures/built/text.wasm");
    [
        format!("CREATE FUNCTION shout AS WASM FROM INFILE '{}'", module.display()),
        "SELECT max(shout(cast(value AS VARCHAR))) AS a FROM generate_series(1, 9)".to_owned(),
        COMPILATIONS.to_owned(),
    ]
}

/// Arguments for a quiet run with a plancache in a folder.
fn with_plancache(folder: &Path) -> Command {
    let mut command = program();
    command.args(["-q", "--format", "csv", "--plancache"]).arg(folder.join("plancache"));
    command.args(create_and_call().iter().flat_map(|statement| ["-c", statement.as_str()]));
    command
}

#[test]
fn a_second_process_compiles_nothing() {
    let folder = TempDir::new().unwrap();
    let run = || Run::of(with_plancache(folder.path()).output().expect("the program starts")).result();
    assert_eq!(run(), "a\n9!\nvalue\n1\n0\n");
    assert_eq!(run(), "a\n9!\nvalue\n0\n1\n");
    let mut without = program();
    without.args(["-q", "--format", "csv", "--no-plancache"]);
    without.args(create_and_call().iter().flat_map(|statement| ["-c", statement.as_str()]));
    assert_eq!(Run::of(without.output().expect("the program starts")).result(), "a\n9!\nvalue\n1\n0\n");
}

#[test]
fn processes_share_a_plancache() {
    let folder = TempDir::new().unwrap();
    let running: Vec<_> = (0..6)
        .map(|_| with_plancache(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    for child in running {
        let result = Run::of(child.wait_with_output().unwrap()).result();
        assert!(["a\n9!\nvalue\n1\n0\n", "a\n9!\nvalue\n0\n1\n"].contains(&result.as_str()), "{result}");
    }
    let files: Vec<_> = fs::read_dir(folder.path().join("plancache")).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn variables_of_engine_and_session_can_be_set_at_start() {
    let settings = ["--set", "wasm.timeout_ms=1234", "--set", "datafusion.execution.batch_size = 99"];
    let statements = ["-c", "SHOW wasm.timeout_ms", "-c", "SHOW datafusion.execution.batch_size"];
    let run_with = |settings: &[&str]| {
        run(["-q", "--format", "csv"].into_iter().chain(settings.iter().copied()).chain(statements))
    };
    let shown = "name,value\nwasm.timeout_ms,1234\nname,value\ndatafusion.execution.batch_size,99\n";
    assert_eq!(run_with(&settings).result(), shown);
    for (setting, message) in [
        ("wasm.timeout_ms=-1", "cannot start: wasm.timeout_ms cannot be '-1'"),
        ("wasm.plancache=x", "--plancache"),
        ("wasm.nothing=1", "there is no variable wasm.nothing"),
        ("datafusion.nothing=1", "cannot start: --set datafusion.nothing"),
    ] {
        let refused = run_with(&["--set", setting]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
        assert!(refused.stderr.contains(message), "{setting}: {}", refused.stderr);
    }
    let refused = run_with(&["--plancache", env!("CARGO_BIN_EXE_wasmfusion")]);
    assert!(refused.code == Some(1) && refused.stderr.contains("it is not a folder"), "{}", refused.stderr);
}
