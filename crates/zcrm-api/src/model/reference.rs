//! References from one setting to another.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use zcrm_core::{Id, Lookup};

use super::{
    fields,
    members::{from_object, plain, serialize_plain_or_object},
};

fields! {
    /// A reference from a setting to a field, module, layout, view, profile, role or user.
    ///
    /// v2 sends an API name, later versions an object. Each kind of reference has some of the
    /// fields. Text that consists of digits is read as an id. A reference is written in the form in
    /// which it was read. `Debug` does not show the name and the address, which may be personal
    /// data.
    ///
    /// ```
    /// use zcrm_api::MetaRef;
    ///
    /// let v2: MetaRef = serde_json::from_str(r#""Last_Name""#)?;
    /// let v8: MetaRef = serde_json::from_str(r#"{"api_name":"Last_Name","id":"1"}"#)?;
    /// assert_eq!(v2.api_name, v8.api_name);
    /// assert_eq!(serde_json::to_string(&v2)?, r#""Last_Name""#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    MetaRef {
        /// The id. v2 omits it for fields and modules.
        id: Option<Id> = "id";
        /// The API name. Users, roles and profiles do not have one.
        api_name: Option<String> = "api_name" or "module";
        /// The display name, if Zoho sent one.
        name: Option<String> = "name" or "module_name";
        /// The e-mail address of a user.
        email: Option<String> = "email";
    }
}

impl MetaRef {
    /// Creates a reference by API name.
    #[must_use]
    pub fn named(api_name: impl Into<String>) -> Self {
        Self { api_name: Some(api_name.into()), ..Self::default() }
    }

    /// Creates a reference by id.
    #[must_use]
    pub fn to(id: impl Into<Id>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }

    /// Reads text: an id if it consists of digits, otherwise an API name.
    fn of_text(text: String) -> Self {
        match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Self::to(text),
            false => Self::named(text),
        }
    }

    fn of_object(raw: &RawValue) -> Result<Self, &'static str> {
        let mut reference: Self = from_object(raw)?;
        // newer OpenAPI files wrap the reference to a module in an object
        let module = match reference.api_name {
            Some(_) => None,
            None => reference.extra.raw("module").and_then(|json| serde_json::from_str(json).ok()),
        };
        let Some(module) = module.and_then(|module: &RawValue| from_object::<Self>(module).ok())
        else {
            return Ok(reference);
        };
        reference.api_name = module.api_name;
        reference.id = reference.id.or(module.id);
        reference.name = reference.name.or(module.name);
        Ok(plain(reference, raw))
    }
}

impl From<&str> for MetaRef {
    fn from(api_name: &str) -> Self {
        Self::named(api_name)
    }
}

impl From<String> for MetaRef {
    fn from(api_name: String) -> Self {
        Self::named(api_name)
    }
}

impl From<Id> for MetaRef {
    fn from(id: Id) -> Self {
        Self::to(id)
    }
}

impl From<Lookup> for MetaRef {
    fn from(lookup: Lookup) -> Self {
        Self { name: lookup.name, email: lookup.email, ..Self::to(lookup.id) }
    }
}

impl<'de> Deserialize<'de> for MetaRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if let Ok(text) = serde_json::from_str(raw.get()) {
            return Ok(plain(Self::of_text(text), &raw));
        }
        Self::of_object(&raw).map_err(|_| de::Error::custom("neither a name nor an object"))
    }
}

impl Serialize for MetaRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_plain_or_object(self, serializer)
    }
}

impl fmt::Debug for MetaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetaRef")
            .field("id", &self.id)
            .field("api_name", &self.api_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::MetaRef;

    fn read(json: &str) -> MetaRef {
        serde_json::from_str(json).unwrap()
    }

    fn parts(json: &str) -> (Option<String>, Option<String>, Option<String>) {
        let reference = read(json);
        // a reference is written in the form in which it was read
        assert_eq!(serde_json::to_string(&reference).unwrap(), json);
        (reference.api_name, reference.id.map(|id| id.to_string()), reference.name)
    }

    #[test]
    fn reads_every_form_of_a_reference() {
        let some = |text: &str| Some(text.to_owned());
        let full = (some("Leads"), some("1"), some("Lead"));
        assert_eq!(parts(r#"{"id":"1","api_name":"Leads","name":"Lead"}"#), full);
        assert_eq!(parts(r#"{"id":"1","module":"Leads","module_name":"Lead"}"#), full);
        let around = r#"{"layout":{},"module":{"api_name":"Leads","id":"1","module_name":"Lead"}}"#;
        assert_eq!(parts(around), full);
        // the reference's own name takes precedence over that of its module
        let own = r#"{"id":"1","api_name":"Stage_History","module":{"api_name":"Leads","id":"9"}}"#;
        assert_eq!(parts(own), (some("Stage_History"), some("1"), None));
        assert_eq!(parts(r#""Leads""#), (some("Leads"), None, None));
        assert_eq!(parts(r#""3652397000000026008""#), (None, some("3652397000000026008"), None));
        assert_eq!(read(r#"{"id":1}"#), MetaRef::to("1"));
    }

    #[test]
    fn writes_a_changed_reference_as_an_object() {
        let mut reference = read(r#""Leads""#);
        reference.id = Some("1".into());
        assert_eq!(serde_json::to_string(&reference).unwrap(), r#"{"id":"1","api_name":"Leads"}"#);
        assert_eq!(serde_json::to_string(&MetaRef::named("A")).unwrap(), r#"{"api_name":"A"}"#);
    }

    #[test]
    fn keeps_members_of_another_shape_in_extra() {
        let odd = r#"{"api_name":[],"id":{},"module":null,"name":1}"#;
        let reference = read(odd);
        assert_eq!((&reference.api_name, &reference.id, &reference.name), (&None, &None, &None));
        assert_eq!(serde_json::to_string(&reference).unwrap(), odd);
        for wrong in ["[1]", "1", "null", r#"["Leads"]"#] {
            assert!(serde_json::from_str::<MetaRef>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn debug_omits_names_and_addresses() {
        let text = format!("{:?}", read(r#"{"id":"7","name":"Boyle","email":"p@example.com"}"#));
        assert!(text.contains('7') && !text.contains("Boyle") && !text.contains("p@"), "{text}");
    }
}
