//! `wasmfusion extension pack`.

use std::{
    io::{self, Write as _},
    path::Path,
};

use wasmfusion::Session;

use super::error::Error;

/// Packs the extension in a folder as `output`, or as NAME.tar.gz.
///
/// # Errors
///
/// What is wrong with the extension, and an archive that cannot be written.
pub(super) fn pack(session: &Session, folder: &Path, output: Option<&Path>) -> Result<(), Error> {
    let (name, path) = session.pack_extension(folder, output).map_err(Error::Pack)?;
    writeln!(io::stdout(), "CREATE EXTENSION {name} FROM LOCAL INFILE '{}';", path.display()).map_err(Error::Output)
}
