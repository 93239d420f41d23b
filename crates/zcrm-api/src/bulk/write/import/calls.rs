//! Small imports by calls of 100 records.

use zcrm_core::{Action, Error, ItemError, Outcome, Record, WriteResults};

use super::ledger::{Entry, EntryError};
use crate::{
    Call, Records,
    bulk::write::outcome::BulkRowStatus,
    records::{RecordWrite, WriteAction},
    request::{Kind, Request},
};

/// The records of one call, by Zoho's documentation.
const MOST: usize = 100;

/// The records of an import that is made by calls.
pub(super) struct Calls {
    pub(super) records: Records<()>,
    pub(super) action: WriteAction,
    /// The field that finds existing records, unless it is the id.
    pub(super) by: Option<String>,
    pub(super) rows: Vec<String>,
    /// The call with the headers and parameters of the request.
    pub(super) settings: Call,
}

/// The result of a call.
pub(super) enum Called {
    Written(Vec<Entry>),
    /// It was certainly not executed.
    NotWritten(Error),
    Doubtful,
}

impl Calls {
    /// Returns the number of calls.
    pub(super) fn len(&self) -> usize {
        self.rows.len().div_ceil(MOST)
    }

    /// Returns the indexes of the records of a call.
    pub(super) fn records(&self, part: u32) -> std::ops::Range<u64> {
        let number = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let first = number(MOST).saturating_mul(part.into()).min(number(self.rows.len()));
        first..first.saturating_add(number(MOST)).min(number(self.rows.len()))
    }

    /// Writes the records of a call, without automation, as bulk writes do.
    pub(super) async fn send(&self, part: u32) -> Called {
        let at = usize::try_from(part).unwrap_or(usize::MAX);
        let rows = self.rows.chunks(MOST).nth(at).unwrap_or_default();
        let read = rows.iter().map(|row| Record::from_json(row.clone()));
        let rows = match read.collect::<Result<Vec<Record>, Error>>() {
            Ok(rows) => rows,
            Err(error) => return Called::NotWritten(error),
        };
        let added = BulkRowStatus::ADDED;
        match (self.action, &self.by) {
            (WriteAction::Create, _) => self.write(self.records.create_many(rows), &added).await,
            (WriteAction::Update, _) => {
                self.write(self.records.update_many(rows), &BulkRowStatus::UPDATED).await
            }
            (WriteAction::Upsert, Some(by)) => {
                self.write(self.records.upsert_many(rows).by(by), &added).await
            }
            (WriteAction::Upsert, None) => self.write(self.records.upsert_many(rows), &added).await,
        }
    }

    async fn write<K>(&self, request: Request<K>, done: &BulkRowStatus) -> Called
    where
        K: RecordWrite + Kind<Output = WriteResults>,
    {
        let request = request.trigger([]).map(|call| call.with_settings_of(&self.settings));
        let results = match request.send().await {
            Ok(results) => results,
            Err(error) if is_doubtful(error.outcome()) => return Called::Doubtful,
            Err(error) => return Called::NotWritten(error),
        };
        let mut entries = Vec::with_capacity(results.len());
        for result in &results {
            entries.push(match result {
                Ok(written) => {
                    let status = match &written.action {
                        Some(Action::Updated) => &BulkRowStatus::UPDATED,
                        Some(Action::Inserted) => &BulkRowStatus::ADDED,
                        _ => done,
                    };
                    Entry(status.as_str().to_owned(), Some(written.id.clone()), Vec::new())
                }
                Err(failure) if is_doubtful(failure.outcome()) => return Called::Doubtful,
                Err(failure) if failure.outcome() == Outcome::NotSent => {
                    return Called::NotWritten(failure.error().clone());
                }
                Err(failure) => refused(failure),
            });
        }
        Called::Written(entries)
    }
}

fn is_doubtful(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Unknown | Outcome::Executed)
}

/// Returns the outcome of a record that Zoho refused.
fn refused(failure: &ItemError) -> Entry {
    let errors = failure.api().map(|api| {
        let field = api.field().map(str::to_owned);
        EntryError(api.code().as_str().to_owned(), field.into_iter().collect())
    });
    let status = BulkRowStatus::SKIPPED.as_str().to_owned();
    Entry(status, None, errors.into_iter().collect())
}
