//! The handling of one request: journal, injected failures, and the simulated server.

use std::sync::Arc;

use chrono::TimeDelta;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;

use crate::clock::http_date;
use crate::crm::Workspace;
use crate::environment::{Environment, Host};
use crate::faults::{BodyDelivery, FaultAction, PartFaults};
use crate::http::{Answer, AnswerBody, Breaker, IncomingCall, origin};
use crate::limits::{CallCost, Permit};
use crate::shared::Shared;
use crate::state::AccountsState;
use crate::{accounts, control, crm, limits};

/// Answers one call after the injected failures that match it.
pub(crate) async fn exchange(
    shared: &Shared,
    mut call: IncomingCall,
    breaker: &Breaker,
) -> Response<AnswerBody> {
    let seq = shared.log().arrived(&call);
    let _inside = RequestGuard { shared, host: call.host };
    // Holds the concurrency permit until the answer is sent.
    let (cost, _permit) = enter(shared, &call);
    // The accounts server has one clock.
    let node = call.host.environment().map(|_| shared.nodes.next_skew()).unwrap_or_default();
    let mut executed = None;
    let mut from = 0;
    let mut skew = TimeDelta::zero();
    let mut parts = PartFaults::new(&shared.faults);
    let (answer, delivery) = loop {
        let Some((next, fault)) = shared.faults.take(&call, from) else {
            let answer =
                executed.unwrap_or_else(|| execute(shared, &call, seq, cost, node, &mut parts));
            break (answer, BodyDelivery::Whole);
        };
        from = next;
        if fault.after_executing && executed.is_none() {
            executed = Some(execute(shared, &call, seq, cost, node, &mut parts));
        }
        match fault.action {
            FaultAction::Hold(state) => state.pass().await,
            FaultAction::Latency(latency) => wait(shared, latency).await,
            FaultAction::RevokeToken => revoke(shared, &call, AccountsState::revoke),
            FaultAction::RevokeLogin => revoke(shared, &call, AccountsState::revoke_login),
            FaultAction::Skew(by) => skew = by,
            FaultAction::Stale(by) => call.stale = call.stale.max(by),
            FaultAction::Answer(answer) => break (*answer, BodyDelivery::Whole),
            FaultAction::Deliver(delivery) => {
                let answer =
                    executed.unwrap_or_else(|| execute(shared, &call, seq, cost, node, &mut parts));
                break (answer, delivery);
            }
            FaultAction::Reset => {
                breaker.reset();
                // The connection's task drops this future when it drops the socket.
                return std::future::pending().await;
            }
        }
    };
    let effects = parts.effects;
    for hold in effects.holds {
        hold.pass().await;
    }
    if effects.time > TimeDelta::zero() {
        wait(shared, effects.time).await;
    }
    if effects.reset {
        breaker.reset();
        return std::future::pending().await;
    }
    let skew = node + effects.skew.unwrap_or(skew);
    let delivery = effects.delivery.unwrap_or(delivery);
    shared.log().answered(seq, &answer);
    respond(shared, answer, delivery, skew, breaker)
}

/// Waits for this time of the simulator's clock.
async fn wait(shared: &Shared, time: TimeDelta) {
    shared.clock().reached(shared.clock().now() + time).await;
}

/// Answers a call of the control API.
pub(crate) async fn control(
    shared: &Shared,
    call: &IncomingCall,
    breaker: &Breaker,
) -> Response<AnswerBody> {
    control::prepare(shared, call).await;
    respond(shared, control::answer(shared, call), BodyDelivery::Whole, TimeDelta::zero(), breaker)
}

/// Returns the answer to a request that could not be read.
pub(crate) fn unreadable(shared: &Shared, breaker: &Breaker) -> Response<AnswerBody> {
    let answer = Answer::error_page(StatusCode::PAYLOAD_TOO_LARGE);
    respond(shared, answer, BodyDelivery::Whole, TimeDelta::zero(), breaker)
}

/// Executes the call. An API call without a cost exceeds a limit and is refused. `node` is the skew
/// of the node that answers, `parts` are the failures of the parts of a composite call.
fn execute(
    shared: &Shared,
    call: &IncomingCall,
    seq: u64,
    cost: Option<CallCost>,
    node: TimeDelta,
    parts: &mut PartFaults<'_>,
) -> Answer {
    let answer = match (wrong_host(shared, call), environment(shared, call)) {
        (Some(refused), _) => refused,
        (None, None) => accounts::answer(&shared.here, &shared.others, call),
        // The limits of the API do not apply to the server for uploads.
        (None, Some(environment)) if call.host == Host::Content => {
            shared.work_in(environment, node, |workspace| crm::answer(workspace, call, parts))
        }
        (None, Some(environment)) => shared
            .work_in(environment, node, |workspace| within_limits(workspace, call, cost, parts)),
    };
    shared.log().executed(seq, &answer);
    answer
}

/// Returns the environment that a call works in: the one of the server, or of the token.
fn environment(shared: &Shared, call: &IncomingCall) -> Option<Environment> {
    if call.host != Host::Content {
        return call.host.environment();
    }
    let now = shared.clock().now();
    let state = shared.state();
    let access = call.token().and_then(|token| state.accounts.access_token(token, now));
    Some(access.map(|access| access.environment).unwrap_or_default())
}

/// Refuses a call to the wrong host: from v2.1 on, the API answers only under its own host.
fn wrong_host(shared: &Shared, call: &IncomingCall) -> Option<Answer> {
    let [api, version, ..] = call.segments.as_slice() else { return None };
    let data_center = &shared.config().data_center;
    if api != "crm" || version == "v2" || origin::is_api(call, data_center) {
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

/// Answers an API call within the limits of the edition.
fn within_limits(
    workspace: &mut Workspace<'_>,
    call: &IncomingCall,
    cost: Option<CallCost>,
    parts: &mut PartFaults<'_>,
) -> Answer {
    let (environment, now) = (workspace.environment, workspace.now);
    let accounts = &workspace.state.accounts;
    let known = call.token().is_some_and(|token| accounts.admits(token, environment, now));
    let Some(edition) = workspace.config.edition.filter(|_| known) else {
        return crm::answer(workspace, call, parts);
    };
    let allowance = edition.credits(workspace.state.users.len());
    let spent = workspace.state.spent.entry(environment).or_default().sum(now);
    let affordable = cost.filter(|cost| spent.saturating_add(cost.credits) <= allowance);
    let Some(cost) = affordable else {
        return limits::with_remaining_credits(limits::too_many_requests(), allowance, spent);
    };
    let answer = crm::answer(workspace, call, parts);
    let spent = workspace.state.spent.entry(environment).or_default();
    if answer.executed {
        spent.spend(cost.credits.saturating_add(answer.extra_credits), now);
    }
    limits::with_remaining_credits(answer, allowance, spent.sum(now))
}

/// Counts the call as in progress in its environment. Returns no cost if the call exceeds the
/// limit; without an edition, nothing is counted.
fn enter<'a>(shared: &'a Shared, call: &IncomingCall) -> (Option<CallCost>, Option<Permit<'a>>) {
    let calls = match call.host {
        Host::Accounts | Host::Content | Host::Control => None,
        Host::Api => Some(&shared.production_calls),
        Host::Sandbox => Some(&shared.sandbox_calls),
    };
    let (Some(edition), Some(calls)) = (shared.config().edition, calls) else {
        return (None, None);
    };
    let cost = CallCost::of(call);
    match calls.enter(edition, cost) {
        Some(permit) => (Some(cost), Some(permit)),
        None => (None, None),
    }
}

/// Revokes the access token of the call, if it has one.
fn revoke(shared: &Shared, call: &IncomingCall, revoke: impl Fn(&mut AccountsState, &str) -> bool) {
    if let Some(token) = call.token() {
        revoke(&mut shared.state().accounts, token);
    }
}

fn respond(
    shared: &Shared,
    answer: Answer,
    delivery: BodyDelivery,
    skew: TimeDelta,
    breaker: &Breaker,
) -> Response<AnswerBody> {
    let now = shared.clock().now();
    let date = http_date(now.checked_add_signed(skew).unwrap_or(now));
    let Answer { status, headers, body, chunks, .. } = answer.with_header("date", &date);
    let promised = match delivery {
        BodyDelivery::WrongLength(by) => body.len().saturating_add_signed(narrow(by)),
        BodyDelivery::Whole | BodyDelivery::Cut { .. } | BodyDelivery::Slow(_) => body.len(),
    };
    let known_length = chunks.is_none() && !matches!(delivery, BodyDelivery::Whole);
    let body = match (chunks, delivery) {
        // The length of a body that is made while it is sent is not known.
        (Some(chunks), BodyDelivery::Cut { reset }) => {
            AnswerBody::made(&*chunks, Some(reset.then(|| breaker.clone())))
        }
        (Some(chunks), _) => AnswerBody::made(&*chunks, None),
        (None, BodyDelivery::Whole) => AnswerBody::whole(body),
        (None, BodyDelivery::Cut { reset }) => {
            AnswerBody::cut(&body, reset.then(|| breaker.clone()))
        }
        (None, BodyDelivery::WrongLength(_)) => AnswerBody::mislabelled(body),
        (None, BodyDelivery::Slow(pause)) => AnswerBody::slow(body, || {
            let here = Arc::clone(&shared.here);
            Box::pin(async move { here.clock.reached(here.clock.now() + pause).await })
        }),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if known_length {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(promised));
    }
    response
}

/// Converts the number, clamped to the target's range.
fn narrow(number: i64) -> isize {
    isize::try_from(number).unwrap_or(if number < 0 { isize::MIN } else { isize::MAX })
}

/// Marks a request as in progress in the journal until it is dropped.
struct RequestGuard<'a> {
    shared: &'a Shared,
    host: Host,
}

impl Drop for RequestGuard<'_> {
    fn drop(&mut self) {
        self.shared.log().left(self.host);
    }
}
