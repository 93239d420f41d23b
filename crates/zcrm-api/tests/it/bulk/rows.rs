//! The values of rows, for each data type of a field.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use zcrm_api::bulk::CsvOptions;
use zcrm_core::{ApiVersion, Decimal, Id, Lookup, Module, Record, Tag, Timestamp};

use super::fixture::{Bulk, zipped};

/// The fields of the module, with the types that Zoho's metadata has.
fn fields() -> Value {
    let field = |name: &str, data_type: &str, json_type: &str| json!({ "api_name": name, "data_type": data_type, "json_type": json_type });
    let mut fields = vec![
        field("Last_Name", "text", "string"),
        field("Description", "textarea", "string"),
        field("Email", "email", "string"),
        field("Phone", "phone", "string"),
        field("Website", "website", "string"),
        field("Lead_Source", "picklist", "string"),
        field("Birthday", "date", "string"),
        field("Created_Time", "datetime", "string"),
        field("Employees", "integer", "integer"),
        field("Serial", "bigint", "string"),
        field("Score", "double", "double"),
        field("Amount", "currency", "double"),
        field("Share", "percent", "double"),
        field("Opt_Out", "boolean", "boolean"),
        field("Number", "autonumber", "string"),
        field("Account_Name", "lookup", "jsonobject"),
        field("Owner", "ownerlookup", "jsonobject"),
        field("Reviewer", "userlookup", "jsonobject"),
        field("Layout", "bigint", "jsonobject"),
        field("Tag", "text", "jsonarray"),
        field("Record_Image", "profileimage", "string"),
        field("Recurring_Activity", "RRULE", "jsonobject"),
    ];
    let returning = |name: &str, kind: &str, returns: &str| {
        json!({ "api_name": name, "data_type": kind, "json_type": "string",
            kind: { "return_type": returns } })
    };
    fields.push(returning("Margin", "formula", "currency"));
    fields.push(returning("Is_Big", "formula", "boolean"));
    fields.push(returning("Label", "formula", "text"));
    fields.push(returning("Sum", "rollup_summary", "double"));
    fields.push(json!({ "api_name": "Colours", "data_type": "multiselectpicklist",
        "json_type": "jsonarray", "pick_list_values": [
            { "display_value": "red", "actual_value": "red" },
            { "display_value": "dark, blue", "actual_value": "dark, blue" },
            { "display_value": "a;b", "actual_value": "a;b" },
        ] }));
    fields.into()
}

fn written(header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(header).unwrap();
    for row in rows {
        csv.write_record(row).unwrap();
    }
    csv.into_inner().unwrap()
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Lead<T>(T);

impl<T: DeserializeOwned> Module for Lead<T> {
    const API_NAME: &'static str = "Leads";
    const FIELDS: &'static [&'static str] = &[];
}

async fn read<T>(csv: &[u8], count: u64, options: CsvOptions) -> Vec<T>
where
    T: DeserializeOwned + Send + 'static,
{
    let mut bulk = Bulk::with_archive(zipped(&[("job.csv", csv)]), count);
    bulk.fields = fields();
    let (api, ..) = bulk.api(ApiVersion::V8);
    let job = api.records_of::<Lead<T>>().bulk_read().await.unwrap();
    let rows = job.wait().await.unwrap().with(options).stream().collect().await.unwrap();
    rows.into_iter().map(|Lead(row)| row).collect()
}

#[tokio::test]
async fn gives_records_the_values_of_other_operations() {
    let csv = concat!(
        "Id,Last_Name,Description,Employees,Serial,Amount,Opt_Out,Owner,Layout,Colours,Tag,Margin,",
        "Is_Big,Label,Sum,Owner.last_name,Created_Time,Recurring_Activity\r\n",
        "1,\"O'Neil, \"\"P\"\"\",\"two\nlines\",12,1234567890123456789,1.50,true,9,77,",
        "\"red;dark, blue\",\"hot,new\",0.10,false,x,3.0,Boyle,2026-05-24T17:05:12+05:30,",
        "FREQ=DAILY\r\n",
        "2,,,,,,,,,,,,,,,,,\r\n",
    );
    let rows: Vec<Record> = read(csv.as_bytes(), 2, CsvOptions::new()).await;
    let expected = concat!(
        r#"{"id":"1","Last_Name":"O'Neil, \"P\"","Description":"two\nlines","Employees":12,"#,
        r#""Serial":"1234567890123456789","Amount":1.50,"Opt_Out":true,"Owner":{"id":"9"},"#,
        r#""Layout":{"id":"77"},"Colours":["red","dark, blue"],"#,
        r#""Tag":[{"name":"hot"},{"name":"new"}],"Margin":0.10,"Is_Big":false,"Label":"x","#,
        r#""Sum":3.0,"Owner.last_name":"Boyle","Created_Time":"2026-05-24T17:05:12+05:30","#,
        r#""Recurring_Activity":"FREQ=DAILY"}"#,
    );
    assert_eq!(rows[0].to_json(), expected);
    assert!(rows[1].names().skip(1).all(|name| rows[1].raw(&name) == Some("null")));
    assert_eq!(rows[1].id().unwrap(), "2");
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
enum Colour {
    Red,
    Blue,
}

#[derive(Debug, Deserialize)]
struct OwnerRef {
    id: Id,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Typed {
    id: Id,
    #[serde(rename = "Last_Name")]
    last_name: String,
    #[serde(rename = "City")]
    city: Option<String>,
    #[serde(rename = "Employees")]
    employees: Option<u16>,
    #[serde(rename = "Score")]
    score: f64,
    #[serde(rename = "Amount")]
    amount: Decimal,
    #[serde(rename = "Opt_Out")]
    opt_out: bool,
    #[serde(rename = "Created_Time")]
    created: Timestamp,
    #[serde(rename = "Owner")]
    owner: OwnerRef,
    #[serde(rename = "Reviewer")]
    reviewer: Id,
    #[serde(rename = "Account_Name")]
    account: Option<Lookup>,
    #[serde(rename = "Colours")]
    colours: Vec<String>,
    #[serde(rename = "Colour")]
    colour: Colour,
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
    #[serde(rename = "Account_Name.Industry")]
    industry: Option<String>,
    #[serde(default)]
    absent: Option<String>,
}

#[tokio::test]
async fn reads_custom_types() {
    let csv = concat!(
        "Id,Last_Name,City,Employees,Score,Amount,Opt_Out,Created_Time,Owner,Reviewer,Account_Name,",
        "Colours,Colour,Tag,Account_Name.Industry,Unknown\n",
        "1,Boyle,,12,0.5,1999.90,false,2026-05-24T17:05:12+05:30,9,8,7,red;green,Blue,hot,Toys,x\n",
        "2,,Pune,,-1,0,true,2026-05-24T17:05:12Z,9,8,,,Red,,,\n",
    );
    let rows: Vec<Typed> = read(csv.as_bytes(), 2, CsvOptions::new()).await;
    let [one, two] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((one.id.as_str(), one.last_name.as_str(), &one.city), ("1", "Boyle", &None));
    assert_eq!((one.employees, one.score, one.amount.as_str()), (Some(12), 0.5, "1999.90"));
    assert_eq!(
        (one.opt_out, one.created.to_string().as_str()),
        (false, "2026-05-24T17:05:12+05:30")
    );
    assert_eq!((&one.owner.id, &one.owner.name), (&Id::from("9"), &None));
    assert_eq!((one.reviewer.as_str(), one.account.as_ref().unwrap().id.as_str()), ("8", "7"));
    assert_eq!(one.colours, ["red", "green"]);
    assert_eq!((&one.colour, one.tags.len()), (&Colour::Blue, 1));
    assert_eq!(one.industry.as_deref(), Some("Toys"));
    assert_eq!((two.last_name.as_str(), two.employees, two.score), ("", None, -1.0));
    assert!(two.account.is_none() && two.colours.is_empty() && two.tags.is_empty());
    assert_eq!((&two.colour, &two.absent, two.opt_out), (&Colour::Red, &None, true));
}

#[tokio::test]
async fn reads_flattened_and_untyped_members() {
    #[derive(Deserialize)]
    struct Open {
        id: Id,
        #[serde(flatten)]
        others: BTreeMap<String, Value>,
    }
    let csv = b"Id,Employees,Score,Opt_Out,Owner,City,Colours\n1,-3,0.5,true,9,,red;a;b\n";
    let rows: Vec<Open> = read(csv, 1, CsvOptions::new()).await;
    let expected = json!({ "Employees": -3, "Score": 0.5, "Opt_Out": true, "Owner": "9",
        "City": null, "Colours": ["red", "a", "b"] });
    assert_eq!((rows[0].id.as_str(), json!(rows[0].others)), ("1", expected));

    let rows: Vec<BTreeMap<String, Option<String>>> =
        read(csv, 1, CsvOptions::new().untyped()).await;
    assert_eq!(rows[0]["Employees"].as_deref(), Some("-3"));
    assert_eq!(rows[0]["City"], None);
}

#[tokio::test]
async fn reads_other_delimiters_line_ends_and_a_byte_order_mark() {
    let csv = "\u{feff}\"Id\";\"City\"\r\n\"1\";\"Pune; old\"\r\n";
    let options = CsvOptions::new().untyped().delimiter(b';');
    let rows: Vec<Record> = read(csv.as_bytes(), 1, options).await;
    assert_eq!(rows[0].to_json(), r#"{"id":"1","City":"Pune; old"}"#);
}

/// Values that are stored, as a list of records would show them, beside their cells.
fn text() -> impl Strategy<Value = (Value, String)> {
    "[^\\r\u{0}]{0,20}"
        .prop_map(|text| (if text.is_empty() { Value::Null } else { json!(text) }, text))
}

fn number() -> impl Strategy<Value = (Value, String)> {
    (any::<i32>(), 0_u8..100).prop_map(|(whole, cents)| {
        let text = format!("{whole}.{cents:02}");
        (serde_json::from_str(&text).unwrap(), text)
    })
}

fn row() -> impl Strategy<Value = Vec<(&'static str, (Value, String))>> {
    let lookup = any::<u64>().prop_map(|id| (json!({ "id": id.to_string() }), id.to_string()));
    let colours = proptest::sample::subsequence(vec!["red", "dark, blue", "green"], 0..=3);
    let colours = colours.prop_map(|values| match values.is_empty() {
        true => (Value::Null, String::new()),
        false => (json!(values), values.join(";")),
    });
    let tags = proptest::sample::subsequence(vec!["hot", "new one"], 1..=2).prop_map(|names| {
        (names.iter().map(|name| json!({ "name": name })).collect(), names.join(","))
    });
    let date = (1900..2100, 1..=12, 1..=28)
        .prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}"))
        .prop_map(|text| (json!(text), text));
    let whole = any::<i64>().prop_map(|number| (json!(number), number.to_string()));
    let truth = any::<bool>().prop_map(|truth| (json!(truth), truth.to_string()));
    let big = any::<u64>().prop_map(|number| (json!(number.to_string()), number.to_string()));
    (text(), text(), number(), whole, truth, big, lookup, colours, tags, date).prop_map(
        |(last, lines, amount, whole, truth, big, lookup, colours, tags, date)| {
            vec![
                ("Last_Name", last),
                ("Description", lines),
                ("Amount", amount),
                ("Employees", whole),
                ("Opt_Out", truth),
                ("Serial", big),
                ("Account_Name", lookup),
                ("Colours", colours),
                ("Tag", tags),
                ("Birthday", date),
            ]
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn returns_every_value_of_every_data_type(rows in proptest::collection::vec(row(), 1..40)) {
        let header: Vec<&str> = rows[0].iter().map(|(name, _)| *name).collect();
        let cells: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|(_, (_, cell))| cell.clone()).collect()).collect();
        let csv = written(&header, &cells);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let count = rows.len() as u64;
        let read: Vec<Record> = runtime.block_on(read(&csv, count, CsvOptions::new()));
        prop_assert_eq!(read.len(), rows.len());
        for (record, row) in read.iter().zip(&rows) {
            for (name, (value, _)) in row {
                let found: Value = serde_json::from_str(record.raw(name).unwrap()).unwrap();
                prop_assert_eq!(&found, value, "{}", name);
            }
        }
    }
}
