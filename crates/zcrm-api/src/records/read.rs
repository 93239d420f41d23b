//! One record.

use std::fmt;

use bytes::Bytes;
use http::Request;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, RequestBuilder};

use super::Records;
use crate::operations;

/// Reads one record: [`Records::get`].
#[must_use = "nothing is read until `send` is called"]
pub struct GetRecord<T> {
    records: Records<T>,
    id: Id,
    fields: Option<String>,
}

impl<T: DeserializeOwned + Send + 'static> GetRecord<T> {
    pub(super) fn new(records: Records<T>, id: Id) -> Self {
        Self { records, id, fields: None }
    }

    /// Reads these fields only; all of them unless told.
    pub fn fields<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.fields = Some(super::list::join(names));
        self
    }

    /// The record.
    ///
    /// # Errors
    /// Of kind [`NotFound`](zcrm_core::ErrorKind::NotFound) where there is none of this id that
    /// the user may see, [`Input`](zcrm_core::ErrorKind::Input) where the id or module cannot be
    /// one, [`Record`](zcrm_core::ErrorKind::Record) where the record does not fit `T`, or of the
    /// call.
    pub async fn send(self) -> Result<T, Error> {
        self.records.api.send(self.request()?).await?.object("data")
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.request()?.build()
    }

    fn request(&self) -> Result<RequestBuilder, Error> {
        let request = self.records.request(&operations::GET)?.path_id("id", &self.id);
        Ok(match &self.fields {
            Some(fields) => request.query("fields", fields),
            None => request,
        })
    }
}

impl<T> Clone for GetRecord<T> {
    fn clone(&self) -> Self {
        Self { records: self.records.clone(), id: self.id.clone(), fields: self.fields.clone() }
    }
}

impl<T> fmt::Debug for GetRecord<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetRecord")
            .field("records", &self.records)
            .field("id", &self.id)
            .field("fields", &self.fields)
            .finish()
    }
}
