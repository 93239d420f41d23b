//! Conditions as the JSON criteria of bulk reads.

use serde_json::{Value as Json, json};
use zcrm_core::{ApiVersion, Error};

use super::operand::Value;
use super::{Comparison, Condition, Join, Node, Operand, Test};

/// Zoho's page on bulk reads: at most 25 comparisons in one job, and 200 values in one comparison.
const MOST_TESTS: usize = 25;
const MOST_VALUES: usize = 200;

/// Zoho's page on bulk reads: the longest text of a comparison, in characters.
const LONGEST_TEXT: usize = 255;

/// The value that matches an empty field.
const EMPTY: &str = "${EMPTY}";

impl Condition {
    /// Writes the condition as the `criteria` of a bulk read's query.
    ///
    /// `between` of numbers, which bulk reads do not support, is written as two comparisons.
    ///
    /// ```
    /// use zcrm_api::field;
    /// use zcrm_core::ApiVersion;
    ///
    /// let criteria = field("City").eq("Pune").to_bulk(ApiVersion::V8)?;
    /// let expected = r#"{"field":{"api_name":"City"},"comparator":"equal","value":"Pune"}"#;
    /// assert_eq!(criteria, serde_json::from_str::<serde_json::Value>(expected)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) if the condition has more than 25 comparisons, more than 200
    /// values in one `is_in`, a text of more than 255 characters, an empty value, a raw part, or `like`.
    pub fn to_bulk(&self, version: ApiVersion) -> Result<Json, Error> {
        self.at_most(MOST_TESTS, "one bulk read")?;
        let mut tests = 0;
        let criteria = json_of(&self.node, version, &mut tests)?;
        // `between` of numbers counts twice.
        Condition { node: Node::TooMany, tests, parts: tests }
            .at_most(MOST_TESTS, "one bulk read")?;
        Ok(criteria)
    }
}

impl Condition {
    /// Writes the condition as the `filters` of the recycle bin or of a timeline: comparisons that are
    /// joined by `AND`.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) in the cases of [`to_bulk`](Self::to_bulk), and
    /// if the comparisons are joined by `or`.
    pub(crate) fn to_filters(&self) -> Result<Json, Error> {
        let filters = self.to_bulk(ApiVersion::V8)?;
        let group = match filters.get("group_operator").and_then(Json::as_str) {
            None => vec![filters],
            Some("and") => {
                filters.get("group").and_then(Json::as_array).cloned().unwrap_or_default()
            }
            Some(_) => Vec::new(),
        };
        match group.is_empty() || group.iter().any(|one| one.get("group").is_some()) {
            false => Ok(json!({ "group_operator": "AND", "group": group })),
            true => Err(Error::input(
                "a filter is one comparison, or several joined by `and`: send one request for each \
                 part of an `or`",
            )),
        }
    }
}

/// Returns criteria that hold where both the given ones and a condition hold.
///
/// # Errors
/// Of kind [`Input`](zcrm_core::ErrorKind::Input) if they have more than 25 comparisons together.
#[cfg(feature = "bulk")]
pub(crate) fn both(
    criteria: Option<&Json>,
    condition: &Condition,
    version: ApiVersion,
) -> Result<Json, Error> {
    let more = condition.to_bulk(version)?;
    let Some(criteria) = criteria else { return Ok(more) };
    let tests = comparisons(criteria) + comparisons(&more);
    Condition { node: Node::TooMany, tests, parts: tests }.at_most(MOST_TESTS, "one bulk read")?;
    Ok(grouped(Join::And, vec![criteria.clone(), more]))
}

/// Returns the number of comparisons of criteria.
#[cfg(feature = "bulk")]
fn comparisons(criteria: &Json) -> usize {
    match criteria.get("group").and_then(Json::as_array) {
        Some(group) => group.iter().map(comparisons).sum(),
        None => 1,
    }
}

fn json_of(node: &Node, version: ApiVersion, tests: &mut usize) -> Result<Json, Error> {
    match node {
        Node::Test(test) => json_of_test(test, version, tests),
        Node::Group(join, nodes) => {
            let group = nodes.iter().map(|node| json_of(node, version, tests));
            Ok(grouped(*join, group.collect::<Result<_, _>>()?))
        }
        Node::Raw(_) => Err(Error::input(
            "a raw condition cannot be sent in a bulk read, whose criteria are JSON: build it with `field`",
        )),
        Node::TooMany => Ok(Json::Null),
    }
}

fn grouped(join: Join, group: Vec<Json>) -> Json {
    json!({ "group_operator": join.as_str(), "group": group })
}

fn json_of_test(test: &Test, version: ApiVersion, tests: &mut usize) -> Result<Json, Error> {
    test.check()?;
    test.at_most(MOST_VALUES, "a bulk read")?;
    if let Some(long) = test.values.iter().map(Operand::text).find(|text| is_too_long(text)) {
        return Err(test.wrong(&format!(
            "compares with a text of {} characters, and Zoho takes at most {LONGEST_TEXT} in a bulk read",
            long.chars().count()
        )));
    }
    let values = || test.values.iter().map(json_of_value).collect::<Vec<_>>();
    let leaf = |comparator: &str, value: Json| match version {
        ApiVersion::V2 => {
            json!({ "api_name": test.field, "comparator": comparator, "value": value })
        }
        _ => {
            json!({ "field": { "api_name": test.field }, "comparator": comparator, "value": value })
        }
    };
    let one = |comparator: &str| leaf(comparator, values().pop().unwrap_or_default());
    *tests += 1;
    let of_numbers = test.values.iter().any(|value| matches!(value.value, Value::Number(_)));
    Ok(match test.comparison {
        Comparison::Equal => one("equal"),
        Comparison::NotEqual => one("not_equal"),
        Comparison::Greater => one("greater_than"),
        Comparison::GreaterEqual => one("greater_equal"),
        Comparison::Less => one("less_than"),
        Comparison::LessEqual => one("less_equal"),
        Comparison::Between | Comparison::NotBetween if of_numbers => {
            *tests += 1;
            let (join, from, to) = match test.comparison {
                Comparison::Between => (Join::And, "greater_equal", "less_equal"),
                _ => (Join::Or, "less_than", "greater_than"),
            };
            let ends = [from, to].into_iter().zip(values());
            grouped(join, ends.map(|(comparator, value)| leaf(comparator, value)).collect())
        }
        Comparison::Between => leaf("between", values().into()),
        Comparison::NotBetween => leaf("not_between", values().into()),
        Comparison::In => leaf("in", values().into()),
        Comparison::NotIn => leaf("not_in", values().into()),
        Comparison::StartsWith => one("starts_with"),
        Comparison::EndsWith => one("ends_with"),
        Comparison::Contains => one("contains"),
        Comparison::NotContains => one("not_contains"),
        Comparison::IsNull => leaf("equal", EMPTY.into()),
        Comparison::IsNotNull => leaf("not_equal", EMPTY.into()),
        Comparison::Like | Comparison::NotLike => {
            let instead = "use `starts_with`, `ends_with`, `contains` or `not_contains`";
            return Err(test.unsupported("a bulk read", instead));
        }
    })
}

fn is_too_long(text: &str) -> bool {
    text.chars().nth(LONGEST_TEXT).is_some()
}

/// Writes booleans as JSON booleans and every other value as text, as Zoho's samples do.
fn json_of_value(value: &Operand) -> Json {
    match &value.value {
        Value::Boolean(truth) => (*truth).into(),
        _ => value.text().into(),
    }
}
