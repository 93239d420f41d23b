//! Errors and options that no other test covers.

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::Http;

const VERSIONS: [&str; 2] = ["v2", "v8"];

async fn http() -> Http {
    Http::logged_in(&Simulator::builder().records("Leads", 2).start().await.unwrap()).await
}

#[tokio::test]
async fn rejects_values_that_are_not_ids() {
    let http = http().await;
    let me = http.get("/crm/v8/users?type=CurrentUser").await.rows()[0]["id"].clone();
    let lead = http.get("/crm/v8/Leads?fields=id").await.rows()[0]["id"].clone();
    let (me, lead) = (me.as_str().unwrap(), lead.as_str().unwrap());
    for version in VERSIONS {
        for (method, path) in [
            ("GET", "settings/layouts/x?module=Leads"),
            ("GET", "settings/related_lists/x?module=Leads"),
            ("GET", "settings/custom_views/x?module=Leads"),
            ("GET", "settings/roles/x"),
            ("GET", "settings/profiles/x"),
            ("GET", "settings/territories/x"),
            ("GET", "settings/recycle_bin/x"),
            ("DELETE", "settings/recycle_bin/x"),
            ("DELETE", "settings/variables/x"),
            ("GET", "org/taxes/x"),
            ("GET", "org/currencies/x"),
            ("GET", "users/x"),
            ("GET", "users/x/territories"),
            ("GET", "users/x/territories/1"),
            ("DELETE", &format!("users/{me}/territories/1")),
            ("GET", "Leads/x/Notes?fields=id"),
            ("DELETE", &format!("Leads/{lead}/Notes?ids=1")),
            ("GET", "Leads/x/Notes/1"),
            ("GET", "Leads/x/Products/1"),
            ("GET", "Leads/x/Attachments?fields=id"),
            ("DELETE", "Leads/x"),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply =
                http.call(method.clone(), &format!("/crm/{version}/{path}"), &Value::Null).await;
            let json = reply.json();
            let code = json.get("code").cloned().unwrap_or_else(|| reply.rows()[0]["code"].clone());
            assert_eq!(code, "INVALID_DATA", "{version} {method} {path}: {json}");
        }
    }
}

#[tokio::test]
async fn rejects_invalid_parameters_of_reads() {
    let http = http().await;
    for version in VERSIONS {
        for (path, code) in [
            ("settings/modules/No", "INVALID_MODULE"),
            ("settings/fields?module=No", "INVALID_MODULE"),
            ("settings/fields/1?module=No", "INVALID_MODULE"),
            ("settings/custom_views?module=Leads&per_page=201", "LIMIT_EXCEEDED"),
            ("settings/territories?per_page=201", "LIMIT_EXCEEDED"),
            ("settings/recycle_bin?page=0", "INVALID_DATA"),
            ("settings/automation/assignment_rules?module=No", "INVALID_MODULE"),
            ("users/actions/count?type=No", "INVALID_DATA"),
            ("Leads/search?criteria=(Last_Name:like:x)", "INVALID_QUERY"),
            ("Leads/search", "REQUIRED_PARAM_MISSING"),
            ("files", "REQUIRED_PARAM_MISSING"),
        ] {
            let reply = http.get(&format!("/crm/{version}/{path}")).await;
            assert_eq!((reply.status, reply.code().as_str()), (400, code), "{version} {path}");
        }
        // Operations without input refuse the method.
        for path in [
            "settings/modules",
            "settings/roles",
            "settings/profiles",
            "settings/variables",
            "settings/variable_groups",
            "settings/variable_groups/1",
            "settings/variables/1",
            "org",
            "org/taxes",
            "org/currencies",
        ] {
            let reply =
                http.call(Method::PATCH, &format!("/crm/{version}/{path}"), &Value::Null).await;
            let answer = (reply.status, reply.code());
            assert_eq!(answer, (405, String::from("INVALID_REQUEST_METHOD")), "{version} {path}");
        }
    }
}

#[tokio::test]
async fn rejects_invalid_rows_of_single_writes() {
    let http = http().await;
    for version in VERSIONS {
        let id = async |path: &str| {
            http.get(&format!("/crm/{version}/{path}")).await.rows()[0]["id"].clone()
        };
        let currency = id("org/currencies").await;
        let territory = id("settings/territories").await;
        let lead = id("Leads?fields=id").await;
        let view = id("settings/custom_views?module=Leads").await;
        let text = |id: &Value| id.as_str().unwrap().to_owned();
        for (method, path, key, row) in [
            (Method::PUT, "settings/tags/1?module=Leads", "tags", json!({ "name": "x" })),
            (Method::PUT, "settings/variables/1", "variables", json!({ "value": "x" })),
            (Method::PUT, "settings/territories", "territories", json!({ "id": "1", "name": "x" })),
            (
                Method::PUT,
                &format!("org/currencies/{}", text(&currency)),
                "currencies",
                json!({ "exchange_rate": "x" }),
            ),
            (
                Method::PUT,
                &format!("settings/custom_views/{}?module=Leads", text(&view)),
                "custom_views",
                json!({ "sort_by": "x" }),
            ),
            (
                Method::PUT,
                &format!("settings/custom_views/{}/actions/change_sort?module=Leads", text(&view)),
                "custom_views",
                json!({ "sort_by": "x" }),
            ),
            (
                Method::PUT,
                "settings/custom_views/actions/change_sort?module=Leads",
                "custom_views",
                json!({ "id": "1", "sort_by": "id" }),
            ),
            (
                Method::POST,
                "Leads/actions/assign_territories",
                "data",
                json!({ "id": "1", "Territories": [{ "id": territory }] }),
            ),
            (
                Method::POST,
                "Leads/actions/remove_territories",
                "data",
                json!({ "id": lead, "Territories": [{ "id": "1" }] }),
            ),
            (
                Method::POST,
                &format!("Leads/{}/actions/assign_territories", text(&lead)),
                "data",
                json!({ "Territories": [{ "id": "1" }] }),
            ),
        ] {
            let reply =
                http.call(method, &format!("/crm/{version}/{path}"), &json!({ key: [row] })).await;
            assert_eq!(reply.codes(), ["INVALID_DATA"], "{version} {path}");
        }
    }
}

#[tokio::test]
async fn rejects_invalid_changes_of_views_and_territories() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/settings/custom_views");
        let views = http.get(&format!("{base}?module=Leads")).await.rows();
        let view = views[0]["id"].as_str().unwrap();
        let order = async || {
            http.get(&format!("{base}/{view}?module=Leads")).await.rows()[0]["sort_order"].clone()
        };
        for (path, order_by) in [
            (String::from("/actions/change_sort"), "desc"),
            (format!("/{view}/actions/change_sort"), "asc"),
            (format!("/{view}"), "desc"),
        ] {
            let row = json!({ "id": view, "sort_by": "Last_Name", "sort_order": order_by });
            let changed = http
                .put(&format!("{base}{path}?module=Leads"), &json!({ "custom_views": [row] }))
                .await;
            assert_eq!(changed.codes(), ["SUCCESS"], "{path}");
            assert_eq!(order().await, order_by);
        }

        let top =
            http.get(&format!("/crm/{version}/settings/territories")).await.rows()[0]["id"].clone();
        let base = format!("/crm/{version}/settings/territories");
        let row = json!({ "territories": [{ "name": "West", "reporting_to": { "id": top } }] });
        let west = http.post(&base, &row).await.id(0);
        let lead =
            http.get("/crm/v8/Leads?fields=id").await.rows()[0]["id"].as_str().unwrap().to_owned();
        let of_lead = || {
            http.sim.record("Leads", &lead).unwrap()["Territories"].as_array().map_or(0, Vec::len)
        };
        let row = json!({ "data": [{ "id": lead, "Territories": [{ "id": west }] }] });
        let leads = format!("/crm/{version}/Leads");
        for (path, count) in [
            (format!("{lead}/actions/assign_territories"), 1),
            (String::from("actions/remove_territories"), 0),
        ] {
            assert_eq!(http.post(&format!("{leads}/{path}"), &row).await.codes(), ["SUCCESS"]);
            assert_eq!(of_lead(), count);
        }
        let me = http.get("/crm/v8/users?type=CurrentUser").await.rows()[0]["id"].clone();
        let mine = format!("/crm/{version}/users/{}/territories", me.as_str().unwrap());
        let row = json!({ "territories": [{ "id": west }] });
        assert_eq!(http.put(&mine, &row).await.codes(), ["SUCCESS"]);
        assert_eq!(http.delete(&format!("{mine}?ids={west}")).await.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&mine).await.status, 204);
        assert_eq!(http.delete(&format!("{base}?ids={west}")).await.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&base).await.rows().len(), 1);
    }
}

#[tokio::test]
async fn every_version_reads_modules_fields_counts_and_searches() {
    let http = http().await;
    for version in ["v2", "v2.1", "v3", "v4", "v5", "v6", "v7", "v8"] {
        let get = async |path: &str| http.get(&format!("/crm/{version}/{path}")).await;
        let modules = get("settings/modules").await.rows();
        assert!(modules.iter().any(|module| module["api_name"] == "Notes"));
        let fields = get("settings/fields?module=Leads").await.rows();
        let field = fields.iter().find(|field| field["api_name"] == "City").unwrap();
        let one = format!("settings/fields/{}?module=Leads", field["id"].as_str().unwrap());
        assert_eq!(get(&one).await.rows()[0]["api_name"], "City");
        assert_eq!(
            get("settings/automation/assignment_rules").await.rows()[0]["module"]["api_name"],
            "Leads"
        );
        assert_eq!(get("org").await.rows()[0]["zgid"], http.sim.org_id());
        let count = get("Leads/actions/count").await;
        // v2 does not count records.
        match version {
            "v2" => assert_eq!(count.code(), "API_NOT_SUPPORTED"),
            _ => assert_eq!(count.json(), json!({ "count": 2 })),
        }
        let found = get("Leads/search?criteria=(Last_Name:equals:Last Name 000002)"
            .replace(' ', "%20")
            .as_str())
        .await;
        assert_eq!(found.rows().len(), 1);
    }
}
