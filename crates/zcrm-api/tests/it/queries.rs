//! The text of COQL queries, and the queries that are refused before they are sent.

use serde::Deserialize;
use serde_json::{Value, json};
use zcrm_api::{
    Api, Condition, Request, field,
    list::{List, Source},
};
use zcrm_core::{ApiVersion, Id, Module, Record, Timestamp};

use crate::canned::{asks, at, refused};

#[derive(Debug, Deserialize)]
struct Deal {
    #[serde(rename = "Deal_Name")]
    _name: String,
}

impl Module for Deal {
    const API_NAME: &'static str = "Deals";
    const FIELDS: &'static [&'static str] = &["Deal_Name", "Account_Name.Industry"];
}

fn v8() -> Api {
    at(ApiVersion::V8)
}

#[track_caller]
fn sends<S: Source>(request: &Request<List<Record, S>>, query: &str) {
    asks(request.preview(), "POST coql", json!({ "select_query": query }));
}

#[test]
fn returns_the_text_that_is_sent() {
    let api = v8();
    let built = api.records("Leads").query().select(["City"]).filter(field("City").eq("O'Fallon"));
    let raw = api.coql("select City from Leads where City = :city").bind("city", "O'Fallon");
    let text = "select City from Leads where City = 'O''Fallon' order by id asc limit 200";
    sends(&built, text);
    sends(&raw, text);
    assert_eq!(built.to_coql().unwrap(), text);
    assert_eq!(raw.to_coql().unwrap(), text);
    let limited = built.clone().limit(7).per_page(50);
    assert!(limited.to_coql().unwrap().ends_with("limit 7"));
    refused(built.clone().limit(0).to_coql(), &["limit"]);
    refused(built.select(["a b"]).to_coql(), &["invalid column"]);
    refused(raw.bind("other", 1).to_coql(), &["`:other`"]);
}

#[test]
fn writes_the_clauses_of_a_built_query() {
    let api = v8();
    let leads = api.records("Leads");
    sends(
        &leads.query().select(["Last_Name"]),
        "select Last_Name from Leads where id is not null order by id asc limit 200",
    );
    sends(
        &leads
            .query()
            .select(["id"])
            .filter(field("City").eq("O'Fallon"))
            .order_by_desc("id")
            .per_page(2_000),
        "select id from Leads where City = 'O''Fallon' order by id desc limit 2000",
    );
    sends(
        &leads
            .query()
            .select(["Last_Name", "Owner.profile.name"])
            .select(["What_Id->Accounts.Account_Name"])
            .filter(field("City").eq("Pune"))
            .filter(field("Email").is_not_null().or(field("Phone").is_not_null()))
            .order_by("Last_Name")
            .order_by_desc("Created_Time")
            .limit(50)
            .offset(10),
        "select Last_Name, Owner.profile.name, 'What_Id->Accounts.Account_Name' from Leads where (City = 'Pune' and (Email is not null or Phone is not null)) order by Last_Name asc, Created_Time desc, id asc limit 50 offset 10",
    );
    sends(
        &leads.query().select(["City"]).count("id").max("Annual_Revenue").group_by(["City"]),
        "select City, COUNT(id), MAX(Annual_Revenue) from Leads where id is not null group by City limit 200",
    );
    sends(
        &leads.query().select(["A", "B", "A"]).order_by_desc("A").order_by("id").order_by("A"),
        "select A, B from Leads where id is not null order by A desc, id asc limit 200",
    );
    sends(
        &leads.query().select(["Order", "External"]).filter(field("limit").eq(1)).order_by("Group"),
        "select 'Order', 'External' from Leads where 'limit' = 1 order by 'Group' asc, id asc limit 200",
    );
    sends(
        &leads.query().sum("A").sum("A").group_by(["B", "B"]).order_by("B"),
        "select SUM(A) from Leads where id is not null group by B order by B asc limit 200",
    );
    let functions = leads.query().sum("A").avg("A").min("A");
    sends(&functions, "select SUM(A), AVG(A), MIN(A) from Leads where id is not null limit 200");
    sends(
        &leads.query().select(["id"]).view("3652397000000089005"),
        "select id from Leads#3652397000000089005 where id is not null order by id asc limit 200",
    );
}

#[test]
fn selects_the_fields_of_a_typed_module() {
    let api = v8();
    let deals = api.records_of::<Deal>();
    let body = |fields: &str| {
        let text =
            format!("select {fields} from Deals where id is not null order by id asc limit 200");
        json!({ "select_query": text })
    };
    asks(deals.query().preview(), "POST coql", body("Deal_Name, Account_Name.Industry"));
    asks(deals.query().select(["Stage"]).preview(), "POST coql", body("Stage"));
}

#[test]
fn asks_for_the_rows_that_the_version_allows() {
    let api = at(ApiVersion::V3);
    let query = || api.records("Leads").query().select(["id"]);
    sends(
        &query().per_page(200),
        "select id from Leads where id is not null order by id asc limit 200",
    );
    refused(query().per_page(201).preview(), &["per_page", "1 to 200"]);
    refused(query().per_page(0).preview(), &["per_page", "1 to 200"]);
    refused(v8().records("Leads").query().select(["id"]).per_page(2_001).preview(), &["1 to 2000"]);
    refused(query().limit(0).preview(), &["limit"]);
    refused(query().offset(10_000).preview(), &["offset", "10000"]);
    refused(query().view("7").preview(), &["custom view", "v7"]);
    sends(
        &at(ApiVersion::V6).records("Leads").query().select(["id"]).offset(9_950),
        "select id from Leads where id is not null limit 50 offset 9950",
    );
}

#[test]
fn refuses_a_built_query_that_zoho_would_refuse() {
    let leads = || v8().records("Leads").query();
    let columns = |count: usize| (0..count).map(|number| format!("F{number}")).collect::<Vec<_>>();
    refused(leads().preview(), &["must select fields"]);
    refused(leads().select(columns(501)).preview(), &["selected columns", "501", "500"]);
    refused(
        at(ApiVersion::V6).records("Leads").query().select(columns(51)).preview(),
        &["51", "50"],
    );
    refused(leads().select(["a b"]).preview(), &["invalid column `a b`"]);
    refused(leads().select([""]).preview(), &["invalid column"]);
    refused(leads().select(["id"]).order_by("x'y").preview(), &["invalid column"]);
    refused(leads().select(["id"]).group_by(columns(5)).preview(), &["group_by", "5", "4"]);
    let ordered = columns(11).into_iter().fold(leads().select(["id"]), Request::order_by);
    refused(ordered.preview(), &["order_by", "11", "10"]);
    let functions = columns(6).into_iter().fold(leads(), Request::sum);
    refused(functions.preview(), &["functions", "6", "5"]);
    refused(leads().select(["A.B.C.D"]).preview(), &["`A.B.C.D`", "2 relations"]);
    let joined: Vec<String> = (0..16).map(|number| format!("R{number}.Name")).collect();
    refused(leads().select(joined).preview(), &["relations in `select`", "16", "15"]);
    let joined = (0..6).map(|number| field(format!("R{number}.Name")).eq(1));
    let joined = joined.reduce(Condition::and).unwrap();
    refused(leads().select(["id"]).filter(joined).preview(), &["relations", "6", "5"]);
    let many = (0..26).map(|n| field("A").eq(n)).reduce(Condition::and).unwrap();
    refused(leads().select(["id"]).filter(many).preview(), &["26", "25"]);
    refused(leads().select(["id"]).filter(field("A").is_in(0..101)).preview(), &["101", "100"]);
    let grouped = || leads().select(["A"]).sum("B");
    refused(grouped().preview(), &["`A` of `select`", "`group_by`"]);
    refused(
        grouped().group_by(["A"]).order_by("C").preview(),
        &["`C` of `order_by`", "`group_by`"],
    );
    refused(leads().select(["id"]).order_by("A.B.C.D").preview(), &["`A.B.C.D`", "2 relations"]);
    let six = (0..6).fold(leads().select(["id"]), |query, n| query.order_by(format!("R{n}.Name")));
    refused(six.preview(), &["`order_by`", "6", "5"]);
    let three = at(ApiVersion::V6).records("Leads").query().select(["A.Name", "B.Name"]);
    let three = three.filter(field("C.Name").eq(1));
    refused(three.preview(), &["relations in v6", "3", "2"]);
    refused(leads().select(["id"]).filter(field("A").not_like("Zyl%")).preview(), &["`%ylk%`"]);
    refused(leads().sum("A").exists().preview(), &["functions", "exists"]);
    refused(leads().select(["id"]).view("7 or 8").preview(), &["invalid id"]);
    refused(v8().records("Le ads").query().select(["id"]).preview(), &["invalid module name"]);
}

#[test]
fn reads_25_comparisons_by_offset() {
    let most = (0..25).map(|n| field("A").eq(n)).reduce(Condition::or).unwrap();
    let query = v8().records("Leads").query().select(["id"]).filter(most).preview().unwrap();
    let body: Value = serde_json::from_slice(query.body()).unwrap();
    let text = body["select_query"].as_str().unwrap();
    assert!(text.ends_with("A = 24) limit 200"), "{text}");
    let raw = (0..25).map(|n| format!("A = {n}")).reduce(|a, b| format!("({a} or {b})")).unwrap();
    let query = v8().records("Leads").query().select(["id"]).filter(Condition::raw(raw.clone()));
    let query = query.preview().unwrap();
    let body: Value = serde_json::from_slice(query.body()).unwrap();
    assert!(body["select_query"].as_str().unwrap().ends_with("A = 24)) limit 200"), "{body}");
    let text = |condition: &str| v8().coql(format!("select id from Leads where {condition}"));
    sends(&text(&raw), &format!("select id from Leads where {raw} limit 200"));
    refused(text(&format!("({raw} or A = 25)")).preview(), &["comparisons", "26", "25"]);
    let inner = "B in (select id from C where D = 1)";
    let most = (0..23).map(|n| format!("A = {n}")).reduce(|a, b| format!("({a} or {b})")).unwrap();
    let most = format!("({most} or {inner})");
    sends(&text(&most), &format!("select id from Leads where {most} limit 200"));
}

#[test]
fn checks_fields_against_the_metadata() {
    let fields: Vec<_> = serde_json::from_value(json!([
        { "api_name": "Deal_Name", "data_type": "text" },
        { "api_name": "Amount", "data_type": "currency" },
        { "api_name": "Account_Name", "data_type": "lookup" }
    ]))
    .unwrap();
    let deals = || v8().records("Deals").query().check_fields(&fields);
    let right =
        deals().select(["Deal_Name", "Account_Name.Industry"]).filter(field("Amount").gt(5));
    right.order_by("Amount").preview().unwrap();
    refused(deals().select(["Dealname"]).preview(), &["unknown field `Dealname`"]);
    refused(deals().sum("Amuont").preview(), &["unknown field `Amuont`"]);
    refused(deals().select(["id"]).order_by("Stage").preview(), &["unknown field `Stage`"]);
    refused(deals().select(["id"]).filter(field("Amount").contains(5)).preview(), &["`contains`"]);
    refused(deals().select(["id"]).filter(field("Amount").eq("x")).preview(), &["not a number"]);
}

#[test]
fn binds_values_to_the_text_of_a_query() {
    let api = v8();
    sends(
        &api.coql("select id from Leads where City = :city and Email in :emails")
            .bind("city", "O'Fallon :emails")
            .bind_list("emails", ["a@b.example", "c"]),
        "select id from Leads where (City = 'O''Fallon :emails' and Email in ('a@b.example', 'c')) order by id asc limit 200",
    );
    let time: Timestamp = "2026-05-24T17:05:12+05:30".parse().unwrap();
    sends(
        &api.coql("select id from Leads where (A > :time and B = '17:05:12 :x')")
            .bind("time", time),
        "select id from Leads where (A > '2026-05-24T17:05:12+05:30' and B = '17:05:12 :x') order by id asc limit 200",
    );
    let unbound = api.coql("select id from Leads where A = :a");
    refused(unbound.clone().preview(), &["`:a`", "bind"]);
    refused(unbound.clone().bind("a", "").preview(), &["`:a`", "empty"]);
    refused(unbound.clone().bind("a", 1).bind("b", 2).preview(), &["`:b`", "not in the query"]);
    refused(unbound.clone().bind_list("a", 0..101).preview(), &["101", "100"]);
    refused(unbound.bind_list("a", Vec::<i32>::new()).preview(), &["empty list"]);
}

#[test]
fn pages_the_text_of_a_query_by_its_clauses() {
    let api = v8();
    for (text, sent) in [
        (
            "select Stage, SUM(Amount) from Deals where id is not null group by Stage",
            "select Stage, SUM(Amount) from Deals where id is not null group by Stage limit 200",
        ),
        (
            "SELECT A FROM B WHERE C = 1 ORDER BY A DESC",
            "select A from B where C = 1 order by A DESC limit 200",
        ),
        (
            "select A from B where C = 1 limit 10 offset 5",
            "select A from B where C = 1 limit 10 offset 5",
        ),
        (
            "select A from B#77 where C = 1",
            "select A from B#77 where C = 1 order by id asc limit 200",
        ),
    ] {
        sends(&api.coql(text), sent);
    }
    sends(
        &api.coql("select A from B where C = 1").per_page(7),
        "select A from B where C = 1 order by id asc limit 7",
    );
    refused(
        api.coql("select A from B where C = 1 limit 5").per_page(7).preview(),
        &["per_page", "limit"],
    );
    sends(
        &api.coql("select Phone as id from B where C = 1"),
        "select Phone as id from B where C = 1 limit 200",
    );
    let limited = |limit: &str| api.coql(format!("select A from B where C = 1 limit {limit}"));
    for limit in ["0", "2001", "5, 2001", "2001 offset 5"] {
        refused(limited(limit).preview(), &["`limit`", "1 to 2000", "v8"]);
    }
    sends(&limited("2001, 5"), "select A from B where C = 1 limit 2001, 5");
    refused(api.coql("select SUM(A) from B where C = 1").exists().preview(), &["functions"]);
    refused(api.coql("select A from B").preview(), &["no `where`", "id is not null"]);
    refused(api.coql("select A from B where C = 'd").preview(), &["closing"]);
}

#[test]
fn asks_for_one_row_to_learn_whether_a_record_exists() {
    let api = v8();
    let expected = |text: &str| json!({ "select_query": text });
    let built = api.records("Leads").query().select(["id"]).filter(field("A").eq(1)).exists();
    asks(
        built.preview(),
        "POST coql",
        expected("select id from Leads where A = 1 order by id asc limit 1"),
    );
    let text = api.coql("select id from Leads where A = :a").bind("a", true).exists();
    asks(
        text.preview(),
        "POST coql",
        expected("select id from Leads where A = true order by id asc limit 1"),
    );
    refused(api.records("Leads").query().exists().preview(), &["must select fields"]);
}

#[test]
fn turns_a_list_into_a_query_without_a_limit() {
    let api = v8();
    let list = || api.records("Leads").list().fields(["Last_Name", "Email"]);
    let query = |rest: &str| format!("select Last_Name, Email from Leads{rest}");
    sends(&list().complete(), &query(" where id is not null order by id asc limit 200"));
    sends(
        &list().sort_by("id").complete(),
        &query(" where id is not null order by id asc limit 200"),
    );
    sends(
        &list().sort_by_desc("id").complete(),
        &query(" where id is not null order by id desc limit 200"),
    );
    let time: Timestamp = "2026-05-24T17:05:12+05:30".parse().unwrap();
    sends(
        &list().modified_since(time).view("77").per_page(10).complete(),
        &query("#77 where Modified_Time >= '2026-05-24T17:05:12+05:30' order by id asc limit 10"),
    );
    let headed = list().header("x-trace", "7").param_unchecked("beta", "1").complete();
    let request = headed.preview().unwrap();
    assert_eq!(request.headers()["x-trace"], "7");
    assert_eq!(request.uri().query(), Some("beta=1"));
}

#[test]
fn names_the_option_that_a_complete_list_does_not_have() {
    use zcrm_api::records::Include;

    let api = v8();
    let list = || api.records("Leads").list().fields(["Last_Name"]);
    for (request, name) in [
        (list().sort_by("Modified_Time"), "`sort_by`"),
        (list().converted(Include::Also), "`converted`"),
        (list().approved(Include::Also), "`approved`"),
        (list().territory("7"), "`territory_id`"),
        (list().include_child(true), "`include_child`"),
        (list().ids([Id::from("7")]), "`ids`"),
        (list().page(2), "`page`"),
        (list().page_token("x"), "`page_token`"),
        (list().param("sort_order", "asc"), "`sort_order`"),
        (list().all_fields(), "`all_fields`"),
        (list().external_field("External_Id"), "`external_field`"),
    ] {
        refused(request.complete().preview(), &[name, "complete"]);
    }
    refused(api.records("Leads").list().complete().preview(), &["must select fields"]);
    let rows = api.records("Quotes").list().fields(["Quoted_Items"]).complete();
    refused(rows.preview(), &["Quoted_Items"]);
    refused(
        at(ApiVersion::V6).records("Leads").list().fields(["A"]).view("7").complete().preview(),
        &["custom view"],
    );
    refused(list().per_page(201).complete().preview(), &["per_page"]);
}
