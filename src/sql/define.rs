//! Statements that define functions and extensions, and those that show how they were defined.

use datafusion::{
    common::plan_err,
    dataframe::DataFrame,
    error::Result,
    execution::{FunctionRegistry, SessionState},
};

use super::{
    create, extension,
    session::Session,
    source,
    statement::{self, CreateFunction, Source},
};
use crate::{
    catalog::{Change, Extension, IfExists},
    error::Error,
};

impl Session {
    pub(super) async fn create_function(&self, statement: &CreateFunction) -> Result<()> {
        let name = &statement.name;
        if self.engine().has_function(name) {
            if statement.if_exists == IfExists::Keep {
                return Ok(());
            }
            // Before anything is read.
            self.engine().catalog().check_function(name, statement.if_exists)?;
        }
        let state = self.context().state();
        self.check_name(&state, name)?;
        let spec = create::spec(self.engine(), &state, statement)?;
        let (module, wit) = create::read(self.engine(), statement).await?;
        let function = create::build(self.engine(), spec, &module, wit.as_deref())?;
        self.engine().change(|catalog| {
            // Another session may have been faster.
            if statement.if_exists == IfExists::Keep && catalog.has_function(name) {
                return Ok(Change::default());
            }
            catalog.check_function(name, statement.if_exists)?;
            Ok(Change { functions: vec![function], ..Change::default() })
        })?;
        Ok(())
    }

    /// # Errors
    /// When DataFusion, or who set up the context, has a function of that name that may not be shadowed.
    fn check_name(&self, state: &SessionState, name: &str) -> Result<()> {
        if is_taken(state, name) && !self.engine().has_function(name) && !self.engine().variables().shadow_built_in() {
            return plan_err!(
                "function {name} is one of DataFusion's own; choose another name, or SET wasm.shadow_built_in = true"
            );
        }
        Ok(())
    }

    /// `false` when the function is none of ours.
    pub(super) fn drop_function(&self, name: &str, as_written: &str, if_exists: bool) -> Result<bool> {
        let mut dropped = false;
        self.engine().change(|catalog| {
            dropped = catalog.has_function(name);
            if !dropped {
                return Ok(Change::default());
            }
            // It may not be changed alone, and may not be dropped alone.
            catalog.check_function(name, IfExists::Replace)?;
            Ok(Change { dropped_functions: vec![name.to_owned()], ..Change::default() })
        })?;
        // DataFusion does not fold names here, and would drop ours behind the catalog's back.
        match self.engine().has_function(as_written) && !dropped {
            false => Ok(dropped),
            true if if_exists => Ok(true),
            true => plan_err!("function {name} does not exist; to drop the other one, write \"{as_written}\""),
        }
    }

    pub(super) fn show_create_function(&self, name: &str) -> Result<DataFrame> {
        let catalog = self.engine().catalog();
        if let Some(function) = catalog.functions.get(name) {
            return self
                .rows(&["function_name", "statement"], vec![vec![name.to_owned(), function.statement().to_owned()]]);
        }
        match catalog.why_broken(name) {
            Some(why) => plan_err!("function {name} cannot be used: {why}"),
            None => plan_err!("function {name} does not exist, or is not a WebAssembly function"),
        }
    }

    pub(super) async fn create_extension(&self, name: &str, if_exists: IfExists, source: &Source) -> Result<()> {
        self.engine().variables().check_enabled()?;
        if self.engine().catalog().has_extension(name) {
            if if_exists == IfExists::Keep {
                return Ok(());
            }
            // Before anything is read.
            self.engine().catalog().check_extension(name, if_exists)?;
        }
        let archive = source::read(self.engine(), source, extension::max_size(self.engine())).await?;
        let state = self.context().state();
        let functions = extension::read(self.engine(), &state, name, &archive)?;
        for function in &functions {
            self.check_name(&state, function.name())?;
        }
        let statement = format!("CREATE EXTENSION {} FROM {source}", statement::name(name));
        self.engine().change(|catalog| {
            // Another session may have been faster.
            if if_exists == IfExists::Keep && catalog.has_extension(name) {
                return Ok(Change::default());
            }
            catalog.check_extension(name, if_exists)?;
            let replaced: Vec<String> = catalog.functions_of(name).map(|function| function.name().to_owned()).collect();
            for function in functions.iter().filter(|function| !replaced.iter().any(|name| name == function.name())) {
                catalog.check_function(function.name(), IfExists::Fail)?;
            }
            Ok(Change {
                dropped_functions: replaced,
                dropped_extensions: vec![name.to_owned()],
                functions,
                extensions: vec![Extension { name: name.to_owned(), statement }],
            })
        })?;
        Ok(())
    }

    pub(super) fn drop_extension(&self, name: &str, if_exists: bool) -> Result<()> {
        self.engine().change(|catalog| {
            if !catalog.has_extension(name) {
                return match if_exists {
                    true => Ok(Change::default()),
                    false => Err(Error::Statement(format!("extension {name} does not exist"))),
                };
            }
            Ok(Change {
                dropped_functions: catalog.functions_of(name).map(|function| function.name().to_owned()).collect(),
                dropped_extensions: vec![name.to_owned()],
                ..Change::default()
            })
        })?;
        Ok(())
    }

    pub(super) fn show_extensions(&self) -> Result<DataFrame> {
        let catalog = self.engine().catalog();
        let row = |name: &String| {
            let functions: Vec<&str> = catalog.functions_of(name).map(|function| function.name()).collect();
            vec![name.clone(), functions.join(", ")]
        };
        self.rows(&["extension_name", "functions"], catalog.extensions.keys().map(row).collect())
    }

    pub(super) fn show_create_extension(&self, name: &str) -> Result<DataFrame> {
        match self.engine().catalog().extensions.get(name) {
            Some(extension) => self.rows(
                &["extension_name", "statement"],
                vec![vec![extension.name.clone(), extension.statement.clone()]],
            ),
            None => plan_err!("extension {name} does not exist"),
        }
    }
}

/// DataFusion, or who set up the context, has a function of that name.
fn is_taken(state: &SessionState, name: &str) -> bool {
    state.udf(name).is_ok()
        || state.udaf(name).is_ok()
        || state.udwf(name).is_ok()
        || state.table_functions().contains_key(name)
}
