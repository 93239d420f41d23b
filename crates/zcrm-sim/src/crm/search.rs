//! Search and count.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::criteria::{self, Condition, Criteria, Operator, Wrong};
use super::list::{PAGE_WALL, Paging, either, fields};
use super::refusal::Refusal;
use super::stale::in_index;
use super::{Context, View};
use crate::call::Answer;
use crate::clock::parse_stamp;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::store::Record;

/// What a search asks for.
enum Wanted<'a> {
    Criteria(Criteria),
    /// A value in any field of that kind.
    Kind(FieldKind, &'a str),
    Word(String),
}

impl<'a> Wanted<'a> {
    /// Reads the parameters; `None` if there is none of them.
    fn of(cx: &Context<'a>, module: &ModuleSpec) -> Result<Option<Self>, Refusal> {
        let given = ["criteria", "email", "phone", "word"]
            .into_iter()
            .find_map(|name| Some((name, cx.call.param(name)?)));
        let Some((name, text)) = given else { return Ok(None) };
        Ok(Some(match name {
            "criteria" => {
                let criteria = criteria::parse(text).map_err(wrong_criteria)?;
                check(&criteria, module)?;
                Self::Criteria(criteria)
            }
            "email" => Self::Kind(FieldKind::Email, text),
            "phone" => Self::Kind(FieldKind::Phone, text),
            _ if text.chars().count() < 2 => {
                return Err(Refusal::bad(
                    "INVALID_DATA",
                    "a word has at least two characters",
                    json!({ "param_name": "word" }),
                ));
            }
            _ => Self::Word(text.to_lowercase()),
        }))
    }

    /// Fields and values of which each record that it finds has one; `None` if all records have to
    /// be looked at.
    fn equals<'w>(&'w self, module: &'w ModuleSpec) -> Option<Vec<(&'w str, &'w str)>> {
        match self {
            Self::Criteria(criteria) => equals(criteria, module),
            Self::Kind(kind, text) => {
                let fields = module.fields.iter().filter(|field| field.kind == *kind);
                Some(fields.map(|field| (field.api_name.as_str(), *text)).collect())
            }
            Self::Word(_) => None,
        }
    }

    fn holds(&self, view: View<'_>, module: &ModuleSpec, record: &Record) -> bool {
        match self {
            Self::Criteria(criteria) => holds(criteria, view, module, record),
            Self::Kind(kind, wanted) => module
                .fields
                .iter()
                .filter(|field| field.kind == *kind)
                .filter_map(|field| record.values.get(&field.api_name)?.as_str())
                .any(|text| text.eq_ignore_ascii_case(wanted)),
            Self::Word(word) => record
                .values
                .values()
                .filter_map(Value::as_str)
                .any(|text| text.to_lowercase().contains(word.as_str())),
        }
    }
}

pub(super) fn search(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = &*cx.path_module()?;
    let fields = fields(cx.call, cx.version)?;
    let paging = Paging::of(cx.call)?;
    let wanted = Wanted::of(cx, module)?.ok_or_else(|| Refusal::missing_param("criteria"))?;
    let converted = either(cx.call, "converted", false)?;
    let approved = either(cx.call, "approved", true)?;
    if paging.beyond_wall() {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "You can only get the first 2000 records of a search",
            json!({ "limit": PAGE_WALL }),
        ));
    }
    let equals = wanted.equals(module);
    for (field, _) in equals.iter().flatten() {
        cx.store_mut().table_mut(module.api_name()).index(field);
    }
    let view = cx.view();
    let table = cx.store().table(module.api_name());
    let newest: Box<dyn Iterator<Item = &Record>> = match &equals {
        Some(equals) => Box::new(table.equal(equals).into_iter()),
        None => Box::new(table.records.values().rev()),
    };
    let mut found = in_index(cx, module, newest)
        .filter(|record| converted.is_none_or(|wanted| record.converted == wanted))
        .filter(|record| approved.is_none_or(|wanted| record.approved == wanted))
        .filter(|record| wanted.holds(view, module, record))
        .skip(paging.offset());
    let data: Vec<Value> = found
        .by_ref()
        .take(paging.per_page)
        .map(|record| view.record(module, record, fields.as_deref(), false))
        .collect();
    if data.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let info = json!({
        "per_page": paging.per_page,
        "count": data.len(),
        "page": paging.page,
        "more_records": found.next().is_some(),
    });
    Ok(Answer::json(StatusCode::OK, &json!({ "data": data, "info": info })))
}

pub(super) fn count(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = &*cx.path_module()?;
    let wanted = Wanted::of(cx, module)?;
    let view = cx.view();
    let records = cx.store().table(module.api_name()).records.values();
    let count = records
        .filter(|record| wanted.as_ref().is_none_or(|w| w.holds(view, module, record)))
        .count();
    Ok(Answer::json(StatusCode::OK, &json!({ "count": count })))
}

/// Why criteria are refused.
pub(super) fn wrong_criteria(wrong: Wrong) -> Refusal {
    match wrong {
        Wrong::Syntax(why) => invalid_query(why, Value::Null),
        Wrong::TooMany(limit) => Refusal::param_limit("criteria", limit),
    }
}

fn invalid_query(reason: &str, field: Value) -> Refusal {
    Refusal::bad(
        "INVALID_QUERY",
        "invalid query formed",
        json!({ "reason": reason, "api_name": field, "param_name": "criteria" }),
    )
}

/// Whether every condition names a field and an operator that the field has.
pub(super) fn check(criteria: &Criteria, module: &ModuleSpec) -> Result<(), Refusal> {
    let condition = match criteria {
        Criteria::And(left, right) | Criteria::Or(left, right) => {
            check(left, module)?;
            return check(right, module);
        }
        Criteria::Condition(condition) => condition,
    };
    let Some(field) = module.find(&condition.field) else {
        return Err(invalid_query("there is no such field", condition.field.as_str().into()));
    };
    let ordered = matches!(
        condition.operator,
        Operator::Between
            | Operator::GreaterThan
            | Operator::GreaterEqual
            | Operator::LessThan
            | Operator::LessEqual
    );
    let textual = matches!(condition.operator, Operator::StartsWith | Operator::Contains);
    let fits = match Comparable::kind(field.kind) {
        Class::Text => !ordered,
        Class::Ordered => {
            !textual && condition.values.iter().all(|v| Comparable::parse(field.kind, v).is_some())
        }
        Class::None => false,
    };
    if fits {
        Ok(())
    } else {
        let reason = "the field does not take that operator or value";
        Err(invalid_query(reason, condition.field.as_str().into()))
    }
}

pub(super) fn holds(
    criteria: &Criteria,
    view: View<'_>,
    module: &ModuleSpec,
    record: &Record,
) -> bool {
    match criteria {
        Criteria::And(a, b) => holds(a, view, module, record) && holds(b, view, module, record),
        Criteria::Or(a, b) => holds(a, view, module, record) || holds(b, view, module, record),
        Criteria::Condition(condition) => module
            .find(&condition.field)
            .is_some_and(|field| meets(condition, field, &view.value(field, record))),
    }
}

/// Fields and values of which each record that meets the criteria has one.
fn equals<'c>(criteria: &'c Criteria, module: &ModuleSpec) -> Option<Vec<(&'c str, &'c str)>> {
    match criteria {
        Criteria::And(left, right) => equals(left, module).or_else(|| equals(right, module)),
        Criteria::Or(left, right) => {
            let (mut left, right) = (equals(left, module)?, equals(right, module)?);
            left.extend(right);
            Some(left)
        }
        Criteria::Condition(condition) => {
            let field = module.find(&condition.field)?;
            let plain = field.is_shown_as_stored()
                && matches!(Comparable::kind(field.kind), Class::Text)
                && matches!(condition.operator, Operator::Equals | Operator::In);
            let values = condition.values.iter();
            plain.then(|| values.map(|text| (condition.field.as_str(), text.as_str())).collect())
        }
    }
}

/// How the values of a field compare.
enum Class {
    Text,
    Ordered,
    None,
}

/// A value with an order.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Comparable {
    Number(f64),
    Instant(DateTime<Utc>),
}

impl Comparable {
    fn kind(kind: FieldKind) -> Class {
        match kind {
            FieldKind::Date
            | FieldKind::DateTime
            | FieldKind::Integer
            | FieldKind::Double
            | FieldKind::Currency
            | FieldKind::Percent
            | FieldKind::Formula => Class::Ordered,
            kind if kind.is_list() && kind != FieldKind::MultiPicklist => Class::None,
            FieldKind::Reminder | FieldKind::Recurrence => Class::None,
            _ => Class::Text,
        }
    }

    fn parse(kind: FieldKind, text: &str) -> Option<Self> {
        match kind {
            FieldKind::DateTime => parse_stamp(text).map(Self::Instant),
            FieldKind::Date => parse_stamp(&format!("{text}T00:00:00+00:00")).map(Self::Instant),
            _ => text.parse().ok().map(Self::Number),
        }
    }
}

/// Whether a value meets a condition; no value meets only `not_equal`.
fn meets(condition: &Condition, field: &FieldSpec, value: &Value) -> bool {
    let text = match value {
        Value::Null => return condition.operator == Operator::NotEqual,
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(String::from).collect(),
        // A record or a user is found by its id and by its name.
        Value::Object(mention) => ["id", "name"]
            .iter()
            .filter_map(|key| mention.get(*key)?.as_str())
            .map(String::from)
            .collect(),
        other => vec![other.to_string()],
    };
    if let Class::Ordered = Comparable::kind(field.kind) {
        let value = text.first().and_then(|text| Comparable::parse(field.kind, text));
        return value.is_some_and(|value| compares(condition, field.kind, value));
    }
    let text: Vec<String> = text.iter().map(|text| text.to_lowercase()).collect();
    let any = |test: &dyn Fn(&str, &str) -> bool| {
        condition.values.iter().any(|wanted| {
            let wanted = wanted.to_lowercase();
            text.iter().any(|text| test(text, &wanted))
        })
    };
    match condition.operator {
        Operator::NotEqual => !any(&|text, wanted| text == wanted),
        Operator::StartsWith => any(&|text, wanted| text.starts_with(wanted)),
        Operator::Contains => any(&|text, wanted| text.contains(wanted)),
        _ => any(&|text, wanted| text == wanted),
    }
}

fn compares(condition: &Condition, kind: FieldKind, value: Comparable) -> bool {
    let mut wanted = condition.values.iter().filter_map(|text| Comparable::parse(kind, text));
    let Some(first) = wanted.next() else { return false };
    match condition.operator {
        Operator::NotEqual => value != first,
        Operator::GreaterThan => value > first,
        Operator::GreaterEqual => value >= first,
        Operator::LessThan => value < first,
        Operator::LessEqual => value <= first,
        Operator::Between => wanted.next().is_some_and(|last| first <= value && value <= last),
        _ => value == first || wanted.any(|other| value == other),
    }
}
