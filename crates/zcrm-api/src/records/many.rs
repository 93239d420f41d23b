//! Writes of any number of records, in calls of 100.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use zcrm_core::{Error, Id, ItemError, Outcome, WriteResults};

use crate::Call;

/// The maximum of records in one write, by Zoho's documentation.
pub(super) const MOST_IN_A_CALL: usize = 100;

/// One call of a write.
pub(super) struct Batch {
    /// The ids of its records, if they have any.
    pub(super) ids: Vec<Option<Id>>,
    pub(super) call: Call,
}

pub(super) fn preview(batches: Vec<Batch>) -> Result<Vec<http::Request<Bytes>>, Error> {
    batches.into_iter().map(|batch| batch.call.preview()).collect()
}

/// Sends the calls. After a call that fails as a whole, no further call is begun.
pub(super) async fn send_all(
    batches: Vec<Batch>,
    concurrency: usize,
) -> Result<WriteResults, Error> {
    let stop = &AtomicBool::new(false);
    let results: Vec<_> = stream::iter(batches)
        .map(|Batch { ids, call }| async move {
            let count = ids.len();
            if stop.load(Ordering::Relaxed) {
                return (count, None);
            }
            let answer = match call.send().await {
                Ok(reply) => reply.written("data", &ids),
                Err(error) => Err(error),
            };
            if answer.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            (count, Some(answer))
        })
        .buffered(concurrency)
        .collect()
        .await;

    let first = results.iter().find_map(|(_, answer)| answer.as_ref()?.as_ref().err().cloned());
    let nothing_done = |(_, answer): &(usize, Option<Result<WriteResults, Error>>)| match answer {
        Some(Ok(_)) => false,
        Some(Err(error)) => matches!(error.outcome(), Outcome::NotSent | Outcome::Refused),
        None => true,
    };
    if let Some(first) = &first
        && results.iter().all(nothing_done)
    {
        return Err(first.clone());
    }
    let mut outcomes = WriteResults::default();
    for (count, answer) in results {
        match answer {
            Some(Ok(some)) => outcomes.append(some),
            Some(Err(error)) => outcomes.append(WriteResults::failed(count, &whole(error))),
            None => {
                let why = first
                    .clone()
                    .unwrap_or_else(|| Error::input("an earlier call of this write failed"));
                outcomes
                    .append(WriteResults::failed(count, &ItemError::new(Outcome::NotSent, why)));
            }
        }
    }
    Ok(outcomes)
}

/// Converts the error of a call to the error of each of its records.
fn whole(error: Error) -> ItemError {
    match error.outcome() {
        // Zoho throttled the call and executed none of it; the error has the time to wait
        Outcome::Refused if error.is_throttled() => ItemError::new(Outcome::NotSent, error),
        _ => ItemError::of_call(error),
    }
}
