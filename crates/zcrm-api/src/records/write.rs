//! Writes of any size.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Request;
use serde::Serialize;
use serde_json::{json, value::RawValue};
use zcrm_core::{
    Endpoint, Error, Id, ItemError, ItemSuccess, Outcome, Outcomes, Record, RequestBuilder,
};

use super::Records;
use crate::operations;

/// Zoho's documentation: at most 100 records in one write.
const MOST_IN_A_CALL: usize = 100;

/// Which automations of the organisation a write sets off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Trigger {
    /// Workflow rules.
    Workflow,
    /// Approval processes.
    Approval,
    /// Blueprints.
    Blueprint,
}

/// Writes records, 100 a call: [`Records::create`], [`update`](Records::update) and
/// [`upsert`](Records::upsert).
///
/// A refusal's [`json_path`](zcrm_core::ApiError::json_path) is Zoho's, and so counts within its
/// call of 100; the index of the outcome is the record's place among all.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let leads = (1..=250).map(|n| Record::new().with("Last_Name", format!("Lead {n}")));
/// let outcomes = api.records("Leads").create(leads).send().await?;
/// for (index, failure) in outcomes.failures() {
///     println!("record {index}: {failure}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is written until `send` is called"]
pub struct WriteRecords {
    records: Records<()>,
    endpoint: &'static Endpoint,
    rows: Vec<Box<RawValue>>,
    triggers: Option<Vec<Trigger>>,
    duplicate_check: Vec<String>,
    assignment_rule: Option<Id>,
    concurrency: usize,
    mistake: Option<Error>,
}

impl WriteRecords {
    pub(super) fn new<R: Serialize>(
        records: Records<()>,
        endpoint: &'static Endpoint,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let rows = rows.into_iter().enumerate().map(|(index, row)| raw_row(index, &row));
        let (rows, mistake) = match rows.collect::<Result<Vec<_>, _>>() {
            Ok(rows) => (rows, None),
            Err(mistake) => (Vec::new(), Some(mistake)),
        };
        Self {
            records,
            endpoint,
            rows,
            triggers: None,
            duplicate_check: Vec::new(),
            assignment_rule: None,
            concurrency: 1,
            mistake,
        }
    }

    pub(super) fn requiring_ids(mut self) -> Self {
        let lacks_id = |row: &RawValue| {
            let id = Record::from_json(row.get().to_owned()).ok().and_then(|record| record.id());
            id.is_none_or(|id| id.check().is_err())
        };
        if let Some(index) = self.rows.iter().position(|row| lacks_id(row)) {
            self.mistake.get_or_insert(Error::input(format!(
                "record {index} has no usable `id`, and an update needs one in each record"
            )));
        }
        self
    }

    /// Which automations run. Without it Zoho runs them all; an empty list runs none.
    pub fn trigger(mut self, triggers: impl IntoIterator<Item = Trigger>) -> Self {
        self.triggers = Some(triggers.into_iter().collect());
        self
    }

    /// By which fields an upsert finds the record that is there already, in this order; at most
    /// ten. Without it Zoho goes by its own unique fields.
    pub fn duplicate_check<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.duplicate_check = fields.into_iter().map(Into::into).collect();
        self
    }

    /// Applies the assignment rule of this id (`lar_id`).
    pub fn assignment_rule(mut self, id: impl Into<Id>) -> Self {
        self.assignment_rule = Some(id.into());
        self
    }

    /// How many calls of 100 go on at a time; 1 unless told, which keeps the order.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Writes them. The outcomes stand in the caller's order, over all calls. The first call that
    /// fails as a whole ends the write: records of calls that were not made are
    /// [`NotSent`](ItemError::NotSent), those of a call without an answer are
    /// [`Unknown`](ItemError::Unknown).
    ///
    /// # Errors
    /// Only where nothing at all was written: of kind [`Input`](zcrm_core::ErrorKind::Input)
    /// before anything is sent, or of the first call that was refused.
    pub async fn send(self) -> Result<Outcomes, Error> {
        send_all(&self.records, self.calls()?, self.concurrency).await
    }

    /// The requests that would be sent, in order: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Vec<Request<Bytes>>, Error> {
        preview(self.calls()?)
    }

    fn calls(&self) -> Result<Vec<Call>, Error> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        if self.duplicate_check.len() > 10 {
            return Err(Error::input("Zoho takes at most ten `duplicate_check_fields`"));
        }
        if !self.duplicate_check.is_empty() && self.endpoint.name() != operations::UPSERT.name() {
            return Err(Error::input("`duplicate_check` belongs to `upsert`"));
        }
        let mut more = Vec::new();
        if let Some(triggers) = &self.triggers {
            more.push(("trigger", json!(triggers)));
        }
        if !self.duplicate_check.is_empty() {
            more.push(("duplicate_check_fields", json!(self.duplicate_check)));
        }
        if let Some(rule) = &self.assignment_rule {
            more.push(("lar_id", json!(rule)));
        }
        let call = |rows: &[Box<RawValue>]| -> Result<Call, Error> {
            // the endpoint judges by the body whether the call may be repeated
            let request = self.records.request(self.endpoint)?.rows(rows, &more);
            Ok(Call { records: rows.len(), request })
        };
        not_empty(self.rows.chunks(MOST_IN_A_CALL).map(call).collect::<Result<_, _>>()?)
    }
}

/// Moves records to the recycle bin, 100 a call: [`Records::delete`].
#[derive(Clone, Debug)]
#[must_use = "nothing is deleted until `send` is called"]
pub struct DeleteRecords {
    records: Records<()>,
    ids: Vec<Id>,
    workflows: Option<bool>,
}

impl DeleteRecords {
    pub(super) fn new(records: Records<()>, ids: Vec<Id>) -> Self {
        Self { records, ids, workflows: None }
    }

    /// Whether workflow rules run (`wf_trigger`).
    pub fn run_workflows(mut self, run: bool) -> Self {
        self.workflows = Some(run);
        self
    }

    /// Deletes them; see [`WriteRecords::send`].
    ///
    /// # Errors
    /// Only where nothing at all was deleted.
    pub async fn send(self) -> Result<Outcomes, Error> {
        send_all(&self.records, self.calls()?, 1).await
    }

    /// The requests that would be sent, in order: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Vec<Request<Bytes>>, Error> {
        preview(self.calls()?)
    }

    fn calls(&self) -> Result<Vec<Call>, Error> {
        let call = |ids: &[Id]| -> Result<Call, Error> {
            for id in ids {
                id.check()?;
            }
            let request = self.records.request(&operations::DELETE)?;
            let request = request.query("ids", super::list::join(ids));
            let request = match self.workflows {
                Some(run) => request.query("wf_trigger", if run { "true" } else { "false" }),
                None => request,
            };
            Ok(Call { records: ids.len(), request })
        };
        not_empty(self.ids.chunks(MOST_IN_A_CALL).map(call).collect::<Result<_, _>>()?)
    }
}

/// One call of a write, and how many records it holds.
struct Call {
    records: usize,
    request: RequestBuilder,
}

fn not_empty(calls: Vec<Call>) -> Result<Vec<Call>, Error> {
    match calls.is_empty() {
        true => Err(Error::input("there is nothing to write: the list of records is empty")),
        false => Ok(calls),
    }
}

fn preview(calls: Vec<Call>) -> Result<Vec<Request<Bytes>>, Error> {
    calls.into_iter().map(|call| call.request.build()).collect()
}

/// Makes the calls, the first that fails as a whole being the last that is begun.
async fn send_all(
    records: &Records<()>,
    calls: Vec<Call>,
    concurrency: usize,
) -> Result<Outcomes, Error> {
    let stop = &AtomicBool::new(false);
    let results: Vec<_> = stream::iter(calls)
        .map(|Call { records: count, request }| async move {
            if stop.load(Ordering::Relaxed) {
                return (count, None);
            }
            let answer = match records.api.send(request).await {
                Ok(reply) => reply.outcomes("data", count),
                Err(error) => Err(error),
            };
            if answer.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            (count, Some(answer))
        })
        .buffered(concurrency)
        .collect()
        .await;

    let first = results.iter().find_map(|(_, answer)| answer.as_ref()?.as_ref().err().cloned());
    let nothing_done = |(_, answer): &(usize, Option<Result<Outcomes, Error>>)| match answer {
        Some(Ok(_)) => false,
        Some(Err(error)) => error.outcome() != Outcome::Unknown,
        None => true,
    };
    if let Some(first) = &first
        && results.iter().all(nothing_done)
    {
        return Err(first.clone());
    }
    let mut outcomes = Outcomes::default();
    for (count, answer) in results {
        match answer {
            Some(Ok(some)) => outcomes.append(some),
            Some(Err(error)) => outcomes.append(Outcomes::failed(count, &whole(error))),
            None => {
                let why = first.clone().unwrap_or_else(|| Error::input("the write was stopped"));
                outcomes.append(Outcomes::failed(count, &ItemError::NotSent(why)));
            }
        }
    }
    Ok(outcomes)
}

/// What a call's error means for each of its records.
fn whole(error: Error) -> ItemError {
    match (error.outcome(), error.api()) {
        (Outcome::Unknown, _) => ItemError::Unknown(error),
        // nothing was looked at, and the error knows how long to wait
        _ if error.is_throttled() => ItemError::NotSent(error),
        (Outcome::Refused, Some(api)) => ItemError::Refused(Box::new(api.clone())),
        _ => ItemError::NotSent(error),
    }
}

fn raw_row(index: usize, row: &impl Serialize) -> Result<Box<RawValue>, Error> {
    let raw = serde_json::value::to_raw_value(row).map_err(|error| {
        Error::input(format!("record {index} cannot be written as JSON")).with_source(error)
    })?;
    if raw.get().trim_start().starts_with('{') {
        return Ok(raw);
    }
    Err(Error::input(format!("record {index} is no JSON object, and a record must be one")))
}

/// `row` with the members of `change` laid over it.
pub(super) fn merged(mut row: Record, change: &impl Serialize) -> Result<Record, Error> {
    let raw = raw_row(0, change)?;
    let change = Record::from_json(raw.get().to_owned())?;
    for name in change.names().filter(|name| name != "id") {
        if let Some(value) = change.raw(&name) {
            let value: &RawValue = serde_json::from_str(value)
                .map_err(|error| Error::input("the change is no JSON").with_source(error))?;
            row.set(name, value)?;
        }
    }
    Ok(row)
}

/// The outcome of a write of one record.
pub(super) async fn one(write: WriteRecords) -> Result<ItemSuccess, Error> {
    only(write.send().await?)
}

pub(super) fn only(outcomes: Outcomes) -> Result<ItemSuccess, Error> {
    let mut all = outcomes.all()?;
    all.pop().ok_or_else(|| Error::input("there is nothing to write"))
}
