//! JSON values of any shape.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use zcrm_core::{Error, Record};

/// A JSON value of any shape, with its exact text.
///
/// It is used for members whose shape differs between API versions or is chosen by the
/// organisation. `Debug` shows the type of the value, but not the value, which may be personal
/// data.
///
/// ```
/// use zcrm_api::RawJson;
///
/// let value: RawJson = serde_json::from_str("1.10")?;
/// assert_eq!(value.raw(), "1.10");
/// assert_eq!(value.get::<f64>()?, 1.1);
/// assert_eq!(RawJson::from("rate"), r#""rate""#.parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Returns the exact JSON text of the value.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.0.get()
    }

    /// Returns the value as `T`.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](zcrm_core::ErrorKind::Decode) if the value does not fit
    /// `T`.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read_as("value", self.raw())?
            .ok_or_else(|| Error::input("the value is null: read it as an `Option`"))
    }

    /// Returns the text of a JSON string, otherwise `None`.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        serde_json::from_str(self.raw()).ok()
    }

    /// Returns the value as a `serde_json::Value`, whose numbers keep about sixteen digits.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(self.raw()).unwrap_or_default()
    }

    pub(super) fn is_null(&self) -> bool {
        self.raw() == "null"
    }
}

/// Reads the JSON of the member `name` as `T`. Returns `None` if it is null.
pub(super) fn read_as<T: DeserializeOwned>(name: &str, raw: &str) -> Result<Option<T>, Error> {
    let value: &RawValue =
        serde_json::from_str(raw).map_err(|_| Error::input("the value is not valid JSON"))?;
    // errors of `Record` name the member and its type, and show no value
    Record::new().with(name, value).get(name)
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.raw().as_bytes().first() {
            Some(b'"') => "text",
            Some(b'{') => "object",
            Some(b'[') => "list",
            Some(b't' | b'f') => "boolean",
            Some(b'n') => "null",
            _ => "number",
        })
    }
}

/// Parses the text of a JSON value.
impl std::str::FromStr for RawJson {
    type Err = Error;

    fn from_str(json: &str) -> Result<Self, Error> {
        let raw: &RawValue = serde_json::from_str(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Error::input(format!("invalid JSON at line {line} column {column}"))
        })?;
        Ok(Self::from(raw))
    }
}

impl From<&RawValue> for RawJson {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned())
    }
}

impl From<Value> for RawJson {
    fn from(value: Value) -> Self {
        // the text of a `serde_json::Value` is always valid JSON
        Self(RawValue::from_string(value.to_string()).unwrap_or_default())
    }
}

impl From<&str> for RawJson {
    fn from(text: &str) -> Self {
        Self::from(Value::from(text))
    }
}

impl From<String> for RawJson {
    fn from(text: String) -> Self {
        Self::from(Value::from(text))
    }
}

impl From<bool> for RawJson {
    fn from(value: bool) -> Self {
        Self::from(Value::from(value))
    }
}

impl From<i64> for RawJson {
    fn from(number: i64) -> Self {
        Self::from(Value::from(number))
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}
