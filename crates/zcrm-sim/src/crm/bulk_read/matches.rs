//! Matching of records against bulk criteria.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::columns::{Cell, Column};
use super::comparators::{Comparator, EMPTY, ValueClass};
use crate::bulk_read::BulkReadSettings;
use crate::clock::{parse_stamp, whole_seconds};
use crate::crm::render::View;
use crate::json::record_key;
use crate::schema::ModuleSpec;
use crate::state::{BulkCriteria, Record};

/// A value of a condition or of a cell.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(super) enum Literal {
    Integer(i128),
    Number(f64),
    Date(NaiveDate),
    Instant(DateTime<Utc>),
    Boolean(bool),
    /// Text in lower case.
    Text(String),
}

impl Literal {
    /// Parses a value of the class; `None` if it does not have the format of the class.
    pub(super) fn parse(class: ValueClass, text: &str) -> Option<Self> {
        match class {
            ValueClass::Number => {
                let integer = text.parse().ok().map(Self::Integer);
                let number = || text.parse().ok().filter(|one: &f64| one.is_finite());
                integer.or_else(|| number().map(Self::Number))
            }
            ValueClass::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self::Date),
            ValueClass::DateTime => instant(text).map(whole_seconds).map(Self::Instant),
            ValueClass::Boolean => text.parse().ok().map(Self::Boolean),
            ValueClass::Reference => record_key(text).map(|_| Self::Text(text.to_owned())),
            ValueClass::Text => Some(Self::Text(text.to_lowercase())),
        }
    }

    /// Compares two values; integers of any size are compared exactly.
    fn compare(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Number(other)) => (*one as f64).partial_cmp(other),
            (Self::Number(one), Self::Integer(other)) => one.partial_cmp(&(*other as f64)),
            (one, other) => one.partial_cmp(other),
        }
    }

    fn is(&self, other: &Self) -> bool {
        self.compare(other).is_some_and(std::cmp::Ordering::is_eq)
    }

    fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }
}

/// Parses a time with an offset, with or without a colon: connectors send both.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let (time, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
    match offset.split_at_checked(3) {
        Some((hours, minutes)) if hours.starts_with(['+', '-']) && minutes.len() == 2 => {
            parse_stamp(&format!("{time}{hours}:{minutes}"))
        }
        _ => parse_stamp(text),
    }
}

/// Criteria that are ready to be compared with records.
#[derive(Debug)]
pub(super) enum Matcher {
    Group { any: bool, group: Vec<Matcher> },
    Condition(Box<Condition>),
}

#[derive(Debug)]
pub(super) struct Condition {
    column: Column,
    class: ValueClass,
    comparator: Comparator,
    /// The values; none for the empty value.
    values: Vec<Literal>,
}

impl Matcher {
    /// Prepares checked criteria. A condition whose field has been removed since matches nothing.
    pub(super) fn new(
        view: View<'_>,
        settings: &BulkReadSettings,
        module: &ModuleSpec,
        criteria: &BulkCriteria,
    ) -> Self {
        match criteria {
            BulkCriteria::Group { any, group } => {
                let prepared = group.iter().map(|one| Self::new(view, settings, module, one));
                Self::Group { any: *any, group: prepared.collect() }
            }
            BulkCriteria::Condition { field, comparator, value } => {
                let condition = || {
                    let column = Column::resolve(view.state, settings, module, field).ok()?;
                    let class = column.class()?;
                    let comparator = Comparator::parse(comparator)?;
                    let values = match value {
                        Value::Array(values) => values.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    let texts = values.iter().map(|value| match value {
                        Value::String(text) => text.clone(),
                        other => other.to_string(),
                    });
                    let values = texts.filter(|text| text != EMPTY);
                    let values = values.filter_map(|text| Literal::parse(class, &text)).collect();
                    Some(Condition { column, class, comparator, values })
                };
                condition().map_or_else(
                    || Self::Group { any: true, group: Vec::new() },
                    |condition| Self::Condition(Box::new(condition)),
                )
            }
        }
    }

    pub(super) fn holds(
        &self,
        view: View<'_>,
        settings: &BulkReadSettings,
        record: &Record,
    ) -> bool {
        match self {
            Self::Group { any: true, group } => {
                group.iter().any(|one| one.holds(view, settings, record))
            }
            Self::Group { any: false, group } => {
                group.iter().all(|one| one.holds(view, settings, record))
            }
            Self::Condition(condition) => {
                condition.holds(&condition.column.cell(view, settings, record))
            }
        }
    }
}

impl Condition {
    fn holds(&self, cell: &Cell<'_>) -> bool {
        match self.comparator.opposite() {
            Some(opposite) => !self.meets(opposite, cell),
            None => self.meets(self.comparator, cell),
        }
    }

    /// Returns whether one of the cell's values meets the comparator. An empty cell only equals the
    /// empty value.
    fn meets(&self, comparator: Comparator, cell: &Cell<'_>) -> bool {
        if self.values.is_empty() {
            return match cell {
                Cell::Empty => true,
                Cell::Text(text) => text.is_empty(),
                Cell::List(values) => values.is_empty(),
                Cell::Tags(names) => names.is_empty(),
            };
        }
        let test = |text: &str| {
            Literal::parse(self.class, text).is_some_and(|value| self.compares(comparator, &value))
        };
        match cell {
            Cell::Empty => false,
            Cell::Text(text) => test(text),
            Cell::Tags(names) => names.iter().any(|name| test(name)),
            Cell::List(values) => values.iter().filter_map(Value::as_str).any(test),
        }
    }

    fn compares(&self, comparator: Comparator, value: &Literal) -> bool {
        let [first, rest @ ..] = self.values.as_slice() else { return false };
        let order = value.compare(first);
        match comparator {
            Comparator::In => self.values.iter().any(|wanted| value.is(wanted)),
            Comparator::Contains => value.text().contains(first.text()),
            Comparator::StartsWith => value.text().starts_with(first.text()),
            Comparator::EndsWith => value.text().ends_with(first.text()),
            Comparator::LessThan => order.is_some_and(std::cmp::Ordering::is_lt),
            Comparator::LessEqual => order.is_some_and(std::cmp::Ordering::is_le),
            Comparator::GreaterThan => order.is_some_and(std::cmp::Ordering::is_gt),
            Comparator::GreaterEqual => order.is_some_and(std::cmp::Ordering::is_ge),
            Comparator::Between => {
                let last = rest.first().and_then(|last| value.compare(last));
                order.is_some_and(std::cmp::Ordering::is_ge)
                    && last.is_some_and(std::cmp::Ordering::is_le)
            }
            _ => value.is(first),
        }
    }
}
