//! The syntax tree of a query.

/// A query as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) items: Vec<Item>,
    pub(super) module: String,
    /// The id of the custom view after `#`.
    pub(super) view: Option<String>,
    pub(super) condition: Condition,
    pub(super) group_by: Vec<String>,
    pub(super) order_by: Vec<Order>,
    pub(super) limit: Option<Limit>,
}

/// A column of the answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) expression: Expression,
    pub(super) alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Column(String),
    Aggregate { function: String, column: String },
}

/// A key of the order: a column or an alias.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub(super) column: String,
    pub(super) descending: bool,
}

/// The numbers of `LIMIT` and `OFFSET` as they are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    pub(super) count: String,
    pub(super) offset: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Test(Test),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

impl Condition {
    /// Returns the number of tests.
    pub(super) fn tests(&self) -> usize {
        match self {
            Self::Test(_) => 1,
            Self::And(left, right) | Self::Or(left, right) => left.tests() + right.tests(),
        }
    }
}

/// The test of one column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) column: String,
    pub(super) operator: Operator,
    pub(super) operand: Operand,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// One value, two for `BETWEEN`, any number for `IN`, none for `IS NULL`.
    Values(Vec<String>),
    Query(Box<Query>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Like,
    NotLike,
    In,
    NotIn,
    Between,
    NotBetween,
    IsNull,
    IsNotNull,
}

impl Operator {
    /// Returns the operator of a symbol.
    pub(super) fn symbol(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterEqual,
            "<" => Self::Less,
            "<=" => Self::LessEqual,
            _ => return None,
        })
    }

    /// Returns the operator as errors name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Like => "like",
            Self::NotLike => "not like",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Between => "between",
            Self::NotBetween => "not between",
            Self::IsNull => "is null",
            Self::IsNotNull => "is not null",
        }
    }

    /// Returns whether the operator is the negation of another one.
    pub(super) fn is_negative(self) -> bool {
        matches!(self, Self::NotEqual | Self::NotLike | Self::NotIn | Self::NotBetween)
    }
}
