//! Records of any module, kept as the JSON that Zoho sent.

use std::{borrow::Cow, fmt, str::FromStr};

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned, ser};
use serde_json::{Value, value::RawValue};

use crate::{
    Error, ErrorKind, Id, Lookup, Outcome, escaped,
    json::{self, MemberSpan},
    zoho_json::to_json,
};

/// A record of any module, kept as the JSON that Zoho sent.
///
/// Getters read members by name, and setters keep their changes next to the original text.
/// Unchanged members are written back byte for byte, with their order, their digits and members
/// that zcrm does not know. A record of a page shares the page's memory; [`detach`](Self::detach)
/// copies it.
///
/// `Debug` shows the names of the fields but not their values, which are people's data.
///
/// ```
/// use zcrm_core::Record;
///
/// let mut lead = Record::new().with("Last_Name", "Boyle").with("Annual_Revenue", 125000.50);
/// lead.set("Company", "Zylker")?;
/// lead.remove("Annual_Revenue");
/// assert_eq!(lead.get::<String>("Company")?.as_deref(), Some("Zylker"));
/// assert_eq!(lead.to_json(), r#"{"Last_Name":"Boyle","Company":"Zylker"}"#);
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Record {
    text: Bytes,
    members: Vec<MemberSpan>,
    edits: Vec<Edit>,
    /// The first error of [`with`](Record::with), which cannot return it.
    mistake: Option<Error>,
}

#[derive(Clone)]
struct Edit {
    name: String,
    /// The JSON of the new value, or `None` if the member was removed.
    json: Option<String>,
}

impl Record {
    /// Creates a record without members.
    #[must_use]
    pub fn new() -> Self {
        Self {
            text: Bytes::from_static(b"{}"),
            members: Vec::new(),
            edits: Vec::new(),
            mistake: None,
        }
    }

    /// Reads a record from its JSON, without copying the text.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](ErrorKind::Input) if `json` is not one JSON object.
    pub fn from_json(json: impl Into<Bytes>) -> Result<Self, Error> {
        let text = json.into();
        let refuse = |what: String| {
            Error::input(format!("invalid record: expected one JSON object ({what})"))
        };
        let object = std::str::from_utf8(&text).map_err(|_| refuse("not UTF-8".to_owned()))?;
        let members =
            json::member_spans(object).map_err(|error| refuse(json::without_value(&error)))?;
        Ok(Self { text, members, edits: Vec::new(), mistake: None })
    }

    /// Sets a member to any value that serialises, and returns the record.
    ///
    /// Times, such as those of `chrono` and `SystemTime`, are written in Zoho's format: in whole
    /// seconds and with an offset. If a value cannot be written as JSON, sending the record fails.
    /// [`set`](Self::set) reports such an error immediately.
    ///
    /// ```
    /// use chrono::{DateTime, NaiveDate};
    /// use zcrm_core::{Decimal, Id, Lookup, Record};
    ///
    /// let id = Id::from("3652397000000649013");
    /// let start = DateTime::from_timestamp(1_779_622_512, 345_000_000).unwrap();
    /// let amount: Decimal = "1999.90".parse()?;
    /// let call = Record::new()
    ///     .with("id", &id)
    ///     .with("Call_Start_Time", start)
    ///     .with("Due", NaiveDate::from_ymd_opt(2026, 5, 31))
    ///     .with("Owner", Lookup::to("111"))
    ///     .with("Amount", amount)
    ///     .with("Description", None::<String>)
    ///     .with("Colours", ["red", "blue"]);
    /// assert_eq!(
    ///     call.to_json(),
    ///     concat!(
    ///         r#"{"id":"3652397000000649013","Call_Start_Time":"2026-05-24T11:35:12+00:00","#,
    ///         r#""Due":"2026-05-31","Owner":{"id":"111"},"Amount":1999.90,"Description":null,"#,
    ///         r#""Colours":["red","blue"]}"#,
    ///     )
    /// );
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        if let Err(mistake) = self.set(name, value) {
            self.mistake.get_or_insert(mistake);
        }
        self
    }

    /// Sets a member to any value that serialises; see [`with`](Self::with) for times.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](ErrorKind::Input) if `value` cannot be written as JSON.
    pub fn set(&mut self, name: impl Into<String>, value: impl Serialize) -> Result<(), Error> {
        let name = name.into();
        let json = to_json(&value).map_err(|error| {
            let name = escaped(&name);
            Error::input(format!("the value of `{name}` cannot be written as JSON: {error}"))
        })?;
        self.edit(name, Some(json));
        Ok(())
    }

    /// Removes a member, so that an update leaves the field unchanged.
    ///
    /// To clear the field, set it to `None::<()>` instead.
    pub fn remove(&mut self, name: &str) {
        self.edit(name.to_owned(), None);
    }

    /// Sets all members of another record in this one.
    pub fn merge(&mut self, other: &Self) {
        if let Some(mistake) = &other.mistake {
            self.mistake.get_or_insert_with(|| mistake.clone());
        }
        for name in other.names() {
            if let Some(json) = other.raw(&name) {
                self.edit(name.into_owned(), Some(json.to_owned()));
            }
        }
    }

    /// Returns the JSON of a member, exactly as it is in the record.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        if let Some(edit) = self.edits.iter().find(|edit| edit.name == name) {
            return edit.json.as_deref();
        }
        let span = self.members.iter().rev().find(|span| self.is_named(**span, name))?;
        self.slice(span.value())
    }

    /// Returns `true` if the record has a member of this name, which may be null.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Returns a member as a `T`, or `None` if it is absent or null.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](ErrorKind::Decode), with the member's name, if the
    /// member does not fit `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw).map_err(|error| {
            let message = format!(
                "the record's member `{}` is {} and does not fit the type `{}`: {}",
                escaped(name),
                json::kind_of(raw),
                json::short_name::<T>(),
                json::without_value(&error)
            );
            Error::new(ErrorKind::Decode, Outcome::Local, message)
        })
    }

    /// Returns the record's id.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        self.get("id").ok().flatten()
    }

    /// Returns the user who owns the record.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](ErrorKind::Decode) if `Owner` is not a reference.
    pub fn owner(&self) -> Result<Option<Lookup>, Error> {
        self.get("Owner")
    }

    /// Returns a reference to another record, such as `Account_Name`.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](ErrorKind::Decode) if the member is not a reference.
    pub fn lookup(&self, name: &str) -> Result<Option<Lookup>, Error> {
        self.get(name)
    }

    /// Returns a system property by its name without the dollar sign: `property("approved")` reads
    /// `$approved`.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](ErrorKind::Decode) if the property does not fit `T`.
    pub fn property<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        self.get(&format!("${name}"))
    }

    /// Returns the names of the members, in order.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let kept = self.members.iter().map(|span| self.name_of(*span));
        let kept = kept.filter(|name| {
            self.edits.iter().all(|edit| edit.name != **name || edit.json.is_some())
        });
        kept.chain(self.added().map(|(name, _)| Cow::Borrowed(name)))
    }

    /// Returns the record's JSON: the original text with changed values, followed by new members.
    #[must_use]
    pub fn to_json(&self) -> Cow<'_, str> {
        if self.edits.is_empty() {
            return Cow::Borrowed(std::str::from_utf8(&self.text).unwrap_or("{}"));
        }
        let mut json = String::with_capacity(self.text.len() + 64);
        let mut member = |key: fmt::Arguments<'_>, value: &str| {
            json.push(if json.is_empty() { '{' } else { ',' });
            // writing to memory cannot fail
            let _ = fmt::write(&mut json, key);
            json.push(':');
            json.push_str(value);
        };
        for span in &self.members {
            let name = self.name_of(*span);
            let value = match self.edits.iter().find(|edit| edit.name == *name) {
                Some(edit) => edit.json.as_deref(),
                None => self.slice(span.value()),
            };
            if let Some(value) = value {
                let key = self.slice(span.key()).unwrap_or_default();
                member(format_args!("\"{key}\""), value);
            }
        }
        for (name, value) in self.added() {
            member(format_args!("{}", Value::from(name)), value);
        }
        if json.is_empty() {
            json.push('{');
        }
        json.push('}');
        Cow::Owned(json)
    }

    /// Copies the record's text, so that the memory of its page can be freed.
    pub fn detach(&mut self) {
        self.text = Bytes::copy_from_slice(&self.text);
    }

    /// Sets a member to a value of this crate, which can always be written.
    pub(crate) fn put(&mut self, name: &str, value: &impl Serialize) {
        if let Ok(json) = to_json(value) {
            self.edit(name.to_owned(), Some(json));
        }
    }

    fn added(&self) -> impl Iterator<Item = (&str, &str)> {
        self.edits
            .iter()
            .filter(|edit| !self.members.iter().any(|span| self.is_named(*span, &edit.name)))
            .filter_map(|edit| Some((edit.name.as_str(), edit.json.as_deref()?)))
    }

    fn edit(&mut self, name: String, json: Option<String>) {
        match self.edits.iter_mut().find(|edit| edit.name == name) {
            Some(edit) => edit.json = json,
            None => self.edits.push(Edit { name, json }),
        }
    }

    fn is_named(&self, span: MemberSpan, name: &str) -> bool {
        self.slice(span.key()) == Some(name)
            || self.slice(span.key()).is_some_and(|key| key.contains('\\'))
                && self.name_of(span) == name
    }

    fn name_of(&self, span: MemberSpan) -> Cow<'_, str> {
        let key = self.slice(span.key()).unwrap_or_default();
        if !key.contains('\\') {
            return Cow::Borrowed(key);
        }
        serde_json::from_str(&format!("\"{key}\"")).map_or(Cow::Borrowed(key), Cow::Owned)
    }

    fn slice(&self, range: std::ops::Range<usize>) -> Option<&str> {
        std::str::from_utf8(self.text.get(range)?).ok()
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.debug_struct("Record").field("id", &self.id()).field("fields", &names).finish()
    }
}

/// Reads a record from its JSON; see [`from_json`](Record::from_json).
impl FromStr for Record {
    type Err = Error;

    fn from_str(json: &str) -> Result<Self, Error> {
        Self::from_json(json.to_owned())
    }
}

impl TryFrom<Value> for Record {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self, Error> {
        Self::from_json(value.to_string())
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(mistake) = &self.mistake {
            return Err(ser::Error::custom(mistake));
        }
        serde_json::from_str::<&RawValue>(&self.to_json())
            .map_err(ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_json(String::from(Box::<str>::from(raw))).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json, value::RawValue};

    use super::Record;

    const PAGE: &str = r#"{ "id":"1", "Amount": 1.50, "big":12345678901234567890.10, "n\u0061me":"x" , "Owner":{"id":"9","name":"P"}, "Items":[{"id":"7","Q":2.0}], "$approved":true}"#;

    #[test]
    fn writes_unchanged_members_back_byte_for_byte() {
        let mut record = Record::from_json(PAGE).unwrap();
        assert_eq!(record.to_json(), PAGE);
        record.set("Amount", 2).unwrap();
        record.set("New", [1]).unwrap();
        record.remove("Owner");
        assert_eq!(
            record.to_json(),
            r#"{"id":"1","Amount":2,"big":12345678901234567890.10,"n\u0061me":"x","Items":[{"id":"7","Q":2.0}],"$approved":true,"New":[1]}"#
        );
    }

    #[test]
    fn reads_members_by_name() {
        let record = Record::from_json(PAGE).unwrap();
        assert_eq!(record.id().unwrap().as_str(), "1");
        assert_eq!(record.get::<String>("name").unwrap().as_deref(), Some("x"));
        assert_eq!(record.raw("Amount"), Some("1.50"));
        assert_eq!(record.owner().unwrap().unwrap().id.as_str(), "9");
        assert_eq!(record.property::<bool>("approved").unwrap(), Some(true));
        assert_eq!(record.subform("Items").unwrap()[0].raw("Q"), Some("2.0"));
        assert!(record.get::<u32>("absent").unwrap().is_none());
        let error = record.get::<u32>("name").unwrap_err().to_string();
        assert!(error.contains("`name`") && error.contains("expected u32"), "{error}");
    }

    #[test]
    fn refuses_json_other_than_an_object() {
        for json in [json!([]), json!("x"), json!(1), json!(null)] {
            let error = Record::try_from(json).unwrap_err().to_string();
            assert!(error.contains("expected one JSON object"), "{error}");
        }
        assert!(Record::from_json(&b"{\"a\":\"\xff\"}"[..]).is_err());
    }

    #[test]
    fn debug_shows_field_names_and_no_values() {
        let text = format!("{:?}", Record::new().with("Email", "patricia@example.com"));
        assert!(text.contains("Email") && !text.contains("patricia"), "{text}");
    }

    #[test]
    fn removes_a_new_member_and_sets_it_again() {
        let mut record = Record::new().with("a", 1);
        record.remove("a");
        assert_eq!(record.to_json(), "{}");
        assert!(!record.contains("a"));
        record.set("a", None::<()>).unwrap();
        assert_eq!(record.to_json(), r#"{"a":null}"#);
    }

    #[test]
    fn appends_new_members_in_order() {
        let record = Record::from_json(r#"{"z":0}"#).unwrap().with("b", 1).with("a", 2);
        assert_eq!(record.to_json(), r#"{"z":0,"b":1,"a":2}"#);
        assert_eq!(record.names().collect::<Vec<_>>(), ["z", "b", "a"]);
    }

    #[test]
    fn reads_the_last_of_duplicate_members() {
        let mut record = Record::from_json(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(record.raw("a"), Some("2"));
        record.remove("a");
        assert_eq!(record.to_json(), "{}");
    }

    /// JSON as Zoho may write it: with any order, white space, digits and escapes.
    fn json_text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|truth| truth.to_string()),
            "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
            ".{0,12}".prop_map(|text| Value::from(text).to_string()),
            Just(r#""\u00e9\/\ud83d\ude00""#.to_owned()),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let member = (".{0,6}", inner.clone())
                .prop_map(|(name, value)| format!("{} : {value}", Value::from(name)));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(" , "))),
                prop::collection::vec(member, 0..4)
                    .prop_map(|all| format!("{{{}}}", all.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn keeps_any_record_through_reading_editing_and_writing(
            members in prop::collection::hash_map(".{0,8}", json_text(), 0..8),
            name in ".{0,8}",
            value in json_text(),
        ) {
            let written: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:\t{value} ", Value::from(name.as_str())))
                .collect();
            let text = format!("{{ {}}}", written.join(" ,"));
            let mut record = Record::from_json(text.clone()).unwrap();
            prop_assert_eq!(record.to_json(), text.as_str());
            let again: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
            prop_assert_eq!(again.to_json(), text.as_str());

            let raw: &RawValue = serde_json::from_str(&value).unwrap();
            record.set(name.clone(), raw).unwrap();
            let again = Record::from_json(record.to_json().into_owned()).unwrap();
            prop_assert_eq!(again.raw(&name).unwrap(), &value);
            prop_assert_eq!(again.names().count(), members.len() + usize::from(!members.contains_key(&name)));
            for (untouched, value) in members.iter().filter(|(member, _)| **member != name) {
                prop_assert_eq!(again.raw(untouched).unwrap(), value);
            }
            let order = |record: &Record| record.names().map(std::borrow::Cow::into_owned).collect::<Vec<_>>();
            prop_assert!(order(&again).starts_with(&order(&Record::from_json(text).unwrap())));
        }
    }
}
