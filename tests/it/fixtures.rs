//! The built guest modules are what their manifest says: made from the sources beside them, and free of traces of the
//! machine that made them. A folder's `rebuild.sh` writes its manifest.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// What no module may contain: paths of the machine that it was built on.
const TRACES: &[&str] = &["/root/", "/home/", "/work/", "/opt/", "/Users/", ".cargo/registry"];

/// One line of the manifest.
struct Entry {
    module: String,
    sha256: String,
    sources: Vec<String>,
    sources_sha256: String,
    toolchain: String,
}

/// Folders with guests.
const FOLDERS: [&str; 2] = ["udf-fixtures", "benches/peers"];

fn path(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The content of a file, by its path in the manifest.
fn read(folder: &str, file: &str) -> Vec<u8> {
    fs::read(path(folder).join(file)).unwrap_or_else(|error| panic!("{folder}/{file}: {error}"))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn manifest(folder: &str) -> Vec<Entry> {
    let text = String::from_utf8(read(folder, "manifest.tsv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("module\tsha256\tsources\tsources_sha256\ttoolchain"));
    let entry = |line: &str| {
        let columns: Vec<String> = line.split('\t').map(str::to_string).collect();
        let [module, sha256, sources, sources_sha256, toolchain] =
            columns.try_into().unwrap_or_else(|columns| panic!("not five columns: {columns:?}"));
        let sources = sources.split(' ').map(str::to_string).collect();
        Entry { module, sha256, sources, sources_sha256, toolchain }
    };
    lines.map(entry).collect()
}

/// The entries of all manifests, each with its folder.
fn entries() -> impl Iterator<Item = (&'static str, Entry)> {
    FOLDERS.into_iter().flat_map(|folder| manifest(folder).into_iter().map(move |entry| (folder, entry)))
}

/// Every built module is listed once, and every listed module is there.
#[test]
fn manifest_lists_what_is_built() {
    for folder in FOLDERS {
        let listed: Vec<String> = manifest(folder).into_iter().map(|entry| entry.module).collect();
        let built: BTreeSet<String> = fs::read_dir(path(folder).join("built"))
            .unwrap()
            .map(|file| format!("built/{}", file.unwrap().file_name().to_str().unwrap()))
            .collect();
        assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), built);
        assert_eq!(listed.len(), built.len(), "a module is listed twice");
    }
}

/// Neither a module nor one of its sources has changed since it was built.
#[test]
fn modules_are_built_from_their_sources() {
    for (folder, entry) in entries() {
        let module = &entry.module;
        assert_eq!(sha256(&read(folder, module)), entry.sha256, "{module} is not the one that was built");
        let sources: Vec<u8> = entry.sources.iter().flat_map(|source| read(folder, source)).collect();
        assert_eq!(sha256(&sources), entry.sources_sha256, "a source of {module} has changed: run rebuild.sh");
        assert!(!entry.toolchain.is_empty(), "{module} does not say what it was built with");
    }
}

/// Modules are valid and name no path of the machine that they were built on.
#[test]
fn modules_are_valid_and_clean() {
    for (folder, entry) in entries() {
        let module = entry.module;
        let bytes = read(folder, &module);
        wasmparser::validate(&bytes).unwrap_or_else(|error| panic!("{module}: {error}"));
        for trace in TRACES {
            let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            assert!(!found, "{module} contains {trace:?}");
        }
    }
}
