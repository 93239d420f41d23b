//! What a search finds while its index is behind the records.

use chrono::{DateTime, Utc};

use crate::clock::span;
use crate::crm::call::Context;
use crate::schema::ModuleSpec;
use crate::state::Record;

/// The records among `newest`, the newest first, as the index knows them: without those that were
/// written too lately, and with what was there before.
pub(crate) fn in_index<'a>(
    cx: &'a Context<'_>,
    module: &ModuleSpec,
    newest: Box<dyn Iterator<Item = &'a Record> + 'a>,
) -> Box<dyn Iterator<Item = &'a Record> + 'a> {
    let lag = span(cx.config.search_lag).max(cx.call.stale);
    let then = cx.now.checked_sub_signed(lag).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let past = cx.store().history.as_of(module.api_name(), then);
    if past.is_empty() {
        return newest;
    }
    let mut known: Vec<&Record> = newest.filter(|record| !past.contains_key(&record.id)).collect();
    known.extend(past.into_values().flatten());
    known.sort_unstable_by_key(|record| std::cmp::Reverse(record.id));
    Box::new(known.into_iter())
}
