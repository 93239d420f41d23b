//! What models share: references, and numbers that are text.
//!
//! A model is its own JSON with names for what is known of it, so members that nobody knows, order
//! and digits survive a round trip: see `object!` in `zcrm-core`.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use zcrm_core::{Error, Id, Record};

/// A field, module or view that something else refers to: its API name alone in v2, with its id in
/// later versions.
///
/// ```
/// use zcrm_api::MetaRef;
///
/// let v2: MetaRef = serde_json::from_str(r#""Last_Name""#)?;
/// let v8: MetaRef = serde_json::from_str(r#"{"api_name":"Last_Name","id":"1"}"#)?;
/// assert_eq!(v2.api_name, v8.api_name);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MetaRef {
    /// Its API name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_name: Option<String>,
    /// Its id, which v2 leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its name for people, where Zoho sent one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl MetaRef {
    /// A reference by API name.
    #[must_use]
    pub fn named(api_name: impl Into<String>) -> Self {
        Self { api_name: Some(api_name.into()), ..Self::default() }
    }
}

impl From<&str> for MetaRef {
    fn from(api_name: &str) -> Self {
        Self::named(api_name)
    }
}

impl<'de> Deserialize<'de> for MetaRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(name) => Ok(Self::named(name)),
            Value::Object(members) => Ok(Self::of_object(&members)),
            _ => Err(de::Error::custom("it is neither a name nor an object")),
        }
    }
}

impl MetaRef {
    /// What an object says of it. A member of another shape than is known is left out.
    fn of_object(members: &Map<String, Value>) -> Self {
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = |value: Option<&Value>| match value? {
            Value::String(id) => Some(Id::from(id)),
            Value::Number(number) => number.as_u64().map(Id::from),
            _ => None,
        };
        let name = text("name").or_else(|| text("module_name"));
        let own = text("api_name").or_else(|| text("module"));
        // newer files refer to a module by an object around its reference
        let module = match (&own, members.get("module")) {
            (None, Some(Value::Object(module))) => Self::of_object(module),
            _ => Self::default(),
        };
        Self {
            api_name: own.or(module.api_name),
            id: id(members.get("id")).or(module.id),
            name: name.or(module.name),
        }
    }
}

/// A whole number, which Zoho sends as a number or as text.
pub(crate) struct Count(pub(crate) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::String(digits) => digits.trim().parse().ok(),
            number => number.as_u64(),
        };
        number.map(Self).ok_or_else(|| de::Error::custom("it is not a whole number"))
    }
}

/// The whole number in a member.
pub(crate) fn count_of(record: &Record, name: &str) -> Result<Option<u64>, Error> {
    Ok(record.get::<Count>(name)?.map(|count| count.0))
}

/// A word for a query: `true` or `false`.
pub(crate) fn yes_or_no(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::MetaRef;

    fn read(json: &str) -> MetaRef {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn reads_every_form_of_a_reference() {
        let full = read(r#"{"api_name":"Leads","id":"1","name":"Lead"}"#);
        assert_eq!(read(r#"{"module":"Leads","id":1,"module_name":"Lead"}"#), full);
        assert_eq!(
            read(r#"{"layout":{},"module":{"api_name":"Leads","id":"1","module_name":"Lead"}}"#),
            full
        );
        // its own name goes before that of its module
        let own = r#"{"api_name":"Stage_History","module":{"api_name":"Leads","id":"9"},"id":"1"}"#;
        assert_eq!(read(own), MetaRef { id: Some("1".into()), ..MetaRef::named("Stage_History") });
        assert_eq!(read(r#""Leads""#), MetaRef::named("Leads"));
    }

    #[test]
    fn leaves_out_members_of_another_shape() {
        for odd in ["{}", r#"{"api_name":[],"id":{},"module":null,"name":1}"#] {
            assert_eq!(read(odd), MetaRef::default());
        }
        assert!(serde_json::from_str::<MetaRef>("[1]").is_err());
    }
}
