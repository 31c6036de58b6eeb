//! Backup and restore: all definitions with their modules as one archive.
//!
//! `backup.json` says what there is, `modules/` has each module once under its hash, `images/` the compiled code if that
//! was asked for. gzip's checksum, and the hashes that modules are named by, tell damage from a backup. What is in
//! `images/` runs as it is: only whoever says so takes it over.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    archive::{self, Files, Limits},
    catalog::{Change, Extension, ModuleText, Modules, StoredFunction},
    engine::Engine,
    error::{Error, Result},
    function::FunctionDefinition,
};

/// The version of the format. One that is read has to be known.
const FORMAT: u32 = 1;

const MANIFEST: &str = "backup.json";
const IMAGES: &str = "images/";

/// What an archive may unpack to, for each of its bytes: code is never as dense as zeros.
const DENSITY: u64 = 200;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// The version of the program that wrote it.
    program: String,
    extensions: Vec<Extension>,
    functions: Vec<Function>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Function {
    /// The hash of its module.
    module: String,
    definition: StoredFunction,
}

fn wasm(hash: &str) -> String {
    format!("modules/{hash}.wasm")
}

fn wit(hash: &str) -> String {
    format!("modules/{hash}.wit")
}

/// Makes the archive of everything that is in the catalog; `images` compiles what was not called yet, too.
///
/// # Errors
/// When a module cannot be compiled.
pub(super) fn backup(engine: &Engine, images: bool) -> Result<Vec<u8>> {
    let state = engine.catalog();
    state.check_whole()?;
    let function = |function: &Arc<FunctionDefinition>| Function {
        module: function.module_hash().to_string(),
        definition: StoredFunction::of(function),
    };
    let manifest = Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        extensions: state.extensions.values().map(|extension| Extension::clone(extension)).collect(),
        functions: state.functions.values().map(function).collect(),
    };
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(|error| failed(error.to_string()))?;
    let mut files: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
    for function in state.functions.values() {
        let hash = function.module_hash().to_string();
        files.insert(wasm(&hash), Arc::clone(function.module.bytes()));
        if let Some(text) = function.module.wit_text() {
            files.insert(wit(&hash), text.as_bytes().into());
        }
    }
    if images {
        let images = engine.image_files(state.functions.values())?;
        files.extend(images.into_iter().map(|(name, code)| (format!("{IMAGES}{name}"), code.into())));
    }
    let mut listed = vec![(MANIFEST.to_owned(), &manifest[..])];
    listed.extend(files.iter().map(|(path, content)| (path.clone(), &content[..])));
    archive::write(&listed).map_err(|error| failed(error.to_string()))
}

fn failed(why: String) -> Error {
    Error::Statement(format!("BACKUP DATABASE: {why}"))
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::Statement(format!("RESTORE DATABASE: {why}; nothing was changed"))
}

/// A backup that was read and checked.
pub(super) struct Restored {
    functions: Vec<FunctionDefinition>,
    extensions: Vec<Extension>,
    images: BTreeMap<String, Vec<u8>>,
}

/// Reads an archive and makes its functions.
///
/// # Errors
/// When it is damaged, of a newer format, or one of its functions cannot be made.
pub(super) fn read(engine: &Engine, bytes: &[u8]) -> Result<Restored> {
    let limits = Limits {
        files: usize::MAX,
        file: 1 << 34,
        total: (bytes.len() as u64).saturating_mul(DENSITY).saturating_add(1 << 20),
    };
    let mut files = archive::read(bytes, limits).map_err(refused)?;
    let manifest = files.remove(MANIFEST).ok_or_else(|| refused(format!("there is no {MANIFEST} in the archive")))?;
    let format = serde_json::from_slice::<serde_json::Value>(&manifest).ok().and_then(|json| json["format"].as_u64());
    match format {
        Some(format) if format == u64::from(FORMAT) => {}
        Some(format) => {
            return Err(refused(format!(
                "the backup has format {format}, and this version of wasmfusion reads format {FORMAT}"
            )));
        }
        None => return Err(refused(format!("{MANIFEST} does not say its format"))),
    }
    let manifest: Manifest =
        serde_json::from_slice(&manifest).map_err(|error| refused(format!("{MANIFEST}: {error}")))?;
    let mut modules = Modules::default();
    let mut functions = Vec::with_capacity(manifest.functions.len());
    for Function { module: hash, definition } in manifest.functions {
        let wrong = |why: String| refused(format!("function {}: {why}", definition.name()));
        let module = modules.get(&hash, || Ok(module_in(&files, &hash)))?.map_err(wrong)?;
        functions.push(engine.rebuild(definition.clone(), module).map_err(|error| wrong(error.to_string()))?);
    }
    for extension in functions.iter().filter_map(FunctionDefinition::extension) {
        if !manifest.extensions.iter().any(|known| known.name == extension) {
            return Err(refused(format!("there is no extension {extension} in {MANIFEST}")));
        }
    }
    let images = files.into_iter().filter_map(|(path, code)| Some((path.strip_prefix(IMAGES)?.to_owned(), code)));
    Ok(Restored { functions, extensions: manifest.extensions, images: images.collect() })
}

fn module_in(files: &Files, hash: &str) -> Option<ModuleText> {
    let wit = files.get(&wit(hash)).map(|text| String::from_utf8_lossy(text).into_owned());
    Some((files.get(&wasm(hash))?.clone(), wit))
}

impl Restored {
    /// Puts everything into the catalog, in the place of what is there if `replace`; and the images into the plancache
    /// if `images`.
    ///
    /// # Errors
    /// When the catalog is not empty and not to be replaced, or cannot be written.
    pub(super) fn restore(self, engine: &Engine, replace: bool, images: bool) -> Result<()> {
        let Self { functions, extensions, images: files } = self;
        if images {
            engine.take_images(&files)?;
        }
        engine.change(|state| {
            if !replace && !state.is_empty() {
                return Err(refused("there are functions already; RESTORE OR REPLACE DATABASE replaces all of them"));
            }
            Ok(Change {
                dropped_functions: state.names(),
                dropped_extensions: state.extensions.keys().cloned().collect(),
                functions,
                extensions,
            })
        })
    }
}
