//! What a caller passes, looked at before anything is sent.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};
use zcrm_core::{Error, Id, Record, escaped, may_hold_id, to_json};

/// Zoho's documentation: at most 200 items in a page, which is also what most lists give unless
/// told.
pub(crate) const MOST_PER_PAGE: u64 = 200;

/// Zoho's documentation: at most 50 field names in one call.
pub(crate) const MOST_FIELDS: usize = 50;

/// Zoho's documentation: at most 100 records, notes and the like in one write, and at most 50 tags.
pub(crate) const MOST_ITEMS: usize = 100;
pub(crate) const MOST_TAGS: usize = 50;

/// Zoho's file `users` of 2026: at most ten users in one update.
pub(crate) const MOST_USERS: usize = 10;

/// The API name of a module.
pub(crate) fn module(name: &str) -> Result<(), Error> {
    if is_api_name(name) {
        return Ok(());
    }
    Err(Error::input(format!(
        "`{}` is no module: write its API name, such as `Leads` or `Custom_Module_1`; Zoho lists \
         them under Settings, Developer Hub, APIs & SDKs",
        escaped(name)
    )))
}

/// The API name of a related list.
pub(crate) fn related_list(name: &str) -> Result<(), Error> {
    if is_api_name(name) {
        return Ok(());
    }
    Err(Error::input(format!(
        "`{}` is no related list: write its API name, such as `Contact_Roles`; the module's \
         `related_lists()` tells them",
        escaped(name)
    )))
}

fn is_api_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(crate) fn empty_field_name() -> Error {
    Error::input("the name of a field is empty: write its API name")
}

/// A number of a query: from 1 to `most`.
pub(crate) fn in_range(name: &str, value: u64, most: u64) -> Result<(), Error> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::input(format!("`{name}` is {value}, and must be from 1 to {most}")))
}

/// Parameters that say nothing without a value, and which Zoho refuses so.
const NEVER_EMPTY: [&str; 6] =
    ["criteria", "fields", "page_token", "sort_by", "sort_order", "tag_names"];

/// A parameter that must have a value.
pub(crate) fn not_empty(name: &str, value: &str) -> Result<(), Error> {
    match NEVER_EMPTY.contains(&name) && value.trim().is_empty() {
        true => Err(Error::input(format!("`{name}` is empty: give it a value, or leave it out"))),
        false => Ok(()),
    }
}

/// What the preview of a call says that would not be made.
pub(crate) fn no_request(why: &str) -> Error {
    Error::input(format!("there is no request to show: {why}, so nothing would be sent"))
}

/// The items of one call.
pub(crate) fn at_most(items: usize, most: usize) -> Result<(), Error> {
    if items <= most {
        return Ok(());
    }
    Err(Error::input(format!(
        "the list holds {items} items, and one call takes {most} at most: send it in parts"
    )))
}

/// Words for a query, with commas between them; a word may hold none.
pub(crate) fn list_of(what: &str, words: &[String]) -> Result<String, Error> {
    if words.is_empty() {
        return Err(Error::input(format!("the list of {what} is empty")));
    }
    match words.iter().find(|word| word.trim().is_empty() || word.contains(',')) {
        Some(wrong) => Err(Error::input(format!(
            "`{}` cannot stand in a list of {what}, whose parts are told by commas",
            escaped(wrong)
        ))),
        None => Ok(words.join(",")),
    }
}

/// What is said of a value that its type cannot write as JSON.
pub(crate) fn unwritable(what: &str, error: &dyn fmt::Display) -> Error {
    Error::input(format!("{what} cannot be written as JSON: {error}"))
}

/// Names of which none may be empty.
pub(crate) fn none_empty(what: &str, names: &[String]) -> Result<(), Error> {
    match names.iter().any(|name| name.trim().is_empty()) {
        true => Err(Error::input(format!(
            "`{what}` was given an empty name: give it one, or leave it out"
        ))),
        false => Ok(()),
    }
}

/// What is said of a new item that holds an `id`.
pub(crate) fn new_with_id(what: &str, index: usize) -> Error {
    Error::input(format!(
        "{what} {index} has an `id`, so it exists already, and creating it would make a duplicate: \
         update it, or remove `id` to create a copy"
    ))
}

/// Rows of new items, as JSON: none holds an `id`.
pub(crate) fn rows_without_ids<R: Serialize>(
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<Box<RawValue>>, Error> {
    let row = |(index, row): (usize, R)| {
        let raw = raw_row(index, &row)?;
        match has_id(raw.get()) {
            true => Err(new_with_id("item", index)),
            false => Ok(raw),
        }
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// Whether a row has an `id` that is not null.
pub(crate) fn has_id(row: &str) -> bool {
    id_of::<Value>(row).is_some()
}

/// The `id` of a row, where it has one.
pub(crate) fn id_of<T: DeserializeOwned>(row: &str) -> Option<T> {
    #[derive(Deserialize)]
    struct HasId<T> {
        id: Option<T>,
    }
    // most new rows do not even hold the word
    if !may_hold_id(row) {
        return None;
    }
    // serde would take a list for an object, member by member
    row.trim_start().starts_with('{').then_some(())?;
    match serde_json::from_str::<HasId<T>>(row) {
        Ok(found) => found.id,
        // where the name comes twice the last counts, as for `serde_json`'s own values
        Err(_) => {
            let mut members: Map<String, Value> = serde_json::from_str(row).ok()?;
            let id = members.remove("id").filter(|id| !id.is_null())?;
            serde_json::from_value(id).ok()
        }
    }
}

fn raw_row(index: usize, row: &impl Serialize) -> Result<Box<RawValue>, Error> {
    to_json(row)
        .and_then(RawValue::from_string)
        .map_err(|error| unwritable(&format!("item {index}"), &error))
}

/// A row of a write as a record, by its place in the list.
pub(crate) fn row(index: usize, row: &impl Serialize) -> Result<Record, Error> {
    let json = to_json(row).map_err(|error| unwritable(&format!("item {index}"), &error))?;
    Record::from_json(json).map_err(|_| {
        Error::input(format!("item {index} is not a JSON object, and each item must be one"))
    })
}

/// Rows of an update, as JSON: each an object that holds its `id`.
pub(crate) fn rows_with_ids<R: Serialize>(
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<Box<RawValue>>, Error> {
    let row = |(index, row): (usize, R)| {
        let raw = raw_row(index, &row)?;
        match id_of::<Id>(raw.get()).as_ref().map(Id::check) {
            Some(Ok(_)) => Ok(raw),
            _ => Err(Error::input(format!(
                "item {index} has no usable `id`, and a change of several needs one in each"
            ))),
        }
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// Names with commas between them, as Zoho's query parameters take them.
pub(crate) fn join<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().fold(String::new(), |mut text, name| {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(name.as_ref());
        text
    })
}
