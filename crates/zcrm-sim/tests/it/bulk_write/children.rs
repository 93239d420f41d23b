//! Subforms, line items, and parents with their children in one job.

use serde_json::{Value, json};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec, Simulator};

use super::{ask, at_once, create, immediate, job, refused, start, upload, write, zip};
use crate::bulk::{files, table};
use crate::client::Http;

async fn houses() -> Http {
    let rooms = [
        FieldSpec::new("Area", FieldKind::Double).mandatory(),
        FieldSpec::picklist("Use", ["kitchen"]),
    ];
    let module = ModuleSpec::new("Houses")
        .field(FieldSpec::new("Name", FieldKind::Text).mandatory().unique())
        .field(FieldSpec::subform("Rooms", rooms));
    start(Simulator::builder().bulk_write(immediate()).module(module)).await
}

/// Creates a job with several resources of one ZIP file.
async fn job_of(http: &Http, operation: &str, csvs: &[(&str, &str)], resources: &Value) -> String {
    let csvs: Vec<(&str, &[u8])> = csvs.iter().map(|(name, csv)| (*name, csv.as_bytes())).collect();
    let file_id = upload(http, &zip(&csvs)).await;
    let reply = ask(http, &body(operation, &file_id, resources)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["details"]["id"].as_str().unwrap().to_owned()
}

fn body(operation: &str, file_id: &str, resources: &Value) -> Value {
    let mut resources = resources.clone();
    for resource in resources.as_array_mut().unwrap() {
        resource["type"] = json!("data");
        resource["file_id"] = json!(file_id);
        resource["module"] = json!({ "api_name": resource["module"] });
    }
    json!({ "operation": operation, "resource": resources })
}

/// Returns the files of a job's result with the status, id and errors of their rows.
async fn results(http: &Http, id: &str) -> Vec<(String, Vec<[String; 3]>)> {
    let zip = super::download(http, id).await.body;
    let outcome = |row: &Vec<String>| row[row.len() - 3..].to_vec().try_into().unwrap();
    let rows = |text: &str| table(text)[1..].iter().map(outcome).collect();
    files(&zip).unwrap().into_iter().map(|(name, text)| (name, rows(&text))).collect()
}

fn outcome(status: &str, id: &str, errors: &str) -> [String; 3] {
    [status, id, errors].map(String::from)
}

#[tokio::test]
async fn rows_are_added_to_a_subform() {
    let http = houses().await;
    let house = json!({ "Name": "A", "Rooms": [{ "Area": 1 }] });
    let house = http.sim.insert("Houses", house).unwrap();
    let mappings = json!([
        { "api_name": "Parent_Id", "find_by": "id", "index": 0 },
        { "api_name": "Area", "index": 1 },
        { "api_name": "Use", "index": 2 },
    ]);
    let csv = format!("house,area,use\n{house},2.5,attic\n{house},x,\n7,3,\n{house},,\n,4,\n");
    let resource = json!({ "module": "Rooms", "field_mappings": mappings });
    let rows = write(&http, "insert", &csv, resource).await;
    assert_eq!(rows[0][0], "added");
    assert_eq!(
        rows[1..],
        [
            outcome("skipped", "", "INVALID_DATA-area"),
            outcome("skipped", "", "INVALID_DATA-house"),
            outcome("skipped", "", "MANDATORY_NOT_FOUND-area"),
            outcome("skipped", "", "MANDATORY_NOT_FOUND-house"),
        ]
    );
    let stored = http.sim.record("Houses", &house).unwrap()["Rooms"].as_array().unwrap().clone();
    assert_eq!(stored.len(), 2, "rows are appended");
    assert_eq!([&stored[1]["id"], &stored[1]["Use"]], [rows[0][1].as_str(), "attic"]);
    assert_eq!(stored[1]["Area"], 2.5);

    let csv = format!("id,Area\n{},5\n9,1\n", rows[0][1]);
    let updated = write(&http, "update", &csv, json!({ "module": "Rooms", "find_by": "id" })).await;
    assert_eq!(updated[0], outcome("updated", &rows[0][1], ""));
    assert_eq!(updated[1], outcome("skipped", "", "RESOURCE_NOT_FOUND-id"));
    let stored = http.sim.record("Houses", &house).unwrap()["Rooms"].clone();
    assert_eq!([&stored[1]["Area"], &stored[1]["Use"]], [&json!(5), &json!("attic")]);
    let csv = format!("id,Parent_Id.Name,Area\n{},A,6\n,a,7\n", rows[0][1]);
    let both = write(&http, "upsert", &csv, json!({ "module": "Rooms", "find_by": "id" })).await;
    assert_eq!([both[0][0].as_str(), both[1][0].as_str()], ["updated", "added"]);
}

#[tokio::test]
async fn a_subform_has_at_most_100_rows() {
    let http = houses().await;
    let house = http.sim.insert("Houses", json!({ "Name": "A" })).unwrap();
    let csv = |rows: usize| {
        let rows: String = (0..rows).map(|row| format!("{house},{row}\n")).collect();
        format!("Parent_Id.id,Area\n{rows}")
    };
    let rows = write(&http, "insert", &csv(101), json!({ "module": "Rooms" })).await;
    assert!(rows[..100].iter().all(|row| row[0] == "added"));
    assert_eq!(rows[100], outcome("skipped", "", "LIMIT_EXCEEDED-Parent_Id.id"));
    let file_id = super::upload_csv(&http, &csv(201)).await;
    let resource = json!({ "module": "Rooms", "file_id": file_id });
    let (code, details) = refused(&http, &super::request("insert", resource)).await;
    assert_eq!((code.as_str(), details), ("LIMIT_EXCEEDED", json!({ "limit": 200 })));
}

#[tokio::test]
async fn line_items_are_rows_of_their_record() {
    let http = at_once().await;
    let product = json!({ "Product_Name": "Brick", "Unit_Price": 2 });
    let product = http.sim.insert("Products", product).unwrap();
    let quote = http.sim.insert("Quotes", json!({ "Subject": "Wall" })).unwrap();
    let csv = format!("Parent_Id.id,Product_Name.Product_Name,Quantity\n{quote},brick,3\n");
    let rows = write(&http, "insert", &csv, json!({ "module": "Quoted_Items" })).await;
    assert_eq!(rows[0][0], "added", "{rows:?}");
    let stored = http.sim.record("Quotes", &quote).unwrap();
    assert_eq!(stored["Quoted_Items"][0]["Product_Name"]["id"], product);
    assert_eq!(stored["Grand_Total"], 6, "totals are computed");
}

const ACCOUNTS: &str = "key,name\nA1,Zylker\nA2,\nA3,Acme\n";
const CONTACTS: &str = "account,last\nA1,Boyle\nA2,Hooke\nA9,Wren\nA3,Moxon\n,Ray\n";

fn parent_and_children() -> Value {
    json!([
        { "module": "Accounts", "file_names": ["accounts.csv"],
          "field_mappings": [{ "api_name": "Account_Name", "index": 1 }] },
        { "module": "Contacts", "file_names": ["contacts.csv"], "field_mappings": [
            { "api_name": "Account_Name", "index": 0, "parent_column_index": 0 },
            { "api_name": "Last_Name", "index": 1 }] },
    ])
}

#[tokio::test]
async fn children_find_their_parents_in_the_same_job() {
    let http = at_once().await;
    let csvs = [("accounts.csv", ACCOUNTS), ("contacts.csv", CONTACTS)];
    let id = job_of(&http, "insert", &csvs, &parent_and_children()).await;
    let found = results(&http, &id).await;
    let [(accounts_file, accounts), (contacts_file, contacts)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!([accounts_file, contacts_file], ["Accounts-accounts.csv", "Contacts-contacts.csv"]);
    assert_eq!(accounts[1], outcome("skipped", "", "MANDATORY_NOT_FOUND-name"));
    for (row, account) in [(0, 0), (3, 2)] {
        assert_eq!(contacts[row][0], "added");
        let contact = http.sim.record("Contacts", &contacts[row][1]).unwrap();
        assert_eq!(contact["Account_Name"]["id"], accounts[account][1]);
    }
    assert_eq!(contacts[1], outcome("skipped", "", "CANNOT_PROCESS-account"));
    assert_eq!(contacts[2], outcome("skipped", "", "RESOURCE_NOT_FOUND-account"));
    assert_eq!(contacts[4][0], "added", "a lookup may be empty");
    let shown = job(&http, &id).await;
    let counts = |place: usize| {
        let file = &shown["resource"][place]["file"];
        ["added_count", "skipped_count", "total_count"].map(|name| file[name].as_u64().unwrap())
    };
    assert_eq!([counts(0), counts(1)], [[2, 1, 3], [3, 2, 5]]);
    assert_eq!(shown["resource"][1]["field_mappings"][0]["parent_column_index"], 0);
}

#[tokio::test]
async fn a_subform_finds_its_records_in_the_same_job() {
    let http = houses().await;
    let resources = json!([
        { "module": "Houses", "file_names": ["h.csv"],
          "field_mappings": [{ "api_name": "Name", "index": 0 }] },
        { "module": "Rooms", "file_names": ["r.csv"], "field_mappings": [
            { "api_name": "Parent_Id", "index": 1, "parent_column_index": 0 },
            { "api_name": "Area", "index": 0 }] },
    ]);
    let csvs = [("h.csv", "name\nA\nB\n"), ("r.csv", "area,house\n1,B\n2,A\n3,B\n")];
    let id = job_of(&http, "insert", &csvs, &resources).await;
    let found = results(&http, &id).await;
    let areas = |place: usize| {
        let house = http.sim.record("Houses", &found[0].1[place][1]).unwrap();
        house["Rooms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|room| room["Area"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!([areas(0), areas(1)], [vec![json!(2)], vec![json!(1), json!(3)]]);
}

#[tokio::test]
async fn resources_after_a_failed_one_are_skipped() {
    let http = at_once().await;
    http.sim.bulk_faults().module("Contacts").fail_after(2);
    let csvs = [("accounts.csv", ACCOUNTS), ("contacts.csv", CONTACTS)];
    let id = job_of(&http, "insert", &csvs, &parent_and_children()).await;
    let shown = job(&http, &id).await;
    assert_eq!(shown["status"], "FAILED");
    let states = [0, 1].map(|place| shown["resource"][place]["status"].as_str().unwrap());
    assert_eq!(states, ["FAILED", "SKIPPED"]);
    let found = results(&http, &id).await;
    assert!(found[1].1.iter().all(|row| row[0] == "unprocessed"));
    assert_eq!((found[0].1[2][0].as_str(), http.sim.record_count("Contacts")), ("unprocessed", 0));
}

#[tokio::test]
async fn a_job_with_children_is_refused_without_their_parent() {
    let http = at_once().await;
    let csvs = zip(&[("accounts.csv", ACCOUNTS.as_bytes()), ("contacts.csv", CONTACTS.as_bytes())]);
    let file_id = upload(&http, &csvs).await;
    let good = parent_and_children();
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut body = body("insert", &file_id, &good);
        change(&mut body["resource"]);
        refused(&http, &body).await.0
    };
    let code = refused(&|all| all.as_array_mut().unwrap().reverse()).await;
    assert_eq!(code, "INVALID_REQUEST");
    let code = refused(&|all| drop(all.as_array_mut().unwrap().remove(0))).await;
    assert_eq!(code, "INVALID_REQUEST");
    let code = refused(&|all| all[1]["field_mappings"][0]["parent_column_index"] = json!(2)).await;
    assert_eq!(code, "COLUMN_INDEX_NOT_FOUND");
    let code = refused(&|all| all[1]["field_mappings"][0]["find_by"] = json!("id")).await;
    assert_eq!(code, "COEXISTENCE_NOT_ALLOWED");
    let code = refused(&|all| drop(all[1].as_object_mut().unwrap().remove("file_names"))).await;
    assert_eq!(code, "MISSING_REQUIRED_KEY");
    let code = refused(&|all| all[1]["module"] = json!({ "api_name": "Accounts" })).await;
    assert_eq!(code, "INVALID_REQUEST");
    let other = upload(&http, &csvs).await;
    let code = refused(&|all| all[1]["file_id"] = json!(other)).await;
    assert_eq!(code, "INVALID_REQUEST", "parent and children are in one ZIP file");
    let old = http.post("/crm/bulk/v6/write", &body("insert", &file_id, &good)).await;
    assert_eq!((old.status, old.code().as_str()), (400, "FILE_NOT_SUPPORTED"), "from v7 on");
    let only = create(
        &http,
        "insert",
        json!({ "module": "Accounts", "file_id": file_id,
        "file_names": ["accounts.csv"], "field_mappings": [{ "api_name": "Account_Name", "index": 1 }] }),
    );
    assert_eq!(results(&http, &only.await).await.len(), 1, "a file may have more than is used");
}
