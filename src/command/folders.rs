//! The user's folders, by the XDG rules.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The folder for what programs remember of the user.
pub(super) fn state() -> Option<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state")
}

/// The folder for what programs can make again.
pub(super) fn cache() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", ".cache")
}

/// The folder that a variable names, or else one below the home folder.
fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    match env::var_os(variable) {
        Some(folder) if Path::new(&folder).is_absolute() => Some(folder.into()),
        _ => env::home_dir().map(|home| home.join(below_home)),
    }
}
