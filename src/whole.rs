//! Files that are there as a whole or not at all.

use std::{
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

/// Writes a file and gives it its name when all of it is on the disk: after a crash the name does not stand for half.
///
/// # Errors
/// When it cannot be written; what had the name before still has it then.
pub(crate) fn write(mut file: NamedTempFile, parts: &[&[u8]], path: &Path) -> io::Result<()> {
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
