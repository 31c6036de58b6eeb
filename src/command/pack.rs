//! `wasmfusion extension pack`.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use wasmfusion::Session;

use super::error::Error;

/// Packs the extension in a folder as `output`, or as NAME.tar.gz.
///
/// # Errors
///
/// What is wrong with the extension, and an archive that cannot be written.
pub(super) fn pack(session: &Session, folder: &Path, output: Option<&Path>) -> Result<(), Error> {
    let (name, archive) = session.pack_extension(folder).map_err(Error::Pack)?;
    let path = output.map_or_else(|| PathBuf::from(format!("{name}.tar.gz")), Path::to_owned);
    fs::write(&path, archive).map_err(|error| Error::Write { path: path.clone(), error })?;
    writeln!(io::stdout(), "CREATE EXTENSION {name} FROM LOCAL INFILE '{}';", path.display()).map_err(Error::Output)
}
