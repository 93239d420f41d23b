//! A round of a catch-up, under its lease.

use serde::de::DeserializeOwned;
use zcrm_core::{BoxError, Error, ErrorKind, StoreError};

use super::{event::CatchUpEvent, state::CatchUpState};
use crate::{
    Records,
    changes::{Change, ChangeMark},
    notifications::claim::Claim,
};

/// The number of changes after which the mark is stored within a round.
const SAVED_AFTER: u64 = 500;

/// How a round ended.
pub(super) enum RoundEnd {
    Finished { changes: u64 },
    Failed(Error),
    NotHandled(BoxError),
    Store(StoreError),
    Lost,
}

pub(super) struct Round<'c, T, R> {
    records: &'c Records<T>,
    fields: &'c [String],
    claim: Claim,
    state: CatchUpState,
    report: R,
}

impl<'c, T, R> Round<'c, T, R>
where
    T: DeserializeOwned + Send + 'static,
    R: Fn(CatchUpEvent),
{
    pub(super) fn new(
        records: &'c Records<T>,
        fields: &'c [String],
        claim: Claim,
        state: CatchUpState,
        report: R,
    ) -> Self {
        Self { records, fields, claim, state, report }
    }

    /// Reads the round, and gives each change to the handler.
    pub(super) async fn run<F, H>(&mut self, handler: &mut F) -> RoundEnd
    where
        F: FnMut(Change<T>) -> H,
        H: Future<Output = Result<(), BoxError>>,
    {
        // the first mark is stored before the first call: its time is that of the start
        if self.state.at.is_none()
            && let Err(end) = self.save(self.state.mark.clone(), false).await
        {
            return end;
        }
        let request = self.records.changes_since(self.state.mark.clone());
        let mut stream = request.fields(self.fields.iter().cloned()).stream();
        let mut changes = 0_u64;
        loop {
            let Some(next) = self.claim.hold(stream.next()).await else { return RoundEnd::Lost };
            let change = match next {
                None => break,
                Some(Ok(change)) => change,
                Some(Err(error)) if error.kind() == ErrorKind::Record => {
                    (self.report)(CatchUpEvent::LeftOut { error });
                    continue;
                }
                Some(Err(error)) => {
                    // all changes before it were handled
                    let saved = self.save(stream.mark(), false).await;
                    return saved.err().unwrap_or(RoundEnd::Failed(error));
                }
            };
            match self.claim.hold(handler(change)).await {
                None => return RoundEnd::Lost,
                Some(Err(error)) => return RoundEnd::NotHandled(error),
                Some(Ok(())) => changes = changes.saturating_add(1),
            }
            if changes.is_multiple_of(SAVED_AFTER)
                && let Err(end) = self.save(stream.mark(), false).await
            {
                return end;
            }
        }
        match self.save(stream.mark(), true).await {
            Ok(()) => RoundEnd::Finished { changes },
            Err(end) => end,
        }
    }

    /// Stores the mark. After a complete round, the next one is due after the interval.
    async fn save(&mut self, mark: ChangeMark, is_complete: bool) -> Result<(), RoundEnd> {
        self.state.mark = mark;
        self.state.at = is_complete.then(|| self.records.api().clock().now());
        let text = self.state.text().map_err(RoundEnd::Store)?;
        match self.claim.write(&text).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(RoundEnd::Lost),
            Err(error) => Err(RoundEnd::Store(error)),
        }
    }

    pub(super) async fn release(self) {
        self.claim.release().await;
    }
}
