//! Requests and responses of the organisation, as documented by Zoho for v2 and v8.
//!
//! Sources: for v2 the requests of the Ruby SDK (gem ZCRMSDK 1.0.5), for v8 `org.json`,
//! `users.json`, `users_territories.json`, `roles.json`, `profiles.json`, `variables.json` and
//! `variable_groups.json` in Zoho's OpenAPI files. These files do not describe taxes, so the tests
//! follow Zoho's SDKs.

use serde_json::{Value, json};
use zcrm_api::{
    field,
    operations::{TAXES_CREATE, TAXES_DELETE, TAXES_DELETE_ONE, TAXES_UPDATE_V2},
    organisation::{
        OrgTax, OrgTaxes, Permission, Profile, Role, TabTheme, TaxPreference, User, UserKind,
        UserStatus, UserTheme, Variable, VariableKind,
    },
};
use zcrm_core::{ApiVersion, Decimal, ErrorKind, Id, Lookup};

use crate::canned::{BOTH, answering, asks, at, canned, done, refused};

#[test]
fn requests_lists_and_items_alike_in_both_versions() {
    for version in BOTH {
        let api = at(version);
        let nothing = || Value::Null;
        asks(api.org().get().preview(), "GET org", nothing());
        asks(api.roles().list().preview(), "GET settings/roles", nothing());
        asks(api.roles().get("7").preview(), "GET settings/roles/7", nothing());
        asks(api.profiles().list().preview(), "GET settings/profiles", nothing());
        asks(api.profiles().get("7").preview(), "GET settings/profiles/7", nothing());
        asks(api.taxes().list().preview(), "GET org/taxes", nothing());
        asks(api.taxes().get("7").preview(), "GET org/taxes/7", nothing());
        let variables = api.variables();
        asks(variables.list().preview(), "GET settings/variables", nothing());
        let general = variables.list().in_group("General");
        asks(general.preview(), "GET settings/variables?group=General", nothing());
        let one = variables.get("7").in_group(Id::from("9"));
        asks(one.preview(), "GET settings/variables/7?group=9", nothing());
        let named = variables.by_name("rate").in_group("General");
        asks(named.preview(), "GET settings/variables/rate?group=General", nothing());
        let groups = api.variable_groups();
        asks(groups.list().preview(), "GET settings/variable_groups", nothing());
        asks(groups.get("7").preview(), "GET settings/variable_groups/7", nothing());
        asks(
            groups.by_name("General").preview(),
            "GET settings/variable_groups/General",
            nothing(),
        );
    }
}

#[test]
fn requests_all_ten_kinds_of_users() {
    for version in BOTH {
        let users = at(version).users();
        for (list, kind) in [
            (users.list(), "AllUsers"),
            (users.list().active(), "ActiveUsers"),
            (users.list().deactivated(), "DeactiveUsers"),
            (users.list().confirmed(), "ConfirmedUsers"),
            (users.list().not_confirmed(), "NotConfirmedUsers"),
            (users.list().deleted(), "DeletedUsers"),
            (users.list().active_confirmed(), "ActiveConfirmedUsers"),
            (users.list().admins(), "AdminUsers"),
            (users.list().active_confirmed_admins(), "ActiveConfirmedAdmins"),
        ] {
            asks(list.preview(), &format!("GET users?type={kind}"), Value::Null);
            let page = list.page(2).per_page(20);
            let query = match kind {
                "AllUsers" => "page=2&per_page=20&type=AllUsers".to_owned(),
                _ => format!("type={kind}&page=2&per_page=20"),
            };
            let line = format!("GET users?{query}");
            asks(page.preview(), &line, Value::Null);
        }
        // defect 9: empty parameters are not sent
        asks(users.current().preview(), "GET users?type=CurrentUser", Value::Null);
        let newer = users.list().of_kind(UserKind::from("SandboxUsers"));
        asks(newer.preview(), "GET users?type=SandboxUsers", Value::Null);
        asks(users.get("7").preview(), "GET users/7", Value::Null);
        let found = users.search(field("last_name").eq("Boyle"));
        asks(found.preview(), "GET users/search?criteria=(last_name:equals:Boyle)", Value::Null);
    }
}

#[test]
fn writes_and_deletes_users() {
    for version in BOTH {
        let users = at(version).users();
        let boyle = User::new("Boyle", "patricia@example.com")
            .with_first_name("Patricia")
            .with_role(Lookup::to("11"))
            .with_profile(Lookup::to("12"))
            .with("Shop_Number", 17);
        let body = json!({
            "last_name": "Boyle", "email": "patricia@example.com", "first_name": "Patricia",
            "role": { "id": "11" }, "profile": { "id": "12" }, "Shop_Number": 17,
        });
        asks(users.create(&boyle).preview(), "POST users", json!({ "users": [body] }));
        let theme = UserTheme::default()
            .with_background("#F3F0EB")
            .with_normal_tab(TabTheme::default().with_font_color("#FFFFFF"));
        let change = User::default().with_theme(theme).with_reporting_to(Lookup::to("13"));
        let body = json!({
            "theme": { "background": "#F3F0EB", "normal_tab": { "font_color": "#FFFFFF" } },
            "Reporting_To": { "id": "13" },
        });
        let update = users.update("7", &change);
        asks(update.preview(), "PUT users/7", json!({ "users": [body] }));
        let row = User::default().with_id("7").with_phone("+91 44");
        let body = json!({ "users": [{ "id": "7", "phone": "+91 44" }] });
        asks(users.update_many([row]).preview(), "PUT users", body);
        asks(users.delete("7").preview(), "DELETE users/7", Value::Null);
        let user = users.user("7");
        asks(user.territories().preview(), "GET users/7/territories", Value::Null);
        asks(user.territory("8").preview(), "GET users/7/territories/8", Value::Null);
        let body = json!({ "territories": [{ "id": "8" }, { "id": "9" }] });
        asks(user.add_territories(["8", "9"]).preview(), "PUT users/7/territories", body);
        let gone = user.remove_territories(["8", "9"]);
        asks(gone.preview(), "DELETE users/7/territories?ids=8,9", Value::Null);
    }
}

#[test]
fn writes_taxes_in_the_form_of_v2() {
    for version in [ApiVersion::V2, ApiVersion::V2_1] {
        let taxes = at(version).taxes();
        let made = taxes.create_many([OrgTax::named("Vat").with_value("12.50")]);
        let request = made.preview().unwrap();
        assert_eq!(request.method(), "POST");
        // all digits are kept
        assert_eq!(request.body(), r#"{"taxes":[{"name":"Vat","value":12.50}]}"#);
        let change = json!({ "id": "7", "sequence_number": 2 });
        let body = json!({ "taxes": [change] });
        asks(taxes.update_many([&change]).preview(), "PUT org/taxes", body);
        asks(taxes.delete_many(["7", "8"]).preview(), "DELETE org/taxes?ids=7,8", Value::Null);
        asks(taxes.delete("7").preview(), "DELETE org/taxes/7", Value::Null);
        refused(taxes.save(&OrgTaxes::default()).preview(), &["from v3 on", "taxes.update_v2"]);
    }
}

#[test]
fn writes_all_taxes_in_one_call_from_v3_on() {
    for version in [ApiVersion::V3, ApiVersion::V8] {
        let taxes = at(version).taxes();
        let made = taxes.create_many([OrgTax::named("Vat").with_value("12.50")]);
        let request = made.preview().unwrap();
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.body(), r#"{"org_taxes":{"taxes":[{"name":"Vat","value":12.50}]}}"#);
        let put = |rows: Value| json!({ "org_taxes": { "taxes": rows } });
        let change = json!({ "id": "7", "sequence_number": 2 });
        asks(taxes.update_many([&change]).preview(), "PUT org/taxes", put(json!([change])));
        let gone = json!([{ "id": "7", "_delete": true }, { "id": "8", "_delete": true }]);
        asks(taxes.delete_many(["7", "8"]).preview(), "PUT org/taxes", put(gone));
        let gone = json!([{ "id": "7", "_delete": true }]);
        asks(taxes.delete("7").preview(), "PUT org/taxes", put(gone));
        let all = OrgTaxes::default()
            .with_taxes([OrgTax::named("A").with_value("1"), OrgTax::deleted("7")])
            .with_preference(TaxPreference::default().with_modify_tax_rates(true));
        let body = json!({ "org_taxes": {
            "taxes": [{ "name": "A", "value": 1 }, { "id": "7", "_delete": true }],
            "preference": { "modify_tax_rates": true },
        }});
        asks(taxes.save(&all).preview(), "PUT org/taxes", body);
        // a new tax must not have an id, because it would update an existing tax
        refused(taxes.create_many([&change]).preview(), &["item 0", "`id`", "update"]);
        // the error of v2's operations names the equivalent operation
        for old in [&TAXES_CREATE, &TAXES_DELETE, &TAXES_DELETE_ONE, &TAXES_UPDATE_V2] {
            let call = at(version).call(old).preview();
            refused(call, &[old.name(), "only up to v2.1", "use `taxes.update` in this version"]);
        }
    }
}

#[tokio::test]
async fn reads_taxes_of_every_version() {
    let rows = json!([{ "name": "Vat", "id": "1", "value": 12.5 }]);
    let preference = json!({ "auto_populate_tax": true, "modify_tax_rates": false });
    let flat = json!({ "taxes": rows, "preference": preference });
    for version in [ApiVersion::V2, ApiVersion::V2_1, ApiVersion::V3, ApiVersion::V8] {
        let body = match version < ApiVersion::V3 {
            true => flat.clone(),
            false => json!({ "org_taxes": flat }),
        };
        let taxes = answering(version, &body).taxes();
        let all = taxes.list().all().await.unwrap();
        assert_eq!(all[0].name, "Vat");
        assert_eq!(taxes.get("1").send().await.unwrap().id.unwrap(), "1");
        let settings = taxes.settings().send().await.unwrap();
        assert_eq!(settings.taxes.len(), 1);
        let preference = settings.preference.unwrap();
        assert_eq!(preference.auto_populate_tax, Some(true));
    }
}

#[tokio::test]
async fn applies_a_single_result_to_each_tax() {
    let taxes = || [OrgTax::named("A"), OrgTax::named("B")];
    let good = json!({ "code": "SUCCESS", "details": { "id": "7" }, "message": "done",
        "status": "success" });
    let whole = json!({ "org_taxes": good });
    let api = answering(ApiVersion::V8, &whole);
    let made = api.taxes().create_many(taxes()).send().await.unwrap().all().unwrap();
    // it is unknown which of the two taxes the id belongs to
    assert_eq!(made.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), [None, None]);
    let [first, _] = taxes();
    let made = api.taxes().create_many([first]).send().await.unwrap().all().unwrap();
    assert_eq!(made[0].id.as_ref().unwrap(), &"7");
    // a list of results is read as well
    let list = answering(ApiVersion::V8, &done("org_taxes", &["1", "2"]));
    let made = list.taxes().create_many(taxes()).send().await.unwrap().all().unwrap();
    assert_eq!(made[1].id.as_ref().unwrap(), &"2");
    let bad = json!({ "org_taxes": { "code": "DUPLICATE_DATA", "details": { "api_name": "name" },
        "message": "duplicate", "status": "error" } });
    let outcomes =
        answering(ApiVersion::V8, &bad).taxes().create_many(taxes()).send().await.unwrap();
    assert_eq!((outcomes.successes().count(), outcomes.failures().count()), (0, 2));
}

#[test]
fn refuses_kinds_of_variables_that_v2_lacks() {
    let kinds = [(VariableKind::DOUBLE, "decimal"), (VariableKind::WEBSITE, "url")];
    for (kind, instead) in kinds {
        let new = Variable::named("A", "a", kind.clone());
        let variable = new.clone().with_id("7");
        let writes = |version| {
            let variables = at(version).variables();
            [
                variables.create_many([&new]).preview(),
                variables.update_many([&variable]).preview(),
                variables.update("7", &variable).preview(),
            ]
        };
        for write in writes(ApiVersion::V2) {
            refused(write, &["variable 0", kind.as_str(), "v2", &format!("use `{instead}`")]);
        }
        for version in [ApiVersion::V2_1, ApiVersion::V8] {
            assert!(writes(version).iter().all(Result::is_ok));
        }
    }
    for kind in [VariableKind::DECIMAL, VariableKind::URL, VariableKind::from("newer")] {
        for version in BOTH {
            let variable = Variable::named("A", "a", kind.clone());
            assert!(at(version).variables().create_many([variable]).preview().is_ok());
        }
    }
}

#[test]
fn refuses_more_users_than_an_update_takes() {
    for version in BOTH {
        let rows = |count: u64| (1..=count).map(|id| User::default().with_id(id));
        assert!(at(version).users().update_many(rows(10)).preview().is_ok());
        refused(
            at(version).users().update_many(rows(11)).preview(),
            &["too many items: 11", "at most 10"],
        );
    }
}

#[test]
fn writes_and_deletes_roles_profiles_and_variables() {
    for version in BOTH {
        let api = at(version);
        let role = Role::named("Trainee", "3").with_share_with_peers(true);
        let body = json!({ "roles": [
            { "name": "Trainee", "reporting_to": { "id": "3" }, "share_with_peers": true },
        ]});
        asks(api.roles().create(&role).preview(), "POST settings/roles", body);
        let change = Role::default().with_description("new");
        let body = json!({ "roles": [{ "description": "new" }] });
        asks(api.roles().update("7", &change).preview(), "PUT settings/roles/7", body);
        let gone = api.roles().delete("7", "8");
        asks(gone.preview(), "DELETE settings/roles/7?transfer_to_id=8", Value::Null);

        let copy = Profile::named("Sales").with_description("sells");
        let body = json!({ "profiles": [{ "name": "Sales", "description": "sells" }] });
        let copied = api.profiles().create_from("7", &copy);
        asks(copied.preview(), "POST settings/profiles/7/actions/clone", body);
        let permission = Permission::default().with_id("5").with_enabled(false);
        let change = Profile::default().with_permissions([permission]);
        let body =
            json!({ "profiles": [{ "permissions_details": [{ "id": "5", "enabled": false }] }] });
        asks(api.profiles().update("7", &change).preview(), "PUT settings/profiles/7", body);

        let variables = api.variables();
        let rate = Variable::named("Rate", "rate", VariableKind::DECIMAL)
            .with_group("General")
            .with_value("1.25");
        let body = json!({ "variables": [{
            "name": "Rate", "api_name": "rate", "type": "decimal", "value": "1.25",
            "variable_group": { "api_name": "General" },
        }]});
        asks(variables.create_many([rate]).preview(), "POST settings/variables", body);
        let body = json!({ "variables": [{ "id": "7", "value": true }] });
        let change = Variable::default().with_id("7").with_value(true);
        asks(variables.update_many([change]).preview(), "PUT settings/variables", body);
        let body = json!({ "variables": [{ "value": 3 }] });
        let change = variables.update("7", &Variable::default().with_value(3));
        asks(change.preview(), "PUT settings/variables/7", body);
        let gone = variables.delete_many(["7", "8"]);
        asks(gone.preview(), "DELETE settings/variables?ids=7,8", Value::Null);
        asks(variables.delete("7").preview(), "DELETE settings/variables/7", Value::Null);
    }
}

#[tokio::test]
async fn reads_the_organisation() {
    let body = json!({ "org": [{
        "id": "1", "zgid": "600", "company_name": "Zylker", "primary_email": "p@example.com",
        "iso_code": "INR", "currency": "Indian Rupee - INR", "currency_symbol": "Rs.",
        "mc_status": false, "gapps_enabled": false, "country_code": "IN", "alias": null,
        "license_details": {
            "paid_expiry": "2026-09-04T05:30:00+05:30", "paid": true, "paid_type": "enterprise",
            "users_license_purchased": 9, "trial_expiry": null,
        },
        "hierarchy_preferences": { "type": "Role_Hierarchy", "strictly_reporting": false },
        "type": "Production", "lens_enabled": true,
    }]});
    for version in BOTH {
        let org = answering(version, &body).org().get().send().await.unwrap();
        assert_eq!(org.zgid.clone().unwrap(), "600");
        assert_eq!(org.company_name.as_deref(), Some("Zylker"));
        assert_eq!(org.alias, None);
        assert_eq!(org.kind.as_deref(), Some("Production"));
        let licence = org.license_details.clone().unwrap();
        assert_eq!(licence.users_license_purchased, Some(9));
        let until = licence.paid_expiry.unwrap();
        assert_eq!(until.to_string(), "2026-09-04T05:30:00+05:30");
        let hierarchy = org.hierarchy_preferences.clone().unwrap();
        assert_eq!(hierarchy.strictly_reporting, Some(false));
        // unknown members are kept
        assert_eq!(org.extra.get("lens_enabled").unwrap(), Some(true));
        let text = format!("{org:?}");
        assert!(text.contains("company_name") && !text.contains("Zylker"), "{text}");
    }
}

/// v2: `GET users`; v8: users.json. Only v2 sends territories with the user.
#[tokio::test]
async fn reads_users_with_custom_fields_and_theme() {
    let v2 = json!({ "users": [{
        "id": "7", "first_name": "Patricia", "last_name": "Boyle", "full_name": "Patricia Boyle",
        "email": "patricia@example.com", "status": "active", "confirm": true,
        "role": { "name": "CEO", "id": "11" }, "profile": { "name": "Administrator", "id": "12" },
        "created_by": { "name": "Patricia Boyle", "id": "7" }, "Isonline": true,
        "created_time": "2019-08-02T15:26:49+05:30", "Modified_Time": "2019-08-03T15:26:49+05:30",
        "territories": [{ "manager": true, "name": "South", "id": "8" }], "offset": 19800000,
        "theme": {
            "normal_tab": { "font_color": "#FFFFFF", "background": "#222222" },
            "selected_tab": { "font_color": "#FFFFFF", "background": "#222222" },
            "new_background": null, "background": "#F3F0EB", "screen": "fixed", "type": "default",
        },
        "customize_info": { "notes_desc": null, "show_home": true },
        "Shop_Number": 17, "Reporting_To": null, "sandboxDeveloper": false,
    }], "info": { "per_page": 200, "count": 1, "page": 1, "more_records": false } });
    let v8 = json!({ "users": [{
        "id": "7", "first_name": "Patricia", "last_name": "Boyle", "full_name": "Patricia Boyle",
        "email": "patricia@example.com", "status": "active", "confirm": true,
        "role": { "name": "CEO", "id": "11" }, "profile": { "name": "Administrator", "id": "12" },
        "created_by": { "name": "Patricia Boyle", "id": "7", "email": "patricia@example.com" },
        "Isonline": true, "offset": 19800000, "category": "regular_user",
        "created_time": "2019-08-02T15:26:49+05:30", "Modified_Time": "2019-08-03T15:26:49+05:30",
        "theme": {
            "normal_tab": { "font_color": "#FFFFFF", "background": "#222222" },
            "background": "#F3F0EB", "screen": "fixed", "type": "default",
        },
        "customize_info": { "show_home": true }, "$current_shift": { "name": "Day", "id": "3" },
        "sort_order_preference__s": "First Name,Last Name", "Shop_Number": 17, "dob": null,
    }], "info": { "per_page": 200, "count": 1, "page": 1, "more_records": false } });
    for (version, body) in [(ApiVersion::V2, &v2), (ApiVersion::V8, &v8)] {
        let api = answering(version, body);
        let mut users = vec![
            api.users().current().send().await.unwrap(),
            api.users().get("7").send().await.unwrap(),
        ];
        users.extend(api.users().list().all().await.unwrap());
        assert_eq!(users.len(), 3);
        for user in users {
            assert_eq!(user.id.clone().unwrap(), "7");
            assert_eq!(user.status, Some(UserStatus::ACTIVE));
            let role = user.role.clone().unwrap();
            assert_eq!((role.id.unwrap().as_str(), role.name.as_deref()), ("11", Some("CEO")));
            assert_eq!(user.reporting_to, None);
            assert_eq!(user.is_online, Some(true));
            let changed = user.modified_time.unwrap();
            assert_eq!(changed.to_string(), "2019-08-03T15:26:49+05:30");
            let theme = user.theme.clone().unwrap();
            let tab = theme.normal_tab.unwrap();
            assert_eq!(tab.font_color.as_deref(), Some("#FFFFFF"));
            let shown = user.customize_info.clone().unwrap();
            assert_eq!(shown.show_home, Some(true));
            // defect 7: a custom field is a member with its own type
            assert_eq!(user.get::<u32>("Shop_Number").unwrap(), Some(17));
            let territories = &user.territories;
            assert_eq!(territories.len(), usize::from(version == ApiVersion::V2));
            if let Some(territory) = territories.first() {
                assert_eq!(territory.name, "South");
                assert_eq!(territory.is_manager, Some(true));
            }
            let sent = serde_json::to_value(&user).unwrap();
            assert_eq!(sent, body["users"][0]);
            assert!(!format!("{user:?}").contains("Boyle"));
        }
    }
    let territories = json!({ "territories": [{
        "id": "8", "Name": "South", "Manager": { "Name": "Patricia Boyle", "id": "7" },
        "Reporting_To": { "Name": null, "id": null },
    }]});
    let user = answering(ApiVersion::V8, &territories).users().user("7");
    let south = user.territory("8").send().await.unwrap();
    assert_eq!(south.name, "South");
    assert_eq!(south.manager.unwrap().to_value()["id"], "7");
    let count = answering(ApiVersion::V8, &json!({ "count": "12" })).users();
    assert_eq!(count.count(UserKind::ACTIVE).await.unwrap(), 12);
}

#[tokio::test]
async fn reads_roles_and_profiles_with_permissions() {
    let v2 = json!({ "roles": [
        { "display_label": "CEO", "name": "CEO", "id": "1", "admin_user": true, "reporting_to": null },
        {
            "display_label": "Manager", "name": "Manager", "id": "2", "admin_user": false,
            "reporting_to": { "name": "CEO", "id": "1" }, "forecast_manager": null,
            "share_with_peers": true, "description": "leads",
        },
    ]});
    let v8 = json!({ "roles": [
        { "display_label": "CEO", "name": "CEO", "id": "1", "admin_user": true },
        {
            "display_label": "Manager", "name": "Manager", "id": "2", "admin_user": false,
            "reporting_to": { "name": "CEO", "id": "1" }, "share_with_peers": true,
            "description": "leads", "created_by__s": { "name": "P", "id": "7", "email": "p@e.com" },
            "created_time__s": "2025-01-01T00:00:00+05:30", "modified_time__s": null,
        },
    ]});
    for (version, body) in [(ApiVersion::V2, &v2), (ApiVersion::V8, &v8)] {
        let roles = answering(version, body).roles().list().all().await.unwrap();
        assert_eq!(roles[0].admin_user, Some(true));
        assert_eq!(roles[0].reporting_to, None);
        assert_eq!(roles[1].reporting_to.as_ref().unwrap().id, Some("1".into()));
        assert_eq!(roles[1].share_with_peers, Some(true));
        assert_eq!(roles[1].created_time.is_some(), version == ApiVersion::V8);
    }
    let v2 = json!({ "profiles": [{
        "name": "Standard", "id": "3", "category": false, "description": "all but to administrate",
        "created_time": null, "modified_time": null, "created_by": null, "modified_by": null,
        "default": false,
        "permissions_details": [
            { "display_label": null, "module": null, "name": "Crm_Implied_Api_Access", "id": "4",
              "enabled": true },
            { "display_label": "View", "module": "Leads", "name": "Crm_Implied_View_Leads",
              "id": "5", "enabled": false },
        ],
        "sections": [{ "name": "Module Permissions", "categories": [
            { "display_label": "Leads", "permissions_details": ["5"], "module": "Leads",
              "name": "Leads" },
        ]}],
    }]});
    let v8 = json!({ "profiles": [{
        "_default_view": { "name": "All", "id": "9", "type": "module" }, "name": "Standard",
        "id": "3", "default": false, "custom": false, "type": "normal_profile",
        "permission_type": "read_write", "display_label": "Standard",
        "permissions_details": [
            { "id": "4", "enabled": true, "name": "Crm_Implied_Api_Access", "display_label": null,
              "customizable": true, "parent_permissions": [], "module": null },
            { "id": "5", "enabled": false, "name": "Crm_Implied_View_Leads", "module": "Leads",
              "customizable": true, "parent_permissions": ["4"] },
        ],
        "sections": [{ "name": "Module Permissions", "categories": [
            { "display_label": "Leads", "permissions_details": ["5"], "module": "Leads",
              "name": "Leads" },
        ]}],
    }], "info": { "license_limit": null } });
    for (version, body) in [(ApiVersion::V2, &v2), (ApiVersion::V8, &v8)] {
        let profile = answering(version, body).profiles().get("3").send().await.unwrap();
        assert_eq!(profile.is_default, Some(false));
        let permissions = &profile.permissions;
        assert_eq!(permissions[0].enabled, Some(true));
        assert_eq!(permissions[1].module.as_deref(), Some("Leads"));
        let sections = &profile.sections;
        let category = &sections[0].categories[0];
        assert_eq!(category.name, "Leads");
        assert_eq!(category.permission_ids, [Id::from("5")]);
        assert_eq!(serde_json::to_value(&profile).unwrap(), body["profiles"][0]);
    }
    // profiles.json: the response is an object without a list
    let gone = json!({ "code": "SUCCESS", "details": { "id": "3" }, "message": "Profile deleted",
        "status": "success" });
    let (api, sent) = canned(ApiVersion::V8, 200, &[], gone.to_string());
    api.profiles().delete("3", "4").await.unwrap();
    let line = crate::canned::shown(&sent.lock().unwrap()[0]).0;
    assert_eq!(line, "DELETE settings/profiles/3?transfer_to=4");
}

#[tokio::test]
async fn reads_taxes_and_variables() {
    let body = json!({ "taxes": [
        { "display_label": "Vat", "name": "Vat", "sequence_number": 1, "id": "1", "value": 12.5 },
        { "name": "Sales Tax", "id": "2", "value": "8.00" },
        { "name": "None", "id": "3", "value": null },
    ]});
    for (version, body) in
        [(ApiVersion::V2, body.clone()), (ApiVersion::V8, json!({ "org_taxes": body }))]
    {
        let taxes = answering(version, &body).taxes().list().all().await.unwrap();
        let values: Vec<_> =
            taxes.iter().map(|tax| tax.value.as_ref().map(Decimal::as_str)).collect();
        assert_eq!(values, [Some("12.5"), Some("8.00"), None]);
        assert_eq!(taxes[0].sequence_number, Some(1));
    }
    let v2 = json!({ "variables": [{
        "api_name": "rate", "name": "Rate", "description": null, "id": "1", "type": "double",
        "variable_group": { "api_name": "General", "id": "9" }, "value": "1.25",
    }]});
    let v8 = json!({ "variables": [{
        "api_name": "rate", "name": "Rate", "description": null, "id": "1", "type": "double",
        "variable_group": { "api_name": "General", "id": "9", "name": "General" }, "value": "1.25",
        "source": "crm", "read_only": false,
    }]});
    for (version, body) in [(ApiVersion::V2, &v2), (ApiVersion::V8, &v8)] {
        let api = answering(version, body);
        let rate = api.variables().get("1").in_group("General").send().await.unwrap();
        assert_eq!(rate.kind, Some(VariableKind::DOUBLE));
        assert_eq!(rate.value, Some("1.25".into()));
        // defect 6: the name of the group is not its id
        let group = rate.group.unwrap();
        assert_eq!(group.api_name.as_deref(), Some("General"));
        assert_eq!(group.id.unwrap(), "9");
    }
    let body = json!({ "variable_groups": [{
        "display_label": "General", "api_name": "General", "name": "General", "description": null,
        "id": "9",
    }]});
    for version in BOTH {
        let api = answering(version, &body);
        let group = api.variable_groups().get("9").send().await.unwrap();
        assert_eq!(group.api_name, "General");
        assert_eq!(api.variable_groups().list().all().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn returns_one_result_per_item() {
    for version in BOTH {
        let api = answering(version, &done("variables", &["1", "2"]));
        let both = ["A", "B"].map(|name| Variable::named(name, name, VariableKind::TEXT));
        let made = api.variables().create_many(both).send().await.unwrap().all().unwrap();
        assert_eq!(made[1].id, "2");
        let made = answering(version, &done("users", &["7"])).users();
        let made = made.create(&User::new("Boyle", "p@example.com")).send().await.unwrap();
        assert_eq!(made.id, "7");
        let refusal = json!({ "users": [{
            "code": "DUPLICATE_DATA", "details": { "api_name": "email" }, "message": "duplicate",
            "status": "error",
        }]});
        let users = answering(version, &refusal).users();
        let error = users.create(&User::new("Boyle", "p@example.com")).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.code().unwrap().as_str(), "DUPLICATE_DATA");
    }
}

#[tokio::test]
async fn names_mistakes_and_sends_nothing() {
    for version in BOTH {
        let (api, sent) = canned(version, 500, &[], "");
        refused(api.users().list().per_page(0).send().await, &["per_page", "0"]);
        refused(api.users().list().per_page(201).send().await, &["per_page", "201", "200"]);
        refused(api.users().list().page(0).all().await, &["page"]);
        refused(api.users().list().page(1).page(2).send().await, &["page", "twice"]);
        refused(api.users().list().param("sort", "x").send().await, &["users.list", "sort"]);
        refused(
            api.roles().list().param("per_page", "5").send().await,
            &["roles.list", "per_page"],
        );
        refused(api.users().get("1/2").send().await, &["1/2", "invalid id"]);
        refused(api.users().get("").send().await, &["invalid id"]);
        refused(api.users().user("..").territories().send().await, &["invalid id"]);
        refused(api.users().update_many([json!({ "x": 1 })]).send().await, &["item 0", "id"]);
        refused(api.taxes().update_many([json!({ "id": "" })]).send().await, &["item 0"]);
        refused(api.taxes().delete_many(["1", "x,y"]).send().await, &["x,y"]);
        refused(api.roles().delete("1", "a b").send().await, &["a b"]);
        refused(api.profiles().delete("1", "").await, &["invalid id"]);
        let one = || field("city").eq("Pune");
        let eleven = (0..10).fold(one(), |all, _| all.or(one()));
        refused(api.users().search(eleven).send().await, &["11 comparisons", "10"]);
        refused(api.users().search(field("").eq(1)).send().await, &["no field"]);
        let twice = api.variables().list().in_group("A").in_group("B");
        refused(twice.send().await, &["group", "twice"]);
        assert_eq!(sent.lock().unwrap().len(), 0);
    }
}
