//! Statements that DataFusion does not know, as they were written.

use std::fmt;

use datafusion::sql::sqlparser::{ast::DataType as SqlType, keywords::ALL_KEYWORDS};

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
    ShowCreateFunction(String),
    CreateExtension {
        name: String,
        if_exists: IfExists,
        source: Source,
    },
    DropExtension {
        name: String,
        if_exists: bool,
    },
    ShowExtensions,
    ShowCreateExtension(String),
    Backup {
        target: Source,
        plancache: bool,
    },
    Restore {
        source: Source,
        replace: bool,
        /// Compiled code in the archive is taken over.
        plancache: bool,
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

/// Where bytes come from, or go to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) place: Place,
    /// The SHA-256 that the bytes must have, in lower-case hexadecimal digits.
    pub(crate) sha256: Option<String>,
}

/// A place for bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    /// A file of this machine.
    File(String),
    /// The text of a BASE64 clause.
    Base64(String),
    /// A web address.
    Url(Secret),
    /// An object store.
    Store {
        service: Service,
        /// Bucket or container, `/`, key.
        path: String,
        /// Settings as a JSON object.
        config: Option<String>,
        credentials: Option<Secret>,
    },
}

/// A kind of object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    S3,
    Gcs,
    Azure,
}

/// Text that nothing prints.
#[derive(Clone, PartialEq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Service {
    /// The word for it in SQL.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::S3 => "S3",
            Self::Gcs => "GCS",
            Self::Azure => "AZURE",
        }
    }
}

impl From<Place> for Source {
    fn from(place: Place) -> Self {
        Self { place, sha256: None }
    }
}

impl Place {
    /// Whether bytes cross the network on the way.
    pub(crate) fn is_remote(&self) -> bool {
        matches!(self, Self::Url(_) | Self::Store { .. })
    }
}

/// As SQL, but without what must not be seen: bytes, credentials, and what a URL may have of them.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path) => write!(f, "INFILE {}", quoted(path))?,
            Place::Base64(_) => f.write_str("BASE64 '…'")?,
            Place::Url(url) => write!(f, "URL {}", quoted(&without_secrets(&url.0)))?,
            Place::Store { service, path, config, credentials } => {
                write!(f, "{} {}", service.word(), quoted(path))?;
                if let Some(config) = config {
                    write!(f, " CONFIG {}", quoted(config))?;
                }
                if credentials.is_some() {
                    f.write_str(" CREDENTIALS '…'")?;
                }
            }
        }
        match &self.sha256 {
            Some(sum) => write!(f, " SHA256 '{sum}'"),
            None => Ok(()),
        }
    }
}

/// A web address without user, password and query.
pub(super) fn without_secrets(url: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, ""), |(base, _)| (base, "?…"));
    let (scheme, rest) = base.split_once("://").unwrap_or(("", base));
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let separator = if scheme.is_empty() { "" } else { "://" };
    let path = path.map(|path| format!("/{path}")).unwrap_or_default();
    format!("{scheme}{separator}{host}{path}{query}")
}

/// A text as a SQL string.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as SQL, in quotes if it would be folded or taken for a keyword otherwise.
pub(super) fn name(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !ALL_KEYWORDS.contains(&name.to_ascii_uppercase().as_str());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The statement in one form, whichever it was written in; nothing in it is secret.
impl fmt::Display for CreateFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CREATE FUNCTION {}", name(&self.name))?;
        if let Some(params) = &self.params {
            let params = params.iter().map(|param| {
                let not_null = if param.not_null { " NOT NULL" } else { "" };
                format!("{} {}{not_null}", name(&param.name), param.ty)
            });
            write!(f, "({})", params.collect::<Vec<_>>().join(", "))?;
        }
        match &self.returns {
            None => {}
            Some(Returns::Type(ty)) => write!(f, " RETURNS {ty}")?,
            Some(Returns::Table(None)) => f.write_str(" RETURNS TABLE")?,
            Some(Returns::Table(Some(columns))) => {
                let columns = columns.iter().map(|(column, ty)| format!("{} {ty}", name(column)));
                write!(f, " RETURNS TABLE ({})", columns.collect::<Vec<_>>().join(", "))?;
            }
        }
        match self.volatility {
            Volatility::Immutable => {}
            Volatility::Stable => f.write_str(" STABLE")?,
            Volatility::Volatile => f.write_str(" VOLATILE")?,
        }
        match self.called_on_null {
            None => {}
            Some(true) => f.write_str(" CALLED ON NULL INPUT")?,
            Some(false) => f.write_str(" RETURNS NULL ON NULL INPUT")?,
        }
        f.write_str(" AS WASM")?;
        if let Some(abi) = self.abi {
            write!(f, " ABI {}", format!("{abi:?}").to_uppercase())?;
        }
        if let Some(bytes) = self.grow_to {
            write!(f, " GROW TO {bytes}")?;
        }
        write!(f, " FROM {}", self.source)?;
        if let Some(wit) = &self.wit {
            write!(f, " WITH WIT FROM {wit}")?;
        }
        match &self.export {
            Some(export) => write!(f, " USING EXPORT {}", quoted(export)),
            None => Ok(()),
        }
    }
}
