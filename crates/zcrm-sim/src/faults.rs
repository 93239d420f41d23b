//! Failures ordered in advance for calls that are still to come.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::call::{Answer, Call};
use crate::journal::Host;

/// An order for a failure: first what it applies to, then, as the last word, what happens.
///
/// Orders are kept in a queue. A call takes the first order that matches it; an order is used up
/// after as many calls as [`times`](Self::times) says, once by default. An order that holds a call
/// lets it go on to later orders after its release.
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
    queue: Arc<Queue>,
    host: Option<Host>,
    method: Option<String>,
    path: Option<PathRule>,
    skip: usize,
    times: usize,
    after_executing: bool,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
enum PathRule {
    Exact(String),
    Below(String),
}

impl Faults {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            host: None,
            method: None,
            path: None,
            skip: 0,
            times: 1,
            after_executing: false,
            headers: Vec::new(),
        }
    }

    /// Applies only to calls of that server.
    pub fn on_host(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// Applies only to calls of exactly that path, without its query.
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(PathRule::Exact(path.into()));
        self
    }

    /// Applies only to calls whose path starts with that text.
    pub fn on_path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.path = Some(PathRule::Below(prefix.into()));
        self
    }

    /// Applies only to calls with that HTTP method.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Lets that many matching calls pass before the first failure.
    pub fn skip(mut self, calls: usize) -> Self {
        self.skip = calls;
        self
    }

    /// Applies to that many calls instead of one.
    pub fn times(mut self, calls: usize) -> Self {
        self.times = calls;
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

    /// Answers as a gateway does: the status with an HTML page. A number that is no HTTP status
    /// stands for 500.
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

    /// Answers with status 200 and a JSON body that is none.
    pub fn garbage(self) {
        self.answer(Answer::typed(
            StatusCode::OK,
            "application/json;charset=UTF-8",
            "{\"data\":[{\"id\": \u{1}",
        ));
    }

    /// Resets the connection instead of answering. Other calls on the same connection end with it.
    pub fn reset(self) {
        self.order(Action::Reset);
    }

    /// Carries the call out and breaks off in the middle of the answer's body.
    pub fn cut_body(self) {
        self.order(Action::Cut);
    }

    /// Holds the call until the returned handle releases it or is dropped.
    ///
    /// The call is held before it is executed, or before its answer is sent if
    /// [`after_executing`](Self::after_executing) was said.
    pub fn hold(self) -> Hold {
        let gate = Arc::new(Gate::new());
        let hold = Hold { gate: Arc::clone(&gate) };
        self.order(Action::Hold(gate));
        hold
    }

    fn answer(mut self, answer: Answer) {
        let answer = std::mem::take(&mut self.headers)
            .iter()
            .fold(answer, |answer, (name, value)| answer.with_header(name, value));
        self.order(Action::Answer(Box::new(answer)));
    }

    fn order(self, action: Action) {
        let queue = Arc::clone(&self.queue);
        queue.push(Order {
            number: 0,
            host: self.host,
            method: self.method,
            path: self.path,
            skip: self.skip,
            times: self.times,
            fault: Fault { after_executing: self.after_executing, action },
        });
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Holds calls where they are, so that a test can order events without waiting for time to pass.
#[derive(Debug)]
#[must_use = "dropping the handle releases the call"]
pub struct Hold {
    gate: Arc<Gate>,
}

impl Hold {
    /// Returns once a call is held.
    pub async fn wait_arrived(&self) {
        self.wait_arrivals(1).await;
    }

    /// Returns once that many calls have been held.
    pub async fn wait_arrivals(&self, calls: usize) {
        // The sender lives in the gate, so waiting cannot fail while this handle lives.
        let _ = self.gate.arrived.subscribe().wait_for(|arrived| *arrived >= calls).await;
    }

    /// How many calls have been held so far.
    #[must_use]
    pub fn arrived(&self) -> usize {
        *self.gate.arrived.borrow()
    }

    /// Lets the held calls go on, and those that are still to come.
    pub fn release(&self) {
        self.gate.open.send_replace(true);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

#[derive(Debug)]
pub(crate) struct Gate {
    arrived: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    fn new() -> Self {
        Self { arrived: watch::Sender::new(0), open: watch::Sender::new(false) }
    }

    /// Announces a call and waits for the release.
    pub(crate) async fn pass(&self) {
        let mut open = self.open.subscribe();
        self.arrived.send_modify(|arrived| *arrived += 1);
        let _ = open.wait_for(|open| *open).await;
    }
}

/// What happens to one call.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) after_executing: bool,
    pub(crate) action: Action,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Answer(Box<Answer>),
    Reset,
    Cut,
    Hold(Arc<Gate>),
}

#[derive(Debug)]
struct Order {
    number: u64,
    host: Option<Host>,
    method: Option<String>,
    path: Option<PathRule>,
    skip: usize,
    times: usize,
    fault: Fault,
}

impl Order {
    fn matches(&self, call: &Call) -> bool {
        self.times > 0
            && self.host.is_none_or(|host| host == call.host)
            && self.method.as_ref().is_none_or(|m| call.method.as_str().eq_ignore_ascii_case(m))
            && match &self.path {
                None => true,
                Some(PathRule::Exact(path)) => *path == call.path,
                Some(PathRule::Below(prefix)) => call.path.starts_with(prefix.as_str()),
            }
    }
}

/// The orders that still stand.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    orders: Mutex<(u64, VecDeque<Order>)>,
}

impl Queue {
    fn push(&self, mut order: Order) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        order.number = orders.0;
        orders.0 += 1;
        orders.1.push_back(order);
    }

    /// Takes what stands for `call` among the orders from number `from` on, and the number from
    /// which the same call may take another.
    pub(crate) fn take(&self, call: &Call, from: u64) -> Option<(u64, Fault)> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = None;
        for order in orders.1.iter_mut().filter(|order| order.number >= from) {
            if !order.matches(call) {
                continue;
            }
            if order.skip > 0 {
                order.skip -= 1;
                continue;
            }
            order.times -= 1;
            taken = Some((order.number + 1, order.fault.clone()));
            break;
        }
        orders.1.retain(|order| order.times > 0);
        taken
    }

    pub(crate) fn clear(&self) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
    }

    /// How many calls the standing orders still wait for.
    pub(crate) fn pending(&self) -> usize {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.1.iter().map(|order| order.times).sum()
    }
}
