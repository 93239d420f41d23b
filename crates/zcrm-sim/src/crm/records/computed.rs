//! Values computed by the system: defaults, auto-numbers, and values derived from others.

use serde_json::{Map, Value, json};

use crate::crm::render::line_items;
use crate::json::text_of;
use crate::schema::{FieldKind, ModuleSpec};
use crate::state::{Store, Table};

/// The probability of a deal by stage, in percent.
const PROBABILITIES: [(&str, u8); 6] = [
    ("Qualification", 10),
    ("Needs Analysis", 20),
    ("Proposal/Price Quote", 75),
    ("Negotiation/Review", 90),
    ("Closed Won", 100),
    ("Closed Lost", 0),
];

/// Sets the defaults of a new record's missing values.
pub(crate) fn defaults(module: &ModuleSpec, values: &mut Map<String, Value>, store: &Store) {
    for field in &module.fields {
        let absent = values.get(&field.api_name).is_none_or(Value::is_null);
        if let (true, Some(default)) = (absent, &field.default) {
            values.insert(field.api_name.clone(), default.clone());
        }
    }
    if module.find("Currency").is_some() && !values.contains_key("Currency") {
        let base = store.currencies.values().find(|one| one.get("is_base") == Some(&json!(true)));
        if let Some(code) = base.and_then(|base| base.get("iso_code")) {
            values.insert("Currency".into(), code.clone());
        }
    }
}

/// Assigns the next number to each auto-number field.
pub(crate) fn assign_numbers(
    module: &ModuleSpec,
    values: &mut Map<String, Value>,
    table: &mut Table,
) {
    for field in module.fields.iter().filter(|field| field.kind == FieldKind::AutoNumber) {
        let last = table.numbers.entry(field.api_name.clone()).or_default();
        *last += 1;
        values.insert(field.api_name.clone(), last.to_string().into());
    }
}

/// Computes derived values: full names, totals, a deal's expected revenue, rates.
pub(crate) fn compute(module: &ModuleSpec, values: &mut Map<String, Value>, store: &Store) {
    if module.find("Full_Name").is_some() {
        let parts = ["First_Name", "Last_Name"];
        let names: Vec<&str> =
            parts.iter().filter_map(|part| values.get(*part).and_then(Value::as_str)).collect();
        let full = names.join(" ");
        values.insert("Full_Name".into(), full.into());
    }
    if module.find("Expected_Revenue").is_some() {
        deal(values);
    }
    if module.find("Exchange_Rate").is_some()
        && values.get("Exchange_Rate").is_none_or(Value::is_null)
        && let Some(currency) = store.currencies.find_by("iso_code", text_of(values, "Currency"))
    {
        let rate = text_of(currency, "exchange_rate").parse::<f64>().unwrap_or(1.0);
        let rate = if rate.fract() == 0.0 { json!(rate as i64) } else { json!(rate) };
        values.insert("Exchange_Rate".into(), rate);
    }
    line_items::compute(values, store);
}

fn deal(values: &mut Map<String, Value>) {
    let stage = text_of(values, "Stage");
    let usual = PROBABILITIES.iter().find(|(name, _)| *name == stage).map(|(_, usual)| *usual);
    if let (true, Some(usual)) = (values.get("Probability").is_none_or(Value::is_null), usual) {
        values.insert("Probability".into(), usual.into());
    }
    let number = |name: &str| values.get(name).and_then(Value::as_f64);
    let expected = number("Amount").zip(number("Probability"));
    let expected = expected.map(|(amount, percent)| line_items::amount(amount * percent / 100.0));
    values.insert("Expected_Revenue".into(), expected.into());
}
