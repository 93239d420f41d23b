//! The order of a failure of calls.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::call_matcher::{BodyDelivery, CallMatcher, Fault, FaultAction, PathRule};
use super::hold::{Hold, HoldState};
use super::queue::{Queue, Rule};
use crate::clock::span;
use crate::environment::Host;
use crate::http::Answer;

/// An order for a failure: first what it applies to, then, as the last word, what happens.
///
/// Orders are kept in a queue. A call takes the first order that matches it; an order is used up
/// after as many calls as [`times`](Self::times) says, once by default. An order that only holds,
/// delays or prepares a call (`hold`, `latency`, `revoke_token`, `revoke_login`, `clock_skew`,
/// `stale_search`) lets it go on to later orders.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// # let sim = zcrm_sim::Simulator::start().await?;
/// // A gateway answers the next insert although the CRM carried it out.
/// sim.faults().on_path("/crm/v8/Leads").method("POST").after_executing().status(504);
/// // Then the accounts server asks for patience, twice.
/// sim.faults().on_host(zcrm_sim::Host::Accounts).times(2).header("retry-after", "7").status(503);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an order stands only after its last word, such as `status` or `reset`"]
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

    /// Applies only to calls of that server.
    pub fn on_host(mut self, host: Host) -> Self {
        self.rule.which.host = Some(host);
        self
    }

    /// Applies only to calls of exactly that path, without its query.
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.rule.which.path = Some(PathRule::Exact(path.into()));
        self
    }

    /// Applies only to calls whose path starts with that text.
    pub fn on_path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.rule.which.path = Some(PathRule::Below(prefix.into()));
        self
    }

    /// Applies only to calls of an operation: its path, in which a name in braces matches any one
    /// segment, as in `/crm/{version}/{module}/search`.
    pub fn on_operation(mut self, template: impl AsRef<str>) -> Self {
        let parts = template.as_ref().trim_start_matches('/').split('/').map(String::from);
        self.rule.which.path = Some(PathRule::Template(parts.collect()));
        self
    }

    /// Applies only to calls with that HTTP method.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.rule.which.method = Some(method.into());
        self
    }

    /// Lets that many matching calls pass before the first failure.
    pub fn skip(mut self, calls: usize) -> Self {
        self.rule.skip = calls;
        self
    }

    /// Applies to that many calls instead of one.
    pub fn times(mut self, calls: usize) -> Self {
        self.rule.times = Some(calls);
        self
    }

    /// Applies to every call from then on.
    pub fn always(mut self) -> Self {
        self.rule.times = None;
        self
    }

    /// Applies to a matching call with that probability, from 0 to 1. The simulator's seed decides,
    /// so that the same orders and calls meet the same failures.
    pub fn probability(mut self, probability: f64) -> Self {
        self.rule.probability = probability;
        self
    }

    /// Carries the call out first; without this, the call is not executed.
    pub fn after_executing(mut self) -> Self {
        self.after_executing = true;
        self
    }

    /// Adds a header to the answer that the order gives.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Answers as a gateway does: the status with an HTML page. A number that is not an HTTP status
    /// is sent as 500.
    pub fn status(self, status: u16) {
        self.answer(Answer::error_page(status_code(status)));
    }

    /// Answers with the status and that HTML text.
    pub fn html(self, status: u16, text: impl Into<String>) {
        self.answer(Answer::html(status_code(status), text));
    }

    /// Answers with the status and that JSON.
    pub fn json(self, status: u16, body: &Value) {
        let mut answer = Answer::json(status_code(status), body);
        answer.code = body.get("code").and_then(Value::as_str).map(String::from);
        self.answer(answer);
    }

    /// Answers with the status and Zoho's envelope of an error with that code.
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

    /// Resets the connection instead of answering. Other calls on the same connection end with it.
    pub fn reset(self) {
        self.order(FaultAction::Reset);
    }

    /// Carries the call out and breaks off in the middle of the answer's body.
    pub fn cut_body(self) {
        self.order(FaultAction::Deliver(BodyDelivery::Cut { reset: false }));
    }

    /// Carries the call out and resets the connection in the middle of the answer's body.
    pub fn reset_in_body(self) {
        self.order(FaultAction::Deliver(BodyDelivery::Cut { reset: true }));
    }

    /// Carries the call out and sends the answer's body in eight pieces, with that pause of the
    /// simulator's time before each but the first.
    pub fn slow_body(self, pause: Duration) {
        self.order(FaultAction::Deliver(BodyDelivery::Slow(span(pause))));
    }

    /// Carries the call out and promises that many bytes more than the body has, or fewer.
    pub fn wrong_length(self, difference: i64) {
        self.order(FaultAction::Deliver(BodyDelivery::WrongLength(difference)));
    }

    /// Lets that much of the simulator's time pass before the call is carried out, or before its
    /// answer is sent if [`after_executing`](Self::after_executing) was said. With a frozen clock,
    /// the call waits until somebody advances it.
    pub fn latency(self, latency: Duration) {
        self.order(FaultAction::Latency(span(latency)));
    }

    /// Revokes the access token that the call bears: the call itself is refused already.
    pub fn revoke_token(self) {
        self.order(FaultAction::RevokeToken);
    }

    /// Revokes the refresh token behind the access token that the call bears, and so the user's
    /// login, with all of its access tokens.
    pub fn revoke_login(self) {
        self.order(FaultAction::RevokeLogin);
    }

    /// Sends a `Date` header that is wrong by that much.
    pub fn clock_skew(self, skew: TimeDelta) {
        self.order(FaultAction::Skew(skew));
    }

    /// Answers a search for records as its index stood that much of the simulator's time ago: records
    /// that were inserted since then are missing, those that were deleted are found, and those that were
    /// changed are found by their old values and shown with them. Of more than 10,000 later writes, the
    /// older ones are seen all the same.
    ///
    /// It applies only to searches, whatever else the order says, and to what they find before anything
    /// is said of it: [`after_executing`](Self::after_executing) changes nothing. Where the index is
    /// [further behind](crate::Builder::search_lag) anyway, it stays so.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// # use std::time::Duration;
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// // Each third search or so does not know what was written within the last five seconds.
    /// sim.faults().always().probability(0.3).stale_search(Duration::from_secs(5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stale_search(mut self, age: Duration) {
        self.rule.which.searches = true;
        self.after_executing = false;
        self.order(FaultAction::Stale(span(age)));
    }

    /// Holds the call until the returned handle releases it or is dropped.
    ///
    /// The call is held before it is executed, or before its answer is sent if
    /// [`after_executing`](Self::after_executing) was said.
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
