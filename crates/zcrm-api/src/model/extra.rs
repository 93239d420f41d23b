//! Storage for the members of an object that a model has no field for.

use std::{borrow::Cow, fmt};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zcrm_core::Error;

use super::raw_json::{RawJson, read_as};

/// The members of an object that no field of its model holds, in their original order and text.
///
/// These are members that this version of the crate does not know, members of an unexpected shape,
/// and nulls. They are written back with the fields. Use the model's `set` or `with` to change
/// them. `Debug` shows only the names, because values may be personal data.
///
/// ```
/// use zcrm_api::organisation::User;
///
/// let json = r#"{"id":"7","Shop_Rate":1.10,"phone":null,"offset":"far"}"#;
/// let user: User = serde_json::from_str(json)?;
/// assert_eq!(user.extra.names().collect::<Vec<_>>(), ["Shop_Rate", "phone", "offset"]);
/// assert_eq!(user.extra.raw("Shop_Rate"), Some("1.10"));
/// assert_eq!(user.offset, None);
/// assert_eq!(user.extra.get::<String>("offset")?.as_deref(), Some("far"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Inner>>);

#[derive(Clone, Default)]
struct Inner {
    members: Vec<(Cow<'static, str>, Option<RawJson>)>,
    /// The older names under which fields were read.
    older_names: Vec<&'static str>,
    /// The value that Zoho sent in place of an object.
    plain: Option<RawJson>,
    /// The first value that a builder could not write as JSON.
    mistake: Option<Error>,
}

impl Extra {
    /// Returns `true` if there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    /// Returns the names of the members, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members().iter().map(|(name, _)| &**name)
    }

    /// Returns the exact JSON text of a member.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        // if a name is repeated, the last member counts
        self.iter().filter(|(member, _)| *member == name).map(|(_, raw)| raw).last()
    }

    /// Returns `true` if there is a member of this name, even if it is null.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|member| member == name)
    }

    /// Returns a member as `T`, or `None` if it is absent or null.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](zcrm_core::ErrorKind::Decode) that names the member if
    /// it does not fit `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        match self.raw(name) {
            Some(raw) => read_as(name, raw),
            None => Ok(None),
        }
    }

    /// Returns the names and JSON texts of the members, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members()
            .iter()
            .map(|(name, value)| (&**name, value.as_ref().map_or("null", RawJson::raw)))
    }

    fn members(&self) -> &[(Cow<'static, str>, Option<RawJson>)] {
        self.0.as_deref().map_or(&[], |inner| &inner.members)
    }

    fn inner(&mut self) -> &mut Inner {
        self.0.get_or_insert_default()
    }

    pub(super) fn push(&mut self, name: Cow<'static, str>, raw: &RawValue) {
        let value = Some(RawJson::from(raw)).filter(|value| !value.is_null());
        self.inner().members.push((name, value));
    }

    pub(super) fn remove(&mut self, name: &str) {
        if let Some(inner) = &mut self.0 {
            inner.members.retain(|(member, _)| member != name);
            inner.older_names.retain(|older| *older != name);
        }
    }

    /// Removes a member and returns it.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.get(name).ok().flatten()?;
        self.remove(name);
        Some(value)
    }

    pub(super) fn note_older_name(&mut self, name: &'static str) {
        self.inner().older_names.push(name);
    }

    pub(super) fn was_read_under(&self, name: &str) -> bool {
        self.0.as_deref().is_some_and(|inner| inner.older_names.contains(&name))
    }

    pub(super) fn plain(&self) -> Option<&RawJson> {
        self.0.as_deref().and_then(|inner| inner.plain.as_ref())
    }

    pub(super) fn set_plain(&mut self, plain: RawJson) {
        self.inner().plain = Some(plain);
    }

    pub(super) fn mistake(&self) -> Option<&Error> {
        self.0.as_deref().and_then(|inner| inner.mistake.as_ref())
    }

    pub(super) fn note_mistake(&mut self, mistake: Error) {
        self.inner().mistake.get_or_insert(mistake);
    }
}

/// Compares names and values, including their order.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.members() == other.members()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
