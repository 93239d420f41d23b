//! Line items, whose names differ between v2 and the versions after it.

use serde_json::{Map, Value};

use super::version::Version;

/// The subforms of line items; v2 calls each of them `Product_Details`.
const SUBFORMS: [&str; 4] = ["Quoted_Items", "Ordered_Items", "Invoiced_Items", "Purchase_Items"];

/// A line's keys in v2 and later.
const KEYS: [(&str, &str); 7] = [
    ("product", "Product_Name"),
    ("quantity", "Quantity"),
    ("list_price", "List_Price"),
    ("product_description", "Description"),
    ("total", "Total"),
    ("net_total", "Net_Total"),
    ("line_tax", "Line_Tax"),
];

/// A field's name in that version.
pub(super) fn shown_name(api_name: &str, version: Version) -> &str {
    if version == Version::V2 && SUBFORMS.contains(&api_name) {
        "Product_Details"
    } else {
        api_name
    }
}

/// A stored line with the keys of that version.
pub(super) fn shown_row(
    api_name: &str,
    row: Map<String, Value>,
    version: Version,
) -> Map<String, Value> {
    renamed(api_name, row, version, |key| {
        KEYS.iter().find(|(_, later)| *later == key).map(|(v2, _)| *v2)
    })
}

/// A line as it is stored, from one with the keys of that version.
pub(super) fn stored_row(
    api_name: &str,
    row: Map<String, Value>,
    version: Version,
) -> Map<String, Value> {
    renamed(api_name, row, version, |key| {
        KEYS.iter().find(|(v2, _)| *v2 == key).map(|(_, later)| *later)
    })
}

fn renamed(
    api_name: &str,
    row: Map<String, Value>,
    version: Version,
    name: impl Fn(&str) -> Option<&'static str>,
) -> Map<String, Value> {
    if version != Version::V2 || !SUBFORMS.contains(&api_name) {
        return row;
    }
    let rename = |key: String| name(&key).map_or(key, String::from);
    row.into_iter().map(|(key, value)| (rename(key), value)).collect()
}
