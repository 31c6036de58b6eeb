//! Modules as a store or a backup has them.

use std::{collections::BTreeMap, sync::Arc};

use crate::{error::Result, module::Module};

/// A module's bytes and the text of the WIT that was given with it.
pub(crate) type ModuleText = (Vec<u8>, Option<String>);

/// Modules by the hash that they are kept under; each is read once.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    read: BTreeMap<String, Result<Arc<Module>, String>>,
}

impl Modules {
    /// The module of a hash, which `fetch` gets if it is there; or why it cannot be used.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub(crate) fn get(
        &mut self,
        hash: &str,
        fetch: impl FnOnce() -> Result<Option<ModuleText>>,
    ) -> Result<Result<Arc<Module>, String>> {
        if let Some(known) = self.read.get(hash) {
            return Ok(known.clone());
        }
        let module = match fetch()? {
            None => Err(format!("its module {hash} is missing")),
            Some((bytes, wit)) => match Module::read(&bytes, wit.as_deref(), NO_LIMIT) {
                Err(error) => Err(error.to_string()),
                Ok(module) if module.hash().to_string() == hash => Ok(Arc::new(module)),
                Ok(_) => Err(format!("its module is damaged: the content does not have the hash {hash}")),
            },
        };
        self.read.insert(hash.to_owned(), module.clone());
        Ok(module)
    }
}

/// What is kept was allowed once.
const NO_LIMIT: u64 = u64::MAX;
