//! The records of a module that bulk reads do not offer: by a query, otherwise by a list.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, ErrorKind, Outcome, escaped};

use super::{
    chain::Chain,
    state::{ListPosition, ListProgress},
};
use crate::{
    List, Records, bulk::read::query::BulkQuery, list::ItemStream, records::AllRecords,
    request::Request,
};

/// A stream of the records that a query of a bulk read selects.
pub(super) struct Listed<T> {
    items: ItemStream<T>,
    module: String,
    /// The reason why they are not read by a query in COQL, which has no limit.
    refusal: Option<String>,
    /// The number of records since the last acknowledgement.
    records: u64,
    has_ended: bool,
    has_failed: bool,
}

impl<T: DeserializeOwned + Send + 'static> Listed<T> {
    /// Continues at a position. At the start it finds out whether the records can be read by a
    /// query.
    pub(super) async fn open<C>(
        records: &Records<T>,
        chain: &Chain<C>,
        query: &BulkQuery,
        position: ListPosition,
    ) -> Result<Self, Error> {
        let module = records.module().to_owned();
        let ListPosition { cursor, refusal } = position;
        if let Some(cursor) = cursor {
            return Ok(Self::new(records.resume(cursor)?, module, refusal));
        }
        let names = match query.fields.is_empty() {
            true => records.api().field_names(&module).await?.to_vec(),
            false => query.fields.clone(),
        };
        let condition = &chain.settings.condition;
        let complete = || {
            let list = with_view(records.list().fields(&names), query).complete();
            match condition {
                Some(condition) => list.filter(condition.clone()),
                None => list,
            }
        };
        let error = match complete().per_page(1).send().await {
            Ok(_) => return Ok(Self::new(complete().stream(), module, None)),
            Err(error) => error,
        };
        if condition.is_some() {
            return Err(needs_query(&module, error));
        }
        let refusal = refusal_of(error)?;
        tracing::warn!(target: "zcrm::api", refusal, "an export uses a list, which has a limit");
        let kept = Some(refusal.clone());
        chain
            .checkpoint
            .update(|state| state.list = Some(ListPosition { cursor: None, refusal: kept }))
            .await?;
        let list = match query.fields.is_empty() {
            true => records.list().all_fields(),
            false => records.list().fields(&names),
        };
        Ok(Self::new(with_view(list, query).stream(), module, Some(refusal)))
    }

    fn new(items: ItemStream<T>, module: String, refusal: Option<String>) -> Self {
        Self { items, module, refusal, records: 0, has_ended: false, has_failed: false }
    }

    /// Returns the progress since the last acknowledgement.
    pub(super) fn progress(&self) -> ListProgress {
        let next = self.items.cursor();
        // there is no position after the last record
        let is_last = self.records > 0 && next.is_none();
        let is_done = !self.has_failed && (is_last || self.has_ended);
        ListProgress { records: self.records, next, is_done }
    }

    pub(super) fn acknowledged(&mut self) {
        self.records = 0;
    }

    /// Explains why records are left.
    fn explained(&self, error: Error) -> Error {
        let refusal = self.refusal.as_deref().filter(|_| error.kind() == ErrorKind::Wall);
        let Some(refusal) = refusal else { return error };
        let message = format!(
            "the export of `{}` ended at Zoho's limit of lists, and records are left: bulk reads do not \
             offer the module, and a query in COQL, which has no limit, was not possible: {refusal}; \
             when that is solved, export again with a new checkpoint",
            escaped(&self.module)
        );
        Error::new(ErrorKind::Wall, Outcome::Local, message).with_source(error)
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Listed<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.items).poll_next(cx));
        match &item {
            None => self.has_ended = true,
            Some(Err(error)) if error.kind() != ErrorKind::Record => self.has_failed = true,
            Some(_) => self.records = self.records.saturating_add(1),
        }
        Poll::Ready(item.map(|item| item.map_err(|error| self.explained(error))))
    }
}

/// No field is pinned structurally.
impl<T> Unpin for Listed<T> {}

fn with_view<T>(
    list: Request<List<T, AllRecords>>,
    query: &BulkQuery,
) -> Request<List<T, AllRecords>>
where
    T: DeserializeOwned + Send + 'static,
{
    match &query.view {
        Some(view) => list.view(view),
        None => list,
    }
}

/// Returns the error for a condition that cannot be sent in a query. Lists have no conditions.
fn needs_query(module: &str, error: Error) -> Error {
    match refusal_of(error.clone()) {
        Ok(refusal) => {
            let message = format!(
                "the export of `{}` needs a query, because bulk reads do not offer the module and lists \
                 have no conditions, but a query was not possible: {refusal}; leave the filter out, or \
                 change its conditions",
                escaped(module)
            );
            Error::new(error.kind(), error.outcome(), message).with_source(error)
        }
        Err(error) => error,
    }
}

/// Returns the reason if an error says that a query is not possible, otherwise the error.
fn refusal_of(error: Error) -> Result<String, Error> {
    if let Some(scopes) = error.missing_scope() {
        return Ok(format!("the token lacks the scope {}", scopes.join(" or ")));
    }
    // zcrm refuses too many columns, and Zoho a module or a column
    let is_refused = error.kind() == ErrorKind::Input
        || error.api().is_some() && error.status().is_some_and(|status| status == 400);
    match is_refused {
        true => Ok(error.to_string()),
        false => Err(error),
    }
}
