//! Definitions as text, for the store and for backups. The names in here are part of those formats: a change needs
//! another version of them.

use datafusion::arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
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
    parameters: Option<Vec<StoredParameter>>,
    /// An Arrow type as Arrow writes it.
    result: Option<String>,
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
struct StoredParameter {
    name: String,
    r#type: String,
    not_null: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredTable {
    /// Names and types; `None` when they follow from WIT.
    columns: Option<Vec<(String, String)>>,
}

impl StoredFunction {
    pub(crate) fn of(function: &FunctionDefinition) -> Self {
        let FunctionSpec { name, statement, extension, declared, volatility, .. } = &function.spec;
        let parameter = |parameter: &Parameter| StoredParameter {
            name: parameter.name.clone(),
            r#type: parameter.data_type.to_string(),
            not_null: parameter.not_null,
        };
        let columns = |columns: &Vec<(String, DataType)>| {
            columns.iter().map(|(name, ty)| (name.clone(), ty.to_string())).collect()
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
            result: declared.result.as_ref().map(ToString::to_string),
            table: declared.table.as_ref().map(|table| StoredTable { columns: table.as_ref().map(columns) }),
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
        let parameter = |stored: StoredParameter| {
            Ok(Parameter { data_type: parse(&stored.r#type)?, name: stored.name, not_null: stored.not_null })
        };
        let columns = |columns: Vec<(String, String)>| {
            columns.into_iter().map(|(name, ty)| Ok((name, parse(&ty)?))).collect::<Result<Vec<_>>>()
        };
        let params = self.parameters.map(|stored| stored.into_iter().map(parameter).collect::<Result<_>>());
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
                result: self.result.map(|ty| parse(&ty)).transpose()?,
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

fn parse(ty: &str) -> Result<DataType> {
    ty.parse().map_err(|error| Error::Signature(format!("the type {ty}: {error}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::datatypes::{Field, IntervalUnit, TimeUnit};

    use super::*;

    #[test]
    fn types_come_back_as_they_were() {
        let list = |item: DataType| DataType::List(Arc::new(Field::new("item", item, true)));
        for ty in [
            DataType::Boolean,
            DataType::Utf8View,
            DataType::LargeBinary,
            DataType::FixedSizeBinary(16),
            DataType::Decimal128(38, 10),
            DataType::Date32,
            DataType::Time64(TimeUnit::Nanosecond),
            DataType::Timestamp(TimeUnit::Microsecond, None),
            DataType::Timestamp(TimeUnit::Nanosecond, Some("Europe/Berlin".into())),
            DataType::Interval(IntervalUnit::MonthDayNano),
            DataType::Duration(TimeUnit::Second),
            list(DataType::Float32),
        ] {
            assert_eq!(parse(&ty.to_string()).unwrap(), ty, "{ty}");
        }
    }
}
