//! The settings of bulk read.

use std::time::Duration;

use crate::csv_format::{CsvFormat, format_setters};

/// The settings of bulk read: the time that jobs take, their limits, and the format of results.
///
/// Zoho's documents leave some choices open. The default of each is the one with the best evidence;
/// a client should work with every setting.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// use std::time::Duration;
/// use zcrm_sim::{BulkReadSettings, Simulator};
///
/// // Jobs end immediately, and each returns at most 100 rows.
/// let bulk_read = BulkReadSettings::new().job_time(Duration::ZERO).rows_per_job(100);
/// let sim = Simulator::builder().bulk_read(bulk_read).records("Leads", 250).start().await?;
/// assert_eq!(sim.record_count("Leads"), 250);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "the settings are used by `Builder::bulk_read`"]
pub struct BulkReadSettings {
    pub(crate) job_time: Duration,
    pub(crate) rows_per_job: u64,
    pub(crate) last_page: u64,
    pub(crate) result_life: Duration,
    pub(crate) downloads_per_minute: usize,
    pub(crate) queue_by_user: bool,
    pub(crate) refused_fields: Vec<(String, String)>,
    pub(crate) separators: Separators,
    pub(crate) format: CsvFormat,
    pub(crate) columns_by_module: bool,
    pub(crate) home_currency: bool,
}

/// The texts between several values in a cell.
#[derive(Debug, Clone)]
pub(crate) struct Separators {
    pub(crate) values: String,
    pub(crate) tags: String,
}

impl Default for BulkReadSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl BulkReadSettings {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            job_time: Duration::from_millis(3_500),
            rows_per_job: 200_000,
            last_page: 50,
            result_life: Duration::from_secs(24 * 3_600),
            downloads_per_minute: 10,
            queue_by_user: false,
            refused_fields: Vec::new(),
            separators: Separators { values: String::from(";"), tags: String::from(",") },
            format: CsvFormat::default(),
            columns_by_module: false,
            home_currency: false,
        }
    }

    /// Sets the virtual time that a job takes; 3.5 seconds by default. With zero, a job ends
    /// immediately.
    pub fn job_time(mut self, time: Duration) -> Self {
        self.job_time = time;
        self
    }

    /// Sets the maximum number of rows of a job, at least 1; 200,000 by default, as in Zoho.
    pub fn rows_per_job(mut self, rows: u64) -> Self {
        self.rows_per_job = rows.max(1);
        self
    }

    /// Sets the last value of `page`; 50 by default. Zoho's documents have 50 and 500.
    pub fn last_page(mut self, page: u64) -> Self {
        self.last_page = page;
        self
    }

    /// Sets how long a result can be downloaded; a day by default.
    pub fn result_life(mut self, life: Duration) -> Self {
        self.result_life = life;
        self
    }

    /// Sets the number of downloads in a minute; 10 by default. After one more, all downloads are
    /// refused for a minute.
    pub fn downloads_per_minute(mut self, downloads: usize) -> Self {
        self.downloads_per_minute = downloads;
        self
    }

    /// Runs the jobs of each user one after the other, and those of several users at the same
    /// time. By default, all jobs of an organisation run one after the other.
    pub fn queue_by_user(mut self) -> Self {
        self.queue_by_user = true;
        self
    }

    /// Refuses a field with `FIELD_NOT_SUPPORTED`, although the metadata lists it.
    ///
    /// Zoho was seen to refuse some fields, such as `Address` of leads. Fields with subforms,
    /// files, images, participants and multi-select lookups are always refused. Every result has the
    /// ids, so `id` is refused only in criteria.
    pub fn refuse_field(mut self, module: impl Into<String>, field: impl Into<String>) -> Self {
        self.refused_fields.push((module.into(), field.into()));
        self
    }

    pub(crate) fn refuses(&self, module: &str, field: &str) -> bool {
        let named = |(of, name): &(String, String)| of == module && name == field;
        self.refused_fields.iter().any(named)
    }

    /// Sets the separator of several values of a picklist; `;` by default.
    pub fn value_separator(mut self, separator: impl Into<String>) -> Self {
        self.separators.values = separator.into();
        self
    }

    /// Sets the separator of tags; `,` by default.
    pub fn tag_separator(mut self, separator: impl Into<String>) -> Self {
        self.separators.tags = separator.into();
        self
    }

    format_setters!();

    /// Sorts the columns in the order of the module's fields, with those of related records at the
    /// end. By default they have the order of the request.
    pub fn columns_by_module(mut self) -> Self {
        self.columns_by_module = true;
        self
    }

    /// Converts amounts of money to the home currency, with the record's exchange rate. By default
    /// they are in the record's currency.
    pub fn home_currency(mut self) -> Self {
        self.home_currency = true;
        self
    }
}
