//! The cells of a row, as text of a CSV.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The members of a JSON object, in their order.
pub(super) struct Members<'j>(pub(super) Vec<(Cow<'j, str>, &'j RawValue)>);

#[derive(Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'j> Members<'j> {
    /// Returns the member of this name. It is usually at this place.
    pub(super) fn find(&self, name: &str, place: usize) -> Option<&'j RawValue> {
        match self.0.get(place) {
            Some((here, value)) if here == name => Some(value),
            _ => self.0.iter().find(|(here, _)| here == name).map(|(_, value)| *value),
        }
    }
}

/// Appends a cell to a line. Cells with a character that Zoho recognises as a delimiter are quoted.
pub(super) fn append_cell(line: &mut Vec<u8>, cell: &str) {
    let is_special =
        |byte: u8| matches!(byte, b'"' | b',' | b';' | b':' | b'|' | b'\n' | b'\r' | b'\\');
    let has_space = cell.starts_with(char::is_whitespace) || cell.ends_with(char::is_whitespace);
    if !has_space && !cell.bytes().any(is_special) {
        line.extend_from_slice(cell.as_bytes());
        return;
    }
    line.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cells_that_a_reader_would_split() {
        for (cell, line) in [
            ("", ""),
            ("Boyle", "Boyle"),
            ("Zylker, Inc", "\"Zylker, Inc\""),
            ("a;b", "\"a;b\""),
            ("a \"b\"\n", "\"a \"\"b\"\"\n\""),
            (" a", "\" a\""),
        ] {
            let mut written = Vec::new();
            append_cell(&mut written, cell);
            assert_eq!(String::from_utf8(written).unwrap(), line);
        }
    }

    #[test]
    fn keeps_the_order_of_members() {
        let Members(members) = serde_json::from_str(r#"{"b":1,"a\n":[2]}"#).unwrap();
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["b", "a\n"]);
        assert!(serde_json::from_str::<Members<'_>>("[1]").is_err());
    }
}
