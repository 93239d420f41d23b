//! Checks of conditions against the metadata of a module's fields.

use std::{collections::HashMap, fmt, sync::Arc};

use chrono::{DateTime, NaiveDate};
use zcrm_core::{Decimal, Error, escaped};

use super::{Comparison, Condition, Node, Test, operand::Value};
use crate::metadata::{DataType, FieldInfo};

/// The fields of a module, with the comparisons that each takes in COQL.
#[derive(Clone)]
pub(crate) struct KnownFields(Arc<HashMap<String, Family>>);

/// Types of fields that take the same comparisons.
///
/// Source: <https://www.zoho.com/crm/developer/docs/api/v8/Get-Records-through-COQL-Query.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Date,
    DateTime,
    Boolean,
    FormulaBoolean,
    Lookup,
    MultiSelect,
    /// Encrypted: it can only be found empty or filled.
    Encrypted,
    EncryptedNumber,
    /// It can be selected but not compared.
    NotCompared,
    /// It takes any comparison, because its type is not known.
    Unknown,
}

impl Condition {
    /// Checks the condition against a module's fields: their names, the comparisons that COQL supports
    /// for their types, and the types of the values.
    ///
    /// A field of a related record, such as `Account_Name.Industry`, is checked up to its lookup. Raw text
    /// is not checked. A field whose type this version does not know takes any comparison.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::field;
    ///
    /// let fields = api.module("Deals").fields().list().all().await?;
    /// let condition = field("Amount").gt("a lot");
    /// let wrong = condition.check_fields(&fields).unwrap_err();
    /// println!("{wrong}"); // the value is not a number
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) that names the field and the comparisons that COQL supports.
    pub fn check_fields(&self, fields: &[FieldInfo]) -> Result<(), Error> {
        KnownFields::new(fields).check(self)
    }
}

impl KnownFields {
    pub(crate) fn new(fields: &[FieldInfo]) -> Self {
        let family = |field: &FieldInfo| (field.api_name.clone(), Family::of(field));
        Self(Arc::new(fields.iter().map(family).collect()))
    }

    /// Checks the fields of a condition.
    pub(crate) fn check(&self, condition: &Condition) -> Result<(), Error> {
        self.check_node(&condition.node)
    }

    /// Checks that a column begins with a field of the module.
    pub(crate) fn check_column(&self, column: &str) -> Result<(), Error> {
        self.family(column).map(drop)
    }

    fn check_node(&self, node: &Node) -> Result<(), Error> {
        match node {
            Node::Test(test) => self.check_test(test),
            Node::Group(_, nodes) => nodes.iter().try_for_each(|node| self.check_node(node)),
            Node::Raw(_) | Node::TooMany => Ok(()),
        }
    }

    fn check_test(&self, test: &Test) -> Result<(), Error> {
        let family = self.family(&test.field)?;
        let Some(taken) = family.comparisons() else { return Ok(()) };
        if !taken.contains(&test.comparison) {
            return Err(test.wrong(&match taken {
                [] => "cannot be sent: COQL does not compare fields of this type".to_owned(),
                taken => format!(
                    "uses `{}`, which COQL does not support for a {family}: use {}",
                    test.comparison.method(),
                    taken
                        .iter()
                        .map(|one| format!("`{}`", one.method()))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            }));
        }
        match test.values.iter().all(|value| family.takes(&value.value)) {
            true => Ok(()),
            false => Err(test.wrong(&format!("has a value that is not a {family}"))),
        }
    }

    /// Returns the type of a column, which is unknown for fields of related records.
    fn family(&self, column: &str) -> Result<Family, Error> {
        let (first, related) = match column.split_once("->").or_else(|| column.split_once('.')) {
            Some((first, _)) => (first, true),
            None => (column, false),
        };
        match self.0.get(first) {
            Some(_) if related => Ok(Family::Unknown),
            Some(family) => Ok(*family),
            // fields that the metadata does not list
            None if first == "id" || first.starts_with(['$', '!']) => Ok(Family::Unknown),
            None => Err(Error::input(format!(
                "unknown field `{}`: the module has no field of this API name, or the user may not see it",
                escaped(first)
            ))),
        }
    }
}

impl Family {
    fn of(field: &FieldInfo) -> Self {
        match (Self::of_value(field), &field.crypt, &field.formula) {
            (Self::Number, Some(_), _) => Self::EncryptedNumber,
            (_, Some(_), _) => Self::Encrypted,
            (Self::Boolean, None, Some(_)) => Self::FormulaBoolean,
            (family, None, _) => family,
        }
    }

    /// Returns the family of the field's values, encrypted or not.
    fn of_value(field: &FieldInfo) -> Self {
        let computed = [
            field.formula.as_ref().and_then(|formula| formula.return_type.as_deref()),
            field.rollup_summary.as_ref().and_then(|rollup| rollup.return_type.as_deref()),
        ];
        let own = field.data_type.as_ref().map(DataType::as_str);
        match computed.into_iter().flatten().next().or(own).unwrap_or_default() {
            "text" | "email" | "phone" | "website" | "picklist" | "string" => Self::Text,
            "integer" | "bigint" | "double" | "currency" | "percent" | "decimal" => Self::Number,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "boolean" => Self::Boolean,
            "lookup" | "ownerlookup" | "userlookup" => Self::Lookup,
            "multiselectpicklist" => Self::MultiSelect,
            "textarea" | "imageupload" | "fileupload" | "multiselectlookup" | "multiuserlookup"
            | "subform" => Self::NotCompared,
            _ => Self::Unknown,
        }
    }

    /// Returns the comparisons that COQL supports, or `None` if the type is not known.
    fn comparisons(self) -> Option<&'static [Comparison]> {
        use Comparison as C;
        Some(match self {
            Self::Text => &[
                C::Equal,
                C::NotEqual,
                C::In,
                C::NotIn,
                C::StartsWith,
                C::EndsWith,
                C::Contains,
                C::NotContains,
                C::Like,
                C::NotLike,
                C::IsNull,
                C::IsNotNull,
            ],
            Self::Number | Self::Date | Self::DateTime => &[
                C::Equal,
                C::NotEqual,
                C::Greater,
                C::GreaterEqual,
                C::Less,
                C::LessEqual,
                C::Between,
                C::NotBetween,
                C::In,
                C::NotIn,
                C::IsNull,
                C::IsNotNull,
            ],
            Self::Boolean => &[C::Equal],
            Self::FormulaBoolean => &[C::Equal, C::IsNull],
            Self::Lookup => &[C::Equal, C::NotEqual, C::In, C::NotIn, C::IsNull, C::IsNotNull],
            Self::MultiSelect => &[C::Equal],
            Self::Encrypted => &[C::IsNull, C::IsNotNull],
            Self::EncryptedNumber => &[C::Equal, C::NotEqual, C::IsNull, C::IsNotNull],
            Self::NotCompared => &[],
            Self::Unknown => return None,
        })
    }

    /// Returns `true` if a value is of this type, or is text that reads as one.
    fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number | Self::EncryptedNumber, Value::Text(text)) => {
                text.parse::<Decimal>().is_ok()
            }
            (Self::Number | Self::EncryptedNumber, Value::Number(_) | Value::Id(_)) => true,
            (Self::Date, Value::Text(text)) => text.parse::<NaiveDate>().is_ok(),
            (Self::Date, Value::Date(_)) => true,
            // Zoho refuses fractions of a second
            (Self::DateTime, Value::Text(text)) => {
                !text.contains('.') && DateTime::parse_from_rfc3339(text).is_ok()
            }
            (Self::DateTime, Value::Time(_)) => true,
            (Self::Boolean | Self::FormulaBoolean, Value::Text(text)) => {
                matches!(text.as_str(), "true" | "false")
            }
            (Self::Boolean | Self::FormulaBoolean, Value::Boolean(_)) => true,
            (Self::Lookup, Value::Text(id) | Value::Number(id)) => {
                id.bytes().all(|byte| byte.is_ascii_digit())
            }
            (Self::Lookup, Value::Id(_)) => true,
            (Self::Text | Self::MultiSelect | Self::Encrypted, _) => true,
            (Self::NotCompared | Self::Unknown, _) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date (`2026-01-31`)",
            Self::DateTime => {
                "time (RFC 3339 in whole seconds, for example 2026-01-31T10:00:00+05:30)"
            }
            Self::Boolean | Self::FormulaBoolean => "boolean",
            Self::Lookup => "lookup, which is compared by the id of a record",
            Self::MultiSelect => "list of several choices",
            Self::Encrypted => "field that is encrypted",
            Self::EncryptedNumber => "number that is encrypted",
            Self::NotCompared | Self::Unknown => "field of this type",
        })
    }
}

impl fmt::Debug for KnownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use zcrm_core::{Id, Timestamp};

    use crate::{Condition, field, metadata::FieldInfo};

    fn fields() -> Vec<FieldInfo> {
        let list = r#"[
            {"api_name":"Last_Name","data_type":"text"},
            {"api_name":"Amount","data_type":"currency"},
            {"api_name":"Closing_Date","data_type":"date"},
            {"api_name":"Modified_Time","data_type":"datetime"},
            {"api_name":"Email_Opt_Out","data_type":"boolean"},
            {"api_name":"Account_Name","data_type":"lookup"},
            {"api_name":"Skills","data_type":"multiselectpicklist"},
            {"api_name":"Description","data_type":"textarea"},
            {"api_name":"Score","data_type":"formula","formula":{"return_type":"double"}},
            {"api_name":"Won","data_type":"formula","formula":{"return_type":"boolean"}},
            {"api_name":"Pin","data_type":"integer","crypt":{"mode":"decryption"}},
            {"api_name":"Secret","data_type":"text","crypt":{"mode":"decryption"}},
            {"api_name":"Odd","data_type":"of_tomorrow"}
        ]"#;
        serde_json::from_str(list).unwrap()
    }

    #[test]
    fn accepts_comparisons_that_fit_the_types() {
        let time: Timestamp = "2026-05-24T17:05:12+05:30".parse().unwrap();
        let fitting = [
            field("Last_Name").starts_with("Bo"),
            field("Amount").between(5, "10.50"),
            field("Closing_Date").ge("2026-01-31"),
            field("Modified_Time").lt(time),
            field("Email_Opt_Out").eq(true),
            field("Account_Name").eq(Id::from("3652397000000649013")),
            field("Account_Name").is_null().or(field("Account_Name.Industry").contains("x")),
            field("Skills").eq("a;b"),
            field("Score").gt(5),
            field("Won").is_null().or(field("Won").eq(true)),
            field("Pin").eq(7).or(field("Secret").is_null()),
            field("Odd").like("%x%").and(field("id").gt("7")),
            Condition::raw("Nothing = 1"),
        ];
        for condition in fitting {
            condition.check_fields(&fields()).unwrap();
        }
    }

    #[test]
    fn refuses_unknown_fields_comparisons_and_values() {
        for (condition, expected) in [
            (field("Lastname").eq("x"), "unknown field `Lastname`"),
            (field("Acount.Industry").eq("x"), "unknown field `Acount`"),
            (field("Last_Name").gt("x"), "`Last_Name` uses `gt`"),
            (field("Amount").eq("much"), "`Amount` has a value that is not a number"),
            (field("Amount").contains("5"), "`Amount` uses `contains`"),
            (field("Closing_Date").eq(5), "not a date"),
            (field("Modified_Time").gt("2026-05-24T17:05:12"), "not a time"),
            (field("Email_Opt_Out").ne(true), "uses `ne`"),
            (field("Modified_Time").gt("2026-05-24T17:05:12.500Z"), "in whole seconds"),
            (field("Email_Opt_Out").is_null(), "uses `is_null`"),
            (field("Secret").eq("x"), "uses `eq`"),
            (field("Pin").eq("x"), "not a number that is encrypted"),
            (field("Email_Opt_Out").eq("yes"), "not a boolean"),
            (field("Account_Name").eq("Zylker"), "not a lookup"),
            (field("Skills").contains("a"), "use `eq`"),
            (field("Description").eq("x"), "does not compare fields of this type"),
            (field("Amount").gt(1).and(field("Score").eq("x")), "`Score` has a value"),
        ] {
            let message = condition.check_fields(&fields()).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
