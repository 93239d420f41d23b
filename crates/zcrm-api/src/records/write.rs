//! Writes of one or many records.

use std::{fmt, marker::PhantomData};

use bytes::Bytes;
use serde::Serialize;
use zcrm_core::{Error, Id, Operation, Record, Reply, WriteResults, Written};

use super::{
    ChangesRecords, RecordWrite, Records, Upserts, WriteOptions,
    many::{Batch, MOST_IN_A_CALL, preview, send_all},
    row::{RecordJson, raw_row},
    target::Target,
};
use crate::{
    Call, check, operations,
    request::{Kind, Request, SingleCall, sealed::Sealed},
};

/// The action of a write. Only [`Create`], [`Update`] and [`Upsert`] implement it.
pub trait Verb: Sealed + Send + Sync + 'static {
    /// The action as a value.
    const ACTION: WriteAction;
}

/// The action of a write as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "Zoho has only these three writes")]
pub enum WriteAction {
    /// Creates records.
    Create,
    /// Updates records.
    Update,
    /// Updates records that exist and creates the others.
    Upsert,
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $verb:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            #[allow(clippy::exhaustive_enums, reason = "it has no values")]
            pub enum $verb {}

            impl Sealed for $verb {}

            impl Verb for $verb {
                const ACTION: WriteAction = WriteAction::$verb;
            }
        )*
    };
}

verbs! {
    /// Creates records.
    Create;
    /// Updates records. Fields that a record does not name are left unchanged.
    Update;
    /// Updates the records that exist and creates the others.
    Upsert;
}

/// A [`Request`] kind that writes one record: [`Records::create`], [`Records::update`] and
/// [`Records::upsert`].
///
/// A multi-select list replaces the values that the record has. To add values instead, set the
/// record's member `$append_values`, such as `{"Skills": true}`. Such a write is never retried.
pub struct WriteRecord<V> {
    row: Option<RecordJson>,
    /// The id of the record, if it is known.
    id: Option<Id>,
    module: String,
    options: WriteOptions,
    verb: PhantomData<fn() -> V>,
}

impl<V: Verb> WriteRecord<V> {
    pub(super) fn new<T>(
        records: &Records<T>,
        operation: &Operation,
        row: &impl Serialize,
    ) -> Request<Self> {
        let row = raw_row(records, 0, row, &mut Vec::new());
        let row = row.and_then(|row| match V::ACTION == WriteAction::Create && has_id(&row) {
            true => Err(check::new_with_id("record", 0)),
            false => Ok(row),
        });
        Self::request(records.call(operation), None, records.module(), row)
    }

    fn request(
        call: Call,
        id: Option<Id>,
        module: &str,
        row: Result<RecordJson, Error>,
    ) -> Request<Self> {
        let (call, row) = match row {
            Ok(row) => (call, Some(row)),
            Err(mistake) => (call.fail(mistake), None),
        };
        let (module, options) = (module.to_owned(), WriteOptions::default());
        Request::new(call, Self { row, id, module, options, verb: PhantomData })
    }
}

impl WriteRecord<Update> {
    pub(super) fn update<T>(
        records: &Records<T>,
        target: &Target,
        change: &impl Serialize,
    ) -> Request<Self> {
        let row = raw_row(records, 0, change, &mut Vec::new()).and_then(|row| {
            let mut row = Record::from_json(String::from(row.json))?;
            // the path names the record
            row.remove("id");
            Ok(RecordJson { json: row.to_json().into(), without_id: true })
        });
        // the options hold the external field, with those of lookups
        let call = target.call_without_header(records, &operations::UPDATE_ONE);
        let request = Self::request(call, target.id().cloned(), records.module(), row);
        match target {
            Target::External { field, .. } => request.external_field(field),
            Target::Id(_) => request,
        }
    }
}

impl<V> Sealed for WriteRecord<V> {}

impl<V: Verb> SingleCall for WriteRecord<V> {
    type Answer = Written;

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        call.must_be_right()?;
        self.options.apply(call, &self.module, self.row.as_slice())
    }

    fn read(self, reply: &Reply) -> Result<Written, Error> {
        reply.written("data", &[self.id])?.one()
    }
}

impl<V: Verb> RecordWrite for WriteRecord<V> {
    fn options(&mut self) -> &mut WriteOptions {
        &mut self.options
    }
}

/// A [`Request`] kind that writes records, 100 per call: [`Records::create_many`],
/// [`Records::update_many`] and [`Records::upsert_many`].
///
/// The results of all calls are in the caller's order. For an empty list nothing is sent, and the
/// results are empty. After a call that fails as a whole, no further call is made. Records of calls
/// that were not made are [not sent](zcrm_core::Outcome::NotSent). Records of a call without a
/// response are [unknown](zcrm_core::Outcome::Unknown). The request itself fails only if nothing
/// was written.
///
/// If the future is dropped midway, the calls made so far are not undone. A
/// [`json_path`](zcrm_core::ApiError::json_path) in a refusal comes from Zoho and counts within its
/// call of 100; the index of a result counts all records.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let leads = (1..=250).map(|n| Record::new().with("Last_Name", format!("Lead {n}")));
/// let results = api.records("Leads").create_many(leads).await?;
/// for (index, failure) in results.failures() {
///     println!("record {index}: {failure}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct WriteRecords<V> {
    rows: Vec<RecordJson>,
    module: String,
    options: WriteOptions,
    concurrency: usize,
    verb: PhantomData<fn() -> V>,
}

impl<V: Verb> WriteRecords<V> {
    pub(super) fn request<T, R: Serialize>(
        records: &Records<T>,
        operation: &Operation,
        rows: impl IntoIterator<Item = R>,
    ) -> Request<Self> {
        let mut buffer = Vec::new();
        let write = |(index, row)| raw_row(records, index, &row, &mut buffer);
        let rows = rows.into_iter().enumerate().map(write);
        let call = records.call(operation);
        let (rows, call) = match rows.collect::<Result<Vec<_>, _>>() {
            Ok(rows) => (rows, call),
            Err(mistake) => (Vec::new(), call.fail(mistake)),
        };
        let (module, options) = (records.module().to_owned(), WriteOptions::default());
        Request::new(call, Self { rows, module, options, concurrency: 1, verb: PhantomData })
    }

    /// Returns the ids of the records. An update needs them; a new record must not have one.
    fn ids(&self) -> Result<Vec<Option<Id>>, Error> {
        let one = |(index, row): (usize, &RecordJson)| match V::ACTION {
            WriteAction::Upsert => Ok(None),
            WriteAction::Create if has_id(row) => Err(check::new_with_id("record", index)),
            WriteAction::Create => Ok(None),
            WriteAction::Update => match check::id_of::<Id>(&row.json) {
                Some(id) if id.check().is_ok() => Ok(Some(id)),
                _ if self.has_external_id(row) => Ok(None),
                _ => Err(Error::input(format!(
                    "record {index} has no valid `id`: each record of an update needs one"
                ))),
            },
        };
        self.rows.iter().enumerate().map(one).collect()
    }

    /// Returns `true` if a row has one of the external fields.
    fn has_external_id(&self, row: &RecordJson) -> bool {
        let mut fields = self.options.external.iter();
        let Ok(record) = Record::from_json(String::from(row.as_ref())) else { return false };
        fields.any(|field| record.contains(field.rsplit('.').next().unwrap_or(field)))
    }

    fn batches(&self, call: &Call) -> Result<Vec<Batch>, Error> {
        // checked even if the list is empty
        call.must_be_right()?;
        let ids = self.ids()?;
        let batch = |(rows, ids): (&[RecordJson], &[Option<Id>])| -> Result<Batch, Error> {
            let call = self.options.apply(call.clone(), &self.module, rows)?;
            Ok(Batch { ids: ids.to_vec(), call })
        };
        self.rows.chunks(MOST_IN_A_CALL).zip(ids.chunks(MOST_IN_A_CALL)).map(batch).collect()
    }
}

impl WriteRecords<Update> {
    pub(super) fn mass_update<T>(
        records: &Records<T>,
        ids: impl Iterator<Item = Id>,
        field: &str,
        value: &impl Serialize,
    ) -> Request<Self> {
        let mut mistake = None;
        if matches!(field.trim(), "" | "id") {
            let message =
                format!("invalid field `{field}` for a mass update: name one other than `id`");
            mistake = Some(Error::input(message));
        }
        let row = |id: Id| {
            let mut row = Record::new();
            let set = row.set("id", id).and_then(|()| row.set(field, value));
            mistake = mistake.take().or(set.err());
            row
        };
        let rows: Vec<Record> = ids.map(row).collect();
        let request = Self::request(records, &operations::UPDATE, rows);
        match mistake {
            Some(mistake) => request.map(|call| call.fail(mistake)),
            None => request,
        }
    }
}

impl<V> Sealed for WriteRecords<V> {}

impl<V: Verb> Kind for WriteRecords<V> {
    type Output = WriteResults;
    type Preview = Vec<http::Request<Bytes>>;

    async fn execute(self, call: Call) -> Result<WriteResults, Error> {
        send_all(self.batches(&call)?, self.concurrency).await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        preview(self.batches(call)?)
    }
}

impl<V: Verb> RecordWrite for WriteRecords<V> {
    fn options(&mut self) -> &mut WriteOptions {
        &mut self.options
    }
}

impl<V: Verb> Request<WriteRecords<V>> {
    /// Sets how many calls are made concurrently. The default is one, which keeps the order of the
    /// writes.
    pub fn concurrency(self, calls: usize) -> Self {
        self.set(|kind| kind.concurrency = calls.max(1))
    }
}

fn has_id(row: &RecordJson) -> bool {
    !row.without_id && check::has_id(&row.json)
}

impl<V> Clone for WriteRecord<V> {
    fn clone(&self) -> Self {
        Self {
            row: self.row.clone(),
            id: self.id.clone(),
            module: self.module.clone(),
            options: self.options.clone(),
            verb: PhantomData,
        }
    }
}

impl<V> Clone for WriteRecords<V> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            module: self.module.clone(),
            options: self.options.clone(),
            concurrency: self.concurrency,
            verb: PhantomData,
        }
    }
}

impl<V> fmt::Debug for WriteRecord<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteRecord").field("module", &self.module).finish_non_exhaustive()
    }
}

impl<V> fmt::Debug for WriteRecords<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteRecords")
            .field("module", &self.module)
            .field("records", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl ChangesRecords for WriteRecord<Update> {}
impl ChangesRecords for WriteRecords<Update> {}
impl ChangesRecords for WriteRecord<Upsert> {}
impl ChangesRecords for WriteRecords<Upsert> {}
impl Upserts for WriteRecord<Upsert> {}
impl Upserts for WriteRecords<Upsert> {}
