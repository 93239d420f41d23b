//! The tokens of a query.

use winnow::ascii::multispace0;
use winnow::combinator::{alt, delimited, opt, preceded, repeat};
use winnow::error::EmptyError;
use winnow::stream::LocatingSlice;
use winnow::token::{any, one_of, take_till, take_while};
use winnow::{ModalResult, Parser};

type Text<'q> = LocatingSlice<&'q str>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword, a name, a number or a bare value.
    Word,
    /// A text in quotes, without them and with doubled quotes replaced by one.
    Quoted(String),
    Symbol,
    /// A character that begins no token.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'q> {
    pub(super) kind: TokenKind,
    /// The token as it is written.
    pub(super) text: &'q str,
    /// The position of its first byte.
    pub(super) start: usize,
}

impl Token<'_> {
    /// Returns whether the token is this keyword, in any case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }
}

/// Splits a query into tokens. Every character belongs to a token or is white space.
pub(super) fn tokens(query: &str) -> Vec<Token<'_>> {
    let all = repeat(0.., preceded(multispace0, token)).parse_next(&mut Text::new(query));
    // `token` takes any character, so that this cannot fail.
    all.unwrap_or_default()
}

fn token<'q>(input: &mut Text<'q>) -> ModalResult<Token<'q>, EmptyError> {
    let kinds = alt((quoted('\''), quoted('"'), word, symbol, any.value(TokenKind::Unknown)));
    let ((kind, text), span) = kinds.with_taken().with_span().parse_next(input)?;
    Ok(Token { kind, text, start: span.start })
}

fn quoted<'q>(quote: char) -> impl Parser<Text<'q>, TokenKind, winnow::error::ErrMode<EmptyError>> {
    let push = |mut text: String, part: &str| {
        text.push_str(part);
        text
    };
    let doubled = preceded(quote, one_of(quote).take());
    let parts = repeat(0.., alt((take_till(1.., quote), doubled))).fold(String::new, push);
    delimited(quote, parts, quote).map(TokenKind::Quoted)
}

fn word<'q>(input: &mut Text<'q>) -> ModalResult<TokenKind, EmptyError> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let number = (opt(one_of(['-', '+'])), one_of(|c: char| c.is_ascii_digit())).void();
    let name = (opt('!'), one_of(|c: char| c.is_alphabetic() || matches!(c, '_' | '$'))).void();
    (alt((number, name)), take_while(0.., inside)).value(TokenKind::Word).parse_next(input)
}

fn symbol<'q>(input: &mut Text<'q>) -> ModalResult<TokenKind, EmptyError> {
    let two = alt(("!=", ">=", "<=")).void();
    let one = one_of(['=', '>', '<', '(', ')', ',', '*', '#']).void();
    alt((two, one)).value(TokenKind::Symbol).parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_names_numbers_texts_and_symbols() {
        let found = tokens("select a.b,'it''s' from L#12 where x>=-1.5 and !L.y != \"a\"\"b\" ~");
        let texts: Vec<&str> = found.iter().map(|token| token.text).collect();
        assert_eq!(
            texts,
            [
                "select",
                "a.b",
                ",",
                "'it''s'",
                "from",
                "L",
                "#",
                "12",
                "where",
                "x",
                ">=",
                "-1.5",
                "and",
                "!L.y",
                "!=",
                "\"a\"\"b\"",
                "~"
            ]
        );
        assert_eq!(found[3].kind, TokenKind::Quoted("it's".into()));
        assert_eq!(found[15].kind, TokenKind::Quoted("a\"b".into()));
        assert_eq!(found[16].kind, TokenKind::Unknown);
        assert_eq!(found[4].start, 19);
    }

    #[test]
    fn a_quote_without_its_end_is_unknown() {
        let found = tokens("'a' 'b");
        assert_eq!(found[1].kind, TokenKind::Unknown);
        assert_eq!(found.len(), 3);
        assert!(tokens("  ").is_empty());
    }
}
