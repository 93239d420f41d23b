//! Imports: many records, each written once, also over crashes and lost answers.

mod calls;
mod engine;
mod ledger;
mod outcomes;
mod report;
mod request;

use std::io::Read;

use futures_core::Stream;
use serde::Serialize;
use zcrm_core::Error;

pub use outcomes::ImportOutcomes;
pub use report::{ImportProgress, ImportReport};
pub use request::Import;

use super::source::Source;
use crate::{Records, request::Request};

impl<T> Records<T> {
    /// Imports the records of an iterator, by calls of 100 or by bulk writes, whichever costs fewer
    /// API credits.
    ///
    /// Choose [`create`](Request::create), [`update`](Request::update) or
    /// [`upsert`](Request::upsert), and a [`ledger`](Request::ledger), so that no record is written
    /// twice.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_core::Record;
    ///
    /// let rows = (1..=60_000).map(|n| Record::new().with("Last_Name", "Boyle").with("Shop_Id", n));
    /// let import = api.records("Leads").import(rows).upsert().by("Shop_Id").ignore_empty(true);
    /// let report = import.ledger("leads.ledger").await?;
    /// println!("{} created, {} updated, {} unknown", report.added, report.updated, report.unknown);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "bulk")]
    pub fn import<R, I>(&self, rows: I) -> Request<Import>
    where
        R: Serialize,
        I: IntoIterator<Item = R, IntoIter: Send + 'static>,
    {
        Import::request(self, Source::rows(rows.into_iter()))
    }

    /// Imports the records of a stream, as [`import`](Self::import) does. Its first error ends the
    /// import before anything is sent.
    pub fn import_stream<R, S>(&self, rows: S) -> Request<Import>
    where
        R: Serialize + Send + 'static,
        S: Stream<Item = Result<R, Error>> + Send + 'static,
    {
        Import::request(self, Source::stream(rows))
    }

    /// Imports the rows of a CSV in UTF-8, whose first row has the API names of fields, as
    /// [`import`](Self::import) does.
    pub fn import_csv(&self, csv: impl Read + Send + 'static) -> Request<Import> {
        Import::request(self, Source::csv(csv))
    }
}
