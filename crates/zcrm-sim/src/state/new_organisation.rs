//! The settings of a new organisation: roles, profiles, taxes, currencies, variables, views.

use serde_json::{Value, json};

use super::permissions::profile;
use super::settings_map::SettingsMap;
use super::store::{CustomView, Store};
use super::users::ADMINISTRATOR;
use crate::json::into_object;
use crate::rng::Rng;
use crate::schema::ModuleSpec;

/// The organisation's creation time in its settings.
pub(crate) const FOUNDED: &str = "2020-01-01T10:00:00+05:30";

/// Creates the settings that do not depend on modules.
pub(crate) fn default_settings(rng: &mut Rng) -> Store {
    let mut store = Store::default();
    let mut put = |shelf: &mut SettingsMap, setting: Value| {
        let id = rng.next_id();
        shelf.put(id, into_object(setting));
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

/// Adds the views of a module, and the assignment rule of leads.
pub(crate) fn add_module_settings(
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
            access_type: None,
            shared_to: Vec::new(),
        };
        store.views.insert(id, view);
    }
    if module.api_name() == "Leads" {
        let rule = json!({
            "name": "Everything to one", "api_name": "Everything_to_one", "module": "Leads",
            "owner": first_user, "description": null,
        });
        store.assignment_rules.put(rng.next_id(), into_object(rule));
    }
}
