//! Splitting text into SQL statements.

use std::{iter::Peekable, str::CharIndices};

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, TokenizerError},
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
    /// The statement as it was written, from its first to its last token,
    /// without the semicolon.
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
    let mut statements = Vec::new();
    let mut open: Option<Open> = None;
    for token in tokens.iter().filter(|token| is_significant(token)) {
        if is_separator(token) {
            statements.extend(open.take().map(|open| open.close(text, &statements)));
            continue;
        }
        let start = places.offset(token.span.start);
        let end = places.offset(token.span.end);
        open = Some(match open {
            None => Open { line: token.span.start.line, start, end },
            Some(open) => Open { end, ..open },
        });
    }
    match error {
        None => {
            statements.extend(open.map(|open| open.close(text, &statements)));
            Ok(statements)
        }
        Some(error) => {
            let open = match open {
                None => Open { line: error.location.line, start: places.offset(error.location), end: text.len() },
                Some(open) => Open { end: text.len(), ..open },
            };
            Err(NotSql { statement: open.close(text, &statements), error })
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
        None => tokens.iter().rfind(|token| is_significant(token)).is_some_and(|token| !is_separator(token)),
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

/// A statement whose end is not known yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// Line of the first token, from 1.
    line: u64,
    /// Byte offset of the first token.
    start: usize,
    /// Byte offset of the end of the last token so far.
    end: usize,
}

impl Open {
    /// The finished statement of `text`, which follows those `before` it.
    fn close<'a>(self, text: &'a str, before: &[Statement<'_>]) -> Statement<'a> {
        Statement { number: before.len() + 1, line: self.line, text: &text[self.start..self.end] }
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

/// Whether the token is a semicolon between statements.
fn is_separator(token: &TokenWithSpan) -> bool {
    // A hint comment, `/*! … */`, is given as the tokens within it, each with the place of the
    // whole comment. The text cannot be split there.
    token.token == Token::SemiColon && is_one_character(token.span)
}

/// Whether the place is one character wide.
fn is_one_character(span: Span) -> bool {
    span.start.line == span.end.line && span.start.column + 1 == span.end.column
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
    fn comments_within_a_statement_are_kept() {
        assert_eq!(lines("SELECT 1 -- one;\n + /* ; */ 2 -- end"), [(1, "SELECT 1 -- one;\n + /* ; */ 2")]);
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
        assert_eq!(lines("SELECT /*! 1; */ + 2; SELECT 3"), [(1, "SELECT /*! 1; */ + 2"), (1, "SELECT 3")]);
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
