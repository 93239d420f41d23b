//! `#[derive(Module)]`, with the real trait, serde and a simulator.

use serde::{Deserialize, Serialize};
use zcrm::{Client, Id, Module, Record, values::LineItem};
use zcrm_sim::Simulator;

#[derive(Debug, Module, Deserialize, Serialize)]
#[module("Leads")]
struct Lead {
    id: Id,
    #[serde(rename = "Last_Name")]
    last_name: String,
    #[serde(rename(serialize = "Mail", deserialize = "Email"), default)]
    email: Option<String>,
    #[serde(rename = "Company", alias = "Firm", skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip)]
    seen: bool,
    #[serde(skip_deserializing)]
    guess: u8,
    #[serde(rename = "$approved", default)]
    approved: bool,
}

#[derive(Module, Deserialize)]
#[module("Contacts")]
#[serde(rename_all(serialize = "lowercase", deserialize = "PascalCase"), default)]
#[derive(Default)]
struct Contact {
    email: Option<String>,
    r#title: Option<String>,
    #[serde(rename = "Account_Name", deserialize_with = "Option::deserialize")]
    account: Option<String>,
}

#[derive(Module, Deserialize)]
#[module("Quotes", crate = "zcrm")]
struct Quote {
    #[serde(rename = "Subject")]
    subject: Option<String>,
    #[module(not_listed)]
    #[serde(rename = "Quoted_Items", alias = "Product_Details")]
    lines: Option<Vec<LineItem>>,
}

/// A struct with a field that lists do not return.
#[derive(Debug, Module, Deserialize)]
#[module("Quotes")]
struct ListedLines {
    #[serde(rename = "Quoted_Items", alias = "Product_Details", default)]
    _lines: Vec<LineItem>,
}

#[test]
fn takes_field_names_from_serde() {
    assert_eq!(Lead::API_NAME, "Leads");
    assert_eq!(Lead::FIELDS, ["Last_Name", "Email", "Company", "$approved"]);
    assert_eq!(Contact::FIELDS, ["Email", "Title", "Account_Name"]);
    let contact: Contact = serde_json::from_str(r#"{"Email":"a","Title":"b"}"#).unwrap();
    assert_eq!((contact.email.as_deref(), contact.title.as_deref()), (Some("a"), Some("b")));
    assert!(contact.account.is_none());
    assert_eq!((Quote::API_NAME, Quote::FIELDS), ("Quotes", &["Subject"][..]));
    assert_eq!(ListedLines::FIELDS, ["Quoted_Items"]);
}

/// Creates a product.
async fn product(client: &Client) -> Id {
    let pump = Record::new().with("Product_Name", "Pump");
    client.records("Products").create(&pump).await.unwrap().id
}

#[tokio::test]
async fn lists_the_fields_of_the_struct() {
    for version in ["v2", "v8"] {
        let sim = Simulator::builder().records("Leads", 3).start().await.unwrap();
        let builder = zcrm_test_kit::builder(&sim).api_version(version.parse().unwrap());
        let client = zcrm_test_kit::logged_in(&sim, builder).await;
        let page = client.records_of::<Lead>().list().send().await.unwrap();
        let leads: Vec<Lead> = page.items.into_iter().map(Result::unwrap).collect();
        assert!(leads.len() == 3 && leads.iter().all(|lead| !lead.last_name.is_empty()));
        let journal = sim.journal();
        let query = &journal.entries().last().unwrap().query;
        let fields = ("fields".to_owned(), "Last_Name,Email,Company,$approved".to_owned());
        assert!(query.contains(&fields), "{query:?}");

        // line items, which v2 returns under another name, are read one record at a time
        let name = if version == "v2" { "Product_Details" } else { "Quoted_Items" };
        let line = LineItem::new(product(&client).await, 2);
        let mut quote = Record::new().with("Subject", "Pumps");
        quote.set_line_items([line]).unwrap();
        let id = client.records("Quotes").create(&quote).await.unwrap().id;
        let quotes = client.records_of::<Quote>();
        let listed = quotes.list().send().await.unwrap().all().unwrap().remove(0);
        assert!(listed.subject.is_some() && listed.lines.is_none());
        let read = quotes.get(&id).send().await.unwrap();
        assert_eq!(read.lines.unwrap().len(), 1);
        for refused in [
            client.records_of::<ListedLines>().list().send().await.unwrap_err(),
            client.records("Quotes").list().fields(["id", name]).send().await.unwrap_err(),
        ] {
            assert!(refused.to_string().contains(&format!("`{name}`")), "{refused}");
        }
        let dynamic = client.records("Quotes").list().all_fields().send().await.unwrap();
        let dynamic = dynamic.all().unwrap().remove(0);
        assert!(dynamic.line_items().unwrap_err().to_string().contains("lists leave"));
        let written = client.records("Leads").upsert_many([&leads[0]]).preview().unwrap();
        let body: serde_json::Value = serde_json::from_slice(written[0].body()).unwrap();
        assert!(body["data"][0].get("Mail").is_some());
        let id = leads[0].id.clone();
        let read: Record = client.record("Leads", id).get().send().await.unwrap();
        assert_eq!(read.get::<String>("Last_Name").unwrap().unwrap(), leads[0].last_name);
        assert!(!leads[0].seen && leads[0].guess == 0);
        let _ = (leads[0].approved, &leads[0].email, &leads[0].company);
    }
}

#[test]
fn reads_lines_of_both_versions_into_one_struct() {
    for text in
        [r#"{"Quoted_Items":[{"Quantity":1.50}]}"#, r#"{"Product_Details":[{"quantity":1.50}]}"#]
    {
        let quote: Quote = serde_json::from_str(text).unwrap();
        assert_eq!(quote.lines.unwrap()[0].quantity().unwrap().unwrap().as_str(), "1.50");
    }
}
