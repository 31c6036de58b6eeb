//! Modules, extensions and backups from and to other machines, here a server on the loopback.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Output,
    sync::{Arc, Mutex},
    thread,
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{command::program, database::pack_extensions};

/// A server with files by their paths, which takes new ones; and what was asked of it.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl Server {
    fn start(files: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let files = files.into_iter().map(|(path, content)| (path.to_owned(), content)).collect();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            asked: Arc::default(),
            files: Arc::new(Mutex::new(files)),
        };
        let (asked, files) = (Arc::clone(&server.asked), Arc::clone(&server.files));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, files) = (Arc::clone(&asked), Arc::clone(&files));
                thread::spawn(move || drop(answer(&stream, &asked, &files)));
            }
        });
        server
    }

    fn asked(&self) -> String {
        self.asked.lock().unwrap().join("\n")
    }
}

fn answer(
    mut stream: &TcpStream,
    asked: &Mutex<Vec<String>>,
    files: &Mutex<HashMap<String, Vec<u8>>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    asked.lock().unwrap().extend(head.iter().cloned());
    let header = |name: &str| {
        let found = head.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    };
    let mut first = head[0].split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let path = decoded(target.split('?').next().unwrap_or_default());
    let path = path.as_str();
    if method == "PUT" {
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body)?;
        files.lock().unwrap().insert(path.to_owned(), body);
        return stream.write_all(b"HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    if path == "/endless" {
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        loop {
            stream.write_all(&[0; 65536])?;
        }
    }
    match files.lock().unwrap().get(path) {
        Some(content) => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nLast-Modified: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n",
                content.len()
            )?;
            stream.write_all(content)
        }
        None => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}

/// A path without percent encoding, which some clients use more than they have to.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| {
        let (digits, rest) = part.split_at(2);
        path + &char::from(u8::from_str_radix(digits, 16).unwrap()).to_string() + rest
    })
}

fn fixture(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures").join(path)).unwrap()
}

/// Runs statements, without any proxy; `$P` stands for the server's port.
fn run(server: &Server, folder: &Path, statements: &[&str]) -> Output {
    let mut program = program();
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        program.env_remove(proxy);
    }
    program.args(["--quiet", "--format", "csv", "--set", "wasm.create_from_url=true", "--data-dir"]).arg(folder);
    for statement in statements {
        program.args(["-c", &statement.replace("$P", &server.port.to_string())]);
    }
    program.output().unwrap()
}

#[track_caller]
fn ok(server: &Server, folder: &Path, statements: &[&str]) -> String {
    let output = run(server, folder, statements);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(server: &Server, folder: &Path, statement: &str, why: &str) -> String {
    let output = run(server, folder, &[statement]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains(why), "{statement}: {error}");
    error
}

#[test]
fn modules_come_over_http() {
    let text = fixture("built/text.wasm");
    let sum: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let server = Server::start([
        ("/text.wasm", text),
        ("/text_c.wasm", fixture("built/text_c.wasm")),
        ("/text-c.wit", fixture("c/wit/text-c.wit")),
    ]);
    let folder = TempDir::new().unwrap();
    let statements = [
        &format!(
            "CREATE FUNCTION shout AS WASM FROM URL 'http://me:hush@127.0.0.1:$P/text.wasm?sig=hush' SHA256 '{sum}'"
        ),
        "CREATE FUNCTION soundex AS WASM FROM HTTP 'http://127.0.0.1:$P/text_c.wasm' WITH WIT FROM URL \
         'http://127.0.0.1:$P/text-c.wit'",
        "CREATE FUNCTION initials AS WASM FROM URL 'http://127.0.0.1:$P/text.wasm'",
        "SELECT shout('a') AS a, soundex('Robert') AS b",
        "SHOW CREATE FUNCTION shout",
    ];
    let output = ok(&server, folder.path(), &statements);
    assert!(output.contains("A!,R163"), "{output}");
    let shown = format!("CREATE FUNCTION shout AS WASM FROM URL 'http://127.0.0.1:{}/text.wasm?…' SHA256", server.port);
    assert!(output.contains(&shown) && !output.contains("hush"), "{output}");
    // The bytes are in the database: nothing is asked again.
    let asked = server.asked();
    assert!(ok(&server, folder.path(), &["SELECT initials('a b') AS a"]).contains("AB"));
    assert_eq!(server.asked(), asked);
    let zeros = "0".repeat(64);
    for (clause, why) in [
        (format!("URL 'http://127.0.0.1:$P/text.wasm' SHA256 '{zeros}'"), sum.as_str()),
        ("URL 'http://127.0.0.1:$P/none.wasm'".to_owned(), "404"),
        ("URL 'http://127.0.0.1:$P/text-c.wit'".to_owned(), "neither a Wasm binary nor WAT"),
        ("URL 'http://127.0.0.1:1/text.wasm?sig=hush'".to_owned(), "error sending request"),
        ("URL 'ftp://127.0.0.1:$P/text.wasm'".to_owned(), "only http:// and https://"),
        // It is stopped where it is too large, not when it ends.
        ("URL 'http://127.0.0.1:$P/endless'".to_owned(), "wasm.max_raw_module_size"),
    ] {
        let statement = format!("CREATE FUNCTION f AS WASM FROM {clause} USING EXPORT 'shout'");
        let error = refused(&server, folder.path(), &statement, why);
        let cause = error.lines().skip(1).collect::<String>();
        assert!(!cause.contains("hush"), "{cause}");
    }
}

/// The server stands for S3: a bucket is the first part of a path, and what is signed says so.
#[test]
fn modules_extensions_and_backups_come_from_object_stores_and_go_there() {
    let folder = TempDir::new().unwrap();
    pack_extensions(folder.path());
    let server = Server::start([
        ("/code/dir/text.wasm", fixture("built/text.wasm")),
        ("/code/tally.tar.gz", fs::read(folder.path().join("tally-1.tar.gz")).unwrap()),
    ]);
    let endpoint = r#"CONFIG '{"region": "us-east-1", "endpoint_url": "http://127.0.0.1:$P"}'"#;
    let credentials = r#"CREDENTIALS '{"aws_access_key_id": "AKID", "aws_secret_access_key": "hush"}'"#;
    let database = folder.path().join("db");
    let statements = [
        format!("CREATE FUNCTION shout AS WASM FROM S3 'code/dir/text.wasm' {endpoint} {credentials}"),
        format!("CREATE FUNCTION initials AS WASM FROM S3 's3://code/dir/text.wasm' {endpoint}"),
        format!("CREATE EXTENSION tally FROM S3 'code/tally.tar.gz' {endpoint} {credentials}"),
        "SHOW CREATE FUNCTION shout".to_owned(),
        "SHOW CREATE EXTENSION tally".to_owned(),
        "SELECT shout('a') AS a, initials('a b') AS b, celsius(212) AS c".to_owned(),
        format!("BACKUP DATABASE TO S3 'code/backup.tar.gz' {endpoint} {credentials}"),
        "BACKUP DATABASE TO 'http://127.0.0.1:$P/put.tar.gz'".to_owned(),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let output = ok(&server, &database, &statements);
    assert!(output.contains("A!,AB,100.0"), "{output}");
    assert!(output.contains("CREDENTIALS '…'") && !output.contains("hush") && !output.contains("AKID"), "{output}");
    let asked = server.asked();
    assert!(asked.contains("AWS4-HMAC-SHA256 Credential=AKID/") && !asked.contains("hush"), "{asked}");
    let stored = fs::read(database.join("catalog.sqlite3")).unwrap();
    let log = fs::read(database.join("catalog.sqlite3-wal")).unwrap_or_default();
    for bytes in [stored, log] {
        assert!(!bytes.windows(4).any(|window| window == b"hush" || window == b"AKID"), "credentials are stored");
    }
    let files = server.files.lock().unwrap();
    assert_eq!(files["/code/backup.tar.gz"], files["/put.tar.gz"]);
    drop(files);
    let restored = folder.path().join("restored");
    let statements = [
        format!("RESTORE DATABASE FROM S3 'code/backup.tar.gz' {endpoint} {credentials}"),
        "SELECT shout('a') AS a, celsius(212) AS c".to_owned(),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    assert!(ok(&server, &restored, &statements).contains("A!,100.0"));
    let missing = format!("CREATE FUNCTION f AS WASM FROM S3 'code/none.wasm' {endpoint} {credentials}");
    refused(&server, &restored, &missing, "none.wasm");
}

/// The emulators of Google's store that there are do not say when an object was made, which its clients want to know.
#[test]
fn modules_and_backups_come_from_gcs_and_go_there() {
    let folder = TempDir::new().unwrap();
    let server = Server::start([("/code/dir/text.wasm", fixture("built/text.wasm"))]);
    let account = r#"{"google_service_account_key": {"gcs_base_url": "http://127.0.0.1:$P", "disable_oauth": true,
        "client_email": "", "private_key": "hush", "private_key_id": ""}}"#;
    let statements = [
        format!("CREATE FUNCTION shout AS WASM FROM GCS 'gs://code/dir/text.wasm' CREDENTIALS '{account}'"),
        format!("BACKUP DATABASE TO GCS 'code/backup.tar.gz' CREDENTIALS '{account}'"),
        format!("RESTORE OR REPLACE DATABASE FROM GCS 'code/backup.tar.gz' CREDENTIALS '{account}'"),
        "SELECT shout('a') AS a".to_owned(),
        "SHOW CREATE FUNCTION shout".to_owned(),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let output = ok(&server, &folder.path().join("db"), &statements);
    assert!(output.contains("A!") && output.contains("CREDENTIALS '…'") && !output.contains("hush"), "{output}");
    assert!(server.files.lock().unwrap().contains_key("/code/backup.tar.gz"));
    let missing = format!("CREATE FUNCTION f AS WASM FROM GCS 'code/none.wasm' CREDENTIALS '{account}'");
    refused(&server, &folder.path().join("db"), &missing, "none.wasm");
}
