//! One page of a list.

use std::{
    any::{Any, TypeId},
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use bytes::Bytes;
use http::StatusCode;
use memchr::memmem::Finder;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    ApiError, Error, Id, More, PageInfo, Record, RecordError, json, record_error::Problem,
};

/// One page of a list: its items and Zoho's `info` about the page.
///
/// An item that does not fit the caller's type is an error in its place. The other items are not
/// affected.
#[doc(alias = "pagination")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in Zoho's order.
    pub items: Vec<Result<T, RecordError>>,
    /// The position of this page in its list.
    pub info: PageInfo,
    fingerprint: Option<u64>,
    last_id: Option<Id>,
}

impl<T> Page<T> {
    /// Creates a page without items, for the status 204.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            items: Vec::new(),
            info: PageInfo::of_no_content(),
            fingerprint: None,
            last_id: None,
        }
    }

    /// Returns all items, or the error of the first one that could not be read.
    ///
    /// ```
    /// # use zcrm_core::{ApiVersion, CallMeta, Operation, Record, Reply};
    /// # const ROLES: Operation = Operation::get("/settings/roles").id("roles.list");
    /// # let request = ROLES.request(ApiVersion::V8).build()?;
    /// # let call = request.extensions().get::<CallMeta>().unwrap().clone();
    /// # let reply = Reply::new(http::StatusCode::OK, r#"{"roles":[{"id":"1"},{"id":"2"}]}"#, call);
    /// let roles: Vec<Record> = reply.page("roles")?.all()?;
    /// assert_eq!(roles.len(), 2);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Record`](crate::ErrorKind::Record) if an item could not be read.
    pub fn all(self) -> Result<Vec<T>, Error> {
        self.items.into_iter().map(|item| item.map_err(Error::from)).collect()
    }

    /// Returns a hash of the page's first item, unless the answer says that no page follows.
    ///
    /// Two pages of one list have the same hash only if they begin with the same item.
    #[doc(hidden)]
    #[must_use]
    pub fn fingerprint(&self) -> Option<u64> {
        self.fingerprint
    }

    /// Returns the id of the page's last item, unless the answer says that no page follows.
    #[doc(hidden)]
    #[must_use]
    pub fn last_id(&self) -> Option<&Id> {
        self.last_id.as_ref()
    }
}

impl Page<Record> {
    /// Converts the records to the caller's type. A record that does not fit is an error in its
    /// place.
    #[must_use]
    pub fn typed<T: DeserializeOwned + 'static>(self) -> Page<T> {
        let typed = |(index, record): (u64, Result<Record, RecordError>)| {
            let body = Bytes::from(record?.to_json().into_owned());
            let raw = std::str::from_utf8(&body).ok().and_then(|t| serde_json::from_str(t).ok());
            match raw {
                Some(raw) => item(&body, raw, index),
                None => Err(RecordError::vanished(index, None)),
            }
        };
        Page {
            items: (0..).zip(self.items).map(typed).collect(),
            info: self.info,
            fingerprint: self.fingerprint,
            last_id: self.last_id,
        }
    }
}

/// Reads a page in one pass, or item by item if an item does not fit or may be an error object.
///
/// Returns `None` if `key` is not in the body.
pub(crate) fn decode<T: DeserializeOwned + 'static>(
    body: &Bytes,
    text: &str,
    key: &str,
) -> Result<Option<Page<T>>, serde_json::Error> {
    let RawList { items, info, text } = list(body, text, key)?;
    let info = info.map(|raw| PageInfo::read(raw.get())).unwrap_or_default();
    let text = text.filter(|_| info.more() != More::No);
    let (fingerprint, last_id) = (text.map(fingerprint), text.and_then(last_id));
    Ok(items.map(|items| Page { items, info, fingerprint, last_id }))
}

/// The items of a page.
type Items<T> = Vec<Result<T, RecordError>>;

/// The parts of a list's answer, with its items decoded.
struct RawList<'a, T> {
    items: Option<Items<T>>,
    info: Option<&'a RawValue>,
    text: Option<&'a str>,
}

fn list<'a, T: DeserializeOwned + 'static>(
    body: &Bytes,
    text: &'a str,
    key: &str,
) -> Result<RawList<'a, T>, serde_json::Error> {
    if let Some((envelope, items)) = typed(text, key) {
        let items = Some(items.into_iter().map(Ok).collect());
        return Ok(RawList { items, info: envelope.info, text: envelope.list });
    }
    let envelope = json::envelope::<&RawValue>(text, key)?;
    let one = |(index, raw)| item(body, raw, index);
    let items = envelope.items.map(|items| (0..).zip(items).map(one).collect());
    Ok(RawList { items, info: envelope.info, text: envelope.list })
}

/// The number of items of a list, and the first of them.
pub(crate) struct FirstItem<T> {
    pub(crate) count: usize,
    pub(crate) item: Option<Result<T, RecordError>>,
}

/// Reads the first item of a list, without Zoho's `info` about the page.
///
/// Returns `None` if `key` is not in the body.
pub(crate) fn first<T: DeserializeOwned + 'static>(
    body: &Bytes,
    text: &str,
    key: &str,
) -> Result<Option<FirstItem<T>>, serde_json::Error> {
    if let Some((_, items)) = typed(text, key) {
        let count = items.len();
        return Ok(Some(FirstItem { count, item: items.into_iter().next().map(Ok) }));
    }
    let items = json::envelope::<&RawValue>(text, key)?.items;
    Ok(items.map(|items| FirstItem {
        count: items.len(),
        item: items.first().map(|raw| item(body, raw, 0)),
    }))
}

/// Reads a list in one pass, if all of its items fit.
fn typed<'a, T: DeserializeOwned + 'static>(
    text: &'a str,
    key: &str,
) -> Option<(json::Envelope<'a, T>, Vec<T>)> {
    // an error object may fit a struct of optional fields, so it must be looked for
    if TypeId::of::<T>() == TypeId::of::<Record>() || holds_error(text) {
        return None;
    }
    let mut envelope = json::envelope::<T>(text, key).ok()?;
    let items = envelope.items.take()?;
    Some((envelope, items))
}

/// Returns a hash of the first item's id, or of the entire list if that item has no id.
///
/// No other page of the list begins with that item. `list` begins with the list's name.
fn fingerprint(list: &str) -> u64 {
    let items = list.find('[').and_then(|begin| list.get(begin.saturating_add(1)..));
    let first = items.and_then(|items| {
        serde_json::Deserializer::from_str(items).into_iter::<&RawValue>().next()?.ok()
    });
    let mut hasher = DefaultHasher::new();
    match first.and_then(|first| id_of(first.get())) {
        Some(id) => id.as_str().hash(&mut hasher),
        None => list.hash(&mut hasher),
    }
    hasher.finish()
}

/// Returns the id of the last item of a list, without reading the items before it.
fn last_id(list: &str) -> Option<Id> {
    let item = list.get(last_object(list.as_bytes())?..)?;
    #[derive(Deserialize)]
    struct HasId {
        id: Id,
    }
    serde_json::Deserializer::from_str(item).into_iter::<HasId>().next()?.ok().map(|found| found.id)
}

/// Returns the position of the last object in the text of a list.
///
/// The text is read backwards from its end, which is outside of strings. A quote with an even number
/// of backslashes before it begins or ends a string.
fn last_object(list: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut end = list.iter().rposition(|byte| *byte == b']')?;
    loop {
        let head = list.get(..end)?;
        let at = head.iter().rposition(|byte| matches!(byte, b'"' | b'{' | b'}'))?;
        let before = list.get(..at)?;
        match list.get(at)? {
            b'"' => {
                let slashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
                in_string ^= slashes % 2 == 0;
            }
            _ if in_string => {}
            b'}' => depth = depth.saturating_add(1),
            _ if depth <= 1 => return Some(at),
            _ => depth = depth.saturating_sub(1),
        }
        end = at;
    }
}

/// Reads one record, or the error object in its place. `raw` is a part of `body`.
pub(crate) fn item<T: DeserializeOwned + 'static>(
    body: &Bytes,
    raw: &RawValue,
    index: u64,
) -> Result<T, RecordError> {
    let text = raw.get();
    let bytes = || body.slice_ref(text.as_bytes());
    let fail =
        // a separate copy, because errors may be kept longer than the page
        |path: String, problem| RecordError {
            index,
            id: id_of(text),
            path,
            problem,
            raw: text.to_owned(),
        };
    if let Some(error) = error_element(text) {
        return Err(fail(".".to_owned(), Problem::Refused(Box::new(error))));
    }
    if TypeId::of::<T>() == TypeId::of::<Record>() {
        let record = Record::from_json(bytes()).map_err(|_| {
            fail(".".to_owned(), Problem::DoesNotFit("not a JSON object".to_owned()))
        })?;
        if let Some(record) = (&mut Some(record) as &mut dyn Any).downcast_mut::<Option<T>>()
            && let Some(record) = record.take()
        {
            return Ok(record);
        }
    }
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(
        |error| {
            let what = json::without_value(error.inner());
            fail(error.path().to_string(), Problem::DoesNotFit(what))
        },
    )
}

/// Returns `true` if the text may hold an error object: a member `code`, and a string that ends
/// with the word `error`.
///
/// Most pages have no such member, so they are searched once.
fn holds_error(text: &str) -> bool {
    static CODE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"code\""));
    static WORD: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("rror\""));
    static CAPITALS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("RROR\""));
    let text = text.as_bytes();
    CODE.find(text).is_some() && (WORD.find(text).is_some() || CAPITALS.find(text).is_some())
}

/// Reads the error object that Zoho sends in a record's place.
///
/// It has no `id`. A record with fields named `status` and `code` has one.
pub(crate) fn error_element(text: &str) -> Option<ApiError> {
    if !holds_error(text) {
        return None;
    }
    if json::Members::parse(text).ok()?.get("id").is_some() {
        return None;
    }
    ApiError::from_json(StatusCode::OK, text.as_bytes())
}

fn id_of(text: &str) -> Option<Id> {
    #[derive(Deserialize)]
    struct HasId {
        id: Id,
    }
    serde_json::from_str::<HasId>(text).ok().map(|found| found.id)
}

#[cfg(test)]
mod tests {
    use super::{Id, last_id};

    #[test]
    fn finds_the_id_of_the_last_item() {
        for (list, expected) in [
            (r#""data":[{"id":"1"},{"id":"2"}]"#, Some("2")),
            (r#""data":[{"id":"1"},{"a":{"id":"9"},"id":"2","b":[{"id":"8"},{}]}]"#, Some("2")),
            (
                r#""data": [ {"id":"3","a":"} {\"id\":\"7\"} \\"} , {"b":"\\\"}{","id":"4"} ] "#,
                Some("4"),
            ),
            (r#""data":[{"a":"x]"},{"id":5}]"#, Some("5")),
            (r#""data":[{"id":"1"},{"a":{"id":"2"}}]"#, None),
            (r#""data":[{"id":"1"},{"id":null}]"#, None),
            (r#""data":[]"#, None),
            (r#""data":null"#, None),
            ("", None),
        ] {
            assert_eq!(last_id(list), expected.map(Id::from), "{list}");
        }
    }
}
