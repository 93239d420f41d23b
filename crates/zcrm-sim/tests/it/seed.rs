//! Seed files and generated records.

use serde_json::json;
use zcrm_sim::{Error, Simulator};

use crate::client::Http;

const SEED: &str = r#"{
    "users": ["ada@example.com", "bo@example.com"],
    "user_fields": [{ "api_name": "Badge", "type": "text" }],
    "modules": [{
        "api_name": "Houses", "singular": "House", "plural": "Houses of ours", "layouts": ["Short"],
        "fields": [
            { "api_name": "Name", "type": "text", "mandatory": true, "unique": true, "length": 40 },
            { "api_name": "State", "type": "picklist", "values": ["new", "sold"], "default": "new" },
            { "api_name": "Seller", "type": "lookup", "module": "Contacts" },
            { "api_name": "Buyers", "type": "multiselectlookup", "module": "Contacts" },
            { "api_name": "Number", "type": "autonumber" },
            { "api_name": "Rooms", "type": "subform", "columns": [
                { "api_name": "Area", "type": "double", "mandatory": true }
            ] }
        ]
    }],
    "fields": { "Leads": [{ "api_name": "Foreign", "type": "text", "external": true }] },
    "records": { "Contacts": 2, "Houses": 10 }
}"#;

#[tokio::test]
async fn a_seed_file_adds_modules_fields_users_and_records() {
    let sim = Simulator::builder().seed_json(SEED).unwrap().start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    for version in ["v2", "v8"] {
        let module = http.get(&format!("/crm/{version}/settings/modules/Houses")).await.rows();
        assert_eq!(
            (&module[0]["generated_type"], &module[0]["singular_label"]),
            (&json!("custom"), &json!("House"))
        );
        let fields = http.get(&format!("/crm/{version}/settings/fields?module=Leads")).await.rows();
        let foreign = fields.iter().find(|field| field["api_name"] == "Foreign").unwrap();
        assert_eq!(
            (&foreign["custom_field"], &foreign["external"]["type"]),
            (&json!(true), &json!("org"))
        );
        let users = http.get(&format!("/crm/{version}/users")).await.rows();
        assert_eq!(users.len(), 2);
        assert!(users[0].get("Badge").is_some());
        let row = json!({ "data": [{ "Name": format!("Mill {version}") }, { "State": "sold" }] });
        let made = http.post(&format!("/crm/{version}/Houses"), &row).await;
        assert_eq!(made.codes(), ["SUCCESS", "MANDATORY_NOT_FOUND"]);
        assert_eq!(sim.record("Houses", &made.id(0)).unwrap()["State"], "new");
    }
    assert_eq!((sim.record_count("Contacts"), sim.record_count("Houses")), (2, 12));
}

#[tokio::test]
async fn generates_the_same_records_each_time() {
    let read = async || {
        let sim = Simulator::builder().seed(7).seed_json(SEED).unwrap();
        let sim = sim.records("Products", 3).records("Quotes", 5).start().await.unwrap();
        let http = Http::logged_in(&sim).await;
        let houses =
            http.get("/crm/v8/Houses?fields=Name,State,Seller&sort_order=asc").await.rows();
        let quote = http.get("/crm/v8/Quotes?fields=Subject").await.rows()[0]["id"].clone();
        let quote = sim.record("Quotes", quote.as_str().unwrap()).unwrap();
        (houses, quote["Quoted_Items"].clone())
    };
    let (houses, items) = read().await;
    assert_eq!(
        (houses.len(), &houses[1]["Seller"]["name"]),
        (10, &json!("Bruno Last Name 000001"))
    );
    assert!(items[0]["Product_Name"]["name"].is_string());
    assert!(items[0]["Net_Total"].as_f64().unwrap() > 0.0);
    assert_eq!(read().await, (houses, items));
}

#[tokio::test]
async fn an_invalid_seed_file_names_the_mistake() {
    for (seed, said) in [
        ("{", "EOF"),
        (r#"{ "modul": [] }"#, "modul"),
        (
            r#"{ "user_fields": [{ "api_name": "A", "type": "animal" }] }"#,
            "unknown field type `animal`",
        ),
        (r#"{ "modules": [{ "api_name": "A" }] }"#, "missing field `fields`"),
    ] {
        let error = Simulator::builder().seed_json(seed).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(matches!(error, Error::Seed(_)));
    }
    let lost = Simulator::builder()
        .seed_json(r#"{ "fields": { "No": [{ "api_name": "A", "type": "text" }] } }"#);
    assert!(matches!(lost.unwrap().start().await.unwrap_err(), Error::UnknownModule(_)));
    assert!(matches!(
        Simulator::builder().seed_file("/nowhere/at/all").unwrap_err(),
        Error::File { .. }
    ));
}
