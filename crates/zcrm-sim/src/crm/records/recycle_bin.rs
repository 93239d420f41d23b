//! The recycle bin: deleted records that can still be restored.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::deleted::kind;
use crate::clock::stamp;
use crate::crm::call::{
    Context, PageParams, Refusal, RowError, RowResult, answer, each_id, page, success,
};
use crate::http::Answer;
use crate::json::record_key;

/// The most ids of a call.
const LIMIT: usize = 100;

/// What lies in the bin, of every module, the latest first; with that id alone if one is given.
fn bin(cx: &Context<'_>, id: Option<u64>) -> Vec<Value> {
    let view = cx.view();
    let mut found: Vec<_> = cx
        .store()
        .tables()
        .flat_map(|(module, table)| table.deleted.iter().map(move |one| (module, one)))
        .filter(|(_, one)| id.is_none_or(|id| one.id == id))
        .filter(|(_, one)| kind(one, cx.now) == Some("recycle"))
        .collect();
    found.sort_by_key(|(_, one)| std::cmp::Reverse((one.deleted, one.id)));
    let shown = found.into_iter().map(|(module, one)| {
        let id = cx.state.modules.get(module).map(|module| module.id.to_string());
        json!({
            "id": one.id.to_string(),
            "display_name": one.display_name,
            "module": { "api_name": module, "id": id },
            "owner": view.actor(&one.owner),
            "deleted_by": view.actor(&one.deleted_by),
            "deleted_time": stamp(one.deleted),
        })
    });
    shown.collect()
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let paging = PageParams::of(cx.call)?;
    Ok(page("recycle_bin", &bin(cx, None), &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let found = record_key(cx.path_id(0)?).map(|id| bin(cx, Some(id))).unwrap_or_default();
    let paging = PageParams { page: 1, per_page: 1 };
    Ok(page("recycle_bin", &found, &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each_id(cx, "recycle_bin", LIMIT, purge)
}

pub(crate) fn delete_one(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let outcome = purge(cx, cx.path_value(0));
    Ok(answer(cx, "recycle_bin", &[outcome], StatusCode::OK))
}

/// Takes a record out of the bin for good.
fn purge(cx: &mut Context<'_>, id: &str) -> RowResult {
    let now = cx.now;
    let key = record_key(id).ok_or_else(|| RowError::unknown_id(id))?;
    let names: Vec<String> = cx.state.modules.keys().cloned().collect();
    for name in names {
        let deleted = &mut cx.store_mut().table_mut(&name).deleted;
        let found = deleted.iter_mut().find(|one| one.id == key);
        if let Some(one) = found.filter(|one| kind(one, now) == Some("recycle")) {
            one.purged = true;
            return Ok(success("record deleted permanently", json!({ "id": id })));
        }
    }
    Err(RowError::unknown_id(id))
}
