//! Conversion of leads.

use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::Http;

async fn lead(http: &Http) -> String {
    let lead = json!({
        "Last_Name": "Burns", "First_Name": "Ada", "Company": "Zylker", "Email": "ada@example.com",
        "Tag": [{ "name": "hot" }],
    });
    http.post("/crm/v8/Leads", &json!({ "data": [lead] })).await.id(0)
}

fn id(value: &Value) -> &str {
    value.get("id").unwrap_or(value).as_str().unwrap()
}

#[tokio::test]
async fn converts_a_lead_to_a_contact_an_account_and_a_deal() {
    for version in ["v2", "v8"] {
        let sim = Simulator::builder().user("a@example.com").user("b@example.com").start().await;
        let sim = sim.unwrap();
        let http = Http::logged_in(&sim).await;
        let lead = lead(&http).await;
        let users = http.get("/crm/v8/users").await.rows();
        let other = users[1]["id"].as_str().unwrap();
        let note = json!({ "data": [{ "Note_Content": "call back" }] });
        http.post(&format!("/crm/v8/Leads/{lead}/Notes"), &note).await;
        let path = format!("/crm/{version}/Leads/{lead}/actions/convert");
        let assign_to = if version == "v2" { json!(other) } else { json!({ "id": other }) };
        let deal = json!({
            "Deal_Name": "Robots", "Stage": "Qualification", "Closing_Date": "2026-12-24",
            "Amount": 100.5,
        });
        let row = json!({
            "overwrite": true, "notify_lead_owner": true, "notify_new_entity_owner": false,
            "assign_to": assign_to, "Deals": deal,
            "carry_over_tags": { "Contacts": ["hot"] },
        });
        let reply = http.post(&path, &json!({ "data": [row] })).await;
        assert_eq!(reply.status, 200);
        let json = reply.json();
        let made = if version == "v2" { &json["data"][0] } else { &json["data"][0]["details"] };
        if version == "v8" {
            assert_eq!(json["data"][0]["code"], "SUCCESS");
            assert_eq!(made["Contacts"]["name"], "Ada Burns");
        } else {
            assert!(made["Contacts"].is_string());
        }
        let contact = sim.record("Contacts", id(&made["Contacts"])).unwrap();
        assert_eq!(contact["Email"], "ada@example.com");
        assert_eq!(contact["Owner"]["id"], other);
        assert_eq!(contact["Account_Name"]["name"], "Zylker");
        assert_eq!(contact["Tag"][0]["name"], "hot");
        let deal = sim.record("Deals", id(&made["Deals"])).unwrap();
        assert_eq!(
            (&deal["Deal_Name"], &deal["Expected_Revenue"]),
            (&json!("Robots"), &json!(10.05))
        );
        assert_eq!(deal["Contact_Name"]["id"], id(&made["Contacts"]));
        let notes = format!(
            "/crm/v8/Contacts/{}/Notes?fields=Note_Content",
            contact["id"].as_str().unwrap()
        );
        assert_eq!(http.get(&notes).await.rows()[0]["Note_Content"], "call back");

        // The lead still exists, but only among the converted ones.
        let leads = async |converted: &str| {
            let path = format!("/crm/{version}/Leads?fields=id&converted={converted}");
            http.get(&path).await.status
        };
        assert_eq!(
            (leads("false").await, leads("true").await, leads("both").await),
            (204, 200, 200)
        );
        let found = async |converted: &str| {
            let path = format!("/crm/{version}/Leads/search?email=ada@example.com{converted}");
            http.get(&path).await.status
        };
        assert_eq!((found("").await, found("&converted=true").await), (204, 200));
        assert_eq!(found("&converted=maybe").await, 400);
        assert_eq!(sim.record("Leads", &lead).unwrap()["Converted__s"], true);
        let again = http.post(&path, &json!({ "data": [{}] })).await;
        assert_eq!((again.status, again.code().as_str()), (400, "ID_ALREADY_CONVERTED"));
    }
}

#[tokio::test]
async fn a_refused_conversion_changes_nothing() {
    for (version, status) in [("v2", 202), ("v8", 400)] {
        let sim = Simulator::start().await.unwrap();
        let http = Http::logged_in(&sim).await;
        let lead = lead(&http).await;
        let path = format!("/crm/{version}/Leads/{lead}/actions/convert");
        let row = |row: Value| json!({ "data": [row] });
        let convert = async |body: Value| {
            let reply = http.post(&path, &row(body)).await;
            (reply.status, reply.codes().remove(0))
        };
        let unknown = convert(json!({ "Contacts": "1234567890123456789" })).await;
        assert_eq!(unknown, (status, String::from("INVALID_DATA")));
        // The account and the contact were written by then, and are removed again.
        let nameless = convert(json!({ "Deals": { "Stage": "Qualification" } })).await;
        assert_eq!(nameless, (status, String::from("MANDATORY_NOT_FOUND")));
        let tags = convert(json!({ "carry_over_tags": { "Contacts": [{ "name": "hot" }] } })).await;
        assert_eq!(tags, (status, String::from("INVALID_DATA")), "tags are given by name");
        assert_eq!((sim.record_count("Contacts"), sim.record_count("Accounts")), (0, 0));
        assert_eq!(sim.record("Leads", &lead).unwrap()["Converted__s"], false);
        let gone =
            http.post(&format!("/crm/{version}/Leads/77/actions/convert"), &row(json!({}))).await;
        assert_eq!(gone.code(), "INVALID_DATA");
    }
}

#[tokio::test]
async fn converts_into_existing_records() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let contact = json!({ "data": [{ "Last_Name": "Old", "Phone": "1" }] });
    let contact = http.post("/crm/v8/Contacts", &contact).await.id(0);
    for (overwrite, name) in [(false, "Old"), (true, "Burns")] {
        let lead = lead(&http).await;
        let path = format!("/crm/v8/Leads/{lead}/actions/convert");
        let row = json!({ "overwrite": overwrite, "Contacts": { "id": contact } });
        let made = http.post(&path, &json!({ "data": [row] })).await.json();
        assert_eq!(made["data"][0]["details"]["Contacts"]["id"], contact.as_str());
        let record = sim.record("Contacts", &contact).unwrap();
        assert_eq!((&record["Last_Name"], &record["Phone"]), (&json!(name), &json!("1")));
    }
}

#[tokio::test]
async fn a_refused_conversion_keeps_existing_tags() {
    for (version, status) in [("v2", 202), ("v8", 400)] {
        let sim = Simulator::start().await.unwrap();
        let http = Http::logged_in(&sim).await;
        let account = json!({ "data": [{ "Account_Name": "Zylker", "Tag": [{ "name": "old" }] }] });
        let account = http.post("/crm/v8/Accounts", &account).await.id(0);
        let path = format!("/crm/{version}/Leads/{}/actions/convert", lead(&http).await);
        let before = sim.record("Accounts", &account);
        let named = if version == "v2" { json!(account) } else { json!({ "id": account }) };
        // The account's tags are valid and are written first.
        let row = json!({
            "Accounts": named,
            "carry_over_tags": { "Accounts": ["new"], "Contacts": [{ "name": "hot" }] },
        });
        let reply = http.post(&path, &json!({ "data": [row] })).await;
        assert_eq!((reply.status, reply.codes()), (status, vec![String::from("INVALID_DATA")]));
        assert_eq!(sim.record("Accounts", &account), before);
        let tags = http.get("/crm/v8/settings/tags?module=Accounts").await.rows();
        let names: Vec<&Value> = tags.iter().map(|tag| &tag["name"]).collect();
        assert_eq!(names, ["old"], "no tag was made");
    }
}
