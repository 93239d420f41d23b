//! Checks of the caller's input before anything is sent.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};
use zcrm_core::{Error, Id, Record, escaped, may_hold_id, to_json};

/// The largest page size, by Zoho's documentation. It also is the default of most lists.
pub(crate) const MOST_PER_PAGE: u64 = 200;

/// The maximum of field names in one call, by Zoho's documentation.
pub(crate) const MOST_FIELDS: usize = 50;

/// The maximum of records, notes and other items in one write, by Zoho's documentation. Tags have a
/// lower limit.
pub(crate) const MOST_ITEMS: usize = 100;
pub(crate) const MOST_TAGS: usize = 50;

/// The maximum of users in one update, by Zoho's OpenAPI file `users` of 2026.
pub(crate) const MOST_USERS: usize = 10;

/// Checks the API name of a module.
pub(crate) fn module(name: &str) -> Result<(), Error> {
    if is_api_name(name) {
        return Ok(());
    }
    Err(Error::input(format!(
        "invalid module name `{}`: write its API name, such as `Leads` or `Custom_Module_1`; Zoho lists \
         them under Settings, Developer Hub, APIs & SDKs",
        escaped(name)
    )))
}

/// Checks the API name of a related list.
pub(crate) fn related_list(name: &str) -> Result<(), Error> {
    if is_api_name(name) {
        return Ok(());
    }
    Err(Error::input(format!(
        "invalid related list name `{}`: write its API name, such as `Contact_Roles`; the module's \
         `related_lists()` returns them",
        escaped(name)
    )))
}

fn is_api_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(crate) fn empty_field_name() -> Error {
    Error::input("empty field name: write the API name of a field")
}

/// Checks that a numeric query parameter is from 1 to `most`.
pub(crate) fn in_range(name: &str, value: u64, most: u64) -> Result<(), Error> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::input(format!("invalid `{name}` {value}: expected 1 to {most}")))
}

/// Parameters that Zoho refuses if they are empty.
const NEVER_EMPTY: [&str; 6] =
    ["criteria", "fields", "page_token", "sort_by", "sort_order", "tag_names"];

/// Checks that a parameter that needs a value has one.
pub(crate) fn not_empty(name: &str, value: &str) -> Result<(), Error> {
    match NEVER_EMPTY.contains(&name) && value.trim().is_empty() {
        true => Err(Error::input(format!("empty `{name}`: give it a value, or leave it out"))),
        false => Ok(()),
    }
}

/// Returns the error of a preview of a request that would send nothing.
pub(crate) fn no_request(why: &str) -> Error {
    Error::input(format!("no request to preview: {why}, so nothing would be sent"))
}

/// Checks the number of items of one call.
pub(crate) fn at_most(items: usize, most: usize) -> Result<(), Error> {
    if items <= most {
        return Ok(());
    }
    Err(Error::input(format!(
        "too many items: {items} given, and one call takes at most {most}; split the list"
    )))
}

/// Joins the values of a query parameter with commas. A value that contains a comma is an error.
pub(crate) fn list_of(what: &str, words: &[String]) -> Result<String, Error> {
    if words.is_empty() {
        return Err(Error::input(format!("the list of {what} is empty")));
    }
    match words.iter().find(|word| word.trim().is_empty() || word.contains(',')) {
        Some(wrong) => Err(Error::input(format!(
            "invalid value `{}` in the list of {what}: a value must not be empty or contain a comma",
            escaped(wrong)
        ))),
        None => Ok(words.join(",")),
    }
}

/// Returns the error for a value that cannot be written as JSON.
pub(crate) fn unwritable(what: &str, error: &dyn fmt::Display) -> Error {
    Error::input(format!("{what} cannot be written as JSON: {error}"))
}

/// Checks that no name is empty.
pub(crate) fn none_empty(what: &str, names: &[String]) -> Result<(), Error> {
    match names.iter().any(|name| name.trim().is_empty()) {
        true => {
            Err(Error::input(format!("empty name in `{what}`: give it a value, or leave it out")))
        }
        false => Ok(()),
    }
}

/// Returns the error for a new item that has an `id`.
pub(crate) fn new_with_id(what: &str, index: usize) -> Error {
    Error::input(format!(
        "{what} {index} has an `id`, so it exists already, and creating it would make a duplicate: \
         update it, or remove `id` to create a copy"
    ))
}

/// Writes the rows of new items as JSON. A row with an `id` is an error.
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

/// Returns `true` if a row has an `id` that is not null.
pub(crate) fn has_id(row: &str) -> bool {
    id_of::<Value>(row).is_some()
}

/// Returns the `id` of a row, if it has one.
pub(crate) fn id_of<T: DeserializeOwned>(row: &str) -> Option<T> {
    #[derive(Deserialize)]
    struct HasId<T> {
        id: Option<T>,
    }
    // a cheap check first: most new rows do not contain the word `id`
    if !may_hold_id(row) {
        return None;
    }
    // serde would read an array as a struct, by position
    row.trim_start().starts_with('{').then_some(())?;
    match serde_json::from_str::<HasId<T>>(row) {
        Ok(found) => found.id,
        // a repeated name is an error above; here the last one counts, as in `serde_json::Value`
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

/// Reads the row with this index as a record.
pub(crate) fn row(index: usize, row: &impl Serialize) -> Result<Record, Error> {
    let json = to_json(row).map_err(|error| unwritable(&format!("item {index}"), &error))?;
    Record::from_json(json).map_err(|_| Error::input(format!("item {index} is not a JSON object")))
}

/// Writes the rows of an update as JSON. A row without an `id` is an error.
pub(crate) fn rows_with_ids<R: Serialize>(
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<Box<RawValue>>, Error> {
    let row = |(index, row): (usize, R)| {
        let raw = raw_row(index, &row)?;
        match id_of::<Id>(raw.get()).as_ref().map(Id::check) {
            Some(Ok(_)) => Ok(raw),
            _ => Err(Error::input(format!(
                "item {index} has no valid `id`: each item of an update needs one"
            ))),
        }
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// Joins names with commas, the form that Zoho's query parameters take.
pub(crate) fn join<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().fold(String::new(), |mut text, name| {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(name.as_ref());
        text
    })
}
