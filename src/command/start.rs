//! The session with the settings of the command line.

use std::{ffi::OsString, path::PathBuf, sync::Arc};

use tokio::runtime::Runtime;
use wasmfusion::{Engine, EngineOptions, Session};

use super::{
    error::Error,
    folders,
    options::{Options, Setting},
};

/// What the names of the engine's variables begin with.
const PREFIX: &str = "wasm.";

/// Makes the session.
///
/// # Errors
///
/// Settings that do not exist or are out of range, and a plancache folder that
/// was asked for and cannot be used.
pub(super) fn session(options: &Options, runtime: &Runtime) -> Result<Session, Error> {
    let mut engine_options = EngineOptions { compiler: this_program(), ..EngineOptions::default() };
    let (for_engine, for_session) = options
        .variables
        .iter()
        .partition::<Vec<_>, _>(|setting| setting.name.to_ascii_lowercase().starts_with(PREFIX));
    for setting in for_engine {
        engine_options.set(&setting.name, &setting.value).map_err(Error::Engine)?;
    }
    let session = Session::new(engine(options, engine_options)?);
    for Setting { name, value } in for_session {
        let statement = format!("SET {name} = '{}'", value.replace('\'', "''"));
        let set = runtime.block_on(session.sql(&statement));
        set.map_err(|error| Error::Setting { name: name.clone(), error })?;
    }
    Ok(session)
}

/// What compiles modules.
fn this_program() -> Vec<OsString> {
    // The program that is running, also when another version has its place meanwhile.
    let running = PathBuf::from("/proc/self/exe");
    let program = if running.exists() { Some(running) } else { std::env::current_exe().ok() };
    program.map(PathBuf::into_os_string).into_iter().collect()
}

fn engine(options: &Options, without: EngineOptions) -> Result<Arc<Engine>, Error> {
    let without = EngineOptions { data_dir: options.data_dir.clone(), ..without };
    if options.data_dir.is_some() && options.plancache.is_none() {
        return Engine::new(without).map_err(Error::Engine);
    }
    let folder = options.plancache.clone().or_else(default_plancache).filter(|_| !options.no_plancache);
    let engine = match Engine::new(EngineOptions { plancache: folder, ..without.clone() }) {
        // Nobody asked for this folder, and everything works without it.
        Err(error @ wasmfusion::Error::Plancache { .. }) if options.plancache.is_none() => {
            tracing::warn!(%error, "compiled modules are not kept");
            Engine::new(without)
        }
        result => result,
    };
    engine.map_err(Error::Engine)
}

/// The folder for compiled modules when none is given.
fn default_plancache() -> Option<PathBuf> {
    folders::cache().map(|caches| caches.join("wasmfusion").join("plancache"))
}
