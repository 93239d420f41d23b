//! Assignment rules, which give new records to users.

use serde_json::json;

use crate::crm::call::{Context, Refusal, found};
use crate::http::Answer;
use crate::json::text_of;
use crate::state::FOUNDED;

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let view = cx.view();
    let wanted = cx.call.param("module");
    if wanted.is_some() {
        cx.param_module()?;
    }
    let rules = cx.store().assignment_rules.values();
    let shown = rules.filter(|rule| wanted.is_none_or(|name| text_of(rule, "module") == name));
    let shown = shown.map(|rule| {
        let owner = view.actor(text_of(rule, "owner"));
        let name = text_of(rule, "module");
        let module = cx.state.modules.get(name).map(|module| module.id.to_string());
        json!({
            "id": rule.get("id"),
            "name": rule.get("name"),
            "api_name": rule.get("api_name"),
            "description": rule.get("description"),
            "module": { "api_name": name, "id": module },
            "default_assignee": owner.clone(),
            "created_by": owner.clone(),
            "modified_by": owner,
            "created_time": FOUNDED,
            "modified_time": FOUNDED,
        })
    });
    Ok(found("assignment_rules", shown.collect()))
}
