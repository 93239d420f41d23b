//! Notes, related lists, and relations between records.

use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::Http;

const VERSIONS: [&str; 2] = ["v2", "v8"];

fn data(row: Value) -> Value {
    json!({ "data": [row] })
}

async fn http() -> Http {
    Http::logged_in(&Simulator::start().await.unwrap()).await
}

#[tokio::test]
async fn notes_belong_to_a_record() {
    for version in VERSIONS {
        let http = http().await;
        let account = http.sim.add_records("Accounts", 1).unwrap().remove(0);
        let base = format!("/crm/{version}/Accounts/{account}/Notes");
        let list =
            async || http.get(&format!("{base}?fields=Note_Title,Note_Content,Parent_Id")).await;
        assert_eq!(list().await.status, 204);
        let rows = json!({ "data": [{ "Note_Title": "T", "Note_Content": "C" }, { "Note_Title": "no content" }] });
        let made = http.post(&base, &rows).await;
        assert_eq!(
            (made.status, made.codes()),
            (207, ["SUCCESS", "MANDATORY_NOT_FOUND"].map(String::from).to_vec())
        );
        let shown = list().await.rows();
        assert_eq!((shown.len(), &shown[0]["Note_Content"]), (1, &json!("C")));
        assert_eq!(shown[0]["Parent_Id"]["id"], account.as_str());
        let parent = &shown[0]["Parent_Id"]["module"]["api_name"];
        assert_eq!(parent, &if version == "v2" { Value::Null } else { json!("Accounts") });
        let one = format!("{base}/{}", made.id(0));
        assert_eq!(
            http.put(&one, &data(json!({ "Note_Content": "D" }))).await.codes(),
            ["SUCCESS"]
        );
        assert_eq!(http.get(&one).await.rows()[0]["Note_Content"], "D");
        assert_eq!(
            http.put(&one, &data(json!({ "Note_Content": null }))).await.codes(),
            ["MANDATORY_NOT_FOUND"]
        );
        let elsewhere = format!("/crm/{version}/Leads/77/Notes");
        assert_eq!(
            http.post(&elsewhere, &data(json!({ "Note_Content": "C" }))).await.code(),
            "INVALID_DATA"
        );
        assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
        assert_eq!(http.delete(&one).await.codes(), ["INVALID_DATA"]);
        assert_eq!(list().await.status, 204);
        let made = http.post(&base, &data(json!({ "Note_Content": "E" }))).await.id(0);
        assert_eq!(http.delete(&format!("{base}?ids={made}")).await.codes(), ["SUCCESS"]);
        assert_eq!(list().await.status, 204);
    }
}

#[tokio::test]
async fn lists_all_notes_with_their_parents() {
    for version in VERSIONS {
        let http = http().await;
        let lead = http.sim.add_records("Leads", 1).unwrap().remove(0);
        let base = format!("/crm/{version}/Notes");
        let row = if version == "v2" {
            json!({ "Note_Content": "C", "Parent_Id": lead, "se_module": "Leads" })
        } else {
            let parent = json!({ "id": lead, "module": { "api_name": "Leads" } });
            json!({ "Note_Content": "C", "Parent_Id": parent })
        };
        let made = http.post(&base, &data(row)).await;
        assert_eq!(made.codes(), ["SUCCESS"]);
        let listed = http.get(&format!("{base}?fields=Note_Content")).await.rows();
        assert_eq!(listed[0]["id"], made.id(0));
        let one = format!("{base}/{}", made.id(0));
        let read = http.get(&one).await.rows();
        assert_eq!(
            (&read[0]["Parent_Id"]["id"], &read[0]["$se_module"]),
            (&json!(lead), &json!("Leads"))
        );
        assert_eq!(http.put(&one, &data(json!({ "Note_Title": "T" }))).await.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&one).await.rows()[0]["Note_Title"], "T");
        let orphan = http.post(&base, &data(json!({ "Note_Content": "C" }))).await;
        assert_eq!(orphan.codes(), ["MANDATORY_NOT_FOUND"]);
        let gone = http.delete(&format!("{base}?ids={},77", made.id(0))).await;
        assert_eq!(gone.codes(), ["SUCCESS", "INVALID_DATA"]);
        assert_eq!(http.get(&one).await.status, 204);
    }
}

#[tokio::test]
async fn relations_have_values_and_two_ends() {
    for version in VERSIONS {
        let http = http().await;
        let lead = http.sim.add_records("Leads", 1).unwrap().remove(0);
        let campaigns = http.sim.add_records("Campaigns", 2).unwrap();
        let base = format!("/crm/{version}/Leads/{lead}/Campaigns");
        let one = format!("{base}/{}", campaigns[0]);
        let status = |text: &str| data(json!({ "Member_Status": text }));
        assert_eq!(http.put(&one, &status("Invited")).await.codes(), ["SUCCESS"]);
        assert_eq!(http.put(&one, &status("Responded")).await.codes(), ["SUCCESS"]);
        let list = async || http.get(&format!("{base}?fields=Campaign_Name")).await;
        let rows = list().await.rows();
        assert_eq!((rows.len(), &rows[0]["Member_Status"]), (1, &json!("Responded")));
        let other_end = format!("/crm/{version}/Campaigns/{}/Leads?fields=Last_Name", campaigns[0]);
        assert_eq!(http.get(&other_end).await.rows()[0]["id"], lead.as_str());
        assert_eq!(http.get(&one).await.rows()[0]["Member_Status"], "Responded");
        let wrong = http.put(&one, &data(json!({ "Member_Status": 5 }))).await;
        assert_eq!(wrong.codes(), ["INVALID_DATA"]);
        assert_eq!(http.put(&format!("{base}/77"), &status("x")).await.codes(), ["INVALID_DATA"]);
        let many = json!({ "data": [{ "id": campaigns[1] }, { "id": "77" }] });
        assert_eq!(http.put(&base, &many).await.codes(), ["SUCCESS", "INVALID_DATA"]);
        assert_eq!(list().await.rows().len(), 2);
        assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
        assert_eq!(http.delete(&one).await.codes(), ["INVALID_DATA"]);
        let rest = http.delete(&format!("{base}?ids={},{}", campaigns[1], campaigns[0])).await;
        assert_eq!(rest.codes(), ["SUCCESS", "INVALID_DATA"]);
        assert_eq!(list().await.status, 204);
        assert_eq!(http.get(&one).await.status, 204);
    }
}

#[tokio::test]
async fn relates_products_to_price_books_with_a_price() {
    for version in VERSIONS {
        let http = http().await;
        let product = http.sim.add_records("Products", 1).unwrap().remove(0);
        let book = http.sim.add_records("Price_Books", 1).unwrap().remove(0);
        let path = format!("/crm/{version}/Products/{product}/Price_Books/{book}");
        assert_eq!(
            http.put(&path, &data(json!({ "list_price": 12.5 }))).await.codes(),
            ["SUCCESS"]
        );
        let list = format!("/crm/{version}/Price_Books/{book}/Products?fields=Product_Name");
        assert_eq!(http.get(&list).await.rows()[0]["list_price"], 12.5);
        let wrong = http.put(&path, &data(json!({ "list_price": "12" }))).await;
        assert_eq!(wrong.codes(), ["INVALID_DATA"]);
    }
}

#[tokio::test]
async fn a_related_list_has_the_records_of_a_lookup() {
    for version in VERSIONS {
        let http = http().await;
        // The contacts were generated before any account, so they belong to none.
        let contacts = http.sim.add_records("Contacts", 3).unwrap();
        let account = http.sim.add_records("Accounts", 1).unwrap().remove(0);
        let base = format!("/crm/{version}/Accounts/{account}/Contacts");
        for contact in &contacts[1..] {
            assert_eq!(
                http.put(&format!("{base}/{contact}"), &data(json!({}))).await.codes(),
                ["SUCCESS"]
            );
        }
        assert_eq!(
            http.sim.record("Contacts", &contacts[1]).unwrap()["Account_Name"]["id"],
            account.as_str()
        );
        let page = http.get(&format!("{base}?fields=Last_Name&per_page=1&page=2")).await.json();
        assert_eq!(
            (&page["data"][0]["id"], &page["info"]["more_records"]),
            (&json!(contacts[1]), &json!(false))
        );
        assert_eq!(http.delete(&format!("{base}/{}", contacts[1])).await.codes(), ["SUCCESS"]);
        assert!(http.sim.record("Contacts", &contacts[1]).unwrap()["Account_Name"].is_null());
        assert_eq!(http.get(&format!("{base}?fields=Last_Name")).await.rows().len(), 1);
        let wrong = http.get(&format!("/crm/{version}/Accounts/{account}/Nothing?fields=id")).await;
        assert_eq!((wrong.status, wrong.code().as_str()), (400, "INVALID_DATA"));
    }
}

#[tokio::test]
async fn page_tokens_reach_all_related_records_and_notes() {
    let http = http().await;
    let account = http.sim.add_records("Accounts", 1).unwrap().remove(0);
    let contacts = http.sim.add_records("Contacts", 5).unwrap();
    let base = format!("/crm/v8/Accounts/{account}");
    for contact in &contacts {
        http.put(&format!("{base}/Contacts/{contact}"), &data(json!({}))).await;
        http.post(&format!("{base}/Notes"), &data(json!({ "Note_Content": "C" }))).await;
    }
    for list in ["Contacts?fields=Last_Name", "Notes?fields=Note_Content"] {
        let path = format!("{base}/{list}&per_page=2");
        let (mut ids, mut at, mut pages) = (Vec::new(), path.clone(), Vec::new());
        loop {
            let page = http.get(&at).await.json();
            let rows = page["data"].as_array().unwrap().iter();
            ids.extend(rows.map(|row| row["id"].as_str().unwrap().to_owned()));
            pages.push(page["info"]["page"].clone());
            let Some(token) = page["info"]["next_page_token"].as_str() else {
                assert_eq!(page["info"]["more_records"], false);
                break;
            };
            at = format!("{path}&page_token={token}");
        }
        assert_eq!(pages, [1, 2, 3]);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 5);
        // A token is bound to the list and the query, and cannot be combined with page numbers.
        let page = http.get(&path).await.json();
        let token = page["info"]["next_page_token"].as_str().unwrap();
        let other = http.get(&format!("{base}/{list}&per_page=3&page_token={token}")).await;
        assert_eq!((other.status, other.code().as_str()), (400, "TOKEN_BOUND_DATA_MISMATCH"));
        let elsewhere = list.replace("Contacts", "Deals").replace("Notes", "Deals");
        let other = http.get(&format!("{base}/{elsewhere}&per_page=2&page_token={token}")).await;
        assert_eq!(other.code(), "TOKEN_BOUND_DATA_MISMATCH");
        let both = http.get(&format!("{path}&page=2&page_token={token}")).await;
        assert_eq!(both.code(), "AMBIGUITY_DURING_PROCESSING");
        let wall = http.get(&format!("{base}/{list}&page=11")).await;
        assert_eq!(
            (wall.status, wall.code().as_str()),
            (400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED")
        );
    }
    // v2 has no page tokens.
    let page = http.get(&format!("/crm/v2/Accounts/{account}/Contacts?per_page=2")).await.json();
    assert_eq!(page["info"]["more_records"], true);
    assert!(page["info"].get("next_page_token").is_none());
}

#[tokio::test]
async fn describes_related_lists() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/settings/related_lists");
        let lists = http.get(&format!("{base}?module=Accounts")).await.rows();
        let names: Vec<&str> =
            lists.iter().map(|list| list["api_name"].as_str().unwrap()).collect();
        for name in ["Notes", "Attachments", "Contacts", "Deals", "Products"] {
            assert!(names.contains(&name), "{name} of {names:?}");
        }
        let mut ids: Vec<&str> = lists.iter().map(|list| list["id"].as_str().unwrap()).collect();
        let one = http.get(&format!("{base}/{}?module=Accounts", ids[0])).await.rows();
        assert_eq!(one, lists[..1]);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), lists.len());
        let module =
            if version == "v2" { &lists[2]["module"] } else { &lists[2]["module"]["api_name"] };
        assert!(module.is_string());
        assert_eq!(http.get(&base).await.code(), "REQUIRED_PARAM_MISSING");
        assert_eq!(http.get(&format!("{base}/77?module=Accounts")).await.status, 204);
    }
}
