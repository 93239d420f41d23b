//! A field of an update: unchanged, cleared or set.

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

/// The change of one field in an update: leave it unchanged, clear it, or set it.
///
/// Every field of this type needs `#[serde(default, skip_serializing_if = "Patch::is_absent")]`.
/// Without it, serialising an absent value fails with an error that names this attribute.
///
/// ```
/// use serde::Serialize;
/// use zcrm_core::Patch;
///
/// #[derive(Serialize)]
/// struct Change {
///     #[serde(skip_serializing_if = "Patch::is_absent")]
///     phone: Patch<String>,
///     #[serde(skip_serializing_if = "Patch::is_absent")]
///     email: Patch<String>,
/// }
///
/// let change = Change { phone: Patch::Null, email: Patch::Absent };
/// assert_eq!(serde_json::to_string(&change)?, r#"{"phone":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "there are no other states")]
pub enum Patch<T> {
    /// The update does not mention the field, which stays unchanged.
    #[default]
    Absent,
    /// The update clears the field.
    Null,
    /// The update sets the field to this value.
    Value(T),
}

impl<T> Patch<T> {
    /// Returns `true` if the update does not mention the field; for `skip_serializing_if`.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns the value to be set, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => Err(ser::Error::custom(
                "cannot serialise an absent `Patch`: put \
                 `#[serde(skip_serializing_if = \"Patch::is_absent\")]` on the field",
            )),
            Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::Patch;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Change {
        #[serde(default, skip_serializing_if = "Patch::is_absent")]
        city: Patch<String>,
    }

    #[test]
    fn keeps_the_three_states_in_a_round_trip() {
        for text in ["{}", r#"{"city":null}"#, r#"{"city":"Chennai"}"#] {
            let change: Change = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&change).unwrap(), text);
        }
    }

    #[test]
    fn names_the_missing_attribute() {
        let error = serde_json::to_string(&Patch::<u8>::Absent).unwrap_err().to_string();
        assert!(error.contains("skip_serializing_if"), "{error}");
    }
}
