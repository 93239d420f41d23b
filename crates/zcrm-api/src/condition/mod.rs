//! Conditions on records: one type for searches, bulk reads and COQL.

mod bulk;
mod column;
mod coql;
mod fields;
mod operand;
mod search;

use std::fmt;

use zcrm_core::{Error, escaped};

#[cfg(feature = "bulk")]
pub(crate) use bulk::both;
pub(crate) use column::Column;
pub(crate) use coql::{most_values, write_literal};
pub(crate) use fields::KnownFields;
pub use operand::Operand;
pub(crate) use search::escape;

/// The largest number of comparisons that a condition keeps. Every target takes far fewer; the limit
/// bounds the memory and the depth of a condition that a program builds in a loop.
const MOST_TESTS: usize = 1_000;

/// A condition on records, such as `Stage` equals `Won` and `Amount` is greater than 10,000.
///
/// [`field`] starts a comparison; [`and`](Self::and) and [`or`](Self::or) join them. The same condition
/// serves a [search](crate::Records::search), a bulk read and a COQL query. Each of the three supports
/// other comparisons and limits; a condition that the target does not support is an error before anything
/// is sent.
///
/// | method of [`FieldRef`] | search | bulk read | COQL |
/// | --- | --- | --- | --- |
/// | `eq`, `is_in` | yes | yes | yes |
/// | `ne` | yes | yes | yes |
/// | `gt`, `ge`, `lt`, `le`, `between` | yes | yes | yes |
/// | `starts_with` | yes | yes | yes |
/// | `ends_with`, `contains`, `not_contains` | no | yes | yes |
/// | `not_in`, `not_between` | no | yes | yes |
/// | `is_null`, `is_not_null` | no | yes | yes |
/// | `like`, `not_like` | no | no | yes |
/// | comparisons in one condition | 10 | 25 | 25 |
/// | values of `is_in` and `not_in` | | 200 | 50, from v7 on 100 |
///
/// Field names and values are escaped, so a value is never read as part of the condition. `Debug` does not
/// show the values, which may be personal data.
///
/// Sources: Zoho's pages on searching records, on creating a bulk read job and on COQL.
///
/// ```
/// use zcrm_api::field;
///
/// let won = field("Stage").eq("Closed Won").and(field("Amount").gt(10_000));
/// assert_eq!(won.to_search()?, "((Stage:equals:Closed Won)and(Amount:greater_than:10000))");
/// assert_eq!(won.to_coql(zcrm_core::ApiVersion::V8)?, "(Stage = 'Closed Won' and Amount > 10000)");
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a condition does nothing until a search or a query takes it"]
pub struct Condition {
    node: Node,
    tests: usize,
    /// The number of comparisons and raw texts.
    parts: usize,
}

#[derive(Clone)]
enum Node {
    Test(Test),
    Group(Join, Vec<Node>),
    Raw(String),
    /// A condition of more than [`MOST_TESTS`] parts, which are dropped.
    TooMany,
}

/// One comparison of a field with values.
#[derive(Clone)]
struct Test {
    field: String,
    comparison: Comparison,
    values: Values,
}

/// The values of a comparison. Most have one, which is kept without an allocation.
#[derive(Clone)]
enum Values {
    One(Operand),
    Many(Vec<Operand>),
}

impl Values {
    fn many<V: Into<Operand>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }
}

impl std::ops::Deref for Values {
    type Target = [Operand];

    fn deref(&self) -> &[Operand] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    And,
    Or,
}

impl Join {
    const fn as_str(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Between,
    NotBetween,
    In,
    NotIn,
    StartsWith,
    EndsWith,
    Contains,
    NotContains,
    Like,
    NotLike,
    IsNull,
    IsNotNull,
}

impl Comparison {
    /// The name of the method of [`FieldRef`] that makes it.
    const fn method(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Greater => "gt",
            Self::GreaterEqual => "ge",
            Self::Less => "lt",
            Self::LessEqual => "le",
            Self::Between => "between",
            Self::NotBetween => "not_between",
            Self::In => "is_in",
            Self::NotIn => "not_in",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::Contains => "contains",
            Self::NotContains => "not_contains",
            Self::Like => "like",
            Self::NotLike => "not_like",
            Self::IsNull => "is_null",
            Self::IsNotNull => "is_not_null",
        }
    }
}

/// Names a field, by its API name, to compare it with values.
///
/// COQL and bulk reads also take fields of related records, with a dot: `Account_Name.Industry`.
///
/// ```
/// use zcrm_api::field;
///
/// let condition = field("City").is_in(["Chennai", "Pune"]).or(field("Zip_Code").starts_with("600"));
/// # let _ = condition;
/// ```
pub fn field(name: impl Into<String>) -> FieldRef {
    FieldRef { name: name.into() }
}

/// A field to compare, made by [`field`].
#[derive(Clone, Debug)]
#[must_use = "a field does nothing until it is compared"]
pub struct FieldRef {
    name: String,
}

macro_rules! comparisons {
    ($($(#[doc = $doc:literal])* $name:ident = $comparison:ident;)*) => {
        impl FieldRef {
            $(
                $(#[doc = $doc])*
                pub fn $name(self, value: impl Into<Operand>) -> Condition {
                    self.test(Comparison::$comparison, Values::One(value.into()))
                }
            )*
        }
    };
}

comparisons! {
    /// The field has this value.
    eq = Equal;
    /// The field does not have this value.
    ne = NotEqual;
    /// The number, date or time is greater than this.
    gt = Greater;
    /// The number, date or time is greater than or equal to this.
    ge = GreaterEqual;
    /// The number, date or time is less than this.
    lt = Less;
    /// The number, date or time is less than or equal to this.
    le = LessEqual;
    /// The text starts with this.
    starts_with = StartsWith;
    /// The text ends with this. Not for searches.
    ends_with = EndsWith;
    /// The text contains this. Not for searches.
    contains = Contains;
    /// The text does not contain this. Not for searches.
    not_contains = NotContains;
    /// The text matches this pattern of COQL: `Zyl%`, `%ker` or `%ylk%`. Only for COQL.
    like = Like;
    /// The text does not match this pattern of COQL: `%ylk%`. Only for COQL.
    not_like = NotLike;
}

impl FieldRef {
    /// The number, date or time is between the two, both included.
    pub fn between(self, from: impl Into<Operand>, to: impl Into<Operand>) -> Condition {
        self.test(Comparison::Between, Values::Many(vec![from.into(), to.into()]))
    }

    /// The number, date or time is not between the two. Not for searches.
    pub fn not_between(self, from: impl Into<Operand>, to: impl Into<Operand>) -> Condition {
        self.test(Comparison::NotBetween, Values::Many(vec![from.into(), to.into()]))
    }

    /// The field has one of these values.
    pub fn is_in<V: Into<Operand>>(self, values: impl IntoIterator<Item = V>) -> Condition {
        self.test(Comparison::In, Values::many(values))
    }

    /// The field has none of these values. Not for searches.
    pub fn not_in<V: Into<Operand>>(self, values: impl IntoIterator<Item = V>) -> Condition {
        self.test(Comparison::NotIn, Values::many(values))
    }

    /// The field is empty. Not for searches.
    pub fn is_null(self) -> Condition {
        self.test(Comparison::IsNull, Values::Many(Vec::new()))
    }

    /// The field is not empty. Not for searches.
    pub fn is_not_null(self) -> Condition {
        self.test(Comparison::IsNotNull, Values::Many(Vec::new()))
    }

    fn test(self, comparison: Comparison, values: Values) -> Condition {
        let node = Node::Test(Test { field: self.name, comparison, values });
        Condition { node, tests: 1, parts: 1 }
    }
}

impl Condition {
    /// Both conditions hold.
    pub fn and(self, other: Self) -> Self {
        self.joined(Join::And, other)
    }

    /// At least one of the two conditions holds.
    pub fn or(self, other: Self) -> Self {
        self.joined(Join::Or, other)
    }

    /// A condition in Zoho's own notation for searches or for COQL. It is sent as it is, unescaped and
    /// unchecked: do not build it from values that users type.
    pub fn raw(text: impl Into<String>) -> Self {
        Self { node: Node::Raw(text.into()), tests: 0, parts: 1 }
    }

    fn joined(self, join: Join, other: Self) -> Self {
        let tests = self.tests.saturating_add(other.tests);
        let parts = self.parts.saturating_add(other.parts);
        if parts > MOST_TESTS {
            // raw texts count here too, because they nest as deeply
            return Self { node: Node::TooMany, tests: parts, parts };
        }
        let node = match self.node {
            Node::Group(same, mut nodes) if same == join => {
                nodes.push(other.node);
                Node::Group(join, nodes)
            }
            first => Node::Group(join, vec![first, other.node]),
        };
        Self { node, tests, parts }
    }

    /// Returns the number of comparisons, or more: the comparisons of raw text are estimated.
    pub(crate) fn tests(&self) -> usize {
        self.tests.saturating_add(tests_in_raw(&self.node))
    }

    /// Fails with more comparisons than the target takes.
    fn at_most(&self, most: usize, target: &str) -> Result<(), Error> {
        if self.tests <= most {
            return Ok(());
        }
        Err(Error::input(format!(
            "the condition has {} comparisons, and Zoho takes at most {most} in {target}: split it into \
             several calls, or use `is_in` for several values of one field",
            self.tests
        )))
    }
}

impl Test {
    /// Fails if the comparison lacks a field name or a value.
    fn check(&self) -> Result<(), Error> {
        if self.field.trim_start().is_empty() {
            return Err(Error::input("a comparison names no field: give `field` an API name"));
        }
        let valueless = matches!(self.comparison, Comparison::IsNull | Comparison::IsNotNull);
        if self.values.is_empty() && !valueless {
            return Err(self.wrong("has no value to compare with"));
        }
        match self.values.iter().find_map(Operand::mistake) {
            Some(mistake) => Err(self.wrong(&format!("compares with {mistake}"))),
            None => Ok(()),
        }
    }

    /// An error that names the field.
    fn wrong(&self, what: &str) -> Error {
        Error::input(format!("the condition on `{}` {what}", escaped(&self.field)))
    }

    /// The error of a comparison that the target does not support.
    fn unsupported(&self, target: &str, instead: &str) -> Error {
        self.wrong(&format!(
            "uses `{}`, which {target} does not support: {instead}",
            self.comparison.method()
        ))
    }

    /// Fails with more values than the target takes in one comparison.
    fn at_most(&self, most: usize, target: &str) -> Result<(), Error> {
        if self.values.len() <= most {
            return Ok(());
        }
        Err(self.wrong(&format!(
            "has {} values, and Zoho takes at most {most} in one comparison of {target}: split it into \
             several calls",
            self.values.len()
        )))
    }
}

/// Returns the largest number of comparisons that the raw parts can have.
fn tests_in_raw(node: &Node) -> usize {
    match node {
        Node::Raw(text) => {
            let words = text.split(|character: char| !character.is_alphanumeric());
            let starts = |word: &&str| {
                ["and", "or", "where"].iter().any(|start| word.eq_ignore_ascii_case(start))
            };
            words.filter(starts).count().saturating_add(1)
        }
        Node::Group(_, nodes) => nodes.iter().map(tests_in_raw).sum(),
        Node::Test(_) | Node::TooMany => 0,
    }
}

/// Fails if a raw condition is empty.
fn check_raw(text: &str) -> Result<&str, Error> {
    match text.trim().is_empty() {
        true => Err(Error::input("a raw condition is empty: leave it out")),
        false => Ok(text),
    }
}

/// Shows the number of comparisons only: fields and values may be personal data.
impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("comparisons", &self.tests).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
