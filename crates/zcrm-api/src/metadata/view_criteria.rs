//! Which records a custom view shows.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{MetaRef, criteria::escape};

/// Which records a view shows: a condition, or a group of conditions of any depth.
///
/// `Display` writes it as a search takes it, such as
/// `((City:equals:Chennai)and(Rating:equals:Hot))`.
/// `Debug` shows fields and no values, which are people's data.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ViewCriteria {
    /// Conditions, of which all or any must hold.
    Group {
        /// How they are joined: `and` or `or`, in capital letters too.
        group_operator: String,
        /// The conditions.
        group: Vec<Self>,
    },
    /// One condition.
    Condition {
        /// The field that is looked at: an API name alone in v2.
        field: MetaRef,
        /// How it is compared, such as `equal` or `contains`.
        comparator: String,
        /// What it is compared with: text, a number, a list, or an object such as a user.
        #[serde(default)]
        value: Value,
    },
    /// A form that zcrm does not know, as it came.
    Other(Value),
}

impl fmt::Debug for ViewCriteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group { group_operator, group } => {
                f.debug_tuple(group_operator).field(group).finish()
            }
            Self::Condition { field, comparator, .. } => {
                f.debug_tuple(comparator).field(&field.api_name).finish()
            }
            Self::Other(_) => f.write_str("Other"),
        }
    }
}

impl fmt::Display for ViewCriteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group { group_operator, group } => {
                let joint = group_operator.to_ascii_lowercase();
                f.write_str("(")?;
                for (index, part) in group.iter().enumerate() {
                    if index > 0 {
                        f.write_str(&joint)?;
                    }
                    part.fmt(f)?;
                }
                f.write_str(")")
            }
            Self::Condition { field, comparator, value } => {
                let name = field.api_name.as_deref().unwrap_or_default();
                write!(f, "({name}:{comparator}:{})", Shown(value))
            }
            Self::Other(value) => value.fmt(f),
        }
    }
}

/// A value as it stands in criteria: text without quotes, special characters escaped.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => f.write_str(&escape(text)),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    Shown(value).fmt(f)?;
                }
                Ok(())
            }
            Value::Object(members) => match members.get("name").or_else(|| members.get("id")) {
                Some(name) => Shown(name).fmt(f),
                None => self.0.fmt(f),
            },
            other => other.fmt(f),
        }
    }
}
