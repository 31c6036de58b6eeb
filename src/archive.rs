//! Archives of files: tar, plain or with gzip.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Component, Path},
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use tar::{Archive, Builder, EntryType, Header};

/// The files of an archive by their paths, whose parts are separated by `/`.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What an archive may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) files: usize,
    /// The most bytes of one file.
    pub(crate) file: u64,
    /// The most bytes of everything, unpacked.
    pub(crate) total: u64,
}

/// Reads an archive whose content nobody vouches for, into memory and nowhere else.
///
/// # Errors
/// When it is damaged, has anything but files and folders, a path that leads out of it or is there twice, or more than
/// is allowed; with the reason.
pub(crate) fn read(bytes: &[u8], limits: Limits) -> Result<Files, String> {
    let is_gzip = bytes.starts_with(&[0x1f, 0x8b]);
    let unpacked: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) };
    // Names, folders and padding count, too: nothing makes it read more than this.
    let mut unpacked = Bounded { inner: unpacked, left: limits.total };
    let mut files = Files::new();
    let mut archive = Archive::new(&mut unpacked);
    let mut entries = 0;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        entries += 1;
        if entries > limits.files {
            return Err(format!("it has more than {} files", limits.files));
        }
        let path = path_of(&entry.path().map_err(damaged)?)?;
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            EntryType::Symlink | EntryType::Link => return Err(format!("{path} is a link; only files are allowed")),
            _ => return Err(format!("{path} is neither a file nor a folder")),
        }
        if entry.size() > limits.file {
            return Err(format!("{path} has {} bytes, where {} are allowed", entry.size(), limits.file));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(damaged)?;
        if content.len() as u64 != entry.size() {
            return Err(format!("it is cut off within {path}"));
        }
        if files.insert(path.clone(), content).is_some() {
            return Err(format!("{path} is in it twice"));
        }
    }
    if files.is_empty() {
        return Err("it is empty, or no tar archive".to_owned());
    }
    // gzip's own checksum comes at its end.
    io::copy(&mut unpacked, &mut io::sink()).map_err(damaged)?;
    Ok(files)
}

fn damaged(error: io::Error) -> String {
    match error.get_ref().is_some_and(|inner| inner.is::<TooMuch>()) {
        true => error.to_string(),
        false => format!("it is no tar archive, or damaged: {error}"),
    }
}

/// The path of a file inside of the archive.
fn path_of(path: &Path) -> Result<String, String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str().ok_or("a name is not UTF-8")?),
            _ => return Err(format!("the path {} leads out of it", path.display())),
        }
    }
    let joined = parts.join("/");
    // What is a separator elsewhere is no part of a name here.
    if joined.contains(['\\', '\0']) {
        return Err(format!("the path {joined:?} is not allowed"));
    }
    Ok(joined)
}

/// Gives an error instead of more than so many bytes.
struct Bounded<'a> {
    inner: Box<dyn Read + 'a>,
    left: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("it unpacks to more than is allowed")]
struct TooMuch;

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(TooMuch))?;
        Ok(read)
    }
}

/// Writes an archive. The same files give the same bytes.
///
/// # Errors
/// When a path is too long for the format.
pub(crate) fn write(files: &[(String, &[u8])]) -> io::Result<Vec<u8>> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, content) in files {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        builder.append_data(&mut header, path, *content)?;
    }
    builder.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIMITS: Limits = Limits { files: 10, file: 1000, total: 20_000 };

    /// An archive of one entry, with any path.
    fn raw(path: &str, kind: EntryType, size: u64, content: &[u8]) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
        bytes
    }

    fn refused(bytes: &[u8]) -> String {
        read(bytes, LIMITS).unwrap_err()
    }

    #[test]
    fn what_is_written_can_be_read() {
        let long = format!("{}/x", "folder/".repeat(20));
        let files = [("a.sql".to_owned(), &b"text"[..]), (long.clone(), &[0; 700][..])];
        let bytes = write(&files).unwrap();
        assert_eq!(bytes, write(&files).unwrap());
        let read = read(&bytes, LIMITS).unwrap();
        assert_eq!((read["a.sql"].as_slice(), read[&long.replace("//", "/")].len()), (&b"text"[..], 700));
    }

    #[test]
    fn plain_archives_with_folders_are_read() {
        let mut bytes = raw("./dir/", EntryType::Directory, 0, b"");
        bytes.truncate(512);
        bytes.extend(raw("./dir/a", EntryType::Regular, 3, b"abc"));
        assert_eq!(read(&bytes, LIMITS).unwrap()["dir/a"], b"abc");
    }

    #[test]
    fn hostile_archives_are_refused() {
        for path in ["../a", "/etc/passwd", "a/../../b", "a\\..\\b"] {
            let error = refused(&raw(path, EntryType::Regular, 1, b"x"));
            assert!(error.contains("leads out") || error.contains("not allowed"), "{path}: {error}");
        }
        for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Fifo] {
            let error = refused(&raw("a", kind, 0, b""));
            assert!(error.contains("link") || error.contains("neither"), "{kind:?}: {error}");
        }
        // Its header has numbers where others have nothing.
        assert!(refused(&raw("a", EntryType::GNUSparse, 0, b"")).contains("damaged"));
        assert!(refused(&raw("a", EntryType::Regular, 1001, &[0; 1001])).contains("1001 bytes"));
        assert!(refused(&raw("a", EntryType::Regular, 900, b"short")[..600]).contains("cut off"));
        assert!(refused(&raw("a", EntryType::Regular, u64::MAX / 2, b"")).contains("bytes"));
        let twice: Vec<u8> =
            [&raw("a", EntryType::Regular, 1, b"x")[..1024], &raw("./a", EntryType::Regular, 1, b"y")].concat();
        assert!(refused(&twice).contains("twice"));
        let many: Vec<u8> =
            (0..11).flat_map(|i| raw(&format!("f{i}"), EntryType::Regular, 1, b"x")[..1024].to_vec()).collect();
        assert!(refused(&many).contains("more than 10 files"));
        assert!(refused(b"").contains("empty"));
        assert!(refused(&[7; 2000]).contains("damaged"));
    }

    /// Gigabytes of zeros are a few megabytes, and are not unpacked.
    #[test]
    fn bombs_are_refused() {
        let mut zeros = GzEncoder::new(Vec::new(), Compression::fast());
        zeros.write_all(&raw("a", EntryType::Regular, 500, &[0; 512])[..1024]).unwrap();
        // Behind the end of the archive, and as empty blocks within it.
        for _ in 0..64 {
            zeros.write_all(&vec![0; 1 << 20]).unwrap();
        }
        assert!(refused(&zeros.finish().unwrap()).contains("more than is allowed"));
        let long_name = raw("././@LongLink", EntryType::GNULongName, 1 << 30, &[b'a'; 4096]);
        assert!(read(&long_name, LIMITS).is_err());
    }

    /// Either it is noticed, or nothing but a date or another mark is different.
    #[test]
    fn damage_is_noticed() {
        let content: Vec<u8> = (0..900_u32).map(|i| (i * i % 251) as u8).collect();
        let whole = write(&[("a".to_owned(), &content)]).unwrap();
        for position in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[position] ^= 0x10;
            if let Ok(files) = read(&damaged, LIMITS) {
                assert_eq!(files["a"], content, "byte {position}");
            }
            assert!(read(&whole[..position], LIMITS).is_err(), "cut off at {position}");
        }
    }
}
