//! The builder of failures of calls.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::call_matcher::{BodyDelivery, CallMatcher, Fault, FaultAction, PathRule};
use super::hold::{Hold, HoldState};
use super::queue::{Queue, Rule, counters};
use crate::clock::span;
use crate::environment::Host;
use crate::http::Answer;

/// A builder for a failure of later calls: filters first, then a final method that says what
/// happens.
///
/// The final method, such as [`status`](Self::status) or [`reset`](Self::reset), adds the failure
/// to a queue. A call takes the first failure in the queue that matches it. A failure is used up
/// after [`times`](Self::times) calls, one by default. Failures that only hold, delay or prepare a
/// call (`hold`, `latency`, `revoke_token`, `revoke_login`, `clock_skew`, `stale_search`) let the
/// call go on to later ones.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// # let sim = zcrm_sim::Simulator::start().await?;
/// // The next insert is executed, but a gateway answers with a timeout.
/// sim.faults().on_path("/crm/v8/Leads").method("POST").after_executing().status(504);
/// // Then the accounts server answers 503 twice, with a wait time.
/// sim.faults().on_host(zcrm_sim::Host::Accounts).times(2).header("retry-after", "7").status(503);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the failure is added by a final method, such as `status` or `reset`"]
pub struct Faults {
    queue: Arc<Queue<CallMatcher, Fault>>,
    rule: Rule<CallMatcher>,
    after_executing: bool,
    headers: Vec<(String, String)>,
}

impl Faults {
    pub(crate) fn new(queue: Arc<Queue<CallMatcher, Fault>>) -> Self {
        Self {
            queue,
            rule: Rule::new(CallMatcher::default()),
            after_executing: false,
            headers: Vec::new(),
        }
    }

    /// Applies only to calls of `host`.
    pub fn on_host(mut self, host: Host) -> Self {
        self.rule.which.host = Some(host);
        self
    }

    /// Applies only to calls of exactly this path, without the query.
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.rule.which.path = Some(PathRule::Exact(path.into()));
        self
    }

    /// Applies only to calls whose path starts with `prefix`.
    pub fn on_path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.rule.which.path = Some(PathRule::Below(prefix.into()));
        self
    }

    /// Applies only to calls of an operation. In the template, a segment in braces matches any one
    /// segment, as in `/crm/{version}/{module}/search`.
    pub fn on_operation(mut self, template: impl AsRef<str>) -> Self {
        let parts = template.as_ref().trim_start_matches('/').split('/').map(String::from);
        self.rule.which.path = Some(PathRule::Template(parts.collect()));
        self
    }

    /// Applies only to calls with this HTTP method.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.rule.which.method = Some(method.into());
        self
    }

    counters!(calls, "call");

    /// Executes the call before the failure. By default, a failed call is not executed.
    pub fn after_executing(mut self) -> Self {
        self.after_executing = true;
        self
    }

    /// Adds a header to the answer of this failure.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Answers with this status and an HTML page, as a gateway does.
    ///
    /// A number that is not an HTTP status is sent as 500.
    pub fn status(self, status: u16) {
        self.answer(Answer::error_page(status_code(status)));
    }

    /// Answers with this status and this HTML text.
    pub fn html(self, status: u16, text: impl Into<String>) {
        self.answer(Answer::html(status_code(status), text));
    }

    /// Answers with this status and this JSON.
    pub fn json(self, status: u16, body: &Value) {
        let mut answer = Answer::json(status_code(status), body);
        answer.code = body.get("code").and_then(Value::as_str).map(String::from);
        self.answer(answer);
    }

    /// Answers with this status and an error in Zoho's format with this code.
    pub fn zoho_error(self, status: u16, code: &str) {
        let message = code.to_lowercase().replace('_', " ");
        self.json(
            status,
            &json!({ "code": code, "details": {}, "message": message, "status": "error" }),
        );
    }

    /// Answers with status 200 and a body that is not JSON.
    pub fn garbage(self) {
        self.answer(Answer::typed(
            StatusCode::OK,
            "application/json;charset=UTF-8",
            "{\"data\":[{\"id\": \u{1}",
        ));
    }

    /// Resets the connection instead of answering. This also ends other calls on the same
    /// connection.
    pub fn reset(self) {
        self.order(FaultAction::Reset);
    }

    /// Executes the call and closes the connection in the middle of the answer's body.
    pub fn cut_body(self) {
        self.order(FaultAction::Deliver(BodyDelivery::Cut { reset: false }));
    }

    /// Executes the call and resets the connection in the middle of the answer's body.
    pub fn reset_in_body(self) {
        self.order(FaultAction::Deliver(BodyDelivery::Cut { reset: true }));
    }

    /// Executes the call and sends the answer's body in eight pieces, with a pause before each
    /// except the first.
    ///
    /// The pause is virtual time.
    pub fn slow_body(self, pause: Duration) {
        self.order(FaultAction::Deliver(BodyDelivery::Slow(span(pause))));
    }

    /// Executes the call and sends a `Content-Length` that differs from the body's length by
    /// `difference` bytes.
    pub fn wrong_length(self, difference: i64) {
        self.order(FaultAction::Deliver(BodyDelivery::WrongLength(difference)));
    }

    /// Delays the call by `latency` of virtual time before it is executed, or before its answer is
    /// sent if [`after_executing`](Self::after_executing) is set.
    ///
    /// With a frozen clock, the call waits until the clock is advanced.
    pub fn latency(self, latency: Duration) {
        self.order(FaultAction::Latency(span(latency)));
    }

    /// Revokes the call's access token. The call itself is refused.
    pub fn revoke_token(self) {
        self.order(FaultAction::RevokeToken);
    }

    /// Revokes the refresh token that the call's access token was issued for, with all access
    /// tokens issued for it.
    pub fn revoke_login(self) {
        self.order(FaultAction::RevokeLogin);
    }

    /// Sends a `Date` header that is off by `skew`.
    pub fn clock_skew(self, skew: TimeDelta) {
        self.order(FaultAction::Skew(skew));
    }

    /// Answers a search for records from an index that is `age` of virtual time old.
    ///
    /// Records inserted since then are missing, deleted ones are found, and updated ones are found
    /// by their old values and returned with them. The index covers the last 10,000 writes: older
    /// writes are always visible.
    ///
    /// The failure applies only to searches, in addition to the other filters.
    /// [`after_executing`](Self::after_executing) has no effect on it. If
    /// [`search_lag`](crate::Builder::search_lag) is longer than `age`, the lag applies.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// # use std::time::Duration;
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// // About one search in three does not see the writes of the last five seconds.
    /// sim.faults().always().probability(0.3).stale_search(Duration::from_secs(5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stale_search(mut self, age: Duration) {
        self.rule.which.searches = true;
        self.after_executing = false;
        self.order(FaultAction::Stale(span(age)));
    }

    /// Holds the call until the returned handle is released or dropped.
    ///
    /// The call is held before it is executed, or before its answer is sent if
    /// [`after_executing`](Self::after_executing) is set.
    pub fn hold(self) -> Hold {
        let state = Arc::new(HoldState::new());
        let hold = Hold { state: Arc::clone(&state) };
        self.order(FaultAction::Hold(state));
        hold
    }

    fn answer(mut self, answer: Answer) {
        let answer = std::mem::take(&mut self.headers)
            .iter()
            .fold(answer, |answer, (name, value)| answer.with_header(name, value));
        self.order(FaultAction::Answer(Box::new(answer)));
    }

    fn order(self, action: FaultAction) {
        self.queue.push(self.rule, Fault { after_executing: self.after_executing, action });
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
