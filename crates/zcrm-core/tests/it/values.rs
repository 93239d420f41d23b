//! Values of any type are kept, and changes to rows have the same effect in every version.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::{Value, value::RawValue};
use zcrm_core::{
    Alarm, ApiVersion, Decimal, Discount, FileField, LineItem, Link, Patch, Record, Reminder, Tax,
};

/// Applies a list of rows to a record as Zoho does in an update (zoho-api.md §5).
///
/// An empty list deletes all rows. A row with a known id changes that row, or deletes it with
/// `_delete`. Other rows are new. Rows that are not mentioned are deleted in v2 and kept from v5
/// on.
fn merged(old: &[Record], sent: &[Record], version: ApiVersion) -> Vec<Record> {
    if sent.is_empty() {
        return Vec::new();
    }
    let keeps = version >= ApiVersion::V5;
    let mentioned = |row: &Record| sent.iter().find(|sent| sent.id() == row.id());
    let stay = old.iter().filter_map(|row| match mentioned(row) {
        None => keeps.then(|| row.clone()),
        Some(change) if change.contains("_delete") => {
            assert!(keeps, "v2 does not support `_delete`");
            None
        }
        Some(change) => {
            let mut row = row.clone();
            row.merge(change);
            Some(row)
        }
    });
    stay.chain(sent.iter().filter(|row| row.id().is_none()).cloned()).collect()
}

#[derive(Clone, Debug)]
enum Change {
    Append(u8),
    Delete(usize),
    Replace(u8),
    Keep(usize, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<u8>().prop_map(Change::Append),
        (0..8usize).prop_map(Change::Delete),
        any::<u8>().prop_map(Change::Replace),
        (0..8usize, any::<u8>()).prop_map(|(at, value)| Change::Keep(at, value)),
    ]
}

fn row(value: u8) -> Record {
    Record::new().with("N", value)
}

fn numbers(rows: &[Record]) -> Vec<u8> {
    rows.iter().map(|row| row.get("N").unwrap().unwrap()).collect()
}

proptest! {
    #[test]
    fn changes_rows_with_the_same_effect_in_every_version(
        start in 0..5u8,
        changes in prop::collection::vec(change(), 0..6),
    ) {
        let existing: Vec<Record> = (0..start).map(|n| row(n).with("id", format!("{n}"))).collect();
        let mut record = Record::new().with("id", "1");
        record.set("Rows", &existing).unwrap();
        // read again, so that the existing rows are not edits
        let mut record = Record::from_json(record.to_json().into_owned()).unwrap();
        for change in changes {
            let rows = record.subform("Rows").unwrap();
            let known: Vec<Record> = rows.into_iter().filter(|row| row.contains("id")).collect();
            match change {
                Change::Append(value) => record.append_rows("Rows", [row(value)]).unwrap(),
                Change::Replace(value) => record.replace_rows("Rows", [row(value)]).unwrap(),
                Change::Delete(at) => {
                    if let Some(row) = known.get(at) {
                        record.delete_rows("Rows", [row.id().unwrap()]).unwrap();
                    }
                }
                Change::Keep(at, value) => {
                    if let Some(kept) = known.get(at) {
                        let kept = kept.clone().with("N", value);
                        record.replace_rows("Rows", [kept]).unwrap();
                    }
                }
            }
        }
        let wanted = numbers(&record.subform("Rows").unwrap());
        for version in [ApiVersion::V2, ApiVersion::V4, ApiVersion::V5, ApiVersion::V8] {
            let written = record.clone().for_version("Tours", version).unwrap();
            let sent: Vec<Record> = written.get("Rows").unwrap().unwrap();
            prop_assert_eq!(numbers(&merged(&existing, &sent, version)), wanted.clone(), "{}", version);
        }
    }

    #[test]
    fn keeps_all_members_and_digits_of_line_items(
        lines in prop::collection::vec(
            prop::collection::btree_map("[A-Z][a-z]{1,6}_X", "[0-9]{1,30}\\.[0-9]{1,20}", 0..4),
            0..4,
        ),
        quantity in "[0-9]{1,20}\\.[0-9]{1,20}",
    ) {
        let mut quote = Record::new();
        let items = lines.iter().map(|members| {
            let mut line = LineItem::new("7", quantity.trim_start_matches('0').parse::<Decimal>()
                .unwrap_or_else(|_| 1.into()));
            for (name, value) in members {
                let text = format!("\"{value}\"");
                let raw: &RawValue = serde_json::from_str(&text).unwrap();
                line.record_mut().set(name, raw).unwrap();
            }
            line
        });
        quote.set_line_items(items).unwrap();
        let new = quote.clone().for_version("Quotes", ApiVersion::V8).unwrap();
        let old = new.clone().for_version("Quotes", ApiVersion::V2).unwrap();
        let again = old.clone().for_version("Quotes", ApiVersion::V8).unwrap();
        prop_assert_eq!(again.to_json(), new.to_json());
        for record in [&new, &old] {
            let read = record.line_items().unwrap();
            prop_assert_eq!(read.len(), lines.len());
            for (line, members) in read.iter().zip(&lines) {
                let wanted = quote.line_items().unwrap()[0].quantity().unwrap().unwrap();
                let digits = line.quantity().unwrap().unwrap();
                prop_assert_eq!(digits.as_str(), wanted.as_str());
                for (name, value) in members {
                    let read = line.record().get::<String>(name).unwrap();
                    prop_assert_eq!(read.as_ref(), Some(value));
                }
            }
        }
    }

    #[test]
    fn keeps_null_absent_and_empty_members(
        members in prop::collection::btree_map("[A-Z][a-z]{1,6}", 0..4u8, 1..6),
    ) {
        let values = ["null", "[]", "\"\"", "{}"];
        let text: Vec<String> = members
            .iter()
            .map(|(name, kind)| format!("\"{name}\":{}", values[usize::from(*kind)]))
            .collect();
        let record: Record = format!("{{{}}}", text.join(",")).parse().unwrap();
        for (name, kind) in &members {
            let member = record.member::<Value>(name).unwrap();
            prop_assert_eq!(matches!(member, Patch::Null), *kind == 0);
            let mut copy = Record::new();
            copy.set(name, record.raw(name).map(|raw| serde_json::from_str::<&RawValue>(raw).unwrap())).unwrap();
            prop_assert_eq!(copy.raw(name), record.raw(name));
        }
        prop_assert_eq!(record.member::<Value>("absent").unwrap(), Patch::Absent);
        for version in [ApiVersion::V2, ApiVersion::V8] {
            let written = record.clone().for_version("Leads", version).unwrap();
            prop_assert_eq!(written.to_json(), record.to_json());
        }
    }
}

/// Reads each typed value of a record and writes it back as the same text.
#[test]
fn writes_typed_values_back_as_the_same_text() {
    let text = r#"{"Owner":{"name":"P","id":"1","email":"p@example.com"},"Layout":{"name":"L","id":"2"},"Tag":[{"name":"Hot","id":"3","odd":1.50}],"Tax":["Vat",{"id":"4","value":"Gst - 5 %","more":[1.0]}],"Quoted_Items":[{"id":"5","Quantity":1.50,"Discount":"12.5%","Line_Tax":[{"percentage":4.750}],"odd":{"a":1.00}}],"Participants":[{"type":"robot","participant":"7","new":true}],"Pricing_Details":[{"from_range":1.0,"to_range":2.50}],"Recurring_Activity":{"RRULE":"FREQ=DAILY","EXDATE":"2026-01-01","x":1},"Remind_At":[{"unit":15,"period":"minutes","time":"08:00"}],"Offer":[{"File_Id__s":"f","Size__s":"10","x":null}],"Wanted":[{"id":"8","Product":{"id":"9"}}],"Colours":["red","blue"],"Closing_Date":"2026-05-24","Modified_Time":"2026-05-24T17:05:12+05:30","Amount":0.10}"#;
    let record: Record = text.parse().unwrap();
    let mut back = Record::new();
    let reference = |name: &str| record.lookup(name).unwrap().unwrap();
    back.set("Owner", record.owner().unwrap()).unwrap();
    assert_eq!(reference("Owner").id, "1");
    back.set("Layout", record.layout().unwrap()).unwrap();
    back.set("Tag", record.tags().unwrap()).unwrap();
    back.set("Tax", record.taxes().unwrap()).unwrap();
    back.set("Quoted_Items", record.line_items().unwrap()).unwrap();
    back.set("Participants", record.participants().unwrap()).unwrap();
    back.set("Pricing_Details", record.price_ranges().unwrap()).unwrap();
    back.set("Recurring_Activity", record.recurrence().unwrap()).unwrap();
    back.set("Remind_At", record.reminders().unwrap()).unwrap();
    back.set("Offer", record.files("Offer").unwrap()).unwrap();
    back.set("Wanted", record.links("Wanted").unwrap()).unwrap();
    back.set("Colours", record.choices("Colours").unwrap()).unwrap();
    back.set("Closing_Date", record.date("Closing_Date").unwrap()).unwrap();
    back.set("Modified_Time", record.timestamp("Modified_Time").unwrap()).unwrap();
    back.set("Amount", record.decimal("Amount").unwrap()).unwrap();
    for name in record.names() {
        let same: BTreeMap<&str, Option<&str>> =
            [("was", record.raw(&name)), ("is", back.raw(&name))].into();
        if !matches!(&*name, "Owner" | "Layout") {
            assert_eq!(same["was"], same["is"], "{name}");
        }
    }
    assert_eq!(record.names().count(), back.names().count());
    assert_eq!(record.date("Closing_Date").unwrap(), NaiveDate::from_ymd_opt(2026, 5, 24));
}

#[test]
fn reads_both_names_and_writes_the_existing_one() {
    let old = LineItem::from(r#"{"quantity":1,"book":{"id":"7"}}"#.parse::<Record>().unwrap());
    assert_eq!(old.price_book().unwrap().unwrap().id, "7");
    let changed = old.with_quantity(2).with_net_total(Decimal::from(9));
    assert_eq!(changed.record().to_json(), r#"{"quantity":2,"book":{"id":"7"},"Net_Total":9}"#);
    let file =
        FileField::from(r#"{"attachment_Id":"1","file_Name":"a"}"#.parse::<Record>().unwrap());
    assert_eq!(file.id().unwrap().unwrap(), "1");
    assert_eq!(file.name().unwrap().as_deref(), Some("a"));
    let link = Link::to("Product", "9").with_id("3");
    assert_eq!(link.record().to_json(), r#"{"Product":{"id":"9"},"id":"3"}"#);
    let reminder = Reminder::before(2, "hours");
    assert_eq!(reminder.record().to_json(), r#"{"unit":2,"period":"hours"}"#);
    assert_eq!(Alarm::new("ACTION=EMAIL").part("TRIGGER").unwrap(), None);
}

#[test]
fn refuses_discounts_and_taxes_of_other_types() {
    let discount = |text: &str| serde_json::from_str::<Discount>(text);
    assert_eq!(discount("5").unwrap(), Discount::Amount(5.into()));
    assert_eq!(discount("\"5 %\"").unwrap(), Discount::Percent(5.into()));
    assert_eq!(discount("\"5\"").unwrap(), Discount::Amount(5.into()));
    for invalid in ["\"five\"", "null", "[]", "\"%\""] {
        let error = discount(invalid).unwrap_err().to_string();
        assert!(error.contains("discount") && !error.contains("five"), "{error}");
    }
    assert!(serde_json::from_str::<Tax>("7").unwrap_err().to_string().contains("a tax must be"));
    let wrong: Record = r#"{"Tag":"Hot","Quoted_Items":{}}"#.parse().unwrap();
    assert!(wrong.tags().unwrap_err().to_string().contains("`Tag`"));
    assert!(wrong.line_items().unwrap_err().to_string().contains("`Quoted_Items`"));
}

#[test]
fn debug_shows_member_names_and_no_values() {
    let text = r#"{"id":"5","participant":"p@example.com"}"#;
    let participant = zcrm_core::Participant::from(text.parse::<Record>().unwrap());
    let shown = format!("{participant:?}");
    assert!(shown.contains("participant") && !shown.contains("example.com"), "{shown}");
}
