//! The criteria of custom views.

use std::fmt;

use serde_json::Value;

use crate::{MetaRef, RawJson, condition::escape, model::model};

model! {
    /// The criteria of a custom view: a condition, or a nested group of conditions.
    ///
    /// `Display` writes them in the syntax of searches, such as
    /// `((City:equals:Chennai)and(Rating:equals:Hot))`. Criteria of an unknown form are written as
    /// JSON.
    ///
    /// ```
    /// use zcrm_api::metadata::ViewCriteria;
    ///
    /// let json = r#"{"field":"City","comparator":"equals","value":"Chennai"}"#;
    /// let criteria: ViewCriteria = serde_json::from_str(json)?;
    /// assert_eq!(criteria.field.as_ref().and_then(|field| field.api_name.as_deref()), Some("City"));
    /// assert_eq!(criteria.to_string(), "(City:equals:Chennai)");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ViewCriteria {
        /// The operator between the conditions of a group: `and` or `or`, sometimes in capital
        /// letters.
        group_operator: Option<String> = "group_operator";
        /// The conditions of a group.
        group: Vec<ViewCriteria> = "group";
        /// The field of a condition; an API name in v2.
        field: Option<MetaRef> = "field";
        /// The comparison of a condition, such as `equal` or `contains`.
        comparator: Option<String> = "comparator";
        /// The value of a condition: text, a number, a list, or an object such as a user.
        value: Option<RawJson> = "value";
    }
}

impl fmt::Display for ViewCriteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(joint) = self.group_operator.as_ref().filter(|_| !self.group.is_empty()) {
            let joint = joint.to_ascii_lowercase();
            for (index, part) in self.group.iter().enumerate() {
                f.write_str(if index == 0 { "(" } else { &joint })?;
                part.fmt(f)?;
            }
            return f.write_str(")");
        }
        if let Some((field, comparator)) = self.field.as_ref().zip(self.comparator.as_ref()) {
            let name = field.api_name.as_deref().unwrap_or_default();
            let value = self.value.as_ref().map(RawJson::to_value).unwrap_or_default();
            return write!(f, "({name}:{comparator}:{})", CriteriaValue(&value));
        }
        // criteria of an unknown form are written as they were read
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// A value in the syntax of searches: text without quotes, with special characters escaped.
struct CriteriaValue<'a>(&'a Value);

impl fmt::Display for CriteriaValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => f.write_str(&escape(text)),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    CriteriaValue(value).fmt(f)?;
                }
                Ok(())
            }
            Value::Object(members) => match members.get("name").or_else(|| members.get("id")) {
                Some(name) => CriteriaValue(name).fmt(f),
                None => self.0.fmt(f),
            },
            other => other.fmt(f),
        }
    }
}
