//! Composite requests: up to five calls in one.
//!
//! [`Api::composite`](crate::Api::composite) begins one. Add requests of the ordinary builders, keep
//! their handles, send it, and take each answer with its handle.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), zcrm_core::Error> {
//! # use http::{Request, Response};
//! # use zcrm_core::{ApiVersion, BoxError};
//! # use zcrm_http::{ReqBody, ResBody, Transport};
//! # let canned = tower::service_fn(|_: Request<ReqBody>| async {
//! #     let row = r#"{"code":"SUCCESS","status":"success","message":"","details":{"id":"17"}}"#;
//! #     let part = format!(r#"{{"code":"SUCCESS","status":"success","message":"","details":{{
//! #         "response":{{"status_code":201,"headers":{{}},"body":{{"data":[{row}]}}}}}}}}"#);
//! #     let body = format!(r#"{{"__composite_requests":[{part},{part}]}}"#);
//! #     Ok::<_, BoxError>(Response::new(ResBody::from(body)))
//! # });
//! # let api = zcrm_api::Api::new(Transport::new(canned), ApiVersion::V8);
//! use zcrm_core::Record;
//!
//! let mut batch = api.composite().rollback_on_fail();
//! let account = Record::new().with("Account_Name", "Zylker");
//! let account = batch.add(api.records("Accounts").create(&account));
//! // a reference to the new account, whose id is not known yet
//! let contact = Record::new().with("Last_Name", "Boyle").with("Account_Name", account.lookup());
//! let contact = batch.add(api.records("Contacts").create(&contact));
//!
//! let mut answers = batch.await?;
//! let account = answers.take(account)?;
//! let contact = answers.take(contact)?;
//! println!("account {}, contact {}", account.id, contact.id);
//! # Ok(())
//! # }
//! ```

mod allowed;
mod answers;
mod kinds;
mod part;
mod reference;
mod references;

use std::fmt;

use bytes::Bytes;
use zcrm_core::{ApiVersion, Error};

pub use answers::CompositeAnswers;
pub use kinds::CompositePart;
pub use reference::{Handle, RecordReference};

use self::{
    part::{Envelope, Part, retry_class},
    reference::Mark,
};
use crate::{
    Api, Call, check, operations,
    request::{Kind, Request, sealed::Sealed},
};

/// The maximum number of parts, by Zoho's page on composite requests.
const MOST_PARTS: usize = 5;

/// A [`Request`] kind that sends up to five requests in one call: [`Api::composite`].
///
/// It costs one API credit, even if its parts cost more when they are sent separately, or two if it
/// can be [undone](Request::rollback_on_fail) and all parts succeed. Zoho counts it as five concurrent
/// calls, so it waits until as many calls of the organisation may begin, or all if there are fewer.
///
/// The call fails as a whole if its answer is lost; the [outcome](Error::outcome) of that error is
/// the outcome of every part. Otherwise each part has its own answer. Zoho gives all parts five
/// minutes together, but the client stops waiting earlier by default
/// ([`Timeouts`](zcrm_http::Timeouts)).
///
/// The call is repeated after a failure that leaves its effect unknown only if all parts read, or if
/// all but one read and that one may be repeated. A call without parts is not sent and has no
/// answers. If the future is dropped after the call was sent, the parts may still be executed.
///
/// Source: <https://www.zoho.com/crm/developer/docs/api/v8/composite-api.html>
pub struct Composite {
    /// The API before limits were set for this request.
    api: Api,
    mark: Mark,
    parts: Vec<Part>,
    /// The error of the first part that could not be added.
    mistake: Option<Error>,
    rollback: bool,
    parallel: Option<bool>,
}

impl Api {
    /// Begins a composite request: up to five requests that are sent in one call.
    ///
    /// See the module [`composite`](crate::composite) for an example. v2 and v2.1 do not have it.
    #[doc(alias = "batch")]
    #[doc(alias = "transaction")]
    pub fn composite(&self) -> Request<Composite> {
        let kind = Composite {
            api: self.clone(),
            mark: Mark::random(),
            parts: Vec::with_capacity(MOST_PARTS),
            mistake: None,
            rollback: false,
            parallel: None,
        };
        Request::new(self.call(&operations::COMPOSITE_EXECUTE), kind)
    }
}

impl Request<Composite> {
    /// Adds a request, and returns the handle of its answer.
    ///
    /// The request must be built by the client of this composite request. A part is one call that
    /// Zoho lists as possible; it writes at most one record or reads at most 25, and a list reads 25
    /// by default. Text with `@{` is refused, because Zoho would take it for a reference. A part that
    /// is not possible, and the sixth part, become the error of this request before anything is
    /// sent.
    pub fn add<K: CompositePart>(&mut self, request: Request<K>) -> Handle<K::Answer> {
        let kind = &mut self.kind;
        let index = kind.parts.len();
        let part = match index < MOST_PARTS {
            true => Part::new(request, &kind.api, kind.mark, &kind.parts),
            false => Err(Error::input(format!(
                "a composite request has at most {MOST_PARTS} parts: send the others in another one"
            ))),
        };
        match part {
            Ok(part) => {
                let handle = part.handle(kind.mark, index);
                kind.parts.push(part);
                handle
            }
            Err(mistake) => {
                // nothing will be sent, so this handle will have no answer
                kind.mistake.get_or_insert_with(|| {
                    let message = format!("part {}: {mistake}", index + 1);
                    Error::new(mistake.kind(), mistake.outcome(), message)
                });
                Handle::new(kind.mark, index, "data")
            }
        }
    }

    /// Undoes all parts if one of them fails (`rollback_on_fail`): the parts before it are rolled
    /// back, and those after it are not begun. By default the failure of a part does not affect the others.
    ///
    /// Automations such as workflows run only after all parts have succeeded. The parts are executed
    /// one after the other.
    #[doc(alias = "transaction")]
    pub fn rollback_on_fail(self) -> Self {
        self.set(|kind| kind.rollback = true)
    }

    /// Sets whether Zoho executes the parts at the same time (`parallel_execution`) or one after the
    /// other. By default Zoho decides, which means at the same time unless the request can be
    /// [undone](Self::rollback_on_fail). A part with a reference always waits for its record.
    pub fn parallel(self, parallel: bool) -> Self {
        self.set(|kind| kind.parallel = Some(parallel))
    }
}

impl Sealed for Composite {}

impl Kind for Composite {
    type Output = CompositeAnswers;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<CompositeAnswers, Error> {
        let call = self.complete(call)?;
        if self.parts.is_empty() {
            return call.must_be_right().map(|()| CompositeAnswers::none());
        }
        let reply = call.send().await?;
        CompositeAnswers::read(self.mark, self.parts, &reply)
    }

    fn show(&self, call: &Call) -> Result<http::Request<Bytes>, Error> {
        let call = self.complete(call.clone())?;
        match self.parts.is_empty() {
            true => {
                call.must_be_right()?;
                Err(check::no_request("the composite request has no parts"))
            }
            false => call.preview(),
        }
    }
}

impl Composite {
    fn complete(&self, call: Call) -> Result<Call, Error> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        if self.rollback && self.parallel == Some(true) {
            return Err(Error::input(
                "`rollback_on_fail` and `parallel(true)` contradict each other: leave one of them out",
            ));
        }
        let parallel = if self.rollback { Some(false) } else { self.parallel };
        let is_v3 = call.api().version() == ApiVersion::V3;
        let envelope = Envelope {
            rollback_on_fail: self.rollback.then_some(true),
            parallel_execution: parallel.filter(|_| !is_v3),
            concurrent_execution: parallel.filter(|_| is_v3),
            parts: self.parts.iter().map(|part| &part.request).collect(),
        };
        let credits = if self.rollback { 2 } else { 1 };
        Ok(call.weighs(retry_class(&self.parts), credits).body(&envelope))
    }
}

impl fmt::Debug for Composite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composite")
            .field("parts", &self.parts.len())
            .field("rollback", &self.rollback)
            .field("parallel", &self.parallel)
            .finish_non_exhaustive()
    }
}
