//! Unknown routes, metadata, the organisation and its users.

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec, Simulator};

use crate::client::Http;

async fn http() -> Http {
    Http::logged_in(&Simulator::start().await.unwrap()).await
}

#[tokio::test]
async fn distinguishes_unknown_routes() {
    let http = http().await;
    let answer = async |method: Method, path: &str| {
        let reply = http.call(method, path, &Value::Null).await;
        (reply.status, reply.code())
    };
    let expected = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(
        answer(Method::GET, "/crm/v8/Nothing?fields=id").await,
        expected(400, "INVALID_MODULE")
    );
    assert_eq!(answer(Method::GET, "/crm/v9/Leads").await, expected(404, "INVALID_URL_PATTERN"));
    assert_eq!(answer(Method::GET, "/crm/v8").await, expected(404, "INVALID_URL_PATTERN"));
    assert_eq!(answer(Method::GET, "/elsewhere").await, expected(404, "INVALID_URL_PATTERN"));
    let wrong = answer(Method::POST, "/crm/v8/settings/related_lists").await;
    assert_eq!(wrong, expected(405, "INVALID_REQUEST_METHOD"));
    assert_eq!(
        answer(Method::PATCH, "/crm/v8/Leads").await,
        expected(405, "INVALID_REQUEST_METHOD")
    );
    for path in ["/crm/v8/upload", "/crm/v8/settings/modules", "/crm/v8/Leads/1/actions/clone"] {
        assert_eq!(answer(Method::POST, path).await, expected(501, "NOT_SIMULATED"), "{path}");
    }
    for path in ["Leads/1/Emails", "Leads/1/Emails/2", "Leads/deleted/1/Notes", "backup/urls"] {
        let path = format!("/crm/v8/{path}");
        assert_eq!(answer(Method::GET, &path).await, expected(501, "NOT_SIMULATED"), "{path}");
    }
    for version in ["v2", "v2.1", "v3", "v4", "v5", "v6", "v7", "v8"] {
        let path = format!("/crm/{version}/Leads?fields=id");
        assert_eq!(http.get(&path).await.status, 204);
    }
}

#[tokio::test]
async fn describes_modules() {
    let http = http().await;
    let all = http.get("/crm/v8/settings/modules").await.json();
    let modules = all["modules"].as_array().unwrap();
    for name in
        ["Leads", "Contacts", "Accounts", "Deals", "Tasks", "Events", "Calls", "Products", "Quotes"]
    {
        let module = modules.iter().find(|module| module["api_name"] == name).unwrap();
        assert_eq!(
            (&module["status"], &module["generated_type"]),
            (&json!("visible"), &json!("default"))
        );
    }
    let one = http.get("/crm/v4/settings/modules/Deals").await.json();
    assert_eq!(one["modules"][0]["visible"], true);
    assert_eq!(one["modules"][0]["display_field"]["api_name"], "Deal_Name");
    let by_id = format!("/crm/v8/settings/modules/{}", one["modules"][0]["id"].as_str().unwrap());
    assert_eq!(http.get(&by_id).await.json()["modules"][0]["api_name"], "Deals");
    assert_eq!(http.get("/crm/v8/settings/modules/Nothing").await.code(), "INVALID_MODULE");
}

#[tokio::test]
async fn describes_fields() {
    let houses = ModuleSpec::new("Houses")
        .field(FieldSpec::new("Name", FieldKind::Text).mandatory().unique().max_length(40))
        .field(FieldSpec::picklist("State", ["new", "sold"]))
        .field(FieldSpec::lookup("Seller", "Contacts"));
    let sim = Simulator::builder().module(houses).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let fields = |json: Value, name: &str| {
        let fields = json["fields"].as_array().unwrap().clone();
        fields.into_iter().find(|field| field["api_name"] == name).unwrap()
    };
    let v8 = http.get("/crm/v8/settings/fields?module=Houses").await.json();
    let name = fields(v8.clone(), "Name");
    assert_eq!((&name["data_type"], &name["length"]), (&json!("text"), &json!(40)));
    assert_eq!((&name["system_mandatory"], &name["custom_field"]), (&json!(true), &json!(true)));
    assert!(name["unique"]["casesensitive"].is_string());
    assert_eq!(fields(v8.clone(), "State")["pick_list_values"][1]["actual_value"], "sold");
    assert_eq!(fields(v8.clone(), "Seller")["lookup"]["module"]["api_name"], "Contacts");
    assert_eq!(fields(v8.clone(), "Modified_Time")["read_only"], true);
    let v2 = http.get("/crm/v2/settings/fields?module=Houses").await.json();
    assert_eq!(fields(v2, "Seller")["lookup"]["module"], "Contacts");
    let one = format!("/crm/v8/settings/fields/{}?module=Houses", name["id"].as_str().unwrap());
    assert_eq!(http.get(&one).await.json()["fields"], json!([name]));
    assert_eq!(http.get("/crm/v8/settings/fields").await.code(), "REQUIRED_PARAM_MISSING");
    assert_eq!(http.get("/crm/v8/settings/fields?module=No").await.code(), "INVALID_MODULE");
}

#[tokio::test]
async fn shows_the_organisation_and_users_of_the_token() {
    let sim =
        Simulator::builder().user("ada@example.com").user("bo@example.com").start().await.unwrap();
    let mut http = Http::new(&sim);
    let tokens = http.exchange(&sim.grant().user("bo@example.com").issue()).await;
    http.token = crate::client::access_token(&tokens);
    let org = http.get("/crm/v8/org").await.json();
    assert_eq!(org["org"][0]["zgid"], sim.org_id());
    assert_eq!(org["org"][0]["type"], "Production");
    let me = http.get("/crm/v8/users?type=CurrentUser").await.json();
    assert_eq!(me["users"].as_array().unwrap().len(), 1);
    assert_eq!(me["users"][0]["email"], "bo@example.com");
    let all = http.get("/crm/v8/users?type=AllUsers").await.json();
    assert_eq!(all["info"]["count"], 2);
    let id = me["users"][0]["id"].as_str().unwrap();
    let made = http.post("/crm/v8/Leads", &json!({ "data": [{ "Last_Name": "A" }] })).await.json();
    assert_eq!(made["data"][0]["details"]["Created_By"]["id"], id);
    let path = format!("/crm/v8/users/{id}");
    assert_eq!(http.get(&path).await.json()["users"][0]["full_name"], "Bo Boyle");
}

#[tokio::test]
async fn does_not_show_the_layout_as_a_form_field() {
    let http = http().await;
    for version in ["v2", "v8"] {
        for module in ["Leads", "Deals", "Quotes"] {
            let path = format!("/crm/{version}/settings/fields?module={module}");
            let fields = http.get(&path).await.json()["fields"].clone();
            let named = |name: &str| {
                let all = fields.as_array().unwrap();
                all.iter().find(|field| field["api_name"] == name).unwrap().clone()
            };
            let layout = named("Layout");
            assert_eq!(layout["data_type"], "layout");
            assert_eq!(
                (&layout["visible"], &layout["view_type"]["view"]),
                (&json!(false), &json!(false))
            );
            assert_eq!(named("Owner")["view_type"]["view"], json!(true));
        }
    }
}
