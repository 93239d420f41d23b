//! Random rows in random dialects of CSV: every row is written, and its outcome can be read.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use zcrm_sim::{BulkWriteSettings, Simulator};

use super::{create, immediate, result, start, upload, zip};
use crate::client::Http;

/// A dialect of CSV.
#[derive(Debug, Clone)]
struct Dialect {
    delimiter: u8,
    crlf: bool,
    quote_all: bool,
    mark: bool,
}

fn dialect() -> impl Strategy<Value = Dialect> {
    let delimiter = prop::sample::select(b",;:|".to_vec());
    (delimiter, any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(delimiter, crlf, quote_all, mark)| Dialect { delimiter, crlf, quote_all, mark })
}

/// The texts of a lead's last name and description.
fn rows() -> impl Strategy<Value = Vec<(String, String)>> {
    let text = "[a-z,;:|\"\\n é€😀-]{0,12}";
    prop::collection::vec((text, text), 0..8)
}

fn csv(rows: &[(String, String)], dialect: &Dialect) -> Vec<u8> {
    let quotes =
        if dialect.quote_all { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
    let ends = if dialect.crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(dialect.delimiter)
        .quote_style(quotes)
        .terminator(ends)
        .from_writer(if dialect.mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() });
    writer.write_record(["Last_Name", "Description", "Company"]).unwrap();
    for (name, text) in rows {
        writer.write_record([name, text, "x"]).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Writes the rows, and compares the result and the records with them.
async fn check(http: &Http, rows: &[(String, String)], dialect: &Dialect) {
    let file_id = upload(http, &zip(&[("a.csv", &csv(rows, dialect))])).await;
    let id = create(http, "insert", json!({ "module": "Leads", "file_id": file_id })).await;
    let found = result(http, &id).await;
    assert_eq!(found[0], ["Last_Name", "Description", "Company", "STATUS", "RECORD_ID", "ERRORS"]);
    assert_eq!(found.len(), rows.len() + 1);
    for ((name, text), outcome) in rows.iter().zip(&found[1..]) {
        assert_eq!(outcome[..3], [name.as_str(), text.as_str(), "x"]);
        if name.trim().is_empty() {
            assert_eq!(outcome[3..], ["skipped", "", "MANDATORY_NOT_FOUND-Last_Name"]);
            continue;
        }
        assert_eq!([outcome[3].as_str(), outcome[5].as_str()], ["added", ""]);
        let lead = http.sim.record("Leads", &outcome[4]).unwrap();
        let empty = text.trim().is_empty();
        let wanted = if empty { Value::Null } else { json!(text) };
        assert_eq!([&lead["Last_Name"], &lead["Description"]], [&json!(name), &wanted]);
    }
}

#[test]
fn reads_and_writes_every_dialect_of_csv() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let formats: [BulkWriteSettings; 3] =
        [immediate(), immediate().crlf().quote_all(), immediate().byte_order_mark().sizes_first()];
    for format in formats {
        let http = runtime.block_on(start(Simulator::builder().bulk_write(format)));
        let mut runner = TestRunner::new(Config::with_cases(40));
        runner
            .run(&(rows(), dialect()), |(rows, dialect)| {
                runtime.block_on(check(&http, &rows, &dialect));
                Ok(())
            })
            .unwrap();
    }
}

/// Reads the column `ERRORS` as Zoho's page describes it.
fn errors(text: &str) -> BTreeMap<String, Vec<String>> {
    let parts = text.split(':').filter(|part| !part.is_empty());
    let one = |part: &str| {
        let (code, columns) = part.split_once('-').unwrap();
        (code.to_owned(), columns.split(',').map(String::from).collect())
    };
    parts.map(one).collect()
}

#[test]
fn the_errors_of_each_row_are_those_of_its_cells() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let builder = Simulator::builder().bulk_write(immediate()).unique("Leads", "Phone");
    let http = runtime.block_on(start(builder));
    http.sim.insert("Leads", json!({ "Last_Name": "Boyle", "Phone": "1" })).unwrap();
    let wrong = prop::collection::vec(any::<[bool; 4]>(), 1..6);
    let mut runner = TestRunner::new(Config::with_cases(40));
    runner
        .run(&wrong, |wrong| {
            let cell =
                |wrong: bool, bad: &'static str, good: &'static str| if wrong { bad } else { good };
            let lines = wrong.iter().map(|[name, email, staff, phone]| {
                let name = cell(*name, "", "Boyle");
                let email = cell(*email, "anyone", "a@example.com");
                let (staff, phone) = (cell(*staff, "many", "3"), cell(*phone, "1", ""));
                format!("{name},{email},{staff},{phone}\n")
            });
            let lines: String = lines.collect();
            let csv = format!("Last_Name,Email,No_of_Employees,Phone\n{lines}");
            let resource = json!({ "module": "Leads" });
            let found = runtime.block_on(super::write(&http, "insert", &csv, resource));
            for ([name, email, staff, phone], [status, id, text]) in wrong.iter().zip(&found) {
                let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
                for (wrong, code, column) in [
                    (name, "MANDATORY_NOT_FOUND", "Last_Name"),
                    (email, "INVALID_DATA", "Email"),
                    (staff, "INVALID_DATA", "No_of_Employees"),
                    (phone, "DUPLICATE_DATA", "Phone"),
                ] {
                    if *wrong {
                        wanted.entry(code.to_owned()).or_default().push(column.to_owned());
                    }
                }
                let mut errors = errors(text);
                errors.values_mut().for_each(|columns| columns.sort());
                prop_assert_eq!(&errors, &wanted);
                let status = status.as_str();
                prop_assert_eq!(status, if wanted.is_empty() { "added" } else { "skipped" });
                prop_assert_eq!(id.is_empty(), !wanted.is_empty());
            }
            Ok(())
        })
        .unwrap();
}
