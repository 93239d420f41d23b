//! The grammar of a query.

use winnow::combinator::{alt, cut_err, delimited, opt, peek, preceded, repeat, separated_pair};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::TokenSlice;
use winnow::token::any;
use winnow::{ModalResult, Parser};

use super::syntax::{Condition, Expression, Item, Limit, Operand, Operator, Order, Query, Test};
use super::token::{Token, TokenKind, tokens};

/// The deepest nesting of brackets. A query has at most 25 tests, so that it needs fewer.
const DEPTH: usize = 64;

/// The words that name a column only in quotes.
const RESERVED: [&str; 41] = [
    "all",
    "and",
    "any",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "create",
    "cross",
    "desc",
    "distinct",
    "else",
    "except",
    "exists",
    "external",
    "fetch",
    "foreign",
    "from",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "into",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "null",
    "offset",
    "or",
    "order",
    "outer",
    "right",
    "select",
    "union",
    "where",
];

/// The reason why a text is not a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SyntaxError {
    /// The text is not a `SELECT`.
    NotSupported,
    MissingClause(&'static str),
    Operator(String),
    /// The conditions are not bracketed in pairs, or brackets are not closed.
    Conditions,
    /// A token at an unexpected place, with its line and column, counted from 1.
    Unexpected {
        line: usize,
        column: usize,
        near: String,
    },
    /// The text ends too early, after this clause.
    End(String),
}

/// A fault while parsing, before its place in the text is known.
#[derive(Debug, Clone)]
enum Fault {
    /// The number of tokens that are left.
    At(usize),
    Known(SyntaxError),
}

type Tokens<'t, 'q> = TokenSlice<'t, Token<'q>>;
type Parsed<T> = ModalResult<T, Fault>;

impl<'t, 'q> ParserError<Tokens<'t, 'q>> for Fault {
    type Inner = Self;

    fn from_input(input: &Tokens<'t, 'q>) -> Self {
        Self::At(input.len())
    }

    /// Keeps the fault of the branch that went further.
    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::At(mine), Self::At(others)) if others < mine => other,
            _ => self,
        }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

fn known<T>(error: SyntaxError) -> Parsed<T> {
    Err(ErrMode::Cut(Fault::Known(error)))
}

/// Parses a query.
pub(super) fn parse(text: &str) -> Result<Query, SyntaxError> {
    let all = tokens(text);
    if !all.first().is_some_and(|first| first.is("select")) {
        return Err(SyntaxError::NotSupported);
    }
    if depth(&all) > DEPTH {
        return Err(SyntaxError::Conditions);
    }
    let mut input = Tokens::new(&all);
    let parsed = query(&mut input).and_then(|parsed| match input.len() {
        0 => Ok(parsed),
        _ => Err(ErrMode::Cut(Fault::from_input(&input))),
    });
    parsed.map_err(|error| match error {
        ErrMode::Cut(Fault::Known(known)) | ErrMode::Backtrack(Fault::Known(known)) => known,
        ErrMode::Cut(Fault::At(left)) | ErrMode::Backtrack(Fault::At(left)) => {
            place(text, &all, left)
        }
        ErrMode::Incomplete(_) => SyntaxError::NotSupported,
    })
}

fn depth(all: &[Token<'_>]) -> usize {
    let mut depth: usize = 0;
    let mut deepest = 0;
    for token in all {
        if token.is_symbol("(") {
            depth += 1;
            deepest = deepest.max(depth);
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        }
    }
    deepest
}

/// Describes the token with this number of tokens from it to the end.
fn place(text: &str, all: &[Token<'_>], left: usize) -> SyntaxError {
    let Some(token) = all.len().checked_sub(left).and_then(|index| all.get(index)) else {
        let clause = |token: &&Token<'_>| {
            ["select", "from", "where", "group", "order", "limit"].iter().any(|one| token.is(one))
        };
        let last = all.iter().rev().find(clause).map(|token| token.text.to_lowercase());
        return SyntaxError::End(last.unwrap_or_default());
    };
    let before = text.get(..token.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let near = match &token.kind {
        TokenKind::Quoted(inner) => inner.clone(),
        _ => token.text.to_owned(),
    };
    SyntaxError::Unexpected {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        near,
    }
}

fn keyword<'t, 'q: 't>(
    word: &'static str,
) -> impl Parser<Tokens<'t, 'q>, &'t Token<'q>, ErrMode<Fault>> {
    any.verify(move |token: &&Token<'q>| token.is(word))
}

fn symbol<'t, 'q: 't>(
    text: &'static str,
) -> impl Parser<Tokens<'t, 'q>, &'t Token<'q>, ErrMode<Fault>> {
    any.verify(move |token: &&Token<'q>| token.is_symbol(text))
}

fn is_reserved(text: &str) -> bool {
    RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Parses a name: a word that is not reserved, or a text in quotes.
fn name(input: &mut Tokens<'_, '_>) -> Parsed<String> {
    any.verify_map(|token: &Token<'_>| match &token.kind {
        TokenKind::Quoted(text) if !text.is_empty() => Some(text.clone()),
        TokenKind::Word if !is_reserved(token.text) => Some(token.text.to_owned()),
        _ => None,
    })
    .parse_next(input)
}

/// Parses a value: a text in quotes, a number or a bare word.
fn value(input: &mut Tokens<'_, '_>) -> Parsed<String> {
    any.verify_map(|token: &Token<'_>| match &token.kind {
        TokenKind::Quoted(text) => Some(text.clone()),
        TokenKind::Word if !is_reserved(token.text) => Some(token.text.to_owned()),
        _ => None,
    })
    .parse_next(input)
}

/// Parses one or more elements with commas between them.
fn list<'t, 'q: 't, T>(
    mut element: fn(&mut Tokens<'t, 'q>) -> Parsed<T>,
) -> impl FnMut(&mut Tokens<'t, 'q>) -> Parsed<Vec<T>> {
    move |input| {
        let first = element.parse_next(input)?;
        let mut all = vec![first];
        let rest: Vec<T> =
            repeat(0.., preceded(symbol(","), cut_err(element))).parse_next(input)?;
        all.extend(rest);
        Ok(all)
    }
}

fn query(input: &mut Tokens<'_, '_>) -> Parsed<Query> {
    let _ = keyword("select").parse_next(input)?;
    let items = cut_err(list(item)).parse_next(input)?;
    clause("from", &["where", "group", "order", "limit"]).parse_next(input)?;
    let module = cut_err(name).parse_next(input)?;
    let view = opt(preceded(symbol("#"), cut_err(value))).parse_next(input)?;
    clause("where", &["group", "order", "limit"]).parse_next(input)?;
    let condition = cut_err(condition).parse_next(input)?;
    let group = preceded((keyword("group"), cut_err(keyword("by"))), cut_err(list(name)));
    let group_by = opt(group).parse_next(input)?.unwrap_or_default();
    let order = preceded((keyword("order"), cut_err(keyword("by"))), cut_err(list(order)));
    let order_by = opt(order).parse_next(input)?.unwrap_or_default();
    let limit = opt(preceded(keyword("limit"), cut_err(limit))).parse_next(input)?;
    Ok(Query { items, module, view, condition, group_by, order_by, limit })
}

/// Parses the keyword of a mandatory clause. The clause is missing if another one or the end
/// follows.
fn clause<'t, 'q: 't>(
    word: &'static str,
    later: &'static [&'static str],
) -> impl FnMut(&mut Tokens<'t, 'q>) -> Parsed<()> {
    move |input| {
        if opt(keyword(word)).parse_next(input)?.is_some() {
            return Ok(());
        }
        let next = opt(peek(any)).parse_next(input)?;
        let missing = next.is_none_or(|token: &Token<'_>| {
            token.is_symbol(")") || later.iter().any(|later| token.is(later))
        });
        if missing {
            return known(SyntaxError::MissingClause(word));
        }
        Err(ErrMode::Cut(Fault::from_input(input)))
    }
}

fn item(input: &mut Tokens<'_, '_>) -> Parsed<Item> {
    let aggregate = (name, delimited(symbol("("), cut_err(name), cut_err(symbol(")"))))
        .map(|(function, column)| Expression::Aggregate { function, column });
    let expression = alt((aggregate, name.map(Expression::Column))).parse_next(input)?;
    let text = any.verify_map(|token: &Token<'_>| match &token.kind {
        TokenKind::Quoted(text) => Some(text.clone()),
        TokenKind::Word => Some(token.text.to_owned()),
        _ => None,
    });
    let alias = opt(preceded(keyword("as"), cut_err(text))).parse_next(input)?;
    Ok(Item { expression, alias })
}

fn order(input: &mut Tokens<'_, '_>) -> Parsed<Order> {
    let column = name.parse_next(input)?;
    let direction = alt((keyword("asc").value(false), keyword("desc").value(true)));
    let descending = opt(direction).parse_next(input)?.unwrap_or(false);
    Ok(Order { column, descending })
}

fn limit(input: &mut Tokens<'_, '_>) -> Parsed<Limit> {
    let pair = separated_pair(value, symbol(","), cut_err(value))
        .map(|(offset, count)| Limit { count, offset: Some(offset) });
    let plain = (value, opt(preceded(keyword("offset"), cut_err(value))))
        .map(|(count, offset)| Limit { count, offset });
    alt((pair, plain)).parse_next(input)
}

/// Parses one operand, or two with `AND` or `OR` between them. More must be in brackets.
fn condition(input: &mut Tokens<'_, '_>) -> Parsed<Condition> {
    let left = operand(input)?;
    let Some(both) = opt(connective).parse_next(input)? else { return Ok(left) };
    let right = cut_err(operand).parse_next(input)?;
    if opt(connective).parse_next(input)?.is_some() {
        return known(SyntaxError::Conditions);
    }
    let (left, right) = (Box::new(left), Box::new(right));
    Ok(if both { Condition::And(left, right) } else { Condition::Or(left, right) })
}

fn connective(input: &mut Tokens<'_, '_>) -> Parsed<bool> {
    alt((keyword("and").value(true), keyword("or").value(false))).parse_next(input)
}

fn operand(input: &mut Tokens<'_, '_>) -> Parsed<Condition> {
    if opt(peek(keyword("not"))).parse_next(input)?.is_some() {
        return known(SyntaxError::Operator("not".into()));
    }
    let bracketed = delimited(symbol("("), cut_err(condition), cut_err(symbol(")")));
    alt((bracketed, test.map(Condition::Test))).parse_next(input)
}

fn test(input: &mut Tokens<'_, '_>) -> Parsed<Test> {
    let column = name.parse_next(input)?;
    let (operator, operand) =
        cut_err(alt((null, compare, between, like, among))).parse_next(input)?;
    Ok(Test { column, operator, operand })
}

fn null(input: &mut Tokens<'_, '_>) -> Parsed<(Operator, Operand)> {
    let tail = (opt(keyword("not")), keyword("null"));
    let (not, _) = preceded(keyword("is"), cut_err(tail)).parse_next(input)?;
    let operator = if not.is_some() { Operator::IsNotNull } else { Operator::IsNull };
    Ok((operator, Operand::Values(Vec::new())))
}

fn compare(input: &mut Tokens<'_, '_>) -> Parsed<(Operator, Operand)> {
    let operator = any.verify_map(|token: &Token<'_>| match token.kind {
        TokenKind::Symbol => Operator::symbol(token.text),
        _ => None,
    });
    let one = value.map(|value| Operand::Values(vec![value]));
    (operator, cut_err(alt((subquery, one)))).parse_next(input)
}

/// Parses an optional `not` and the operator's keyword.
fn negatable<'t, 'q: 't>(
    word: &'static str,
    plain: Operator,
    negated: Operator,
) -> impl FnMut(&mut Tokens<'t, 'q>) -> Parsed<Operator> {
    move |input| {
        let (not, _) = (opt(keyword("not")), keyword(word)).parse_next(input)?;
        Ok(if not.is_some() { negated } else { plain })
    }
}

fn between(input: &mut Tokens<'_, '_>) -> Parsed<(Operator, Operand)> {
    let operator = negatable("between", Operator::Between, Operator::NotBetween);
    let range = separated_pair(value, keyword("and"), value)
        .map(|(low, high)| Operand::Values(vec![low, high]));
    (operator, cut_err(range)).parse_next(input)
}

fn like(input: &mut Tokens<'_, '_>) -> Parsed<(Operator, Operand)> {
    let operator = negatable("like", Operator::Like, Operator::NotLike);
    (operator, cut_err(value).map(|value| Operand::Values(vec![value]))).parse_next(input)
}

fn among(input: &mut Tokens<'_, '_>) -> Parsed<(Operator, Operand)> {
    let operator = negatable("in", Operator::In, Operator::NotIn);
    let values = delimited(symbol("("), list(value), cut_err(symbol(")"))).map(Operand::Values);
    (operator, cut_err(alt((subquery, values)))).parse_next(input)
}

fn subquery(input: &mut Tokens<'_, '_>) -> Parsed<Operand> {
    let start = (symbol("("), peek(keyword("select")));
    let inner = delimited(start, cut_err(query), cut_err(symbol(")")));
    inner.map(|query| Operand::Query(Box::new(query))).parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str) -> SyntaxError {
        parse(text).unwrap_err()
    }

    fn near(line: usize, column: usize, near: &str) -> SyntaxError {
        SyntaxError::Unexpected { line, column, near: near.into() }
    }

    #[test]
    fn parses_every_clause() {
        let text = "SELECT a, SUM(b) As 'c' From M#7 Where (a = 1 And b Not In ('x', y)) Or \
                    c Between 1 And 2 Group By a, d Order By a Desc, c Limit 5 Offset 6";
        let query = parse(text).unwrap();
        assert_eq!(query.items[1].alias.as_deref(), Some("c"));
        assert_eq!((query.module.as_str(), query.view.as_deref()), ("M", Some("7")));
        assert_eq!(query.condition.tests(), 3);
        assert_eq!(query.group_by, ["a", "d"]);
        assert_eq!(query.order_by.len(), 2);
        let limit = query.limit.unwrap();
        assert_eq!((limit.count.as_str(), limit.offset.as_deref()), ("5", Some("6")));
    }

    #[test]
    fn reports_the_place_of_an_unexpected_token() {
        assert_eq!(fails("select a,\n from M where a = 1"), near(2, 2, "from"));
        assert_eq!(fails("select a from M where a = 1;"), near(1, 28, ";"));
        assert_eq!(
            fails("select a from M where a = 1 limit 5 offset"),
            SyntaxError::End("limit".into())
        );
        assert_eq!(fails("select a from M where (a = 1"), SyntaxError::End("where".into()));
        assert_eq!(fails("select a from M where a = null"), near(1, 27, "null"));
        assert_eq!(fails("select a from M where a in ()"), near(1, 29, ")"));
        assert_eq!(fails("select a, b c from M where a = 1"), near(1, 13, "c"));
        assert_eq!(fails("select ü, Übung  from M where a = 1 x"), near(1, 37, "x"));
        assert_eq!(fails(""), SyntaxError::NotSupported);
    }

    #[test]
    fn deep_brackets_are_refused_without_recursion() {
        let deep = |depth: usize| {
            format!("select a from M where {}a = 1{}", "(".repeat(depth), ")".repeat(depth))
        };
        assert!(parse(&deep(DEPTH)).is_ok());
        assert_eq!(fails(&deep(DEPTH + 1)), SyntaxError::Conditions);
        assert_eq!(fails(&deep(20_000)), SyntaxError::Conditions);
    }
}
