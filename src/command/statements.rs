//! Splitting text into SQL statements.

use std::{iter::Peekable, str::CharIndices};

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer, TokenizerError},
};

/// Most characters of a statement that an [`excerpt`] shows.
const EXCERPT_LENGTH: usize = 80;

/// One statement of a longer text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// Number of the statement in the text, from 1.
    pub(super) number: usize,
    /// Line of the text on which the statement begins, from 1.
    pub(super) line: u64,
    /// The statement as it was written, from its first token up to the
    /// semicolon.
    pub(super) text: &'a str,
}

/// The place in a text from which on it is not SQL, such as a string without
/// an end.
#[derive(Debug)]
pub(super) struct NotSql<'a> {
    /// The statement with the error, up to the end of the text.
    pub(super) statement: Statement<'a>,
    /// What is wrong, and at which line and column of the text.
    pub(super) error: TokenizerError,
}

/// Splits `text` at the semicolons between statements.
///
/// Semicolons in strings, quoted names, dollar quotes and comments do not
/// count. The last statement needs none. Statements without any token, also
/// those of nothing but comments, are left out and not numbered.
///
/// # Errors
///
/// The text cannot be divided into tokens.
pub(super) fn split(text: &str) -> Result<Vec<Statement<'_>>, NotSql<'_>> {
    let (tokens, error) = tokens(text);
    let mut places = Places::new(text);
    let mut statements: Vec<Statement<'_>> = Vec::new();
    let mut open: Option<Start> = None;
    for token in &tokens {
        let offset = places.offset(token.span.start);
        let rest = &text[offset..];
        // A hint comment, `/*! … */`, is given as the tokens within it, at places that are not
        // theirs: the first is where the comment begins, and semicolons are where none is.
        if token.token == Token::SemiColon && rest.starts_with(';') {
            statements.extend(open.take().map(|start| start.statement(&statements, &text[..offset])));
        } else if is_significant(token) || rest.starts_with("/*!") {
            open.get_or_insert(Start { line: token.span.start.line, offset });
        }
    }
    match error {
        None => {
            statements.extend(open.map(|start| start.statement(&statements, text)));
            Ok(statements)
        }
        Some(error) => {
            let start =
                open.unwrap_or_else(|| Start { line: error.location.line, offset: places.offset(error.location) });
            Err(NotSql { statement: start.statement(&statements, text), error })
        }
    }
}

/// Whether the user is still in the middle of a statement at the end of
/// `text`: its last token is not a semicolon, or a string or comment has no
/// end yet.
pub(super) fn is_unfinished(text: &str) -> bool {
    let (tokens, error) = tokens(text);
    match error {
        // The tokenizer tells only by its words whether more text could help.
        Some(error) => error.message.contains("EOF") || error.message.contains("Unterminated"),
        None => tokens.iter().rfind(|token| is_significant(token)).is_some_and(|token| token.token != Token::SemiColon),
    }
}

/// A statement on one line of at most [`EXCERPT_LENGTH`] characters.
pub(super) fn excerpt(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT_LENGTH) {
        None => line,
        Some(_) => line.chars().take(EXCERPT_LENGTH - 1).chain(['…']).collect(),
    }
}

/// The place at which a statement begins.
#[derive(Debug, Clone, Copy)]
struct Start {
    /// Line of the first token, from 1.
    line: u64,
    /// Byte offset of the first token.
    offset: usize,
}

impl Start {
    /// The statement from here to the end of `text`, which follows those `before` it.
    fn statement<'a>(self, before: &[Statement<'_>], text: &'a str) -> Statement<'a> {
        Statement { number: before.len() + 1, line: self.line, text: text[self.offset..].trim_end() }
    }
}

/// The tokens of `text` up to its end or to an error.
fn tokens(text: &str) -> (Vec<TokenWithSpan>, Option<TokenizerError>) {
    let mut tokens = Vec::new();
    let error = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location_into_buf(&mut tokens).err();
    (tokens, error)
}

/// Whether the token is neither space nor a comment.
fn is_significant(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

/// The byte offsets of lines and columns, which the tokenizer counts in
/// characters.
#[derive(Debug)]
struct Places<'a> {
    rest: Peekable<CharIndices<'a>>,
    length: usize,
    here: Location,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.char_indices().peekable(), length: text.len(), here: Location { line: 1, column: 1 } }
    }

    /// The byte offset of `place`, which must not come before the place of an
    /// earlier call.
    fn offset(&mut self, place: Location) -> usize {
        while self.here < place
            && let Some((_, character)) = self.rest.next()
        {
            if character == '\n' {
                self.here.line += 1;
                self.here.column = 1;
            } else {
                self.here.column += 1;
            }
        }
        self.rest.peek().map_or(self.length, |(offset, _)| *offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the statements, each with its line.
    fn lines(text: &str) -> Vec<(u64, &str)> {
        let statements = split(text).expect("the text is SQL");
        for (index, statement) in statements.iter().enumerate() {
            assert_eq!(statement.number, index + 1);
        }
        statements.iter().map(|s| (s.line, s.text)).collect()
    }

    #[test]
    fn statements_keep_their_text_and_line() {
        assert_eq!(
            lines("SELECT 1;\n\n  SELECT\n  2 ;SELECT 3"),
            [(1, "SELECT 1"), (3, "SELECT\n  2"), (4, "SELECT 3")]
        );
        assert_eq!(lines("select 'ä€🦀'; select 2"), [(1, "select 'ä€🦀'"), (1, "select 2")]);
        assert_eq!(lines("select 1;\r\nselect 2;\r\n"), [(1, "select 1"), (2, "select 2")]);
    }

    #[test]
    fn empty_statements_are_left_out() {
        assert_eq!(lines(""), []);
        assert_eq!(lines(" ;; \n;"), []);
        assert_eq!(lines("-- one;\n/* two; */ ; -- three\nSELECT 1;\n-- four"), [(3, "SELECT 1")]);
    }

    #[test]
    fn comments_after_the_first_token_are_kept() {
        assert_eq!(lines("SELECT 1 -- one;\n + /* ; */ 2 -- end"), [(1, "SELECT 1 -- one;\n + /* ; */ 2 -- end")]);
        assert_eq!(lines("SELECT /* a /* b; */ ; */ 1"), [(1, "SELECT /* a /* b; */ ; */ 1")]);
    }

    #[test]
    fn quoted_semicolons_do_not_split() {
        for text in [
            "SELECT 'a;''b;'",
            "SELECT \"a;\"\"b\"",
            "SELECT `a;`",
            "SELECT $$a;$b;$$",
            "SELECT $x$a;$$;$y$$x$",
            "SELECT E'a\\';'",
        ] {
            assert_eq!(lines(&format!("{text}; SELECT 2")), [(1, text), (1, "SELECT 2")]);
        }
    }

    #[test]
    fn placeholders_are_no_dollar_quotes() {
        assert_eq!(lines("SELECT $1; SELECT $2"), [(1, "SELECT $1"), (1, "SELECT $2")]);
    }

    #[test]
    fn hint_comments_are_not_split() {
        for text in ["SELECT /*! 1; */ + 2", "SELECT 1 /*! + 2 */", "/*! SELECT */ 1"] {
            assert_eq!(lines(&format!("{text}; SELECT 3")), [(1, text), (1, "SELECT 3")]);
        }
    }

    #[test]
    fn text_that_is_not_sql_is_located() {
        let failure = split("SELECT 1;\nSELECT\n 'a; SELECT 3").expect_err("a string is open");
        assert_eq!(failure.statement, Statement { number: 2, line: 2, text: "SELECT\n 'a; SELECT 3" });
        assert_eq!(failure.error.to_string(), "Unterminated string literal at Line: 3, Column: 2");
        let failure = split("SELECT 1; 'a").expect_err("a string is open");
        assert_eq!(failure.statement.text, "'a");
    }

    #[test]
    fn unfinished_text() {
        for text in ["SELECT", "SELECT 1; SELECT", "SELECT 'a;", "SELECT $$;", "/* ;", "\"a"] {
            assert!(is_unfinished(text), "{text}");
        }
        for text in ["", ";", "SELECT 1;", "SELECT 1; -- done", "-- comment"] {
            assert!(!is_unfinished(text), "{text}");
        }
    }

    #[test]
    fn excerpts_are_short() {
        assert_eq!(excerpt("SELECT\n  1"), "SELECT 1");
        let long = excerpt(&"ä ".repeat(100));
        assert_eq!(long.chars().count(), EXCERPT_LENGTH);
        assert!(long.ends_with('…'));
    }
}
