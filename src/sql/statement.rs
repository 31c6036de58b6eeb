//! Statements that DataFusion does not know, as they were written.

use datafusion::sql::sqlparser::ast::DataType as SqlType;

use crate::{catalog::IfExists, function::Volatility, module::Abi};

/// A statement of ours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    CreateFunction(Box<CreateFunction>),
    /// DROP FUNCTION; the name may be one of DataFusion's own functions.
    DropFunction {
        /// Folded to lower case unless it was quoted.
        name: String,
        as_written: String,
        if_exists: bool,
    },
    /// RESET of a variable of ours, by its name without the prefix.
    Reset(String),
}

/// CREATE FUNCTION … AS WASM, or … LANGUAGE wasm AS.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateFunction {
    /// Folded to lower case unless it was quoted.
    pub(crate) name: String,
    pub(crate) if_exists: IfExists,
    /// `None` when the types follow from WIT.
    pub(crate) params: Option<Vec<SqlParameter>>,
    pub(crate) returns: Option<Returns>,
    pub(crate) volatility: Volatility,
    /// CALLED ON NULL INPUT is `Some(true)`, RETURNS NULL ON NULL INPUT and STRICT `Some(false)`.
    pub(crate) called_on_null: Option<bool>,
    pub(crate) abi: Option<Abi>,
    /// In bytes.
    pub(crate) grow_to: Option<u64>,
    pub(crate) source: Source,
    pub(crate) wit: Option<Source>,
    pub(crate) export: Option<String>,
}

/// What a function is declared to return.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Returns {
    Type(SqlType),
    /// RETURNS TABLE; without columns they follow from WIT.
    Table(Option<Vec<(String, SqlType)>>),
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SqlParameter {
    pub(crate) name: String,
    pub(crate) ty: SqlType,
    pub(crate) not_null: bool,
}

/// Where bytes come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// A file of this machine.
    File(String),
    /// The text of a BASE64 clause.
    Base64(String),
    /// Another machine, by the word or the scheme for how to get there.
    Remote(String),
}
