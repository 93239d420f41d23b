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
    pub(crate) merge_modifies: bool,
    pub(crate) merge_modifies_related: bool,
    pub(crate) merge_fills: bool,
    pub(crate) merges_notified: bool,
    pub(crate) merged_in_bin: bool,
    pub(crate) merge_created: bool,
    pub(crate) upper_case_merges: bool,
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
            merge_modifies: true,
            merge_modifies_related: false,
            merge_fills: false,
            merges_notified: false,
            merged_in_bin: false,
            merge_created: false,
            upper_case_merges: false,
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
            "merge_modifies" => &mut self.merge_modifies,
            "merge_modifies_related" => &mut self.merge_modifies_related,
            "merge_fills" => &mut self.merge_fills,
            "merges_notified" => &mut self.merges_notified,
            "merged_in_bin" => &mut self.merged_in_bin,
            "merge_created" => &mut self.merge_created,
            "upper_case_merges" => &mut self.upper_case_merges,
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

    /// Sets whether a merge moves the `Modified_Time` of the record that remains. By default it does.
    pub fn merge_modifies(mut self, modifies: bool) -> Self {
        self.merge_modifies = modifies;
        self
    }

    /// Sets whether a merge moves the `Modified_Time` of the related records that refer to the
    /// record that remains from then on. By default it does not.
    pub fn merge_modifies_related(mut self, modifies: bool) -> Self {
        self.merge_modifies_related = modifies;
        self
    }

    /// Sets whether the record that remains gets the values of merged records for its empty fields.
    /// By default only the fields that the call selects are changed.
    pub fn merge_fills(mut self, fills: bool) -> Self {
        self.merge_fills = fills;
        self
    }

    /// Sets whether channels are notified of a merge: of an update of the record that remains, and
    /// of deletions of the merged ones. By default they are not.
    pub fn merges_notified(mut self, notified: bool) -> Self {
        self.merges_notified = notified;
        self
    }

    /// Sets whether merged records have the type `recycle` among the deleted ones, as those in the
    /// recycle bin. The default is `permanent`. In both cases they have no names and cannot be
    /// restored.
    pub fn merged_in_bin(mut self, in_bin: bool) -> Self {
        self.merged_in_bin = in_bin;
        self
    }

    /// Sets whether a scheduled merge is answered with the status 201. By default it is 202.
    pub fn merge_created(mut self, created: bool) -> Self {
        self.merge_created = created;
        self
    }

    /// Sets whether a scheduled merge is `RUNNING`, `COMPLETED` or `FAILURE`. By default it is
    /// `running`, `completed` or `failed`.
    pub fn upper_case_merges(mut self, upper: bool) -> Self {
        self.upper_case_merges = upper;
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
