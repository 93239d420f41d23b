//! What models share: references, and numbers that are text.
//!
//! A model is its own JSON with names for what is known of it, so members that nobody knows, order
//! and digits survive a round trip: see `object!` in `zcrm-core`.

use serde::{Deserialize, Deserializer, Serialize, de};
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
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Name(String),
            Object {
                api_name: Option<String>,
                id: Option<Id>,
                name: Option<String>,
                module: Option<String>,
                module_name: Option<String>,
            },
        }

        Ok(match Wire::deserialize(deserializer)? {
            Wire::Name(name) => Self::named(name),
            Wire::Object { api_name, id, name, module, module_name } => {
                Self { api_name: api_name.or(module), id, name: name.or(module_name) }
            }
        })
    }
}

/// A whole number, which Zoho sends as a number or as text.
pub(crate) struct Count(pub(crate) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // an id is text or a number as well
        let number = Id::deserialize(deserializer)?.as_str().parse();
        number.map(Self).map_err(|_| de::Error::custom("it is no whole number"))
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
