//! The users, groups and roles that records are shared with.

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::stamp;
use crate::crm::call::{Context, Refusal, Row, RowError, body, found, rows, success};
use crate::http::Answer;
use crate::json::text_of;
use crate::state::Share;

/// The message about an unknown record.
const INVALID: &str = "ENTITY_ID_INVALID";
const PERMISSIONS: [&str; 3] = ["full_access", "read_only", "read_write"];
/// The kinds of members, with the maximum number of each that a record is shared with.
const KINDS: [(&str, usize); 3] = [("users", 10), ("groups", 5), ("roles", 5)];

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, record) = cx.path_record_or(INVALID)?;
    match cx.call.param("view") {
        None | Some("summary" | "manage") => {}
        Some(_) => {
            let message = "Please check whether the input values are correct";
            return Err(Refusal::bad(
                "PATTERN_NOT_MATCHED",
                message,
                json!({ "api_name": "view" }),
            ));
        }
    }
    let wanted = cx.call.param("sharedTo");
    let shares = cx.store().shares.get(&record).map(Vec::as_slice).unwrap_or_default();
    let shares = shares.iter().filter(|share| wanted.is_none_or(|id| share.with == id));
    let shown = shares.map(|share| shown(cx, &module, record, share)).collect();
    Ok(found("share", shown))
}

fn shown(cx: &Context<'_>, module: &str, record: u64, share: &Share) -> Value {
    let spec = cx.state.modules.get(module);
    let mut by = cx.view().actor(&share.by);
    if let Some(map) = by.as_object_mut() {
        let zuid = cx.state.user(&share.by).map(|user| user.zuid.clone());
        map.insert("zuid".into(), zuid.into());
    }
    json!({
        "shared_with": (!share.public).then(|| json!({
            "name": member(cx, &share.kind, &share.with), "id": share.with, "type": share.kind,
        })),
        "share_related_records": share.related,
        "shared_through": {
            "module": { "name": module, "id": spec.map(|spec| spec.id.to_string()) },
            "id": record.to_string(),
        },
        "shared_time": stamp(share.at),
        "permission": share.permission,
        "shared_by": by,
        "type": if share.public { "public" } else { "private" },
    })
}

/// Returns the name of a user, a group or a role; `None` if it does not exist.
fn member(cx: &Context<'_>, kind: &str, id: &str) -> Option<String> {
    match kind {
        "users" => cx.state.user(id).map(|user| user.full_name().to_owned()),
        "roles" => cx.store().roles.get(id).map(|role| text_of(role, "name").to_owned()),
        // groups of users are not simulated
        _ => None,
    }
}

fn share(cx: &Context<'_>, row: Row<'_>) -> Result<Share, RowError> {
    let public = match row.text("type")? {
        "private" => false,
        "public" => true,
        _ => {
            let details = row.details_with("type", "regex", "private|public");
            return Err(RowError::invalid(details));
        }
    };
    let permission = row.text("permission")?;
    if !PERMISSIONS.contains(&permission) {
        let details = row.details_with("permission", "regex", PERMISSIONS.join("|"));
        return Err(RowError::invalid(details));
    }
    let related = match row.get("share_related_records") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(related)) => *related,
        Some(_) => return Err(row.expected("share_related_records", "boolean")),
    };
    let (kind, with) = if public { Default::default() } else { shared_with(cx, row)? };
    let (permission, by, at) = (permission.to_owned(), cx.user.clone(), cx.write_time());
    Ok(Share { public, kind, with, permission, related, by, at })
}

fn shared_with(cx: &Context<'_>, row: Row<'_>) -> Result<(String, String), RowError> {
    let with = row.get("shared_with").and_then(Value::as_object);
    let with = with.ok_or_else(|| row.missing("shared_with"))?;
    let (kind, id) = (text_of(with, "type"), text_of(with, "id"));
    let message = match kind {
        "users" => "invalid user Id",
        "groups" => "invalid group Id",
        "roles" => "invalid role Id",
        _ => return Err(row.invalid("shared_with.type")),
    };
    if member(cx, kind, id).is_none() {
        let details = row.details("shared_with.id");
        return Err(RowError::new("INVALID_DATA", message, details));
    }
    if kind == "users" && id == cx.user {
        let details = row.details("shared_with.id");
        return Err(RowError::new("INVALID_DATA", "cannot share to the user", details));
    }
    Ok((kind.to_owned(), id.to_owned()))
}

/// Shares the record with more members.
pub(crate) fn add(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    save(cx, false)
}

/// Shares the record with these members only.
pub(crate) fn replace(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    save(cx, true)
}

/// Saves all shares of a call, or none.
fn save(cx: &mut Context<'_>, replaces: bool) -> Result<Answer, Refusal> {
    let (_, record) = cx.path_record_or(INVALID)?;
    let body = body(cx)?;
    let given = rows(&body, "share", 20)?;
    let mut shares = match replaces {
        true => Vec::new(),
        false => cx.store().shares.get(&record).cloned().unwrap_or_default(),
    };
    for (index, row) in given.iter().enumerate() {
        let added = Row::read(cx.version, "share", index, row).and_then(|row| share(cx, row));
        let added = match added {
            Ok(added) => added,
            Err(error) => return Ok(Refusal::from(error).within("share")),
        };
        shares.retain(|known| (&known.kind, &known.with) != (&added.kind, &added.with));
        shares.push(added);
    }
    if given.len() > 1 && shares.iter().any(|share| share.public) {
        let place =
            |index| json!({ "api_name": "type", "json_path": format!("$.share[{index}].type") });
        let places: Vec<Value> = (0..given.len()).map(place).collect();
        let message = "For public sharing more than one json object is given";
        let details = json!({ "ambiguity_due_to": places });
        return Err(Refusal::bad("AMBIGUITY_DURING_PROCESSING", message, details));
    }
    for (kind, most) in KINDS {
        let of_kind = shares.iter().filter(|share| share.kind == kind);
        let members: BTreeSet<&str> = of_kind.map(|share| share.with.as_str()).collect();
        if members.len() > most {
            let message = "Cannot share a record to more members";
            let details =
                json!({ "limit": most, "api_name": "type", "json_path": "$.share[0].type" });
            return Ok(Refusal::bad("SHARE_LIMIT_EXCEEDED", message, details).within("share"));
        }
    }
    cx.store_mut().shares.insert(record, shares);
    let row = success("record will be shared successfully", json!({}));
    Ok(Answer::json(StatusCode::CREATED, &json!({ "share": [row] })).wrote(1))
}

/// Ends all sharing of the record.
pub(crate) fn revoke(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = cx.path_record_or(INVALID)?;
    match cx.store_mut().shares.remove(&record).filter(|shares| !shares.is_empty()) {
        Some(_) => {
            let done = success("Sharing Revoked", json!({ "id": record.to_string() }));
            Ok(Answer::json(StatusCode::OK, &json!({ "share": done })).wrote(1))
        }
        None => {
            let message = "No sharing through this record is available to revoke";
            Err(Refusal::bad("CANNOT_PROCESS", message, json!({})))
        }
    }
}
