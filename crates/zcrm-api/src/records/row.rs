//! The JSON of a record that is written.

use std::fmt;

use serde::Serialize;
use zcrm_core::{BoxError, Error, Record, ZohoJson};

use super::{Records, without_id::is_without_id};
use crate::check;

/// The JSON of a record. `Debug` does not show it, because it may be personal data.
#[derive(Clone)]
pub(super) struct RecordJson {
    pub(super) json: Box<str>,
    /// Whether the record certainly has no `id`.
    pub(super) without_id: bool,
}

impl AsRef<str> for RecordJson {
    fn as_ref(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for RecordJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordJson")
    }
}

/// Writes a record as JSON, in the form of the API version. `buffer` is reused for many records.
pub(super) fn raw_row<T>(
    records: &Records<T>,
    index: usize,
    row: &impl Serialize,
    buffer: &mut Vec<u8>,
) -> Result<RecordJson, Error> {
    buffer.clear();
    let written = serde_json::to_writer(&mut *buffer, &ZohoJson(row));
    let text = written.map_err(BoxError::from).and_then(|()| Ok(std::str::from_utf8(buffer)?));
    let text = text.map_err(|error| check::unwritable(&format!("record {index}"), &error))?;
    if !text.trim_start().starts_with('{') {
        return Err(Error::input(format!("record {index} is not a JSON object")));
    }
    let (module, version) = (records.module(), records.api.version());
    let without_id = is_without_id(row);
    if !version.rewrites(module, text) {
        return Ok(RecordJson { json: text.into(), without_id });
    }
    let record = Record::from_json(text.to_owned())?.for_version(module, version);
    let record = record.map_err(|error| Error::input(format!("record {index}: {error}")))?;
    Ok(RecordJson { json: record.to_json().into(), without_id })
}
