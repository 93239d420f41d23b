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
    /// The number of comparisons, with those of subqueries.
    pub(super) tests: usize,
    /// The number of comparisons outside of subqueries.
    pub(super) own_tests: usize,
    pub(super) group: Option<String>,
    pub(super) order: Option<String>,
    /// The limit, and the offset if there is one.
    pub(super) limit: Option<String>,
    /// Whether `select` has functions such as `COUNT(id)`.
    pub(super) aggregates: bool,
    /// Whether `select` has a column under the name `id`.
    pub(super) renames_id: bool,
    /// Whether the condition has `and` or `or` outside of brackets.
    pub(super) loose: bool,
}

/// A part of a condition: the text in a pair of brackets, or outside of all.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Whether it has an `and` or `or`.
    joined: bool,
    /// Whether the next `and` belongs to a `between`.
    between: bool,
    /// Whether it is inside of a subquery.
    inner: bool,
}

/// The comparisons of a condition.
struct Tests {
    /// The brackets that are open, outermost first.
    levels: Vec<Level>,
    all: usize,
    own: usize,
    loose: bool,
}

impl Tests {
    fn new() -> Self {
        Self { levels: vec![Level::default()], all: 1, own: 1, loose: false }
    }

    fn open(&mut self) {
        let inner = self.levels.last().is_some_and(|level| level.inner);
        self.levels.push(Level { inner, ..Level::default() });
    }

    fn close(&mut self) -> Result<(), Error> {
        let _ = self.levels.pop();
        if self.levels.is_empty() { Err(unbalanced()) } else { Ok(()) }
    }

    /// Returns `true` outside of all brackets.
    fn is_outside(&self) -> bool {
        self.levels.len() == 1
    }

    /// Counts a word of a condition.
    fn word(&mut self, word: &str) -> Result<(), Error> {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        let outside = self.is_outside();
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        if is("between") {
            level.between = true;
        } else if is("and") && std::mem::take(&mut level.between) {
            // the `and` between two values
        } else if is("and") || is("or") {
            if std::mem::replace(&mut level.joined, true) {
                return Err(side_by_side());
            }
            self.all = self.all.saturating_add(1);
            self.own = self.own.saturating_add(usize::from(!level.inner));
            self.loose |= outside;
        } else if is("select") {
            level.inner = true;
        } else if is("where") {
            self.all = self.all.saturating_add(1);
        }
        Ok(())
    }
}

/// The keywords that begin a clause, in their order.
const KEYWORDS: [&str; 6] = ["select", "from", "where", "group", "order", "limit"];

/// The places of keywords in [`KEYWORDS`].
const SELECT: usize = 0;
const WHERE: usize = 2;
const GROUP: usize = 3;
const ORDER: usize = 4;
const LIMIT: usize = 5;

impl Clauses {
    /// Splits the text of a query at its keywords.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if a string or a bracket is not
    /// closed, if the query lacks `select`, `from` or `where`, if its clauses are in another order or
    /// empty, if it has a `;`, or if three comparisons are side by side without brackets.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut found: [Option<(usize, usize)>; 6] = [None; 6];
        let mut current = None;
        let mut tests = Tests::new();
        let (mut aggregates, mut renames_id, mut is_alias) = (false, false, false);
        let pieces = pieces(text)?;
        let mut rest = pieces.iter().peekable();
        let mut after_dot = false;
        while let Some((at, piece)) = rest.next() {
            let before_dot = matches!(rest.peek(), Some((_, Piece::Other('.'))));
            let in_path = before_dot || after_dot;
            after_dot = *piece == Piece::Other('.');
            renames_id |= is_alias && names_id(piece);
            match *piece {
                Piece::Other(character) if character.is_whitespace() => continue,
                Piece::Other('(') => {
                    aggregates |= current == Some(SELECT);
                    tests.open();
                }
                Piece::Other(')') => tests.close()?,
                Piece::Other(';') => {
                    return Err(Error::input(
                        "the query has a `;`: leave it out, a call has one query",
                    ));
                }
                // a part of a name such as `Account_Name.Order`
                Piece::Word(_) if in_path => {}
                Piece::Word(word) => {
                    let number =
                        KEYWORDS.iter().position(|keyword| word.eq_ignore_ascii_case(keyword));
                    let number = number.filter(|_| tests.is_outside());
                    let slot = number.and_then(|number| Some((number, found.get_mut(number)?)));
                    if let Some((number, slot)) = slot {
                        if slot.is_some() || current.is_some_and(|current| current >= number) {
                            return Err(misplaced(word));
                        }
                        *slot = Some((*at, at.saturating_add(word.len())));
                        current = Some(number);
                    } else if current == Some(WHERE) {
                        tests.word(word)?;
                    }
                }
                _ => {}
            }
            is_alias = current == Some(SELECT)
                && matches!(piece, Piece::Word(word) if word.eq_ignore_ascii_case("as"));
        }
        if !tests.is_outside() {
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
        let columns = |number: usize| {
            clause(number)
                .map(|text| by(text).map(str::to_owned).ok_or_else(|| empty(number)))
                .transpose()
        };
        let limit = clause(LIMIT).map(|text| match text.is_empty() {
            true => Err(empty(LIMIT)),
            false => Ok(text.to_owned()),
        });
        if text.get(..first(&found)).is_some_and(|before| !before.trim().is_empty()) {
            return Err(Error::input("the query does not begin with `select`"));
        }
        Ok(Self {
            select: needed(0, "it begins with `select` and the names of fields")?,
            from: needed(1, "name a module, such as `from Leads`")?,
            condition: needed(2, "Zoho requires one; `where id is not null` finds all records")?,
            tests: tests.all,
            own_tests: tests.own,
            group: columns(GROUP)?,
            order: columns(ORDER)?,
            limit: limit.transpose()?,
            aggregates,
            renames_id,
            loose: tests.loose,
        })
    }
}

fn first(found: &[Option<(usize, usize)>]) -> usize {
    found.iter().flatten().map(|(begin, _)| *begin).next().unwrap_or(usize::MAX)
}

/// Returns `true` if this is the name `id`, in quotes or not.
fn names_id(piece: &Piece<'_>) -> bool {
    match piece {
        Piece::Word(name) | Piece::Text(name) => {
            name.trim_matches(['\'', '"']).eq_ignore_ascii_case("id")
        }
        Piece::Other(_) => false,
    }
}

/// Returns the columns after `group by` or `order by`: the text after `by`, or `None` without any.
fn by(text: &str) -> Option<&str> {
    let (word, rest) = text.split_at_checked(2)?;
    let columns = rest.trim_start();
    let separate = !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    (word.eq_ignore_ascii_case("by") && separate && !columns.is_empty()).then_some(columns)
}

fn empty(number: usize) -> Error {
    Error::input(match number {
        GROUP => {
            "the query has `group` without `by` and columns: write `group by Stage`, or leave it out"
        }
        ORDER => {
            "the query has `order` without `by` and columns: write `order by Stage`, or leave it out"
        }
        _ => "the query has `limit` without a number: write `limit 200`, or leave it out",
    })
}

fn side_by_side() -> Error {
    Error::input(
        "the query has three comparisons side by side: Zoho takes two, so write more in pairs in \
         brackets, such as `((a = 1 and b = 2) and c = 3)`",
    )
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
    use proptest::{collection::vec, prelude::*, sample::select};

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
        assert_eq!((clauses.tests, clauses.own_tests), (4, 3));
        assert!(!clauses.loose && !clauses.aggregates && !clauses.renames_id);
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
    fn keeps_keywords_that_are_a_part_of_a_name() {
        let text = "select A.Order, Limit.B, 'where' from C where (D.And = 1 or E.group.F between 1 and 2) \
                    order by\"Order\"";
        let clauses = Clauses::parse(text).unwrap();
        assert_eq!(clauses.select, "A.Order, Limit.B, 'where'");
        assert_eq!((clauses.tests, clauses.order.as_deref()), (2, Some("\"Order\"")));
    }

    #[test]
    fn finds_a_column_under_the_name_id() {
        for (columns, expected) in [
            ("Phone as id", true),
            ("id", false),
            ("A as\n'ID', B", true),
            ("as, id", false),
            ("A as b, id", false),
        ] {
            let clauses = Clauses::parse(&format!("select {columns} from b where c = 1")).unwrap();
            assert_eq!(clauses.renames_id, expected, "{columns}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(?s).{0,60}") {
            let _ = Clauses::parse(&text);
        }

        #[test]
        fn never_panics_on_words_of_queries(
            words in vec(select(&["select", "from", "where", "and", "between", "(", ")", "'", "\"", ".",
                "as", "id", "group by", "order", "limit", "é", "\n", ":a", ";", "1"][..]), 0..30),
        ) {
            let text = words.join(" ");
            if let Ok(clauses) = Clauses::parse(&text) {
                prop_assert!(!clauses.from.is_empty() && !clauses.condition.is_empty(), "{text}");
                let again = format!("select {} from {} where {}", clauses.select, clauses.from, clauses.condition);
                prop_assert_eq!(Clauses::parse(&again).unwrap().tests, clauses.tests);
            }
        }
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
            ("select a from b where c = 1;", "`;`"),
            ("select a from b where c = 1 and d = 2 or e = 3", "side by side"),
            ("select a from b where (c = 1 and d = 2 and e = 3)", "side by side"),
            ("select a from b where c = 1 and d between 1 and 2 and e = 3", "side by side"),
            (
                "select a from b where c in (select d from e where f = 1 or g = 2 or h = 3)",
                "side by side",
            ),
            ("select a from b where c = 1 group by", "`group` without `by`"),
            ("select a from b where c = 1 group Stage", "`group` without `by`"),
            ("select a from b where c = 1 order byname", "`order` without `by`"),
            ("select a from b where c = 1 limit ", "`limit` without a number"),
        ] {
            let message = Clauses::parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
