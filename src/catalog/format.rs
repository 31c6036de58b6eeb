//! Definitions as text, for the store and for backups. The names in here are part of those formats: a change needs
//! another version of them.

use datafusion::arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use super::types::{StoredField, StoredType};
use crate::{
    error::Result,
    function::{FunctionDefinition, FunctionSpec, Volatility},
    module::{Abi, DeclaredTypes, Parameter},
};

/// A function without its module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredFunction {
    name: String,
    statement: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    extension: Option<String>,
    abi: StoredAbi,
    export: String,
    memory_limit: u64,
    volatility: StoredVolatility,
    parameters: Option<Vec<StoredField>>,
    result: Option<StoredType>,
    table: Option<StoredTable>,
    called_on_null: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredAbi {
    Basic,
    Canonical,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredVolatility {
    Immutable,
    Stable,
    Volatile,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredTable {
    /// `None` when they follow from WIT.
    columns: Option<Vec<StoredField>>,
}

impl StoredFunction {
    pub(crate) fn of(function: &FunctionDefinition) -> Self {
        let FunctionSpec { name, statement, extension, declared, volatility, .. } = &function.spec;
        let parameter =
            |parameter: &Parameter| StoredField::new(&parameter.name, &parameter.data_type, !parameter.not_null);
        let column = |(name, ty): &(String, DataType)| StoredField::new(name, ty, true);
        let table = |table: &Option<Vec<(String, DataType)>>| StoredTable {
            columns: table.as_ref().map(|columns| columns.iter().map(column).collect()),
        };
        Self {
            name: name.clone(),
            statement: statement.clone(),
            extension: extension.clone(),
            abi: match function.abi() {
                Abi::Basic => StoredAbi::Basic,
                Abi::Canonical => StoredAbi::Canonical,
            },
            export: function.export().to_owned(),
            memory_limit: function.memory_limit(),
            volatility: match volatility {
                Volatility::Immutable => StoredVolatility::Immutable,
                Volatility::Stable => StoredVolatility::Stable,
                Volatility::Volatile => StoredVolatility::Volatile,
            },
            parameters: declared.params.as_ref().map(|params| params.iter().map(parameter).collect()),
            result: declared.result.as_ref().map(StoredType::of),
            table: declared.table.as_ref().map(table),
            called_on_null: declared.called_on_null,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What is needed to make the function, with the memory limit in bytes that it was made with.
    ///
    /// # Errors
    /// When a type is not one that this version knows.
    pub(crate) fn spec(self) -> Result<(FunctionSpec, u64)> {
        let parameter = |field: StoredField| {
            Ok(Parameter { data_type: field.r#type.data_type()?, name: field.name, not_null: !field.nullable })
        };
        let columns = |columns: Vec<StoredField>| {
            columns.into_iter().map(|field| Ok((field.name, field.r#type.data_type()?))).collect::<Result<Vec<_>>>()
        };
        let params = self.parameters.map(|fields| fields.into_iter().map(parameter).collect::<Result<_>>());
        let table = self.table.map(|table| table.columns.map(columns).transpose());
        let spec = FunctionSpec {
            name: self.name,
            statement: self.statement,
            extension: self.extension,
            abi: Some(match self.abi {
                StoredAbi::Basic => Abi::Basic,
                StoredAbi::Canonical => Abi::Canonical,
            }),
            export: Some(self.export),
            grow_to: None,
            declared: DeclaredTypes {
                params: params.transpose()?,
                result: self.result.map(|ty| ty.data_type()).transpose()?,
                table: table.transpose()?,
                called_on_null: self.called_on_null,
            },
            volatility: match self.volatility {
                StoredVolatility::Immutable => Volatility::Immutable,
                StoredVolatility::Stable => Volatility::Stable,
                StoredVolatility::Volatile => Volatility::Volatile,
            },
        };
        Ok((spec, self.memory_limit))
    }
}
