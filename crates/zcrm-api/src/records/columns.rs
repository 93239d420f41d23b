//! More fields than one call gives.
//!
//! The first batch of fields pages. The other batches are read by the ids of each page and laid over
//! its records. All of a record's fields must be of one moment: what vanished in between is an error
//! in its place, and what was changed in between is read again as a whole. That is seen by
//! `Modified_Time`; of a module without it so many fields are refused.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zcrm_core::{Error, Id, Outcome, Page, Record, RecordError, RequestBuilder};

use super::{
    Records,
    query::{MODIFIED_SINCE, join},
};
use crate::{check::MOST_FIELDS, operations};

/// Zoho's documentation: at most 100 ids in one call.
pub(super) const MOST_IDS: usize = 100;

/// What the names, and the ids, may take up of a URL, as it is encoded: together well below the 8 KiB
/// at which servers begin to refuse.
const MOST_TEXT: usize = 3_500;

/// By this a change between two reads is seen, to the second.
pub(super) const CHANGED: &str = "Modified_Time";

/// How many calls for the rest of a page go on at a time.
const AT_ONCE: usize = 2;

/// Cuts names into batches for one call each. Where it takes several, each tells when the record was
/// changed.
pub(super) fn batches(names: &[String]) -> Vec<String> {
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

/// What else is asked for with a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Rest<'a> {
    /// The other batches of fields.
    pub(super) batches: &'a [String],
    /// What the caller asked for, where that is not all that was read.
    pub(super) without_changed: bool,
    /// Parameters without which a record of the page would not be found by its id.
    pub(super) params: Vec<(&'a str, &'a str)>,
    /// Whether the page before said that this one has records.
    pub(super) promised: bool,
}

/// A page with all of its fields.
pub(super) async fn page<T: DeserializeOwned + Send + 'static>(
    records: &Records<T>,
    request: RequestBuilder,
    rest: &Rest<'_>,
) -> Result<Page<T>, Error> {
    let asked = request.has_header(MODIFIED_SINCE);
    let reply = records.api.send(request).await?;
    // nothing was changed since then; of a promised page that would be no answer
    if asked && !rest.promised && reply.status() == StatusCode::NOT_MODIFIED {
        return Ok(Page::empty());
    }
    if rest.batches.is_empty() {
        return reply.page("data");
    }
    let mut page: Page<Record> = reply.page("data")?;
    if shows_no_change(&page) {
        return Err(torn(records.module()).with_outcome(Outcome::Local).with_call(reply.call()));
    }
    let ids: Vec<Id> = page.items.iter().filter_map(|item| item.as_ref().ok()?.id()).collect();
    let mut found: Vec<HashMap<Id, Record>> = Vec::new();
    for fields in rest.batches {
        found.push(by_ids(records, &ids, fields, rest).await?);
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
            Some(parts) => reread(records, record, &parts, &id, rest).await?,
            None => false,
        };
        if rest.without_changed {
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
pub(super) fn torn(module: &str) -> Error {
    Error::input(format!(
        "the fields of `{module}` that were asked for take several calls, and its records show no \
         `{CHANGED}`, by which a change between the calls is seen: a record might hold fields of two \
         moments. Ask for fewer fields ({MOST_FIELDS} at most), or read the records one by one with \
         `get`, which gives all fields in one call"
    ))
}

/// Some fields of the records of these ids.
async fn by_ids<T>(
    records: &Records<T>,
    ids: &[Id],
    fields: &str,
    rest: &Rest<'_>,
) -> Result<HashMap<Id, Record>, Error> {
    let requests = cut(ids, MOST_IDS).into_iter().map(|ids| {
        let request = records.request(&operations::LIST)?.query("ids", join(ids));
        let request = request.query("fields", fields);
        Ok(rest.params.iter().fold(request, |request, (name, value)| request.query(name, value)))
    });
    let requests = requests.collect::<Result<Vec<_>, Error>>()?;
    let pages: Vec<Page<Record>> = stream::iter(requests)
        .map(|request| async move { records.api.send(request).await?.page("data") })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let all = pages.into_iter().flat_map(|page| page.items).flatten();
    Ok(all.filter_map(|record| Some((record.id()?, record))).collect())
}

/// Reads a record that was changed between two reads in one call, which gives all of its fields, and
/// takes what was asked for. Tells whether it was still there.
async fn reread<T>(
    records: &Records<T>,
    record: &mut Record,
    parts: &[Record],
    id: &Id,
    rest: &Rest<'_>,
) -> Result<bool, Error> {
    let request = records.request(&operations::GET)?.path_id("id", id);
    let request =
        rest.params.iter().fold(request, |request, (name, value)| request.query(name, value));
    let now: Record = match records.api.send(request).await?.object("data") {
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
