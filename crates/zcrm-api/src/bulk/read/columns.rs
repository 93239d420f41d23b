//! The columns of a result and the types of their values.

use std::collections::HashSet;

use crate::metadata::{DataType, FieldInfo};

/// A column of the CSV.
#[derive(Debug)]
pub(super) struct Column {
    /// The name as a record has it: `id` for the column `Id`.
    pub(super) name: Box<str>,
    pub(super) kind: ColumnKind,
    pub(super) separator: Option<char>,
}

/// The type of a column's values.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// Text, or a value whose type is not known.
    Text,
    Boolean,
    Number,
    Lookup,
    /// A list of texts, with the values that are known.
    List(HashSet<String>),
    Tags,
}

impl Column {
    pub(super) fn new(header: &str, fields: &[FieldInfo], separator: Option<char>) -> Self {
        let name = if header == "Id" { "id" } else { header };
        let field = fields.iter().find(|field| field.api_name == name);
        let kind = match field {
            // the id is text in every operation
            Some(field) if name != "id" => ColumnKind::of(field),
            _ => ColumnKind::Text,
        };
        Self { name: name.into(), kind, separator }
    }

    /// Splits the cell of a list.
    pub(super) fn split<'a>(&self, cell: &'a str) -> Pieces<'a> {
        if cell.is_empty() {
            return Pieces { rest: None, separator: ',' };
        }
        let separator = self.separator.unwrap_or_else(|| match &self.kind {
            ColumnKind::List(known) if !known.is_empty() => {
                let fits = |at: char| cell.split(at).all(|piece| known.contains(piece.trim()));
                // a value may contain one of the two
                if known.contains(cell) {
                    '\0'
                } else {
                    [';', ','].into_iter().find(|at| fits(*at)).unwrap_or_else(|| guess(cell))
                }
            }
            _ => guess(cell),
        });
        Pieces { rest: Some(cell), separator }
    }
}

fn guess(cell: &str) -> char {
    if cell.contains(';') { ';' } else { ',' }
}

/// The pieces of a list, without spaces around them.
pub(super) struct Pieces<'a> {
    rest: Option<&'a str>,
    separator: char,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let piece = match rest.split_once(self.separator) {
            Some((piece, rest)) => {
                self.rest = Some(rest);
                piece
            }
            None => {
                self.rest = None;
                rest
            }
        };
        Some(piece.trim())
    }
}

impl ColumnKind {
    fn of(field: &FieldInfo) -> Self {
        let Some(data_type) = &field.data_type else { return Self::Text };
        let returns = match data_type {
            data_type if *data_type == DataType::FORMULA => {
                field.formula.as_ref().and_then(|formula| formula.return_type.as_deref())
            }
            data_type if *data_type == DataType::ROLLUP_SUMMARY => {
                field.rollup_summary.as_ref().and_then(|rollup| rollup.return_type.as_deref())
            }
            data_type => Some(data_type.as_str()),
        };
        match returns.unwrap_or_default() {
            // declared as text
            "text" if field.json_type.as_deref() == Some("jsonarray") => Self::Tags,
            "boolean" => Self::Boolean,
            "integer" | "double" | "currency" | "percent" => Self::Number,
            "lookup" | "ownerlookup" | "userlookup" | "layout" => Self::Lookup,
            // v8 declares the layout as a large number
            "bigint" if field.json_type.as_deref() == Some("jsonobject") => Self::Lookup,
            "multiselectpicklist" => Self::List(
                field
                    .pick_list_values
                    .iter()
                    .flat_map(|value| [&value.actual_value, &value.display_value])
                    .flatten()
                    .map(|value| value.trim().to_owned())
                    .collect(),
            ),
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, ColumnKind};

    fn column(known: &[&str], separator: Option<char>) -> Column {
        let known = known.iter().map(|value| (*value).to_owned()).collect();
        Column { name: "Colours".into(), kind: ColumnKind::List(known), separator }
    }

    #[test]
    fn splits_lists_where_the_picklist_allows_it() {
        let known = ["red", "dark, blue", "a;b", "green"];
        let split = |cell| column(&known, None).split(cell).collect::<Vec<_>>();
        assert_eq!(split(""), [""; 0]);
        assert_eq!(split("red"), ["red"]);
        assert_eq!(split("red;dark, blue"), ["red", "dark, blue"]);
        assert_eq!(split("red,green"), ["red", "green"]);
        assert_eq!(split("red, a;b"), ["red", "a;b"]);
        assert_eq!(split("dark, blue"), ["dark, blue"]);
        assert_eq!(split("a;b"), ["a;b"]);
        // values that were removed from the picklist
        assert_eq!(split("old;red"), ["old", "red"]);
        assert_eq!(split("old,red"), ["old", "red"]);
    }

    #[test]
    fn splits_lists_at_the_given_separator() {
        assert_eq!(column(&[], Some('|')).split("a;b|c,d").collect::<Vec<_>>(), ["a;b", "c,d"]);
        assert_eq!(column(&[], None).split("a;b,c").collect::<Vec<_>>(), ["a", "b,c"]);
    }
}
