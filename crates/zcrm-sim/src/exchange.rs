//! One request from its arrival to its answer: journal, ordered faults, the server that is meant.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::{Response, StatusCode};

use crate::body::AnswerBody;
use crate::call::{Answer, Call};
use crate::clock::{self, SimClock};
use crate::faults::{Action, Queue};
use crate::journal::{Host, Log};
use crate::state::{Environment, Policy, State};
use crate::wire::Breaker;
use crate::{accounts, crm};

/// Everything that the listeners of one simulator share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) clock: SimClock,
    pub(crate) policy: Policy,
    pub(crate) faults: Arc<Queue>,
    state: Mutex<State>,
    log: Mutex<Log>,
}

impl Core {
    pub(crate) fn new(clock: SimClock, policy: Policy, state: State, log: Log) -> Self {
        Self {
            clock,
            policy,
            faults: Arc::default(),
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

    fn execute(&self, call: &Call, seq: u64) -> Answer {
        let now = self.clock.now();
        let mut state = self.state();
        let answer = match call.host {
            Host::Accounts => accounts::answer(&mut state, &self.policy, call, now),
            Host::Api => crm::answer(&mut state, &self.policy, call, Environment::Production, now),
            Host::Sandbox => crm::answer(&mut state, &self.policy, call, Environment::Sandbox, now),
        };
        self.log().executed(seq, &answer);
        answer
    }

    /// Answers one call, as far as the ordered faults let it come.
    pub(crate) async fn exchange(&self, call: Call, breaker: &Breaker) -> Response<AnswerBody> {
        let seq = self.log().arrived(&call);
        let _inside = Inside { core: self, host: call.host };
        let mut executed = None;
        let mut from = 0;
        let (answer, cut) = loop {
            let Some((next, fault)) = self.faults.take(&call, from) else {
                break (executed.unwrap_or_else(|| self.execute(&call, seq)), false);
            };
            from = next;
            if fault.after_executing && executed.is_none() {
                executed = Some(self.execute(&call, seq));
            }
            match fault.action {
                Action::Hold(gate) => gate.pass().await,
                Action::Answer(answer) => break (*answer, false),
                Action::Cut => {
                    break (executed.unwrap_or_else(|| self.execute(&call, seq)), true);
                }
                Action::Reset => {
                    breaker.reset();
                    // The connection's task drops this future together with the socket.
                    return std::future::pending().await;
                }
            }
        };
        self.log().answered(seq, &answer);
        self.respond(answer, cut)
    }

    /// The answer to a request that could not be read.
    pub(crate) fn unreadable(&self) -> Response<AnswerBody> {
        self.respond(Answer::error_page(StatusCode::PAYLOAD_TOO_LARGE), false)
    }

    fn respond(&self, answer: Answer, cut: bool) -> Response<AnswerBody> {
        let date = clock::http_date(self.clock.now());
        let Answer { status, headers, body, .. } = answer.with_header("date", &date);
        let mut response = Response::new(sized(&body, cut));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if cut {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        response
    }
}

/// A request that is inside, however it leaves.
struct Inside<'a> {
    core: &'a Core,
    host: Host,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.core.log().left(self.host);
    }
}

fn sized(body: &Bytes, cut: bool) -> AnswerBody {
    if cut { AnswerBody::cut(body) } else { AnswerBody::whole(body.clone()) }
}
