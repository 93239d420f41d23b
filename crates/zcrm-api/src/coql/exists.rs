//! Whether a query finds anything.

use serde::de::{DeserializeOwned, IgnoredAny};
use zcrm_core::{Error, Reply};

use super::{query::Query, raw::Coql};
use crate::{
    list::{List, Source},
    request::{Request, SingleCall, sealed::Sealed},
};

/// A [`Request`] kind that returns whether a query finds a row.
#[derive(Clone, Debug)]
pub struct Exists(());

impl Sealed for Exists {}

impl SingleCall for Exists {
    type Answer = bool;

    fn read(self, reply: &Reply) -> Result<bool, Error> {
        Ok(!reply.page::<IgnoredAny>("data")?.items.is_empty())
    }
}

impl Exists {
    fn request<T, S: Source>(list: Request<List<T, S>>) -> Request<Self> {
        let Request { call, kind } = list;
        let call = match kind.source.query(&call) {
            Ok(Some(query)) if query.always_finds() => call.fail(Error::input(
                "the query has functions without `group by`, which return a row even if no record is \
                 found: leave the functions out of `exists`",
            )),
            Ok(Some(query)) => query.ask(call, &query.first_page(), 1),
            Ok(None) => call,
            Err(mistake) => call.fail(mistake),
        };
        Request::new(call, Self(()))
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<List<T, Query>> {
    /// Returns whether the query finds a row. It reads one row, for one API credit.
    ///
    /// # Errors
    /// Sending returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the query has functions
    /// without `group_by`: it has a row even if no record is found.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::field;
    ///
    /// let known = api.records("Contacts").query().select(["id"]);
    /// if !known.filter(field("Email").eq("pat@example.com")).exists().await? {
    ///     println!("a new contact");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(self) -> Request<Exists> {
        Exists::request(self)
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<List<T, Coql>> {
    /// Returns whether the query finds a row. It reads one row, for one API credit, unless the query
    /// has its own `limit`.
    ///
    /// # Errors
    /// Sending returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the query has functions
    /// without `group by`: it has a row even if no record is found.
    pub fn exists(self) -> Request<Exists> {
        Exists::request(self)
    }
}
