//! The options of an export.

use std::{fmt, path::PathBuf, time::Duration};

use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id};

use super::{chain::ExportSettings, files::SaveExport, state::ExportState, stream::ExportStream};
use crate::{
    Condition, Records,
    bulk::read::{create::BulkRead, options::CsvOptions},
    request::Request,
};

/// An export of all records of a module: [`Records::export`](crate::Records::export).
///
/// [`stream`](Self::stream) reads them, and [`save_in`](Self::save_in) saves them as files. Both
/// create a chain of bulk reads of 200,000 records for 50 API credits each. The next job runs while
/// a part is read.
///
/// With a [`checkpoint`](Self::checkpoint) an export that was interrupted, even by a crash,
/// continues later. A job whose id is stored is never paid for twice. A create whose answer was
/// lost may be, because Zoho has no list of jobs; the report counts it
/// ([`doubtful_jobs`](super::ExportReport::doubtful_jobs)).
///
/// A field that bulk reads refuse is left out and reported
/// ([`dropped_fields`](super::ExportReport::dropped_fields)). If bulk reads do not offer the module,
/// it is read by a query. If Zoho refuses the query and there is no [`filter`](Self::filter), a list is
/// used instead, up to its limit of 100,000 records.
///
/// Several exports may run at the same time. They share the limits of the client, such as Zoho's
/// ten downloads in a minute.
///
/// The export is not a snapshot: a record that is changed while it runs may be exported in its old
/// or new form.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let leads = api.records("Leads");
/// let report = leads.export().fields(["Last_Name", "Email"]).save_in("leads").await?;
/// println!("{} records in {} files, {} jobs", report.records, report.files.len(), report.jobs);
/// # Ok(())
/// # }
/// ```
#[must_use = "an export does nothing until it is streamed or saved"]
pub struct Export<T> {
    records: Records<T>,
    read: Request<BulkRead<T>>,
    checkpoint: Option<PathBuf>,
    settings: ExportSettings,
}

impl<T: DeserializeOwned + Send + 'static> Export<T> {
    pub(in crate::bulk) fn new(records: &Records<T>) -> Self {
        let settings = ExportSettings {
            options: CsvOptions::new(),
            condition: None,
            deadline: Duration::from_secs(3_600),
            continues_by_id: false,
            begins_again: false,
        };
        let read = BulkRead::request(records);
        Self { records: records.clone(), read, checkpoint: None, settings }
    }

    fn map(self, change: impl FnOnce(Request<BulkRead<T>>) -> Request<BulkRead<T>>) -> Self {
        Self { read: change(self.read), ..self }
    }

    /// Sets the fields to export, as for a [bulk read](crate::Records::bulk_read).
    pub fn fields<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.map(|read| read.fields(names))
    }

    /// Exports only the records that fulfil a condition.
    ///
    /// It must be one that bulk reads take. If bulk reads do not offer the module, it is sent in a
    /// query, which takes fewer values of `is_in`.
    pub fn filter(mut self, condition: Condition) -> Self {
        self.settings.condition = Some(condition.clone());
        self.map(|read| read.filter(condition))
    }

    /// Exports only the records of a custom view (`cvid`).
    pub fn view(self, id: impl Into<Id>) -> Self {
        self.map(|read| read.view(id))
    }

    /// Keeps the state of the export in this file, to continue after an interruption.
    ///
    /// The file is replaced atomically and written durably, and only its owner can read it, because
    /// it contains the condition. An export that uses it at the same time is refused. After the
    /// last record it says so, and the same export again returns no records: remove it to export
    /// everything again.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Sets the options for reading the results.
    pub fn with(mut self, options: CsvOptions) -> Self {
        self.settings.options = options;
        self
    }

    /// Sets the longest wait for one job. The default is one hour.
    pub fn deadline(mut self, longest: Duration) -> Self {
        self.settings.deadline = longest;
        self
    }

    /// Continues by ids if a page token has expired, or the result of a part that was read partly.
    ///
    /// Zoho's page tokens are valid for 24 hours. By default an export whose token has expired is an
    /// error of kind [`NotFound`](zcrm_core::ErrorKind::NotFound) before anything is paid. With this
    /// option it requests the records whose ids are larger than the last one, by a new chain of jobs
    /// of 50 API credits each.
    ///
    /// Zoho documents neither the order of the records in a bulk read nor conditions on `id`. So an
    /// export keeps whether the ids so far were ascending, and otherwise does not continue by ids.
    /// It also checks each record of the new chain, and requests a job only after the one before it
    /// was read. A record without a larger id than the one before it is an error of kind
    /// [`Decode`](zcrm_core::ErrorKind::Decode), after which nothing more is paid.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let leads = api.records("Leads");
    /// // an export that was interrupted the day before yesterday
    /// let report = leads.export().continue_by_id().save_in("leads").await?;
    /// println!("{} records, continued {} times", report.records, report.continuations);
    /// # Ok(())
    /// # }
    /// ```
    pub fn continue_by_id(mut self) -> Self {
        self.settings.continues_by_id = true;
        self
    }

    /// Begins again with the first record if a page token has expired.
    ///
    /// Zoho's page tokens are valid for 24 hours. By default an expired one is an error before
    /// anything is paid. With [`continue_by_id`](Self::continue_by_id) too, the export begins again
    /// only if it cannot be continued by ids.
    pub fn begin_again(mut self) -> Self {
        self.settings.begins_again = true;
        self
    }

    /// Returns the records as a stream.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let export = api.records("Leads").export().fields(["Last_Name", "Email"]);
    /// let mut leads = export.checkpoint("leads.checkpoint").stream();
    /// let mut unsaved = 0;
    /// while let Some(lead) = leads.next().await {
    ///     println!("{:?}", lead?.id()); // store it
    ///     unsaved += 1;
    ///     if unsaved == 1_000 {
    ///         leads.acknowledge().await?; // these records do not come again
    ///         unsaved = 0;
    ///     }
    /// }
    /// leads.acknowledge().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> ExportStream<T> {
        let Self { records, read, checkpoint, settings } = self;
        let fresh = fresh(&records, &read);
        ExportStream::new(read.call, records, fresh, checkpoint, settings)
    }

    /// Saves the records as CSV files in a folder, each exactly once.
    ///
    /// The files are `Leads-00001.csv` and so on, with a header each. Without a
    /// [`checkpoint`](Self::checkpoint) the state is kept in the folder, as
    /// `.Leads.zcrm-checkpoint`. A file is written durably and renamed, then the checkpoint moves
    /// on, so an export that was interrupted continues with the next file.
    pub fn save_in(self, folder: impl Into<PathBuf>) -> Request<SaveExport<T>> {
        let Self { records, read, checkpoint, settings } = self;
        let fresh = fresh(&records, &read);
        SaveExport::request(read, records, fresh, checkpoint, settings, folder.into())
    }
}

/// Returns the state at the start of the export.
fn fresh<T>(records: &Records<T>, read: &Request<BulkRead<T>>) -> Result<ExportState, Error> {
    Ok(ExportState::new(records.module(), read.query()?))
}

impl<T> fmt::Debug for Export<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("records", &self.records)
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}
