//! More fields than one call gives.
//!
//! The first batch of fields pages. The other batches are read by the ids of each page and laid over
//! its records. All of a record's fields must be of one moment: what vanished in between is an error
//! in its place, and what was changed in between is read again as a whole. That is seen by
//! `Modified_Time`; of a module without it so many fields are refused.

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

/// The header that asks only for what has changed.
pub(super) const MODIFIED_SINCE: &str = "If-Modified-Since";

/// Zoho's documentation: at most 100 ids in one call.
pub(crate) const MOST_IDS: usize = 100;

/// What the names, and the ids, may take up of a URL, as it is encoded: together well below the 8 KiB
/// at which servers begin to refuse.
const MOST_TEXT: usize = 3_500;

/// By this a change between two reads is seen, to the second.
pub(crate) const CHANGED: &str = "Modified_Time";

/// How many calls for the rest of a page go on at a time.
const AT_ONCE: usize = 2;

/// Cuts names into batches for one call each. Where it takes several, each tells when the record was
/// changed.
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
    // whatever is no plain character becomes three, in each of its bytes; and a comma
    3 + text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum::<usize>()
}

fn fits<S: AsRef<str>>(texts: &[S], most: usize) -> bool {
    texts.len() <= most
        && texts.iter().map(|text| encoded(text.as_ref())).sum::<usize>() <= MOST_TEXT
}

/// Cuts into pieces of so many, and of so much text, at most.
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

/// What else is asked for where one call does not give all fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// The batches of fields after the first.
    pub(crate) rest: Vec<String>,
    /// Only zcrm asks for `Modified_Time`, the caller does not.
    pub(crate) without_changed: bool,
}

/// These parameters decide whether a record is seen at all, however it is asked for.
const SEEN_BY: [&str; 5] = ["approved", "converted", "territory_id", "include_child", "uid"];

/// What else is asked for with a page.
pub(super) struct ExtraColumns<'a> {
    api: &'a Api,
    module: &'a str,
    columns: &'a Columns,
    /// Parameters without which a record of the page would not be found by its id.
    params: Vec<(&'a str, &'a str)>,
    /// Whether the page before said that this one has records.
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

/// A page with all of its fields.
pub(super) async fn page<T: DeserializeOwned + Send + 'static>(
    call: Call,
    rest: &ExtraColumns<'_>,
) -> Result<Page<T>, Error> {
    let asked = call.request().has_header(MODIFIED_SINCE);
    let reply = call.send().await?;
    // nothing was changed since then; of a promised page that would be no answer
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

/// Whether a page has records, none of which says when it was changed.
fn shows_no_change(page: &Page<Record>) -> bool {
    let good: Vec<&Record> = page.items.iter().flatten().collect();
    !good.is_empty() && !good.iter().any(|record| record.contains(CHANGED))
}

/// Whether two parts of a record were read before the same change. Without a time that is not known.
fn same_moment(part: &Record, record: &Record) -> bool {
    let changed = |record: &Record| record.raw(CHANGED).map(str::to_owned);
    changed(record).is_some_and(|time| time != "null" && changed(part) == Some(time))
}

/// Of this module a record cannot be read in several calls.
pub(crate) fn torn(module: &str) -> Error {
    Error::input(format!(
        "the fields of `{module}` that were asked for take several calls, and its records show no \
         `{CHANGED}`, by which a change between the calls is seen: a record might hold fields of two \
         moments. Ask for fewer fields ({MOST_FIELDS} at most), or read the records one by one with \
         `get`, which gives all fields in one call"
    ))
}

/// Some fields of the records of these ids.
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

/// Reads a record that was changed between two reads in one call, which gives all of its fields, and
/// takes what was asked for. Returns whether it was still there.
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
