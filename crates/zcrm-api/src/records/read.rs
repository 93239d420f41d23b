//! Reads of one record.

use std::marker::PhantomData;

use http::StatusCode;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Reply, Timestamp};

use super::{Include, Records, target::Target};
use crate::{
    check, operations,
    request::{Request, SingleCall, sealed::Sealed},
};

/// A [`Request`] kind that reads one record: [`Records::get`] and
/// [`RecordHandle::get`](super::RecordHandle::get).
///
/// If there is no record with this id that the user may see, the error is of kind
/// [`NotFound`](zcrm_core::ErrorKind::NotFound). If the record does not fit `T`, it is of kind
/// [`Record`](zcrm_core::ErrorKind::Record).
#[derive(Debug)]
pub struct GetRecord<T>(PhantomData<fn() -> T>);

impl<T: DeserializeOwned + Send + 'static> GetRecord<T> {
    pub(super) fn request(records: &Records<T>, target: &Target) -> Request<Self> {
        Request::new(target.call(records, &operations::GET), Self(PhantomData))
    }
}

impl<T> Clone for GetRecord<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<T> Sealed for GetRecord<T> {}

impl<T: DeserializeOwned + Send + 'static> SingleCall for GetRecord<T> {
    type Answer = T;

    fn read(self, reply: &Reply) -> Result<T, Error> {
        reply.object("data")
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<GetRecord<T>> {
    /// Reads only these fields. By default, or if `names` is empty, all fields are read.
    pub fn fields<S: AsRef<str>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let version = self.call.api().version();
        let module = self.call.request().path_pairs().find(|(name, _)| *name == "module");
        let module = module.map_or("", |(_, module)| module);
        let names: Vec<S> = names.into_iter().collect();
        let empty = names.iter().any(|name| name.as_ref().trim().is_empty());
        let names = check::join(names.iter().map(|name| version.field_name(module, name.as_ref())));
        match (empty, names.is_empty()) {
            (true, _) => self.map(|call| call.fail(check::empty_field_name())),
            // an empty list means the default
            (_, true) => self,
            _ => self.param("fields", names),
        }
    }

    /// Sets whether the request finds converted leads. By default it finds only unconverted ones.
    pub fn converted(self, include: Include) -> Self {
        self.param("converted", include.as_str())
    }

    /// Sets whether the request finds records that wait for approval. By default it does not.
    pub fn approved(self, include: Include) -> Self {
        self.param("approved", include.as_str())
    }

    /// Reads the record only if it was changed at this time or later (`If-Modified-Since`).
    ///
    /// The request returns `None` if Zoho reports that the record was not changed (304).
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_core::Timestamp;
    ///
    /// let since: Timestamp = "2026-05-24T17:05:12+05:30".parse()?;
    /// match api.record("Leads", "3652397000000649013").get().if_modified_since(since).await? {
    ///     Some(lead) => println!("changed: {:?}", lead.id()),
    ///     None => println!("not changed"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn if_modified_since(self, since: impl Into<Timestamp>) -> Request<GetIfModified<T>> {
        let request = self.header("If-Modified-Since", since.into().to_string());
        Request::new(request.call, GetIfModified(request.kind))
    }
}

/// A [`Request`] kind that reads one record if it was changed:
/// [`if_modified_since`](Request::if_modified_since).
#[derive(Debug)]
pub struct GetIfModified<T>(GetRecord<T>);

impl<T> Clone for GetIfModified<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Sealed for GetIfModified<T> {}

impl<T: DeserializeOwned + Send + 'static> SingleCall for GetIfModified<T> {
    type Answer = Option<T>;

    fn read(self, reply: &Reply) -> Result<Option<T>, Error> {
        match reply.status() {
            StatusCode::NOT_MODIFIED => Ok(None),
            _ => self.0.read(reply).map(Some),
        }
    }
}
