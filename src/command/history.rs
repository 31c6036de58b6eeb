//! Where the prompt keeps the lines of earlier times.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustyline::{Editor, Helper, error::ReadlineError, history::FileHistory};

use super::folders;

/// The file of earlier lines. Whatever fails with it is only logged: the
/// prompt works without.
#[derive(Debug)]
pub(super) struct HistoryFile(Option<PathBuf>);

impl HistoryFile {
    /// The file in the user's state folder, made if it does not exist.
    pub(super) fn open() -> Self {
        let folder = folders::state().map(|folder| folder.join("wasmfusion"));
        Self(folder.and_then(|folder| match fs::create_dir_all(&folder) {
            Ok(()) => Some(folder.join("history")),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "no history is kept");
                None
            }
        }))
    }

    /// Gives the lines of earlier times to the editor.
    pub(super) fn load<H: Helper>(&self, editor: &mut Editor<H, FileHistory>) {
        if let Some(path) = self.0.as_deref().filter(|path| path.exists())
            && let Err(error) = editor.load_history(path)
        {
            log(path, &error);
        }
    }

    /// Adds the new lines of the editor to the file.
    pub(super) fn append<H: Helper>(&self, editor: &mut Editor<H, FileHistory>) {
        if let Some(path) = &self.0
            && let Err(error) = editor.append_history(path)
        {
            log(path, &error);
        }
    }
}

fn log(path: &Path, error: &ReadlineError) {
    tracing::warn!(path = %path.display(), %error, "the history cannot be used");
}
