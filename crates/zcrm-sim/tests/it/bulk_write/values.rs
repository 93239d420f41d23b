//! The values of cells: delimiters, encodings, formats, lookups, defaults and picklists.

use serde_json::{Value, json};
use zcrm_sim::{DefaultDates, FieldKind, FieldSpec, ModuleSpec, Simulator};

use super::{at_once, create, immediate, result, start, upload, upload_csv, write, zip};
use crate::client::Http;

/// Starts a simulator with a module that has a field of each kind.
async fn houses(dates: DefaultDates) -> Http {
    let module = ModuleSpec::new("Houses")
        .layout("Cottage")
        .field(FieldSpec::new("Name", FieldKind::Text).mandatory())
        .field(FieldSpec::new("Built", FieldKind::Date))
        .field(FieldSpec::new("Sold", FieldKind::DateTime))
        .field(FieldSpec::new("Rooms", FieldKind::Integer))
        .field(FieldSpec::new("Code", FieldKind::BigInt).unique())
        .field(FieldSpec::new("Price", FieldKind::Currency))
        .field(FieldSpec::new("Free", FieldKind::Boolean))
        .field(FieldSpec::picklist("State", ["new", "used"]))
        .field(FieldSpec::new("Colours", FieldKind::MultiPicklist))
        .field(FieldSpec::new("Phone", FieldKind::Phone))
        .field(FieldSpec::lookup("Seller", "Contacts"))
        .field(FieldSpec::new("Number", FieldKind::AutoNumber));
    let settings = immediate().default_dates(dates);
    start(Simulator::builder().bulk_write(settings).module(module).unique("Contacts", "Phone"))
        .await
}

fn of(module: &str, mappings: Value) -> Value {
    json!({ "module": module, "field_mappings": mappings })
}

/// Writes rows of houses, and returns the records.
async fn house(http: &Http, csv: &str, resource: Value) -> Vec<Value> {
    let rows = write(http, "insert", csv, resource).await;
    let record = |[status, id, errors]: &[String; 3]| {
        assert_eq!(status, "added", "{errors}");
        http.sim.record("Houses", id).unwrap()
    };
    rows.iter().map(record).collect()
}

#[tokio::test]
async fn values_have_the_types_of_their_fields() {
    let http = houses(DefaultDates::MonthFirst).await;
    let csv = "Name,Built,Sold,Rooms,Code,Price,Free,State,Colours,Phone,Layout\n\
        \"A, \"\"B\"\"\nC\",03/09/2026,03/09/2026 13:30:00,4,123456789012345678,-1.50,TRUE,new,red;blue ;,+91 22 1,Cottage\n";
    let found = house(&http, csv, json!({ "module": "Houses" })).await;
    let house = &found[0];
    assert_eq!(house["Name"], "A, \"B\"\nC");
    assert_eq!([&house["Built"], &house["Sold"]], ["2026-03-09", "2026-03-09T13:30:00+05:30"]);
    assert_eq!(house["Rooms"], 4);
    assert_eq!(house["Code"], "123456789012345678");
    assert_eq!(house["Price"], -1.5);
    assert_eq!(house["Free"], true);
    assert_eq!(house["Colours"], json!(["red", "blue"]));
    assert_eq!(house["Layout"]["name"], "Cottage");
    assert_eq!(house["Number"], "1", "the system assigns numbers");
}

#[tokio::test]
async fn values_that_do_not_fit_are_invalid() {
    let http = houses(DefaultDates::MonthFirst).await;
    let csv = "Name,Built,Sold,Rooms,Code,Price,Free,Phone,Layout,Owner\n\
        A,2026-03-09,03/09/2026,four,x,1e3,1,call me,Palace,7\n";
    let rows = write(&http, "insert", csv, json!({ "module": "Houses" })).await;
    let all = "INVALID_DATA-Built,Sold,Rooms,Code,Price,Free,Layout,Owner,Phone";
    assert_eq!(rows, [["skipped", "", all].map(String::from)]);
}

#[tokio::test]
async fn dates_without_a_format_are_read_in_two_ways() {
    let http = houses(DefaultDates::Iso).await;
    let csv = "Name,Built,Sold\nA,2026-03-09,2026-03-09T08:00:00Z\n";
    let found = house(&http, csv, json!({ "module": "Houses" })).await;
    let wanted = ["2026-03-09", "2026-03-09T13:30:00+05:30"];
    assert_eq!([&found[0]["Built"], &found[0]["Sold"]], wanted);
}

#[tokio::test]
async fn a_format_says_how_dates_and_numbers_are_written() {
    let http = houses(DefaultDates::MonthFirst).await;
    let csv = "a|b|c|d|e\nA|9.3.2026|2026-03-09T09:00:00+01:00|1.234,5|1 234\n";
    let mappings = json!([
        { "api_name": "Name", "index": 0 },
        { "api_name": "Built", "index": 1, "format": "d.M.yyyy" },
        { "api_name": "Sold", "index": 2, "format": "yyyy-MM-dd'T'HH:mm:ssXXX" },
        { "api_name": "Price", "index": 3, "format": "#.###,##" },
        { "api_name": "Rooms", "index": 4, "format": "# ###" },
    ]);
    let found = house(&http, csv, of("Houses", mappings)).await;
    let wanted = ["2026-03-09", "2026-03-09T13:30:00+05:30"];
    assert_eq!([&found[0]["Built"], &found[0]["Sold"]], wanted);
    assert_eq!([&found[0]["Price"], &found[0]["Rooms"]], [&json!(1234.5), &json!(1234)]);
}

#[tokio::test]
async fn delimiters_and_encodings_are_recognised() {
    let http = at_once().await;
    for delimiter in [",", ";", ":", "|"] {
        let csv = "Last_Name,City\r\n\"Boyle,;:|\",Pune\r\n".replacen(',', delimiter, 1);
        let csv = csv.replace("\",Pune", &format!("\"{delimiter}Pune"));
        let rows = write(&http, "insert", &csv, json!({ "module": "Leads" })).await;
        let lead = http.sim.record("Leads", &rows[0][1]).unwrap();
        assert_eq!([&lead["Last_Name"], &lead["City"]], ["Boyle,;:|", "Pune"]);
    }
    let text = "Last_Name\nBöyle\n";
    let units = || text.encode_utf16();
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(units().flat_map(u16::to_le_bytes));
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    for (name, bytes) in [
        (Value::Null, text.as_bytes()),
        (Value::Null, &mark),
        (Value::Null, &utf16),
        (Value::Null, &latin),
        (json!("UTF-8"), text.as_bytes()),
        (json!("UTF-16BE"), &big),
        (json!("ISO-8859-1"), &latin),
    ] {
        let file_id = upload(&http, &zip(&[("a.csv", bytes)])).await;
        let resource = json!({ "module": "Leads", "file_id": file_id });
        let mut body = super::request("insert", resource);
        body["character_encoding"] = name.clone();
        let reply = super::ask(&http, &body).await;
        assert_eq!(reply.status, 201, "{name} {}", reply.text());
        let id = reply.json()["details"]["id"].as_str().unwrap().to_owned();
        let rows = result(&http, &id).await;
        let lead = http.sim.record("Leads", &rows[1][2]).unwrap();
        assert_eq!(lead["Last_Name"], "Böyle", "{name}");
    }
}

#[tokio::test]
async fn a_lookup_finds_its_record_by_a_field_of_the_other_module() {
    let http = houses(DefaultDates::MonthFirst).await;
    let contact = json!({ "Last_Name": "Boyle", "First_Name": "Bo", "Phone": "1" });
    let seller = http.sim.insert("Contacts", contact).unwrap();
    let csv = format!("Name,Seller.id\nA,{seller}\n");
    let found = house(&http, &csv, json!({ "module": "Houses" })).await;
    assert_eq!(found[0]["Seller"]["id"], seller);
    let csv = "Name,Seller.Phone\nA,1\n";
    let found = house(&http, csv, json!({ "module": "Houses" })).await;
    assert_eq!(found[0]["Seller"]["id"], seller);
    let by_name = |place: Value| {
        of(
            "Houses",
            json!([{ "api_name": "Name", "index": 0 }, { "api_name": "Seller", "index": 1, "find_by": place }]),
        )
    };
    let found = house(&http, "a,b\nA,bo boyle\n", by_name(json!("Full_Name"))).await;
    assert_eq!(found[0]["Seller"]["name"], "Bo Boyle");
    let rows = write(&http, "insert", "a,b\nA,Hooke\n,\n", by_name(json!("Full_Name"))).await;
    assert_eq!(rows[0], ["skipped", "", "INVALID_DATA-b"].map(String::from));
    assert_eq!(rows[1], ["skipped", "", "MANDATORY_NOT_FOUND-a"].map(String::from));
}

#[tokio::test]
async fn an_owner_is_found_by_id_or_address() {
    let http = at_once().await;
    let email = http.sim.user_email();
    let csv =
        format!("Last_Name,Owner.email\nBoyle,{}\nHooke,x@example.com\n", email.to_uppercase());
    let rows = write(&http, "insert", &csv, json!({ "module": "Leads" })).await;
    let lead = http.sim.record("Leads", &rows[0][1]).unwrap();
    assert_eq!(lead["Owner"]["email"], email);
    assert_eq!(rows[1], ["skipped", "", "INVALID_DATA-Owner.email"].map(String::from));
    let mappings = json!([
        { "api_name": "Last_Name", "index": 0 },
        { "api_name": "Owner", "default_value": { "value": lead["Owner"]["id"] } },
    ]);
    let rows = write(&http, "insert", "a\nWren\n", of("Leads", mappings)).await;
    assert_eq!(rows[0][0], "added");
}

#[tokio::test]
async fn a_lookup_of_any_module_names_its_module() {
    let http = at_once().await;
    let deal = json!({ "Deal_Name": "Roof", "Stage": "Qualification" });
    let deal = http.sim.insert("Deals", deal).unwrap();
    let mappings = json!([
        { "api_name": "Subject", "index": 0 },
        { "api_name": "What_Id", "index": 1, "find_by": "Deal_Name", "module": "Deals" },
    ]);
    let rows = write(&http, "insert", "a,b\nCall,Roof\n", of("Tasks", mappings)).await;
    let task = http.sim.record("Tasks", &rows[0][1]).unwrap();
    assert_eq!(task["What_Id"]["id"], deal);
    assert_eq!(task["Status"], "Not Started", "defaults of the module apply");
}

#[tokio::test]
async fn a_default_fills_empty_cells() {
    let http = at_once().await;
    let mappings = json!([
        { "api_name": "Last_Name", "index": 0 },
        { "api_name": "City", "index": 1, "default_value": { "value": "Pune" } },
        { "api_name": "No_of_Employees", "default_value": { "value": 12 } },
    ]);
    let rows = write(&http, "insert", "a,b\nBoyle,\nHooke,Agra\n", of("Leads", mappings)).await;
    let lead = |row: usize| http.sim.record("Leads", &rows[row][1]).unwrap();
    assert_eq!([&lead(0)["City"], &lead(1)["City"]], ["Pune", "Agra"]);
    assert_eq!(lead(1)["No_of_Employees"], 12);
}

#[tokio::test]
async fn unknown_values_of_picklists_are_added_to_their_lists() {
    let http = houses(DefaultDates::MonthFirst).await;
    let values = async |field: &str| {
        let fields = http.get("/crm/v8/settings/fields?module=Houses").await.rows();
        let field = fields.iter().find(|one| one["api_name"] == field).unwrap().clone();
        let values = field["pick_list_values"].as_array().unwrap().clone();
        values
            .iter()
            .map(|one| one["display_value"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(values("State").await, ["new", "used"]);
    let csv = "Name,State,Colours\nA,ruined,red;blue\nB,new,blue;green\n,burnt,black\n";
    write(&http, "insert", csv, json!({ "module": "Houses" })).await;
    assert_eq!(values("State").await, ["new", "used", "ruined"], "a row that is skipped adds none");
    assert_eq!(values("Colours").await, ["blue", "green", "red"]);
    let single =
        http.post("/crm/v8/Houses", &json!({ "data": [{ "Name": "C", "State": "odd" }] })).await;
    assert_eq!(single.status, 201);
    assert!(!values("State").await.contains(&String::from("odd")), "other writes add none");
    http.sim.reset().unwrap();
    let http = Http::logged_in(&http.sim).await;
    let fields = http.get("/crm/v8/settings/fields?module=Houses").await.text().to_owned();
    assert!(!fields.contains("ruined"));
}

#[tokio::test]
async fn rows_are_shorter_or_longer_than_the_header() {
    let http = at_once().await;
    let csv = "Last_Name,City,Country\nBoyle\nHooke,Pune,India,more\n\n";
    let file_id = upload_csv(&http, csv).await;
    let id = create(&http, "insert", json!({ "module": "Leads", "file_id": file_id })).await;
    let rows = result(&http, &id).await;
    assert_eq!(rows.len(), 3, "an empty line is not a row");
    assert_eq!(rows[1][..4], ["Boyle", "", "", "added"].map(String::from));
    assert_eq!(rows[2][..4], ["Hooke", "Pune", "India", "added"].map(String::from));
}
