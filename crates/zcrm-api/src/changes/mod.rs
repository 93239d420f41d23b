//! The changes of a module since a mark: changed and deleted records, in one stream.
//!
//! A replica of a module applies each [`Change`] and stores the [`ChangeMark`] of the stream. The next round
//! begins at that mark. [`ChangeMark::beginning`] reads all records.
//!
//! ```no_run
//! # async fn example(api: zcrm_api::Api) -> Result<(), Box<dyn std::error::Error>> {
//! use std::collections::HashMap;
//! use zcrm_api::changes::{Change, ChangeMark};
//!
//! let mut replica = HashMap::new();
//! let mut mark = ChangeMark::beginning();
//! loop {
//!     let contacts = api.records("Contacts");
//!     let mut changes = contacts.changes_since(mark).fields(["Last_Name", "Email"]).stream();
//!     while let Some(change) = changes.next().await {
//!         match change? {
//!             Change::Put(record) => drop(replica.insert(record.id(), record)),
//!             Change::Deleted(row) => drop(replica.remove(&Some(row.id))),
//!             _ => {}
//!         }
//!     }
//!     mark = changes.mark(); // store it with the replica
//!     # if replica.is_empty() { break }
//!     tokio::time::sleep(std::time::Duration::from_secs(60)).await;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # A round
//!
//! A round reads the deleted records first, then the changed ones, so that a record that was restored in
//! between ends as a record. The new mark is Zoho's time at the first answer: changes during the round are
//! returned by this round or by the next one. A round begins five minutes before the mark
//! ([`look_back`](crate::Request::look_back)), because Zoho may show a change late, and leaves out what was
//! returned before. It also reads the changes of the round before again, because a record may have been
//! deleted after the deletions were read. Only the first round of more than 200 records is not read again.
//!
//! | changed records | calls | API credits |
//! | --- | --- | --- |
//! | none | deleted records, changed records | 3 |
//! | up to 200 | the same | 3 |
//! | more | the same, and a query of the changed records with 2,000 (200 before v4) in a call; unapproved records, before and after the query, and converted leads as lists with 200 in a call | 3, and 3 for 2,000 records, and 1 for each page of the lists |
//!
//! After a round of more than 200 changes, the next one has these changes too, and costs as much.
//!
//! More than 200 deletions cost two credits for 200 of them, and are read twice to detect that the pages moved.
//!
//! A change may be returned more than once, never less: apply it as a state, not as an event. That happens if
//! a stream is resumed, if a query returns a value in another form than a list, if more than 2,500
//! records change in a round or 5,000 within the look-back, if more than 5,000 deletions are within the
//! look-back, and if more than 2,500 records wait for approval. Changes of one record come in the order of
//! time; those of several records in no order.
//!
//! The user needs the scopes of the module and `ZohoCRM.coql.READ`, and must see all records: a record
//! that is no longer shared with the user is not reported. Use a user with the profile of an administrator.
//!
//! # Not reported by Zoho
//!
//! | change | remedy |
//! | --- | --- |
//! | a formula whose value changes with time | read the formulas of all records from time to time |
//! | a related record gets another name; notes, attachments, activities and tags of a record | read them where they belong |
//! | the related records that Zoho deletes with their parent, such as notes and rows of subforms | delete them in the replica with the parent |
//! | a record that is restored later than the look-back after its deletion, if `Modified_Time` stays the same | `reconcile` |
//! | a lead that is converted, or a master of a merge, if `Modified_Time` stays the same | `reconcile` |
//! | the records that refer to a merged record, if their `Modified_Time` stays the same | `reconcile` does not find them either: read the lookups from time to time |
//! | a record that is deleted and restored, or submitted for approval and approved, at the wrong moments of two rounds in succession, or of a first round of more than 200 records, if `Modified_Time` stays the same | `reconcile` |
//! | a deletion more than 120 days ago: a mark of that age is an error | `reconcile`, then [`accept_lost_deletions`](crate::Request::accept_lost_deletions) |
//! | records of a module without `Modified_Time`, such as linking modules | read all of them and compare |
//!
//! `Records::reconcile` (feature `bulk`) compares the ids and times of all records with those of a replica
//! by a bulk read, for 50 API credits for 200,000 records. Run it from time to time.
//!
//! The look-back covers lists and queries. It does not cover bulk reads: a bulk read has the records of the
//! moment at which its job ran, and Zoho does not document its delay. So a difference near the time of the
//! comparison may be a change that the stream has returned already, or returns in the next round. Read the
//! record by its id before you act on it, and begin after an export with the time at which it was
//! started.
//!
//! Sources: <https://www.zoho.com/crm/developer/docs/api/v8/get-records.html>,
//! <https://www.zoho.com/crm/developer/docs/api/v8/get-deleted-records.html>

mod change;
mod deletions;
mod found;
mod hidden;
mod mark;
mod own_writes;
mod pass;
mod reads;
#[cfg(feature = "bulk")]
mod reconcile;
mod request;
mod round;
mod seen;
mod stream;

use serde::de::DeserializeOwned;

pub use change::Change;
pub use mark::ChangeMark;
pub use own_writes::OwnWrite;
#[cfg(feature = "bulk")]
pub use reconcile::{Difference, Differences};
pub use request::{ChangeRound, Changes};
pub use stream::ChangeStream;

use crate::{Records, request::Request};

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Reads the changes of the module since a mark: changed and deleted records.
    ///
    /// See [`changes`](crate::changes) for the rules, the costs, and the changes that Zoho does not report.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::changes::{Change, ChangeMark};
    ///
    /// let leads = api.records("Leads");
    /// let round = leads.changes_since(ChangeMark::beginning()).fields(["Email"]).await?;
    /// let mut changes = leads.changes_since(round.mark).fields(["Email"]).stream();
    /// while let Some(change) = changes.next().await {
    ///     match change? {
    ///         Change::Put(record) => println!("{:?} is new or changed", record.id()),
    ///         Change::Deleted(row) => println!("{} is deleted", row.id),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "sync")]
    #[doc(alias = "delta")]
    #[doc(alias = "cdc")]
    #[doc(alias = "incremental")]
    pub fn changes_since(&self, mark: ChangeMark) -> Request<Changes<T>> {
        Changes::request(self, mark)
    }

    /// Compares the records of the module with those of a replica, by a bulk read and a list of ids.
    ///
    /// `held` has the id of each record of the replica, and its `Modified_Time`, if it is known. The stream
    /// returns the records that are missing, changed or deleted; it does not return their values. It
    /// finds changes that Zoho does not report otherwise, except those that do not change
    /// `Modified_Time`. Take `held` from the replica before the call, and apply no changes to these
    /// records until the stream ends.
    ///
    /// A bulk read costs 50 API credits for 200,000 records. A record that is not in its result is read by
    /// its id before it is reported as gone, for one credit for 100 records. The ids and times of the
    /// replica are in memory, with about 60 bytes for each record.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api, replica: Vec<zcrm_core::Record>)
    /// # -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::changes::Difference;
    ///
    /// let held = replica.iter().filter_map(|record| {
    ///     Some((record.id()?, record.get("Modified_Time").ok()?))
    /// });
    /// let mut differences = api.records("Contacts").reconcile(held);
    /// while let Some(difference) = differences.next().await {
    ///     match difference? {
    ///         Difference::Missing(id) | Difference::Changed(id) => println!("read {id} again"),
    ///         Difference::Gone(id) => println!("delete {id}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "bulk")]
    pub fn reconcile(
        &self,
        held: impl IntoIterator<Item = (zcrm_core::Id, Option<zcrm_core::Timestamp>)>,
    ) -> Differences {
        Differences::new(self.read_as(), held)
    }
}
