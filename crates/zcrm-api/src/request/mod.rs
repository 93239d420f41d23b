//! The request builder, [`Request`], and its kinds.

mod read;
mod write;

use std::{fmt, pin::Pin, time::Duration};

use bytes::Bytes;
use zcrm_core::{Error, Reply};

pub use read::{Count, GetItem, ReadJson};
pub use write::{Acknowledge, ReadOutcomes, WriteItem, WriteItems, WriteResult};

use crate::{Call, check};

/// A request that has not been sent yet. Every method that calls Zoho CRM returns one.
///
/// Await it or call [`send`](Self::send) to send it. The kind `K` decides which further options
/// there are and what the request returns. A mistake, such as an invalid name or id, is recorded
/// and becomes the error of the request before anything is sent.
///
/// Awaiting a request directly boxes its future. `tokio::join!`, `select!` and `timeout` accept a
/// request as it is. `tokio::spawn`, `futures::join!` and `try_join_all` need a future: pass
/// `request.send()`.
///
/// # Cancellation
/// Dropping the future cancels the request: no further attempt is made, and its permit for a
/// concurrent call is released. A token refresh that it began continues for other callers. Zoho may
/// still execute what was already sent. The kinds that make several calls document what remains
/// done.
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

/// A kind of [`Request`]. It decides the HTTP request and the output, and is implemented only by
/// this crate.
pub trait Kind: sealed::Sealed + Sized + Send + 'static {
    /// The value that the request returns.
    type Output: Send + 'static;
    /// The value that [`Request::preview`] returns: one HTTP request, or several.
    type Preview;

    /// Sends the call and reads its response. See [`Request::send`].
    fn execute(self, call: Call) -> impl Future<Output = Result<Self::Output, Error>> + Send;

    /// Builds the HTTP request or requests. See [`Request::preview`].
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the request was set up
    /// wrongly.
    fn show(&self, call: &Call) -> Result<Self::Preview, Error>;
}

/// A kind of [`Request`] that makes one API call and reads one response.
#[diagnostic::on_unimplemented(
    message = "a request of the kind `{Self}` does not make exactly one call",
    label = "a request of one call and one response is expected here"
)]
pub trait SingleCall: sealed::Sealed + Clone + Send + 'static {
    /// The value that the request returns.
    type Answer: Send + 'static;

    /// Adds the request's options to the call.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if options contradict each
    /// other.
    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        Ok(call)
    }

    /// Reads the response.
    ///
    /// # Errors
    /// Returns an error if Zoho refused the request or the response cannot be read.
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

    /// Returns the request with a changed call.
    pub(crate) fn map(self, change: impl FnOnce(Call) -> Call) -> Self {
        Self { call: change(self.call), kind: self.kind }
    }

    /// Returns the request with a changed kind.
    pub(crate) fn set(mut self, change: impl FnOnce(&mut K)) -> Self {
        change(&mut self.kind);
        self
    }

    /// Adds a query parameter. A name that the operation does not know is an error, which lists the
    /// known names.
    pub fn param(self, name: &str, value: impl AsRef<str>) -> Self {
        let given = check::not_empty(name, value.as_ref());
        self.map(|call| call.check(given).param(name, value))
    }

    /// Adds a query parameter without checking its name.
    pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|call| call.param_unchecked(name, value))
    }

    /// Adds a header. Headers for credentials and for the framing of the body are refused.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|call| call.header(name, value))
    }

    /// Sets the maximum duration of each call of the request, including retries and waits. The
    /// default is the limit of the transport stack.
    pub fn timeout(self, total: Duration) -> Self {
        self.map(|call| call.timeout(total))
    }

    /// Sets how often each call of the request is sent at most; 1 means no retry. The default is
    /// the limit of the transport stack.
    pub fn attempts(self, most: u32) -> Self {
        self.map(|call| call.attempts(most))
    }
}

impl<K: Kind> Request<K> {
    /// Builds the HTTP request without sending it. Its URI is relative, and it has no token.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the request was set up
    /// wrongly, or if it would send nothing.
    pub fn preview(&self) -> Result<K::Preview, Error> {
        self.kind.show(&self.call)
    }

    /// Sends the request. Awaiting the request does the same.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the request was set up
    /// wrongly, of kind [`Api`](zcrm_core::ErrorKind::Api) if Zoho refused it, or of another
    /// [kind](zcrm_core::ErrorKind) if the call failed. [`Error::outcome`] says whether the request
    /// was executed.
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

/// Shows the operation and the names that were set, but no values: these may be personal data or
/// secrets.
impl<K> fmt::Debug for Request<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Request").field(&self.call).finish()
    }
}

pub(crate) mod sealed {
    /// Keeps the request kinds from being implemented outside this crate.
    pub trait Sealed {}
}
