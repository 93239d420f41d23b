//! Values of fields, written and read in all versions.

use serde_json::{Value, json};
use zcrm_api::{Api, operations::USERS_LIST};
use zcrm_core::{
    ApiVersion, Decimal, Discount, Id, LineItem, LineTax, Participant, ParticipantKind, PriceRange,
    Record, Recurrence, Timestamp,
};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec};

use crate::canned::canned;
use crate::fixture::{Fixture, on_both_versions};

const VERSIONS: [ApiVersion; 8] = [
    ApiVersion::V2,
    ApiVersion::V2_1,
    ApiVersion::V3,
    ApiVersion::V4,
    ApiVersion::V5,
    ApiVersion::V6,
    ApiVersion::V7,
    ApiVersion::V8,
];

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Creates a fixture with a module that has a subform.
async fn fixture(version: ApiVersion) -> Fixture {
    let tours = ModuleSpec::new("Tours")
        .field(FieldSpec::new("Name", FieldKind::Text))
        .field(FieldSpec::new("Visits", FieldKind::Subform));
    Fixture::with(version, |sim| sim.module(tours)).await
}

async fn product(api: &Api, name: &str) -> Id {
    let row = Record::new().with("Product_Name", name);
    api.records("Products").create(&row).await.unwrap().id
}

fn cities(rows: &[Record]) -> Vec<String> {
    rows.iter().map(|row| row.get("City").unwrap().unwrap()).collect()
}

fn visit(city: &str) -> Record {
    Record::new().with("City", city)
}

#[tokio::test]
async fn changes_rows_alike_in_every_version() {
    for version in VERSIONS {
        let Fixture { sim: _sim, api } = fixture(version).await;
        let tours = api.records("Tours");
        let mut tour = Record::new().with("Name", "North");
        tour.append_rows("Visits", ["Pune", "Agra", "Delhi"].map(visit)).unwrap();
        let id = tours.create(&tour).await.unwrap().id;
        let stored = async || tours.get(&id).send().await.unwrap().subform("Visits").unwrap();
        assert_eq!(cities(&stored().await), ["Pune", "Agra", "Delhi"], "{version}");

        // through the record that was read
        let mut tour = tours.get(&id).send().await.unwrap();
        let agra = tour.subform("Visits").unwrap()[1].id().unwrap();
        tour.delete_rows("Visits", [&agra]).unwrap();
        tour.append_rows("Visits", [visit("Goa")]).unwrap();
        assert_eq!(cities(&tour.subform("Visits").unwrap()), ["Pune", "Delhi", "Goa"]);
        tours.update_many([&tour]).send().await.unwrap().all().unwrap();
        let before = stored().await;
        assert_eq!(cities(&before), ["Pune", "Delhi", "Goa"], "{version}");

        // writing back an unchanged record changes nothing
        let same = tours.get(&id).send().await.unwrap();
        tours.update_many([&same]).send().await.unwrap().all().unwrap();
        let texts = |rows: &[Record]| -> Vec<String> {
            rows.iter().map(|row| row.to_json().into_owned()).collect()
        };
        assert_eq!(texts(&stored().await), texts(&before), "{version}");

        // through the handle
        let rows = api.record("Tours", &id).rows("Visits");
        rows.create_many([visit("Kochi")]).await.unwrap();
        assert_eq!(
            cities(&rows.get().await.unwrap()),
            ["Pune", "Delhi", "Goa", "Kochi"],
            "{version}"
        );
        rows.delete_many([before[0].id().unwrap()]).await.unwrap();
        assert_eq!(cities(&rows.get().await.unwrap()), ["Delhi", "Goa", "Kochi"], "{version}");
        let mut delhi = before[1].clone();
        delhi.set("City", "New Delhi").unwrap();
        rows.replace_all([delhi, visit("Ooty")]).await.unwrap();
        let now = rows.get().await.unwrap();
        assert_eq!(cities(&now), ["New Delhi", "Ooty"], "{version}");
        assert_eq!(now[0].id(), before[1].id(), "{version}");
        rows.replace_all(Vec::<Record>::new()).await.unwrap();
        assert!(rows.get().await.unwrap().is_empty(), "{version}");
        rows.create_many([visit("Leh")]).await.unwrap();
        assert_eq!(cities(&rows.get().await.unwrap()), ["Leh"], "{version}");
    }
}

#[tokio::test]
async fn keeps_rows_that_another_client_changed() {
    let Fixture { sim, api } = fixture(ApiVersion::V2).await;
    let mut tour = Record::new().with("Name", "North");
    tour.append_rows("Visits", [visit("Pune")]).unwrap();
    let id = api.records("Tours").create(&tour).await.unwrap().id;
    let hold = sim.faults().method("PUT").hold();
    let rows = api.record("Tours", &id).rows("Visits");
    let append = tokio::spawn(async move { rows.create_many([visit("Goa")]).await });
    while hold.arrived() == 0 {
        tokio::task::yield_now().await;
    }
    sim.advance(std::time::Duration::from_secs(5));
    api.record("Tours", &id).update(&json!({ "Name": "South" })).send().await.unwrap();
    hold.release();
    let error = append.await.unwrap().unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let stored = api.record("Tours", &id).rows("Visits").get().await.unwrap();
    assert_eq!(cities(&stored), ["Pune"]);
}

#[test]
fn refuses_to_change_rows_that_were_not_read() {
    let mut record: Record = r#"{"id":"1","Name":"x"}"#.parse().unwrap();
    for error in [
        record.append_rows("Visits", [visit("Goa")]).unwrap_err(),
        record.replace_rows("Visits", [visit("Goa")]).unwrap_err(),
        record.delete_rows("Visits", ["1"]).unwrap_err(),
    ] {
        assert!(error.to_string().contains("the rows of `Visits` are not known"), "{error}");
    }
    assert_eq!(record.to_json(), r#"{"id":"1","Name":"x"}"#);
    let mut known: Record = r#"{"id":"1","Visits":[{"id":"7"}],"None":null}"#.parse().unwrap();
    assert!(known.delete_rows("Visits", ["8"]).unwrap_err().to_string().contains("`8`"));
    let foreign = Record::new().with("id", "9");
    assert!(known.replace_rows("Visits", [&foreign]).unwrap_err().to_string().contains("`9`"));
    known.append_rows("None", [visit("Goa")]).unwrap();
    assert_eq!(known.subform("None").unwrap().len(), 1);
}

/// Bodies as on Zoho's pages: "Update Records" of v2, where omitted rows are deleted (Kaizen #9 for
/// line items), and of v8, with `_delete`.
#[test]
fn writes_rows_and_line_items_in_each_version() {
    let sent = |mut quote: Record, version| -> Value {
        let lines = quote.line_items().unwrap();
        let name = quote.line_items_name().into_owned();
        quote.delete_rows(&name, [lines[1].id().unwrap().unwrap()]).unwrap();
        quote.append_rows(&name, [LineItem::new("50", decimal("1.50"))]).unwrap();
        let written = quote.for_version("Quotes", version).unwrap();
        serde_json::from_str(&written.to_json()).unwrap()
    };
    let v2: Record = r#"{"Product_Details":[{"id":"1","quantity":2,"list_price":9.90},{"id":"2"}]}"#
        .parse()
        .unwrap();
    let v8: Record = r#"{"Quoted_Items":[{"id":"1","Quantity":2,"List_Price":9.90},{"id":"2"}]}"#
        .parse()
        .unwrap();
    let old = json!({ "Product_Details": [
        { "id": "1", "quantity": 2, "list_price": 9.90 },
        { "product": { "id": "50" }, "quantity": 1.50 },
    ] });
    let new = json!({ "Quoted_Items": [
        { "id": "1", "Quantity": 2, "List_Price": 9.90 },
        { "id": "2", "_delete": null },
        { "Product_Name": { "id": "50" }, "Quantity": 1.50 },
    ] });
    assert_eq!(sent(v2.clone(), ApiVersion::V2), old);
    assert_eq!(sent(v8.clone(), ApiVersion::V8), new);
    // a record read in one version can be written in another
    assert_eq!(sent(v8, ApiVersion::V2), old);
    assert_eq!(sent(v2, ApiVersion::V8), new);
}

on_both_versions! {
    async fn keeps_digits_and_discounts_of_line_items(version) {
        let Fixture { sim: _sim, api } = Fixture::new(version).await;
        let (one, two) = (product(&api, "Pump").await, product(&api, "Hose").await);
        let mut quote = Record::new().with("Subject", "Offer 7");
        let lines = [
            LineItem::new(one, decimal("1.5"))
                .with_list_price(decimal("1999.9"))
                .with_discount(Discount::Percent(decimal("12.5"))),
            LineItem::new(two, 3)
                .with_list_price(decimal("7.25"))
                .with_discount(Discount::Amount(decimal("0.75")))
                .with_description("blue")
                .with_line_taxes([LineTax::new("Vat", decimal("4.75"))]),
        ];
        quote.set_line_items(lines).unwrap();
        let quotes = api.records("Quotes");
        let id = quotes.create(&quote).await.unwrap().id;

        let read = quotes.get(&id).send().await.unwrap();
        let name = if version == ApiVersion::V2 { "Product_Details" } else { "Quoted_Items" };
        assert_eq!(read.line_items_name(), name);
        let [pump, hose] = &read.line_items().unwrap()[..] else { panic!("{read:?}") };
        assert_eq!(pump.product().unwrap().unwrap().name.as_deref(), Some("Pump"));
        assert_eq!(pump.quantity().unwrap().unwrap().as_str(), "1.5");
        assert_eq!(pump.list_price().unwrap(), Some(decimal("1999.90")));
        assert_eq!(pump.discount().unwrap(), Some(Discount::Percent(decimal("12.5"))));
        assert_eq!(hose.discount().unwrap(), Some(Discount::Amount(decimal("0.75"))));
        assert_eq!(hose.description().unwrap().as_deref(), Some("blue"));
        let tax = hose.line_taxes().unwrap().unwrap().remove(0);
        assert_eq!(tax.percentage().unwrap(), Some(decimal("4.75")));

        // one line item is changed, the other is written back unchanged
        let mut lines = read.line_items().unwrap();
        lines[0] = lines.remove(0).with_quantity(decimal("2.25"));
        lines.insert(1, hose.clone());
        let mut change = Record::new();
        change.set_line_items(lines).unwrap();
        quotes.update(&id, &change).await.unwrap();
        let after = quotes.get(&id).send().await.unwrap().line_items().unwrap();
        assert_eq!(after[0].id().unwrap(), pump.id().unwrap());
        assert_eq!(after[0].quantity().unwrap().unwrap().as_str(), "2.25");
        assert_eq!(after[1].record().to_json(), hose.record().to_json());
    }

    async fn reads_activities_and_price_books_as_written(version) {
        let Fixture { sim: _sim, api } = Fixture::new(version).await;
        let from: Timestamp = "2026-05-24T17:05:12+05:30".parse().unwrap();
        let until: Timestamp = "2026-05-24T18:05:12+05:30".parse().unwrap();
        let rule = "FREQ=DAILY;INTERVAL=2;DTSTART=2026-08-29;UNTIL=2026-09-29";
        let mut event = Record::new().with("Event_Title", "Review");
        event.set("Start_DateTime", from).unwrap();
        event.set("End_DateTime", until).unwrap();
        let users = api.call(&USERS_LIST).param("type", "AllUsers").list::<Record>().await.unwrap();
        let user = users.items[0].as_ref().unwrap().id().unwrap();
        let people = [Participant::address("p@example.com"), Participant::user(user)];
        event.set("Participants", people).unwrap();
        event.set("Recurring_Activity", Recurrence::new(rule)).unwrap();
        let id = api.records("Events").create(&event).await.unwrap().id;
        let read = api.record("Events", &id).get().send().await.unwrap();
        let people = read.participants().unwrap();
        assert_eq!(people[0].participant().unwrap().as_deref(), Some("p@example.com"));
        assert_eq!(people[1].kind().unwrap(), Some(ParticipantKind::USER));
        let start = read.timestamp("Start_DateTime").unwrap().unwrap();
        assert_eq!(start.time(), from.time());
        assert_eq!(read.recurrence().unwrap().unwrap().part("INTERVAL").unwrap().as_deref(), Some("2"));

        let mut book = Record::new().with("Price_Book_Name", "Resellers");
        book.append_rows("Pricing_Details", [PriceRange::new(1, 99, decimal("2.5"))]).unwrap();
        let id = api.records("Price_Books").create(&book).await.unwrap().id;
        let ranges = api.record("Price_Books", &id).get().send().await.unwrap();
        let ranges = ranges.price_ranges().unwrap();
        assert_eq!(ranges[0].discount().unwrap(), Some(decimal("2.5")));
        assert_eq!(ranges[0].to().unwrap(), Some(Decimal::from(99)));
    }
}

/// Without the time, a concurrent change of the rows would not be detected.
#[tokio::test]
async fn refuses_to_change_rows_without_a_modified_time() {
    let record = json!({ "data": [{ "id": "5", "Visits": [{ "id": "1" }, { "id": "2" }] }] });
    for version in [ApiVersion::V2, ApiVersion::V8] {
        let (api, sent) = canned(version, 200, &[], record.to_string());
        let visits = api.record("Tours", "5").rows("Visits");
        let error = visits.delete_many(["1"]).await.unwrap_err();
        assert!(error.to_string().contains("Modified_Time"), "{error}");
        assert!(visits.replace_all([visit("Pune")]).await.is_err());
        assert!(sent.lock().unwrap().iter().all(|request| request.method() == "GET"));
    }
}
