//! What an organisation starts with: roles, profiles, taxes, currencies, variables, views.

use serde_json::{Map, Value, json};

use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{Rng, User, UserStatus};
use crate::store::{CustomView, SettingsMap, Store, text_of};

/// When the organisation was founded, as far as its settings tell.
pub(crate) const FOUNDED: &str = "2020-01-01T10:00:00+05:30";

/// The profile whose users may administer.
pub(crate) const ADMINISTRATOR: &str = "Administrator";

/// What a profile can allow: a name, a label, and the module that it is about.
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
/// What only administrators may do.
const RESERVED: [&str; 2] = ["Crm_Implied_Manage_Users", "Crm_Implied_Customize_Zoho_CRM"];

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The settings that do not depend on modules.
pub(crate) fn settings(rng: &mut Rng) -> Store {
    let mut store = Store::default();
    let mut put = |shelf: &mut SettingsMap, setting: Value| {
        let id = rng.next_id();
        shelf.put(id, object(setting));
        id.to_string()
    };
    let role = |name: &str, above: Option<&str>, admin: bool| {
        json!({
            "name": name, "display_label": name, "reporting_to": above, "description": null,
            "share_with_peers": admin, "admin_user": admin,
        })
    };
    let top = put(&mut store.roles, role("CEO", None, true));
    put(&mut store.roles, role("Manager", Some(&top), false));
    for (name, admin) in [(ADMINISTRATOR, true), ("Standard", false)] {
        let profile = profile(name, admin);
        put(&mut store.profiles, profile);
    }
    for (name, rate) in [("Sales Tax", 12.0), ("Vat", 8.5)] {
        let tax = json!({ "name": name, "display_label": name, "value": rate });
        put(&mut store.taxes, tax);
    }
    let currencies =
        [("USD", "US Dollar", "$", "1", true), ("EUR", "Euro", "\u{20ac}", "0.9", false)];
    for (code, name, symbol, rate, base) in currencies {
        let currency = json!({
            "iso_code": code, "name": format!("{name} - {code}"), "symbol": symbol,
            "exchange_rate": rate, "is_base": base, "is_active": true, "prefix_symbol": true,
            "format": {
                "decimal_separator": "Period", "thousand_separator": "Comma", "decimal_places": "2",
            },
        });
        put(&mut store.currencies, currency);
    }
    let group = json!({
        "api_name": "General", "name": "General", "display_label": "General", "description": null,
        "source": "CRM",
    });
    put(&mut store.variable_groups, group);
    let territory = json!({
        "name": "Whole Company", "api_name": "Whole_Company", "description": null,
        "manager": null, "reporting_to": null, "permission_type": "read_write_delete",
    });
    put(&mut store.territories, territory);
    store
}

/// A profile; its permissions' ids follow the profile's own.
fn profile(name: &str, admin: bool) -> Value {
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

/// What a profile allows, as the settings show it.
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

/// Whether a profile allows something; what no profile can forbid is allowed.
pub(crate) fn allows(profile: &Map<String, Value>, permission: &str) -> bool {
    let enabled = profile.get("enabled").and_then(Value::as_array);
    !PERMISSIONS.iter().any(|(name, ..)| *name == permission)
        || enabled.is_some_and(|enabled| enabled.contains(&json!(permission)))
}

/// Allows something to a profile, or forbids it; `false` where there is no such permission.
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

/// A user: the first may administer, the others may not.
pub(crate) fn new_user(rng: &mut Rng, settings: &Store, email: &str, first: bool) -> User {
    let name = email.split('@').next().unwrap_or_default();
    let mut letters = name.chars();
    let first_name = letters.next().map(|first| first.to_uppercase().chain(letters).collect());
    let id_of = |shelf: &SettingsMap, name: &str| {
        shelf.by("name", name).map(|one| text_of(one, "id").to_owned()).unwrap_or_default()
    };
    let (role, profile) = if first { ("CEO", ADMINISTRATOR) } else { ("Manager", "Standard") };
    User {
        id: rng.next_id().to_string(),
        zuid: rng.next_id().to_string(),
        email: email.to_owned(),
        first_name: first_name.unwrap_or_default(),
        last_name: String::from("Boyle"),
        role: id_of(&settings.roles, role),
        profile: id_of(&settings.profiles, profile),
        status: UserStatus::Active,
        confirmed: true,
        territories: Vec::new(),
        modified: None,
        values: user_defaults(),
    }
}

/// What a user's account says before anybody set it up.
pub(crate) fn user_defaults() -> Map<String, Value> {
    let tab = json!({ "font_color": "#FFFFFF", "background": "#222222" });
    object(json!({
        "language": "en_US", "locale": "en_US", "country_locale": "en_US", "time_zone": "Asia/Kolkata",
        "date_format": "MMM d, yyyy", "time_format": "hh:mm a", "decimal_separator": "Period",
        "number_separator": "Comma", "default_tab_group": "0",
        "theme": {
            "normal_tab": tab, "selected_tab": tab, "new_background": null,
            "background": "#F3F0EB", "screen": "fixed", "type": "default",
        },
    }))
}

/// The fields of users.
pub(crate) fn user_fields() -> ModuleSpec {
    use FieldKind::{Date, Email, Other, Phone, Text, Website};
    let text = |name: &str, length: u32| FieldSpec::new(name, Text).max_length(length);
    let mut module = ModuleSpec::new("Users").display_field("full_name");
    module.fields.clear();
    let names = ["alias", "street", "city", "state", "zip", "country", "signature", "fax"];
    let settings = [
        "language",
        "locale",
        "country_locale",
        "time_zone",
        "date_format",
        "time_format",
        "decimal_separator",
        "number_separator",
        "default_tab_group",
        "name_format__s",
    ];
    let mut module = module
        .field(text("first_name", 40))
        .field(text("last_name", 80).mandatory())
        .field(FieldSpec::new("email", Email).mandatory())
        .field(FieldSpec::new("role", Other).mandatory())
        .field(FieldSpec::new("profile", Other).mandatory())
        .field(FieldSpec::new("phone", Phone))
        .field(FieldSpec::new("mobile", Phone))
        .field(FieldSpec::new("website", Website))
        .field(FieldSpec::new("dob", Date))
        .field(FieldSpec::new("theme", Other))
        .field(FieldSpec::new("Reporting_To", FieldKind::Owner))
        .field(FieldSpec::picklist("status", ["active", "disabled"]));
    for name in names {
        module = module.field(text(name, 250));
    }
    for name in settings {
        module = module.field(text(name, 50));
    }
    module.standard()
}

/// The views of a module, and the assignment rule that leads have.
pub(crate) fn settle_module(
    rng: &mut Rng,
    store: &mut Store,
    module: &ModuleSpec,
    first_user: &str,
) {
    let shown: Vec<String> = module
        .fields
        .iter()
        .filter(|field| !field.system && !field.kind.is_list())
        .take(4)
        .map(|field| field.api_name.clone())
        .collect();
    let mine = json!({ "comparator": "equal", "field": "Owner", "value": "${CURRENTUSER}" });
    let views = [("All", "ALLVIEWS", None, true), ("My", "MYVIEWS", Some(mine), false)];
    for (word, system_name, criteria, default) in views {
        let id = rng.next_id();
        let view = CustomView {
            id,
            module: module.api_name().to_owned(),
            name: format!("{word} {}", module.plural),
            system_name: Some(system_name.to_owned()),
            default,
            criteria,
            fields: shown.clone(),
            sort_by: None,
            descending: false,
        };
        store.views.insert(id, view);
    }
    if module.api_name() == "Leads" {
        let rule = json!({
            "name": "Everything to one", "api_name": "Everything_to_one", "module": "Leads",
            "owner": first_user, "description": null,
        });
        store.assignment_rules.put(rng.next_id(), object(rule));
    }
}
