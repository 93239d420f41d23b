//! Where a stream of records is, to go on later.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zcrm_core::{Error, Operation, Paging};

use super::{
    Records,
    query::{Columns, Query},
};
use crate::{
    operations,
    paging::{Next, Way},
};

/// Zoho's documentation: page numbers reach record 2,000 and no further.
const PAGE_NUMBER_WALL: u64 = 2_000;

/// Where a stream is: serialisable, to go on after a restart. A healthy stream gives it at any time
/// ([`RecordStream::cursor`](crate::RecordStream::cursor)), and the error of a page carries it
/// ([`of`](Self::of)).
///
/// It holds the query, and so perhaps people's data. Zoho's page tokens live for 24 hours and
/// belong to the user who asked. Inside a page it counts records: what was inserted into that page
/// or deleted from it in the meantime moves the others, so that some may come twice or be missed.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::Cursor;
///
/// let leads = api.records("Leads");
/// let all = leads.list().fields(["Email"]).stream().collect_all().await;
/// if let Some(cursor) = all.interrupted.as_ref().and_then(Cursor::of) {
///     let rest = leads.resume(cursor.clone())?;
/// #   let _ = rest;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub(super) module: String,
    pub(super) operation: ListKind,
    pub(super) params: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<(String, String)>,
    #[serde(default)]
    pub(super) columns: Columns,
    pub(super) next: Next,
    /// How many records of the stream came before this page.
    pub(super) index: u64,
    /// How many records of this page were read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) skip: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ListKind {
    List,
    Search,
    Deleted,
}

impl Cursor {
    /// The cursor that the error of a stream carries: it goes on where the error came.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.extension()
    }

    /// How many records of the stream came before.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index.saturating_add(self.skip)
    }

    /// The beginning of a query whose parameters are complete.
    pub(super) fn at_begin<T: DeserializeOwned + Send + 'static>(
        query: Query<T>,
    ) -> (Records<T>, Self) {
        let Query { records, operation, mut params, headers, columns, .. } = query;
        let operation = match operation.name() {
            name if name == operations::SEARCH.name() => ListKind::Search,
            name if name == operations::LIST_DELETED.name() => ListKind::Deleted,
            _ => ListKind::List,
        };
        let mut take = |name: &str| {
            let at = params.iter().position(|(known, _)| known == name)?;
            Some(params.swap_remove(at).1)
        };
        let next = match (take("page_token"), take("page")) {
            (Some(token), _) => Next::Token(token),
            (None, page) => Next::Page(page.and_then(|page| page.parse().ok()).unwrap_or(1)),
        };
        let module = records.module().to_owned();
        let cursor = Self { module, operation, params, headers, columns, next, index: 0, skip: 0 };
        (records, cursor)
    }

    /// How the pages of the list follow one another.
    pub(super) fn way<T>(&self, records: &Records<T>) -> Way {
        let paging = match self.operation {
            ListKind::List if records.api.version().has_page_tokens() => Paging::Tokens,
            _ => Paging::Numbers,
        };
        let asked = self.params.iter().find(|(name, _)| name == "per_page");
        let per_page = asked.map(|(_, value)| value.as_str());
        let mut way = Way::new(self.operation().name(), paging, per_page);
        // no wall is known for deleted records
        way.wall = (self.operation != ListKind::Deleted).then_some(PAGE_NUMBER_WALL);
        way
    }

    pub(super) fn operation(&self) -> &'static Operation {
        match self.operation {
            ListKind::List => &operations::LIST,
            ListKind::Search => &operations::SEARCH,
            ListKind::Deleted => &operations::LIST_DELETED,
        }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("module", &self.module)
            .field("index", &self.index())
            .finish_non_exhaustive()
    }
}
