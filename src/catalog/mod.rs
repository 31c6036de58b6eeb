//! The catalog: the functions of an engine by name.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    error::{Error, Result},
    function::FunctionDefinition,
};

/// The functions of an engine. Sessions look at the version to learn that something changed.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    version: u64,
    functions: BTreeMap<String, Arc<FunctionDefinition>>,
}

/// What CREATE FUNCTION does when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IfExists {
    #[default]
    Fail,
    /// OR REPLACE
    Replace,
    /// IF NOT EXISTS
    Keep,
}

impl Catalog {
    /// Adds a function.
    ///
    /// # Errors
    /// When there is one of that name and `if_exists` says so.
    pub(crate) fn add(&self, function: FunctionDefinition, if_exists: IfExists) -> Result<()> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.functions.contains_key(function.name()) {
            match if_exists {
                IfExists::Replace => {}
                IfExists::Keep => return Ok(()),
                IfExists::Fail => {
                    return Err(Error::Statement(format!(
                        "function {} exists already; CREATE OR REPLACE FUNCTION replaces it",
                        function.name()
                    )));
                }
            }
        }
        state.version += 1;
        state.functions.insert(function.name().to_owned(), Arc::new(function));
        Ok(())
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.state.read().unwrap_or_else(PoisonError::into_inner).functions.contains_key(name)
    }

    /// Removes a function; `false` when there is none of that name.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let removed = state.functions.remove(name).is_some();
        state.version += u64::from(removed);
        removed
    }

    /// The functions, when the catalog has changed since `version`, with its version now.
    pub(crate) fn changed_since(&self, version: u64) -> Option<(u64, Vec<Arc<FunctionDefinition>>)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.version != version).then(|| (state.version, state.functions.values().map(Arc::clone).collect()))
    }
}
