//! Checks of the criteria of a bulk read request.

use serde_json::{Map, Value, json};

use super::columns::{Column, ColumnError};
use super::comparators::{Comparator, EMPTY, ValueClass};
use super::matches::Literal;
use crate::bulk_read::BulkReadSettings;
use crate::crm::call::Refusal;
use crate::json::text_of;
use crate::schema::ModuleSpec;
use crate::state::{BulkCriteria, State};
use crate::version::Version;

/// The maximum number of conditions in a request.
const CONDITIONS: usize = 25;
/// The maximum number of values in a condition.
const VALUES: usize = 200;
/// The maximum length of a text, in characters.
const TEXT_LENGTH: usize = 255;
/// The maximum number of digits of an integer.
const DIGITS: usize = 19;

/// The module that the criteria are about, and the version of their form.
#[derive(Clone, Copy)]
pub(super) struct Checked<'a> {
    pub(super) state: &'a State,
    pub(super) settings: &'a BulkReadSettings,
    pub(super) module: &'a ModuleSpec,
    pub(super) version: Version,
}

/// Checks criteria.
pub(super) fn check(of: Checked<'_>, criteria: &Value) -> Result<BulkCriteria, Refusal> {
    let mut conditions = 0;
    let checked = node(of, criteria, false, &mut conditions)?;
    if conditions > CONDITIONS {
        return Err(limit("CRITERIA_LIMIT_EXCEEDED", CONDITIONS));
    }
    Ok(checked)
}

fn limit(code: &'static str, most: usize) -> Refusal {
    Refusal::bad(code, "the limit is exceeded", json!({ "max_limit": most }))
}

fn node(
    of: Checked<'_>,
    criteria: &Value,
    inside: bool,
    conditions: &mut usize,
) -> Result<BulkCriteria, Refusal> {
    let Some(members) = criteria.as_object() else {
        return Err(Refusal::bad(
            "CRITERIA_NOT_SUPPORTED",
            "the criteria are not supported",
            json!({ "criteria": criteria }),
        ));
    };
    let named = members.contains_key("field") || members.contains_key("api_name");
    let Some(group) = members.get("group") else {
        *conditions += 1;
        return condition(of, members, inside);
    };
    if named {
        let operator = members.get("group_operator");
        let code = if inside { "AMBIGUOUS_GROUP_IN_CRITERIA" } else { "AMBIGUOUS_CRITERIA" };
        let details = json!({ "group": group, "group_operator": operator });
        return Err(Refusal::bad(code, "the criteria have a condition and a group", details));
    }
    let operator = text_of(members, "group_operator");
    let any = operator.eq_ignore_ascii_case("or");
    if !any && !operator.eq_ignore_ascii_case("and") {
        return Err(Refusal::bad(
            "GROUP_OPERATOR_NOT_SUPPORTED",
            "the group operator is not supported",
            json!({ "supported": ["and", "or"] }),
        ));
    }
    match group.as_array().filter(|group| !group.is_empty()) {
        Some(group) => {
            let group = group.iter().map(|one| node(of, one, true, conditions));
            Ok(BulkCriteria::Group { any, group: group.collect::<Result<_, _>>()? })
        }
        None => Err(Refusal::bad(
            "AMBIGUOUS_GROUP_IN_CRITERIA",
            "the group has no conditions",
            json!({ "group": group }),
        )),
    }
}

/// The members of a condition, for the details of a refusal.
struct Condition<'a> {
    members: &'a Map<String, Value>,
    name: &'a str,
}

impl Condition<'_> {
    fn refusal(&self, code: &'static str, message: &str) -> Refusal {
        let member = |name: &str| self.members.get(name).cloned().unwrap_or_default();
        let details = json!({
            "api_name": self.name,
            "field": { "api_name": self.name },
            "comparator": member("comparator"),
            "type": "value",
            "value": member("value"),
        });
        Refusal::bad(code, message, details)
    }
}

fn condition(
    of: Checked<'_>,
    members: &Map<String, Value>,
    inside: bool,
) -> Result<BulkCriteria, Refusal> {
    // The name is in `api_name` in v2, and in the object `field` in later versions.
    let name = match (of.version == Version::V2, members.get("field")) {
        (true, _) => members.get("api_name"),
        (false, field) => field.and_then(|field| field.get("api_name")),
    };
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let comparator = text_of(members, "comparator");
    if name.is_empty() || comparator.is_empty() || !members.contains_key("value") {
        let code = if inside { "AMBIGUOUS_GROUP_IN_CRITERIA" } else { "AMBIGUOUS_CRITERIA" };
        let details = json!({ "api_name": name, "comparator": comparator, "type": "value" });
        return Err(Refusal::bad(code, "the condition is incomplete", details));
    }
    let given = Condition { members, name };
    let column =
        Column::resolve(of.state, of.settings, of.module, name).map_err(|error| match error {
            ColumnError::NotAvailable => {
                given.refusal("FIELD_IN_CRITERIA_NOT_AVAILABLE", "there is no such field")
            }
            ColumnError::NotSupported => unsupported_field(&given),
            ColumnError::TooManyRelations => too_many_relations(),
        })?;
    let is_refused = column.is_id() && of.settings.refuses(of.module.api_name(), "id");
    let class = column.class().filter(|_| !is_refused);
    let class = class.ok_or_else(|| unsupported_field(&given))?;
    let supported = class.comparators();
    let Some(parsed) = Comparator::parse(comparator).filter(|one| supported.contains(one)) else {
        let names: Vec<&str> = supported.iter().map(|one| one.name()).collect();
        return Err(Refusal::bad(
            "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED",
            "the field does not support the comparator",
            json!({ "api_name": name, "comparator": comparator, "supported": names }),
        ));
    };
    values(&given, class, parsed)?;
    Ok(BulkCriteria::Condition {
        field: name.to_owned(),
        comparator: comparator.to_owned(),
        value: members.get("value").cloned().unwrap_or_default(),
    })
}

fn unsupported_field(given: &Condition<'_>) -> Refusal {
    given.refusal("FIELD_IN_CRITERIA_NOT_SUPPORTED", "the field is not supported in criteria")
}

/// Returns the refusal of a name with too many dots.
pub(super) fn too_many_relations() -> Refusal {
    Refusal::bad("JOIN_LIMIT_EXCEEDED", "the limit of joins is exceeded", json!({}))
}

/// Checks the values of a condition.
fn values(given: &Condition<'_>, class: ValueClass, comparator: Comparator) -> Result<(), Refusal> {
    let value = given.members.get("value").unwrap_or(&Value::Null);
    let list = match value {
        Value::Array(list) => Some(list.as_slice()),
        _ => None,
    };
    let values = list.unwrap_or_else(|| std::slice::from_ref(value));
    if values.len() > VALUES {
        return Err(limit("VALUE_LIMIT_EXCEEDED_IN_CRITERIA", VALUES));
    }
    if values.iter().any(|one| one.is_object() || one.is_array() || one.is_null()) {
        return Err(Refusal::bad(
            "VALUE_TYPE_NOT_SUPPORTED",
            "the type of the value is not supported",
            json!({ "api_name": given.name, "supported": ["string", "array"] }),
        ));
    }
    let fits = match comparator.values() {
        None => list.is_some() && !values.is_empty(),
        Some(1) => list.is_none(),
        Some(count) => list.is_some() && values.len() == count,
    };
    if !fits {
        return Err(given.refusal(
            "COMPARATOR_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE",
            "the comparator does not take this value",
        ));
    }
    let equality = matches!(comparator, Comparator::Equal | Comparator::NotEqual);
    for value in values {
        if value == EMPTY && equality {
            continue;
        }
        let text = value.as_str().map_or_else(|| value.to_string(), String::from);
        let digits = text.trim_start_matches('-').bytes().take_while(u8::is_ascii_digit).count();
        let long = match class {
            ValueClass::Number => digits > DIGITS,
            _ => text.chars().count() > TEXT_LENGTH,
        };
        if long {
            return Err(given.refusal("VALUE_IN_CRITERIA_NOT_SUPPORTED", "the value is too long"));
        }
        if Literal::parse(class, &text).is_none() {
            return Err(given.refusal(
                "FIELD_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE",
                "the value does not fit the field",
            ));
        }
    }
    Ok(())
}
