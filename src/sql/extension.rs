//! Extensions: archives with a script of CREATE FUNCTION statements and the modules that they name.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use datafusion::execution::SessionState;

use super::{
    create, parser,
    statement::{CreateFunction, Place, Source},
};
use crate::{
    archive::{self, Files, Limits},
    catalog::IfExists,
    engine::Engine,
    error::{Error, Result},
    function::FunctionDefinition,
};

/// The most files of an archive.
const MAX_FILES: usize = 1000;
/// How many times the largest module an archive may have unpacked.
const MAX_MODULES: u64 = 8;

/// The most bytes that an archive may have, packed or not.
pub(super) fn max_size(engine: &Engine) -> u64 {
    engine.variables().max_raw_module_size().saturating_mul(MAX_MODULES)
}

/// Makes the functions of an extension from its archive.
///
/// # Errors
/// When the archive is refused, its script has other statements, or one of its functions cannot be made; the extension is
/// named.
pub(super) fn read(
    engine: &Engine,
    state: &SessionState,
    name: &str,
    archive: &[u8],
) -> Result<Vec<FunctionDefinition>> {
    let limits = Limits { files: MAX_FILES, file: engine.variables().max_raw_module_size(), total: max_size(engine) };
    if archive.len() as u64 > limits.total {
        return Err(wrong(name, format!("the archive has more than the {} bytes that are allowed", limits.total)));
    }
    let files = archive::read(archive, limits).map_err(|why| wrong(name, format!("the archive is refused: {why}")))?;
    functions(engine, state, name, &files)
}

fn wrong(name: &str, why: impl std::fmt::Display) -> Error {
    Error::Statement(format!("extension {name}: {why}"))
}

fn functions(engine: &Engine, state: &SessionState, name: &str, files: &Files) -> Result<Vec<FunctionDefinition>> {
    let mut made: Vec<FunctionDefinition> = Vec::new();
    for statement in script(name, files)? {
        let function = function(engine, state, name, &statement, files).map_err(|error| wrong(name, error))?;
        if made.iter().any(|other| other.name() == function.name()) {
            return Err(wrong(name, format!("it makes two functions {}", function.name())));
        }
        made.push(function);
    }
    Ok(made)
}

/// The statements of `name.sql`.
fn script(name: &str, files: &Files) -> Result<Vec<CreateFunction>> {
    let file = format!("{name}.sql");
    let Some(text) = files.get(&file) else {
        let others: Vec<&str> = files.keys().map(String::as_str).collect();
        return Err(wrong(name, format!("there is no {file} in it; there is {}", others.join(", "))));
    };
    let text = std::str::from_utf8(text).map_err(|_| wrong(name, format!("{file} is not UTF-8")))?;
    let statements = parser::parse_script(text).map_err(|error| wrong(name, format!("{file}: {error}")))?;
    if statements.is_empty() {
        return Err(wrong(name, format!("{file} has no CREATE FUNCTION statement")));
    }
    if let Some(statement) = statements.iter().find(|statement| statement.if_exists != IfExists::Fail) {
        return Err(wrong(
            name,
            format!(
                "{file}: function {}: OR REPLACE and IF NOT EXISTS are for the extension as a whole",
                statement.name
            ),
        ));
    }
    Ok(statements)
}

fn function(
    engine: &Engine,
    state: &SessionState,
    extension: &str,
    statement: &CreateFunction,
    files: &Files,
) -> Result<FunctionDefinition> {
    let mut spec = create::spec(engine, state, statement)?;
    spec.extension = Some(extension.to_owned());
    let content = |source: &Source| -> Result<&[u8]> {
        let path = path_in(statement, source)?;
        let missing = || Error::Statement(format!("function {}: there is no file {path} in it", statement.name));
        files.get(&path).map(Vec::as_slice).ok_or_else(missing)
    };
    let module = content(&statement.source)?;
    let wit = statement.wit.as_ref().map(|wit| create::wit_text(content(wit)?.to_vec())).transpose()?;
    create::build(engine, spec, module, wit.as_deref())
}

/// The path of a source within the archive.
fn path_in(statement: &CreateFunction, source: &Source) -> Result<String> {
    let Place::File(path) = &source.place else {
        return Err(Error::Statement(format!(
            "function {}: FROM {source}: an extension brings its files, FROM LOCAL INFILE 'path' in the archive",
            statement.name
        )));
    };
    Ok(path.strip_prefix("./").unwrap_or(path).to_owned())
}

/// Packs the extension in a folder, which has one `name.sql` and the files that its statements name, and checks that its
/// functions can be made.
///
/// # Errors
/// When they cannot, or a file cannot be read.
pub(super) fn pack(engine: &Engine, state: &SessionState, folder: &Path) -> Result<(String, Vec<u8>)> {
    let read =
        |path: PathBuf| fs::read(&path).map_err(|source| Error::Read { path: path.display().to_string(), source });
    let shown = folder.display();
    let entries = fs::read_dir(folder).map_err(|source| Error::Read { path: shown.to_string(), source })?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let scripts: Vec<String> = names.filter_map(|name| name.strip_suffix(".sql").map(str::to_owned)).collect();
    let [name] = scripts.as_slice() else {
        let what = if scripts.is_empty() { "none".to_owned() } else { scripts.join(".sql, ") + ".sql" };
        return Err(Error::Statement(format!(
            "{shown}: one file name.sql says what the extension is; there is {what}"
        )));
    };
    let mut files = Files::new();
    let file = format!("{name}.sql");
    files.insert(file.clone(), read(folder.join(&file))?);
    let mut paths = BTreeSet::new();
    for statement in script(name, &files)? {
        for source in std::iter::once(&statement.source).chain(&statement.wit) {
            paths.insert(path_in(&statement, source).map_err(|error| wrong(name, error))?);
        }
    }
    for path in paths {
        let content = read(folder.join(&path))?;
        files.insert(path, content);
    }
    let listed: Vec<(String, &[u8])> = files.iter().map(|(path, content)| (path.clone(), &content[..])).collect();
    let packed = archive::write(&listed).map_err(|error| wrong(name, error))?;
    // As it will be read: also its paths and sizes are checked.
    self::read(engine, state, name, &packed)?;
    Ok((name.clone(), packed))
}
