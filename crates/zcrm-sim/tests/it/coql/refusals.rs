//! Queries that are refused: limits, scopes, permissions, bodies.

use serde_json::{Value, json};
use zcrm_sim::{CoqlOptions, Simulator};

use super::data::Data;
use crate::client::Http;

fn list(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(", ")
}

/// Nests this many tests in pairs.
fn tests(count: usize) -> String {
    (1..count).fold("id is not null".to_owned(), |all, _| format!("({all} and id is not null)"))
}

#[tokio::test]
async fn enforces_the_limits_of_the_version() {
    let data = Data::new().await;
    let ids = |count: usize| list(count, |number| number.to_string());
    let among = |count: usize| format!("select id from Leads where id in ({})", ids(count));
    let paged = |limit: usize, offset: usize| {
        format!("select id from Leads where id is not null limit {limit} offset {offset}")
    };
    let columns = |count: usize| {
        let names = list(count, |number| format!("Field_{number}"));
        format!("select {names} from Leads where id is not null")
    };
    let subqueries = |count: usize| {
        let one = "Account_Name in (select id from Accounts where id is not null)";
        let all = (1..count).fold(one.to_owned(), |all, _| format!("({all} and {one})"));
        format!("select id from Contacts where {all}")
    };
    let joins = |count: usize| {
        let all = [
            "Account_Name.Website is null",
            "Reporting_To.Title is null",
            "Owner.fax is null",
            "Created_By.fax is null",
            "Modified_By.fax is null",
            "Account_Name.Owner.fax is null",
        ];
        let all =
            all[1..count].iter().fold(all[0].to_owned(), |all, one| format!("({all} or {one})"));
        format!("select id from Contacts where {all}")
    };
    let ordered = |count: usize| {
        let names = [
            "id",
            "Last_Name",
            "First_Name",
            "City",
            "Country",
            "Email",
            "Phone",
            "Mobile",
            "Owner",
            "Company",
            "Designation",
        ];
        format!("select id from Leads where id is not null order by {}", names[..count].join(", "))
    };
    let grouped = |count: usize| {
        let names = ["City", "Country", "Company", "Industry", "Lead_Source"][..count].join(", ");
        format!("select {names} from Leads where id is not null group by {names}")
    };
    let summed = |count: usize| {
        let all = ["SUM", "MAX", "MIN", "AVG"].map(|one| format!("{one}(Annual_Revenue)"));
        let more = ["SUM(No_of_Employees)", "MAX(No_of_Employees)"].map(String::from);
        let all: Vec<String> = all.into_iter().chain(more).take(count).collect();
        format!("select {} from Leads where id is not null", all.join(", "))
    };
    let counted = |count: usize| format!("select id from Leads where {}", tests(count));
    // the last query within the limit, the first beyond it
    for (version, within, beyond) in [
        ("v2", paged(200, 9_800), paged(201, 0)),
        ("v3", paged(200, 9_800), paged(200, 9_801)),
        ("v6", paged(2_000, 8_000), paged(2_000, 8_001)),
        ("v8", paged(2_000, 98_000), paged(2_000, 98_001)),
        ("v6", among(50), among(51)),
        ("v8", among(100), among(101)),
        ("v8", counted(25), counted(26)),
        ("v8", ordered(10), ordered(11)),
        ("v8", grouped(4), grouped(5)),
        ("v8", summed(5), summed(6)),
        ("v8", subqueries(5), subqueries(6)),
        ("v8", joins(5), joins(6)),
        ("v6", joins(2), joins(3)),
    ] {
        let reply = data.run(version, &within).await;
        assert!([200, 204].contains(&reply.status), "{version} {within}: {}", reply.text());
        let reply = data.run(version, &beyond).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "LIMIT_EXCEEDED"), "{beyond}");
        assert_eq!(reply.json()["details"], json!({}));
    }
    for (version, limit) in [("v6", 50), ("v8", 500)] {
        // within the limit, the names are read, and they do not exist
        assert_eq!(data.run(version, &columns(limit)).await.code(), "INVALID_QUERY");
        assert_eq!(data.run(version, &columns(limit + 1)).await.code(), "LIMIT_EXCEEDED");
    }
    let deep = "select Account_Name.Parent_Account.Parent_Account.Website from Contacts \
                where id is not null";
    assert_eq!(data.run("v8", deep).await.code(), "LIMIT_EXCEEDED");
}

#[tokio::test]
async fn earlier_versions_have_neither_views_nor_subqueries() {
    let data = Data::new().await;
    for query in [
        "select id from Leads#{My Leads} where id is not null",
        "select id from Contacts where Account_Name in (select id from Accounts where id is not null)",
    ] {
        assert_eq!(data.run("v7", query).await.status, 200, "{query}");
        let reply = data.run("v6", query).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "SYNTAX_ERROR"), "{query}");
    }
}

#[tokio::test]
async fn refuses_columns_and_values_that_do_not_fit() {
    let data = Data::new().await;
    let column = |name: &str| json!({ "column_name": name });
    let clause = |name: &str, clause: &str| json!({ "column_name": name, "clause": clause });
    for (query, details) in [
        ("select id from Leads where Last_Name like 'Frey'", column("Last_Name")),
        ("select id from Leads where Last_Name like '%'", column("Last_Name")),
        ("select id from Leads where Last_Name like 'F%y'", column("Last_Name")),
        ("select id from Leads where id = 'abc'", column("id")),
        ("select id from Contacts where Account_Name = 'King'", column("Account_Name")),
        ("select id from Deals where Closing_Date = '2026-13-01'", column("Closing_Date")),
        ("select id from Leads where Email_Opt_Out = yes", column("Email_Opt_Out")),
        ("select id from Leads where Company.Name = 'a'", column("Company.Name")),
        (
            "select 'What_Id->Nowhere.Name' from Tasks where id is not null",
            column("What_Id->Nowhere.Name"),
        ),
        (
            "select 'Account_Name->Leads.City' from Contacts where id is not null",
            column("Account_Name->Leads.City"),
        ),
        ("select '!Accounts.City' from Leads where id is not null", column("!Accounts.City")),
        ("select id from Leads where Annual_Revenue in ('1', 'x')", column("Annual_Revenue")),
        (
            "select Last_Name, SUM(Annual_Revenue) from Leads where id is not null",
            clause("Last_Name", "group by"),
        ),
        (
            "select City from Leads where id is not null group by City order by Last_Name",
            clause("Last_Name", "order by"),
        ),
        (
            "select id from Leads where id is not null order by Description",
            clause("Description", "order by"),
        ),
        ("select id from Leads where id is not null limit 5 offset x", json!({ "limit": "x" })),
        ("select id from Leads where id is not null limit 5 offset -1", json!({ "limit": "-1" })),
    ] {
        assert_eq!(data.refused(query).await, (400, "INVALID_QUERY".into(), details), "{query}");
    }
    for (query, operator) in [
        ("select id from Leads where Email_Opt_Out != true", "!="),
        ("select id from Leads where Email_Opt_Out is null", "is null"),
        ("select id from Leads where Owner like '%1%'", "like"),
        ("select id from Leads where Last_Name between 'a' and 'b'", "between"),
        ("select id from Contacts where Languages_Known in ('English')", "in"),
    ] {
        let (status, code, details) = data.refused(query).await;
        assert_eq!((status, code.as_str()), (400, "INVALID_QUERY"), "{query}");
        assert_eq!(details["reason"], "invalid operator found", "{query}");
        assert_eq!(details["operator"], operator, "{query}");
    }
    for query in [
        "select SUM(Last_Name) from Leads where id is not null",
        "select COUNT(Last_Name), City from Leads where id is not null group by City",
        "select id from Leads where id is not null limit -5",
    ] {
        assert_eq!(data.refused(query).await.1, "INVALID_DATA", "{query}");
    }
}

#[tokio::test]
async fn names_the_invalid_member_of_the_body() {
    let data = Data::new().await;
    let query = "select Last_Name from Leads where id is not null";
    let meta = |wanted: Value| json!({ "select_query": query, "include_meta": wanted });
    let supported = json!(["fields"]);
    for (body, code, details) in [
        (json!({}), "MANDATORY_NOT_FOUND", json!({ "api_name": "select_query" })),
        (
            json!({ "select_query": 5 }),
            "INVALID_DATA",
            json!({ "api_name": "select_query", "json_path": "$.select_query", "expected_data_type": "text" }),
        ),
        (
            meta(json!("fields")),
            "INVALID_DATA",
            json!({ "api_name": "include_meta", "json_path": "$.include_meta", "expected_data_type": "jsonarray" }),
        ),
        (
            meta(json!(["layouts"])),
            "INVALID_DATA",
            json!({ "api_name": "include_meta", "json_path": "$.include_meta[0]", "supported_values": supported }),
        ),
        (
            meta(json!(["fields", 5])),
            "INVALID_DATA",
            json!({ "api_name": "include_meta", "json_path": "$.include_meta[1]", "expected_data_type": "text", "supported_values": supported }),
        ),
    ] {
        let reply = data.http.post("/crm/v8/coql", &body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{body}");
        assert_eq!(reply.json()["details"], details, "{body}");
    }
    let get = data.http.get("/crm/v8/coql").await;
    assert_eq!((get.status, get.code().as_str()), (405, "INVALID_REQUEST_METHOD"));
}

#[tokio::test]
async fn needs_the_scopes_of_coql_and_of_each_module() {
    let sim = Simulator::builder().records("Leads", 1).start().await.unwrap();
    let leads = json!({ "select_query": "select id from Leads where id is not null" });
    let with_fields = json!({ "select_query": "select Last_Name from Leads where id is not null", "include_meta": ["fields"] });
    let users = json!({ "select_query": "select email from Users where id is not null" });
    let nested = json!({
        "select_query": "select id from Leads where Email in (select Email from Contacts where id is not null)"
    });
    let coql = "ZohoCRM.coql.READ";
    for (scopes, body, status) in [
        (vec![coql], &leads, 401),
        (vec!["ZohoCRM.modules.ALL"], &leads, 401),
        (vec![coql, "ZohoCRM.modules.contacts.ALL"], &leads, 401),
        (vec![coql, "ZohoCRM.modules.leads.READ"], &leads, 200),
        (vec![coql, "ZohoCRM.modules.leads.READ"], &nested, 401),
        (vec![coql, "ZohoCRM.modules.ALL"], &nested, 204),
        (vec![coql, "ZohoCRM.modules.ALL"], &users, 401),
        (vec![coql, "ZohoCRM.users.READ"], &users, 200),
        (vec![coql, "ZohoCRM.modules.ALL"], &with_fields, 401),
        (vec![coql, "ZohoCRM.modules.ALL", "ZohoCRM.settings.fields.READ"], &with_fields, 200),
    ] {
        let http = Http::limited(&sim, &scopes).await;
        let reply = http.post("/crm/v8/coql", body).await;
        assert_eq!(reply.status, status, "{scopes:?} {body}: {}", reply.text());
        if status == 401 {
            assert_eq!(reply.code(), "OAUTH_SCOPE_MISMATCH");
        }
    }
}

#[tokio::test]
async fn hides_modules_and_fields_that_the_organisation_hides() {
    let options = CoqlOptions::default().unsupported("Accounts", "Account_Type");
    let data = Data::with(options).await;
    for (query, name) in [
        ("select Account_Type from Accounts where id is not null", "Account_Type"),
        (
            "select id from Contacts where Account_Name.Account_Type = 'x'",
            "Account_Name.Account_Type",
        ),
    ] {
        let expected = (400, "INVALID_QUERY".to_owned(), json!({ "column_name": name }));
        assert_eq!(data.refused(query).await, expected);
    }
    let sim = &data.http.sim;
    sim.set_permission("Administrator", "Crm_Implied_View_Leads", false).unwrap();
    let (status, code, _) = data.refused("select id from Leads where id is not null").await;
    assert_eq!((status, code.as_str()), (403, "NO_PERMISSION"));
    assert_eq!(data.run("v8", "select id from Accounts where id is not null").await.status, 200);
}
