//! One record.

use std::fmt;

use bytes::Bytes;
use http::{Request, StatusCode};
use serde::de::DeserializeOwned;
use zcrm_core::{Error, RequestBuilder, Timestamp};

use super::{Include, Records, handle::Target, query::join};
use crate::{
    check,
    extra::{Extra, extra_methods},
    operations,
};

/// Reads one record: [`Records::get`] and [`RecordHandle::get`](super::RecordHandle::get).
#[must_use = "nothing is read until `send` is called"]
pub struct GetRecord<T> {
    records: Records<T>,
    target: Target,
    params: Vec<(&'static str, String)>,
    mistake: Option<Error>,
    extra: Extra,
}

impl<T: DeserializeOwned + Send + 'static> GetRecord<T> {
    pub(super) fn new(records: Records<T>, target: Target) -> Self {
        Self { records, target, params: Vec::new(), mistake: None, extra: Extra::default() }
    }

    /// Reads these fields only; all of them by default, and where the list is empty.
    pub fn fields<S: AsRef<str>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let (version, module) = (self.records.api.version(), self.records.module().to_owned());
        let names: Vec<S> = names.into_iter().collect();
        let empty = names.iter().any(|name| name.as_ref().trim().is_empty());
        let names = names.iter().map(|name| version.field_name(&module, name.as_ref()));
        let names = join(names);
        match (empty, names.is_empty()) {
            (true, _) => Self { mistake: Some(check::empty_field_name()), ..self },
            // no names are no wish
            (_, true) => self,
            _ => self.set("fields", names),
        }
    }

    /// Whether the lead may be one that was converted; it may not unless told.
    pub fn converted(self, which: Include) -> Self {
        self.set("converted", which.as_str().to_owned())
    }

    /// Whether the record may be one that waits for approval; it may not unless told.
    pub fn approved(self, which: Include) -> Self {
        self.set("approved", which.as_str().to_owned())
    }

    extra_methods!();

    fn set(mut self, name: &'static str, value: String) -> Self {
        self.params.push((name, value));
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

    /// The record, if it was changed at this instant or later (`If-Modified-Since`); `None` where
    /// Zoho answers that it was not (304).
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_core::Timestamp;
    ///
    /// let since: Timestamp = "2026-05-24T17:05:12+05:30".parse()?;
    /// match api.record("Leads", "3652397000000649013").get().send_if_modified(since).await? {
    ///     Some(lead) => println!("changed: {:?}", lead.id()),
    ///     None => println!("as it was"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_if_modified(self, since: impl Into<Timestamp>) -> Result<Option<T>, Error> {
        let request = self.request()?.header("If-Modified-Since", since.into().to_string());
        let reply = self.records.api.send(request).await?;
        match reply.status() {
            StatusCode::NOT_MODIFIED => Ok(None),
            _ => reply.object("data").map(Some),
        }
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.request()?.build()
    }

    fn request(&self) -> Result<RequestBuilder, Error> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        let request = self.target.request(&self.records, &operations::GET)?;
        let params = self.params.iter();
        let request = params.fold(request, |request, (name, value)| request.query(name, value));
        Ok(self.extra.apply(request))
    }
}

impl<T> Clone for GetRecord<T> {
    fn clone(&self) -> Self {
        Self {
            records: self.records.clone(),
            target: self.target.clone(),
            params: self.params.clone(),
            mistake: self.mistake.clone(),
            extra: self.extra.clone(),
        }
    }
}

impl<T> fmt::Debug for GetRecord<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetRecord")
            .field("records", &self.records)
            .field("target", &self.target)
            .field("params", &self.params)
            .field("extra", &self.extra)
            .finish()
    }
}
