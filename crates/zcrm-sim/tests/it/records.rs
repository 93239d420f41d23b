//! Options of reads and writes of records.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec, Simulator};

use crate::client::Http;

const VERSIONS: [&str; 2] = ["v2", "v8"];

fn data(rows: Value) -> Value {
    json!({ "data": rows })
}

async fn http() -> Http {
    let builder = Simulator::builder().user("a@example.com").user("b@example.com");
    Http::logged_in(&builder.start().await.unwrap()).await
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_assignment_rule_assigns_new_records() {
    for version in VERSIONS {
        let http = http().await;
        let rules = "/crm/v8/settings/automation/assignment_rules?module=Leads";
        let rule = http.get(rules).await.rows()[0].clone();
        let assignee = rule["default_assignee"]["id"].as_str().unwrap();
        let mut other = Http::new(&http.sim);
        let grant = http.sim.grant().user("b@example.com").issue();
        other.token = crate::client::access_token(&other.exchange(&grant).await);
        let path = format!("/crm/{version}/Leads");
        let row = json!([{ "Last_Name": "A" }]);
        let body = json!({ "data": row, "lar_id": rule["id"], "trigger": ["workflow"] });
        let made = other.post(&path, &body).await;
        let lead = http.sim.record("Leads", &made.id(0)).unwrap();
        assert_eq!(
            (&lead["Owner"]["id"], &lead["Created_By"]["name"]),
            (&json!(assignee), &json!("B Boyle"))
        );
        for (key, value) in [("lar_id", json!("1")), ("trigger", json!(["nothing"]))] {
            let mut body = json!({ "data": row });
            body[key] = value;
            assert_eq!(other.post(&path, &body).await.code(), "INVALID_DATA", "{key}");
        }
        assert_eq!(http.sim.record_count("Leads"), 1);
    }
}

#[tokio::test]
async fn a_view_filters_and_sorts_a_list() {
    for version in VERSIONS {
        let http = http().await;
        let sim = &http.sim;
        let made = sim.add_records("Leads", 3).unwrap();
        let users = http.get("/crm/v8/users").await.rows();
        let owner = data(json!([{ "Owner": { "id": users[1]["id"] } }]));
        http.put(&format!("/crm/{version}/Leads/{}", made[0]), &owner).await;
        let views =
            http.get(&format!("/crm/{version}/settings/custom_views?module=Leads")).await.rows();
        let [all, mine] = ids(&views)[..] else { panic!("{views:?}") };
        assert_eq!(views[1]["criteria"]["value"], "${CURRENTUSER}");
        let list = async |query: &str| {
            let reply = http.get(&format!("/crm/{version}/Leads?fields=id&{query}")).await;
            reply.rows()
        };
        let [a, b, c] = &made[..] else { panic!("{made:?}") };
        assert_eq!(ids(&list(&format!("cvid={all}")).await), [c, b, a]);
        assert_eq!(ids(&list(&format!("cvid={mine}")).await), [c, b]);
        // The sort order of a view can be changed in two ways.
        let (path, row) = if version == "v2" {
            (String::new(), json!({ "sort_by": "id", "sort_order": "asc" }))
        } else {
            let row = json!({ "sort_by": { "api_name": "id" }, "sort_order": "asc" });
            (String::from("/actions/change_sort"), row)
        };
        let path = format!("/crm/{version}/settings/custom_views/{mine}{path}?module=Leads");
        let changed = http.put(&path, &json!({ "custom_views": [row] })).await;
        assert_eq!((changed.status, changed.codes()), (200, vec![String::from("SUCCESS")]));
        assert_eq!(ids(&list(&format!("cvid={mine}")).await), [b, c]);
        let one = format!("/crm/{version}/settings/custom_views/{mine}?module=Leads");
        assert_eq!(http.get(&one).await.rows()[0]["sort_order"], "asc");
        let wrong = http.put(&path, &json!({ "custom_views": [{ "sort_by": "No" }] })).await;
        assert_eq!(wrong.codes(), ["INVALID_DATA"]);
        let unknown = http.get(&format!("/crm/{version}/settings/custom_views?module=No")).await;
        assert_eq!(unknown.code(), "INVALID_MODULE");
        let both = http.get(&format!("/crm/{version}/Leads?fields=id&cvid={all}&sort_by=id")).await;
        if version == "v2" {
            assert_eq!(both.status, 200);
        } else {
            assert_eq!(both.code(), "AMBIGUITY_DURING_PROCESSING");
        }
    }
}

#[tokio::test]
async fn lists_records_by_territory_and_its_children() {
    for version in VERSIONS {
        let http = http().await;
        let made = http.sim.add_records("Leads", 2).unwrap();
        let top = http.get("/crm/v8/settings/territories").await.rows()[0]["id"].clone();
        let below = json!({ "territories": [{ "name": "West", "reporting_to": { "id": top } }] });
        let below = http.post("/crm/v8/settings/territories", &below).await.id(0);
        let row = json!({ "id": made[0], "Territories": [{ "id": below }] });
        let path = format!("/crm/{version}/Leads/actions/assign_territories");
        assert_eq!(http.post(&path, &data(json!([row]))).await.codes(), ["SUCCESS"]);
        let list = async |query: String| {
            http.get(&format!("/crm/{version}/Leads?fields=id&{query}")).await
        };
        let top = top.as_str().unwrap();
        assert_eq!(ids(&list(format!("territory_id={below}")).await.rows()), [&made[0]]);
        assert_eq!(list(format!("territory_id={top}")).await.status, 204);
        let all = list(format!("territory_id={top}&include_child=true")).await;
        assert_eq!(ids(&all.rows()), [&made[0]]);
        let path = format!("/crm/{version}/Leads/{}/actions/remove_territories", made[0]);
        let row = json!({ "Territories": [{ "id": below }] });
        assert_eq!(http.post(&path, &data(json!([row]))).await.codes(), ["SUCCESS"]);
        assert_eq!(list(format!("territory_id={below}")).await.status, 204);
        let wrong = json!({ "Territories": [{ "id": "1" }] });
        assert_eq!(http.post(&path, &data(json!([wrong]))).await.codes(), ["INVALID_DATA"]);
    }
}

#[tokio::test]
async fn finds_a_record_by_an_external_id() {
    for version in VERSIONS {
        let accounts = |module: ModuleSpec| {
            module
                .field(FieldSpec::new("Name", FieldKind::Text).mandatory())
                .field(FieldSpec::new("Foreign", FieldKind::Text).external())
        };
        let houses = accounts(ModuleSpec::new("Houses"));
        let rooms = ModuleSpec::new("Rooms")
            .field(FieldSpec::new("Name", FieldKind::Text).mandatory())
            .field(FieldSpec::new("Key", FieldKind::Text).external())
            .field(FieldSpec::lookup("House", "Houses"));
        let sim = Simulator::builder().module(houses).module(rooms).start().await.unwrap();
        let http = Http::logged_in(&sim).await;
        let rows = data(
            json!([{ "Name": "Mill", "Foreign": "F 1" }, { "Name": "Barn", "Foreign": "F2" }]),
        );
        let made = http.post(&format!("/crm/{version}/Houses"), &rows).await;
        let own = ("x-external", "Houses.Foreign");
        let read = async || {
            http.with(Method::GET, &format!("/crm/{version}/Houses/F%201"), own, &Value::Null).await
        };
        assert_eq!(read().await.rows()[0]["id"], made.id(0));
        let rows =
            data(json!([{ "Foreign": "F 1", "Name": "Tower" }, { "Foreign": "F3", "Name": "No" }]));
        let changed = http.with(Method::PUT, &format!("/crm/{version}/Houses"), own, &rows).await;
        assert_eq!(changed.codes(), ["SUCCESS", "INVALID_DATA"]);
        assert_eq!(read().await.rows()[0]["Name"], "Tower");
        let room = data(json!([{ "Name": "Hall", "House": { "Foreign": "F2" } }]));
        let of_lookup = ("x-external", "Rooms.House.Foreign");
        let room =
            http.with(Method::POST, &format!("/crm/{version}/Rooms"), of_lookup, &room).await.id(0);
        assert_eq!(sim.record("Rooms", &room).unwrap()["House"]["id"], made.id(1));
        // Several ids are separated by commas.
        let row = json!({ "Name": "Attic", "Key": "K1", "House": { "id": made.id(0) } });
        let attic = http.post(&format!("/crm/{version}/Rooms"), &data(json!([row]))).await.id(0);
        let both = ("x-external", "Rooms.Key,Rooms.House.Foreign");
        let row = data(json!([{ "Key": "K1", "House": { "Foreign": "F2" } }]));
        http.with(Method::PUT, &format!("/crm/{version}/Rooms"), both, &row).await;
        assert_eq!(sim.record("Rooms", &attic).unwrap()["House"]["id"], made.id(1));
        let path = format!("/crm/{version}/Houses/F%201");
        let gone = http.with(Method::DELETE, &path, own, &Value::Null).await;
        assert_eq!(gone.codes(), ["SUCCESS"]);
        assert_eq!(read().await.status, 204);
        let wrong = ("x-external", "Houses.Name");
        let wrong = http.with(Method::GET, &path, wrong, &Value::Null).await;
        assert_eq!((wrong.status, wrong.code().as_str()), (400, "INVALID_DATA"));
    }
}

#[tokio::test]
async fn mass_updates_one_field_of_many_records() {
    for version in VERSIONS {
        let http = http().await;
        let made = http.sim.add_records("Leads", 3).unwrap();
        let path = format!("/crm/{version}/Leads/actions/mass_update");
        let city = |name: &str| json!([{ "City": name }]);
        let body = json!({ "data": city("Pune"), "ids": [made[0], made[1], "77"] });
        let reply = http.post(&path, &body).await;
        assert_eq!(
            (reply.status, reply.codes()),
            (207, ["SUCCESS", "SUCCESS", "INVALID_DATA"].map(String::from).to_vec())
        );
        let read = |id: &str| http.sim.record("Leads", id).unwrap()["City"].clone();
        assert_eq!((read(&made[0]), read(&made[1])), (json!("Pune"), json!("Pune")));
        assert_ne!(read(&made[2]), "Pune");
        let view =
            http.get("/crm/v8/settings/custom_views?module=Leads").await.rows()[0]["id"].clone();
        let reply = http.post(&path, &json!({ "data": city("Goa"), "cvid": &view })).await;
        assert_eq!((reply.status, reply.codes()), (202, vec![String::from("SCHEDULED")]));
        http.sim.advance(Duration::from_secs(2));
        let both = json!({ "data": city("Goa"), "cvid": view, "ids": [made[0]] });
        assert_eq!(http.post(&path, &both).await.code(), "AMBIGUITY_DURING_PROCESSING");
        let job = reply.rows()[0]["details"]["job_id"].as_str().unwrap().to_owned();
        let job = format!("{path}?job_id={job}");
        assert_eq!(http.get(&job).await.rows()[0]["Updated_Count"], 3);
        assert_eq!(read(&made[2]), "Goa");
        assert_eq!(http.get(&format!("{path}?job_id=1")).await.code(), "INVALID_DATA");
        assert_eq!(
            http.post(&path, &json!({ "data": city("X") })).await.code(),
            "EXPECTED_FIELD_MISSING"
        );
        // The older way has a row for each record.
        let rows =
            data(json!([{ "id": made[0], "City": "Old" }, { "id": made[1], "City": "Old" }]));
        assert_eq!(
            http.put(&format!("/crm/{version}/Leads"), &rows).await.codes(),
            ["SUCCESS", "SUCCESS"]
        );
        assert_eq!(read(&made[1]), "Old");
    }
}

#[tokio::test]
async fn empties_the_recycle_bin_permanently() {
    for version in VERSIONS {
        let http = http().await;
        let made = http.sim.add_records("Leads", 2).unwrap();
        http.delete(&format!("/crm/{version}/Leads?ids={},{},", made[0], made[1])).await;
        let bin = format!("/crm/{version}/settings/recycle_bin");
        let rows = http.get(&bin).await.rows();
        assert_eq!((rows.len(), &rows[0]["module"]["api_name"]), (2, &json!("Leads")));
        let one = format!("{bin}/{}", made[0]);
        assert_eq!(http.get(&one).await.rows()[0]["id"], made[0].as_str());
        assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&one).await.status, 204);
        assert_eq!(http.delete(&format!("{bin}?ids={}", made[0])).await.codes(), ["INVALID_DATA"]);
        let deleted = async |kind: &str| {
            let path = format!("/crm/{version}/Leads/deleted?type={kind}");
            http.get(&path).await.rows()
        };
        assert_eq!(ids(&deleted("permanent").await), [&made[0]]);
        assert_eq!(ids(&deleted("recycle").await), [&made[1]]);
        assert_eq!(deleted("all").await.len(), 2);
        assert_eq!(http.delete(&format!("{bin}?ids={}", made[1])).await.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&bin).await.status, 204);
        let wrong = http.get(&format!("/crm/{version}/Leads/deleted?type=none")).await;
        assert_eq!(wrong.codes(), ["PATTERN_NOT_MATCHED"]);
    }
}

#[tokio::test]
async fn every_version_has_conditional_reads_and_writes() {
    for version in VERSIONS {
        let http = http().await;
        let made = http.sim.add_records("Leads", 1).unwrap();
        let stamp = http.sim.record("Leads", &made[0]).unwrap()["Modified_Time"].clone();
        let stamp = stamp.as_str().unwrap();
        http.sim.advance(Duration::from_secs(90));
        let later = (http.sim.now().with_timezone(&chrono::FixedOffset::east_opt(0).unwrap()))
            .format("%Y-%m-%dT%H:%M:%S%:z")
            .to_string();
        let path = format!("/crm/{version}/Leads/{}", made[0]);
        for (path, header, status) in [
            (format!("/crm/{version}/Leads?fields=id"), later.as_str(), 304),
            (format!("/crm/{version}/Leads?fields=id"), stamp, 200),
            (path.clone(), later.as_str(), 304),
            (path.clone(), stamp, 200),
        ] {
            let reply =
                http.with(Method::GET, &path, ("if-modified-since", header), &Value::Null).await;
            assert_eq!(reply.status, status, "{path} {header}");
        }
        let put = async || {
            let body = data(json!([{ "City": "Pune" }]));
            http.with(Method::PUT, &path, ("if-unmodified-since", stamp), &body).await
        };
        assert_eq!(put().await.status, 200);
        let refused = put().await;
        assert_eq!(
            (refused.status, refused.codes()),
            (412, vec![String::from("ALREADY_MODIFIED")])
        );
    }
}

#[tokio::test]
async fn an_upsert_of_v2_names_its_fields_in_the_query_too() {
    let http = http().await;
    let row = |name: &str| data(json!([{ "Last_Name": name, "Phone": "17" }]));
    let path = "/crm/v2/Leads/upsert?duplicate_check_fields=Phone,";
    let made = http.post(path, &row("A")).await;
    let found = http.post(path, &row("B")).await;
    assert_eq!((made.id(0), &found.rows()[0]["action"]), (found.id(0), &json!("update")));
    assert_eq!(http.sim.record("Leads", &made.id(0)).unwrap()["Last_Name"], "B");
    let wrong = http.post("/crm/v2/Leads/upsert?duplicate_check_fields=No", &row("B")).await;
    assert_eq!(wrong.code(), "INVALID_DATA");
}
