//! Locks of a record.

use serde_json::json;
use zcrm_core::{Error, Id, Timestamp};

use super::Parent;
use crate::list::{FieldList, List};
use crate::request::{GetItem, Request, WriteItem};
use crate::{Call, MetaRef, model::model, operations};

/// The fields that a list of locks requests if Zoho requires field names.
const FIELDS: &[&str] = &[
    "Locked_By__s",
    "Locked_For__s",
    "Locked_Reason__s",
    "Locked_Time__s",
    "Lock_Source__s",
    "Record_Locking_Configuration_Id__s",
    "Record_Locking_Rule_Id__s",
];

/// The maximum number of characters of a reason, by Zoho's OpenAPI file `locking-informations`.
const LONGEST_REASON: usize = 3_000;

model! {
    /// A lock of a record.
    RecordLock {
        /// The lock's id.
        id: Option<Id> = "id";
        /// The reason of the lock.
        reason: Option<String> = "Locked_Reason__s" or "locked_reason__s";
        /// The user who locked the record.
        locked_by: Option<MetaRef> = "Locked_By__s" or "locked_by__s";
        /// The time of the lock.
        locked_time: Option<Timestamp> = "Locked_Time__s" or "Locked_time__s";
        /// Whether a user or a rule locked the record: `Manual`, `Automatic` or `Both`.
        source: Option<String> = "Lock_Source__s" or "lock_source__s";
        /// The id of the module's configuration of locks.
        configuration_id: Option<Id> = "Record_Locking_Configuration_Id__s" or "record_locking_configuration_id__s";
        /// The id of the rule that locked the record.
        rule_id: Option<Id> = "Record_Locking_Rule_Id__s" or "record_locking_rule_id__s";
    }
}

/// The locks of one record: [`RecordHandle::locks`](crate::RecordHandle::locks).
///
/// A write of a locked record is refused with the code `RECORD_LOCKED`. Locks must be configured
/// for the module in Zoho, otherwise Zoho refuses with `NOT_ALLOWED`.
///
/// Source: Zoho's OpenAPI files `record_locking` of 2025 and `locking-informations` of 2026
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let locks = api.record("Deals", "3652397000000649013").locks();
/// let lock = locks.create("the contract is signed").await?.id;
/// for lock in locks.list().all().await? {
///     println!("locked by {:?}: {:?}", lock.locked_by, lock.reason);
/// }
/// locks.delete(lock).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RecordLocks {
    parent: Parent,
}

impl RecordLocks {
    pub(super) fn new(parent: Parent) -> Self {
        Self { parent }
    }

    fn one(&self, operation: &zcrm_core::Operation, id: impl Into<Id>) -> Call {
        self.parent.call(operation).path_id("lock_id", id)
    }

    /// Lists the locks of the record.
    pub fn list(&self) -> Request<List<RecordLock, FieldList>> {
        let call = self.parent.call(&operations::RECORD_LOCKS_LIST);
        List::request(call, FieldList::new(self.parent.api().version(), FIELDS))
    }

    /// Reads one lock.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<RecordLock>> {
        GetItem::request(self.one(&operations::RECORD_LOCKS_GET, id))
    }

    /// Locks the record. Zoho requires a reason of at most 3,000 characters.
    pub fn create(&self, reason: &str) -> Request<WriteItem> {
        with_reason(self.parent.call(&operations::RECORD_LOCKS_CREATE), reason)
    }

    /// Changes the reason of a lock.
    pub fn update(&self, id: impl Into<Id>, reason: &str) -> Request<WriteItem> {
        let id = id.into();
        with_reason(self.one(&operations::RECORD_LOCKS_UPDATE_ONE, &id), reason).about(&id)
    }

    /// Removes a lock.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        let id = id.into();
        WriteItem::request(self.one(&operations::RECORD_LOCKS_DELETE_ONE, &id)).about(&id)
    }
}

fn with_reason(call: Call, reason: &str) -> Request<WriteItem> {
    let right = match reason.chars().count() {
        _ if reason.trim().is_empty() => Err(Error::input("empty reason of a lock: give one")),
        0..=LONGEST_REASON => Ok(()),
        length => Err(Error::input(format!(
            "the reason of a lock has {length} characters, and Zoho takes at most {LONGEST_REASON}"
        ))),
    };
    WriteItem::row(call.check(right), &json!({ "Locked_Reason__s": reason }))
}
