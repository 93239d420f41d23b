//! Which records a custom view shows.

use std::fmt;

use serde_json::Value;

use crate::{MetaRef, RawJson, condition::escape, model::model};

model! {
    /// Which records a view shows: a condition, or a group of conditions of any depth.
    ///
    /// `Display` writes it as a search takes it, such as
    /// `((City:equals:Chennai)and(Rating:equals:Hot))`; a form that is not known is written as JSON.
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
        /// How the conditions of a group are joined: `and` or `or`, in capital letters too.
        group_operator: Option<String> = "group_operator";
        /// The conditions of a group, of which all or any must hold.
        group: Vec<ViewCriteria> = "group";
        /// The field that a condition looks at: an API name in v2.
        field: Option<MetaRef> = "field";
        /// How a condition compares it, such as `equal` or `contains`.
        comparator: Option<String> = "comparator";
        /// What it is compared with: text, a number, a list, or an object such as a user.
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
        // a form that is not known, as it came
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// A value as it stands in criteria: text without quotes, special characters escaped.
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
