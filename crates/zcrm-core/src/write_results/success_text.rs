//! The status object of a written item, kept as text.

use bytes::Bytes;

use crate::{Code, Record, json::Members, status_object::StatusObject};

/// The status object of a success, as a slice of the answer that the items of a call share.
///
/// Its members are read at each call.
#[derive(Clone, PartialEq)]
pub(super) struct SuccessText(Bytes);

impl SuccessText {
    /// Keeps the text of one JSON object.
    pub(super) fn new(object: Bytes) -> Self {
        Self(object)
    }

    pub(super) fn json(&self) -> &str {
        // it is a part of an answer that was checked to be UTF-8
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(super) fn code(&self) -> Code {
        self.said().map_or(Code::SUCCESS, |said| said.code)
    }

    pub(super) fn message(&self) -> String {
        self.said().map(|said| said.message).unwrap_or_default()
    }

    pub(super) fn duplicate_field(&self) -> Option<String> {
        self.said()?.duplicate_field
    }

    /// Returns the details. A list of one object is that object; other types are put under `errors`
    /// or `details`.
    pub(super) fn details(&self) -> Record {
        let members = Members::parse(self.json()).ok();
        let unchanged = members
            .and_then(|members| members.get("details"))
            .and_then(|details| Record::from_json(self.0.slice_ref(details.get().as_bytes())).ok());
        unchanged.unwrap_or_else(|| {
            let details = self.said().map(|said| said.details).unwrap_or_default();
            Record::try_from(serde_json::Value::Object(details)).unwrap_or_default()
        })
    }

    fn said(&self) -> Option<StatusObject> {
        StatusObject::read(&self.0)
    }
}
