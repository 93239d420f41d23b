//! Taxes, currencies, variables and layouts.

use serde_json::{Value, json};
use zcrm_sim::{Environment, Simulator};

use crate::client::{Http, access_token};

const VERSIONS: [&str; 2] = ["v2", "v8"];

async fn http() -> Http {
    Http::logged_in(&Simulator::start().await.unwrap()).await
}

#[tokio::test]
async fn v2_has_a_method_for_each_tax_operation() {
    for version in ["v2", "v2.1"] {
        let http = http().await;
        let base = format!("/crm/{version}/org/taxes");
        let first = http.get(&base).await.rows();
        assert_eq!((&first[1]["name"], &first[1]["value"]), (&json!("Vat"), &json!(8.5)));
        let rows = json!({ "taxes": [
            { "name": "Duty", "value": 3.25 }, { "name": "vat", "value": 1 }, { "value": 1 },
            { "name": "Much", "value": 101 }, { "name": "Text", "value": "1" }, { "name": "None" },
        ] });
        let made = http.post(&base, &rows).await;
        assert_eq!(
            made.codes(),
            [
                "SUCCESS",
                "DUPLICATE_DATA",
                "MANDATORY_NOT_FOUND",
                "INVALID_DATA",
                "INVALID_DATA",
                "MANDATORY_NOT_FOUND"
            ]
        );
        let one = format!("{base}/{}", made.id(0));
        assert_eq!(http.get(&one).await.rows()[0]["value"], 3.25);
        let rows =
            json!({ "taxes": [{ "id": made.id(0), "value": 4 }, { "id": "77", "value": 4 }] });
        assert_eq!(http.put(&base, &rows).await.codes(), ["SUCCESS", "INVALID_DATA"]);
        let read = http.get(&one).await.rows();
        assert_eq!((&read[0]["name"], &read[0]["value"]), (&json!("Duty"), &json!(4)));
        assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&one).await.status, 204);
        let ids = format!("{base}?ids={},77", first[0]["id"].as_str().unwrap());
        assert_eq!(http.delete(&ids).await.codes(), ["SUCCESS", "INVALID_DATA"]);
        assert_eq!(http.get(&base).await.rows().len(), 1);
        assert_eq!(http.delete(&base).await.code(), "REQUIRED_PARAM_MISSING");
    }
}

#[tokio::test]
async fn later_versions_write_all_taxes_or_none() {
    for version in ["v3", "v8"] {
        let http = http().await;
        let base = format!("/crm/{version}/org/taxes");
        let taxes = async || http.get(&base).await.json()["org_taxes"].clone();
        let put = async |body: Value| http.put(&base, &json!({ "org_taxes": body })).await;
        let before = taxes().await;
        assert_eq!(before["taxes"][1]["name"], "Vat");
        assert_eq!(before["preference"]["auto_populate_tax"], false);
        let (sales, vat) = (&before["taxes"][0]["id"], &before["taxes"][1]["id"]);

        let done = put(json!({
            "taxes": [
                { "name": "Duty", "value": 3.25 },
                { "id": vat, "value": 9 },
                { "id": sales, "_delete": true },
            ],
            "preference": { "auto_populate_tax": true },
        }))
        .await;
        assert_eq!(done.status, 200);
        assert_eq!(done.json()["org_taxes"]["code"], "SUCCESS");
        let after = taxes().await;
        let shown = |tax: &Value| (tax["name"].clone(), tax["value"].as_f64().unwrap());
        let all: Vec<_> = after["taxes"].as_array().unwrap().iter().map(shown).collect();
        assert_eq!(all, [(json!("Vat"), 9.0), (json!("Duty"), 3.25)]);
        let preference = json!({ "auto_populate_tax": true, "modify_tax_rates": false });
        assert_eq!(after["preference"], preference);

        // A refused row refuses the entire call.
        for (wrong, code, member) in [
            (json!({ "name": "duty", "value": 1 }), "DUPLICATE_DATA", "name"),
            (json!({ "value": 1 }), "MANDATORY_NOT_FOUND", "name"),
            (json!({ "name": "Much", "value": 101 }), "INVALID_DATA", "value"),
        ] {
            let refused = put(json!({ "taxes": [{ "id": vat, "_delete": null }, wrong] })).await;
            assert_eq!(refused.status, 400);
            let said = refused.json()["org_taxes"].clone();
            assert_eq!((&said["status"], &said["code"]), (&json!("error"), &json!(code)));
            assert_eq!(said["details"]["api_name"], member);
            assert_eq!(taxes().await, after);
        }
        let unknown = put(json!({ "taxes": [{ "id": "77", "_delete": true }] })).await;
        assert_eq!((unknown.status, taxes().await), (400, after));
        assert_eq!(unknown.json()["org_taxes"]["code"], "INVALID_DATA");
        let one = put(json!({ "taxes": [{ "name": "Fee", "value": 1 }] })).await.json();
        let id = one["org_taxes"]["details"]["id"].as_str().unwrap();
        let read = http.get(&format!("{base}/{id}")).await.json();
        assert_eq!(read["org_taxes"]["taxes"][0]["name"], "Fee");
        assert_eq!(http.get(&format!("{base}/77")).await.status, 204);
        assert_eq!(http.put(&base, &json!({ "taxes": [] })).await.code(), "MANDATORY_NOT_FOUND");

        // The methods of v2 are refused.
        let post = http.post(&base, &json!({ "taxes": [{ "name": "x", "value": 1 }] })).await;
        let many = http.delete(&format!("{base}?ids={id}")).await;
        let single = http.delete(&format!("{base}/{id}")).await;
        for reply in [post, many, single] {
            assert_eq!((reply.status, reply.code().as_str()), (405, "INVALID_REQUEST_METHOD"));
        }
    }
}

#[tokio::test]
async fn adds_and_updates_currencies() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/org/currencies");
        let first = http.get(&base).await.rows();
        assert_eq!((&first[0]["iso_code"], &first[0]["is_base"]), (&json!("USD"), &json!(true)));
        let row = |code: &str, rate: &str| json!({ "iso_code": code, "symbol": "kr", "exchange_rate": rate });
        let rows = json!({ "currencies": [row("SEK", "10.5"), row("EUR", "1"), row("sek", "1"), row("NOK", "x")] });
        let made = http.post(&base, &rows).await;
        assert_eq!(made.codes(), ["SUCCESS", "DUPLICATE_DATA", "INVALID_DATA", "INVALID_DATA"]);
        let one = format!("{base}/{}", made.id(0));
        let change = |id: &Value, key: &str, value: Value| json!({ "currencies": [{ "id": id, key: value }] });
        let id = json!(made.id(0));
        assert_eq!(
            http.put(&one, &change(&id, "exchange_rate", json!("11"))).await.codes(),
            ["SUCCESS"]
        );
        assert_eq!(
            http.put(&base, &change(&id, "is_active", json!(false))).await.codes(),
            ["SUCCESS"]
        );
        let read = http.get(&one).await.rows();
        assert_eq!(
            (&read[0]["exchange_rate"], &read[0]["is_active"]),
            (&json!("11"), &json!(false))
        );
        let base_off = change(&first[0]["id"], "is_active", json!(false));
        assert_eq!(http.put(&base, &base_off).await.codes(), ["NOT_ALLOWED"]);
        // A record has a currency that is active.
        let lead = json!({ "data": [{ "Last_Name": "A", "Currency": "SEK" }] });
        assert_eq!(http.post("/crm/v8/Leads", &lead).await.codes(), ["INVALID_DATA"]);
        assert_eq!(http.get(&format!("{base}/77")).await.status, 204);
    }
}

#[tokio::test]
async fn creates_updates_and_deletes_variables() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/settings/variables");
        assert_eq!(http.get(&base).await.status, 204);
        let groups = http.get(&format!("/crm/{version}/settings/variable_groups")).await.rows();
        let group = groups[0]["id"].as_str().unwrap();
        for one in [group, "General"] {
            let path = format!("/crm/{version}/settings/variable_groups/{one}");
            assert_eq!(http.get(&path).await.rows(), groups);
        }
        let row = |name: &str, kind: &str, value: Value| {
            json!({
                "name": name, "api_name": name.replace(' ', "_"), "type": kind, "value": value,
                "variable_group": { "id": group }, "description": "D",
            })
        };
        let rows = json!({ "variables": [
            row("Max One", "integer", json!("55")), row("Max One", "integer", json!("1")),
            row("B", "integer", json!("x")), row("C", "animal", json!("x")), row("D", "text", json!("d")),
            { "name": "E", "api_name": "E", "type": "text" },
        ] });
        let made = http.post(&base, &rows).await;
        assert_eq!(
            made.codes(),
            [
                "SUCCESS",
                "DUPLICATE_DATA",
                "INVALID_DATA",
                "INVALID_DATA",
                "SUCCESS",
                "MANDATORY_NOT_FOUND"
            ]
        );
        assert_eq!(http.get(&base).await.rows().len(), 2);
        assert_eq!(http.get(&format!("{base}?group=Other")).await.status, 204);
        assert_eq!(http.get(&format!("{base}?group=General")).await.rows().len(), 2);
        let one = format!("{base}/{}", made.id(0));
        let read = async || http.get(&format!("{one}?group={group}")).await;
        let variable = read().await.rows();
        assert_eq!(
            (&variable[0]["value"], &variable[0]["variable_group"]["api_name"]),
            (&json!("55"), &json!("General"))
        );
        assert_eq!(http.get(&format!("{base}/Max_One?group=General")).await.rows(), variable);
        let without = http.get(&one).await;
        if version == "v2" {
            assert_eq!(without.code(), "REQUIRED_PARAM_MISSING");
        } else {
            assert_eq!(without.rows(), variable);
        }
        let change = |value: Value| json!({ "variables": [{ "id": made.id(0), "value": value }] });
        assert_eq!(http.put(&one, &change(json!(56))).await.codes(), ["SUCCESS"]);
        assert_eq!(http.put(&base, &change(json!("x"))).await.codes(), ["INVALID_DATA"]);
        assert_eq!(http.put(&base, &change(json!("57"))).await.codes(), ["SUCCESS"]);
        assert_eq!(read().await.rows()[0]["value"], "57");
        assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
        assert_eq!(read().await.status, 204);
        let rest = http.delete(&format!("{base}?ids={},77", made.id(4))).await;
        assert_eq!(rest.codes(), ["SUCCESS", "INVALID_DATA"]);
        assert_eq!(http.get(&base).await.status, 204);
        assert_eq!(
            http.get(&format!("/crm/{version}/settings/variable_groups/77")).await.status,
            204
        );
    }
}

#[tokio::test]
async fn a_layout_has_every_field_and_subform() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/settings/layouts");
        let leads = http.get(&format!("{base}?module=Leads")).await.rows();
        assert_eq!(leads[0]["name"], "Standard");
        assert!(leads[0]["convert_mapping"]["Deals"]["fields"][0]["api_name"].is_string());
        let fields = leads[0]["sections"][0]["fields"].as_array().unwrap();
        let last_name = fields.iter().find(|field| field["api_name"] == "Last_Name").unwrap();
        assert_eq!(last_name["required"], true);
        let quotes = http.get(&format!("{base}?module=Quotes")).await.rows();
        let rows = &quotes[0]["sections"][1];
        assert_eq!(
            (&rows["name"], &rows["isSubformSection"]),
            (&json!("Quoted_Items"), &json!(true))
        );
        let one = format!("{base}/{}?module=Leads", leads[0]["id"].as_str().unwrap());
        assert_eq!(http.get(&one).await.rows(), leads);
        assert_eq!(http.get(&base).await.code(), "REQUIRED_PARAM_MISSING");
        assert_eq!(http.get(&format!("{base}?module=No")).await.code(), "INVALID_MODULE");
        assert_eq!(http.get(&format!("{base}/77?module=Leads")).await.status, 204);
    }
}

#[tokio::test]
async fn a_sandbox_has_separate_settings() {
    let http = http().await;
    let mut sandbox = Http::new(&http.sim);
    let grant = http.sim.grant().environment(Environment::Sandbox).issue();
    sandbox.token = access_token(&sandbox.exchange(&grant).await);
    let tax = json!({ "org_taxes": { "taxes": [{ "name": "Duty", "value": 3 }] } });
    assert_eq!(http.put("/crm/v8/org/taxes", &tax).await.json()["org_taxes"]["code"], "SUCCESS");
    let authorization = format!("Zoho-oauthtoken {}", sandbox.token);
    let url = format!("{}/crm/v8/org/taxes", http.sim.sandbox_url());
    let header = [("authorization", authorization.as_str())];
    let taxes = sandbox.send(hyper::Method::GET, &url, &header, "").await.unwrap();
    assert_eq!(taxes.rows().len(), 2);
    assert_eq!(http.get("/crm/v8/org/taxes").await.rows().len(), 3);
}
