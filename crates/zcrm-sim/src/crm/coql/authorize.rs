//! The scopes and permissions that a query needs, in addition to those of the operation.

use super::column::Source;
use super::refusals::missing_scope;
use crate::crm::call::{Context, Refusal};
use crate::crm::{permission, scope};

/// Refuses rows that the token's scopes or the user's profile do not allow.
pub(super) fn authorize(cx: &Context<'_>, source: &Source) -> Result<(), Refusal> {
    let (needed, module) = match source {
        Source::Records(module) | Source::Lines(module, _) => {
            (format!("ZohoCRM.modules.{}.READ", module.api_name()), Some(module.api_name()))
        }
        Source::Attachments => (String::from("ZohoCRM.modules.attachments.READ"), None),
        Source::Users | Source::Roles | Source::Profiles | Source::LookupModule => {
            (String::from("ZohoCRM.users.READ"), None)
        }
    };
    if !scope::covered(&cx.scopes, &needed) {
        return Err(missing_scope());
    }
    module.map_or(Ok(()), |module| permission::check_view(cx, module))
}

/// Refuses a call whose token does not allow the metadata of fields.
pub(super) fn authorize_fields(cx: &Context<'_>) -> Result<(), Refusal> {
    if scope::covered(&cx.scopes, "ZohoCRM.settings.fields.READ") {
        return Ok(());
    }
    Err(missing_scope())
}
