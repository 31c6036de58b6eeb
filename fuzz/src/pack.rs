//! Archives made of fuzz input.

use std::io::Write;

use arbitrary::{Result, Unstructured};
use flate2::{Compression, write::GzEncoder};
use tar::{EntryType, Header};

/// A file for an archive.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: Vec<u8>,
    pub(crate) content: Vec<u8>,
}

impl Entry {
    pub(crate) fn new(path: &str, content: &[u8]) -> Self {
        Self { path: path.into(), content: content.into() }
    }
}

/// A tar archive as everybody writes it.
pub(crate) fn plain(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Entry { path, content } in entries {
        append(&mut bytes, path, EntryType::Regular, content, None, true);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory can be written")
}

/// A tar archive, mostly right: entries of every kind, with sizes and checksums that are sometimes wrong, cut off or with
/// something behind the end, and mostly with gzip.
pub(crate) fn wild(u: &mut Unstructured<'_>, entries: &[Entry]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for Entry { path, content } in entries {
        let kind = match u.arbitrary::<u8>()? {
            0..=15 => EntryType::new(u.arbitrary()?),
            16..=23 => *u.choose(&[EntryType::Directory, EntryType::Symlink, EntryType::Link, EntryType::Fifo])?,
            24..=31 => *u.choose(&[
                EntryType::GNULongName,
                EntryType::GNULongLink,
                EntryType::XHeader,
                EntryType::XGlobalHeader,
                EntryType::GNUSparse,
                EntryType::Continuous,
            ])?,
            _ => EntryType::Regular,
        };
        let size = match u.ratio(1, 20)? {
            true => Some(*u.choose(&[0, 1, 511, 513, 1 << 20, (1 << 20) + 1, 1 << 33, u64::MAX, u64::MAX / 2])?),
            false => None,
        };
        append(&mut bytes, path, kind, content, size, u.ratio(19, 20)?);
    }
    match u.arbitrary::<u8>()? {
        0..=7 => bytes.truncate(bytes.len().saturating_sub(u.int_in_range(0..=1536)?)),
        8..=15 => bytes.resize(bytes.len() + 1024, u.arbitrary()?),
        // Zeros that pack well.
        16..=19 => bytes.resize(bytes.len() + (usize::from(u.arbitrary::<u8>()?) << 13), 0),
        _ => bytes.resize(bytes.len() + 1024, 0),
    }
    Ok(match u.int_in_range(0..=7)? {
        0 | 1 => bytes,
        // In members.
        2 => {
            let (first, second) = bytes.split_at(u.int_in_range(0..=bytes.len())?);
            [gzip(first), gzip(second)].concat()
        }
        // Damaged.
        3 => {
            let mut packed = gzip(&bytes);
            let place = u.int_in_range(0..=packed.len() - 1)?;
            packed[place] ^= 1 << u.int_in_range(0..=7)?;
            packed
        }
        4 => {
            let mut packed = gzip(&bytes);
            packed.truncate(u.int_in_range(0..=packed.len())?);
            packed
        }
        _ => gzip(&bytes),
    })
}

fn append(bytes: &mut Vec<u8>, path: &[u8], kind: EntryType, content: &[u8], size: Option<u64>, right_sum: bool) {
    let mut header = Header::new_gnu();
    let name = &path[..path.len().min(100)];
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(size.unwrap_or(content.len() as u64));
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    if !right_sum {
        header.as_mut_bytes()[148] ^= 1;
    }
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
}
