//! The comparators of bulk criteria, and the kinds of fields that accept them.

use crate::schema::FieldKind;

/// The value that means an empty field.
pub(super) const EMPTY: &str = "${EMPTY}";

/// A comparator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    In,
    NotIn,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    LessThan,
    LessEqual,
    GreaterThan,
    GreaterEqual,
    Between,
    NotBetween,
}

const NAMES: [(&str, Comparator); 14] = [
    ("equal", Comparator::Equal),
    ("not_equal", Comparator::NotEqual),
    ("in", Comparator::In),
    ("not_in", Comparator::NotIn),
    ("contains", Comparator::Contains),
    ("not_contains", Comparator::NotContains),
    ("starts_with", Comparator::StartsWith),
    ("ends_with", Comparator::EndsWith),
    ("less_than", Comparator::LessThan),
    ("less_equal", Comparator::LessEqual),
    ("greater_than", Comparator::GreaterThan),
    ("greater_equal", Comparator::GreaterEqual),
    ("between", Comparator::Between),
    ("not_between", Comparator::NotBetween),
];

impl Comparator {
    pub(super) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, comparator)| *comparator)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| *name)
    }

    /// Returns the number of values it takes; `None` means one or more.
    pub(super) fn values(self) -> Option<usize> {
        match self {
            Self::In | Self::NotIn => None,
            Self::Between | Self::NotBetween => Some(2),
            _ => Some(1),
        }
    }

    /// Returns whether it holds exactly where another comparator does not, with that comparator.
    pub(super) fn opposite(self) -> Option<Self> {
        Some(match self {
            Self::NotEqual => Self::Equal,
            Self::NotIn => Self::In,
            Self::NotContains => Self::Contains,
            Self::NotBetween => Self::Between,
            _ => return None,
        })
    }
}

/// The way in which the values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueClass {
    Number,
    Text,
    Date,
    DateTime,
    Boolean,
    Reference,
}

impl ValueClass {
    /// Returns the class of a field; `None` if criteria cannot name the field.
    pub(super) fn of(kind: FieldKind) -> Option<Self> {
        Some(match kind {
            FieldKind::Integer
            | FieldKind::BigInt
            | FieldKind::Double
            | FieldKind::Currency
            | FieldKind::Percent
            | FieldKind::Formula => Self::Number,
            FieldKind::Text
            | FieldKind::Email
            | FieldKind::Phone
            | FieldKind::Website
            | FieldKind::Picklist
            | FieldKind::MultiPicklist
            | FieldKind::AutoNumber => Self::Text,
            FieldKind::Date => Self::Date,
            FieldKind::DateTime => Self::DateTime,
            FieldKind::Boolean => Self::Boolean,
            FieldKind::Lookup | FieldKind::Owner => Self::Reference,
            _ => return None,
        })
    }

    pub(super) fn comparators(self) -> &'static [Comparator] {
        use Comparator::{
            Between, Contains, EndsWith, Equal, GreaterEqual, GreaterThan, In, LessEqual, LessThan,
            NotBetween, NotContains, NotEqual, NotIn, StartsWith,
        };
        match self {
            Self::Number => {
                &[Equal, NotEqual, In, NotIn, LessThan, LessEqual, GreaterThan, GreaterEqual]
            }
            Self::Text => {
                &[Equal, NotEqual, In, NotIn, Contains, NotContains, StartsWith, EndsWith]
            }
            Self::Date | Self::DateTime => &[
                Equal,
                NotEqual,
                In,
                NotIn,
                Between,
                NotBetween,
                GreaterThan,
                GreaterEqual,
                LessThan,
                LessEqual,
            ],
            Self::Boolean => &[Equal],
            Self::Reference => &[Equal, NotEqual, In, NotIn],
        }
    }
}
