//! Catch-up: the changes of a module, read at an interval.

mod event;
mod round;
mod state;

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use zcrm_core::{BoxError, Error, StoreError, lease::LeaseStore};

pub use event::CatchUpEvent;
use round::{Round, RoundEnd};
use state::CatchUpState;

use super::{claim::Claim, pause::ended_within, retry::Retries};
use crate::{
    Records,
    changes::{Change, ChangeMark},
};

/// Reads the [changes](crate::changes) of a module at an interval, in one process of a fleet, so that changes
/// whose notification was lost are found.
///
/// Zoho delivers a notification at most once, reports no failed delivery, and sends none while a channel is
/// missing. Run a catch-up beside a [`ChannelKeeper`](super::ChannelKeeper) and a
/// [`Receiver`](super::Receiver): it returns every change, also if a notification came. Apply a change as a
/// state, not as an event.
///
/// - **Cost.** An idle round costs 3 API credits. With the default interval of 20 minutes an idle day costs 216,
///   with 15 minutes 288.
/// - **Marks.** The mark is the value of the lease. It is stored after the changes were handled, at the end of a
///   round and within it after each 500 changes. After a failure or a kill, the changes since the stored mark
///   come again. A mark may have 600 KB.
/// - **One process.** The processes of a fleet take turns: the holder of the lease reads the round that is due.
///   If it is killed, another one reads the round after the [`term`](Self::term).
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api, leases: std::sync::Arc<dyn zcrm_core::lease::LeaseStore>)
/// # -> Result<(), zcrm_core::Error> {
/// use zcrm_api::{changes::Change, notifications::CatchUp};
///
/// let catch_up = CatchUp::new(&api.records("Leads"), leases, "changes of Leads")?
///     .fields(["Last_Name", "Email"]);
/// tokio::spawn(catch_up.run(|change| async move {
///     match change {
///         Change::Put(lead) => println!("{:?} is new or changed", lead.id()),
///         Change::Deleted(row) => println!("{} is deleted", row.id),
///         _ => {}
///     }
///     Ok(())
/// }));
/// # Ok(())
/// # }
/// ```
#[must_use = "a catch-up does nothing until it is run"]
pub struct CatchUp<T> {
    records: Records<T>,
    leases: Arc<dyn LeaseStore>,
    name: String,
    fields: Vec<String>,
    first: Option<ChangeMark>,
    interval: Duration,
    term: Duration,
    listener: Option<Arc<dyn Fn(CatchUpEvent) + Send + Sync>>,
}

impl<T: DeserializeOwned + Send + 'static> CatchUp<T> {
    /// Creates a catch-up of these records.
    ///
    /// `name` is the name of the lease, with 1 to 255 bytes: the same in all processes that share the work,
    /// and another one for each module and organisation.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the name is invalid.
    pub fn new(
        records: &Records<T>,
        leases: Arc<dyn LeaseStore>,
        name: impl Into<String>,
    ) -> Result<Self, Error> {
        let name = name.into();
        zcrm_core::lease::check_name(&name).map_err(|error| Error::input(error.to_string()))?;
        Ok(Self {
            records: records.clone(),
            leases,
            name,
            fields: Vec::new(),
            first: None,
            interval: Duration::from_secs(20 * 60),
            term: Duration::from_secs(60),
            listener: None,
        })
    }

    /// Reads these fields, as [`changes_since`](crate::Records::changes_since) does. Further calls add fields.
    pub fn fields<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// Begins at this mark if none is stored. By default the first round begins at the time of the first start:
    /// earlier changes are not read.
    pub fn since(mut self, mark: ChangeMark) -> Self {
        self.first = Some(mark);
        self
    }

    /// Sets the interval of the rounds. The default is 20 minutes, the shortest a second.
    ///
    /// A round costs at least 3 API credits: below 15 minutes, an idle day costs more than 288.
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// Sets the term of the lease, which is renewed during a round. The default is one minute, the shortest three
    /// seconds.
    pub fn term(mut self, term: Duration) -> Self {
        self.term = term.max(Duration::from_secs(3));
        self
    }

    /// Reports each round and each failure to `listener`. It must not block, because it runs on a thread of the
    /// runtime.
    pub fn on_event(mut self, listener: impl Fn(CatchUpEvent) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Reads rounds until the future is dropped. Each change is given to `handler`, one after the other.
    ///
    /// If the handler fails, the round is read again later, from the stored mark on.
    pub async fn run<F, H>(self, handler: F)
    where
        F: FnMut(Change<T>) -> H + Send,
        H: Future<Output = Result<(), BoxError>> + Send,
    {
        self.run_until(handler, std::future::pending()).await;
    }

    /// Reads rounds until `stop` ends. A round that has begun is finished.
    pub async fn run_until<F, H>(self, mut handler: F, stop: impl Future<Output = ()> + Send)
    where
        F: FnMut(Change<T>) -> H + Send,
        H: Future<Output = Result<(), BoxError>> + Send,
    {
        let mut stop = pin!(stop);
        let clock = Arc::clone(self.records.api().clock());
        let mut retries = Retries::default();
        loop {
            let wait = match self.step(&mut handler, &mut retries).await {
                Ok(wait) => wait,
                Err(error) => {
                    let next = retries.next(None);
                    self.report(CatchUpEvent::StoreFailed { error, next });
                    next
                }
            };
            if ended_within(stop.as_mut(), clock.sleep(wait)).await {
                return;
            }
        }
    }

    /// Reads the round if it is due, and returns the time until the next step.
    async fn step<F, H>(
        &self,
        handler: &mut F,
        retries: &mut Retries,
    ) -> Result<Duration, StoreError>
    where
        F: FnMut(Change<T>) -> H + Send,
        H: Future<Output = Result<(), BoxError>> + Send,
    {
        let clock = self.records.api().clock();
        let stored = self.leases.read(&self.name).await?;
        if let Some(state) = CatchUpState::read(&self.name, stored.as_deref())? {
            let wait = state.wait(self.interval, clock.now());
            if !wait.is_zero() {
                return Ok(wait);
            }
        }
        let Some(claim) = Claim::take(&self.leases, clock, &self.name, self.term).await? else {
            return Ok(self.term / 2);
        };
        // another process may have read the round in the meantime
        let state = match CatchUpState::read(&self.name, claim.value()) {
            Ok(state) => state,
            Err(error) => {
                claim.release().await;
                return Err(error);
            }
        };
        let wait = state.as_ref().map(|state| state.wait(self.interval, clock.now()));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            claim.release().await;
            return Ok(wait);
        }
        let state = state.unwrap_or_else(|| CatchUpState {
            mark: self.first.clone().unwrap_or_else(|| ChangeMark::at(clock.now())),
            at: None,
        });
        let report = |event| self.report(event);
        let mut round = Round::new(&self.records, &self.fields, claim, state, report);
        let end = round.run(handler).await;
        let next = match end {
            RoundEnd::Finished { changes } => {
                retries.reset();
                self.report(CatchUpEvent::Finished { changes });
                self.interval
            }
            RoundEnd::Failed(error) => {
                let next = retries.next(error.retry_after());
                self.report(CatchUpEvent::Failed { error, next });
                next
            }
            RoundEnd::NotHandled(error) => {
                let next = retries.next(None);
                self.report(CatchUpEvent::NotHandled { error, next });
                next
            }
            RoundEnd::Store(error) => return Err(error),
            RoundEnd::Lost => {
                self.report(CatchUpEvent::LeaseLost);
                return Ok(self.term / 2);
            }
        };
        round.release().await;
        Ok(next)
    }

    fn report(&self, event: CatchUpEvent) {
        tracing::debug!(target: "zcrm::api", ?event, "a catch-up");
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }
}

impl<T> fmt::Debug for CatchUp<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatchUp")
            .field("name", &self.name)
            .field("fields", &self.fields)
            .field("interval", &self.interval)
            .field("term", &self.term)
            .finish_non_exhaustive()
    }
}
