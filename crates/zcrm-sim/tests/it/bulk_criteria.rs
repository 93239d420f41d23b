//! The checks of bulk read requests, and the records that criteria select.

use serde_json::{Value, json};
use zcrm_sim::{FieldKind, FieldSpec, Simulator};

use crate::bulk::{ask, at_once, column, create, frozen, job, read, refused, start};
use crate::client::Http;

fn leads(criteria: Value) -> Value {
    json!({ "module": { "api_name": "Leads" }, "fields": ["Last_Name"], "criteria": criteria })
}

fn test(field: &str, comparator: &str, value: impl Into<Value>) -> Value {
    json!({ "field": { "api_name": field }, "comparator": comparator, "value": value.into() })
}

/// Returns the last names that the criteria select.
async fn found(http: &Http, criteria: Value) -> String {
    column(&read(http, leads(criteria)).await, "Last_Name").join("")
}

#[tokio::test]
async fn checks_the_body_before_the_query() {
    let http = frozen(at_once()).await;
    let url = "/crm/bulk/v8/read";
    assert_eq!(http.post(url, &json!({})).await.status, 415);
    let json_type = ("content-type", "application/json;charset=UTF-8");
    let send = async |text: &'static str| {
        let token = format!("Zoho-oauthtoken {}", http.token);
        let headers = [("authorization", token.as_str()), json_type];
        let url = format!("{}{url}", http.sim.api_url());
        http.send(hyper::Method::POST, &url, &headers, text).await.unwrap().code()
    };
    assert_eq!(send("").await, "REQUEST_BODY_IS_EMPTY");
    assert_eq!(send("{").await, "REQUEST_BODY_NOT_READABLE");
    assert_eq!(send("[]").await, "REQUEST_BODY_NOT_SUPPORTED");
    assert_eq!(send("{}").await, "QUERY_NOT_SUPPORTED");
    assert_eq!(http.get(url).await.status, 405);
    assert_eq!(http.get("/crm/v8/bulk/read").await.status, 404);
}

#[tokio::test]
async fn refuses_unknown_modules_fields_pages_and_views() {
    let settings = at_once().refuse_field("Leads", "Industry").refuse_field("Leads", "id");
    let settings = settings.last_page(50);
    let http =
        start(Simulator::builder().bulk_read(settings).field(
            "Leads",
            FieldSpec::subform("Visits", [FieldSpec::new("Place", FieldKind::Text)]),
        ))
        .await;
    let query = |key: &str, value: Value| {
        let mut query = json!({ "module": { "api_name": "Leads" } });
        query[key] = value;
        query
    };
    let module = |name: &str| query("module", json!({ "api_name": name }));
    let fields = |name: &str| query("fields", json!(["City", name]));
    let details = json!({ "api_name": "Nope" });
    let check = async |query: Value, code: &str, details: Value| {
        assert_eq!(refused(&http, query).await, (code.to_owned(), details));
    };
    check(module("Nope"), "MODULE_NOT_AVAILABLE", details.clone()).await;
    for name in ["Notes", "Attachments", "Emails"] {
        check(module(name), "MODULE_NOT_SUPPORTED", json!({})).await;
    }
    check(fields("Nope"), "FIELD_NOT_AVAILABLE", details).await;
    check(fields("Owner.nope"), "FIELD_NOT_AVAILABLE", json!({ "api_name": "Owner.nope" })).await;
    for name in ["Industry", "Visits"] {
        check(fields(name), "FIELD_NOT_SUPPORTED", json!({ "api_name": name })).await;
    }
    let after = refused(&http, leads(test("id", "greater_than", "1"))).await;
    assert_eq!(after.0, "FIELD_IN_CRITERIA_NOT_SUPPORTED");
    let contacts = json!({ "module": { "api_name": "Contacts" }, "fields": [
        "Account_Name.Parent_Account.Parent_Account.Account_Name",
    ] });
    check(contacts, "JOIN_LIMIT_EXCEEDED", json!({})).await;
    let many = vec!["City"; 1_001];
    let limit = json!({ "api_name": "fields", "maximum_length": 1_000 });
    check(query("fields", json!(many)), "INVALID_DATA", limit).await;
    check(query("page", json!(51)), "PAGE_RANGE_EXCEEDED", json!({ "max_limit": 50 })).await;
    for page in [json!(0), json!("1"), json!(1.5)] {
        check(query("page", page), "PAGE_NOT_SUPPORTED", json!({})).await;
    }
    let unknown = json!({ "api_name": "cvid", "value": "1" });
    check(query("cvid", json!("1")), "INVALID_DATA", unknown).await;
    let views = http.get("/crm/v8/settings/custom_views?module=Contacts").await.rows();
    check(query("cvid", views[0]["id"].clone()), "CVID_NOT_SUPPORTED", json!({})).await;
}

#[tokio::test]
async fn refuses_callbacks_and_file_types() {
    let http = frozen(at_once()).await;
    let code = async |key: &str, value: Value| {
        let mut body = json!({ "query": { "module": { "api_name": "Events" } } });
        body[key] = value;
        let reply = ask(&http, "v8", &body).await;
        (reply.status, reply.code(), reply.json()["details"].clone())
    };
    let get = json!({ "url": "https://example.com/", "method": "get" });
    let supported = json!({ "supported_callback_methods": ["post"] });
    let (_, refused, details) = code("callback", get).await;
    assert_eq!((refused.as_str(), details), ("INVALID_CALLBACK_METHOD", supported));
    for url in ["example.com", "ftp://example.com/", ""] {
        let callback = json!({ "url": url, "method": "post" });
        assert_eq!(code("callback", callback).await.1, "INVALID_CALLBACK_URL", "{url}");
    }
    let kinds = json!({ "api_name": "file_type", "supported_values": ["csv", "ics"] });
    let (status, refused, details) = code("file_type", json!("xml")).await;
    assert_eq!((status, refused.as_str(), details), (400, "INVALID_DATA", kinds));
    assert_eq!(code("file_type", json!("csv")).await.0, 201);
    assert_eq!(code("file_type", json!("ics")).await.0, 501);
    let body = json!({ "query": { "module": { "api_name": "Leads" } }, "file_type": "ics" });
    assert_eq!(ask(&http, "v8", &body).await.code(), "NOT_SUPPORTED_FEATURE");
}

#[tokio::test]
async fn refuses_criteria_with_the_names_of_the_mistake() {
    let http = start(
        Simulator::builder()
            .bulk_read(at_once())
            .field("Leads", FieldSpec::new("Seen", FieldKind::DateTime)),
    )
    .await;
    let code = async |criteria: Value| refused(&http, leads(criteria)).await.0;
    assert_eq!(code(test("Nope", "equal", "x")).await, "FIELD_IN_CRITERIA_NOT_AVAILABLE");
    assert_eq!(code(test("Description", "equal", "x")).await, "FIELD_IN_CRITERIA_NOT_SUPPORTED");
    for (field, comparator, value) in [
        ("City", "in", json!("Pune")),
        ("City", "equal", json!(["Pune"])),
        ("Created_Time", "between", json!(["2026-03-01T10:00:00+00:00"])),
    ] {
        let code = code(test(field, comparator, value)).await;
        assert_eq!(code, "COMPARATOR_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE", "{field} {comparator}");
    }
    for (field, value) in [
        ("Seen", "2026-03-01T10:00:00.000+05:30"),
        ("Seen", "2026-03-01"),
        ("No_of_Employees", "many"),
        ("Email_Opt_Out", "yes"),
        ("Owner", "Boyle"),
    ] {
        let code = code(test(field, "equal", value)).await;
        assert_eq!(code, "FIELD_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE", "{field} {value}");
    }
    let long = "x".repeat(256);
    assert_eq!(code(test("City", "equal", long)).await, "VALUE_IN_CRITERIA_NOT_SUPPORTED");
    let digits = "1".repeat(20);
    assert_eq!(code(test("id", "equal", digits)).await, "VALUE_IN_CRITERIA_NOT_SUPPORTED");
    let (code_, details) = refused(&http, leads(test("City", "equal", json!({ "a": 1 })))).await;
    assert_eq!(code_, "VALUE_TYPE_NOT_SUPPORTED");
    assert_eq!(details, json!({ "api_name": "City", "supported": ["string", "array"] }));
    let (code_, details) = refused(&http, leads(test("Owner", "contains", "1"))).await;
    assert_eq!(code_, "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED");
    assert_eq!(details["supported"], json!(["equal", "not_equal", "in", "not_in"]));
    let many = vec!["x"; 201];
    let limit = |most: u64| json!({ "max_limit": most });
    let of = refused(&http, leads(test("City", "in", many))).await;
    assert_eq!(of, ("VALUE_LIMIT_EXCEEDED_IN_CRITERIA".into(), limit(200)));
    let group = vec![test("City", "equal", "x"); 26];
    let all = json!({ "group_operator": "and", "group": group });
    assert_eq!(refused(&http, leads(all)).await, ("CRITERIA_LIMIT_EXCEEDED".into(), limit(25)));
    let operator = json!({ "group_operator": "xor", "group": [test("City", "equal", "x")] });
    let of = refused(&http, leads(operator)).await;
    assert_eq!(of, ("GROUP_OPERATOR_NOT_SUPPORTED".into(), json!({ "supported": ["and", "or"] })));
    let mut both = test("City", "equal", "x");
    both["group"] = json!([test("City", "equal", "x")]);
    both["group_operator"] = "and".into();
    assert_eq!(code(both.clone()).await, "AMBIGUOUS_CRITERIA");
    let inside = json!({ "group_operator": "and", "group": [both] });
    assert_eq!(code(inside).await, "AMBIGUOUS_GROUP_IN_CRITERIA");
    assert_eq!(code(json!({ "field": { "api_name": "City" } })).await, "AMBIGUOUS_CRITERIA");
    assert_eq!(code(json!("City")).await, "CRITERIA_NOT_SUPPORTED");
}

#[tokio::test]
async fn criteria_select_records_by_the_kind_of_the_field() {
    let builder = Simulator::builder().bulk_read(at_once());
    let http = start(
        builder
            .field("Leads", FieldSpec::new("Score", FieldKind::Double))
            .field("Leads", FieldSpec::new("Born", FieldKind::Date))
            .field("Leads", FieldSpec::new("Colours", FieldKind::MultiPicklist)),
    )
    .await;
    let insert = |name: &str, more: Value| {
        let mut fields = json!({ "Last_Name": name });
        for (key, value) in more.as_object().unwrap() {
            fields[key] = value.clone();
        }
        http.sim.insert("Leads", fields).unwrap()
    };
    let a = insert(
        "A",
        json!({ "City": "Pune", "Score": 1.5, "Born": "2001-02-03", "Colours": ["Red", "Blue"] }),
    );
    insert(
        "B",
        json!({ "City": "Delhi", "Score": 20, "Born": "1999-12-31", "Email_Opt_Out": true }),
    );
    http.sim.advance(std::time::Duration::from_secs(60));
    insert("C", json!({ "Company": "Zylker", "No_of_Employees": 7 }));
    for (criteria, names) in [
        (test("City", "equal", "pune"), "A"),
        (test("City", "not_equal", "Pune"), "BC"),
        (test("City", "in", vec!["Pune", "Delhi"]), "AB"),
        (test("City", "not_in", vec!["Pune", "Delhi"]), "C"),
        (test("City", "contains", "un"), "A"),
        (test("City", "not_contains", "un"), "BC"),
        (test("City", "starts_with", "de"), "B"),
        (test("City", "ends_with", "NE"), "A"),
        (test("City", "equal", "${EMPTY}"), "C"),
        (test("City", "not_equal", "${EMPTY}"), "AB"),
        (test("Colours", "equal", "Blue"), "A"),
        (test("Score", "less_than", "20"), "A"),
        (test("Score", "less_equal", "20.0"), "AB"),
        (test("Score", "greater_than", 1.5), "B"),
        (test("Score", "greater_equal", 1.5), "AB"),
        (test("Score", "in", vec![json!("1.50"), json!(20)]), "AB"),
        (test("Born", "greater_than", "2000-01-01"), "A"),
        (test("Born", "between", vec!["1999-12-31", "2001-02-02"]), "B"),
        (test("Born", "not_between", vec!["1999-12-31", "2001-02-02"]), "AC"),
        (test("Created_Time", "greater_equal", "2026-03-01T10:01:00+00:00"), "C"),
        (test("Created_Time", "less_than", "2026-03-01T15:31:00+05:30"), "AB"),
        (test("Created_Time", "less_than", "2026-03-01T10:01:00+0000"), "AB"),
        (test("Email_Opt_Out", "equal", "true"), "B"),
        (test("Email_Opt_Out", "equal", false), "AC"),
        (test("id", "greater_than", a.as_str()), "BC"),
        (test("Owner.last_name", "equal", "Boyle"), "ABC"),
        (test("Owner", "not_in", vec!["1"]), "ABC"),
        (test("$converted", "equal", false), "ABC"),
    ] {
        assert_eq!(found(&http, criteria.clone()).await, names, "{criteria}");
    }
    let nested = json!({ "group_operator": "AND", "group": [
        test("City", "not_equal", "${EMPTY}"),
        { "group_operator": "or", "group": [test("Score", "equal", "20"), test("City", "equal", "Agra")] },
    ] });
    assert_eq!(found(&http, nested).await, "B");
}

#[tokio::test]
async fn a_job_shows_its_criteria_with_those_of_the_view() {
    let http = frozen(at_once()).await;
    let lead = http.sim.insert("Leads", json!({ "Last_Name": "Old" })).unwrap();
    http.sim.insert("Leads", json!({ "Last_Name": "New" })).unwrap();
    let row = json!({ "data": [{ "overwrite": true }] });
    http.post(&format!("/crm/v8/Leads/{lead}/actions/convert"), &row).await;
    let views = http.get("/crm/v8/settings/custom_views?module=Leads").await.rows();
    let mut query = leads(test("Last_Name", "not_equal", "x"));
    assert_eq!(column(&read(&http, query.clone()).await, "Last_Name"), ["Old", "New"]);
    query["cvid"] = views[0]["id"].clone();
    assert_eq!(column(&read(&http, query.clone()).await, "Last_Name"), ["New"]);
    let id = create(&http, query.clone()).await;
    let shown = job(&http, &id).await["query"].clone();
    assert_eq!(shown["cvid"], query["cvid"]);
    assert_eq!([&shown["module"]["api_name"], &shown["fields"][0]], ["Leads", "Last_Name"]);
    assert_eq!(shown["page"], 1);
    let group = shown["criteria"]["group"].as_array().unwrap();
    assert_eq!(shown["criteria"]["group_operator"], "and");
    assert_eq!(group[0]["field"]["api_name"], "Last_Name");
    assert!(group[0]["field"]["id"].is_string());
    let last = group.last().unwrap();
    assert_eq!(
        *last,
        json!({ "field": { "api_name": "$converted", "id": null }, "comparator": "equal", "value": false })
    );
}
