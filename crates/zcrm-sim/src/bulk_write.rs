//! The settings of bulk write.

use std::time::Duration;

use crate::csv_format::{CsvFormat, format_setters};

/// The settings of bulk write: the time that jobs take, their limits, and the format of results.
///
/// Zoho's documents leave some choices open. The default of each is the one with the best evidence;
/// a client should work with every setting.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// use std::time::Duration;
/// use zcrm_sim::{BulkWriteSettings, Simulator};
///
/// // Jobs end immediately, and a file has at most 100 rows.
/// let bulk_write = BulkWriteSettings::new().job_time(Duration::ZERO).rows_per_file(100);
/// let sim = Simulator::builder().bulk_write(bulk_write).start().await?;
/// assert!(sim.content_url().starts_with("https://"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "the settings are used by `Builder::bulk_write`"]
pub struct BulkWriteSettings {
    pub(crate) job_time: Duration,
    pub(crate) rows_per_file: usize,
    pub(crate) child_rows: usize,
    pub(crate) upload_life: Duration,
    pub(crate) result_life: Duration,
    pub(crate) downloads_per_minute: Option<usize>,
    pub(crate) queue_by_user: bool,
    pub(crate) notify: bool,
    pub(crate) too_large: FileTooLarge,
    pub(crate) result_url: ResultUrl,
    pub(crate) spaced_state: bool,
    pub(crate) default_dates: DefaultDates,
    pub(crate) format: CsvFormat,
}

/// The refusal of an uploaded file that is too large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileTooLarge {
    /// 413 with the code `FILE_TOO_LARGE`, as on Zoho's pages.
    #[default]
    PayloadTooLarge,
    /// 400 with the code `INVALID_DATA`, as in Zoho's description of 2026.
    InvalidData,
}

/// The form of `download_url`, the address of a job's result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResultUrl {
    /// A whole address that names the organisation, with the path
    /// `/v2/crm/{organisation}/bulk-write/{id}/{id}.zip`, as in the samples of Zoho's SDKs.
    #[default]
    Organisation,
    /// Only a path, `/v8/crm/org{organisation}/bulk-write/{id}/{id}.zip`, as on Zoho's page. All
    /// servers of the API answer it.
    Path,
    /// A whole address that names the job, with the path `/v2/bulk/write/{id}/result`, as in Zoho's
    /// description of 2026.
    Job,
}

/// The formats of dates and times in columns whose mapping has no format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DefaultDates {
    /// `MM/dd/yyyy` and `MM/dd/yyyy HH:mm:ss`, as on Zoho's page.
    #[default]
    MonthFirst,
    /// `yyyy-MM-dd` and `yyyy-MM-dd'T'HH:mm:ssXXX`, as in an article of Zoho's of 2020.
    Iso,
}

impl Default for BulkWriteSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl BulkWriteSettings {
    /// Creates the default settings.
    pub fn new() -> Self {
        const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);
        Self {
            job_time: Duration::from_millis(3_500),
            rows_per_file: 25_000,
            child_rows: 200,
            upload_life: WEEK,
            result_life: WEEK,
            downloads_per_minute: None,
            queue_by_user: false,
            notify: false,
            too_large: FileTooLarge::default(),
            result_url: ResultUrl::default(),
            spaced_state: false,
            default_dates: DefaultDates::default(),
            format: CsvFormat::default(),
        }
    }

    /// Sets the virtual time that a job takes; 3.5 seconds by default, as a bulk read. With zero, a
    /// job ends immediately.
    pub fn job_time(mut self, time: Duration) -> Self {
        self.job_time = time;
        self
    }

    /// Sets the maximum number of rows of a CSV file without its header; 25,000 by default, as in
    /// Zoho.
    pub fn rows_per_file(mut self, rows: usize) -> Self {
        self.rows_per_file = rows;
        self
    }

    /// Sets the maximum number of rows of a file for a subform or for line items; 200 by default, as
    /// in Zoho.
    pub fn child_rows(mut self, rows: usize) -> Self {
        self.child_rows = rows;
        self
    }

    /// Sets how long jobs can be created with an uploaded file; seven days by default. Zoho's
    /// documents do not say.
    pub fn upload_life(mut self, life: Duration) -> Self {
        self.upload_life = life;
        self
    }

    /// Sets how long a result can be downloaded; seven days by default.
    pub fn result_life(mut self, life: Duration) -> Self {
        self.result_life = life;
        self
    }

    /// Sets the number of downloads of results in a minute. After one more, all downloads are
    /// refused for a minute, as those of bulk reads. By default they are not limited.
    pub fn downloads_per_minute(mut self, downloads: usize) -> Self {
        self.downloads_per_minute = Some(downloads);
        self
    }

    /// Runs the jobs of each user one after the other, and those of several users at the same
    /// time. By default, all jobs of an organisation run one after the other.
    pub fn queue_by_user(mut self) -> Self {
        self.queue_by_user = true;
        self
    }

    /// Notifies channels of the rows that jobs write. By default they are not notified.
    pub fn notify(mut self) -> Self {
        self.notify = true;
        self
    }

    /// Sets the refusal of a file above 25 MB; 413 by default.
    pub fn too_large(mut self, refusal: FileTooLarge) -> Self {
        self.too_large = refusal;
        self
    }

    /// Sets the form of the address of a result; by default it names the organisation.
    pub fn result_url(mut self, form: ResultUrl) -> Self {
        self.result_url = form;
        self
    }

    /// Writes the state of a running job as `IN PROGRESS`; `INPROGRESS` by default.
    pub fn spaced_state(mut self) -> Self {
        self.spaced_state = true;
        self
    }

    /// Sets the format of dates in columns whose mapping has none; the month first by default.
    pub fn default_dates(mut self, format: DefaultDates) -> Self {
        self.default_dates = format;
        self
    }

    format_setters!();
}
