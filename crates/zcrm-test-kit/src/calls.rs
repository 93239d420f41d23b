//! Requests as zcrm-http sends them, and readers of their answers.

use std::sync::Arc;

use http::{Request, Response};
use tower::{Service, ServiceExt};
use zcrm_core::{ApiVersion, BoxError, Error, Operation, RetryClass};
use zcrm_http::{Attempts, AuthorizedBy, Authorizer, ReqBody, ResBody};

const READ: Operation = Operation::get("/{module}").id("records.list").query(&["fields"]);
const INSERT: Operation = Operation::post("/{module}").id("records.create");
const UPDATE: Operation =
    Operation::put("/{module}").id("records.update").retry(RetryClass::Idempotent);
const HEAVY: Operation = Operation::get("/{module}").id("records.heavy").heavy();
const COMPOSITE: Operation =
    Operation::post("/__composite_requests").id("composite.execute").heavy().counts_as_calls(5);

/// A request of the HTTP stack.
pub type Call = Request<ReqBody>;

/// The result of the HTTP stack for a request.
pub type Answer = Result<Response<ResBody>, BoxError>;

/// Returns a request that lists leads.
#[must_use]
pub fn read() -> Call {
    let request = READ.request(ApiVersion::V8).path("module", "Leads").query("fields", "Last_Name");
    request.build().unwrap().map(ReqBody::from)
}

fn with_body(operation: &Operation) -> Call {
    let request = operation.request(ApiVersion::V8).path("module", "Leads");
    request.json_bytes(r#"{"data":[{"Last_Name":"A"}]}"#).build().unwrap().map(ReqBody::from)
}

/// Returns a request that creates a lead and so may not be repeated.
#[must_use]
pub fn insert() -> Call {
    with_body(&INSERT)
}

/// Returns a write that may be repeated.
#[must_use]
pub fn update() -> Call {
    with_body(&UPDATE)
}

/// Returns a request of a heavy operation.
#[must_use]
pub fn heavy() -> Call {
    HEAVY.request(ApiVersion::V8).path("module", "Leads").build().unwrap().map(ReqBody::from)
}

/// Returns a request that Zoho counts as five concurrent calls.
#[must_use]
pub fn composite() -> Call {
    let request = COMPOSITE.request(ApiVersion::V8).json_bytes("{}");
    request.build().unwrap().map(ReqBody::from)
}

/// Returns the same request with a body that can be sent only once.
#[must_use]
pub fn once(request: Call) -> Call {
    request.map(ReqBody::once)
}

/// Returns the request with this authorizer.
#[must_use]
pub fn by<A: Authorizer + 'static>(mut request: Call, authorizer: &Arc<A>) -> Call {
    let authorizer: Arc<dyn Authorizer> = Arc::clone(authorizer) as _;
    request.extensions_mut().insert(AuthorizedBy(authorizer));
    request
}

/// Sends one call through a service.
///
/// # Errors
/// Returns the error of the service.
pub async fn call<S>(service: S, request: Call) -> Answer
where
    S: Service<Call, Response = Response<ResBody>, Error = BoxError>,
{
    service.oneshot(request).await
}

/// Returns the error of a failed call as a zcrm error.
#[must_use]
pub fn zcrm(result: Answer) -> Error {
    Error::from_boxed(result.map(|response| response.status()).unwrap_err())
}

/// Returns the body of an answer.
pub async fn text(response: Response<ResBody>) -> String {
    let bytes = response.into_body().collect().await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Returns how many times the request of an answer was sent.
#[must_use]
pub fn attempts(response: &Response<ResBody>) -> u32 {
    response.extensions().get().map_or(1, |Attempts(attempts)| *attempts)
}
