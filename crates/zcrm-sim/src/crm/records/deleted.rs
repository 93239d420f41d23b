//! Lists of the deleted records of a module.

use std::cmp::Reverse;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::stamp;
use crate::crm::call::{Context, PageParams, Refusal, condition, page};
use crate::crm::render::View;
use crate::http::Answer;
use crate::state::{DeletedKind, DeletedRecord};

/// Lists deleted records. An error is under `data`, as the records are.
pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    Ok(list_or_refuse(cx).unwrap_or_else(|refusal| refusal.within("data")))
}

fn list_or_refuse(cx: &Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let wanted = match cx.call.param("type") {
        None | Some("all") => None,
        Some("recycle") => Some(DeletedKind::Recycle),
        Some("permanent") => Some(DeletedKind::Permanent),
        Some(_) => return Err(Refusal::unmatched_param("type")),
    };
    let paging = PageParams::of(cx.call)?;
    let since = condition(cx.call, "if-modified-since")?;
    let options = &cx.config.changes;
    let since = since.filter(|_| options.deleted_since);
    let view = cx.view();
    let visible = cx.visible_until();
    let table = cx.store().table(module.api_name());
    // a restored record is listed until its restoration is visible
    let restored = table.restored.iter().filter(|(at, _)| visible.is_some_and(|until| *at > until));
    let deleted = table.deleted.iter().chain(restored.map(|(_, one)| one));
    let listed =
        deleted.filter(|one| one.listed).filter(|one| visible.is_none_or(|until| one.at <= until));
    let mut found: Vec<(&DeletedRecord, DeletedKind)> = listed
        .filter(|deleted| since.is_none_or(|since| deleted.deleted >= since))
        .filter_map(|deleted| {
            let kind = deleted.kind(cx.now)?;
            let as_recycled = deleted.merged && options.merged_in_bin;
            Some((deleted, if as_recycled { DeletedKind::Recycle } else { kind }))
        })
        .filter(|(_, kind)| wanted.is_none_or(|wanted| wanted == *kind))
        .collect();
    found.sort_by_key(|(deleted, _)| Reverse((deleted.deleted, deleted.at)));
    if options.oldest_deleted_first {
        found.reverse();
    }
    let found: Vec<Value> = found.into_iter().map(|(one, kind)| shown(view, one, kind)).collect();
    let status = if since.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::NO_CONTENT };
    Ok(page("data", &found, &paging, status))
}

/// Returns a deleted record as lists show it. Of a permanently deleted or merged one, only the id
/// and the time are known.
fn shown(view: View<'_>, deleted: &DeletedRecord, kind: DeletedKind) -> Value {
    let in_bin = deleted.kept.is_some() && kind == DeletedKind::Recycle;
    let user = |id: &str| if in_bin { view.actor(id) } else { Value::Null };
    json!({
        "id": deleted.id.to_string(),
        "display_name": in_bin.then_some(&deleted.display_name),
        "type": kind.word(),
        "deleted_time": stamp(deleted.deleted),
        "deleted_by": user(&deleted.deleted_by),
        "created_by": user(&deleted.created_by),
    })
}
