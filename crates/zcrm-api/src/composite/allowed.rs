//! Checks that Zoho runs a call inside a composite request.

use http::Method;
use serde_json::Value;
use zcrm_core::{Base, BodyShape, Error, Host, Operation, ResponseShape, RetryClass};

use super::kinds::more_than_one;
use crate::Call;

/// The maximum number of records that a part may read, by Zoho's page.
const MOST_READ: u64 = 25;

/// The operations that Zoho's page on composite requests lists, by group. No verbs mean all.
///
/// Source: <https://www.zoho.com/crm/developer/docs/api/v8/composite-api.html>
const ALLOWED: &[(&str, &[&str])] = &[
    ("assignment_rules", &[]),
    ("attachments", &["list"]),
    ("blueprint", &[]),
    ("coql", &["query"]),
    ("currencies", &[]),
    ("custom_views", &[]),
    ("email_templates", &[]),
    ("fields", &[]),
    ("from_addresses", &[]),
    ("inventory_templates", &[]),
    ("layouts", &[]),
    ("leads", &["convert"]),
    ("modules", &[]),
    ("notes", &[]),
    ("notifications", &[]),
    ("org", &[]),
    ("pipelines", &[]),
    ("profiles", &[]),
    (
        "records",
        &[
            "count",
            "count_by",
            "create",
            "delete_one",
            "delete_photo",
            "get",
            "list",
            "list_deleted",
            "search",
            "update",
            "update_one",
            "upsert",
        ],
    ),
    ("related_lists", &[]),
    ("related_records", &[]),
    ("roles", &[]),
    ("shares", &["list"]),
    (
        "tags",
        &[
            "add",
            "add_one",
            "count_records",
            "create",
            "delete_one",
            "list",
            "remove",
            "remove_one",
            "update",
            "update_one",
        ],
    ),
    ("territories", &[]),
    ("users", &[]),
    ("variables", &[]),
    ("wizards", &[]),
];

/// The groups whose reads return at most 25 records inside a composite request.
const READS_FEW: &[&str] = &[
    "email_templates",
    "inventory_templates",
    "notes",
    "records",
    "related_records",
    "territories",
    "users",
];

/// Checks the operation of a part, before its call is built.
pub(super) fn check_operation(operation: &Operation) -> Result<(), Error> {
    let name = operation.name();
    let refused = |why: &str| {
        Err(Error::input(format!("`{name}` cannot be a part of a composite request: {why}")))
    };
    if matches!(operation.body_shape(), BodyShape::Multipart(_) | BodyShape::Form) {
        return refused("it uploads a file, so send it by itself");
    }
    if operation.response() == ResponseShape::Binary {
        return refused("it downloads a file, so send it by itself");
    }
    if operation.base_of() != Base::Crm || operation.host_of() != Host::Api {
        return refused("it is not a call of the CRM's own API, so send it by itself");
    }
    // an operation of the caller's that has no id is judged by Zoho
    let Some((group, verb)) = name.split_once('.') else { return Ok(()) };
    let allowed = ALLOWED
        .iter()
        .any(|(known, verbs)| *known == group && (verbs.is_empty() || verbs.contains(&verb)));
    match allowed {
        true => Ok(()),
        false => refused(
            "Zoho does not list it among the operations that may be inside; send it by itself, or declare an \
             `Operation` without an id to try it",
        ),
    }
}

/// Limits a read to the number of records that Zoho allows.
pub(super) fn limit_read(call: Call) -> Result<Call, Error> {
    let operation = call.request().operation();
    let group = operation.name().split_once('.').map_or("", |(group, _)| group);
    if operation.retry_class() != RetryClass::Read || !READS_FEW.contains(&group) {
        return Ok(call);
    }
    let ids = call.request().query_value("ids").map_or(0, |ids| ids.split(',').count());
    let rows = call.request().query_value("per_page").map(str::parse::<u64>);
    let too_many = |asked: String| {
        Err(Error::input(format!(
            "the part asks for {asked} records, but a part of a composite request reads at most \
             {MOST_READ}"
        )))
    };
    match rows {
        Some(Ok(rows)) if rows > MOST_READ => too_many(rows.to_string()),
        _ if ids as u64 > MOST_READ => too_many(ids.to_string()),
        None if operation.query_names().contains(&"per_page") => {
            Ok(call.param("per_page", MOST_READ.to_string()))
        }
        _ => Ok(call),
    }
}

/// Checks the number of records in the body and the parameters of a part.
pub(super) fn check_amount(call: &Call, body: Option<&Value>) -> Result<(), Error> {
    let operation = call.request().operation();
    let items = |key: &str| body.and_then(|body| Some(body.get(key)?.as_array()?.len()));
    if operation.name() == "coql.query" {
        return check_query(body);
    }
    if operation.retry_class() == RetryClass::Read {
        return Ok(());
    }
    let in_query = call.request().query_value("ids").map(|ids| ids.split(',').count());
    if *operation.method() == Method::DELETE && in_query.is_some() {
        return Err(Error::input(format!(
            "`{}` deletes by `ids` in the query, but a part of a composite request deletes by the id in \
             the path: add a part for each item",
            operation.name()
        )));
    }
    let rows = match operation.body_shape() {
        // the tags of a record are its value, so any number of them is one item
        BodyShape::List("tags") if operation.template().ends_with("_tags") => None,
        BodyShape::List(key) => items(key),
        _ => None,
    };
    match [rows, in_query, items("ids")].into_iter().flatten().find(|items| *items > 1) {
        Some(items) => Err(more_than_one(items)),
        None => Ok(()),
    }
}

/// Checks the `LIMIT` of a COQL query, whose default is 200.
fn check_query(body: Option<&Value>) -> Result<(), Error> {
    let query = body.and_then(|body| body.get("select_query")?.as_str()).unwrap_or_default();
    let words = query.to_ascii_lowercase();
    let limit = words.rsplit_once("limit").map(|(_, numbers)| {
        let numbers: String =
            numbers.split_whitespace().take_while(|word| *word != "offset").collect();
        numbers.rsplit(',').next().unwrap_or_default().parse::<u64>()
    });
    match limit {
        Some(Ok(rows)) if rows <= MOST_READ => Ok(()),
        _ => Err(Error::input(format!(
            "a COQL query in a composite request reads at most {MOST_READ} records: end it with \
             `limit {MOST_READ}` or less"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{ALLOWED, READS_FEW};
    use crate::operations::ALL;

    #[test]
    fn lists_only_operations_of_the_table() {
        for (group, verbs) in ALLOWED {
            let known = |verb: &str| {
                ALL.iter().any(|operation| operation.name() == format!("{group}.{verb}"))
            };
            assert!(verbs.iter().all(|verb| known(verb)), "{group}");
            let prefix = format!("{group}.");
            assert!(ALL.iter().any(|operation| operation.name().starts_with(&prefix)), "{group}");
        }
        assert!(READS_FEW.iter().all(|few| ALLOWED.iter().any(|(group, _)| group == few)));
    }
}
