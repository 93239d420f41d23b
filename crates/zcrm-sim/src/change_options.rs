//! The choices that Zoho's documents on changes and deletions leave open.

use std::time::Duration;

use crate::error::Error;

/// How changes and deletions of records show up where Zoho's documents leave a choice.
///
/// A client should work with every setting.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// use zcrm_sim::{ChangeOptions, Simulator};
///
/// // A restored record has a new `Modified_Time`, and deleted notes are listed.
/// let options = ChangeOptions::default().restore_modifies(true).cascades_listed(true);
/// let sim = Simulator::builder().changes(options).start().await?;
/// # let _ = sim;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the options apply once they are given to `Builder::changes`"]
pub struct ChangeOptions {
    pub(crate) tags_modify: bool,
    pub(crate) territories_modify: bool,
    pub(crate) conversion_modifies: bool,
    pub(crate) computed_modifies: bool,
    pub(crate) restore_modifies: bool,
    pub(crate) cascades_listed: bool,
    pub(crate) oldest_deleted_first: bool,
    pub(crate) deleted_since: bool,
    pub(crate) job_records: usize,
    pub(crate) job_time: Duration,
}

impl Default for ChangeOptions {
    /// Returns the behaviour that other users have seen, or else the one that is harder for a
    /// client.
    fn default() -> Self {
        Self {
            tags_modify: false,
            territories_modify: true,
            conversion_modifies: true,
            computed_modifies: false,
            restore_modifies: false,
            cascades_listed: false,
            oldest_deleted_first: false,
            deleted_since: true,
            job_records: 1_000,
            job_time: Duration::from_secs(2),
        }
    }
}

impl ChangeOptions {
    /// Sets an option by the name of its method, as the program does: `true` or `false`, a number of
    /// records, or a time in milliseconds.
    ///
    /// ```
    /// use zcrm_sim::ChangeOptions;
    ///
    /// let options = ChangeOptions::default().set("tags_modify", "true")?;
    /// assert_eq!(options, ChangeOptions::default().tags_modify(true));
    /// assert!(options.set("tags_modify", "perhaps").is_err());
    /// # Ok::<(), zcrm_sim::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`Error::ChangeOption`] if there is no such option, or if the value does not fit.
    pub fn set(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let wrong = || Error::ChangeOption { name: name.to_owned(), value: value.to_owned() };
        let flag = match name {
            "tags_modify" => &mut self.tags_modify,
            "territories_modify" => &mut self.territories_modify,
            "conversion_modifies" => &mut self.conversion_modifies,
            "computed_modifies" => &mut self.computed_modifies,
            "restore_modifies" => &mut self.restore_modifies,
            "cascades_listed" => &mut self.cascades_listed,
            "oldest_deleted_first" => &mut self.oldest_deleted_first,
            "deleted_since" => &mut self.deleted_since,
            "job_records" => {
                return Ok(self.job_records(value.parse().map_err(|_| wrong())?));
            }
            "job_time" => {
                let time = Duration::from_millis(value.parse().map_err(|_| wrong())?);
                return Ok(self.job_time(time));
            }
            _ => return Err(wrong()),
        };
        *flag = value.parse().map_err(|_| wrong())?;
        Ok(self)
    }

    /// Sets whether adding and removing tags moves `Modified_Time`. By default it does not. A write
    /// of the record moves it in any case, also if it sets the field `Tag`.
    pub fn tags_modify(mut self, modify: bool) -> Self {
        self.tags_modify = modify;
        self
    }

    /// Sets whether assigning and removing territories moves `Modified_Time`. By default it does.
    pub fn territories_modify(mut self, modify: bool) -> Self {
        self.territories_modify = modify;
        self
    }

    /// Sets whether its conversion moves the `Modified_Time` of a lead. By default it does.
    pub fn conversion_modifies(mut self, modifies: bool) -> Self {
        self.conversion_modifies = modifies;
        self
    }

    /// Sets whether a new value of a computed field moves `Modified_Time`; see
    /// [`Simulator::recompute`](crate::Simulator::recompute). By default it does not: other users
    /// have seen this for formulas, and it is not known for rollup summaries.
    pub fn computed_modifies(mut self, modifies: bool) -> Self {
        self.computed_modifies = modifies;
        self
    }

    /// Sets whether a restored record gets a new `Modified_Time`. By default it keeps the one that
    /// it had when it was deleted.
    pub fn restore_modifies(mut self, modifies: bool) -> Self {
        self.restore_modifies = modifies;
        self
    }

    /// Sets whether the notes that are deleted with their record are listed among the deleted
    /// records. By default only the record is.
    pub fn cascades_listed(mut self, listed: bool) -> Self {
        self.cascades_listed = listed;
        self
    }

    /// Sets whether lists of deleted records begin with the oldest deletion. By default they begin
    /// with the latest one.
    pub fn oldest_deleted_first(mut self, oldest: bool) -> Self {
        self.oldest_deleted_first = oldest;
        self
    }

    /// Sets whether `If-Modified-Since` limits a list of deleted records to those deleted since
    /// then, which is the default. Otherwise the header is ignored there.
    pub fn deleted_since(mut self, limits: bool) -> Self {
        self.deleted_since = limits;
        self
    }

    /// Sets the number of records up to which a call restores, empties or merges by itself; 1,000
    /// by default. With more, it answers `SCHEDULED`, and a job does it.
    pub fn job_records(mut self, most: usize) -> Self {
        self.job_records = most;
        self
    }

    /// Sets the virtual time after which a scheduled job has changed its records; two seconds by
    /// default. With zero, they change with the call.
    pub fn job_time(mut self, time: Duration) -> Self {
        self.job_time = time;
        self
    }
}
