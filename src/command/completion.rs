//! What the editor of the prompt knows about SQL.

use std::collections::BTreeSet;

use datafusion::{common::utils::quote_identifier, prelude::SessionContext};
use rustyline::{
    Context, Helper, Highlighter, Hinter,
    completion::Completer,
    validate::{ValidationContext, ValidationResult, Validator},
};

use super::statements;

/// Keywords that begin statements or clauses, or are common within these.
const KEYWORDS: &str = "\
ALL ANALYZE AND ANTI AS ASC BETWEEN BY CASE CAST COLUMNS COPY CREATE CROSS \
CURRENT DATABASE DELETE DESC DESCRIBE DISTINCT DROP ELSE END EXCEPT EXISTS \
EXPLAIN EXTERNAL FALSE FILTER FOLLOWING FROM FULL FUNCTION FUNCTIONS GROUP \
HAVING IF ILIKE IN INNER INSERT INTERSECT INTERVAL INTO IS JOIN LANGUAGE \
LATERAL LEFT LIKE LIMIT LOCATION NATURAL NOT NULL NULLS OFFSET ON OPTIONS OR \
ORDER OUTER OVER PARTITION PARTITIONED PRECEDING RECURSIVE REPLACE RETURNS \
RIGHT ROWS SCHEMA SELECT SEMI SET SHOW STORED TABLE TABLES THEN TO TRUE \
UNBOUNDED UNION UNNEST UPDATE USING VALUES VERBOSE VIEW WHEN WHERE WINDOW \
WITH";

/// The names that statements can use.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Tables and views, and the schemas and catalogs they are in.
    tables: BTreeSet<String>,
    /// Columns of all tables.
    columns: BTreeSet<String>,
    /// Functions of all kinds.
    functions: BTreeSet<String>,
}

impl Names {
    /// The names that the context knows now.
    pub(super) async fn of(context: &SessionContext) -> Self {
        let mut names = Self::default();
        let state = context.state();
        names.functions.extend(state.scalar_functions().keys().cloned());
        names.functions.extend(state.aggregate_functions().keys().cloned());
        names.functions.extend(state.window_functions().keys().cloned());
        names.functions.extend(state.table_functions().keys().cloned());
        for catalog_name in context.catalog_names() {
            let Some(catalog) = context.catalog(&catalog_name) else {
                continue;
            };
            names.tables.insert(catalog_name);
            for schema_name in catalog.schema_names() {
                let Some(schema) = catalog.schema(&schema_name) else {
                    continue;
                };
                names.tables.insert(schema_name);
                for table_name in schema.table_names() {
                    // A table that cannot be opened has a name all the same.
                    if let Ok(Some(table)) = schema.table(&table_name).await {
                        let schema = table.schema();
                        let fields = schema.fields().iter();
                        names.columns.extend(fields.map(|field| field.name().clone()));
                    }
                    names.tables.insert(table_name);
                }
            }
        }
        names
    }

    /// What the word that ends at the end of `line` could become, and the byte
    /// offset at which it begins.
    fn complete(&self, line: &str) -> (usize, Vec<String>) {
        let start = line
            .char_indices()
            .rfind(|(_, character)| !(character.is_alphanumeric() || *character == '_'))
            .map_or(0, |(offset, character)| offset + character.len_utf8());
        let (before, word) = line.split_at(start);
        let (before, is_quoted) = match before.strip_suffix('"') {
            // The completed name gets its quotes back if it needs them.
            Some(before) => (before, true),
            None => (before, false),
        };
        let mut found = BTreeSet::new();
        if before.starts_with("\\h") {
            found.extend(matching(&self.functions, word));
        } else if before.starts_with("\\d") {
            found.extend(matching(&self.tables, word));
        } else if is_quoted || before.ends_with('.') {
            found.extend(matching(&self.tables, word));
            found.extend(matching(&self.columns, word));
        } else if !word.is_empty() {
            found.extend(keywords(word));
            found.extend(matching(&self.functions, word));
            found.extend(matching(&self.tables, word));
            found.extend(matching(&self.columns, word));
        }
        (before.len(), found.into_iter().collect())
    }
}

/// The keywords that begin with `word`, in the case in which it is typed.
fn keywords(word: &str) -> impl Iterator<Item = String> {
    let lower = !word.contains(char::is_uppercase);
    KEYWORDS
        .split(' ')
        .filter(|keyword| begins_with(keyword, word))
        .map(move |keyword| if lower { keyword.to_lowercase() } else { keyword.to_owned() })
}

/// The names that begin with `word`, quoted where SQL needs it.
fn matching(names: &BTreeSet<String>, word: &str) -> impl Iterator<Item = String> {
    names.iter().filter(|name| begins_with(name, word)).map(|name| quote_identifier(name).into_owned())
}

/// Whether `name` begins with `word`, in whatever case.
fn begins_with(name: &str, word: &str) -> bool {
    name.to_lowercase().starts_with(&word.to_lowercase())
}

/// Completes words and finds out whether a statement has ended.
#[derive(Debug, Default, Helper, Highlighter, Hinter)]
pub(super) struct SqlHelper {
    names: Names,
}

impl SqlHelper {
    /// Replaces the names that can be completed.
    pub(super) fn set_names(&mut self, names: Names) {
        self.names = names;
    }
}

impl Completer for SqlHelper {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _context: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.names.complete(&line[..position]))
    }
}

impl Validator for SqlHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let is_command = input.trim_start().starts_with('\\');
        Ok(if !is_command && statements::is_unfinished(input) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    use super::*;

    async fn complete(line: &str) -> (usize, Vec<String>) {
        let context = SessionContext::new();
        for sql in
            ["CREATE TABLE sales AS SELECT 1 AS satisfied, 2 AS \"Saved\"", "CREATE VIEW \"Sale\" AS SELECT 1 AS one"]
        {
            context.sql(sql).await.expect("the table is made");
        }
        Names::of(&context).await.complete(line)
    }

    #[tokio::test]
    async fn words_are_completed() {
        let (start, found) = complete("SELECT sa").await;
        assert_eq!(start, 7);
        assert_eq!(found, ["\"Sale\"", "\"Saved\"", "sales", "satisfied"]);
    }

    #[tokio::test]
    async fn keywords_keep_the_case() {
        assert_eq!(complete("sele").await.1, ["select"]);
        assert_eq!(complete("1 + Sele").await.1, ["SELECT"]);
    }

    #[tokio::test]
    async fn functions_are_completed() {
        assert_eq!(complete("SELECT (row_n").await, (8, vec!["row_number".to_owned()]));
        assert_eq!(complete("\\h row_n").await.1, ["row_number"]);
    }

    #[tokio::test]
    async fn members_are_columns_and_tables() {
        assert_eq!(complete("SELECT s.sat").await, (9, vec!["satisfied".to_owned()]));
        assert_eq!(complete("SELECT s.sel").await, (9, vec![]));
    }

    #[tokio::test]
    async fn quoted_names_are_completed() {
        assert_eq!(complete("SELECT \"Sav").await, (7, vec!["\"Saved\"".to_owned()]));
    }

    #[tokio::test]
    async fn commands_take_names() {
        assert_eq!(complete("\\d sal").await, (3, vec!["\"Sale\"".to_owned(), "sales".to_owned()]));
    }

    #[tokio::test]
    async fn nothing_is_guessed_without_a_letter() {
        assert_eq!(complete("SELECT ").await, (7, vec![]));
    }
}
