//! Writes of any size.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Request;
use serde::Serialize;
use serde_json::json;
use zcrm_core::{
    BoxError, Error, Id, ItemError, Operation, Outcome, Record, RequestBuilder, Timestamp,
    WriteResults, Written, ZohoJson,
};

use super::{Records, external, handle::Target, without_id::is_without_id};
use crate::{check, extra::Extra, operations};

/// Zoho's documentation: at most 100 records in one write.
pub(super) const MOST_IN_A_CALL: usize = 100;

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
    /// Journeys of Pathfinder.
    Pathfinder,
    /// Journeys of the Journey Orchestration.
    Orchestration,
}

/// Writes records, 100 a call: [`Records::create`], [`update`](Records::update) and
/// [`upsert`](Records::upsert). Of an empty list nothing is sent, and there are no outcomes.
///
/// Lists of choices replace those that stand there. To add to them, a record says so itself, by its
/// member `$append_values`: `{"Skills": true}`. Such a write is never repeated by itself.
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
    operation: &'static Operation,
    rows: Vec<Row>,
    duplicate_check: Vec<String>,
    options: Options,
    concurrency: usize,
    mistake: Option<Error>,
}

/// What a write may say beside its records.
#[derive(Clone, Debug, Default)]
struct Options {
    triggers: Option<Vec<Trigger>>,
    processes: Vec<String>,
    applied: Vec<String>,
    skipped: Vec<String>,
    assignment_rule: Option<Id>,
    unmodified_since: Option<Timestamp>,
    external: Vec<String>,
    extra: Extra,
}

impl Options {
    /// Adds body and headers to a request of an operation that writes.
    fn apply(
        &self,
        request: RequestBuilder,
        module: &str,
        rows: &[Row],
        duplicate_check: &[String],
    ) -> Result<RequestBuilder, Error> {
        if let Some(id) = &self.assignment_rule {
            id.check()?;
        }
        check::none_empty("process", &self.processes)?;
        check::none_empty("apply_feature", &self.applied)?;
        check::none_empty("skip_feature", &self.skipped)?;
        check::none_empty("duplicate_check", duplicate_check)?;
        let mut more = Vec::new();
        if let Some(triggers) = &self.triggers {
            more.push(("trigger", json!(triggers)));
        }
        if !self.processes.is_empty() {
            more.push(("process", json!(self.processes)));
        }
        for (member, features) in
            [("apply_feature_execution", &self.applied), ("skip_feature_execution", &self.skipped)]
        {
            if !features.is_empty() {
                let named = |name: &String| json!({ "name": name });
                more.push((member, features.iter().map(named).collect()));
            }
        }
        if !duplicate_check.is_empty() {
            more.push(("duplicate_check_fields", json!(duplicate_check)));
        }
        if let Some(rule) = &self.assignment_rule {
            more.push(("lar_id", json!(rule)));
        }
        // the operation judges by the body whether the call may be repeated
        let mut request = request.rows(rows, &more);
        if let Some(since) = self.unmodified_since {
            request = request.header("If-Unmodified-Since", since.to_string());
        }
        if !self.external.is_empty() {
            request = request.header(external::HEADER, external::header(module, &self.external)?);
        }
        Ok(self.extra.apply(request))
    }
}

/// What writes of one and of many records may say.
macro_rules! write_options {
    () => {
        /// Which automations run. Without it Zoho runs them all; an empty list runs none. Called
        /// again, it adds to them.
        pub fn trigger(mut self, triggers: impl IntoIterator<Item = Trigger>) -> Self {
            self.options.triggers.get_or_insert_default().extend(triggers);
            self
        }

        /// Sends the records through these processes (`process`), such as `review_process`. May be
        /// given several times.
        pub fn process(mut self, name: impl Into<String>) -> Self {
            self.options.processes.push(name.into());
            self
        }

        /// Has this feature of Zoho's applied, which calls leave out unless told
        /// (`apply_feature_execution`): `layout_rules`. May be given several times.
        pub fn apply_feature(mut self, name: impl Into<String>) -> Self {
            self.options.applied.push(name.into());
            self
        }

        /// Has this feature of Zoho's left out, which calls apply unless told
        /// (`skip_feature_execution`): `cadences`. May be given several times.
        pub fn skip_feature(mut self, name: impl Into<String>) -> Self {
            self.options.skipped.push(name.into());
            self
        }

        /// Applies the assignment rule of this id (`lar_id`).
        pub fn assignment_rule(mut self, id: impl Into<Id>) -> Self {
            self.options.assignment_rule = Some(id.into());
            self
        }

        /// Writes only what nobody has changed since this instant (`If-Unmodified-Since`). What
        /// somebody has is refused, as an error of kind
        /// [`Conflict`](zcrm_core::ErrorKind::Conflict) or an outcome that
        /// [`is_conflict`](zcrm_core::ItemError::is_conflict). Not for new records.
        pub fn if_unmodified_since(mut self, instant: impl Into<Timestamp>) -> Self {
            self.options.unmodified_since = Some(instant.into());
            self
        }

        /// Takes the ids of another system for the records that this field is on, such as
        /// `External_Id`, or `Leads.Account_Name.External_Id` for those of a lookup (`X-EXTERNAL`).
        /// May be given several times.
        pub fn external_field(mut self, field: impl Into<String>) -> Self {
            self.options.external.push(field.into());
            self
        }

        /// Adds any other parameter of Zoho's that the operation knows.
        pub fn param(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.options.extra.param(name, value.as_ref(), true);
            self
        }

        /// Adds a query parameter, whether zcrm knows it or not.
        pub fn param_unchecked(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.options.extra.param(name, value.as_ref(), false);
            self
        }

        /// Adds a header.
        pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.options.extra.header(name, value.as_ref());
            self
        }
    };
}

impl WriteRecords {
    pub(super) fn new<R: Serialize>(
        records: Records<()>,
        operation: &'static Operation,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let mut buffer = Vec::new();
        let write = |(index, row)| raw_row(&records, index, &row, &mut buffer);
        let rows = rows.into_iter().enumerate().map(write);
        let (rows, mistake) = match rows.collect::<Result<Vec<_>, _>>() {
            Ok(rows) => (rows, None),
            Err(mistake) => (Vec::new(), Some(mistake)),
        };
        Self {
            records,
            operation,
            rows,
            duplicate_check: Vec::new(),
            options: Options::default(),
            concurrency: 1,
            mistake,
        }
    }

    pub(super) fn mass_update(
        records: Records<()>,
        ids: impl Iterator<Item = Id>,
        field: &str,
        value: &impl Serialize,
    ) -> Self {
        let mut mistake = None;
        if matches!(field.trim(), "" | "id") {
            let message = format!("`{field}` is no field that can be set in many records");
            mistake = Some(Error::input(message));
        }
        let row = |id: Id| {
            let mut row = Record::new();
            let set = row.set("id", id).and_then(|()| row.set(field, value));
            mistake = mistake.take().or(set.err());
            row
        };
        let rows: Vec<Record> = ids.map(row).collect();
        let write = Self::new(records, &operations::UPDATE, rows);
        Self { mistake: mistake.or(write.mistake.clone()), ..write }
    }

    /// The ids by which the records are known: an update needs them, and a new record has none.
    fn ids(&self) -> Result<Vec<Option<Id>>, Error> {
        let is = |operation: &Operation| self.operation.name() == operation.name();
        let (update, create) = (is(&operations::UPDATE), is(&operations::CREATE));
        if !update && !create {
            return Ok(vec![None; self.rows.len()]);
        }
        let one = |(index, row): (usize, &Row)| {
            if create {
                return match row.without_id || !check::has_id(&row.json) {
                    true => Ok(None),
                    false => Err(check::new_with_id("record", index)),
                };
            }
            match check::id_of::<Id>(&row.json) {
                Some(id) if id.check().is_ok() => Ok(Some(id)),
                _ if self.has_external_id(row) => Ok(None),
                _ => Err(Error::input(format!(
                    "record {index} has no usable `id`, and an update needs one in each record"
                ))),
            }
        };
        self.rows.iter().enumerate().map(one).collect()
    }

    /// Whether a row holds one of the fields that have the ids of another system.
    fn has_external_id(&self, row: &Row) -> bool {
        let mut fields = self.options.external.iter();
        let Ok(record) = Record::from_json(String::from(row.as_ref())) else { return false };
        fields.any(|field| record.contains(field.rsplit('.').next().unwrap_or(field)))
    }

    write_options!();

    /// By which fields an upsert finds the record that is there already, in this order; at most
    /// ten. Without it Zoho goes by its own unique fields. Called again, it adds to them.
    pub fn duplicate_check<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.duplicate_check.extend(fields.into_iter().map(Into::into));
        self
    }

    /// How many calls of 100 go on at a time; 1 unless told, which keeps the order.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Writes them. The outcomes stand in the caller's order, over all calls. The first call that
    /// fails as a whole ends the write: records of calls that were not made are
    /// [`NotSent`](Outcome::NotSent), those of a call without an answer are
    /// [`Unknown`](Outcome::Unknown).
    ///
    /// # Errors
    /// Only where nothing at all was written: of kind [`Input`](zcrm_core::ErrorKind::Input)
    /// before anything is sent, or of the first call that was refused.
    pub async fn send(self) -> Result<WriteResults, Error> {
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
        let ids = self.ids()?;
        if self.duplicate_check.len() > 10 {
            return Err(Error::input("Zoho takes at most ten `duplicate_check_fields`"));
        }
        if !self.duplicate_check.is_empty() && self.operation.name() != operations::UPSERT.name() {
            return Err(Error::input("`duplicate_check` belongs to `upsert`"));
        }
        if self.options.unmodified_since.is_some()
            && self.operation.name() == operations::CREATE.name()
        {
            return Err(Error::input(
                "`if_unmodified_since` is for records that are there already",
            ));
        }
        let call = |(rows, ids): (&[Row], &[Option<Id>])| -> Result<Call, Error> {
            let request = self.records.request(self.operation)?;
            let module = self.records.module();
            let request = self.options.apply(request, module, rows, &self.duplicate_check)?;
            Ok(Call { ids: ids.to_vec(), request })
        };
        // also where there is nothing to send
        check::module(self.records.module())?;
        let chunks = self.rows.chunks(MOST_IN_A_CALL).zip(ids.chunks(MOST_IN_A_CALL));
        chunks.map(call).collect()
    }
}

/// Changes one record: [`RecordHandle::update`](super::RecordHandle::update).
#[derive(Clone, Debug)]
#[must_use = "nothing is written until `send` is called"]
pub struct WriteRecord {
    records: Records<()>,
    target: Target,
    row: Result<Row, Error>,
    options: Options,
}

impl WriteRecord {
    pub(super) fn update(records: Records<()>, target: Target, change: &impl Serialize) -> Self {
        let row = raw_row(&records, 0, change, &mut Vec::new()).and_then(|row| {
            let mut row = Record::from_json(String::from(row.json))?;
            // the path says which record it is
            row.remove("id");
            Ok(Row { json: row.to_json().into(), without_id: true })
        });
        Self { records, target, row, options: Options::default() }
    }

    write_options!();

    /// Writes it.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is sent,
    /// [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused it, or of the call.
    pub async fn send(self) -> Result<Written, Error> {
        let ids = [self.target.id().cloned()];
        self.records.api.send(self.request()?).await?.written("data", &ids)?.one()
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.request()?.build()
    }

    fn request(&self) -> Result<RequestBuilder, Error> {
        let mut options = self.options.clone();
        if let Target::External { field, .. } = &self.target {
            options.external.insert(0, field.clone());
        }
        // the header stands among the options, with those of lookups
        let request = self.target.request_without_header(&self.records, &operations::UPDATE_ONE)?;
        options.apply(request, self.records.module(), &[self.row.clone()?], &[])
    }
}

/// One call of a write, and how many records it holds.
pub(super) struct Call {
    /// The ids of its records, where they have one already.
    pub(super) ids: Vec<Option<Id>>,
    pub(super) request: RequestBuilder,
}

pub(super) fn preview(calls: Vec<Call>) -> Result<Vec<Request<Bytes>>, Error> {
    calls.into_iter().map(|call| call.request.build()).collect()
}

/// Makes the calls, the first that fails as a whole being the last that is begun.
pub(super) async fn send_all(
    records: &Records<()>,
    calls: Vec<Call>,
    concurrency: usize,
) -> Result<WriteResults, Error> {
    let stop = &AtomicBool::new(false);
    let results: Vec<_> = stream::iter(calls)
        .map(|Call { ids, request }| async move {
            let count = ids.len();
            if stop.load(Ordering::Relaxed) {
                return (count, None);
            }
            let answer = match records.api.send(request).await {
                Ok(reply) => reply.written("data", &ids),
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
    let nothing_done = |(_, answer): &(usize, Option<Result<WriteResults, Error>>)| match answer {
        Some(Ok(_)) => false,
        Some(Err(error)) => matches!(error.outcome(), Outcome::NotSent | Outcome::Refused),
        None => true,
    };
    if let Some(first) = &first
        && results.iter().all(nothing_done)
    {
        return Err(first.clone());
    }
    let mut outcomes = WriteResults::default();
    for (count, answer) in results {
        match answer {
            Some(Ok(some)) => outcomes.append(some),
            Some(Err(error)) => outcomes.append(WriteResults::failed(count, &whole(error))),
            None => {
                let why = first.clone().unwrap_or_else(|| Error::input("the write was stopped"));
                outcomes
                    .append(WriteResults::failed(count, &ItemError::new(Outcome::NotSent, why)));
            }
        }
    }
    Ok(outcomes)
}

/// What a call's error means for each of its records.
fn whole(error: Error) -> ItemError {
    match error.outcome() {
        // nothing was looked at, and the error knows how long to wait
        Outcome::Refused if error.is_throttled() => ItemError::new(Outcome::NotSent, error),
        _ => ItemError::of_call(error),
    }
}

/// A record's JSON. `Debug` shows nothing of it, for it is people's data.
#[derive(Clone)]
struct Row {
    json: Box<str>,
    /// Whether it is certain that it has no `id`.
    without_id: bool,
}

impl AsRef<str> for Row {
    fn as_ref(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Row")
    }
}

/// A record's JSON, as the version that is used writes it. The `buffer` is for many records in turn.
fn raw_row(
    records: &Records<()>,
    index: usize,
    row: &impl Serialize,
    buffer: &mut Vec<u8>,
) -> Result<Row, Error> {
    buffer.clear();
    let written = serde_json::to_writer(&mut *buffer, &ZohoJson(row));
    let text = written.map_err(BoxError::from).and_then(|()| Ok(std::str::from_utf8(buffer)?));
    let text = text.map_err(|error| check::unwritable(&format!("record {index}"), &error))?;
    if !text.trim_start().starts_with('{') {
        return Err(Error::input(format!(
            "record {index} is no JSON object, and a record must be one"
        )));
    }
    let (module, version) = (records.module(), records.api.version());
    let without_id = is_without_id(row);
    if !version.rewrites(module, text) {
        return Ok(Row { json: text.into(), without_id });
    }
    let record = Record::from_json(text.to_owned())?.for_version(module, version);
    let record = record.map_err(|error| Error::input(format!("record {index}: {error}")))?;
    Ok(Row { json: record.to_json().into(), without_id })
}

/// The outcome of a write of one record.
pub(super) async fn one(write: WriteRecords) -> Result<Written, Error> {
    write.send().await?.one()
}
