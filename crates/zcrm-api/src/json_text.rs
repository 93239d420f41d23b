//! Finds a text in JSON, with its place.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use zcrm_core::escaped;

/// A text that was found.
pub(crate) struct FoundText {
    /// The place, such as "`$.data[0].City`" or "a key in `$.data[0]`".
    pub(crate) place: String,
    pub(crate) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    Key,
    Value,
}

/// Returns the first string or key of a JSON text that is `wanted`, even if the JSON is invalid
/// behind it. Unlike a search in the text, it undoes escapes; unlike a parsed value, it sees each of
/// repeated keys.
pub(crate) fn find_text(
    json: &[u8],
    wanted: &dyn Fn(&str, TextKind) -> bool,
) -> Result<Option<FoundText>, serde_json::Error> {
    let found = RefCell::new(None);
    let scan = Scan { wanted, place: &Place::Body, found: &found };
    let mut json = serde_json::Deserializer::from_slice(json);
    let read = scan.deserialize(&mut json).and_then(|()| json.end());
    match found.into_inner() {
        Some(found) => Ok(Some(found)),
        None => read.map(|()| None),
    }
}

/// The place of a value in a body.
enum Place<'a> {
    Body,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => f.write_str("$"),
            Self::Member(of, name) => write!(f, "{of}.{}", escaped(name)),
            Self::Item(of, index) => write!(f, "{of}[{index}]"),
        }
    }
}

#[derive(Clone, Copy)]
struct Scan<'a> {
    wanted: &'a dyn Fn(&str, TextKind) -> bool,
    place: &'a Place<'a>,
    found: &'a RefCell<Option<FoundText>>,
}

impl Scan<'_> {
    fn look_at(self, text: &str, kind: TextKind) {
        if (self.wanted)(text, kind) {
            let what = if kind == TextKind::Key { "a key in " } else { "" };
            let found =
                || FoundText { place: format!("{what}`{}`", self.place), text: text.to_owned() };
            self.found.borrow_mut().get_or_insert_with(found);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Accepts values that hold no text.
macro_rules! no_text {
    ($($visit:ident: $type:ty),*) => {
        $(
            fn $visit<E>(self, _: $type) -> Result<(), E> {
                Ok(())
            }
        )*
    };
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    no_text!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.look_at(text, TextKind::Value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(()) =
            items.next_element_seed(Scan { place: &Place::Item(self.place, index), ..self })?
        {
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            self.look_at(&name, TextKind::Key);
            members.next_value_seed(Scan { place: &Place::Member(self.place, &name), ..self })?;
        }
        Ok(())
    }
}
