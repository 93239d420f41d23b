//! The cells of results, and the settings of their format.

use serde_json::json;
use zcrm_sim::{BulkReadSettings, FieldKind, FieldSpec, ModuleSpec, Simulator};

use crate::bulk::{at_once, column, create, csv, download, files, frozen, read, start};
use crate::client::Http;

async fn with_values(settings: BulkReadSettings) -> (Http, String) {
    let builder = Simulator::builder()
        .bulk_read(settings)
        .field("Leads", FieldSpec::new("Colours", FieldKind::MultiPicklist))
        .field("Leads", FieldSpec::new("Score", FieldKind::Double))
        .field("Leads", FieldSpec::new("Big", FieldKind::BigInt));
    let http = start(builder).await;
    let lead = json!({
        "Last_Name": "O\"Brien, \u{e9}", "Description": "one\ntwo", "Colours": ["Red", "Blue"],
        "Score": 1e21, "Big": "123456789012345678", "Annual_Revenue": 90, "Currency": "EUR",
        "Exchange_Rate": 0.9,
    });
    let id = http.sim.insert("Leads", lead).unwrap();
    for name in ["hot", "cold"] {
        let tags = json!({ "tags": [{ "name": name }], "ids": [id] });
        http.post("/crm/v8/Leads/actions/add_tags", &tags).await;
    }
    (http, id)
}

const FIELDS: [&str; 11] = [
    "Last_Name",
    "Description",
    "Colours",
    "Score",
    "Big",
    "Annual_Revenue",
    "City",
    "Email_Opt_Out",
    "Created_Time",
    "Owner",
    "Tag",
];

#[tokio::test]
async fn writes_values_as_zoho_does() {
    let (http, id) = with_values(at_once()).await;
    let query = json!({ "module": { "api_name": "Leads" }, "fields": FIELDS });
    let owner = http.get("/crm/v8/users?type=CurrentUser").await.rows()[0]["id"].clone();
    let job = create(&http, query).await;
    assert_eq!(
        csv(&http, &job).await,
        format!(
            "Id,Last_Name,Description,Colours,Score,Big,Annual_Revenue,City,Email_Opt_Out,\
             Created_Time,Owner,Tag\n\
             {id},\"O\"\"Brien, \u{e9}\",\"one\ntwo\",Red;Blue,1000000000000000000000,\
             123456789012345678,90,,false,2026-03-01T15:30:00+05:30,{},\"hot,cold\"\n",
            owner.as_str().unwrap()
        )
    );
}

#[tokio::test]
async fn settings_change_the_format_of_results() {
    let settings = at_once()
        .value_separator(",")
        .tag_separator("|")
        .crlf()
        .byte_order_mark()
        .quote_all()
        .sizes_first()
        .columns_by_module()
        .home_currency();
    let (http, id) = with_values(settings).await;
    let fields = ["Owner.last_name", "Colours", "Annual_Revenue", "Tag", "City"];
    let query = json!({ "module": { "api_name": "Leads" }, "fields": fields });
    let job = create(&http, query).await;
    assert_eq!(
        csv(&http, &job).await,
        format!(
            "\u{feff}\"Id\",\"Tag\",\"City\",\"Annual_Revenue\",\"Colours\",\"Owner.last_name\"\r\n\
             \"{id}\",\"hot|cold\",\"\",\"100\",\"Red,Blue\",\"Boyle\"\r\n"
        )
    );
    let zip = download(&http, &job).await.body;
    assert_ne!(zip[14..18], [0; 4], "the checksum is before the data");
    let (http, _) = with_values(at_once()).await;
    let job = create(&http, json!({ "module": { "api_name": "Leads" } })).await;
    let zip = download(&http, &job).await.body;
    assert_eq!(zip[14..18], [0; 4], "the checksum follows the data");
    assert_eq!(files(&zip).unwrap().len(), 1);
}

#[tokio::test]
async fn reads_ids_once_and_all_fields_by_default() {
    let http = frozen(at_once()).await;
    http.sim.insert("Leads", json!({ "Last_Name": "A" })).unwrap();
    let fields = ["Last_Name", "id", "Last_Name"];
    let rows = read(&http, json!({ "module": { "api_name": "Leads" }, "fields": fields })).await;
    assert_eq!(rows[0], ["Id", "Last_Name"]);
    let rows = read(&http, json!({ "module": { "api_name": "Leads" } })).await;
    assert_eq!(rows[0][0], "Id");
    for name in ["Last_Name", "Owner", "Created_Time", "Layout", "Territories"] {
        assert_eq!(rows[0].iter().filter(|header| *header == name).count(), 1, "{name}");
    }
    assert!(!rows[0].iter().any(|header| header == "id"));
    let rows = read(&http, json!({ "module": { "api_name": "Quotes" } })).await;
    assert!(!rows[0].iter().any(|header| header == "Quoted_Items"));
}

#[tokio::test]
async fn dotted_names_follow_lookups_and_users() {
    let http = frozen(at_once()).await;
    let parent = http.sim.insert("Accounts", json!({ "Account_Name": "Parent" })).unwrap();
    let child = json!({ "Account_Name": "Child", "Parent_Account": { "id": parent } });
    let child = http.sim.insert("Accounts", child).unwrap();
    let contact = json!({ "Last_Name": "A", "Account_Name": { "id": child } });
    http.sim.insert("Contacts", contact).unwrap();
    http.sim.insert("Contacts", json!({ "Last_Name": "B" })).unwrap();
    let fields = [
        "Account_Name",
        "Account_Name.Account_Name",
        "Account_Name.Parent_Account.Account_Name",
        "Account_Name.id",
        "Owner.email",
        "Owner.id",
    ];
    let query = json!({ "module": { "api_name": "Contacts" }, "fields": fields });
    let rows = read(&http, query.clone()).await;
    assert_eq!(rows[0][1..], fields);
    let user = rows[1][6].clone();
    let email = http.sim.user_email();
    assert_eq!(rows[1][1..], [&child, "Child", "Parent", &child, &email, &user]);
    assert_eq!(rows[2][1..], ["", "", "", "", &email, &user]);
    http.sim.delete("Accounts", &child).unwrap();
    assert_eq!(column(&read(&http, query).await, "Account_Name"), ["", ""]);
}

#[tokio::test]
async fn a_subform_is_a_module_with_the_ids_of_its_records() {
    let visits = [FieldSpec::new("Place", FieldKind::Text)];
    let houses = ModuleSpec::new("Houses")
        .field(FieldSpec::new("Name", FieldKind::Text))
        .field(FieldSpec::subform("Visits", visits));
    let http = start(Simulator::builder().bulk_read(at_once()).module(houses)).await;
    let house = |name: &str, places: &[&str]| {
        let rows: Vec<_> = places.iter().map(|place| json!({ "Place": place })).collect();
        http.sim.insert("Houses", json!({ "Name": name, "Visits": rows })).unwrap()
    };
    let (first, second) = (house("A", &["Pune", "Agra"]), house("B", &["Delhi"]));
    let query = json!({ "module": { "api_name": "Visits" }, "fields": ["Place", "Parent_Id", "Parent_Id.Name"] });
    let rows = read(&http, query).await;
    assert_eq!(rows[0], ["Id", "Place", "Parent_Id", "Parent_Id.Name"]);
    assert_eq!(column(&rows, "Place"), ["Pune", "Agra", "Delhi"]);
    assert_eq!(column(&rows, "Parent_Id"), [first.as_str(), &first, &second]);
    assert_eq!(column(&rows, "Parent_Id.Name"), ["A", "A", "B"]);
    let ids = column(&rows, "Id");
    let stored = http.sim.record("Houses", &second).unwrap();
    assert_eq!(stored["Visits"][0]["id"], ids[2]);
    let criteria =
        json!({ "field": { "api_name": "Parent_Id" }, "comparator": "equal", "value": first });
    let query = json!({ "module": { "api_name": "Visits" }, "criteria": criteria });
    assert_eq!(read(&http, query).await.len(), 3);
}

#[tokio::test]
async fn computed_records_are_the_same_for_a_seed() {
    let big = || {
        let kinds = [
            FieldKind::Text,
            FieldKind::Textarea,
            FieldKind::Date,
            FieldKind::DateTime,
            FieldKind::Double,
            FieldKind::Boolean,
            FieldKind::Email,
        ];
        let fields = kinds.iter().enumerate();
        let module = fields.fold(ModuleSpec::new("Big"), |module, (place, kind)| {
            module.field(FieldSpec::new(format!("F{place}"), *kind))
        });
        Simulator::builder()
            .module(module)
            .computed_records("Big", 25_000)
            .bulk_read(at_once().rows_per_job(10_000))
    };
    let (one, other) = (start(big()).await, start(big()).await);
    let mut ids = Vec::new();
    let mut query = json!({ "module": { "api_name": "Big" } });
    loop {
        let id = create(&one, query.clone()).await;
        let text = csv(&one, &id).await;
        let same = create(&other, query.clone()).await;
        assert_eq!(csv(&other, &same).await, text);
        let rows = crate::bulk::table(&text);
        assert_eq!(rows[0].len(), 15);
        let cells = |row: &Vec<String>| {
            row.iter()
                .zip(&rows[0])
                .all(|(cell, name)| !cell.is_empty() || ["Tag", "Layout"].contains(&name.as_str()))
        };
        assert!(rows[1..].iter().all(cells));
        ids.extend(column(&rows, "Id"));
        let result = crate::bulk::job(&one, &id).await["result"].clone();
        let Some(token) = result.get("next_page_token") else { break };
        query = json!({ "page_token": token });
    }
    assert_eq!(ids.len(), 25_000);
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), 25_000);
    let last = json!({ "module": { "api_name": "Big" }, "fields": ["F0"], "page": 3 });
    assert_eq!(read(&one, last).await.len(), 5_001);
    let criteria = json!({ "field": { "api_name": "F0" }, "comparator": "equal", "value": "x" });
    let query = json!({ "query": { "module": { "api_name": "Big" }, "criteria": criteria } });
    assert_eq!(crate::bulk::ask(&one, "v8", &query).await.status, 501);
    let unknown = Simulator::builder().computed_records("Nope", 1).start().await;
    assert!(unknown.unwrap_err().to_string().contains("Nope"));
}
