//! Positions of streams, from which they can be resumed.

use std::fmt;

use serde::{Deserialize, Serialize};
use zcrm_core::{Error, Id, escaped};

use super::{Columns, NextPage, plan::ListPlan};
use crate::{Call, coql::QueryText};

/// The position of a stream. It can be serialised, to resume the stream after a restart.
///
/// [`ItemStream::cursor`](crate::list::ItemStream::cursor) returns it at any time, and the error of
/// a page has it as an extension ([`of`](Self::of)).
///
/// A cursor contains the query, which may hold personal data. Zoho's page tokens are valid for 24
/// hours, and only for the same user. The position within a page is a number of records: if records
/// of this page are inserted or deleted before the stream is resumed, others may be repeated or
/// missed. At the first record of a page of a query by `id`, and so at the error of a page, the cursor
/// has the last id instead: nothing is repeated or missed. It can be resumed with another API version,
/// with pages of that version's size.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::Cursor;
///
/// let leads = api.records("Leads");
/// let all = leads.list().fields(["Email"]).stream().collect_all().await;
/// if let Some(cursor) = all.interrupted.as_ref().and_then(Cursor::of) {
///     let rest = leads.list().resume(cursor.clone())?;
/// #   let _ = rest;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The name of the list's operation, such as `records.list`.
    operation: String,
    /// The values of the path, percent-encoded.
    path: Vec<(String, String)>,
    params: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default)]
    columns: Columns,
    next: NextPage,
    /// The number of items of the stream before this page.
    index: u64,
    /// The number of items of this page that were read.
    #[serde(default, skip_serializing_if = "is_zero")]
    skip: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wall: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<Box<QueryText>>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Cursor {
    /// Returns the cursor of an error of a stream. It resumes at the position of the error.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.extension()
    }

    /// Returns the number of records of the stream before this position.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index.saturating_add(self.skip)
    }

    /// Returns the name of the list's operation.
    pub(crate) fn operation(&self) -> &str {
        &self.operation
    }

    /// Creates the cursor for the position of a plan.
    pub(super) fn of_plan(plan: &ListPlan) -> Self {
        let request = plan.call.request();
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let pages = |(name, _): &(&str, &str)| !matches!(*name, "page" | "page_token");
        // callers can only set headers that are text
        let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            Some((name.to_string(), value.to_str().ok()?.to_owned()))
        };
        Self {
            operation: plan.call.name().to_owned(),
            path: request.path_pairs().map(owned).collect(),
            params: request.query_pairs().filter(pages).map(owned).collect(),
            headers: request.header_pairs().filter_map(text).collect(),
            columns: plan.columns.clone(),
            next: plan.next.clone(),
            index: plan.index,
            skip: plan.skip,
            wall: plan.wall,
            query: plan.query.clone(),
        }
    }

    /// Returns the plan for this position of the list that `call` reads. `from` is the module of a
    /// query.
    pub(super) fn plan(self, call: &Call, from: Option<&str>) -> Result<ListPlan, Error> {
        call.must_be_right()?;
        let own_from = self.query.as_deref().map(QueryText::from);
        if own_from != from && self.operation == call.name() {
            return Err(Error::input(format!(
                "the cursor belongs to a query of `{}` and cannot resume one of `{}`",
                escaped(own_from.unwrap_or_default()),
                escaped(from.unwrap_or_default()),
            )));
        }
        if let NextPage::After(Some(id)) = &self.next {
            Id::from(id).check()?;
        }
        let same_path = call.request().path_pairs().eq(self.pairs(&self.path));
        if self.operation != call.name() || !same_path {
            let of = |operation: &str, path: &mut dyn Iterator<Item = (&str, &str)>| {
                let values: Vec<String> =
                    path.map(|(_, value)| escaped(value).to_string()).collect();
                format!("`{}` of `{}`", escaped(operation), values.join("/"))
            };
            return Err(Error::input(format!(
                "the cursor belongs to {} and cannot resume {}",
                of(&self.operation, &mut self.pairs(&self.path)),
                of(call.name(), &mut call.request().path_pairs()),
            )));
        }
        let given: Vec<String> =
            call.request().query_pairs().map(|(name, _)| name.to_owned()).collect();
        let call = given.iter().fold(call.clone(), |call, name| call.without_param(name));
        let call = call.without_headers();
        let call = self
            .pairs(&self.params)
            .fold(call, |call, (name, value)| call.param_unchecked(name, value));
        let call =
            self.pairs(&self.headers).fold(call, |call, (name, value)| call.header(name, value));
        call.must_be_right()?;
        let Self { columns, next, index, skip, wall, query, .. } = self;
        let query = match (query, &next) {
            (Some(query), next) => Some(Box::new(query.resumed(next, call.api().version())?)),
            (None, NextPage::Offset(_) | NextPage::After(_)) => {
                return Err(Error::input(
                    "the cursor has the position of a query but no query: it was changed, so start the list \
                     again",
                ));
            }
            (None, NextPage::Page(_) | NextPage::Token(_)) => None,
        };
        Ok(ListPlan { call, columns, next, index, skip, wall, query })
    }

    fn pairs<'a>(
        &self,
        pairs: &'a [(String, String)],
    ) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns `true` if an earlier page reported that this page follows.
    pub(super) fn is_promised(&self) -> bool {
        match self.next {
            NextPage::Page(1) | NextPage::After(None) => false,
            NextPage::Offset(_) => self.index > 0,
            _ => true,
        }
    }

    /// Counts one more item of the page as read.
    pub(super) fn count_read(&mut self) {
        self.skip = self.skip.saturating_add(1);
    }

    /// Returns the cursor with `skip` items of the page read.
    pub(super) fn with_read(self, skip: u64) -> Self {
        Self { skip, ..self }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("operation", &self.operation)
            .field("index", &self.index())
            .finish_non_exhaustive()
    }
}
