//! The formats of columns.

use serde_json::json;

use super::pattern::{DatePattern, NumberPattern};
use crate::bulk_write::DefaultDates;
use crate::crm::call::Refusal;
use crate::schema::{FieldKind, FieldSpec};

/// How the cells of a column are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    Plain,
    Date(DatePattern),
    Number(NumberPattern),
}

impl Reading {
    /// Returns how a field's cells are read, by the format of the mapping or the default.
    pub(super) fn of(
        defaults: DefaultDates,
        field: &FieldSpec,
        format: Option<&str>,
    ) -> Result<Self, Refusal> {
        let (date, time) = match defaults {
            DefaultDates::MonthFirst => ("MM/dd/yyyy", "MM/dd/yyyy HH:mm:ss"),
            DefaultDates::Iso => ("yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssXXX"),
        };
        let invalid = || {
            let message = format!("the format of the field {} is invalid", field.api_name);
            Refusal::bad("INVALID_FORMAT", message, json!({ "api_name": field.api_name }))
        };
        match (field.kind, format) {
            (FieldKind::Date, format) => {
                let pattern = DatePattern::parse(format.unwrap_or(date)).ok_or_else(invalid)?;
                Ok(Self::Date(pattern))
            }
            (FieldKind::DateTime, format) => {
                let pattern = DatePattern::parse(format.unwrap_or(time)).ok_or_else(invalid)?;
                if !pattern.has_time() {
                    return Err(invalid());
                }
                Ok(Self::Date(pattern))
            }
            (
                FieldKind::Integer
                | FieldKind::BigInt
                | FieldKind::Double
                | FieldKind::Currency
                | FieldKind::Percent
                | FieldKind::Discount,
                format,
            ) => {
                let pattern = format.map(|format| NumberPattern::parse(format).ok_or_else(invalid));
                Ok(Self::Number(pattern.transpose()?.unwrap_or_default()))
            }
            (_, Some(_)) => Err(invalid()),
            (_, None) => Ok(Self::Plain),
        }
    }
}
