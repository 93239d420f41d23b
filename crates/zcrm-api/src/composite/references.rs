//! Finds texts that Zoho would take for references.
//!
//! Zoho replaces `@{…}` in the path, the parameters and the body of a part, and documents no way to
//! escape it. So a text with `@{` that is not a reference of this request is refused.

use std::{borrow::Cow, cell::RefCell, fmt};

use percent_encoding::percent_decode_str;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use zcrm_core::{Error, escaped};

use super::reference::is_of_a_composite;

const OPENING: &str = "@{";

/// The number of percent-encodings that are undone. Each takes time, and a long text can have many.
const MOST_ENCODINGS: usize = 8;

/// The references that a part may contain, as texts.
pub(super) struct KnownReferences(pub(super) Vec<String>);

impl KnownReferences {
    /// Checks a text that cannot hold a reference, such as the path, also if it is encoded.
    pub(super) fn check_plain(place: &str, text: &str) -> Result<(), Error> {
        let mut text = Cow::Borrowed(text);
        for _ in 0..MOST_ENCODINGS {
            if text.contains(OPENING) {
                return Err(refusal(place, &text));
            }
            let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
            if decoded == text {
                return Ok(());
            }
            text = Cow::Owned(decoded);
        }
        Err(Error::input(format!(
            "{place} is percent-encoded more than {MOST_ENCODINGS} times, so a composite request cannot \
             check it: send this request by itself"
        )))
    }

    /// Checks all strings and keys of a body, which must be JSON.
    pub(super) fn check_body(&self, body: &[u8]) -> Result<(), Error> {
        let found = RefCell::new(None);
        let scan = Scan { known: self, place: &Place::Body, found: &found };
        let mut json = serde_json::Deserializer::from_slice(body);
        let read = scan.deserialize(&mut json).and_then(|()| json.end());
        match (found.into_inner(), read) {
            (Some(refused), _) => Err(refused),
            (None, Err(_)) => Err(Error::input(
                "the body is not JSON: a part of a composite request needs a JSON object",
            )),
            (None, Ok(())) => Ok(()),
        }
    }
}

fn refusal(place: &str, text: &str) -> Error {
    let message = match is_of_a_composite(text) {
        true => format!(
            "{place} has a reference to a record of another composite request, or of another place: use \
             `lookup()` of a handle of this request as the value of a lookup field"
        ),
        false => format!(
            "{place} contains `{OPENING}`, which Zoho takes for a reference in a composite request and \
             which cannot be escaped: send this request by itself"
        ),
    };
    Error::input(message)
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

/// Walks through a JSON value. Unlike a parsed value, it sees every one of repeated keys.
#[derive(Clone, Copy)]
struct Scan<'a> {
    known: &'a KnownReferences,
    place: &'a Place<'a>,
    found: &'a RefCell<Option<Error>>,
}

impl Scan<'_> {
    fn refuse(self, what: &str, text: &str) {
        let place = format!("{what}`{}` of the body", self.place);
        self.found.borrow_mut().get_or_insert_with(|| refusal(&place, text));
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
        if text.contains(OPENING) && !self.known.0.iter().any(|known| known == text) {
            self.refuse("", text);
        }
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
            if name.contains(OPENING) {
                self.refuse("a key in ", &name);
            }
            members.next_value_seed(Scan { place: &Place::Member(self.place, &name), ..self })?;
        }
        Ok(())
    }
}
