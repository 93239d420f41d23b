//! Partial parsing of JSON: members as slices of the original text.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Range, sync::LazyLock};

use memchr::{memchr, memmem::Finder};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess},
};
use serde_json::value::RawValue;

/// A JSON string, borrowed if it has no escapes.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// The members of an object in their order, with their values as raw text.
pub(crate) struct Members<'a>(pub(crate) Vec<(Text<'a>, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(name, _)| name.0 == key).map(|(_, value)| *value)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &*name.0)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// The position of one member in an object's text. The key's quotes are not included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberSpan {
    key: (u32, u32),
    value: (u32, u32),
}

impl MemberSpan {
    pub(crate) fn key(self) -> Range<usize> {
        self.key.0 as usize..self.key.1 as usize
    }

    pub(crate) fn value(self) -> Range<usize> {
        self.value.0 as usize..self.value.1 as usize
    }
}

/// Returns the positions of an object's members, in order.
pub(crate) fn member_spans(object: &str) -> Result<Vec<MemberSpan>, serde_json::Error> {
    struct Visitor<'a>(&'a str);

    impl<'de> de::Visitor<'de> for Visitor<'de> {
        type Value = Vec<MemberSpan>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let start = self.0.as_ptr().addr();
            let range = |part: &str| {
                let begin = part.as_ptr().addr().checked_sub(start)?;
                let end = begin.checked_add(part.len())?;
                Some((u32::try_from(begin).ok()?, u32::try_from(end).ok()?))
            };
            let mut spans = Vec::with_capacity(48);
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                let quoted = key.get();
                let bare = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or(quoted);
                let (key, value) = range(bare)
                    .zip(range(value.get()))
                    .ok_or_else(|| de::Error::custom("the object is larger than 4 GiB"))?;
                spans.push(MemberSpan { key, value });
            }
            Ok(spans)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(object);
    let spans = deserializer.deserialize_map(Visitor(object))?;
    deserializer.end()?;
    Ok(spans)
}

/// The list under a key known at run time, and `info`. All other members are skipped.
pub(crate) struct Envelope<'a, T> {
    pub(crate) items: Option<Vec<T>>,
    pub(crate) info: Option<&'a RawValue>,
    /// The text from the list's name to the next member.
    pub(crate) list: Option<&'a str>,
}

pub(crate) fn envelope<'a, T: Deserialize<'a>>(
    text: &'a str,
    key: &str,
) -> Result<Envelope<'a, T>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = EnvelopeSeed { text, key, item: PhantomData };
    let envelope = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(envelope)
}

struct EnvelopeSeed<'a, 'k, T> {
    text: &'a str,
    key: &'k str,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for EnvelopeSeed<'de, '_, T> {
    type Value = Envelope<'de, T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for EnvelopeSeed<'de, '_, T> {
    type Value = Envelope<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list under `{}`", self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope { items: None, info: None, list: None };
        // the offset of a name in the text, or `None` if the name was unescaped
        let place = |name: &Cow<'de, str>| match name {
            Cow::Borrowed(name) => name.as_ptr().addr().checked_sub(self.text.as_ptr().addr()),
            Cow::Owned(_) => None,
        };
        let mut begin = None;
        while let Some(Text(key)) = map.next_key()? {
            if let Some(begin) = begin.take() {
                envelope.list = place(&key).and_then(|end| self.text.get(begin..end));
            }
            if key == self.key {
                envelope.items = map.next_value()?;
                begin = place(&key);
                envelope.list = begin.and_then(|begin| self.text.get(begin..));
            } else if key == "info" {
                envelope.info = map.next_value()?;
            } else {
                map.next_value::<de::IgnoredAny>()?;
            }
        }
        Ok(envelope)
    }
}

/// Returns `true` if an object of this text may have a member `id`, without parsing it.
#[doc(hidden)]
#[must_use]
pub fn may_hold_id(text: &str) -> bool {
    static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"id\""));
    if NAME.find(text.as_bytes()).is_some() {
        return true;
    }
    // a name may be written with escapes
    let escape = memchr(b'\\', text.as_bytes()).and_then(|at| text.get(at..));
    escape.is_some_and(|rest| rest.contains("\\u"))
}

/// Returns serde's message without the value that it quotes, because values are people's data:
/// `invalid type: string "Boyle", expected u32` becomes `invalid type: string, expected u32`.
pub(crate) fn without_value(error: &serde_json::Error) -> String {
    let message = error.to_string();
    for start in ["invalid type: ", "invalid value: ", "unknown variant "] {
        if let Some(rest) = message.strip_prefix(start) {
            let met = rest.split([' ', ',', '`']).next().unwrap_or_default();
            let tail = rest.rfind(", expected ").and_then(|at| rest.get(at..)).unwrap_or_default();
            let tail = tail.rfind(" at line ").and_then(|at| tail.get(..at)).unwrap_or(tail);
            return format!("{}{tail}", format!("{start}{met}").trim_end());
        }
    }
    if let Some(name) = message.strip_prefix("missing field ") {
        let name = name.rfind(" at line ").and_then(|at| name.get(..at)).unwrap_or(name);
        return format!("missing field {name}");
    }
    match error.classify() {
        serde_json::error::Category::Data => "the type does not accept this value".to_owned(),
        _ => format!("invalid JSON at line {} column {}", error.line(), error.column()),
    }
}

/// Returns the kind of a JSON value, with its article.
pub(crate) fn kind_of(json: &str) -> &'static str {
    match json.trim_start().as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Returns the name of a Rust type without the paths of its modules: `Option<DateTime<Utc>>`.
pub(crate) fn short_name<T>() -> String {
    let of_a_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}');
    let mut short = String::new();
    for part in std::any::type_name::<T>().split_inclusive(|c| !of_a_path(c)) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::{Members, may_hold_id, member_spans, short_name, without_value};

    #[test]
    fn shortens_the_names_of_types() {
        assert_eq!(short_name::<u32>(), "u32");
        assert_eq!(short_name::<Option<Vec<crate::Timestamp>>>(), "Option<Vec<Timestamp>>");
        assert_eq!(short_name::<(String, crate::Id)>(), "(String, Id)");
        let local = || {
            struct Local;
            short_name::<Option<Local>>()
        };
        assert_eq!(local(), "Option<Local>");
    }

    #[test]
    fn member_spans_are_slices_of_the_text() {
        let text = r#" { "a" : 1.50 , "b\u0063" : [ {"x": null} ] } "#;
        let spans = member_spans(text).unwrap();
        let parts: Vec<_> = spans
            .iter()
            .map(|span| (text.get(span.key()).unwrap(), text.get(span.value()).unwrap()))
            .collect();
        assert_eq!(parts, [("a", "1.50"), ("b\\u0063", r#"[ {"x": null} ]"#)]);
    }

    #[test]
    fn refuses_values_other_than_objects() {
        for text in ["[]", "1", "null", "\"x\"", "{} {}", "{\"a\":}", ""] {
            assert!(member_spans(text).is_err(), "{text}");
        }
    }

    #[test]
    fn detects_each_text_that_may_have_an_id() {
        for text in [r#"{"id":1}"#, r#"{"a":"\n","\u0069d":1}"#, r#"{"a":{"id":1}}"#] {
            assert!(may_hold_id(text), "{text}");
        }
        for text in [r#"{"ids":1}"#, r#"{"a":"id"#, r#"{"a":"\n"}"#, ""] {
            assert!(!may_hold_id(text), "{text}");
        }
    }

    #[test]
    fn finds_escaped_keys() {
        let members = Members::parse(r#"{"d\u0061ta":[1]}"#).unwrap();
        assert_eq!(members.get("data").unwrap().get(), "[1]");
    }

    /// A type whose error quotes the value that it met.
    #[derive(Debug)]
    struct Owned;

    impl<'de> serde::Deserialize<'de> for Owned {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let met = String::deserialize(deserializer)?;
            Err(serde::de::Error::custom(format!("cannot take {met}")))
        }
    }

    #[test]
    fn removes_values_from_messages() {
        let error = serde_json::from_str::<u32>("\"Boyle, expected trouble\"").unwrap_err();
        assert_eq!(without_value(&error), "invalid type: string, expected u32");
        let error = serde_json::from_str::<u32>("{\"Last_Name\":\"Boyle\"}").unwrap_err();
        assert_eq!(without_value(&error), "invalid type: map, expected u32");
        let own = serde_json::from_str::<Owned>("\"Boyle\"").unwrap_err();
        assert_eq!(without_value(&own), "the type does not accept this value");
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Colour {
            Red,
        }
        let error = serde_json::from_str::<Colour>("\"boyle\"").unwrap_err();
        assert!(!without_value(&error).contains("boyle"), "{}", without_value(&error));
        assert!(matches!(serde_json::from_str("\"red\""), Ok(Colour::Red)));
    }
}
