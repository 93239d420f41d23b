//! Line items: their names, which differ between v2 and later versions, and their totals.

use serde_json::{Map, Value, json};

use crate::formats::percentage;
use crate::state::Store;
use crate::version::Version;

/// The subforms of line items; v2 calls each of them `Product_Details`.
const SUBFORMS: [&str; 4] = ["Quoted_Items", "Ordered_Items", "Invoiced_Items", "Purchase_Items"];

/// The keys of a line item in v2 and in later versions.
const KEYS: [(&str, &str); 9] = [
    ("product", "Product_Name"),
    ("quantity", "Quantity"),
    ("list_price", "List_Price"),
    ("product_description", "Description"),
    ("book", "Price_Book_Name"),
    ("total", "Total"),
    ("total_after_discount", "Total_After_Discount"),
    ("net_total", "Net_Total"),
    ("line_tax", "Line_Tax"),
];

/// Returns a field's name in this version.
pub(crate) fn shown_name(api_name: &str, version: Version) -> &str {
    if version == Version::V2 && SUBFORMS.contains(&api_name) {
        "Product_Details"
    } else {
        api_name
    }
}

/// Returns a column's name in this version.
pub(crate) fn shown_key<'a>(subform: &str, column: &'a str, version: Version) -> &'a str {
    if version != Version::V2 || !SUBFORMS.contains(&subform) {
        return column;
    }
    KEYS.iter().find(|(_, later)| *later == column).map_or(column, |(v2, _)| *v2)
}

/// Converts a row from the keys of this version to the stored keys.
pub(crate) fn stored_row(
    subform: &str,
    row: &Map<String, Value>,
    version: Version,
) -> Map<String, Value> {
    let stored = |key: &str| {
        if version == Version::V2 && SUBFORMS.contains(&subform) {
            let known = KEYS.iter().find(|(v2, _)| *v2 == key);
            known.map_or_else(|| key.to_owned(), |(_, later)| (*later).to_owned())
        } else {
            key.to_owned()
        }
    };
    row.iter().map(|(key, value)| (stored(key), value.clone())).collect()
}

/// Computes the totals of the line items and of their record.
///
/// A line without a list price gets the product's price. A discount in percent applies to the
/// line's total, or to the sum of the lines. Taxes apply to the amount after discounts.
pub(crate) fn compute(values: &mut Map<String, Value>, store: &Store) {
    let Some(subform) = SUBFORMS.into_iter().find(|name| values.contains_key(*name)) else {
        return;
    };
    let mut sub_total = 0.0;
    if let Some(rows) = values.get_mut(subform).and_then(Value::as_array_mut) {
        for line in rows.iter_mut().filter_map(Value::as_object_mut) {
            sub_total += compute_line(line, store);
        }
    }
    let discount = discount(values, sub_total);
    let tax = number(values, "Tax");
    let grand = sub_total - discount + tax + number(values, "Adjustment");
    values.insert("Sub_Total".into(), amount(sub_total));
    values.insert("Grand_Total".into(), amount(grand));
}

fn compute_line(line: &mut Map<String, Value>, store: &Store) -> f64 {
    if line.get("List_Price").is_none_or(Value::is_null) {
        let product = line.get("Product_Name").and_then(Value::as_str);
        let product = product.and_then(|id| store.table("Products").get(id));
        let price = product.and_then(|product| product.values.get("Unit_Price"));
        line.insert("List_Price".into(), price.cloned().unwrap_or_else(|| json!(0)));
    }
    let total = number(line, "Quantity") * number(line, "List_Price");
    let discounted = total - discount(line, total);
    let mut tax = 0.0;
    if let Some(taxes) = line.get_mut("Line_Tax").and_then(Value::as_array_mut) {
        for one in taxes.iter_mut().filter_map(Value::as_object_mut) {
            let value = discounted * number(one, "percentage") / 100.0;
            one.insert("value".into(), amount(value));
            tax += value;
        }
    }
    line.insert("Total".into(), amount(total));
    line.insert("Total_After_Discount".into(), amount(discounted));
    line.insert("Tax".into(), amount(tax));
    line.insert("Net_Total".into(), amount(discounted + tax));
    discounted + tax
}

/// Returns the amount of the discount of a line or record.
fn discount(values: &Map<String, Value>, of: f64) -> f64 {
    match values.get("Discount") {
        Some(Value::String(text)) => of * percentage(text).unwrap_or_default() / 100.0,
        _ => number(values, "Discount"),
    }
}

fn number(values: &Map<String, Value>, key: &str) -> f64 {
    values.get(key).and_then(Value::as_f64).unwrap_or_default()
}

/// Formats an amount of money with two decimals.
pub(crate) fn amount(value: f64) -> Value {
    let rounded = (value * 100.0).round() / 100.0;
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        Value::from(rounded as i64)
    } else {
        Value::from(rounded)
    }
}

/// Sums the taxes of the lines, by tax.
pub(crate) fn sum_of_taxes(values: &Map<String, Value>) -> Option<Vec<Value>> {
    let rows = SUBFORMS.iter().find_map(|name| values.get(*name))?.as_array()?;
    let taxes = rows.iter().filter_map(|row| row.get("Line_Tax")?.as_array()).flatten();
    let mut sums: Vec<(Value, Value, f64)> = Vec::new();
    for tax in taxes.filter_map(Value::as_object) {
        let member = |name: &str| tax.get(name).cloned().unwrap_or_default();
        let (id, rate) = (member("id"), member("percentage"));
        match sums.iter_mut().find(|(known, of, _)| *known == id && *of == rate) {
            Some((_, _, sum)) => *sum += number(tax, "value"),
            None => sums.push((id, rate, number(tax, "value"))),
        }
    }
    let sums = sums.into_iter().map(|(id, percentage, value)| {
        json!({ "id": id, "percentage": percentage, "value": amount(value) })
    });
    Some(sums.collect())
}
