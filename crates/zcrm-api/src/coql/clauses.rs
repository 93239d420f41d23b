//! The clauses of a query's text.

use zcrm_core::{Error, escaped};

use super::scan::{Piece, pieces};

/// The clauses of a query, each without its keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clauses {
    pub(super) select: String,
    /// The module, with a custom view if the query names one.
    pub(super) from: String,
    pub(super) condition: String,
    /// The number of comparisons, or more: each `and` and `or` counts as the start of one.
    pub(super) tests: usize,
    pub(super) group: Option<String>,
    pub(super) order: Option<String>,
    /// The limit, and the offset if there is one.
    pub(super) limit: Option<String>,
    /// Whether `select` has functions such as `COUNT(id)`.
    pub(super) aggregates: bool,
    /// Whether the condition has `and` or `or` outside of brackets.
    pub(super) loose: bool,
}

/// The keywords that begin a clause, in their order.
const KEYWORDS: [&str; 6] = ["select", "from", "where", "group", "order", "limit"];

impl Clauses {
    /// Splits the text of a query at its keywords.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if a string or a bracket is not
    /// closed, if the query lacks `select`, `from` or `where`, or if its clauses are in another order.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut found: [Option<(usize, usize)>; 6] = [None; 6];
        let mut current = None;
        let (mut depth, mut tests) = (0_usize, 1);
        let (mut aggregates, mut loose) = (false, false);
        for (at, piece) in pieces(text)? {
            match piece {
                Piece::Other('(') => {
                    aggregates |= current == Some(0);
                    depth = depth.saturating_add(1);
                }
                Piece::Other(')') => depth = depth.checked_sub(1).ok_or_else(unbalanced)?,
                Piece::Word(word) if depth == 0 => {
                    let number =
                        KEYWORDS.iter().position(|keyword| word.eq_ignore_ascii_case(keyword));
                    let slot = number.and_then(|number| Some((number, found.get_mut(number)?)));
                    if let Some((number, slot)) = slot {
                        if slot.is_some() || current.is_some_and(|current| current >= number) {
                            return Err(misplaced(word));
                        }
                        *slot = Some((at, at.saturating_add(word.len())));
                        current = Some(number);
                    }
                    let joins = current == Some(2) && is_join(word);
                    loose |= joins;
                    tests += usize::from(joins);
                }
                Piece::Word(word) => tests += usize::from(current == Some(2) && is_join(word)),
                _ => {}
            }
        }
        if depth > 0 {
            return Err(unbalanced());
        }
        let clause = |number: usize| {
            let (_, begin) = (*found.get(number)?)?;
            let rest = found.iter().skip(number.saturating_add(1)).flatten().next();
            text.get(begin..rest.map_or(text.len(), |(end, _)| *end)).map(str::trim)
        };
        let needed = |number: usize, why: &str| {
            let keyword = KEYWORDS.get(number).copied().unwrap_or_default();
            match clause(number) {
                Some(text) if !text.is_empty() => Ok(text.to_owned()),
                _ => Err(Error::input(format!("the query has no `{keyword}`: {why}"))),
            }
        };
        let optional = |number: usize| clause(number).map(|text| without_by(text).to_owned());
        if text.get(..first(&found)).is_some_and(|before| !before.trim().is_empty()) {
            return Err(Error::input("the query does not begin with `select`"));
        }
        Ok(Self {
            select: needed(0, "it begins with `select` and the names of fields")?,
            from: needed(1, "name a module, such as `from Leads`")?,
            condition: needed(2, "Zoho requires one; `where id is not null` finds all records")?,
            tests,
            group: optional(3),
            order: optional(4),
            limit: optional(5),
            aggregates,
            loose,
        })
    }
}

fn first(found: &[Option<(usize, usize)>]) -> usize {
    found.iter().flatten().map(|(begin, _)| *begin).next().unwrap_or(usize::MAX)
}

fn is_join(word: &str) -> bool {
    word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or")
}

/// Removes the `by` of `group by` and `order by`.
fn without_by(text: &str) -> &str {
    let (word, rest) = text.split_at_checked(2).unwrap_or((text, ""));
    match word.eq_ignore_ascii_case("by") && rest.starts_with(char::is_whitespace) {
        true => rest.trim_start(),
        false => text,
    }
}

fn unbalanced() -> Error {
    Error::input("the query has a bracket without its counterpart outside of strings")
}

fn misplaced(word: &str) -> Error {
    Error::input(format!(
        "the query has `{}` twice or in the wrong place: the order is select, from, where, group by, order by, \
         limit; write a name that is a keyword in quotes",
        escaped(word)
    ))
}

#[cfg(test)]
mod tests {
    use super::Clauses;

    #[test]
    fn splits_a_query_at_its_keywords() {
        let text = "SELECT A, Owner.B FROM Leads WHERE ((a = 'where limit' AND b in (select id from X where y = 1)) \
                    or c between 1 and 2) Group By A ORDER BY A desc limit 5 offset 10";
        let clauses = Clauses::parse(text).unwrap();
        assert_eq!((clauses.select.as_str(), clauses.from.as_str()), ("A, Owner.B", "Leads"));
        let condition =
            "((a = 'where limit' AND b in (select id from X where y = 1)) or c between 1 and 2)";
        assert_eq!(clauses.condition, condition);
        assert_eq!((clauses.tests, clauses.loose, clauses.aggregates), (4, false, false));
        assert_eq!(clauses.group.as_deref(), Some("A"));
        assert_eq!(clauses.order.as_deref(), Some("A desc"));
        assert_eq!(clauses.limit.as_deref(), Some("5 offset 10"));
    }

    #[test]
    fn finds_aggregates_and_loose_conditions() {
        let clauses = Clauses::parse("select COUNT(id) from Leads where a = 1 and b = 2").unwrap();
        assert!(clauses.aggregates && clauses.loose);
        assert_eq!((clauses.group, clauses.order, clauses.limit), (None, None, None));
    }

    #[test]
    fn refuses_text_that_is_not_a_query() {
        for (text, expected) in [
            ("", "no `select`"),
            ("update Leads", "no `select`"),
            ("x select a from b where c = 1", "does not begin with `select`"),
            ("select a from b", "no `where`"),
            ("select a from b where", "no `where`"),
            ("select a where c = 1", "no `from`"),
            ("select from b where c = 1", "no `select`"),
            ("select a from b where (c = 1", "bracket"),
            ("select a from b where c = 1)", "bracket"),
            ("select a from b where c = 1 limit 5 order by a", "wrong place"),
            ("select a from b where c = 1 where d = 2", "twice"),
            ("select a from b where c = 'd", "closing"),
        ] {
            let message = Clauses::parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
