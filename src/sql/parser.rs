//! The grammar of our statements. Keywords are case-insensitive, names fold to lower case unless quoted.

use datafusion::sql::sqlparser::{
    ast::Ident,
    dialect::GenericDialect,
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Token, Tokenizer},
};

use super::statement::{CreateFunction, Place, Returns, Secret, Service, Source, SqlParameter, Statement};
use crate::{
    catalog::IfExists,
    error::{Error, Result},
    function::Volatility,
    module::Abi,
    variables::PREFIX,
};

const DIALECT: GenericDialect = GenericDialect {};

/// Parses a statement of ours; `None` when it is not one, or does not even tokenize, and is DataFusion's.
///
/// # Errors
/// When it is ours and wrong, with the place.
pub(crate) fn parse(sql: &str) -> Result<Option<Statement>> {
    let Ok(tokens) = Tokenizer::new(&DIALECT, sql).tokenize() else { return Ok(None) };
    let words: Vec<String> = tokens
        .iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .map(|token| match token {
            Token::Word(word) if word.quote_style.is_none() => word.value.to_uppercase(),
            // Whatever is not a bare word cannot be taken for one.
            _ => "'".to_owned(),
        })
        .collect();
    let begins = |expected: &[&str]| words.iter().map(String::as_str).take(expected.len()).eq(expected.iter().copied());
    let has = |pair: [&str; 2]| words.windows(2).any(|two| two == pair);
    let creates = |what| {
        [
            &["CREATE", what][..],
            &["CREATE", "OR", "REPLACE", what],
            &["CREATE", "TEMPORARY", what],
            &["CREATE", "OR", "REPLACE", "TEMPORARY", what],
        ]
        .iter()
        .any(|words| begins(words))
    };
    // DataFusion knows how to reset its own variables only.
    let resets_ours = || {
        begins(&["RESET"])
            && tokens
                .iter()
                .filter(|token| !matches!(token, Token::Whitespace(_)))
                .nth(1)
                .is_some_and(|token| is_word(token, PREFIX))
    };
    let rule: Rule<'_, '_> = if creates("FUNCTION") && (has(["AS", "WASM"]) || has(["LANGUAGE", "WASM"])) {
        Grammar::create_function
    } else if begins(&["DROP", "FUNCTION"]) {
        Grammar::drop_function
    } else if begins(&["SHOW", "CREATE", "FUNCTION"]) || begins(&["SHOW", "CREATE", "EXTENSION"]) {
        Grammar::show_create
    } else if creates("EXTENSION") {
        Grammar::create_extension
    } else if begins(&["DROP", "EXTENSION"]) {
        Grammar::drop_extension
    } else if begins(&["SHOW", "EXTENSIONS"]) {
        Grammar::show_extensions
    } else if begins(&["BACKUP"]) {
        Grammar::backup
    } else if begins(&["RESTORE"]) {
        Grammar::restore
    } else if resets_ours() {
        Grammar::reset
    } else {
        return Ok(None);
    };
    let mut parser =
        Parser::new(&DIALECT).try_with_sql(sql).map_err(|e| Error::Statement(format!("SQL error: {e}")))?;
    let parsed = rule(&mut Grammar { parser: &mut parser });
    match parsed {
        Ok(statement) => Ok(Some(statement)),
        Err(Wrong::Syntax(error)) => Err(Error::Statement(format!("SQL error: {error}"))),
        Err(Wrong::Meaning(error)) => Err(error),
    }
}

/// Parses a script that has CREATE FUNCTION statements only.
///
/// # Errors
/// When there is another statement, or one is wrong, with the place.
pub(crate) fn parse_script(sql: &str) -> Result<Vec<CreateFunction>> {
    let syntax = |e: ParserError| Error::Statement(format!("SQL error: {e}"));
    let mut parser = Parser::new(&DIALECT).try_with_sql(sql).map_err(syntax)?;
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        let next = parser.peek_token_ref().clone();
        if next.token == Token::EOF {
            return Ok(statements);
        }
        let begins = [["CREATE", "FUNCTION"], ["CREATE", "OR"]].into_iter().any(|words| {
            let is = |place, word| is_word(&parser.peek_nth_token_ref(place).token, word);
            is(0, words[0]) && is(1, words[1])
        });
        if !begins {
            return Err(Error::Statement(format!(
                "only CREATE FUNCTION … AS WASM is allowed, and there is a statement with {} at line {}",
                next.token, next.span.start.line
            )));
        }
        match (Grammar { parser: &mut parser }).function() {
            Ok(statement) => statements.push(statement),
            Err(Wrong::Syntax(error)) => return Err(syntax(error)),
            Err(Wrong::Meaning(error)) => return Err(error),
        }
        let after = parser.peek_token_ref();
        if !matches!(after.token, Token::SemiColon | Token::EOF) {
            return parser.expected_ref("end of statement", after).map_err(syntax);
        }
    }
}

/// A token is this word, and not quoted.
fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(next) if next.quote_style.is_none() && next.value.eq_ignore_ascii_case(word))
}

/// What reads a statement from its first word to its end.
type Rule<'a, 'b> = fn(&mut Grammar<'a, 'b>) -> Result<Statement, Wrong>;

/// What is wrong with a statement.
enum Wrong {
    Syntax(ParserError),
    Meaning(Error),
}

impl From<ParserError> for Wrong {
    fn from(error: ParserError) -> Self {
        Self::Syntax(error)
    }
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Meaning(error)
    }
}

struct Grammar<'a, 'b> {
    parser: &'a mut Parser<'b>,
}

impl Grammar<'_, '_> {
    fn create_function(&mut self) -> Result<Statement, Wrong> {
        let function = self.function()?;
        self.end()?;
        Ok(Statement::CreateFunction(Box::new(function)))
    }

    /// CREATE FUNCTION without what follows it.
    fn function(&mut self) -> Result<CreateFunction, Wrong> {
        let if_exists = self.create("FUNCTION")?;
        let name = self.name("function")?;
        let params = self.params()?;
        let returns = self.returns()?;
        let mut options = Options::default();
        loop {
            self.options(&mut options)?;
            if self.parser.parse_keyword(Keyword::AS) {
                break;
            }
            self.parser.expected_ref::<()>("AS", self.parser.peek_token_ref())?;
        }
        let mut function = CreateFunction {
            name,
            if_exists,
            params,
            returns,
            volatility: Volatility::default(),
            called_on_null: None,
            abi: None,
            grow_to: None,
            source: Place::File(String::new()).into(),
            wit: None,
            export: None,
        };
        if self.word("WASM") {
            self.wasm_clauses(&mut function)?;
        } else {
            function.source = location(&self.parser.parse_literal_string()?);
            if self.parser.consume_token(&Token::Comma) {
                function.export = Some(self.parser.parse_literal_string()?);
            }
            // PostgreSQL allows the options after the body, too.
            self.options(&mut options)?;
        }
        function.volatility = options.volatility.unwrap_or_default();
        function.called_on_null = options.called_on_null;
        Ok(function)
    }

    /// `CREATE [OR REPLACE] what [IF NOT EXISTS]`
    fn create(&mut self, what: &str) -> Result<IfExists, Wrong> {
        self.parser.expect_keyword_is(Keyword::CREATE)?;
        let replace = self.parser.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
        if self.parser.parse_keyword(Keyword::TEMPORARY) {
            return Err(Error::Statement(format!("TEMPORARY {}s are not supported yet", what.to_lowercase())).into());
        }
        self.expect_word(what)?;
        let keep = self.parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        match (replace, keep) {
            (true, true) => Err(Error::Statement("OR REPLACE and IF NOT EXISTS contradict each other".into()).into()),
            (true, false) => Ok(IfExists::Replace),
            (false, true) => Ok(IfExists::Keep),
            (false, false) => Ok(IfExists::Fail),
        }
    }

    fn create_extension(&mut self) -> Result<Statement, Wrong> {
        let if_exists = self.create("EXTENSION")?;
        let name = self.name("extension")?;
        self.expect_word("FROM")?;
        let source = self.source()?;
        self.end()?;
        Ok(Statement::CreateExtension { name, if_exists, source })
    }

    fn drop_extension(&mut self) -> Result<Statement, Wrong> {
        self.parser.expect_keyword_is(Keyword::DROP)?;
        self.expect_word("EXTENSION")?;
        let if_exists = self.parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        let name = self.name("extension")?;
        self.end()?;
        Ok(Statement::DropExtension { name, if_exists })
    }

    fn show_extensions(&mut self) -> Result<Statement, Wrong> {
        self.words(&["SHOW", "EXTENSIONS"]);
        self.end()?;
        Ok(Statement::ShowExtensions)
    }

    fn show_create(&mut self) -> Result<Statement, Wrong> {
        self.words(&["SHOW", "CREATE"]);
        let is_function = self.word("FUNCTION");
        if !is_function {
            self.expect_word("EXTENSION")?;
        }
        let name = self.name(if is_function { "function" } else { "extension" })?;
        self.end()?;
        Ok(if is_function { Statement::ShowCreateFunction(name) } else { Statement::ShowCreateExtension(name) })
    }

    /// `BACKUP DATABASE TO { 'path or url' | S3 … } [WITH PLANCACHE]`
    fn backup(&mut self) -> Result<Statement, Wrong> {
        self.expect_word("BACKUP")?;
        self.expect_word("DATABASE")?;
        self.expect_word("TO")?;
        let target = self.archive()?;
        if target.sha256.is_some() || matches!(target.place, Place::Base64(_)) {
            return Err(Error::Statement("BACKUP DATABASE TO a file, URL, S3, GCS or AZURE".into()).into());
        }
        let plancache = self.words(&["WITH", "PLANCACHE"]);
        self.end()?;
        Ok(Statement::Backup { target, plancache })
    }

    /// `RESTORE [OR REPLACE] DATABASE FROM { 'path or url' | S3 … } [WITH PLANCACHE]`
    fn restore(&mut self) -> Result<Statement, Wrong> {
        self.expect_word("RESTORE")?;
        let replace = self.words(&["OR", "REPLACE"]);
        self.expect_word("DATABASE")?;
        self.expect_word("FROM")?;
        let source = self.archive()?;
        let plancache = self.words(&["WITH", "PLANCACHE"]);
        self.end()?;
        Ok(Statement::Restore { source, replace, plancache })
    }

    /// A source, or only a path or URL.
    fn archive(&mut self) -> Result<Source, Wrong> {
        match &self.parser.peek_token_ref().token {
            Token::SingleQuotedString(_) => {
                let source = location(&self.parser.parse_literal_string()?);
                self.checksum(source.place)
            }
            _ => self.source(),
        }
    }

    /// `[ABI …] [GROW TO n] FROM source [WITH WIT FROM source] [USING EXPORT 'name']`
    fn wasm_clauses(&mut self, function: &mut CreateFunction) -> Result<(), Wrong> {
        if self.word("ABI") {
            function.abi = Some(if self.word("BASIC") {
                Abi::Basic
            } else if self.word("CANONICAL") {
                Abi::Canonical
            } else {
                return self
                    .parser
                    .expected_ref("BASIC or CANONICAL", self.parser.peek_token_ref())
                    .map_err(Into::into);
            });
        }
        if self.word("GROW") {
            self.expect_word("TO")?;
            function.grow_to = Some(self.parser.parse_literal_uint()?);
        }
        self.expect_word("FROM")?;
        function.source = self.source()?;
        if self.word("WITH") {
            self.expect_word("WIT")?;
            self.expect_word("FROM")?;
            function.wit = Some(self.source()?);
        }
        if self.word("USING") {
            self.expect_word("EXPORT")?;
            function.export = Some(self.parser.parse_literal_string()?);
        }
        Ok(())
    }

    fn source(&mut self) -> Result<Source, Wrong> {
        let local = self.word("LOCAL");
        let place = if self.word("INFILE") {
            Place::File(self.parser.parse_literal_string()?)
        } else if local {
            return self.parser.expected_ref("INFILE", self.parser.peek_token_ref()).map_err(Into::into);
        } else if self.word("BASE64") {
            Place::Base64(self.parser.parse_literal_string()?)
        } else if self.word("URL") || self.word("HTTP") {
            Place::Url(Secret(self.parser.parse_literal_string()?))
        } else if let Some(service) =
            [Service::S3, Service::Gcs, Service::Azure].into_iter().find(|service| self.word(service.word()))
        {
            let path = self.parser.parse_literal_string()?;
            let (mut config, mut credentials) = (None, None);
            loop {
                if self.word("CONFIG") {
                    once(&mut config, self.parser.parse_literal_string()?, "CONFIG")?;
                } else if self.word("CREDENTIALS") {
                    once(&mut credentials, Secret(self.parser.parse_literal_string()?), "CREDENTIALS")?;
                } else {
                    break;
                }
            }
            Place::Store { service, path, config, credentials }
        } else {
            let expected = "[LOCAL] INFILE 'path', BASE64 '…', URL 'url', S3, GCS or AZURE 'bucket/key'";
            return self.parser.expected_ref(expected, self.parser.peek_token_ref()).map_err(Into::into);
        };
        self.checksum(place)
    }

    /// `[SHA256 '…']` behind a place.
    fn checksum(&mut self, place: Place) -> Result<Source, Wrong> {
        if !self.word("SHA256") {
            return Ok(place.into());
        }
        let sum = self.parser.parse_literal_string()?.to_ascii_lowercase();
        if sum.len() != 64 || !sum.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Error::Statement(format!("SHA256 '{sum}': it has 64 hexadecimal digits")).into());
        }
        Ok(Source { place, sha256: Some(sum) })
    }

    fn params(&mut self) -> Result<Option<Vec<SqlParameter>>, Wrong> {
        if !self.parser.consume_token(&Token::LParen) {
            return Ok(None);
        }
        let mut params = Vec::new();
        if self.parser.consume_token(&Token::RParen) {
            return Ok(Some(params));
        }
        loop {
            params.push(self.param(params.len())?);
            if !self.parser.consume_token(&Token::Comma) {
                self.parser.expect_token(&Token::RParen)?;
                return Ok(Some(params));
            }
        }
    }

    /// `[name] type [NOT NULL]`. A name can look like a type and a type like a name: it is a type when nothing but
    /// the end of the parameter follows.
    fn param(&mut self, index: usize) -> Result<SqlParameter, Wrong> {
        let nameless = self.parser.maybe_parse(|parser| {
            let ty = parser.parse_data_type()?;
            let not_null = parser.parse_keywords(&[Keyword::NOT, Keyword::NULL]);
            match &parser.peek_token_ref().token {
                Token::Comma | Token::RParen => Ok((ty, not_null)),
                _ => parser.expected_ref("the end of the parameter", parser.peek_token_ref()),
            }
        })?;
        if let Some((ty, not_null)) = nameless {
            return Ok(SqlParameter { name: format!("arg{index}"), ty, not_null });
        }
        let name = fold(&self.parser.parse_identifier()?);
        let ty = self.parser.parse_data_type()?;
        let not_null = self.parser.parse_keywords(&[Keyword::NOT, Keyword::NULL]);
        Ok(SqlParameter { name, ty, not_null })
    }

    fn returns(&mut self) -> Result<Option<Returns>, Wrong> {
        if !self.parser.parse_keyword(Keyword::RETURNS) {
            return Ok(None);
        }
        if matches!(&self.parser.peek_token_ref().token, Token::Word(word) if word.keyword == Keyword::NULL) {
            // RETURNS NULL ON NULL INPUT, which is an option.
            self.parser.prev_token();
            return Ok(None);
        }
        if !self.parser.parse_keyword(Keyword::TABLE) {
            return Ok(Some(Returns::Type(self.parser.parse_data_type()?)));
        }
        if !self.parser.consume_token(&Token::LParen) {
            return Ok(Some(Returns::Table(None)));
        }
        let columns = self.parser.parse_comma_separated(|parser| {
            let name = fold(&parser.parse_identifier()?);
            Ok((name, parser.parse_data_type()?))
        })?;
        self.parser.expect_token(&Token::RParen)?;
        Ok(Some(Returns::Table(Some(columns))))
    }

    /// Volatility, null behaviour and LANGUAGE, in any order, each at most once.
    fn options(&mut self, options: &mut Options) -> Result<(), Wrong> {
        loop {
            let volatility = [
                ("IMMUTABLE", Volatility::Immutable),
                ("STABLE", Volatility::Stable),
                ("VOLATILE", Volatility::Volatile),
            ];
            if let Some((_, volatility)) = volatility.into_iter().find(|(word, _)| self.word(word)) {
                once(&mut options.volatility, volatility, "volatility")?;
            } else if self.words(&["CALLED", "ON", "NULL", "INPUT"]) {
                once(&mut options.called_on_null, true, "null behaviour")?;
            } else if self.words(&["RETURNS", "NULL", "ON", "NULL", "INPUT"]) || self.word("STRICT") {
                once(&mut options.called_on_null, false, "null behaviour")?;
            } else if self.word("LANGUAGE") {
                self.expect_word("WASM")?;
            } else {
                return Ok(());
            }
        }
    }

    fn drop_function(&mut self) -> Result<Statement, Wrong> {
        self.parser.expect_keyword_is(Keyword::DROP)?;
        self.parser.expect_keyword_is(Keyword::FUNCTION)?;
        let if_exists = self.parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        let as_written = self.parser.peek_token_ref().token.to_string();
        let name = self.name("function")?;
        // There is one function of a name, so its parameters say nothing.
        self.params()?;
        if self.parser.peek_token_ref().token == Token::Comma {
            return Err(Error::Statement("DROP FUNCTION drops one function; write a statement for each".into()).into());
        }
        self.end()?;
        Ok(Statement::DropFunction { name, as_written, if_exists })
    }

    fn reset(&mut self) -> Result<Statement, Wrong> {
        self.parser.expect_keyword_is(Keyword::RESET)?;
        let name = self.parser.parse_object_name(false)?;
        self.end()?;
        let parts = name.0.iter().map(|part| part.as_ident().map(fold).unwrap_or_default());
        Ok(Statement::Reset(parts.skip(1).collect::<Vec<_>>().join(".")))
    }

    /// The name of a function or extension.
    fn name(&mut self, what: &str) -> Result<String, Wrong> {
        let name = self.parser.parse_object_name(false)?;
        match name.0.as_slice() {
            [part] => part
                .as_ident()
                .map(fold)
                .ok_or_else(|| Wrong::Meaning(Error::Statement(format!("'{name}' is no name of a {what}")))),
            _ => {
                Err(Error::Statement(format!("{what} {name}: {what}s have no schema, so no '.' in their names")).into())
            }
        }
    }

    fn end(&mut self) -> Result<(), Wrong> {
        while self.parser.consume_token(&Token::SemiColon) {}
        match &self.parser.peek_token_ref().token {
            Token::EOF => Ok(()),
            _ => self.parser.expected_ref("end of statement", self.parser.peek_token_ref()).map_err(Into::into),
        }
    }

    /// Takes the next token if it is this bare word, keyword or not.
    fn word(&mut self, word: &str) -> bool {
        let found = is_word(&self.parser.peek_token_ref().token, word);
        if found {
            self.parser.advance_token();
        }
        found
    }

    /// Takes these words if all of them follow.
    fn words(&mut self, words: &[&str]) -> bool {
        let taken = words.iter().take_while(|word| self.word(word)).count();
        if taken < words.len() {
            (0..taken).for_each(|_| self.parser.prev_token());
        }
        taken == words.len()
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Wrong> {
        if self.word(word) {
            return Ok(());
        }
        self.parser.expected_ref(word, self.parser.peek_token_ref()).map_err(Into::into)
    }
}

#[derive(Default)]
struct Options {
    volatility: Option<Volatility>,
    called_on_null: Option<bool>,
}

fn once<T: PartialEq>(option: &mut Option<T>, value: T, what: &str) -> Result<(), Wrong> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::Statement(format!("the {what} is given twice")).into()),
    }
}

/// A path or a URL.
pub(super) fn location(text: &str) -> Source {
    let store = |service, path: &str| Place::Store { service, path: path.to_owned(), config: None, credentials: None };
    let place = match text.split_once("://") {
        None => Place::File(text.to_owned()),
        Some(("file", path)) => Place::File(path.to_owned()),
        Some(("s3", path)) => store(Service::S3, path),
        Some(("gs", path)) => store(Service::Gcs, path),
        Some(("az", path)) => store(Service::Azure, path),
        Some(_) => Place::Url(Secret(text.to_owned())),
    };
    place.into()
}

/// A name as SQL means it.
pub(super) fn fold(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        // As DataFusion folds the names that it looks up.
        None => ident.value.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(sql: &str) -> CreateFunction {
        match parse(sql).unwrap() {
            Some(Statement::CreateFunction(create)) => *create,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_clause() {
        let f = create(
            "create or replace function MyFn(a BIGINT NOT NULL, \"B\" varchar) returns double stable \
             called on null input as wasm abi canonical grow to 1000 from local infile 'x.wasm' \
             with wit from base64 'AA==' using export 'my-fn';",
        );
        assert_eq!((f.name.as_str(), f.if_exists), ("myfn", IfExists::Replace));
        let params = f.params.unwrap();
        assert_eq!((params[0].name.as_str(), params[0].not_null), ("a", true));
        assert_eq!((params[1].name.as_str(), params[1].not_null), ("B", false));
        assert_eq!((f.volatility, f.called_on_null), (Volatility::Stable, Some(true)));
        assert_eq!((f.abi, f.grow_to), (Some(Abi::Canonical), Some(1000)));
        assert_eq!((f.source, f.wit), (Place::File("x.wasm".into()).into(), Some(Place::Base64("AA==".into()).into())));
        assert_eq!(f.export.as_deref(), Some("my-fn"));
    }

    #[test]
    fn the_least() {
        let f = create("CREATE FUNCTION IF NOT EXISTS f AS WASM FROM INFILE 'x'");
        assert_eq!((f.params, f.returns, f.if_exists), (None, None, IfExists::Keep));
    }

    #[test]
    fn the_language_form_with_options_on_either_side() {
        let f = create("CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE wasm STRICT AS 'x.wasm', 'g'");
        assert_eq!((f.called_on_null, f.export.as_deref()), (Some(false), Some("g")));
        let f = create("CREATE FUNCTION f(a INT) RETURNS INT AS 'x.wasm' LANGUAGE WASM VOLATILE");
        assert_eq!(f.volatility, Volatility::Volatile);
    }

    #[test]
    fn tables_with_columns_and_without() {
        let f = create("CREATE FUNCTION f RETURNS TABLE STRICT AS WASM FROM INFILE 'x'");
        assert_eq!((f.returns, f.called_on_null), (Some(Returns::Table(None)), Some(false)));
        let f = create("CREATE FUNCTION f(a INT) RETURNS TABLE(Str VARCHAR, \"Idx\" INT) LANGUAGE wasm AS 'x.wasm'");
        let Some(Returns::Table(Some(columns))) = f.returns else { panic!("{:?}", f.returns) };
        assert_eq!(columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["str", "Idx"]);
    }

    #[test]
    fn other_statements_are_not_ours() {
        for sql in ["SELECT 'CREATE FUNCTION f AS WASM'", "CREATE FUNCTION f() RETURN 1", "SELECT 'unclosed", ""] {
            assert_eq!(parse(sql).unwrap(), None, "{sql}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (sql, part) in [
            ("CREATE FUNCTION f AS WASM FROM FILE 'x'", "INFILE"),
            ("CREATE FUNCTION f AS WASM FROM URL 5", "string"),
            ("CREATE FUNCTION f AS WASM FROM INFILE 'x' WIT", "Line: 1, Column: 43"),
            ("CREATE FUNCTION f STABLE VOLATILE AS WASM FROM INFILE 'x'", "twice"),
            ("CREATE FUNCTION a.f AS WASM FROM INFILE 'x'", "a.f"),
            ("CREATE FUNCTION f RETURNS TABLE () AS WASM FROM INFILE 'x'", "identifier"),
            ("CREATE FUNCTION f RETURNS TABLE (a) AS WASM FROM INFILE 'x'", "data type"),
            ("CREATE OR REPLACE FUNCTION IF NOT EXISTS f AS WASM FROM INFILE 'x'", "contradict"),
        ] {
            let error = parse(sql).unwrap_err().to_string();
            assert!(error.contains(part), "{sql}: {error}");
        }
    }
}
