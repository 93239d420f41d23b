//! One request from its arrival to its answer: journal, ordered faults, the server that is meant.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;

use crate::accounts::AccountsState;
use crate::body::AnswerBody;
use crate::call::{Answer, IncomingCall};
use crate::clock::{self, SimClock};
use crate::connection::Breaker;
use crate::faults::{BodyDelivery, CallMatcher, Fault, FaultAction, Queue};
use crate::journal::{Host, Log};
use crate::limits::{self, CallCost, InFlight, Permit};
use crate::notifications::Dispatcher;
use crate::state::{Environment, Policy, State};
use crate::{Builder, accounts, control, crm, origin};

/// Everything that the listeners of one simulator share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) clock: Arc<SimClock>,
    pub(crate) policy: Policy,
    pub(crate) faults: Arc<Queue<CallMatcher, Fault>>,
    pub(crate) dispatcher: Dispatcher,
    /// What the simulator was started from.
    pub(crate) start: Builder,
    production: InFlight,
    sandbox: InFlight,
    state: Mutex<State>,
    log: Mutex<Log>,
}

impl Core {
    pub(crate) fn new(
        clock: SimClock,
        policy: Policy,
        state: State,
        log: Log,
        dispatcher: Dispatcher,
        start: Builder,
        seed: u64,
    ) -> Self {
        Self {
            clock: Arc::new(clock),
            policy,
            faults: Arc::new(Queue::new(seed)),
            dispatcher,
            start,
            production: InFlight::default(),
            sandbox: InFlight::default(),
            state: Mutex::new(state),
            log: Mutex::new(log),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries the call out. A call of an API has found a place among those under way, or has not.
    fn execute(&self, call: &IncomingCall, seq: u64, place: Result<CallCost, NoPermit>) -> Answer {
        let now = self.clock.now();
        let mut state = self.state();
        let wrong_host = self.wrong_host(call);
        let answer = match (wrong_host, call.host.environment()) {
            (Some(refused), _) => refused,
            (None, None) => accounts::answer(&mut state, &self.policy, call, now),
            (None, Some(environment)) => {
                let mark = state.store(environment).history.mark();
                let answer = self.limited(&mut state, call, environment, place, now);
                let notices = crm::notices(&state, &self.policy, environment, mark, now);
                state.store_mut(environment).history.trim();
                // Before anybody else writes, so that what is told comes in the order of the writes.
                self.dispatcher.accept(notices, now);
                answer
            }
        };
        self.log().executed(seq, &answer);
        answer
    }

    /// From v2.1 on, the API answers under its own host alone.
    fn wrong_host(&self, call: &IncomingCall) -> Option<Answer> {
        let [api, version, ..] = call.segments.as_slice() else { return None };
        if api != "crm" || version == "v2" || origin::is_api(call, &self.policy.data_center) {
            return None;
        }
        let body = json!({
            "code": "INVALID_HOST",
            "details": {},
            "message": "The host of the URL is not the one of the API",
            "status": "error",
        });
        Some(Answer::json(StatusCode::BAD_REQUEST, &body).with_code("INVALID_HOST"))
    }

    /// A call of an API within the limits of the edition.
    fn limited(
        &self,
        state: &mut State,
        call: &IncomingCall,
        environment: Environment,
        place: Result<CallCost, NoPermit>,
        now: DateTime<Utc>,
    ) -> Answer {
        let known =
            call.token().is_some_and(|token| state.accounts.admits(token, environment, now));
        let Some(edition) = self.policy.edition.filter(|_| known) else {
            return crm::answer(state, &self.policy, call, environment, now);
        };
        let allowance = edition.credits(state.users.len());
        let spent = state.spent.entry(environment).or_default().sum(now);
        let load = place.ok().filter(|load| spent.saturating_add(load.credits) <= allowance);
        let Some(load) = load else {
            return limits::tell_remaining(limits::too_many(), allowance, spent);
        };
        let answer = crm::answer(state, &self.policy, call, environment, now);
        let meter = state.spent.entry(environment).or_default();
        if answer.executed {
            meter.spend(load.credits, now);
        }
        limits::tell_remaining(answer, allowance, meter.sum(now))
    }

    /// Takes the call's place among those under way in its environment.
    fn enter(&self, call: &IncomingCall) -> (Result<CallCost, NoPermit>, Option<Permit<'_>>) {
        let calls = match call.host {
            Host::Accounts | Host::Control => None,
            Host::Api => Some(&self.production),
            Host::Sandbox => Some(&self.sandbox),
        };
        let (Some(edition), Some(calls)) = (self.policy.edition, calls) else {
            return (Err(NoPermit), None);
        };
        let load = CallCost::of(call);
        match calls.enter(edition, load.heavy) {
            Some(place) => (Ok(load), Some(place)),
            None => (Err(NoPermit), None),
        }
    }

    /// Answers one call, as far as the ordered faults let it come.
    pub(crate) async fn exchange(
        &self,
        mut call: IncomingCall,
        breaker: &Breaker,
    ) -> Response<AnswerBody> {
        let seq = self.log().arrived(&call);
        let _inside = RequestGuard { core: self, host: call.host };
        // Held until the answer, as long as the call is under way.
        let (place, _held) = self.enter(&call);
        let mut executed = None;
        let mut from = 0;
        let mut skew = TimeDelta::zero();
        let (answer, delivery) = loop {
            let Some((next, fault)) = self.faults.take(&call, from) else {
                let answer = executed.unwrap_or_else(|| self.execute(&call, seq, place));
                break (answer, BodyDelivery::Whole);
            };
            from = next;
            if fault.after_executing && executed.is_none() {
                executed = Some(self.execute(&call, seq, place));
            }
            match fault.action {
                FaultAction::Hold(state) => state.pass().await,
                FaultAction::Latency(latency) => {
                    self.clock.reached(self.clock.now() + latency).await;
                }
                FaultAction::RevokeToken => self.revoke(&call, AccountsState::revoke),
                FaultAction::RevokeLogin => self.revoke(&call, AccountsState::revoke_login),
                FaultAction::Skew(by) => skew = by,
                FaultAction::Stale(by) => call.stale = call.stale.max(by),
                FaultAction::Answer(answer) => break (*answer, BodyDelivery::Whole),
                FaultAction::Deliver(delivery) => {
                    let answer = executed.unwrap_or_else(|| self.execute(&call, seq, place));
                    break (answer, delivery);
                }
                FaultAction::Reset => {
                    breaker.reset();
                    // The connection's task drops this future together with the socket.
                    return std::future::pending().await;
                }
            }
        };
        self.log().answered(seq, &answer);
        self.respond(answer, delivery, skew, breaker)
    }

    /// Answers a call of the control API.
    pub(crate) async fn control(
        &self,
        call: &IncomingCall,
        breaker: &Breaker,
    ) -> Response<AnswerBody> {
        control::prepare(self, call).await;
        self.respond(control::answer(self, call), BodyDelivery::Whole, TimeDelta::zero(), breaker)
    }

    /// Revokes what the call bears; one without a token bears nothing.
    fn revoke(&self, call: &IncomingCall, revoke: impl Fn(&mut AccountsState, &str) -> bool) {
        if let Some(token) = call.token() {
            revoke(&mut self.state().accounts, token);
        }
    }

    /// The answer to a request that could not be read.
    pub(crate) fn unreadable(&self, breaker: &Breaker) -> Response<AnswerBody> {
        let answer = Answer::error_page(StatusCode::PAYLOAD_TOO_LARGE);
        self.respond(answer, BodyDelivery::Whole, TimeDelta::zero(), breaker)
    }

    fn respond(
        &self,
        answer: Answer,
        delivery: BodyDelivery,
        skew: TimeDelta,
        breaker: &Breaker,
    ) -> Response<AnswerBody> {
        let now = self.clock.now();
        let date = clock::http_date(now.checked_add_signed(skew).unwrap_or(now));
        let Answer { status, headers, body, .. } = answer.with_header("date", &date);
        let promised = match delivery {
            BodyDelivery::WrongLength(by) => body.len().saturating_add_signed(narrow(by)),
            BodyDelivery::Whole | BodyDelivery::Cut { .. } | BodyDelivery::Slow(_) => body.len(),
        };
        let whole = matches!(delivery, BodyDelivery::Whole);
        let body = match delivery {
            BodyDelivery::Whole => AnswerBody::whole(body),
            BodyDelivery::Cut { reset } => AnswerBody::cut(&body, reset.then(|| breaker.clone())),
            BodyDelivery::WrongLength(_) => AnswerBody::mislabelled(body),
            BodyDelivery::Slow(pause) => AnswerBody::slow(body, || {
                let clock = Arc::clone(&self.clock);
                Box::pin(async move { clock.reached(clock.now() + pause).await })
            }),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if !whole {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(promised));
        }
        response
    }
}

/// The number, or the nearest that there is.
fn narrow(number: i64) -> isize {
    isize::try_from(number).unwrap_or(if number < 0 { isize::MIN } else { isize::MAX })
}

/// Too many calls are under way; or none are counted.
#[derive(Debug, Clone, Copy)]
struct NoPermit;

/// A request that is inside, however it leaves.
struct RequestGuard<'a> {
    core: &'a Core,
    host: Host,
}

impl Drop for RequestGuard<'_> {
    fn drop(&mut self) {
        self.core.log().left(self.host);
    }
}
