//! A summary of a JSON body: its members, their cost, and whether the body may be sent twice.

use std::fmt::Write;

use bytes::Bytes;
use serde::Deserialize as _;
use serde_json::{Value, value::RawValue};

use crate::{BodyShape, Operation, RetryClass, call::CallFields, json::Members};

/// The facts about a JSON body that decide what a call costs and whether it may be repeated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BodySummary {
    /// The number of items in the body's list.
    items: u32,
    /// Whether sending the body twice has the same effect as sending it once.
    repeatable: bool,
}

impl BodySummary {
    /// Checks the members of a body against the operation's description. The error is the end of a
    /// sentence that begins with the operation's name.
    pub(crate) fn of_json(body: &[u8], operation: &Operation) -> Result<Self, String> {
        let keys = operation.body_key_names();
        let list = match operation.body_shape() {
            BodyShape::List(key) => Some(key),
            _ if keys.is_empty() => return Ok(Self::default()),
            _ => None,
        };
        let members = std::str::from_utf8(body)
            .ok()
            .and_then(|text| Members::parse(text).ok())
            .ok_or_else(|| "needs a JSON object as its body".to_owned())?;
        let known = |name: &&str| list == Some(*name) || keys.contains(name);
        if let Some(unknown) = members.keys().find(|name| !keys.is_empty() && !known(name)) {
            let mut names: Vec<&str> = list.into_iter().collect();
            names.extend(keys.iter().filter(|name| list != Some(**name)));
            return Err(format!(
                "has no member `{}` in its body (only {}): use `json_unchecked` to send it anyway",
                unknown.escape_debug(),
                names.join(", ")
            ));
        }
        let Some(key) = list else {
            return Ok(Self::default());
        };
        let rows = members.get(key).and_then(|raw| serde_json::from_str(raw.get()).ok());
        let rows: Vec<&RawValue> =
            rows.ok_or_else(|| format!("needs a list under `{key}` in its body"))?;
        Ok(Self {
            items: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            repeatable: operation.retries_by_body() && {
                let checked = members.get("duplicate_check_fields");
                let checked = checked.map(|raw| serde_json::from_str::<Vec<String>>(raw.get()));
                let checked = checked.and_then(Result::ok).unwrap_or_default();
                let appends = members.get("$append_values").is_some();
                !appends && repeatable(operation, &checked, rows.iter().map(|row| row.get()))
            },
        })
    }

    /// Summarises a body that is put together from these parts, without parsing it again.
    pub(crate) fn of_rows(
        rows: &[impl AsRef<str>],
        more: &[(&str, Value)],
        operation: &Operation,
    ) -> Result<Self, String> {
        let keys = operation.body_key_names();
        let unknown = more.iter().find(|(name, _)| !keys.is_empty() && !keys.contains(name));
        if let Some((unknown, _)) = unknown {
            return Err(format!("has no member `{}` in its body", unknown.escape_debug()));
        }
        let member = |name| more.iter().find(|(given, _)| *given == name).map(|(_, value)| value);
        let checked = member("duplicate_check_fields").map(Vec::<String>::deserialize);
        let checked = checked.and_then(Result::ok).unwrap_or_default();
        Ok(Self {
            items: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            repeatable: operation.retries_by_body()
                && member("$append_values").is_none()
                && repeatable(operation, &checked, rows.iter().map(AsRef::as_ref)),
        })
    }

    /// Sets in `meta` the cost of this call and whether it may be repeated.
    pub(crate) fn apply<'a>(
        self,
        operation: &Operation,
        query: impl Iterator<Item = &'a str> + Clone,
        meta: &mut CallFields,
    ) {
        let cost = operation.cost();
        let given = |name: &str| query.clone().any(|given| given == name);
        meta.heavy |= cost.heavy_with.iter().any(|name| given(name));
        meta.heavy |= cost.heavy_above > 0 && self.items > cost.heavy_above;
        if cost.items_per_credit > 0 {
            meta.credits = meta.credits.max(self.items.div_ceil(cost.items_per_credit));
        }
        for (name, credits) in cost.credits_with {
            if given(name) {
                meta.credits = meta.credits.max(*credits);
            }
        }
        if self.repeatable {
            meta.retry = RetryClass::Idempotent;
        }
    }
}

/// Returns `true` if the rows may be written twice.
///
/// No row may hold a list, because writing a list can append. In an upsert, each row must have all
/// fields that are checked for duplicates, because an upsert without a match inserts.
fn repeatable<'a>(
    operation: &Operation,
    checked: &[String],
    mut rows: impl Iterator<Item = &'a str>,
) -> bool {
    if operation.method() == http::Method::POST && checked.is_empty() {
        return false;
    }
    rows.all(|row| {
        Members::parse(row).is_ok_and(|row| {
            let filled = |raw: &RawValue| !matches!(raw.get(), "null" | "\"\"");
            let carried = |name: &String| row.get(name).is_some_and(filled);
            checked.iter().all(carried)
                && row.keys().all(|name| name != "$append_values")
                && row.0.iter().all(|(_, value)| !value.get().starts_with('['))
        })
    })
}

/// Puts together a body with `rows` under `key`, and further members.
pub(crate) fn list(key: &str, rows: &[impl AsRef<str>], more: &[(&str, Value)]) -> Bytes {
    let length: usize = rows.iter().map(|row| row.as_ref().len() + 1).sum();
    let mut text = String::with_capacity(length + 64);
    // writing to a String cannot fail
    let _ = write!(text, "{{{}:[", Value::from(key));
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(row.as_ref());
    }
    text.push(']');
    for (name, value) in more {
        let _ = write!(text, ",{}:{value}", Value::from(*name));
    }
    text.push('}');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApiVersion, CallMeta, ErrorKind, RequestBuilder};

    const UPDATE: Operation = Operation::put("/{module}")
        .id("records.update")
        .query(&["cvid", "page_token"])
        .query_since(&[("page_token", ApiVersion::V3)])
        .body(BodyShape::List("data"))
        .body_keys(&["trigger"])
        .items_per_credit(10)
        .heavy_above(10)
        .heavy_with(&["cvid"])
        .credits_with(&[("cvid", 3)])
        .retry_by_body();
    const UPSERT: Operation = Operation::post("/{module}/upsert")
        .id("records.upsert")
        .body(BodyShape::List("data"))
        .body_keys(&["duplicate_check_fields"])
        .retry_by_body();

    fn update() -> RequestBuilder {
        UPDATE.request(ApiVersion::V8).path("module", "Leads")
    }

    fn refused(builder: RequestBuilder) -> String {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        error.to_string()
    }

    fn meta(builder: RequestBuilder) -> CallMeta {
        builder.build().unwrap().extensions().get::<CallMeta>().unwrap().clone()
    }

    #[test]
    fn names_unknown_and_missing_members() {
        let said = refused(update().json_bytes(r#"{"data":[],"triger":[]}"#));
        assert!(said.contains("`triger`") && said.contains("(only data, trigger)"), "{said}");
        for body in [r#"{"trigger":[]}"#, r#"{"data":{}}"#, r#"{"data":1}"#] {
            assert!(refused(update().json_bytes(body)).contains("needs a list under `data`"));
        }
        for body in ["[]", "null", "\"x\"", "{", ""] {
            assert!(refused(update().json_bytes(body)).contains("needs a JSON object"), "{body}");
        }
        assert!(update().json_bytes(r#"{"data":[],"trigger":[]}"#).build().is_ok());
        assert!(update().json_unchecked(r#"{"new":1}"#).build().is_ok());
    }

    #[test]
    fn refuses_a_parameter_that_the_version_lacks() {
        let at =
            |version| UPDATE.request(version).path("module", "Leads").json_bytes("{\"data\":[]}");
        assert!(at(ApiVersion::V3).query("page_token", "x").build().is_ok());
        let said = refused(at(ApiVersion::V2_1).query("page_token", "x"));
        assert!(said.contains("`page_token` from v3 on") && said.contains("v2.1"), "{said}");
        const OLD: Operation = Operation::get("/x").until(ApiVersion::V2);
        assert!(OLD.request(ApiVersion::V2).build().is_ok());
        assert!(refused(OLD.request(ApiVersion::V8)).contains("only up to v2"));
    }

    #[test]
    fn counts_credits_and_heaviness_by_items_and_query() {
        let rows = |count: usize| format!("{{\"data\":[{}]}}", vec!["{}"; count].join(","));
        for (count, credits, heavy) in
            [(0, 1, false), (1, 1, false), (10, 1, false), (11, 2, true), (100, 10, true)]
        {
            let meta = meta(update().json_bytes(rows(count)));
            assert_eq!((meta.credits(), meta.is_heavy()), (credits, heavy), "{count}");
        }
        let meta = meta(update().json_bytes(rows(1)).query("cvid", "1"));
        assert_eq!((meta.credits(), meta.is_heavy()), (3, true));
    }

    #[test]
    fn never_repeats_a_write_that_may_append_or_insert() {
        let class = |body: &str| meta(update().json_bytes(body.to_owned())).retry_class();
        assert_eq!(class(r#"{"data":[{"id":"1","Name":"x"}]}"#), RetryClass::Idempotent);
        for appending in [
            r#"{"data":[{"id":"1"},{"id":"2","Items":[{}]}]}"#,
            r#"{"data":[{"id":"1","Tag":[]}]}"#,
            r#"{"data":[{"id":"1","$append_values":{"Tag":true}}]}"#,
            r#"{"data":[1]}"#,
        ] {
            assert_eq!(class(appending), RetryClass::NotIdempotent, "{appending}");
        }
        let upsert = |body: &str| {
            let builder = UPSERT.request(ApiVersion::V8).path("module", "Leads");
            meta(builder.json_bytes(body.to_owned())).retry_class()
        };
        let checked = r#"{"data":[{"Email":"a"}],"duplicate_check_fields":["Email"]}"#;
        assert_eq!(upsert(checked), RetryClass::Idempotent);
        for inserting in [
            r#"{"data":[{"Email":"a"}]}"#,
            r#"{"data":[{"Email":"a"}],"duplicate_check_fields":[]}"#,
            r#"{"data":[{"Email":null}],"duplicate_check_fields":["Email"]}"#,
            r#"{"data":[{"Phone":"1"}],"duplicate_check_fields":["Email"]}"#,
        ] {
            assert_eq!(upsert(inserting), RetryClass::NotIdempotent, "{inserting}");
        }
        let forced =
            update().json_bytes(r#"{"data":[{"id":"1"}]}"#).retry(RetryClass::NotIdempotent);
        assert_eq!(meta(forced).retry_class(), RetryClass::NotIdempotent);
    }

    #[test]
    fn replaces_the_cost_of_a_call() {
        let rows = format!("{{\"data\":[{}]}}", vec!["{}"; 100].join(","));
        assert_eq!(meta(update().json_bytes(rows).credits(2)).credits(), 2);
    }
}
