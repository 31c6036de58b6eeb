//! The variables of the engine as DataFusion's `SET`, `SHOW` and `RESET` see them.

use std::{any::Any, sync::Arc};

use datafusion::{
    common::config::{ConfigEntry, ConfigExtension, ExtensionOptions},
    error::Result,
};

use crate::variables::{FOLDERS, PREFIX, VARIABLES, Variables};

/// A session's view of the variables. They belong to the engine: copies of a configuration share them.
///
/// `extensions_options!` is of no use here: it leaves the prefix out of `entries()`, and then SHOW does not find them.
#[derive(Debug, Clone)]
pub(super) struct WasmConfig(pub(super) Arc<Variables>);

impl ConfigExtension for WasmConfig {
    const PREFIX: &'static str = PREFIX;
}

impl ExtensionOptions for WasmConfig {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        Ok(self.0.set(key, value)?)
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let changeable = VARIABLES.iter().map(|variable| ConfigEntry {
            key: variable.full_name(),
            value: Some(self.0.show(variable)),
            description: variable.description,
        });
        let folders = FOLDERS.iter().map(|(name, description, folder)| ConfigEntry {
            key: format!("{PREFIX}.{name}"),
            value: folder(self.0.start()).map(|folder| folder.display().to_string()),
            description,
        });
        changeable.chain(folders).collect()
    }
}
