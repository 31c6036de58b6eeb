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
    /// Adds a function. The answer is the one that it replaced.
    ///
    /// # Errors
    /// When there is one of that name and `if_exists` says so.
    pub(crate) fn add(
        &self,
        function: FunctionDefinition,
        if_exists: IfExists,
    ) -> Result<Option<Arc<FunctionDefinition>>> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.functions.contains_key(function.name()) {
            match if_exists {
                IfExists::Replace => {}
                IfExists::Keep => return Ok(None),
                IfExists::Fail => {
                    return Err(Error::Statement(format!(
                        "function {} exists already; CREATE OR REPLACE FUNCTION replaces it",
                        function.name()
                    )));
                }
            }
        }
        state.version += 1;
        Ok(state.functions.insert(function.name().to_owned(), Arc::new(function)))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.state.read().unwrap_or_else(PoisonError::into_inner).functions.contains_key(name)
    }

    /// Removes a function, if there is one of that name.
    pub(crate) fn remove(&self, name: &str) -> Option<Arc<FunctionDefinition>> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let removed = state.functions.remove(name)?;
        state.version += 1;
        Some(removed)
    }

    /// All functions, in the order of their names.
    pub(crate) fn functions(&self) -> Vec<Arc<FunctionDefinition>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).functions.values().map(Arc::clone).collect()
    }

    /// The functions, when the catalog has changed since `version`, with its version now.
    pub(crate) fn changed_since(&self, version: u64) -> Option<(u64, Vec<Arc<FunctionDefinition>>)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.version != version).then(|| (state.version, state.functions.values().map(Arc::clone).collect()))
    }
}
