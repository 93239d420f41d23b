//! Conversion between the members of a JSON object and the fields of a model.
//!
//! The functions are not generic over models, except for thin wrappers: a model passes its table of
//! names and its fields.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, MapAccess},
};
use serde_json::value::RawValue;
use zcrm_core::{Error, to_json};

use super::{
    extra::Extra,
    raw_json::{RawJson, read_as},
};

/// The maximum nesting of models. Zoho nests less, and it bounds the use of the stack.
const MOST_NESTED: u32 = 64;

/// The names of a field: its current name and its name in older versions.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) own: &'static str,
    pub(crate) older: Option<&'static str>,
}

impl Name {
    fn is(&self, name: &str) -> bool {
        self.own == name || self.older == Some(name)
    }

    /// Returns the name to write the field under: the name under which it was read.
    fn written(&self, extra: &Extra) -> &'static str {
        self.older.filter(|older| extra.was_read_under(older)).unwrap_or(self.own)
    }
}

/// A field of a model: an `Option`, a `Vec`, or a `String` that is empty if Zoho omits the member.
pub(crate) trait ModelField {
    /// Reads the value. If it does not fit, clears the field and returns `false`.
    fn read(&mut self, raw: &RawValue) -> bool;
    fn is_set(&self) -> bool;
    fn clear(&mut self);
    fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()>;
}

/// Returns `true` for null and `{}`, which older API versions send for an absent object.
fn is_absent(raw: &RawValue) -> bool {
    let inside = raw.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    raw.get() == "null" || inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

impl<T: Serialize + DeserializeOwned> ModelField for Option<T> {
    fn read(&mut self, raw: &RawValue) -> bool {
        if !is_absent(raw) {
            *self = serde_json::from_str(raw.get()).ok();
        }
        self.is_some()
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn clear(&mut self) {
        *self = None;
    }

    fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(json, self)
    }
}

impl<T: Serialize + DeserializeOwned> ModelField for Vec<T> {
    fn read(&mut self, raw: &RawValue) -> bool {
        *self = serde_json::from_str(raw.get()).unwrap_or_default();
        self.is_set()
    }

    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(json, self)
    }
}

impl ModelField for String {
    fn read(&mut self, raw: &RawValue) -> bool {
        *self = serde_json::from_str(raw.get()).unwrap_or_default();
        self.is_set()
    }

    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(json, self)
    }
}

/// A struct whose fields are members of a JSON object.
pub(crate) trait ModelFields {
    /// The names of the fields, in the order of `fields`.
    const NAMES: &'static [Name];

    fn fields(&self) -> (Vec<&dyn ModelField>, &Extra);
    fn fields_mut(&mut self) -> (Vec<&mut dyn ModelField>, &mut Extra);
}

/// Reads a model from an object.
pub(crate) fn deserialize<'de, T: ModelFields + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    from_object(&raw).map_err(de::Error::custom)
}

/// Writes a model as an object.
pub(crate) fn serialize<T: ModelFields, S: Serializer>(
    model: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let json = to_object(model).map_err(serde::ser::Error::custom)?;
    json.serialize(serializer)
}

pub(crate) fn from_object<T: ModelFields + Default>(raw: &RawValue) -> Result<T, &'static str> {
    let mut model = T::default();
    let (mut fields, extra) = model.fields_mut();
    read(raw.get(), T::NAMES, &mut fields, extra)?;
    Ok(model)
}

fn to_object<T: ModelFields>(model: &T) -> serde_json::Result<Box<RawValue>> {
    let (fields, extra) = model.fields();
    write(T::NAMES, &fields, extra)
}

/// Returns a member by its name, from its field or from `extra`.
pub(crate) fn get<M: ModelFields, T: DeserializeOwned>(
    model: &M,
    name: &str,
) -> Result<Option<T>, Error> {
    let (fields, extra) = model.fields();
    match raw_of(M::NAMES, &fields, extra, name) {
        Some(raw) => read_as(name, &raw),
        None => Ok(None),
    }
}

/// Sets a member by its name: its field if the value fits, otherwise an entry in `extra`.
pub(crate) fn set<M: ModelFields, T: Serialize>(
    model: &mut M,
    name: String,
    value: &T,
) -> Result<(), Error> {
    let json = to_json(value).and_then(RawValue::from_string).map_err(|error| {
        let name = zcrm_core::escaped(&name);
        Error::input(format!("the value of `{name}` cannot be written as JSON: {error}"))
    })?;
    let (mut fields, extra) = model.fields_mut();
    put(M::NAMES, &mut fields, extra, name, &json);
    Ok(())
}

/// Sets a member like [`set`]. An error is kept and returned when the model is written.
pub(crate) fn with<M: ModelFields, T: Serialize>(mut model: M, name: String, value: &T) -> M {
    if let Err(mistake) = set(&mut model, name, value) {
        model.fields_mut().1.note_mistake(mistake);
    }
    model
}

/// Shows the names of the members that are present.
pub(crate) fn debug<M: ModelFields>(
    what: &str,
    model: &M,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let (fields, extra) = model.fields();
    f.write_str(what)?;
    f.write_str(" ")?;
    let set = M::NAMES.iter().zip(fields).filter(|(_, field)| field.is_set());
    let names = set.map(|(name, _)| name.written(extra));
    f.debug_set().entries(names.chain(extra.names())).finish()
}

fn read(
    object: &str,
    names: &[Name],
    fields: &mut [&mut dyn ModelField],
    extra: &mut Extra,
) -> Result<(), &'static str> {
    let _nested = Nested::enter()?;
    let members: Parsed<'_> = serde_json::from_str(object).map_err(|_| "not an object")?;
    let mut left = Vec::new();
    for (name, raw) in members.0 {
        let known = names.iter().zip(fields.iter_mut()).find(|(known, _)| known.own == name);
        match known {
            Some((known, field)) => {
                // if a name is repeated, the last member counts
                field.clear();
                if !field.read(raw) {
                    left.push((Cow::Borrowed(known.own), raw));
                }
            }
            None => left.push((Cow::Owned(name.into_owned()), raw)),
        }
    }
    for (name, raw) in left {
        let older = |known: &Name| known.older.filter(|older| *older == name);
        let mut fields = names.iter().zip(fields.iter_mut());
        let field = fields.find_map(|(known, field)| Some((older(known)?, field)));
        // a member with an older name fills only an empty field
        let filled = field.filter(|(_, field)| !field.is_set());
        match filled.and_then(|(older, field)| field.read(raw).then_some(older)) {
            Some(older) => extra.note_older_name(older),
            None => extra.push(name, raw),
        }
    }
    Ok(())
}

fn write(
    names: &[Name],
    fields: &[&dyn ModelField],
    extra: &Extra,
) -> serde_json::Result<Box<RawValue>> {
    if let Some(mistake) = extra.mistake() {
        return Err(serde::ser::Error::custom(mistake));
    }
    let mut json = Vec::with_capacity(256);
    let key = |json: &mut Vec<u8>, name: &str| {
        json.push(if json.is_empty() { b'{' } else { b',' });
        serde_json::to_writer(&mut *json, name)?;
        json.push(b':');
        serde_json::Result::Ok(())
    };
    for (name, field) in names.iter().zip(fields).filter(|(_, field)| field.is_set()) {
        key(&mut json, name.written(extra))?;
        field.write(&mut json)?;
    }
    for (member, raw) in extra.iter() {
        // a set field replaces a member of the same name
        let replaced = names.iter().zip(fields).any(|(name, field)| {
            field.is_set() && (name.written(extra) == member || raw == "null" && name.is(member))
        });
        if !replaced {
            key(&mut json, member)?;
            json.extend_from_slice(raw.as_bytes());
        }
    }
    if json.is_empty() {
        json.push(b'{');
    }
    json.push(b'}');
    // every part was written or validated by `serde_json`
    RawValue::from_string(String::from_utf8(json).unwrap_or_default())
}

fn raw_of(names: &[Name], fields: &[&dyn ModelField], extra: &Extra, name: &str) -> Option<String> {
    let field = names.iter().zip(fields).find(|(known, field)| known.is(name) && field.is_set());
    match field {
        Some((_, field)) => {
            let mut json = Vec::new();
            field.write(&mut json).ok()?;
            String::from_utf8(json).ok()
        }
        None => extra.raw(name).map(str::to_owned),
    }
}

fn put(
    names: &[Name],
    fields: &mut [&mut dyn ModelField],
    extra: &mut Extra,
    name: String,
    raw: &RawValue,
) {
    extra.remove(&name);
    if let Some((known, field)) = names.iter().zip(fields).find(|(known, _)| known.is(&name)) {
        // the new value replaces the members of both names
        extra.remove(known.own);
        if let Some(older) = known.older {
            extra.remove(older);
        }
        field.clear();
        if field.read(raw) {
            if let Some(older) = known.older.filter(|older| *older == name) {
                extra.note_older_name(older);
            }
            return;
        }
    }
    extra.push(Cow::Owned(name), raw);
}

/// A guard that counts the nesting of models while they are read.
struct Nested;

thread_local! {
    static NESTED: Cell<u32> = const { Cell::new(0) };
}

impl Nested {
    fn enter() -> Result<Self, &'static str> {
        NESTED.with(|nested| match nested.get() {
            MOST_NESTED.. => Err("nested too deeply"),
            depth => {
                nested.set(depth + 1);
                Ok(Self)
            }
        })
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        NESTED.with(|nested| nested.set(nested.get().saturating_sub(1)));
    }
}

/// The members of an object in order, with raw values.
struct Parsed<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Parsed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Parsed<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(32);
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    members.push((unquoted(key).map_err(de::Error::custom)?, value));
                }
                Ok(Parsed(members))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

fn unquoted(key: &RawValue) -> serde_json::Result<Cow<'_, str>> {
    let bare = key.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match bare.filter(|bare| !bare.contains('\\')) {
        Some(bare) => Ok(Cow::Borrowed(bare)),
        None => serde_json::from_str(key.get()).map(Cow::Owned),
    }
}

/// Records the value that Zoho sent in place of an object.
pub(crate) fn plain<T: ModelFields>(mut model: T, raw: &RawValue) -> T {
    model.fields_mut().1.set_plain(RawJson::from(raw));
    model
}

/// Serialises a model that Zoho may send as a plain value instead of an object.
///
/// If Zoho sent a plain value, such as an id, and the model has not changed since, writes that value.
/// Otherwise writes an object.
pub(crate) fn serialize_plain_or_object<T, S: Serializer>(
    model: &T,
    serializer: S,
) -> Result<S::Ok, S::Error>
where
    T: ModelFields + DeserializeOwned + PartialEq,
{
    match model.fields().1.plain() {
        Some(plain) if plain.get::<T>().is_ok_and(|again| again == *model) => {
            plain.serialize(serializer)
        }
        _ => serialize(model, serializer),
    }
}
