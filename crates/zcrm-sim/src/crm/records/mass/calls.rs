//! Mass deletions, changes of owners and mass conversions.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::job::start;
use super::selection::{Selection, invalid, named, of_view, read};
use crate::crm::call::{Context, External, Refusal, RowResult, answer, body, success};
use crate::crm::records::delete::delete_record;
use crate::http::Answer;
use crate::json::{mentioned_id, record_key};
use crate::schema::ModuleSpec;
use crate::state::MassWork;

/// The maximum number of leads of a conversion.
const LEADS: usize = 50;
/// The options of a conversion that the simulator does not support.
const NOT_SIMULATED: [&str; 4] =
    ["portal_user_type", "related_modules", "carry_over_tags", "move_attachments_to"];

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let body = body(cx)?;
    not_simulated(&body, &["territory"])?;
    match read(cx, &module, &body)? {
        Selection::Ids(ids) => {
            let outcomes: Vec<RowResult> =
                ids.iter().map(|id| delete_one(cx, &module, id)).collect();
            Ok(answer(cx, "data", &outcomes, StatusCode::OK))
        }
        Selection::View(records) if records.is_empty() => {
            let message = "no records are available";
            Err(Refusal::bad("NO_RECORDS_FOUND", message, json!({})))
        }
        Selection::View(records) => {
            let message = ("SUCCESS", "mass delete scheduled successfully");
            let (_, row) = start(cx, &module, records, MassWork::Delete, message);
            // the only one of these calls that is answered with 200 and a success
            Ok(Answer::json(StatusCode::OK, &json!({ "data": [row] })))
        }
    }
}

fn delete_one(cx: &mut Context<'_>, module: &ModuleSpec, id: &str) -> RowResult {
    delete_record(cx, module, id, &External::default())?;
    Ok(success("record is deleted", json!({ "id": id })))
}

pub(crate) fn change_owner(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let body = body(cx)?;
    not_simulated(&body, &["territory", "criteria"])?;
    let view = body.get("cvid").ok_or_else(|| Refusal::missing_member("cvid"))?;
    let owner = body.get("owner").ok_or_else(|| Refusal::missing_member("owner"))?;
    let owner = mentioned_id(owner).filter(|id| cx.state.user(id).is_some());
    let owner = owner.ok_or_else(|| invalid("owner"))?;
    let records = of_view(cx, &module, view)?;
    let message = ("SCHEDULED", "change owner is successfully scheduled");
    let (status, row) = start(cx, &module, records, MassWork::ChangeOwner(owner), message);
    Ok(Answer::json(status, &json!({ "data": [row] })))
}

pub(crate) fn convert(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.module("Leads")?;
    let mut body = body(cx)?;
    not_simulated(&body, &NOT_SIMULATED)?;
    let ids = body.remove("ids").ok_or_else(|| Refusal::missing_member("ids"))?;
    let leads = cx.store().table("Leads");
    let lead = |(index, id): (usize, &String)| {
        let lead = record_key(id).and_then(|id| leads.records.get(&id));
        let lead = lead.filter(|lead| !lead.converted).map(|lead| lead.id);
        lead.ok_or_else(|| invalid(&format!("ids[{index}]")))
    };
    let ids = named(&ids, LEADS)?;
    let records = ids.iter().enumerate().map(lead).collect::<Result<Vec<_>, _>>()?;
    let message = ("SCHEDULED", "mass convert scheduled successfully");
    let (status, row) = start(cx, &module, records, MassWork::Convert(body), message);
    Ok(Answer::json(status, &row))
}

/// Refuses members of a body that the simulator does not support.
fn not_simulated(body: &Map<String, Value>, names: &[&str]) -> Result<(), Refusal> {
    let found = names.iter().find(|name| body.get(**name).is_some_and(|value| !value.is_null()));
    match found {
        None => Ok(()),
        Some(name) => Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_SIMULATED",
            "the simulator does not support this member",
            json!({ "api_name": name, "json_path": format!("$.{name}") }),
        )),
    }
}
