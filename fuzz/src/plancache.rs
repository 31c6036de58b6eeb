//! Files of the plancache that somebody altered.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use arbitrary::{Result, Unstructured};
use wasmfusion::{EngineOptions, Session};

use crate::{backup::alter_bytes, host};

/// The file that an engine makes for the module, by its name and its content.
static WHOLE: LazyLock<(String, Vec<u8>)> = LazyLock::new(|| {
    let folder = host::folder().join("plancache.whole");
    call(&folder);
    let mut files = files(&folder);
    assert_eq!(files.len(), 1, "one module is one image");
    files.pop().expect("there is one")
});

/// What stands before the code is where most is decided.
const HEADER: usize = 160;

/// The entry of the target.
pub fn run(data: &[u8]) {
    // An input that is too short alters nothing.
    let _ = check(&mut Unstructured::new(data));
}

/// Opens an engine on a folder and calls a function, whose image is in the folder or is not. The answer is how many
/// images came from the folder and how many were compiled.
fn call(folder: &Path) -> (i64, i64) {
    let options = EngineOptions { plancache: Some(folder.to_owned()), ..host::options() };
    let session = Session::new(host::engine(options));
    let create = format!(
        "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM BASE64 '{}'",
        host::base64(host::PLUS.as_bytes())
    );
    host::must(&session, &create);
    assert_eq!(host::number(&session, "SELECT plus(40, 2)"), 42);
    let status = |name: &str| host::number(&session, &format!("SELECT value FROM wasm_status WHERE name = '{name}'"));
    (status("plancache_hits"), status("compilations"))
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry of a folder");
            let content = fs::read(entry.path()).unwrap_or_default();
            (entry.file_name().to_string_lossy().into_owned(), content)
        })
        .collect()
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let (name, whole) = &*WHOLE;
    let mut bytes = whole.clone();
    let kind = u.arbitrary::<u8>()?;
    for _ in 0..u.int_in_range(0..=4)? {
        match u.int_in_range(0..=4)? {
            // Code of any kind behind a whole header, and the other way round.
            0 => {
                let header = bytes.len().min(HEADER);
                let (place, length) = (u.int_in_range(0..=header)?, u.int_in_range(0..=64)?.min(u.len()));
                let given = u.bytes(length)?;
                let end = (place + given.len()).min(bytes.len());
                bytes.splice(place..end, given.iter().copied());
            }
            1 => {
                let given = u.bytes(u.len() / 2)?;
                bytes.truncate(HEADER.min(bytes.len()));
                bytes.extend_from_slice(given);
            }
            // One bit.
            2 if !bytes.is_empty() => {
                let place = u.int_in_range(0..=bytes.len() - 1)?;
                bytes[place] ^= 1 << u.int_in_range(0..=7)?;
            }
            _ => alter_bytes(u, &mut bytes)?,
        }
    }
    let folder = host::folder().join("plancache");
    // What the last input left.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder in a temporary folder");
    set_mode(&folder, 0o700);
    let path = folder.join(name);
    let is_usable = put(kind, &path, &bytes) && bytes == *whole;
    let (hits, compilations) = call(&folder);
    assert_eq!(hits, i64::from(is_usable), "an altered image was used, or a whole one was not");
    assert_eq!(compilations, i64::from(!is_usable), "it is compiled when it is not there");
    // A folder in the place of the file cannot be replaced. Whatever else there was has been.
    if !path.is_dir() {
        assert_eq!(call(&folder), (1, 0), "what was not usable was not replaced");
    }
    Ok(())
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
}

/// Puts bytes where the image would be; the answer is whether they may be used if they are the right ones.
fn put(kind: u8, path: &Path, bytes: &[u8]) -> bool {
    let written = |path: &PathBuf, mode| {
        fs::write(path, bytes).expect("a file in a temporary folder");
        set_mode(path, mode);
    };
    match kind {
        // Others can write it.
        0..=7 => {
            written(&path.to_owned(), 0o666);
            false
        }
        8..=11 => {
            fs::create_dir(path).expect("a folder in a temporary folder");
            false
        }
        // A link to a file elsewhere, which is a file of its own.
        12..=15 => {
            let elsewhere = host::folder().join("plancache.elsewhere");
            written(&elsewhere, 0o600);
            symlink(&elsewhere, path).expect("a link in a temporary folder");
            true
        }
        16..=19 => {
            symlink(path.with_extension("none"), path).expect("a link in a temporary folder");
            false
        }
        _ => {
            written(&path.to_owned(), 0o600);
            true
        }
    }
}
