//! The catalog: the functions and extensions of an engine by name, in memory and, with a data folder, in its store.

mod format;
mod modules;
mod store;
mod types;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

use self::store::Store;
pub(crate) use self::{
    format::StoredFunction,
    modules::{ModuleText, Modules},
};
use crate::{
    error::{Error, Result},
    function::FunctionDefinition,
    lock::lock,
    module::Module,
};

/// The functions of an engine. Sessions look at the version to learn that something changed.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// What is known of the catalog. It changes under the lock of the store only.
    state: RwLock<Arc<State>>,
    /// Held while something changes; `None` when everything lives in memory.
    store: Mutex<Option<Store>>,
}

/// What is in a catalog at one time.
#[derive(Debug, Default, Clone)]
pub(crate) struct State {
    version: u64,
    pub(crate) functions: BTreeMap<String, Arc<FunctionDefinition>>,
    pub(crate) extensions: BTreeMap<String, Arc<Extension>>,
    /// Functions that the store has and this program cannot make, with the reason.
    broken: BTreeMap<String, String>,
    /// The revisions of the store's functions.
    revisions: BTreeMap<String, i64>,
}

/// An extension: functions that come and go together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extension {
    pub(crate) name: String,
    /// The statement that makes it, without secrets.
    pub(crate) statement: String,
}

/// What CREATE does when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IfExists {
    #[default]
    Fail,
    /// OR REPLACE
    Replace,
    /// IF NOT EXISTS
    Keep,
}

/// What a statement does to a catalog: first what is dropped, then what is added. All of it happens, or nothing.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) dropped_functions: Vec<String>,
    pub(crate) dropped_extensions: Vec<String>,
    pub(crate) functions: Vec<FunctionDefinition>,
    pub(crate) extensions: Vec<Extension>,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.dropped_functions.is_empty()
            && self.dropped_extensions.is_empty()
            && self.functions.is_empty()
            && self.extensions.is_empty()
    }
}

/// Makes a function of what the store has.
pub(crate) type Rebuild<'a> = &'a dyn Fn(StoredFunction, Arc<Module>) -> Result<FunctionDefinition>;

impl State {
    /// Why a function cannot be added, or nothing when it can.
    ///
    /// # Errors
    /// When there is one of that name and `if_exists` says so, or it belongs to an extension.
    pub(crate) fn check_function(&self, name: &str, if_exists: IfExists) -> Result<()> {
        if let Some(extension) = self.functions.get(name).and_then(|function| function.extension()) {
            return Err(Error::Statement(format!(
                "function {name} belongs to the extension {extension}, which can only be replaced or dropped as a whole"
            )));
        }
        if self.has_function(name) && if_exists != IfExists::Replace {
            return Err(Error::Statement(format!(
                "function {name} exists already; CREATE OR REPLACE FUNCTION replaces it"
            )));
        }
        Ok(())
    }

    /// Why an extension cannot be added, or nothing when it can.
    ///
    /// # Errors
    /// When there is one of that name and `if_exists` says so.
    pub(crate) fn check_extension(&self, name: &str, if_exists: IfExists) -> Result<()> {
        match self.extensions.contains_key(name) && if_exists != IfExists::Replace {
            true => Err(Error::Statement(format!(
                "extension {name} exists already; CREATE OR REPLACE EXTENSION replaces it"
            ))),
            false => Ok(()),
        }
    }

    pub(crate) fn has_extension(&self, name: &str) -> bool {
        self.extensions.contains_key(name)
    }

    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.functions.contains_key(name) || self.broken.contains_key(name)
    }

    /// # Errors
    /// When there are functions that this program could not make: a copy would lose them.
    pub(crate) fn check_whole(&self) -> Result<()> {
        match self.broken.iter().next() {
            None => Ok(()),
            Some((name, why)) => Err(Error::Statement(format!(
                "function {name} of the data folder cannot be used and would be lost: {why}; drop it first, or use the \
                 version of wasmfusion that made it"
            ))),
        }
    }

    /// There is neither a function nor an extension.
    pub(crate) fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.extensions.is_empty() && self.broken.is_empty()
    }

    /// The names of all functions, also of those that cannot be used.
    pub(crate) fn names(&self) -> Vec<String> {
        self.functions.keys().chain(self.broken.keys()).cloned().collect()
    }

    /// Why a function of this name cannot be used, if there is one.
    pub(crate) fn why_broken(&self, name: &str) -> Option<&str> {
        self.broken.get(name).map(String::as_str)
    }

    /// The functions of an extension, in the order of their names.
    pub(crate) fn functions_of<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a Arc<FunctionDefinition>> {
        self.functions.values().filter(move |function| function.extension() == Some(extension))
    }
}

impl Catalog {
    /// A catalog that lives in memory.
    pub(crate) fn in_memory() -> Self {
        Self { state: RwLock::default(), store: Mutex::default() }
    }

    /// Opens the catalog in a folder, and makes it when there is none. It is empty until it is refreshed.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        Ok(Self { state: RwLock::default(), store: Mutex::new(Some(Store::open(folder)?)) })
    }

    /// What is in it, as far as this process knows.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }

    /// Takes over what other processes changed. The answer is what is gone or was replaced.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn refresh(&self, rebuild: Rebuild<'_>) -> Result<Vec<Arc<FunctionDefinition>>> {
        let mut store = lock(&self.store);
        let Some(store) = store.as_mut() else { return Ok(Vec::new()) };
        if !store.has_changed()? {
            return Ok(Vec::new());
        }
        let before = self.state();
        let state = store.read(|read| load(&before, read, rebuild))?;
        let gone = gone(&before, &state);
        self.publish(state);
        Ok(gone)
    }

    /// Changes the catalog as `decide` says when it has seen what is in it at that time. The answer is what is gone or
    /// was replaced.
    ///
    /// # Errors
    /// Those of `decide`, and when the store cannot be written; nothing has changed then.
    pub(crate) fn change(
        &self,
        rebuild: Rebuild<'_>,
        decide: impl FnOnce(&State) -> Result<Change>,
    ) -> Result<Vec<Arc<FunctionDefinition>>> {
        let mut store = lock(&self.store);
        let before = self.state();
        let state = match store.as_mut() {
            None => match decide(&before)? {
                nothing if nothing.is_empty() => return Ok(Vec::new()),
                change => changed((*before).clone(), change, None),
            },
            Some(store) => store.write(|transaction| {
                let now = load(&before, transaction, rebuild)?;
                let change = decide(&now)?;
                if change.is_empty() {
                    return Ok(now);
                }
                let revision = transaction.write(&change)?;
                Ok(changed(now, change, Some(revision)))
            })?,
        };
        let gone = gone(&before, &state);
        self.publish(state);
        Ok(gone)
    }

    /// The functions, when the catalog has changed since `version`, with its version now.
    pub(crate) fn changed_since(&self, version: u64) -> Option<(u64, Vec<Arc<FunctionDefinition>>)> {
        let state = self.state();
        (state.version != version).then(|| (state.version, state.functions.values().map(Arc::clone).collect()))
    }
}

/// A state after a change.
fn changed(mut state: State, change: Change, revision: Option<i64>) -> State {
    state.version += 1;
    for name in &change.dropped_functions {
        state.functions.remove(name);
        state.broken.remove(name);
        state.revisions.remove(name);
    }
    for name in &change.dropped_extensions {
        state.extensions.remove(name);
    }
    for function in change.functions {
        let name = function.name().to_owned();
        state.broken.remove(&name);
        if let Some(revision) = revision {
            state.revisions.insert(name.clone(), revision);
        }
        state.functions.insert(name, Arc::new(function));
    }
    for extension in change.extensions {
        state.extensions.insert(extension.name.clone(), Arc::new(extension));
    }
    state
}

/// The state that the store has, where `before` is known already.
fn load(before: &State, store: &store::Access<'_>, rebuild: Rebuild<'_>) -> Result<State> {
    let mut state = State { version: before.version + 1, ..State::default() };
    let mut modules = Modules::default();
    for extension in store.extensions()? {
        state.extensions.insert(extension.name.clone(), Arc::new(extension));
    }
    for row in store.functions()? {
        let is_known = before.revisions.get(&row.name) == Some(&row.revision);
        state.revisions.insert(row.name.clone(), row.revision);
        if is_known {
            if let Some(function) = before.functions.get(&row.name) {
                state.functions.insert(row.name, Arc::clone(function));
                continue;
            }
            if let Some(why) = before.broken.get(&row.name) {
                state.broken.insert(row.name, why.clone());
                continue;
            }
        }
        let module = modules.get(&row.module, || store.module(&row.module))?;
        let function = module.and_then(|module| {
            let stored = serde_json::from_str(&row.definition).map_err(|error| error.to_string())?;
            rebuild(stored, module).map_err(|error| error.to_string())
        });
        match function {
            Ok(function) => {
                state.functions.insert(row.name, Arc::new(function));
            }
            Err(why) => {
                tracing::warn!(function = row.name, why, "a function of the data folder cannot be used");
                state.broken.insert(row.name, why);
            }
        }
    }
    Ok(state)
}

/// The functions of one state that are not in another any more.
fn gone(before: &State, after: &State) -> Vec<Arc<FunctionDefinition>> {
    let is_gone = |function: &&Arc<FunctionDefinition>| {
        after.functions.get(function.name()).is_none_or(|other| !Arc::ptr_eq(function, other))
    };
    before.functions.values().filter(is_gone).map(Arc::clone).collect()
}
