//! Lists with more fields than one call can return.
//!
//! The list is paged with the first batch of fields. The other batches are read by the ids of each
//! page and merged into its records. All fields of a record must be of the same moment, so
//! `Modified_Time` is compared: a record that vanished in between is an error, and one that changed
//! is read again in one call. For modules without this field, so many fields are refused.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use zcrm_core::{Error, Id, Operation, Outcome, Page, Record, RecordError};

use crate::{
    Api, Call,
    check::{MOST_FIELDS, join},
    operations,
};

/// The header that limits a list to items changed at or after a time.
pub(super) const MODIFIED_SINCE: &str = "If-Modified-Since";

/// The maximum number of ids in one call, by Zoho's documentation.
pub(crate) const MOST_IDS: usize = 100;

/// The maximum length of the encoded names, and of the encoded ids, in a URL. Together they stay
/// well below the 8 KiB at which servers begin to refuse URLs.
const MOST_TEXT: usize = 3_500;

/// The field that shows whether a record changed between two reads, to the second.
pub(crate) const CHANGED: &str = "Modified_Time";

/// The number of concurrent calls for the remaining fields of a page.
const AT_ONCE: usize = 2;

/// Splits field names into batches for one call each. If there are several, each includes
/// `Modified_Time`.
pub(crate) fn batches(names: &[String]) -> Vec<String> {
    if fits(names, MOST_FIELDS) {
        return vec![join(names)];
    }
    let others: Vec<&String> = names.iter().filter(|name| *name != CHANGED).collect();
    let mut batches = Vec::new();
    for batch in cut(&others, MOST_FIELDS - 1) {
        batches.push(format!("{CHANGED},{}", join(batch)));
    }
    batches
}

fn encoded(text: &str) -> usize {
    // every byte of another character becomes three characters; 3 is for the comma
    3 + text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum::<usize>()
}

fn fits<S: AsRef<str>>(texts: &[S], most: usize) -> bool {
    texts.len() <= most
        && texts.iter().map(|text| encoded(text.as_ref())).sum::<usize>() <= MOST_TEXT
}

/// Splits into batches of at most `most` texts and at most [`MOST_TEXT`] characters.
fn cut<S: AsRef<str>>(mut texts: &[S], most: usize) -> Vec<&[S]> {
    let mut pieces = Vec::new();
    while !texts.is_empty() {
        let mut length = 0;
        let within = |text: &&S| {
            length += encoded(text.as_ref());
            length <= MOST_TEXT
        };
        let count = texts.iter().take(most).take_while(within).count().max(1);
        let (piece, rest) = texts.split_at(count);
        pieces.push(piece);
        texts = rest;
    }
    pieces
}

/// The fields that need further calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// The batches of fields after the first.
    pub(crate) rest: Vec<String>,
    /// Whether `Modified_Time` was added by zcrm and must be removed again.
    pub(crate) without_changed: bool,
}

/// The parameters that decide whether a record is found, also by its id.
const SEEN_BY: [&str; 5] = ["approved", "converted", "territory_id", "include_child", "uid"];

/// The further calls for the fields of a page.
pub(super) struct ExtraColumns<'a> {
    api: &'a Api,
    module: &'a str,
    columns: &'a Columns,
    /// The parameters without which records of the page would not be found by their ids.
    params: Vec<(&'a str, &'a str)>,
    /// Whether the previous page reported that more records follow.
    promised: bool,
}

impl<'a> ExtraColumns<'a> {
    pub(super) fn new(columns: &'a Columns, call: &'a Call, promised: bool) -> Self {
        let request = call.request();
        let module = request.path_pairs().find(|(name, _)| *name == "module");
        Self {
            api: call.api(),
            module: module.map_or("", |(_, module)| module),
            columns,
            params: request.query_pairs().filter(|(name, _)| SEEN_BY.contains(name)).collect(),
            promised,
        }
    }

    fn call(&self, operation: &'static Operation) -> Call {
        let call = self.api.call(operation).path("module", self.module);
        self.params.iter().fold(call, |call, (name, value)| call.param(name, value))
    }
}

/// Reads a page with all fields.
pub(super) async fn page<T: DeserializeOwned + Send + 'static>(
    call: Call,
    rest: &ExtraColumns<'_>,
) -> Result<Page<T>, Error> {
    let asked = call.request().has_header(MODIFIED_SINCE);
    let reply = call.send().await?;
    // no record was changed since that time; a promised page cannot be unchanged
    if asked && !rest.promised && reply.status() == StatusCode::NOT_MODIFIED {
        return Ok(Page::empty());
    }
    let mut page: Page<Record> = reply.page("data")?;
    if shows_no_change(&page) {
        return Err(torn(rest.module).with_outcome(Outcome::Local).with_call(reply.call()));
    }
    let ids: Vec<Id> = page.items.iter().filter_map(|item| item.as_ref().ok()?.id()).collect();
    let mut found: Vec<HashMap<Id, Record>> = Vec::new();
    for fields in &rest.columns.rest {
        found.push(by_ids(&ids, fields, rest).await?);
    }
    for (index, item) in (0..).zip(&mut page.items) {
        let Ok(record) = item else { continue };
        let Some(id) = record.id() else { continue };
        let parts: Option<Vec<Record>> = found.iter_mut().map(|part| part.remove(&id)).collect();
        let whole = match parts {
            Some(parts) if parts.iter().all(|part| same_moment(part, record)) => {
                parts.iter().for_each(|part| record.merge(part));
                true
            }
            Some(parts) => reread(record, &parts, &id, rest).await?,
            None => false,
        };
        if rest.columns.without_changed {
            record.remove(CHANGED);
        }
        if !whole {
            *item = Err(RecordError::vanished(index, Some(id)));
        }
    }
    Ok(page.typed())
}

/// Returns `true` if a page has records, but none has `Modified_Time`.
fn shows_no_change(page: &Page<Record>) -> bool {
    let good: Vec<&Record> = page.items.iter().flatten().collect();
    !good.is_empty() && !good.iter().any(|record| record.contains(CHANGED))
}

/// Returns `true` if two parts of a record have the same `Modified_Time`. Without it, they may
/// differ.
fn same_moment(part: &Record, record: &Record) -> bool {
    let changed = |record: &Record| record.raw(CHANGED).map(str::to_owned);
    changed(record).is_some_and(|time| time != "null" && changed(part) == Some(time))
}

/// Returns the error for a module whose records cannot be read in several calls.
pub(crate) fn torn(module: &str) -> Error {
    Error::input(format!(
        "the requested fields of `{module}` need several calls, but its records have no `{CHANGED}` to \
         detect a change between the calls. Request at most {MOST_FIELDS} fields, or read the records \
         one by one with `get`, which returns all fields in one call"
    ))
}

/// Reads some fields of the records with these ids.
async fn by_ids(
    ids: &[Id],
    fields: &str,
    rest: &ExtraColumns<'_>,
) -> Result<HashMap<Id, Record>, Error> {
    let calls = cut(ids, MOST_IDS).into_iter().map(|ids| {
        let call = rest.call(&operations::LIST);
        call.param("ids", join(ids)).param("fields", fields)
    });
    let calls: Vec<Call> = calls.collect();
    let pages: Vec<Page<Record>> = stream::iter(calls)
        .map(|call| async move { call.send().await?.page("data") })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let all = pages.into_iter().flat_map(|page| page.items).flatten();
    Ok(all.filter_map(|record| Some((record.id()?, record))).collect())
}

/// Reads a record that changed between two reads again in one call, which returns all fields.
///
/// Keeps the requested fields. Returns `false` if the record no longer exists.
async fn reread(
    record: &mut Record,
    parts: &[Record],
    id: &Id,
    rest: &ExtraColumns<'_>,
) -> Result<bool, Error> {
    let call = rest.call(&operations::GET).path_id("id", id);
    let now: Record = match call.send().await?.object("data") {
        Ok(now) => now,
        Err(error) if error.is_not_found() => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut whole = record.clone();
    parts.iter().for_each(|part| whole.merge(part));
    let names: Vec<String> = whole.names().map(Into::into).collect();
    for name in names {
        match now.raw(&name).and_then(|raw| serde_json::from_str::<&RawValue>(raw).ok()) {
            Some(value) => whole.set(name, value)?,
            None => whole.remove(&name),
        }
    }
    *record = whole;
    Ok(true)
}
