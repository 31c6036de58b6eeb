//! Functions that outlive the process: the data folder, extensions, backup and restore.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Barrier, mpsc},
    thread,
    time::{Duration, Instant},
};

use datafusion::{
    arrow::{array::AsArray, util::pretty::pretty_format_batches},
    error::Result,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wasmfusion::{Engine, EngineOptions, Session};

use crate::command::program;

/// A session in a process of tests.
struct Scene {
    runtime: Runtime,
    session: Session,
}

impl Scene {
    fn new(options: EngineOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, session: Session::new(Engine::new(options).unwrap()) }
    }

    /// A session on the database in a folder.
    fn on(folder: &Path) -> Self {
        Self::new(EngineOptions { data_dir: Some(folder.to_owned()), ..EngineOptions::default() })
    }

    /// The rows of a statement as text, columns with `|` in between.
    fn run(&self, sql: &str) -> Result<Vec<String>> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures");
        let sql = sql.replace("$F", fixtures.to_str().unwrap());
        let batches = self.runtime.block_on(async { self.session.sql(&sql).await?.collect().await })?;
        let table = pretty_format_batches(&batches)?.to_string();
        let lines = table.lines().filter(|line| line.starts_with('|')).skip(1);
        Ok(lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join("|")).collect())
    }

    #[track_caller]
    fn ok(&self, sql: &str) -> Vec<String> {
        self.run(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    #[track_caller]
    fn refused(&self, sql: &str, why: &str) {
        let error = self.run(sql).expect_err(sql).to_string();
        assert!(error.contains(why), "{sql}: {error}");
    }

    fn functions(&self) -> BTreeMap<String, String> {
        let rows = self.ok("SELECT name, export FROM wasm_functions");
        rows.iter().map(|row| row.split_once('|').unwrap()).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    fn status(&self, name: &str) -> i64 {
        self.ok(&format!("SELECT value FROM wasm_status WHERE name = '{name}'"))[0].parse().unwrap()
    }
}

/// A small source of numbers that are as good as random; the same seed gives the same ones.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

const TALLY: [&str; 2] = [
    "-- The first version: functions from C and AssemblyScript.
     CREATE FUNCTION celsius(fahrenheit DOUBLE) RETURNS DOUBLE AS WASM FROM LOCAL INFILE 'numbers_c.wasm';
     CREATE FUNCTION is_leap(year INT) RETURNS BOOLEAN AS WASM FROM LOCAL INFILE './numbers_as.wasm' USING EXPORT 'isLeap';
     CREATE FUNCTION code AS WASM FROM LOCAL INFILE 'text_c.wasm' WITH WIT FROM LOCAL INFILE 'wit/text-c.wit'
         USING EXPORT 'soundex'",
    "CREATE FUNCTION celsius(fahrenheit DOUBLE) RETURNS DOUBLE AS WASM FROM LOCAL INFILE 'numbers_c.wasm';
     CREATE FUNCTION digit_sum(n BIGINT) RETURNS INT AS WASM FROM LOCAL INFILE 'numbers_as.wasm' USING EXPORT 'digitSum';
     CREATE FUNCTION code AS WASM FROM LOCAL INFILE 'text_c.wasm' WITH WIT FROM LOCAL INFILE 'wit/text-c.wit'
         USING EXPORT 'title-case';",
];

/// Makes the folders of two versions of the extension `tally`, and packs them as `tally-1.tar.gz` and `tally-2.tar.gz`.
pub(crate) fn pack_extensions(folder: &Path) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures");
    for (version, script) in (1..).zip(TALLY) {
        let source = folder.join(format!("tally-{version}"));
        fs::create_dir_all(source.join("wit")).unwrap();
        fs::write(source.join("tally.sql"), script).unwrap();
        fs::write(source.join("README"), "Not packed: nothing names it.").unwrap();
        for module in ["numbers_c.wasm", "numbers_as.wasm", "text_c.wasm"] {
            fs::copy(fixtures.join("built").join(module), source.join(module)).unwrap();
        }
        fs::copy(fixtures.join("c/wit/text-c.wit"), source.join("wit/text-c.wit")).unwrap();
        let target = source.with_extension("tar.gz");
        let output = program().args(["extension", "pack"]).arg(&source).arg("-o").arg(target).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.starts_with("CREATE EXTENSION tally FROM LOCAL INFILE '"), "{printed}");
    }
}

#[test]
fn functions_are_there_again_with_everything_that_was_said_of_them() {
    let folder = TempDir::new().unwrap();
    let statements = [
        "CREATE FUNCTION collatz(start BIGINT NOT NULL) RETURNS INT STABLE AS WASM FROM INFILE '$F/built/numbers_c.wasm'",
        "CREATE FUNCTION letters RETURNS TABLE AS WASM FROM INFILE '$F/built/text_c.wasm' WITH WIT FROM INFILE \
         '$F/c/wit/text-c.wit'",
        "CREATE FUNCTION \"Shout\" AS WASM GROW TO 4194304 FROM INFILE '$F/built/text.wasm' USING EXPORT 'shout'",
        "CREATE FUNCTION piece(s VARCHAR, d VARCHAR) RETURNS TABLE (idx INT, str VARCHAR) RETURNS NULL ON NULL INPUT \
         AS WASM FROM INFILE '$F/built/tables.wasm' USING EXPORT 'split-str'",
        "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT LANGUAGE wasm VOLATILE AS '$F/wat/longs.wat'",
    ];
    let columns =
        "SELECT name, kind, signature, volatility, abi, export, module_hash, memory_limit FROM wasm_functions";
    let scene = Scene::on(folder.path());
    statements.iter().for_each(|statement| drop(scene.ok(statement)));
    let before = (scene.ok(columns), scene.ok("SHOW CREATE FUNCTION piece"));
    drop(scene);
    let scene = Scene::on(folder.path());
    assert_eq!((scene.ok(columns), scene.ok("SHOW CREATE FUNCTION piece")), before);
    assert_eq!(scene.ok("SELECT collatz(27), \"Shout\"('a'), plus(40, 2)"), ["111|A!|42"]);
    assert_eq!(scene.ok("SELECT str FROM piece('a-b', '-') WHERE idx = 1"), ["b"]);
    assert_eq!(scene.ok("SELECT count(*) FROM letters('abc')"), ["3"]);
    // The compiled code is there, too.
    assert!(scene.status("compilations") > 0);
    let scene = Scene::on(folder.path());
    assert_eq!(scene.ok("SELECT collatz(27), \"Shout\"('a'), plus(40, 2)"), ["111|A!|42"]);
    assert_eq!(scene.status("compilations"), 0);
    scene.ok("DROP FUNCTION \"Shout\"");
    scene.refused("SELECT \"Shout\"('a')", "Shout");
    let modules = || {
        let store = rusqlite::Connection::open(folder.path().join("catalog.sqlite3")).unwrap();
        store.query_row("SELECT count(*) FROM modules", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(modules(), 4, "a module that nobody uses is gone");
}

#[test]
fn engines_on_one_folder_see_each_other() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (Scene::on(folder.path()), Scene::on(folder.path()));
    one.ok("CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat'");
    assert_eq!(other.ok("SELECT plus(40, 2)"), ["42"]);
    other.refused(
        "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat'",
        "exists already",
    );
    other.ok(
        "CREATE OR REPLACE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat' USING \
         EXPORT 'divide'",
    );
    assert_eq!(one.ok("SELECT plus(40, 2)"), ["20"]);
    one.ok("DROP FUNCTION plus");
    other.refused("SELECT plus(40, 2)", "plus");
    other.refused("DROP FUNCTION plus", "does not exist");
}

#[test]
fn a_new_folder_is_opened_by_many_at_once() {
    for _ in 0..20 {
        let folder = TempDir::new().unwrap();
        let barrier = Barrier::new(8);
        thread::scope(|scope| {
            for number in 0..8 {
                let (folder, barrier) = (folder.path(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    Scene::on(folder).ok(&format!(
                        "CREATE FUNCTION f{number}(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat' \
                         USING EXPORT 'plus'"
                    ));
                });
            }
        });
        assert_eq!(Scene::on(folder.path()).functions().len(), 8);
    }
}

/// The process is killed at random moments of a stream of changes: after each time the database has what every statement
/// that returned has made of it, and at most the one more that was under way.
#[test]
fn nothing_is_lost_when_the_process_is_killed() {
    const KILLS: usize = 300;
    let folder = TempDir::new().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures");
    let sources = [("wat/longs.wat", "plus"), ("wat/longs.wat", "divide"), ("built/geo.wasm", "add")];
    let mut random = Random(1);
    let mut state: BTreeMap<String, String> = BTreeMap::new();
    let (mut interrupted, mut changes) = (0, 0);
    for kill in 0..KILLS {
        let mut script = String::new();
        let mut states = vec![state.clone()];
        for number in 1..=400 {
            let name = format!("f{}", random.below(8));
            let mut next = states.last().unwrap().clone();
            if random.below(3) == 0 {
                script += &format!("DROP FUNCTION IF EXISTS {name};");
                next.remove(&name);
            } else {
                let (module, export) = sources[random.below(3) as usize];
                script += &format!(
                    "CREATE OR REPLACE FUNCTION {name}(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{}' USING EXPORT \
                     '{export}';",
                    fixtures.join(module).display()
                );
                next.insert(name, export.to_owned());
            }
            script += &format!("SELECT 'done', {number};\n");
            states.push(next);
        }
        let file = folder.path().join("script.sql");
        fs::write(&file, script).unwrap();
        let mut child = program()
            .args(["--quiet", "--format", "tsv", "--data-dir"])
            .arg(folder.path().join("db"))
            .arg("-f")
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (began, begins) = mpsc::channel();
        let done = thread::spawn(move || {
            let mut last = 0;
            for line in output.lines().map_while(Result::ok) {
                if let Some(number) = line.strip_prefix("done\t").and_then(|number| number.parse().ok()) {
                    last = number;
                    let _ = began.send(());
                }
            }
            last
        });
        // Some are killed while they open the database, most while they change it.
        if kill % 10 > 0 {
            let _ = begins.recv_timeout(Duration::from_secs(60));
        }
        thread::sleep(Duration::from_micros(random.below(100_000)));
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none_or(|status| status.success()), "run {kill}");
        child.kill().unwrap();
        child.wait().unwrap();
        let done = done.join().unwrap();
        let found = Scene::on(&folder.path().join("db")).functions();
        let expected = &states[done..(done + 2).min(states.len())];
        assert!(expected.contains(&found), "kill {kill}, {done} statements returned: {found:?}, not {expected:?}");
        interrupted += usize::from(done > 0 && done < 400);
        changes += done;
        state = found;
        let store = rusqlite::Connection::open(folder.path().join("db/catalog.sqlite3")).unwrap();
        let text = |sql| store.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(text("PRAGMA integrity_check"), "ok");
        let unused = "SELECT count(*) || '' FROM modules WHERE hash NOT IN (SELECT module FROM functions)";
        assert_eq!(text(unused), "0");
    }
    assert!(interrupted > KILLS / 2, "{interrupted} of {KILLS} kills came in the middle, after {changes} changes");
}

/// One of two processes that want the same names: see the test below.
#[test]
#[ignore = "part of another test, which starts it"]
fn racer() {
    let Ok(folder) = env::var("RACE_FOLDER") else { return };
    let me = env::var("RACE_ME").unwrap();
    let (export, mine) = if me == "0" { ("plus", "16") } else { ("divide", "3") };
    let scene = Scene::on(Path::new(&folder));
    let until = Instant::now() + Duration::from_secs(env::var("RACE_SECONDS").unwrap().parse().unwrap());
    let mut random = Random(me.parse::<u64>().unwrap() + 7);
    let (mut won, mut lost) = (0, 0);
    while Instant::now() < until {
        let name = format!("r{}", random.below(4));
        let create = format!(
            "CREATE FUNCTION {name}(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat' USING EXPORT '{export}'"
        );
        match scene.run(&create) {
            Ok(_) => {
                won += 1;
                // Nobody else drops it, so it is there, and it is this one's.
                for _ in 0..random.below(4) {
                    assert_eq!(scene.ok(&format!("SELECT {name}(12, 4)")), [mine], "{me}: {name} is lost");
                }
                scene.ok(&format!("DROP FUNCTION {name}"));
            }
            Err(error) => {
                assert!(error.to_string().contains("exists already"), "{me}: {error}");
                lost += 1;
                // The other's, or gone in the meantime, or by now another one of this one's making: never half of one.
                match scene.run(&format!("SELECT {name}(12, 4)")) {
                    Ok(rows) => assert!(rows == ["16"] || rows == ["3"], "{me}: {name} gives {rows:?}"),
                    Err(error) => assert!(error.to_string().contains("Invalid function"), "{me}: {error}"),
                }
            }
        }
    }
    println!("won {won} lost {lost}");
}

#[test]
fn processes_that_want_the_same_names_never_both_have_them() {
    let folder = TempDir::new().unwrap();
    let race = |me: &str| -> Child {
        Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "database::racer"])
            .env("RACE_FOLDER", folder.path())
            .env("RACE_ME", me)
            .env("RACE_SECONDS", "30")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut lost = 0;
    for racer in [race("0"), race("1")] {
        let output = racer.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let counts = text.lines().find(|line| line.contains("won ")).unwrap();
        let counts: Vec<u64> = counts.split(' ').filter_map(|word| word.parse().ok()).collect();
        assert!(counts[0] > 100, "{text}");
        lost += counts[1];
    }
    assert!(lost > 0, "they never met");
    assert!(Scene::on(folder.path()).functions().is_empty());
}

#[test]
fn a_folder_of_a_newer_version_or_of_something_else_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    drop(Scene::on(folder.path()));
    let file = folder.path().join("catalog.sqlite3");
    let open = || Engine::new(EngineOptions { data_dir: Some(folder.path().into()), ..EngineOptions::default() });
    rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
    assert!(open().unwrap_err().to_string().contains("it has format 2"));
    rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA application_id = 1").unwrap();
    assert!(open().unwrap_err().to_string().contains("something else"));
    for extra in ["catalog.sqlite3-wal", "catalog.sqlite3-shm"] {
        let _ = fs::remove_file(folder.path().join(extra));
    }
    fs::write(&file, "this is no database, but long enough to look like one ".repeat(30)).unwrap();
    assert!(open().unwrap_err().to_string().contains("not a database"));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(open().unwrap_err().to_string().contains("unable to open"));
}

/// A definition that this version cannot make is neither used nor lost.
#[test]
fn a_function_that_cannot_be_made_is_kept() {
    let folder = TempDir::new().unwrap();
    let scene = Scene::on(folder.path());
    for name in ["plus", "divide"] {
        scene.ok(&format!(
            "CREATE FUNCTION {name}(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat'"
        ));
    }
    drop(scene);
    let store = rusqlite::Connection::open(folder.path().join("catalog.sqlite3")).unwrap();
    let damage = "UPDATE functions SET definition = replace(definition, 'Int64', 'Int66') WHERE name = 'plus'";
    assert_eq!(store.execute(damage, []).unwrap(), 1);
    let scene = Scene::on(folder.path());
    assert_eq!(scene.ok("SELECT divide(12, 4)"), ["3"]);
    scene.refused("SELECT plus(1, 2)", "plus");
    scene.refused("SHOW CREATE FUNCTION plus", "Int66");
    scene.refused(
        "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat'",
        "exists already",
    );
    let target = folder.path().join("backup.tar.gz");
    scene.refused(&format!("BACKUP DATABASE TO '{}'", target.display()), "would be lost");
    scene.ok("DROP FUNCTION plus");
    scene.ok(&format!("BACKUP DATABASE TO '{}'", target.display()));
}

/// An extension and functions beside it, on an engine that compiles.
fn furnished(folder: &Path) -> Scene {
    pack_extensions(folder);
    let scene = Scene::new(EngineOptions::default());
    scene.ok("CREATE FUNCTION collatz(start BIGINT) RETURNS INT AS WASM FROM INFILE '$F/built/numbers_c.wasm'");
    scene.ok("CREATE FUNCTION shout AS WASM FROM INFILE '$F/built/text.wasm'");
    scene
        .ok("CREATE FUNCTION pieces RETURNS TABLE AS WASM FROM INFILE '$F/built/tables.wasm' USING EXPORT 'split-str'");
    scene.ok(&format!("CREATE EXTENSION tally FROM INFILE '{}'", folder.join("tally-1.tar.gz").display()));
    scene
}

const CALLS: &str = "SELECT collatz(27), shout('a'), celsius(212), is_leap(2000), code('Robert'), \
                     (SELECT count(*) FROM pieces('a b c', ' '))";

#[test]
fn a_backup_restores_everything_and_the_images_if_that_is_said() {
    let folder = TempDir::new().unwrap();
    let scene = furnished(folder.path());
    let results = scene.ok(CALLS);
    let listed = "SELECT name, signature, export, module_hash, memory_limit, extension FROM wasm_functions";
    let functions = scene.ok(listed);
    let backup = folder.path().join("backup.tar.gz");
    let file = backup.display();
    scene.ok(&format!("BACKUP DATABASE TO '{file}' WITH PLANCACHE"));
    for (name, with, compiles) in [("images", " WITH PLANCACHE", false), ("none", "", true)] {
        let scene = Scene::on(&folder.path().join(name));
        scene.ok(&format!("RESTORE DATABASE FROM '{file}'{with}"));
        assert_eq!(scene.ok(listed), functions);
        assert_eq!(scene.ok(CALLS), results);
        assert_eq!(scene.ok("SHOW EXTENSIONS"), ["tally|celsius, code, is_leap"]);
        assert_eq!(scene.status("compilations") > 0, compiles, "{name}");
        scene.refused(&format!("RESTORE DATABASE FROM '{file}'"), "there are functions already");
        scene.ok("DROP EXTENSION tally");
        scene.ok("CREATE FUNCTION other(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat' USING EXPORT 'plus'");
        scene.ok(&format!("RESTORE OR REPLACE DATABASE FROM '{file}'"));
        assert_eq!(scene.ok(listed), functions);
    }
    let scene = Scene::new(EngineOptions::default());
    scene.refused(&format!("RESTORE DATABASE FROM '{file}' WITH PLANCACHE"), "no plancache");
    assert!(scene.functions().is_empty());
}

#[test]
fn a_damaged_backup_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let scene = Scene::new(EngineOptions::default());
    scene.ok("CREATE FUNCTION collatz(start BIGINT) RETURNS INT AS WASM FROM INFILE '$F/built/numbers_c.wasm'");
    let path = folder.path().join("backup.tar.gz");
    scene.ok(&format!("BACKUP DATABASE TO '{}'", path.display()));
    let whole = fs::read(&path).unwrap();
    let restore = format!("RESTORE OR REPLACE DATABASE FROM '{}'", path.display());
    let other = Scene::new(EngineOptions::default());
    let plus = "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat'";
    other.ok(plus);
    let mut harmless = 0;
    // The first bytes of gzip are a date and the like.
    for position in 10..whole.len() {
        let mut damaged = whole.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(&path, &damaged).unwrap();
        match other.run(&restore) {
            Err(error) => assert!(error.to_string().contains("nothing was changed"), "byte {position}: {error}"),
            // A bit that means nothing: what is restored is what was saved.
            Ok(_) => {
                harmless += 1;
                assert_eq!(other.ok("SELECT collatz(27)"), ["111"], "byte {position}");
                other.ok("DROP FUNCTION collatz");
                other.ok(plus);
            }
        }
    }
    assert!(harmless < 4, "{harmless}");
    for length in [0, 1, 100, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        other.refused(&restore, "nothing was changed");
    }
    assert_eq!(other.functions().keys().collect::<Vec<_>>(), ["plus"]);
    fs::write(&path, &whole).unwrap();
    other.ok(&restore);
    assert_eq!(other.functions().keys().collect::<Vec<_>>(), ["collatz"]);
}

#[test]
fn an_extension_is_installed_replaced_and_dropped_as_a_whole() {
    let folder = TempDir::new().unwrap();
    pack_extensions(folder.path());
    let database = folder.path().join("db");
    let scene = Scene::on(&database);
    let source = |version: u32| format!("'{}'", folder.path().join(format!("tally-{version}.tar.gz")).display());
    scene.ok(&format!("CREATE EXTENSION tally FROM LOCAL INFILE {}", source(1)));
    assert_eq!(scene.ok("SELECT celsius(212), is_leap(2000), code('Robert')"), ["100.0|true|R163"]);
    // A name of the second version is taken: nothing of it is there then.
    scene.ok("CREATE FUNCTION digit_sum(n BIGINT) RETURNS INT AS WASM FROM INFILE '$F/built/numbers_as.wasm' USING EXPORT 'digitSum'");
    scene.refused(
        &format!("CREATE OR REPLACE EXTENSION tally FROM LOCAL INFILE {}", source(2)),
        "digit_sum exists already",
    );
    let scene = Scene::on(&database);
    assert_eq!(scene.ok("SELECT celsius(212), is_leap(2000), code('Robert')"), ["100.0|true|R163"]);
    scene.ok("DROP FUNCTION digit_sum");
    scene.ok(&format!("CREATE OR REPLACE EXTENSION tally FROM LOCAL INFILE {}", source(2)));
    assert_eq!(scene.ok("SELECT celsius(212), digit_sum(99), code('robert')"), ["100.0|18|Robert"]);
    scene.refused("SELECT is_leap(2000)", "is_leap");
    scene.refused("DROP FUNCTION celsius", "belongs to the extension tally");
    let scene = Scene::on(&database);
    assert_eq!(scene.ok("SHOW EXTENSIONS"), ["tally|celsius, code, digit_sum"]);
    scene.ok("DROP EXTENSION tally");
    assert!(scene.functions().is_empty());
    assert!(Scene::on(&database).ok("SHOW EXTENSIONS").is_empty());
}

/// A running query finishes with the function that it began with.
#[test]
fn replacing_is_seen_by_new_queries_only() {
    let folder = TempDir::new().unwrap();
    let scene = Scene::on(folder.path());
    let create = |export: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION f(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat' USING EXPORT '{export}'"
        )
    };
    scene.ok(&create("plus"));
    let query = "SELECT f(value, 6) AS x FROM generate_series(1, 20000)";
    let mut stream =
        scene.runtime.block_on(async { scene.session.sql(query).await.unwrap().execute_stream().await.unwrap() });
    let first = scene.runtime.block_on(futures::StreamExt::next(&mut stream)).unwrap().unwrap();
    scene.ok(&create("divide"));
    let mut sum: i64 = 0;
    let mut rows = 0;
    let mut add = |batch: &datafusion::arrow::array::RecordBatch| {
        let values = batch.column(0).as_primitive::<datafusion::arrow::datatypes::Int64Type>();
        sum += values.values().iter().sum::<i64>();
        rows += values.len();
    };
    add(&first);
    while let Some(batch) = scene.runtime.block_on(futures::StreamExt::next(&mut stream)) {
        add(&batch.unwrap());
    }
    assert_eq!((rows, sum), (20_000, 20_000 * 20_001 / 2 + 6 * 20_000));
    assert_eq!(scene.ok("SELECT f(12, 4)"), ["3"]);
}
