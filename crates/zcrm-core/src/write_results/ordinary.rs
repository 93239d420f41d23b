//! Decoding of plain successes in one pass.
//!
//! If all elements of an answer are plain successes, with members of the usual types,
//! [`all_ordinary`] reads it in one pass. If the answer has other elements too, [`ordinary`] reads
//! the plain ones. All others are left to [`decode`](super::decode), which reads elements of any
//! shape. For plain successes both give the same result.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess},
};
use serde_json::value::RawValue;

use super::{Action, ItemSuccess, WriteResults, success_text::SuccessText};
use crate::{
    Code, Id, Timestamp,
    json::{self, Text},
};

/// Reads the successes under `key`, if the answer has a plain success for each item that was
/// `sent`.
///
/// `text` is the text of `body`.
pub(crate) fn all_ordinary(
    body: &Bytes,
    text: &str,
    key: &str,
    sent: &[Option<Id>],
) -> Option<WriteResults<ItemSuccess>> {
    let elements = json::envelope::<PlainSuccess<'_>>(text, key).ok()?.items?;
    if elements.len() != sent.len() {
        return None;
    }
    let mut results = Vec::with_capacity(elements.len());
    let mut sent = sent.iter();
    let mut elements = elements.into_iter().peekable();
    while let (Some(element), Some(sent)) = (elements.next(), sent.next()) {
        if !element.is_about(sent.as_ref()) {
            return None;
        }
        let begin = begin(text, element.first_name)?;
        let object = match elements.peek() {
            Some(next) => {
                let between = text.get(begin..self::begin(text, next.first_name)?)?;
                between.trim_end().strip_suffix(',')?.trim_end()
            }
            None => first_value(text.get(begin..)?)?,
        };
        results.push(Ok(element.with_text(body, object)));
    }
    Some(WriteResults(results))
}

/// Reads one element of a write's answer in a single pass, if it reports a success in Zoho's usual form.
/// `object` is the element's text, a slice of `body`; `sent` is the id that the request named.
pub(super) fn ordinary(body: &Bytes, object: &str, sent: Option<&Id>) -> Option<ItemSuccess> {
    let element: PlainSuccess<'_> = serde_json::from_str(object).ok()?;
    element.is_about(sent).then(|| element.with_text(body, object))
}

/// Returns the offset of the object whose first member has this name.
fn begin(text: &str, first_name: &str) -> Option<usize> {
    let name = first_name.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let before = text.get(..name)?.strip_suffix('"')?.trim_end();
    before.strip_suffix('{').map(str::len)
}

/// Returns the JSON value at the beginning of a text.
fn first_value(text: &str) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.next()?.ok().map(RawValue::get)
}

/// A plain success: each known member occurs once and has its usual type.
struct PlainSuccess<'a> {
    /// The name of the first member, by which the object is found in the text.
    first_name: &'a str,
    action: Option<Action>,
    details: Details,
}

impl PlainSuccess<'_> {
    /// Returns `true` if the success can be about the item that was sent.
    fn is_about(&self, sent: Option<&Id>) -> bool {
        match (sent, &self.details.id) {
            (Some(sent), Some(id)) => sent == id,
            _ => true,
        }
    }

    fn with_text(self, body: &Bytes, object: &str) -> ItemSuccess {
        ItemSuccess {
            id: self.details.id,
            action: self.action,
            created_time: self.details.created,
            modified_time: self.details.modified,
            text: SuccessText::new(body.slice_ref(object.as_bytes())),
        }
    }
}

#[derive(Default)]
struct Details {
    id: Option<Id>,
    created: Option<Timestamp>,
    modified: Option<Timestamp>,
}

/// Returns the error that stops the decoding of an answer that is not ordinary.
fn unusual<E: de::Error>() -> E {
    E::custom("not an ordinary success")
}

/// Reads a member that may occur only once.
fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    member: &mut Option<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    match member.replace(map.next_value()?) {
        None => Ok(()),
        Some(_) => Err(unusual()),
    }
}

impl<'de> Deserialize<'de> for PlainSuccess<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = PlainSuccess<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a success")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let Some(Text(Cow::Borrowed(first_name))) = map.next_key()? else {
                    return Err(unusual());
                };
                let (mut code, mut status, mut action, mut details) = (None, None, None, None);
                let mut name = Cow::Borrowed(first_name);
                loop {
                    match &*name {
                        "code" => once::<Text<'de>, A>(&mut code, &mut map)?,
                        "status" => once::<Text<'de>, A>(&mut status, &mut map)?,
                        "action" => once::<Text<'de>, A>(&mut action, &mut map)?,
                        "details" => once::<Details, A>(&mut details, &mut map)?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                    match map.next_key()? {
                        Some(Text(next)) => name = next,
                        None => break,
                    }
                }
                let is = |member: &Option<Text<'_>>, word: &str| {
                    member.as_ref().is_some_and(|text| text.0 == word)
                };
                if !is(&code, Code::SUCCESS.as_str()) || !is(&status, "success") {
                    return Err(unusual());
                }
                let action = action.map(|word: Text<'_>| Action::from(&*word.0));
                Ok(PlainSuccess { first_name, action, details: details.unwrap_or_default() })
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Details;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the details of a success")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut id, mut created, mut modified) = (None, None, None);
                while let Some(Text(name)) = map.next_key()? {
                    match &*name {
                        "id" => once::<Id, A>(&mut id, &mut map)?,
                        "Created_Time" => once::<Text<'de>, A>(&mut created, &mut map)?,
                        "Modified_Time" => once::<Text<'de>, A>(&mut modified, &mut map)?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                let time = |text: &Option<Text<'_>>| text.as_ref()?.0.parse::<Timestamp>().ok();
                let created_time = time(&created);
                // both are the same for a new record
                let same = matches!((&created, &modified), (Some(a), Some(b)) if a.0 == b.0);
                let modified = if same { created_time } else { time(&modified) };
                Ok(Details { id, created: created_time, modified })
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use proptest::{collection::vec, option, prelude::*, sample::select};

    use super::*;
    use crate::{json::Members, write_results::decode::of_any_shape};

    /// Reads an answer in one pass, and checks that the general decoder gives the same result.
    fn read(text: String, sent: &[Option<Id>]) -> Option<WriteResults<ItemSuccess>> {
        let body = Bytes::from(text);
        let text = std::str::from_utf8(&body).unwrap();
        let quick = all_ordinary(&body, text, "data", sent);
        let list = Members::parse(text).ok()?.get("data").unwrap();
        let elements: Vec<&RawValue> = serde_json::from_str(list.get()).unwrap();
        for status in [StatusCode::OK, StatusCode::CREATED, StatusCode::MULTI_STATUS] {
            for (at, (raw, sent)) in elements.iter().zip(sent).enumerate() {
                let (object, sent) = (raw.get(), sent.as_ref());
                let careful = || of_any_shape(status, &body, object, sent, |error| error).unwrap();
                if let Some(success) = ordinary(&body, object, sent) {
                    assert_eq!(success, careful(), "{text}");
                }
                if let Some(quick) = &quick {
                    assert_eq!(*quick.0[at].as_ref().unwrap(), careful(), "{text}");
                    assert!(ordinary(&body, object, sent).is_some(), "{text}");
                }
            }
        }
        quick
    }

    /// An element with the usual members in any order, some changed, added or left out.
    fn element() -> impl Strategy<Value = String> {
        let usual = [
            ("code", "\"SUCCESS\""),
            ("status", "\"success\""),
            ("message", "\"record added\""),
            ("details", r#"{"id":"1","Created_Time":"2026-05-24T17:05:12+05:30"}"#),
        ];
        let names = [
            "code",
            "status",
            "message",
            "details",
            "action",
            "duplicate_field",
            "x",
            "st\\u0061tus",
        ];
        let values = [
            "\"SUCCESS\"",
            "\"success\"",
            "\"Success\"",
            "\"error\"",
            "\"INVALID_DATA\"",
            "\"insert\"",
            r#""a\"b\u00e9""#,
            r#""\ud800""#,
            "null",
            " 7 ",
            "-1.5e3",
            "[]",
            "[{\"id\": 1}]",
            "{}",
            r#"{ "id" : 7 , "Modified_Time":"2026-05-24T17:05:12Z"}"#,
            r#"{"id":"1","Created_Time":"yesterday","Modified_Time":null,"Modified_By":{"id":"9"}}"#,
            r#"{"id":"1","id":"2"}"#,
            r#"{"i\u0064":"3"}"#,
            r#"{"id":-1}"#,
            r#"{"id":{}}"#,
            r#"{"Created_Time":7}"#,
        ];
        let unusual = (select(names.to_vec()), select(values.to_vec()));
        let space = select(vec!["", "", " ", "\n\t"]);
        let members = (
            Just(usual.to_vec()).prop_shuffle(),
            vec(unusual, 0..3),
            option::of(0..4usize),
            any::<bool>(),
        );
        (members, space).prop_map(|((mut members, unusual, gone, before), space)| {
            if let Some(gone) = gone.filter(|_| before) {
                members.remove(gone);
            }
            let at = if before { 0 } else { members.len() };
            members.splice(at..at, unusual);
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{space}\"{name}\"{space}:{space}{value}{space}"))
                .collect();
            format!("{space}{{{}}}{space}", members.join(","))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn agrees_with_the_general_decoder(
            elements in vec(element(), 1..4),
            ids in vec(option::of(select(vec!["1", "7"]).prop_map(Id::from)), 3),
            around in select(vec![("", ""), ("\"info\":{},", ""), (" \"data\":[],", ",\"x\":[{}] ")]),
        ) {
            let sent = &ids[..elements.len()];
            let (before, after) = around;
            read(format!("{{{before}\"data\":[{}]{after}}}", elements.join(",")), sent);
        }
    }

    #[test]
    fn reads_plain_successes_in_one_pass() {
        let row = |id: &str| {
            format!(
                r#" {{ "code": "SUCCESS", "details": {{"Modified_Time": "2026-05-24T17:05:12+05:30",
                "Modified_By": {{"name": "Patricia \"Pat\" Boyle", "id": "9"}}, "id": "{id}"}},
                "message": "record added", "status": "success", "action": "insert" }} "#
            )
        };
        let text = format!("{{\"data\":[{},{}]}}", row("1"), row("2"));
        let sent = [None, Some(Id::from("2"))];
        let results = read(text.clone(), &sent).unwrap();
        let done: Vec<_> = results.successes().map(|(_, done)| done).collect();
        assert_eq!(done[1].id, Some(Id::from("2")));
        assert_eq!(done[1].action, Some(Action::Inserted));
        assert_eq!(done[1].modified_time.unwrap().to_string(), "2026-05-24T17:05:12+05:30");
        assert_eq!(done[1].json(), row("2").trim());
        assert_eq!(done[0].message(), "record added");
        assert!(done[0].details().get::<crate::Lookup>("Modified_By").unwrap().is_some());
        let shown = format!("{done:?}");
        assert!(shown.contains("Modified_By") && !shown.contains("Boyle"), "{shown}");
        // another id, another number and malformed text are left to the general decoder
        assert!(read(text.clone(), &[None, Some(Id::from("3"))]).is_none());
        assert!(read(text.clone(), &[None]).is_none());
        assert!(read(format!("{text},"), &sent).is_none());
    }
}
