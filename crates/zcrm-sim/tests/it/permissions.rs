//! Calls that a profile does not allow are refused with 403 and are not executed.

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::Http;

#[tokio::test]
async fn a_profile_without_api_access_is_refused_everywhere() {
    let sim = Simulator::builder().records("Leads", 1).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let access = "Crm_Implied_Api_Access";
    sim.set_permission("Administrator", access, false).unwrap();
    for path in ["v2/Leads", "v8/Leads?fields=id", "v8/org", "v8/settings/modules", "v8/users"] {
        let reply = http.get(&format!("/crm/{path}")).await;
        assert_eq!(reply.status, 403, "{path}");
        let json = reply.json();
        assert_eq!((&json["code"], &json["status"]), (&json!("NO_PERMISSION"), &json!("error")));
        assert_eq!(json["details"], json!({ "permissions": [access] }), "{path}");
    }
    assert_eq!(sim.journal().count(|entry| entry.status == Some(403) && entry.executed), 0);
    sim.set_permission("administrator", access, true).unwrap();
    assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 200);
}

#[tokio::test]
async fn each_operation_on_a_module_has_its_permission() {
    let sim = Simulator::builder().records("Leads", 2).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let lead = http.get("/crm/v8/Leads?fields=id").await.rows()[0]["id"].clone();
    let lead = lead.as_str().unwrap();
    let rows = json!({ "data": [{ "Last_Name": "Boyle", "Company": "Zylker" }] });
    let one = format!("Leads/{lead}");
    let notes = format!("Leads/{lead}/Notes");
    let touches = [
        ("View", "GET", "Leads?fields=id", &Value::Null),
        ("View", "GET", "Leads/search?word=Boyle", &Value::Null),
        ("Create", "POST", "Leads", &rows),
        ("Create", "POST", "Leads/upsert", &rows),
        ("Edit", "POST", "Leads/upsert", &rows),
        ("Edit", "PUT", &one, &rows),
        ("Edit", "POST", &notes, &rows),
        ("Delete", "DELETE", &one, &Value::Null),
        ("Delete", "DELETE", &format!("Leads?ids={lead}"), &Value::Null),
    ];
    for (verb, method, path, body) in touches {
        let (method, permission) =
            (method.parse::<Method>().unwrap(), format!("Crm_Implied_{verb}_Leads"));
        sim.set_permission("Administrator", &permission, false).unwrap();
        let reply = http.call(method.clone(), &format!("/crm/v8/{path}"), body).await;
        assert_eq!(reply.status, 403, "{method} {path} without {permission}");
        assert_eq!(reply.json()["details"]["permissions"], json!([permission]));
        sim.set_permission("Administrator", &permission, true).unwrap();
    }
    assert_eq!(sim.record_count("Leads"), 2, "nothing was executed");
    // Other modules are not affected.
    sim.set_permission("Administrator", "Crm_Implied_View_Leads", false).unwrap();
    assert_ne!(http.get("/crm/v8/Contacts?fields=id").await.status, 403);
}

#[tokio::test]
async fn managing_users_requires_the_permission() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    sim.set_permission("Administrator", "Crm_Implied_Manage_Users", false).unwrap();
    let new = json!({ "users": [{ "last_name": "Boyle", "email": "boyle@zylker.example" }] });
    let reply = http.call(Method::POST, "/crm/v8/users", &new).await;
    assert_eq!((reply.status, &reply.json()["code"]), (403, &json!("NO_PERMISSION")));
    assert_eq!(http.get("/crm/v8/users").await.status, 200);
}

#[tokio::test]
async fn rejects_unknown_profiles_and_permissions() {
    let sim = Simulator::start().await.unwrap();
    for (profile, permission) in [("Missing", "Crm_Implied_Api_Access"), ("Standard", "Crm_Fly")] {
        let error = sim.set_permission(profile, permission, true).unwrap_err().to_string();
        assert!(error.contains(profile) && error.contains(permission), "{error}");
    }
}
