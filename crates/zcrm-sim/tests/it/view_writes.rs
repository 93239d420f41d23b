//! Creation, changes and deletions of custom views.

use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::Http;

const PATH: &str = "/crm/v8/settings/custom_views";
const OF_LEADS: &str = "/crm/v8/settings/custom_views?module=Leads";

async fn http() -> Http {
    Http::logged_in(&Simulator::start().await.unwrap()).await
}

fn view(name: &str) -> Value {
    json!({
        "name": name, "fields": [{ "api_name": "Last_Name" }, { "api_name": "City" }],
        "criteria": { "group_operator": "OR", "group": [
            { "field": { "api_name": "City" }, "comparator": "equal", "value": "Pune" },
            { "field": { "api_name": "City" }, "comparator": "starts_with", "value": "G" },
        ] },
        "sort_by": { "api_name": "City" }, "sort_order": "desc", "access_type": "only_to_me",
    })
}

#[tokio::test]
async fn a_view_is_created_and_selects_records() {
    let http = http().await;
    for (name, city) in [("A", "Pune"), ("B", "Goa"), ("C", "Chennai")] {
        let lead = json!({ "Last_Name": name, "Company": "C", "City": city });
        http.sim.insert("Leads", lead).unwrap();
    }
    let made = http.post(OF_LEADS, &json!({ "custom_views": [view("West")] })).await;
    assert_eq!((made.status, made.codes()), (201, vec!["SUCCESS".to_owned()]));
    let id = made.id(0);
    let shown = http.get(&format!("{PATH}/{id}?module=Leads")).await.rows()[0].clone();
    assert_eq!((&shown["name"], &shown["sort_order"]), (&json!("West"), &json!("desc")));
    assert_eq!(
        (&shown["access_type"], &shown["category"]),
        (&json!("only_to_me"), &json!("created_by_me"))
    );
    assert_eq!(shown["criteria"]["group_operator"], "or");
    let of_view = async || {
        let path = format!("/crm/v8/Leads?fields=City&cvid={id}");
        let rows = http.get(&path).await.rows();
        rows.into_iter().map(|row| row["City"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of_view().await, ["Pune", "Goa"]);

    let change = json!({ "custom_views": [{ "name": "South", "criteria": {
        "field": { "api_name": "City" }, "comparator": "equal", "value": "Chennai",
    } }] });
    let changed = http.put(&format!("{PATH}/{id}?module=Leads"), &change).await;
    assert_eq!((changed.status, changed.codes()), (200, vec!["SUCCESS".to_owned()]));
    assert_eq!(of_view().await, ["Chennai"]);
    let many =
        json!({ "custom_views": [{ "id": id, "criteria": null }, { "id": "7", "name": "X" }] });
    let changed = http.put(OF_LEADS, &many).await;
    assert_eq!(
        (changed.status, changed.codes()),
        (207, ["SUCCESS", "INVALID_DATA"].map(String::from).to_vec())
    );
    assert_eq!(of_view().await.len(), 3);

    let deleted = http.delete(&format!("{OF_LEADS}&ids={id},7")).await;
    assert_eq!(
        (deleted.status, deleted.codes()),
        (207, ["SUCCESS", "INVALID_DATA"].map(String::from).to_vec())
    );
    assert_eq!(http.get(&format!("{PATH}/{id}?module=Leads")).await.status, 204);
}

#[tokio::test]
async fn an_invalid_view_is_refused_with_the_place_of_the_mistake() {
    let http = http().await;
    let with = |name: &str, value: Value| {
        let mut view = view("West");
        view[name] = value;
        view
    };
    let unknown = json!({ "field": { "api_name": "No" }, "comparator": "equal", "value": "x" });
    for (wrong, code, place) in [
        (with("name", Value::Null), "MANDATORY_NOT_FOUND", "name"),
        (json!({ "name": "West" }), "MANDATORY_NOT_FOUND", "fields"),
        (with("fields", json!([{ "api_name": "No" }])), "INVALID_DATA", "fields[0]"),
        (with("criteria", unknown), "INVALID_DATA", "criteria"),
        (
            with("criteria", json!({ "group_operator": "or", "group": [] })),
            "INVALID_DATA",
            "criteria",
        ),
        (with("access_type", json!("some")), "INVALID_DATA", "access_type"),
        (with("sort_by", json!("No")), "INVALID_DATA", "sort_by"),
    ] {
        let refused = http.post(OF_LEADS, &json!({ "custom_views": [wrong] })).await;
        assert_eq!((refused.status, refused.codes()), (400, vec![code.to_owned()]));
        let wanted = format!("$.custom_views[0].{place}");
        assert_eq!(refused.rows()[0]["details"]["json_path"], wanted);
    }
    let both = json!({ "custom_views": [view("West"), view("West")] });
    let made = http.post(OF_LEADS, &both).await;
    assert_eq!(made.codes(), ["SUCCESS", "DUPLICATE_DATA"]);
    let related = with("cross_filters", json!([{}]));
    let refused = http.post(OF_LEADS, &json!({ "custom_views": [related] })).await;
    assert_eq!((refused.status, refused.code()), (501, "NOT_SIMULATED".into()));
    let all = http.get(OF_LEADS).await.rows();
    let system = all[0]["id"].as_str().unwrap();
    let kept = http.delete(&format!("{OF_LEADS}&ids={system}")).await;
    assert_eq!(kept.codes(), ["NOT_ALLOWED"]);
    assert_eq!(http.delete(OF_LEADS).await.code(), "REQUIRED_PARAM_MISSING");
    // v2 changes only the order
    let path = format!("/crm/v2/settings/custom_views/{system}?module=Leads");
    let named = http.put(&path, &json!({ "custom_views": [{ "name": "X" }] })).await;
    assert_eq!(named.codes(), ["MANDATORY_NOT_FOUND"]);
}
