//! References between settings.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use zcrm_core::{Id, Lookup};

use super::{
    fields,
    members::{from_object, plain, serialize_plain_or_object},
};

fields! {
    /// What a setting refers to: a field, module, layout, view, profile, role or user.
    ///
    /// Zoho sends an API name in v2 and an object in later versions; each kind of reference has some of the
    /// fields. A text of digits is an id. It is written as it was read.
    ///
    /// `Debug` shows id and API name, and neither name nor address, which may be people's data.
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
        /// Its id, which v2 leaves out for fields and modules.
        id: Option<Id> = "id";
        /// Its API name, which users, roles and profiles have not.
        api_name: Option<String> = "api_name" or "module";
        /// Its name for people, where Zoho sent one.
        name: Option<String> = "name" or "module_name";
        /// Its e-mail address, for users.
        email: Option<String> = "email";
    }
}

impl MetaRef {
    /// A reference by API name.
    #[must_use]
    pub fn named(api_name: impl Into<String>) -> Self {
        Self { api_name: Some(api_name.into()), ..Self::default() }
    }

    /// A reference by id.
    #[must_use]
    pub fn to(id: impl Into<Id>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }

    /// A text: an API name, or an id if it has nothing but digits.
    fn of_text(text: String) -> Self {
        match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Self::to(text),
            false => Self::named(text),
        }
    }

    fn of_object(raw: &RawValue) -> Result<Self, &'static str> {
        let mut reference: Self = from_object(raw)?;
        // newer files refer to a module by an object around its reference
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
        Self::of_object(&raw).map_err(|_| de::Error::custom("it is neither a name nor an object"))
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
        // it is written as it was read
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
        // its own name goes before that of its module
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
    fn debug_shows_no_person() {
        let text = format!("{:?}", read(r#"{"id":"7","name":"Boyle","email":"p@example.com"}"#));
        assert!(text.contains('7') && !text.contains("Boyle") && !text.contains("p@"), "{text}");
    }
}
