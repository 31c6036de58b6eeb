//! The command when the machine gives it less than it needs: a clear message, and nothing lost.

use std::{fs, path::Path, process::Output};

use tempfile::TempDir;

use crate::command::program;

fn fixture(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures").join(path).display().to_string()
}

fn run(folder: &Path, statements: &[&str]) -> Output {
    let mut program = program();
    program.args(["--quiet", "--format", "csv", "--data-dir"]).arg(folder);
    for statement in statements {
        program.args(["-c", statement]);
    }
    program.output().unwrap()
}

#[track_caller]
fn ok(folder: &Path, statements: &[&str]) -> String {
    let output = run(folder, statements);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs statements in a process that can write no file of more than so many blocks of 512 bytes, as on a full disk.
#[cfg(unix)]
fn run_on_full_disk(blocks: u32, arguments: &[&str]) -> Output {
    let command = program().get_program().to_owned();
    std::process::Command::new("sh")
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"])
        .arg(command)
        .arg("--quiet")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
#[cfg(unix)]
fn a_full_disk_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let database = folder.path().join("db");
    let text = fixture("built/text.wasm");
    ok(&database, &[&format!("CREATE FUNCTION shout AS WASM FROM INFILE '{text}'")]);
    let types = fixture("built/types.component.wasm");
    let create = format!("CREATE FUNCTION pick AS WASM FROM INFILE '{types}'");
    let data_dir = database.to_str().unwrap();
    let output = run_on_full_disk(128, &["--data-dir", data_dir, "-c", &create]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("catalog.sqlite3': "), "{error}");
    assert!(error.contains("full") || error.contains("I/O error"), "{error}");
    assert!(ok(&database, &["SELECT shout('a') AS x"]).contains("A!"));
    assert!(ok(&database, &["SELECT count(*) AS n FROM wasm_functions"]).contains("\n1\n"));
    ok(&database, &[&create]);
}

#[test]
#[cfg(unix)]
fn half_a_backup_is_none() {
    let folder = TempDir::new().unwrap();
    let create = format!("CREATE FUNCTION pick AS WASM FROM INFILE '{}'", fixture("built/types.component.wasm"));
    let file = folder.path().join("backup.tar.gz");
    let backup = format!("BACKUP DATABASE TO '{}'", file.display());
    let arguments = ["--no-plancache", "-c", &create, "-c", &backup];
    fs::write(&file, "an older one").unwrap();
    for blocks in [8, 0] {
        let output = run_on_full_disk(blocks, &arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains("cannot write '") && error.contains("too large"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "an older one");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "what could not be written is not left behind");
    assert!(run_on_full_disk(1000, &arguments).status.success());
}

/// The plancache is a help, and does without.
#[test]
#[cfg(unix)]
fn a_call_works_when_its_code_cannot_be_kept() {
    let folder = TempDir::new().unwrap();
    let database = folder.path().join("db");
    let text = fixture("built/text.wasm");
    ok(&database, &[&format!("CREATE FUNCTION shout AS WASM FROM INFILE '{text}'")]);
    let output = run_on_full_disk(128, &["--data-dir", database.to_str().unwrap(), "-c", "SELECT shout('a') AS x"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("A!"));
    let left = fs::read_dir(database.join("plancache")).unwrap().count();
    assert_eq!(left, 0, "what could not be written is not left behind");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("db"), "/proc/wasmfusion/db".into()] {
        let output = run(&path, &["SELECT 1"]);
        let error = String::from_utf8(output.stderr).unwrap();
        let name = path.display().to_string();
        assert!(!output.status.success() && error.contains(&name) && error.contains("catalog"), "{error}");
    }
    let output = run(&folder.path().join("db"), &["BACKUP DATABASE TO '/no/such/folder/backup.tar.gz'"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("cannot write '/no/such/folder/backup.tar.gz': No such file"), "{error}");
}

/// Somebody else's database: nothing can be changed, and the message names the file.
#[test]
#[cfg(unix)]
fn a_database_that_one_may_not_write_is_left_alone() {
    use std::os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    };

    let folder = TempDir::new().unwrap();
    let database = folder.path().join("db");
    ok(&database, &[&format!("CREATE FUNCTION shout AS WASM FROM INFILE '{}'", fixture("built/text.wasm"))]);
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let before = fs::read(database.join("catalog.sqlite3")).unwrap();
    set(folder.path(), 0o755);
    set(&database.join("catalog.sqlite3"), 0o444);
    set(&database, 0o555);
    let program = folder.path().join("program");
    fs::copy(super::command::program().get_program(), &program).unwrap();
    let mut command = std::process::Command::new(&program);
    // Whoever may do everything has to be somebody else for this.
    if fs::metadata(&program).unwrap().uid() == 0 {
        command.uid(65534).gid(65534);
    }
    let output = command.args(["--data-dir"]).arg(&database).args(["-c", "DROP FUNCTION shout"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("catalog.sqlite3': "), "{error}");
    assert!(error.contains("readonly") || error.contains("unable to open"), "{error}");
    set(&database, 0o700);
    set(&database.join("catalog.sqlite3"), 0o600);
    assert_eq!(fs::read(database.join("catalog.sqlite3")).unwrap(), before);
    assert!(ok(&database, &["SELECT shout('a') AS x"]).contains("A!"));
}
