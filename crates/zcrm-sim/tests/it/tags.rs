//! Tags of a module, and tags of records.

use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::Http;

const VERSIONS: [&str; 2] = ["v2", "v8"];

async fn http() -> Http {
    Http::logged_in(&Simulator::builder().records("Leads", 3).start().await.unwrap()).await
}

fn tags(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn names(tags: &Value) -> Vec<&str> {
    tags.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn creates_lists_renames_merges_and_deletes_tags() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/settings/tags");
        let list = async || http.get(&format!("{base}?module=Leads")).await;
        assert_eq!(list().await.status, 204);
        let made = json!({ "tags": tags(&["hot", "cold", "HOT", &"x".repeat(26)]) });
        let made = http.post(&format!("{base}?module=Leads"), &made).await;
        assert_eq!(
            (made.status, made.codes()),
            (
                207,
                ["SUCCESS", "SUCCESS", "DUPLICATE_DATA", "INVALID_DATA"].map(String::from).to_vec()
            )
        );
        assert_eq!(made.rows()[2]["details"]["id"], made.id(0));
        let all = list().await.json();
        assert_eq!(names(&all["tags"]), ["hot", "cold"]);
        assert_eq!(
            (&all["info"]["count"], &all["info"]["allowed_count"]),
            (&json!(2), &json!(400))
        );
        assert_eq!(all["tags"][0].get("color_code").is_some(), version == "v8");

        // One tag is named by the path, several by their ids.
        let one = format!("{base}/{}?module=Leads", made.id(0));
        let changed = http.put(&one, &json!({ "tags": [{ "name": "warm" }] })).await;
        assert_eq!(changed.codes(), ["SUCCESS"]);
        let rows = json!({ "tags": [
            { "id": made.id(1), "name": "warm" }, { "id": "77", "name": "x" }, { "id": made.id(1), "name": "icy" },
        ] });
        let changed = http.put(&format!("{base}?module=Leads"), &rows).await;
        assert_eq!(changed.codes(), ["DUPLICATE_DATA", "INVALID_DATA", "SUCCESS"]);
        assert_eq!(names(&list().await.json()["tags"]), ["warm", "icy"]);

        let lead = http.sim.add_records("Leads", 1).unwrap().remove(0);
        let row = json!({ "data": [{ "Tag": tags(&["icy"]) }] });
        http.put(&format!("/crm/{version}/Leads/{lead}"), &row).await;
        let merge = format!("{base}/{}/actions/merge", made.id(0));
        let wrong = http.post(&merge, &json!({ "tags": [{ "conflict_id": "77" }] })).await;
        assert_eq!(wrong.codes(), ["INVALID_DATA"]);
        let merged = http.post(&merge, &json!({ "tags": [{ "conflict_id": made.id(1) }] })).await;
        assert_eq!(merged.codes(), ["SUCCESS"]);
        assert_eq!(names(&list().await.json()["tags"]), ["warm"]);
        assert_eq!(names(&http.sim.record("Leads", &lead).unwrap()["Tag"]), ["warm"]);

        let count = async |tag: &str, module: &str| {
            http.get(&format!("{base}/{tag}/actions/records_count?module={module}")).await
        };
        assert_eq!(count(&made.id(0), "Leads").await.json(), json!({ "count": "1" }));
        assert_eq!(count(&made.id(0), "No").await.code(), "INVALID_MODULE");
        assert_eq!(count(&made.id(1), "Leads").await.code(), "INVALID_DATA");

        let path = format!("{base}/{}", made.id(0));
        assert_eq!(http.delete(&path).await.codes(), ["SUCCESS"]);
        assert_eq!(http.delete(&path).await.code(), "INVALID_DATA");
        assert_eq!(list().await.status, 204);
        assert_eq!(http.sim.record("Leads", &lead).unwrap()["Tag"], json!([]));
        assert_eq!(http.get(&base).await.code(), "REQUIRED_PARAM_MISSING");
    }
}

#[tokio::test]
async fn adds_tags_to_records_and_removes_them() {
    for version in VERSIONS {
        let http = http().await;
        let made = http.sim.add_records("Leads", 2).unwrap();
        // v2 has in the query what v8 has in the body.
        let call = async |path: &str, tag: &[&str], ids: &[&str], over_write: bool| {
            let v2 = version == "v2";
            let mut query = vec![format!("tag_names={}", tag.join(","))];
            let mut body = json!({ "tags": tags(tag) });
            if !ids.is_empty() {
                query.push(format!("ids={}", ids.join(",")));
                body["ids"] = json!(ids);
            }
            if over_write {
                query.push(String::from("over_write=true"));
                body["over_write"] = json!(true);
            }
            let query = if v2 { query.join("&") } else { String::new() };
            let body = if v2 { Value::Null } else { body };
            http.post(&format!("/crm/{version}/Leads/{path}?{query}"), &body).await
        };
        let on = |id: &str| {
            let record = http.sim.record("Leads", id).unwrap();
            names(&record["Tag"]).join(" ")
        };
        let one = format!("{}/actions/add_tags", made[0]);
        let added = call(&one, &["a", "b"], &[], false).await;
        assert_eq!((added.status, added.codes()), (200, vec![String::from("SUCCESS")]));
        assert_eq!(on(&made[0]), "a b");
        let shown = &added.rows()[0]["details"]["tags"];
        assert_eq!(if version == "v2" { &shown[0] } else { &shown[0]["name"] }, "a");
        let ids = [made[0].as_str(), made[1].as_str(), "77"];
        let added = call("actions/add_tags", &["c"], &ids, false).await;
        assert_eq!(
            (added.status, added.codes()),
            (207, ["SUCCESS", "SUCCESS", "INVALID_DATA"].map(String::from).to_vec())
        );
        assert_eq!((on(&made[0]).as_str(), on(&made[1]).as_str()), ("a b c", "c"));
        call("actions/add_tags", &["d"], &ids[..1], true).await;
        assert_eq!(on(&made[0]), "d");
        let (longest, longer) = ("x".repeat(25), "x".repeat(26));
        assert_eq!(call(&one, &[&longer], &[], false).await.code(), "INVALID_DATA");
        assert_eq!(call(&one, &[&longest], &[], false).await.codes(), ["SUCCESS"]);
        call("actions/add_tags", &["d"], &ids[..1], true).await;
        assert_eq!(on(&made[0]), "d");
        let many: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(call(&one, &many, &[], false).await.codes(), ["LIMIT_EXCEEDED"]);

        let removed = call("actions/remove_tags", &["c", "d"], &ids[..2], false).await;
        assert_eq!(removed.codes(), ["SUCCESS", "SUCCESS"]);
        assert_eq!((on(&made[0]).as_str(), on(&made[1]).as_str()), ("", ""));
        call(&one, &["e"], &[], false).await;
        call(&format!("{}/actions/remove_tags", made[0]), &["e"], &[], false).await;
        assert_eq!(on(&made[0]), "");
        let missing =
            if version == "v2" { "REQUIRED_PARAM_MISSING" } else { "MANDATORY_NOT_FOUND" };
        for path in ["actions/add_tags", "actions/remove_tags"] {
            assert_eq!(call(path, &["a"], &[], false).await.code(), missing);
            assert_eq!(
                call(&format!("77/{path}"), &["a"], &[], false).await.code(),
                "INVALID_DATA"
            );
        }
    }
}
