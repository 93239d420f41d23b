//! The rows of answers: pages, order, groups, and the modules that are not records.

use serde_json::{Value, json};
use zcrm_sim::{CoqlOptions, Simulator};

use super::data::Data;
use crate::client::Http;

fn texts(values: &[Value]) -> Vec<&str> {
    values.iter().map(|value| value.as_str().unwrap()).collect()
}

async fn rows(http: &Http, query: &str) -> (Vec<Value>, Value) {
    let reply = http.post("/crm/v8/coql", &json!({ "select_query": query })).await;
    if reply.status == 204 {
        return (Vec::new(), Value::Null);
    }
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    let json = reply.json();
    (json["data"].as_array().unwrap().clone(), json["info"].clone())
}

#[tokio::test]
async fn pages_report_their_size_and_whether_more_follows() {
    let sim = Simulator::builder().records("Leads", 250).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let page = async |tail: &str| {
        let (rows, info) =
            rows(&http, &format!("select id from Leads where id is not null {tail}")).await;
        (rows.len(), info)
    };
    let info = |count: usize, more: bool| json!({ "count": count, "more_records": more });
    assert_eq!(page("").await, (200, info(200, true)));
    assert_eq!(page("limit 2000").await, (250, info(250, false)));
    assert_eq!(page("limit 200 offset 200").await, (50, info(50, false)));
    assert_eq!(page("limit 100, 150").await, (150, info(150, false)));
    assert_eq!(page("order by Created_Time desc limit 249").await, (249, info(249, true)));
    assert_eq!(page("limit 5 offset 250").await, (0, Value::Null));
}

#[tokio::test]
async fn a_keyset_walk_returns_every_record_once() {
    let sim = Simulator::builder().records("Leads", 1_000).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    for order in ["id asc", "id desc"] {
        let mut seen: Vec<u64> = Vec::new();
        loop {
            let bound = match (order, seen.last()) {
                (_, None) => "id is not null".to_owned(),
                ("id asc", Some(last)) => format!("id > '{last}'"),
                (_, Some(last)) => format!("(id < {last} and Last_Name is not null)"),
            };
            let query = format!("select id from Leads where {bound} order by {order} limit 170");
            let (page, info) = rows(&http, &query).await;
            seen.extend(page.iter().map(|row| row["id"].as_str().unwrap().parse::<u64>().unwrap()));
            if info["more_records"] != true {
                break;
            }
        }
        assert_eq!(seen.len(), 1_000);
        assert!(seen.is_sorted_by(|a, b| if order == "id asc" { a < b } else { a > b }));
    }
}

#[tokio::test]
async fn a_keyset_page_examines_its_rows_and_not_the_table() {
    let mut examined = Vec::new();
    for records in [2_000, 50_000] {
        let sim = Simulator::builder().records("Leads", records).start().await.unwrap();
        let http = Http::logged_in(&sim).await;
        let id = async |order: &str| {
            let query =
                format!("select id from Leads where id is not null order by id {order} limit 1");
            rows(&http, &query).await.0[0]["id"].as_str().unwrap().to_owned()
        };
        let (first, last) = (id("asc").await, id("desc").await);
        for (condition, order, found) in [
            (format!("id > '{first}'"), "id asc", 50),
            (format!("(id > '{first}' and Last_Name is not null)"), "id asc", 50),
            (format!("id < '{last}'"), "id desc", 50),
            (format!("id >= '{last}'"), "id asc", 1),
            (format!("id > '{last}'"), "id asc", 0),
        ] {
            let query = format!("select id from Leads where {condition} order by {order} limit 50");
            assert_eq!(rows(&http, &query).await.0.len(), found, "{query}");
        }
        let _ = rows(&http, "select id from Leads where City = 'Nowhere Such'").await;
        let _ =
            rows(&http, "select id from Leads where id is not null order by City limit 9").await;
        let queries = sim.journal();
        let queries = queries.entries().iter().filter(|entry| entry.path.ends_with("/coql"));
        examined.push(queries.map(|entry| entry.examined).collect::<Vec<_>>());
    }
    // a page and the row that shows whether more follow; sorting by another field reads the table
    assert_eq!(examined[0][..7], [2, 2, 51, 51, 51, 1, 0]);
    assert_eq!(examined[0][..8], examined[1][..8]);
    assert_eq!((examined[0][8], examined[1][8]), (2_000, 50_000));
}

#[tokio::test]
async fn orders_by_several_columns_with_empty_values_first() {
    let data = Data::new().await;
    let names = async |tail: &str| {
        let query =
            format!("select Last_Name, Company as firm from Leads where id is not null {tail}");
        texts(&data.column("Last_Name", &query).await).join(" ")
    };
    assert_eq!(names("order by Annual_Revenue").await, "Sage Tjepkema Kitzman Frey");
    assert_eq!(names("order by Annual_Revenue desc").await, "Frey Kitzman Tjepkema Sage");
    assert_eq!(names("order by firm asc, Last_Name desc").await, "Sage Kitzman Frey Tjepkema");
    assert_eq!(names("order by Company, Last_Name limit 2 offset 1").await, "Frey Kitzman");
    let groups = "select Company, SUM(Annual_Revenue) as total from Leads where id is not null \
                  group by Company order by total desc";
    let found = data.column("total", groups).await;
    assert_eq!(found, [json!(300_000), json!(70_000), Value::Null]);
}

#[tokio::test]
async fn tests_of_empty_values_follow_the_options() {
    let query = "select Last_Name from Leads where Lead_Source != 'Partner'";
    let data = Data::new().await;
    assert_eq!(data.column("Last_Name", query).await, ["Tjepkema", "Kitzman", "Sage"]);
    let not_in = "select Last_Name from Leads where Annual_Revenue not between 1 and 100000";
    assert_eq!(data.column("Last_Name", not_in).await, ["Frey", "Sage"]);
    let options = CoqlOptions::default().empty_is_other(false).plain_count(true);
    let data = Data::with(options).await;
    assert_eq!(data.column("Last_Name", query).await, ["Tjepkema", "Kitzman"]);
    let count = "select COUNT(id) from Leads where id is not null";
    assert_eq!(data.column("COUNT(id)", count).await, [4]);
}

#[tokio::test]
async fn converted_leads_follow_the_options_and_deleted_records_are_gone() {
    let query = "select Last_Name from Leads where id is not null";
    let hidden = CoqlOptions::default().converted_leads(false);
    let field = CoqlOptions::default().converted_field(true);
    for (options, names) in [
        (CoqlOptions::default(), vec!["Frey", "Tjepkema", "Kitzman"]),
        (hidden, vec!["Tjepkema", "Kitzman"]),
        (field.clone(), vec!["Frey", "Tjepkema", "Kitzman"]),
    ] {
        let data = Data::with(options.clone()).await;
        let path = data.fill_in("/crm/v8/Leads/{Frey}/actions/convert");
        let converted = data.http.post(&path, &json!({ "data": [{}] })).await;
        assert_eq!(converted.status, 200, "{}", converted.text());
        data.http.sim.delete("Leads", &data.ids["Sage"]).unwrap();
        assert_eq!(data.column("Last_Name", query).await, names);
        let test = "select Last_Name from Leads where Converted__s = true";
        if options == field {
            assert_eq!(data.column("Last_Name", test).await, ["Frey"]);
        } else {
            assert_eq!(data.refused(test).await.2, json!({ "column_name": "Converted__s" }));
        }
    }
}

#[tokio::test]
async fn subqueries_return_values_of_any_column() {
    let data = Data::new().await;
    let names = async |query: &str| texts(&data.column("Last_Name", query).await).join(" ");
    let by_reference = "select Last_Name from Contacts where Account_Name not in \
                        (select Parent_Account from Accounts where Parent_Account is not null)";
    assert_eq!(names(by_reference).await, "Boyle Dey");
    let by_text = "select Last_Name from Leads where Industry in \
                   (select Industry from Accounts where id is not null)";
    assert_eq!(names(by_text).await, "Frey");
    let empty = "select Last_Name from Leads where Email in \
                 (select Email from Contacts where Last_Name = 'Unknown')";
    assert_eq!(names(empty).await, "");
    let nested = "select Last_Name from Contacts where Account_Name in (select id from Accounts \
                  where Parent_Account in (select id from Accounts where Account_Name = 'King'))";
    assert_eq!(names(nested).await, "Boyle");
}

#[tokio::test]
async fn reads_notes_attachments_and_rows_of_subforms() {
    let data = Data::new().await;
    let king = &data.ids["King"];
    let path = format!("/crm/v8/Accounts/{king}/Attachments");
    assert_eq!(data.http.upload(&path, &[("plan.txt", b"abc")]).await.status, 200);
    let (files, _) = rows(
        &data.http,
        &format!("select File_Name, Size, Parent_Id from Attachments where Parent_Id = '{king}'"),
    )
    .await;
    assert_eq!(files.len(), 1);
    assert_eq!((&files[0]["File_Name"], &files[0]["Size"]), (&json!("plan.txt"), &json!("3")));
    assert_eq!(files[0]["Parent_Id"]["module"]["api_name"], "Accounts");

    let notes =
        "select Note_Title, Parent_Id.module.api_name from Notes where Note_Title = 'first'";
    assert_eq!(data.column("Parent_Id.module.api_name", notes).await, ["Accounts"]);

    let product = data
        .http
        .sim
        .insert("Products", json!({ "Product_Name": "Nail", "Unit_Price": 2 }))
        .unwrap();
    for quantity in [3, 5] {
        let quote = json!({
            "Subject": format!("Quote {quantity}"),
            "Quoted_Items": [{ "Product_Name": { "id": product }, "Quantity": quantity }],
        });
        data.http.sim.insert("Quotes", quote).unwrap();
    }
    let lines = "select Quantity, Total, Product_Name.Product_Name, Parent_Id from Quoted_Items \
                 where Quantity > 3 order by Quantity desc";
    let (lines, _) = rows(&data.http, lines).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["Product_Name.Product_Name"], "Nail");
    assert_eq!(lines[0]["Total"], 10);
    assert_eq!(lines[0]["Parent_Id"]["name"], "Quote 5");
    assert!(lines[0]["id"].is_string());
}

#[tokio::test]
async fn shows_tags_multi_selects_and_the_metadata_of_fields() {
    let data = Data::new().await;
    let path = data.fill_in("/crm/v8/Contacts/{Ada}/actions/add_tags");
    let tagged = data.http.post(&path, &json!({ "tags": [{ "name": "hot" }] })).await;
    assert_eq!(tagged.status, 200, "{}", tagged.text());
    let query = "select Tag, Languages_Known, Layout from Contacts where First_Name = 'Ada'";
    let (found, _) = rows(&data.http, query).await;
    assert_eq!(found[0]["Tag"][0]["name"], "hot");
    assert_eq!(found[0]["Languages_Known"], json!(["English", "German"]));
    assert_eq!(found[0]["Layout"]["name"], "Standard");

    let body = json!({
        "select_query": "select Last_Name, Account_Name.Website as site from Contacts where id is not null",
        "include_meta": ["fields"],
    });
    let reply = data.http.post("/crm/v8/coql", &body).await.json();
    assert_eq!(reply["fields"]["Last_Name"]["data_type"], "text");
    assert_eq!(reply["fields"]["Account_Name.Website"]["data_type"], "website");
    let reply = data.http.post("/crm/v7/coql", &body).await.json();
    assert_eq!(reply["fields"], Value::Null);
}

#[tokio::test]
async fn counts_as_a_heavy_call_with_credits_by_limit() {
    let sim = Simulator::builder().edition(zcrm_sim::Edition::Free).records("Leads", 1).start();
    let sim = sim.await.unwrap();
    let http = Http::logged_in(&sim).await;
    let mut before = sim.spent_credits();
    for (tail, credits) in [("", 1), ("limit 201", 2), ("limit 5, 1001", 3)] {
        let _ = rows(&http, &format!("select id from Leads where id is not null {tail}")).await;
        assert_eq!(sim.spent_credits() - before, credits, "{tail}");
        before = sim.spent_credits();
    }
}
