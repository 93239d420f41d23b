//! What is left of deleted records.

use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use zcrm_core::{Error, Id, Lookup, Page, Timestamp};

use super::{RecordStream, Records, query::Query};
use crate::operations;

/// What Zoho still knows of a deleted record: [`Records::deleted`].
///
/// `Debug` shows the ids and no names.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct DeletedRecord {
    /// Its id.
    pub id: Id,
    /// What it was called.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Where it is.
    #[serde(default, rename = "type")]
    pub kind: Option<DeletedKind>,
    /// When it was deleted.
    #[serde(default)]
    pub deleted_time: Option<Timestamp>,
    /// Who deleted it.
    #[serde(default)]
    pub deleted_by: Option<Lookup>,
    /// Who had created it.
    #[serde(default)]
    pub created_by: Option<Lookup>,
}

impl std::fmt::Debug for DeletedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeletedRecord")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("deleted_time", &self.deleted_time)
            .finish_non_exhaustive()
    }
}

/// Where a deleted record is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeletedKind {
    /// In the recycle bin, for 60 days, from where it can be restored.
    Recycle,
    /// Gone; its id is known for 120 days.
    Permanent,
    /// A word that zcrm does not know.
    #[serde(untagged)]
    Other(String),
}

/// Reads what is left of deleted records, the last deleted first: [`Records::deleted`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let mut gone = api.records("Leads").deleted().recycle_bin().stream();
/// while let Some(record) = gone.next().await {
///     println!("{}", record?.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is read until `send` or `stream` is called"]
pub struct ListDeleted {
    query: Query<DeletedRecord>,
}

impl ListDeleted {
    pub(super) fn new(records: Records<DeletedRecord>) -> Self {
        Self { query: Query::new(records, &operations::LIST_DELETED) }
    }

    /// Those in the recycle bin only.
    pub fn recycle_bin(mut self) -> Self {
        self.query.set("type", "recycle");
        self
    }

    /// Those only that are gone for good.
    pub fn permanent(mut self) -> Self {
        self.query.set("type", "permanent");
        self
    }

    /// Those only that were deleted at this instant or later.
    pub fn modified_since(mut self, instant: impl Into<Timestamp>) -> Self {
        self.query.modified_since(instant.into());
        self
    }

    super::list::paging_methods!(DeletedRecord);
}
