//! Filters of the recycle bin.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::clock::{parse_stamp, parse_utc_stamp};
use crate::crm::call::Refusal;
use crate::state::DeletedRecord;

/// The conditions that the shown records meet.
pub(super) struct BinFilter(Vec<Condition>);

struct Condition {
    field: BinField,
    comparator: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BinField {
    DisplayName,
    Module,
    DeletedBy,
    DeletedTime,
}

const TEXTS: &[&str] =
    &["equal", "not_equal", "contains", "not_contains", "starts_with", "ends_with"];
const NAMES: &[&str] = &["equal", "not_equal", "in", "not_in"];
const TIMES: &[&str] =
    &["equal", "greater_than", "greater_equal", "less_than", "less_equal", "between"];

impl BinField {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "display_name" => Self::DisplayName,
            "module" => Self::Module,
            "deleted_by" => Self::DeletedBy,
            "deleted_time" => Self::DeletedTime,
            _ => return None,
        })
    }

    fn comparators(self) -> &'static [&'static str] {
        match self {
            Self::DisplayName => TEXTS,
            Self::Module | Self::DeletedBy => NAMES,
            Self::DeletedTime => TIMES,
        }
    }
}

/// The place of a filter: the query or the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Body,
}

impl Place {
    /// Refuses a member of the filter; `within` is the path to the object that has it.
    fn refused(self, within: &str, member: &str, message: &str) -> Refusal {
        let mut details = Map::new();
        details.insert("api_name".into(), member.rsplit('.').next().into());
        match self {
            Self::Query => {
                details.insert("json_path".into(), format!("${within}.{member}").into());
                details.insert("param_name".into(), "filters".into());
            }
            Self::Body => {
                details.insert("json_path".into(), format!("$.filters{within}.{member}").into());
            }
        }
        Refusal::bad("INVALID_DATA", message, details.into())
    }
}

impl BinFilter {
    /// Reads the parameter: a JSON object, or `field:value` for equality.
    pub(super) fn of_query(text: &str) -> Result<Self, Refusal> {
        let filter = match (serde_json::from_str(text), text.split_once(':')) {
            (Ok(filter @ Value::Object(_)), _) => filter,
            (_, Some((name, value))) => json!({
                "field": { "api_name": name }, "comparator": "equal", "value": value,
            }),
            _ => return Err(Refusal::invalid_param("filters", "jsonobject")),
        };
        Self::of(Place::Query, &filter)
    }

    /// Reads a condition, or several of them that are joined by `AND`.
    pub(super) fn of(place: Place, filter: &Value) -> Result<Self, Refusal> {
        let Some(group) = filter.get("group") else {
            return Ok(Self(vec![Condition::of(place, "", filter)?]));
        };
        if filter.get("group_operator").and_then(Value::as_str) != Some("AND") {
            let message = "Please provide a valid group operator";
            return Err(place.refused("", "group_operator", message));
        }
        let group = group.as_array().filter(|group| !group.is_empty());
        let group = group.ok_or_else(|| place.refused("", "group", "invalid data"))?;
        let conditions = group.iter().enumerate();
        conditions
            .map(|(index, one)| Condition::of(place, &format!(".group[{index}]"), one))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns whether a deleted record of `module` meets all conditions.
    pub(super) fn holds(&self, module: &str, deleted: &DeletedRecord) -> bool {
        self.0.iter().all(|condition| condition.holds(module, deleted))
    }
}

impl Condition {
    fn of(place: Place, within: &str, condition: &Value) -> Result<Self, Refusal> {
        let name = condition.pointer("/field/api_name").and_then(Value::as_str);
        let field = name.and_then(BinField::parse);
        let field = field.ok_or_else(|| {
            place.refused(within, "field.api_name", "Please provide a valid field")
        })?;
        let comparator = condition.get("comparator").and_then(Value::as_str).unwrap_or_default();
        if !field.comparators().contains(&comparator) {
            return Err(place.refused(within, "comparator", "Please provide a valid comparator"));
        }
        let text = |value: &Value| {
            let value = value.get("api_name").or_else(|| value.get("id")).unwrap_or(value);
            let text = value.as_str()?;
            (field != BinField::DeletedTime || time(text).is_some()).then(|| text.to_owned())
        };
        let values = match condition.get("value") {
            Some(Value::Array(values)) => values.iter().map(text).collect(),
            Some(value) => text(value).map(|value| vec![value]),
            None => None,
        };
        let count = if comparator == "between" { 2..=2 } else { 1..=100 };
        let values = values.filter(|values: &Vec<String>| count.contains(&values.len()));
        let values =
            values.ok_or_else(|| place.refused(within, "value", "Please provide a valid value"))?;
        Ok(Self { field, comparator: comparator.to_owned(), values })
    }

    fn holds(&self, module: &str, deleted: &DeletedRecord) -> bool {
        let text = match self.field {
            BinField::DisplayName => deleted.display_name.to_lowercase(),
            BinField::Module => module.to_lowercase(),
            BinField::DeletedBy => deleted.deleted_by.clone(),
            BinField::DeletedTime => return self.holds_at(deleted.deleted),
        };
        let any = |compares: fn(&str, &str) -> bool| {
            self.values.iter().any(|value| compares(&text, &value.to_lowercase()))
        };
        match self.comparator.as_str() {
            "equal" | "in" => any(|a, b| a == b),
            "not_equal" | "not_in" => !any(|a, b| a == b),
            "contains" => any(|a, b| a.contains(b)),
            "not_contains" => !any(|a, b| a.contains(b)),
            "starts_with" => any(|a, b| a.starts_with(b)),
            _ => any(|a, b| a.ends_with(b)),
        }
    }

    fn holds_at(&self, at: DateTime<Utc>) -> bool {
        let times: Vec<DateTime<Utc>> = self.values.iter().filter_map(|text| time(text)).collect();
        match (self.comparator.as_str(), times.as_slice()) {
            ("equal", [one, ..]) => at == *one,
            ("greater_than", [one, ..]) => at > *one,
            ("greater_equal", [one, ..]) => at >= *one,
            ("less_than", [one, ..]) => at < *one,
            ("less_equal", [one, ..]) => at <= *one,
            (_, [from, to]) => (*from..=*to).contains(&at),
            _ => false,
        }
    }
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    parse_stamp(text).or_else(|| parse_utc_stamp(text))
}
