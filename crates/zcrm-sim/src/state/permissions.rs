//! The permissions of profiles.

use serde_json::{Map, Value, json};

use crate::json::text_of;

/// The permissions: name, label, and module.
const PERMISSIONS: [(&str, &str, &str); 12] = [
    ("Crm_Implied_View_Leads", "View", "Leads"),
    ("Crm_Implied_Create_Leads", "Create", "Leads"),
    ("Crm_Implied_Edit_Leads", "Edit", "Leads"),
    ("Crm_Implied_Delete_Leads", "Delete", "Leads"),
    ("Crm_Implied_View_Contacts", "View", "Contacts"),
    ("Crm_Implied_Create_Contacts", "Create", "Contacts"),
    ("Crm_Implied_Edit_Contacts", "Edit", "Contacts"),
    ("Crm_Implied_Delete_Contacts", "Delete", "Contacts"),
    ("Crm_Implied_Change_Owner_Leads", "Change Owner", "Leads"),
    ("Crm_Implied_Api_Access", "Zoho CRM API Access", ""),
    ("Crm_Implied_Manage_Users", "Manage Users", ""),
    ("Crm_Implied_Customize_Zoho_CRM", "Customize Zoho CRM", ""),
];

/// The permissions reserved for administrators.
const RESERVED: [&str; 2] = ["Crm_Implied_Manage_Users", "Crm_Implied_Customize_Zoho_CRM"];

/// Creates a profile. The ids of its permissions follow the profile's id.
pub(super) fn profile(name: &str, admin: bool) -> Value {
    json!({
        "name": name, "display_label": name, "description": format!("The profile {name}"),
        "category": false, "default": admin, "custom": false, "type": "normal_profile",
        "enabled": PERMISSIONS
            .iter()
            .map(|(name, ..)| *name)
            .filter(|name| admin || !RESERVED.contains(name))
            .collect::<Vec<_>>(),
    })
}

/// Returns a profile's permissions as the settings show them.
pub(crate) fn permissions(profile: &Map<String, Value>) -> Vec<Value> {
    let enabled = profile.get("enabled").and_then(Value::as_array);
    let first = text_of(profile, "id").parse::<u64>().unwrap_or_default() + 100_000_000_000;
    let shown = PERMISSIONS.iter().zip(first..).map(|((name, label, module), id)| {
        json!({
            "id": id.to_string(),
            "name": name,
            "display_label": label,
            "module": if module.is_empty() { Value::Null } else { json!(module) },
            "enabled": enabled.is_some_and(|enabled| enabled.contains(&json!(name))),
            "customizable": true,
        })
    });
    shown.collect()
}

/// Returns whether a profile has a permission. Profiles have all permissions that are unknown.
pub(crate) fn allows(profile: &Map<String, Value>, permission: &str) -> bool {
    let enabled = profile.get("enabled").and_then(Value::as_array);
    !PERMISSIONS.iter().any(|(name, ..)| *name == permission)
        || enabled.is_some_and(|enabled| enabled.contains(&json!(permission)))
}

/// Grants a permission to a profile, or removes it. Returns `false` if there is no such permission.
pub(crate) fn set_permission(
    profile: &mut Map<String, Value>,
    permission: &str,
    allowed: bool,
) -> bool {
    let known = PERMISSIONS.iter().any(|(name, ..)| *name == permission);
    if let (true, Some(Value::Array(enabled))) = (known, profile.get_mut("enabled")) {
        enabled.retain(|name| name != permission);
        if allowed {
            enabled.push(json!(permission));
        }
    }
    known
}
