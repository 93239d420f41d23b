//! The execution of a composite call: its parts in order, the rollback, and the answer.

use std::cell::Cell;

use chrono::TimeDelta;
use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::part::limit;
use super::parts::{ReadPart, check_all, index_of, looping, parallel_order, read_parts};
use super::reference::Reference;
use super::request::{CompositeRequest, KEY, status};
use crate::config::CompositeChecks;
use crate::crm::call::{Refusal, RowError, Workspace, success};
use crate::crm::notifications::collect;
use crate::crm::router;
use crate::faults::{PartEnd, PartFaults, PartStep};
use crate::http::{Answer, IncomingCall};
use crate::version::Version;

/// The time after which Zoho gives a composite call up.
const TIME_LIMIT: TimeDelta = TimeDelta::minutes(5);

/// The maximum size of the values that the references of a part have together, as JSON. A part can
/// repeat a large answer many times, and the next part can repeat the result.
const REFERRED_LIMIT: usize = 16 * 1_024 * 1_024;

/// The result of a part.
struct PartResult {
    row: Value,
    /// Zoho's code, if the part was not executed.
    code: Option<&'static str>,
    /// Whether the part was executed, with any answer.
    executed: bool,
    /// Whether the part counts as failed.
    failed: bool,
    /// The body of the part's answer, for references.
    body: Value,
    written: usize,
}

impl PartResult {
    fn refused(error: &RowError) -> Self {
        Self {
            row: error.json(),
            code: Some(error.code),
            executed: false,
            failed: true,
            body: Value::Null,
            written: 0,
        }
    }

    fn answered(answer: &Answer) -> Self {
        let body = match answer.body.as_ref() {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into()),
        };
        let response = json!({
            "headers": headers(answer),
            "status_code": answer.status.as_u16(),
            "body": body,
        });
        let details = json!({ "response": response });
        Self {
            row: success("composite sub request executed successfully", details),
            code: None,
            executed: true,
            failed: answer.status.as_u16() >= 400 || answer.code.is_some(),
            body,
            written: answer.written,
        }
    }

    /// A part whose time was over; `answer` is there if it was executed nevertheless.
    fn timed_out(answer: Option<&Answer>) -> Self {
        let error = RowError::new("REQUEST_TIMEOUT", "the request has timed out", json!({}));
        Self {
            executed: answer.is_some(),
            written: answer.map_or(0, |answer| answer.written),
            ..Self::refused(&error)
        }
    }
}

/// Returns the headers of a part's answer, as Zoho shows them.
fn headers(answer: &Answer) -> Map<String, Value> {
    let name = |name: &str| match name {
        "x-accesstoken-reset" => String::from("X-ACCESSTOKEN-RESET"),
        other => other.to_owned(),
    };
    let headers = answer.headers.iter();
    let shown =
        headers.filter_map(|(key, value)| Some((name(key.as_str()), value.to_str().ok()?.into())));
    shown.collect()
}

/// A composite call while it runs.
struct Execution<'c, 'w, 's, 'f, 'q> {
    workspace: &'c mut Workspace<'w>,
    call: &'c IncomingCall,
    version: Version,
    sent: &'s CompositeRequest,
    parts: Vec<ReadPart<'s>>,
    results: Vec<Option<PartResult>>,
    /// The time at which each part ended, counted from the start of the call.
    ends: Vec<TimeDelta>,
    faults: &'f mut PartFaults<'q>,
}

/// Executes a composite call.
pub(super) fn run(
    workspace: &mut Workspace<'_>,
    call: &IncomingCall,
    version: Version,
    faults: &mut PartFaults<'_>,
) -> Result<Answer, Refusal> {
    let sent = CompositeRequest::read(call, version)?;
    let savepoint = sent.rollback.then(|| workspace.state.savepoint(workspace.environment));
    let parts = match workspace.config.composite_checks {
        CompositeChecks::EachPart => read_parts(&sent),
        CompositeChecks::WholeCall => check_all(read_parts(&sent), &sent, call, version)?,
    };
    let count = parts.len();
    let mut execution = Execution {
        workspace,
        call,
        version,
        sent: &sent,
        parts,
        results: (0..count).map(|_| None).collect(),
        ends: vec![TimeDelta::zero(); count],
        faults,
    };
    let failed = execution.run_all();
    let Execution { workspace, results, faults, ends, .. } = execution;
    faults.effects.time = ends.into_iter().max().unwrap_or_default();
    match (savepoint, failed) {
        (Some(savepoint), Some(failed)) => {
            workspace.state.roll_back(workspace.environment, savepoint);
            Ok(rolled_back(results, failed))
        }
        (savepoint, _) => Ok(answer(results, savepoint.is_some())),
    }
}

impl Execution<'_, '_, '_, '_, '_> {
    /// Runs the parts. With rollback, stops at the first part that fails and returns its index.
    fn run_all(&mut self) -> Option<usize> {
        let indexes = if self.sent.parallel {
            self.parallel_order()
        } else {
            (0..self.parts.len()).collect()
        };
        for index in indexes {
            let result = self.part(index);
            let failed = result.failed;
            if let Some(slot) = self.results.get_mut(index) {
                *slot = Some(result);
            }
            if self.sent.rollback {
                if failed {
                    return Some(index);
                }
            } else {
                // With rollback, subscribers are notified after all parts.
                collect(self.workspace);
            }
            if self.faults.effects.reset {
                return self.sent.rollback.then_some(index);
            }
        }
        None
    }

    /// Returns the order of parts that run in parallel. Parts in a circle get their errors.
    fn parallel_order(&mut self) -> Vec<usize> {
        let order = parallel_order(&self.parts);
        for index in &order.circular {
            let error = looping(&self.parts, &order.circular);
            if let Some(slot) = self.results.get_mut(*index) {
                *slot = Some(PartResult::refused(&error));
            }
        }
        order.indexes
    }

    fn index_of(&self, id: &str) -> Option<usize> {
        index_of(&self.parts, id)
    }

    /// Returns the value of a reference: of another part that was executed; with parallel
    /// execution only if it did not fail.
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        let result = self.results.get(self.index_of(&reference.id)?)?.as_ref()?;
        let usable = result.code.is_none() && !(self.sent.parallel && result.failed);
        usable.then(|| reference.value(&result.body).cloned()).flatten()
    }

    /// Returns when a part starts: after the part before it, or with parallel execution after the
    /// parts that it refers to.
    fn start(&self, index: usize) -> TimeDelta {
        if self.sent.parallel {
            let part = self.parts.get(index).and_then(|part| part.as_ref().ok());
            let ids = part.map(|part| part.referred_ids()).unwrap_or_default();
            let others = ids.iter().filter_map(|id| self.index_of(id));
            others.filter_map(|other| self.ends.get(other).copied()).max().unwrap_or_default()
        } else {
            let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
            before.copied().unwrap_or_default()
        }
    }

    /// Runs one part.
    fn part(&mut self, index: usize) -> PartResult {
        let start = self.start(index);
        self.set_end(index, start);
        let part = match self.parts.get(index) {
            Some(Ok(part)) => *part,
            Some(Err(error)) => return PartResult::refused(error),
            None => return PartResult::timed_out(None),
        };
        if start >= TIME_LIMIT {
            return PartResult::timed_out(None);
        }
        let left = Cell::new(REFERRED_LIMIT);
        let call = part.call(self.call, &|reference| {
            let value = self.lookup(reference)?;
            left.set(left.get().checked_sub(value.to_string().len())?);
            Some(value)
        });
        let admitted = call.and_then(|call| Ok((part.admit(&call, self.version)?, call)));
        let (allowance, mut call) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => return PartResult::refused(&error),
        };
        if let Some(answer) = limit(&mut call, allowance) {
            return PartResult::answered(&answer);
        }
        let workspace = &mut *self.workspace;
        let step = |step: PartStep, call: &IncomingCall| match step {
            PartStep::Execute => Some(router::answer(workspace, call, None)),
            PartStep::RevokeToken => {
                let token = call.token()?;
                workspace.state.accounts.revoke(token);
                None
            }
            PartStep::RevokeLogin => {
                let token = call.token()?;
                workspace.state.accounts.revoke_login(token);
                None
            }
        };
        let (end, time) = self.faults.run(&mut call, TIME_LIMIT - start, step);
        self.set_end(index, start + time);
        match end {
            PartEnd::Answered(answer) => PartResult::answered(&answer),
            PartEnd::TimedOut(answer) => PartResult::timed_out(answer.as_ref()),
            PartEnd::Cut(answer) => match answer {
                Some(answer) => PartResult::answered(&answer),
                None => PartResult::timed_out(None),
            },
        }
    }

    fn set_end(&mut self, index: usize, end: TimeDelta) {
        if let Some(slot) = self.ends.get_mut(index) {
            *slot = end;
        }
    }
}

/// Returns the answer of a call whose parts were all tried.
fn answer(results: Vec<Option<PartResult>>, rollback: bool) -> Answer {
    let results: Vec<PartResult> = results.into_iter().flatten().collect();
    let executed = results.iter().filter(|result| result.executed).count();
    let written = results.iter().map(|result| result.written).sum();
    let code = if executed == 0 { results.iter().find_map(|result| result.code) } else { None };
    let status = status(executed, results.len());
    let rows: Vec<Value> = results.into_iter().map(|result| result.row).collect();
    let mut answer = Answer::json(status, &json!({ KEY: rows })).wrote(written);
    answer.code = code.map(String::from);
    // A call with rollback costs a second credit if nothing was rolled back.
    answer.extra_credits = u64::from(rollback);
    answer
}

/// Returns the answer of a call that was rolled back because of the part `failed`.
fn rolled_back(results: Vec<Option<PartResult>>, failed: usize) -> Answer {
    let row = |code: &'static str| {
        let message = "the transaction was rolled back since another sub request in the same transaction failed.";
        let details = json!({ "rollbacked_by_sub_request_index": failed });
        RowError::new(code, message, details).json()
    };
    let rows: Vec<Value> = results
        .into_iter()
        .enumerate()
        .map(|(index, result)| match result {
            Some(result) if index == failed => result.row,
            Some(_) => row("ROLLBACK_PERFORMED"),
            None => row("PROCESSING_STOPPED"),
        })
        .collect();
    Answer::json(StatusCode::BAD_REQUEST, &json!({ KEY: rows }))
}
