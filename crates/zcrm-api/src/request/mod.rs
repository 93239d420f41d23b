//! The one builder of all requests.

#[cfg(test)]
mod parts_test;
mod read;
mod write;

use std::{fmt, pin::Pin, time::Duration};

use bytes::Bytes;
use zcrm_core::{Error, Reply};

pub use read::{Count, GetItem, ReadJson};
pub use write::{Acknowledge, ReadOutcomes, WriteItem, WriteItems, WriteResult};

use crate::{Call, check};

/// A request that was not sent yet: every method that speaks to Zoho CRM gives one.
///
/// Await it, or call [`send`](Self::send): both send it. `K` is the kind of the request; it decides
/// which options there are beside the ones here, and what comes back. A mistake (a wrong name, an
/// id that cannot be one) is kept and becomes the error of the request before anything is sent.
///
/// Awaiting it directly boxes the future, which `tokio::join!`, `select!` and `timeout` take too;
/// `tokio::spawn`, `futures::join!` and `try_join_all` take futures: give them `request.send()`.
///
/// Dropping the future of a request abandons it: no further attempt is made, its place among the
/// requests in flight is free again, and a refresh of the token that it began goes on for the
/// others. Whether Zoho executes what was sent already is not known then. A kind of request that
/// makes several calls documents what is done so far.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use std::time::Duration;
///
/// let lead = api.records("Leads").get("3652397000000649013").await?;
/// let soon = api.records("Leads").get("3652397000000649013").timeout(Duration::from_secs(5));
/// println!("{}", soon.preview()?.uri());
/// let same = soon.await?;
/// # let _ = (lead, same);
/// # Ok(())
/// # }
/// ```
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct Request<K> {
    pub(crate) call: Call,
    pub(crate) kind: K,
}

/// A kind of [`Request`]: what it does and what it gives. Only zcrm's own types implement it.
pub trait Kind: sealed::Sealed + Sized + Send + 'static {
    /// What comes back.
    type Output: Send + 'static;
    /// What [`Request::preview`] shows: one request, or all of a request that makes several calls.
    type Preview;

    /// Sends the call and reads its answer: [`Request::send`].
    fn execute(self, call: Call) -> impl Future<Output = Result<Self::Output, Error>> + Send;

    /// Builds what would be sent: [`Request::preview`].
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), the mistake that was made.
    fn show(&self, call: &Call) -> Result<Self::Preview, Error>;
}

/// A kind of request that is one call of the API and one answer.
#[diagnostic::on_unimplemented(
    message = "a request of the kind `{Self}` makes several calls, or none",
    label = "one call and one answer are expected here"
)]
pub trait SingleCall: sealed::Sealed + Clone + Send + 'static {
    /// What comes back.
    type Answer: Send + 'static;

    /// Adds to the call what the options of the request say.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where they contradict each other.
    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        Ok(call)
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// Where Zoho refused, or the answer cannot be read.
    fn read(self, reply: &Reply) -> Result<Self::Answer, Error>;
}

impl<K: SingleCall> Kind for K {
    type Output = K::Answer;
    type Preview = http::Request<Bytes>;

    async fn execute(mut self, call: Call) -> Result<Self::Output, Error> {
        let reply = self.complete(call)?.send().await?;
        self.read(&reply)
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        self.clone().complete(call.clone())?.preview()
    }
}

impl<K> Request<K> {
    pub(crate) fn new(call: Call, kind: K) -> Self {
        Self { call, kind }
    }

    /// The same request with a changed call.
    pub(crate) fn map(self, change: impl FnOnce(Call) -> Call) -> Self {
        Self { call: change(self.call), kind: self.kind }
    }

    /// The same request with a changed kind.
    pub(crate) fn set(mut self, change: impl FnOnce(&mut K)) -> Self {
        change(&mut self.kind);
        self
    }

    /// Adds another query parameter that Zoho's operation knows. A name that it does not know is a
    /// mistake, with the names that it does.
    pub fn param(self, name: &str, value: impl AsRef<str>) -> Self {
        let given = check::not_empty(name, value.as_ref());
        self.map(|call| call.check(given).param(name, value))
    }

    /// Adds a query parameter, whether zcrm knows it or not.
    pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|call| call.param_unchecked(name, value))
    }

    /// Adds a header. The credentials and those that frame the body are refused.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|call| call.header(name, value))
    }

    /// Limits how long each call of the request may take, with all its attempts and waits. By
    /// default the limit of the stack holds.
    pub fn timeout(self, total: Duration) -> Self {
        self.map(|call| call.timeout(total))
    }

    /// Limits how often each call of the request is sent; 1 means no retry. By default the limit of
    /// the stack holds.
    pub fn attempts(self, most: u32) -> Self {
        self.map(|call| call.attempts(most))
    }
}

impl<K: Kind> Request<K> {
    /// Builds what would be sent, without sending it: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input): the mistake that was made in the request, or
    /// that nothing would be sent.
    pub fn preview(&self) -> Result<K::Preview, Error> {
        self.kind.show(&self.call)
    }

    /// Sends the request. Awaiting the request does the same.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, of kind
    /// [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused, and of the other
    /// [kinds](zcrm_core::ErrorKind) of a call. [`Error::outcome`] says whether it was executed.
    pub fn send(self) -> impl Future<Output = Result<K::Output, Error>> + Send + use<K> {
        self.kind.execute(self.call)
    }
}

impl<K: Kind> IntoFuture for Request<K> {
    type Output = Result<K::Output, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<K: Clone> Clone for Request<K> {
    fn clone(&self) -> Self {
        Self { call: self.call.clone(), kind: self.kind.clone() }
    }
}

/// Names the operation and what was set, and shows no value: values are people's data or secrets.
impl<K> fmt::Debug for Request<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Request").field(&self.call).finish()
    }
}

pub(crate) mod sealed {
    /// Keeps the kinds of requests to this crate.
    pub trait Sealed {}
}
