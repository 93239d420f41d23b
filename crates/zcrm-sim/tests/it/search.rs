//! Searches and counts.

use std::time::Duration;

use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::Http;

fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn found(http: &Http, criteria: &str) -> Vec<String> {
    let path = format!("/crm/v8/Leads/search?criteria={}", escape(criteria));
    let reply = http.get(&path).await;
    if reply.status == 204 {
        return Vec::new();
    }
    assert_eq!(reply.status, 200, "{criteria}: {:?}", reply.body);
    let json = reply.json();
    let rows = json["data"].as_array().unwrap();
    let mut names: Vec<String> =
        rows.iter().map(|row| row["Last_Name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

async fn leads() -> Http {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let rows = json!([
        { "Last_Name": "Ada", "Company": r"A, B (C) \ D", "No_of_Employees": 5,
          "Email": "ada@example.com" },
        { "Last_Name": "Bo", "Company": "A", "No_of_Employees": 50, "Phone": "123" },
        { "Last_Name": "Cy", "Company": "B (C) \\ D", "Email_Opt_Out": true },
    ]);
    let reply = http.post("/crm/v8/Leads", &json!({ "data": rows })).await;
    assert_eq!(reply.status, 201);
    http
}

#[tokio::test]
async fn escaped_characters_are_part_of_the_value() {
    let http = leads().await;
    assert_eq!(found(&http, r"(Company:equals:A\, B \(C\) \\ D)").await, ["Ada"]);
    assert_eq!(found(&http, "((Company:in:A,x)or(Last_Name:equals:cy))").await, ["Bo", "Cy"]);
    for criteria in [
        "(Email:equals:)",
        "(Company:in:A,)",
        "(Company:equals:A, B)",
        "(Company:equals:B (C))",
        "(Nothing:equals:a)",
    ] {
        let path = format!("/crm/v8/Leads/search?criteria={}", escape(criteria));
        let reply = http.get(&path).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "INVALID_QUERY"), "{criteria}");
    }
}

#[tokio::test]
async fn operators_compare_by_the_type_of_the_field() {
    let http = leads().await;
    assert_eq!(found(&http, "(No_of_Employees:greater_than:6)").await, ["Bo"]);
    assert_eq!(found(&http, "(No_of_Employees:between:5,50)").await, ["Ada", "Bo"]);
    assert_eq!(found(&http, "(Last_Name:starts_with:a)").await, ["Ada"]);
    assert_eq!(found(&http, "(Last_Name:not_equal:Ada)").await, ["Bo", "Cy"]);
    assert_eq!(found(&http, "(Email_Opt_Out:equals:true)").await, ["Cy"]);
    assert_eq!(found(&http, "(Created_Time:less_than:2020-01-01T00:00:00+00:00)").await, [""; 0]);
    let nested = "((Last_Name:equals:Cy)or((Company:equals:A)and(No_of_Employees:equals:50)))";
    assert_eq!(found(&http, nested).await, ["Bo", "Cy"]);
}

#[tokio::test]
async fn finds_and_counts_by_word_email_and_phone() {
    let http = leads().await;
    let count = async |query: &str| {
        let reply = http.get(&format!("/crm/v8/Leads/actions/count?{query}")).await;
        assert_eq!(reply.status, 200);
        reply.json()["count"].clone()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("email=ada%40example.com").await, 1);
    assert_eq!(count("phone=123").await, 1);
    assert_eq!(count("word=(c)").await, 2);
    assert_eq!(http.get("/crm/v8/Leads/search").await.code(), "REQUIRED_PARAM_MISSING");
    let word = http.get("/crm/v8/Leads/search?word=(c)&fields=Company").await.json();
    assert_eq!(word["info"]["count"], 2);
    assert_eq!(word["data"][0].get("Last_Name"), None::<&Value>);
}

#[tokio::test]
async fn a_search_ends_at_2000_records() {
    let sim = Simulator::builder().records("Leads", 2_001).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    assert_eq!(http.get("/crm/v8/Leads/search?word=missing").await.status, 204);
    let path = "/crm/v8/Leads/search?word=example&fields=id&page=";
    let last = http.get(&format!("{path}10")).await.json();
    assert_eq!(last["info"]["more_records"], true);
    let wall = http.get(&format!("{path}11")).await;
    assert_eq!((wall.status, wall.code().as_str()), (400, "LIMIT_EXCEEDED"));
}

#[tokio::test]
async fn counts_common_and_rare_values_among_thousands() {
    let sim = Simulator::builder().plain_http().records("Leads", 4_100).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let count = async |criteria: &str| {
        let path = format!("/crm/v8/Leads/actions/count?criteria={}", escape(criteria));
        http.get(&path).await.json()["count"].as_u64().unwrap()
    };
    for (criteria, expected) in [
        ("(Company:starts_with:company 00)", 4_100),
        ("(Company:starts_with:COMPANY 00123)", 10),
        ("(Company:contains:0410)", 2),
        ("((Company:starts_with:company)and(Last_Name:equals:last name 000007))", 1),
        ("((Last_Name:equals:last name 000007)or(Company:contains:company))", 4_100),
        ("(Company:not_equal:company 000009)", 4_099),
        ("(Company:starts_with:ompany)", 0),
    ] {
        assert_eq!(count(criteria).await, expected, "{criteria}");
    }
    let path =
        "/crm/v8/Leads/search?criteria=(Company:starts_with:company)&fields=Company&per_page=2";
    let page = http.get(path).await.json();
    assert_eq!(page["data"][0]["Company"], "Company 004100");
    assert_eq!(page["data"][1]["Company"], "Company 004099");
    assert_eq!(page["info"]["more_records"], true);
}

#[tokio::test]
async fn the_search_index_can_lag() {
    let sim = Simulator::builder().search_lag(Duration::from_secs(30)).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    http.post("/crm/v8/Leads", &json!({ "data": [{ "Last_Name": "New" }] })).await;
    assert_eq!(found(&http, "(Last_Name:equals:New)").await, [""; 0]);
    sim.advance(Duration::from_secs(31));
    assert_eq!(found(&http, "(Last_Name:equals:New)").await, ["New"]);
}

#[tokio::test]
async fn a_search_requires_its_own_scope() {
    let sim = Simulator::start().await.unwrap();
    let mut http = Http::new(&sim);
    let reply = http.exchange(&sim.grant_token_for(&["ZohoCRM.modules.ALL"])).await;
    http.token = crate::client::access_token(&reply);
    assert_eq!(http.get("/crm/v8/Leads/search?word=aa").await.code(), "OAUTH_SCOPE_MISMATCH");
}

#[tokio::test]
async fn finds_indexed_values_after_every_write() {
    let sim = Simulator::builder().plain_http().records("Leads", 30).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let mut random = fastrand::Rng::with_seed(7);
    let cities = ["Pune", "PUNE", "Ärhus", "ärhus", "Delhi"];
    let mut ids: Vec<String> = Vec::new();
    for step in 0..120 {
        let city = cities[random.usize(..cities.len())];
        let values = json!({
            "Last_Name": "L", "City": city, "Email": format!("{}@example.com", random.u8(..3)),
        });
        let body = json!({ "data": [values] });
        match random.u8(..4) {
            0 | 1 => ids.push(http.post("/crm/v8/Leads", &body).await.id(0)),
            2 if !ids.is_empty() => {
                let id = &ids[random.usize(..ids.len())];
                assert_eq!(http.put(&format!("/crm/v8/Leads/{id}"), &body).await.status, 200);
            }
            _ if !ids.is_empty() => {
                let id = ids.swap_remove(random.usize(..ids.len()));
                http.delete(&format!("/crm/v8/Leads?ids={id}")).await;
            }
            _ => {}
        }
        if step % 10 != 9 {
            continue;
        }
        let list = "/crm/v8/Leads?fields=City,Email&per_page=200&sort_by=id";
        let all = http.get(list).await.rows();
        let folded =
            |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_lowercase();
        let expect = |test: &dyn Fn(&Value) -> bool| -> Vec<Value> {
            all.iter().filter(|row| test(row)).map(|row| row["id"].clone()).collect()
        };
        let searches = [
            ("criteria=(City:equals:pune)", expect(&|row| folded(row, "City") == "pune")),
            (
                "criteria=(City:in:%C3%A4RHUS,delhi)",
                expect(&|row| ["ärhus", "delhi"].contains(&folded(row, "City").as_str())),
            ),
            (
                "criteria=(City:starts_with:%C3%84R)",
                expect(&|row| folded(row, "City").starts_with("är")),
            ),
            ("criteria=(City:starts_with:d)", expect(&|row| folded(row, "City").starts_with('d'))),
            ("criteria=(City:contains:UN)", expect(&|row| folded(row, "City").contains("un"))),
            ("email=1@EXAMPLE.com", expect(&|row| folded(row, "Email") == "1@example.com")),
            (
                "criteria=((City:equals:Pune)and(Email:equals:0@example.com))",
                expect(&|row| {
                    folded(row, "City") == "pune" && folded(row, "Email") == "0@example.com"
                }),
            ),
            (
                "criteria=((City:equals:Pune)or(Email:equals:0@example.com))",
                expect(&|row| {
                    folded(row, "City") == "pune" || folded(row, "Email") == "0@example.com"
                }),
            ),
        ];
        for (query, expected) in searches {
            let path = format!("/crm/v8/Leads/search?{query}&fields=City&per_page=200");
            let answer = http.get(&path).await;
            let found: Vec<Value> = match answer.status {
                204 => Vec::new(),
                _ => answer.rows().iter().map(|row| row["id"].clone()).collect(),
            };
            assert_eq!(found, expected, "{query} after {step}");
        }
    }
}
