//! The work of the keeper that holds the lease.

use std::{pin::Pin, time::Duration};

use zcrm_core::{Error, Id, StoreError};

use super::{
    compare::listed_end,
    entry::{Entry, Why, is_final},
    event::KeeperEvent,
    options::Options,
    state::KeeperState,
    watching,
};
use crate::{
    Api,
    notifications::{channel::Channel, claim::Claim, pause::ended_within, retry::Retries},
};

/// The most channels of one call, by Zoho's pages.
const MOST_CHANNELS: usize = 50;

/// Why a shift ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Stopped,
    Lost,
}

/// The time between taking the lease and losing it.
pub(super) struct Shift<'k> {
    api: &'k Api,
    options: &'k Options,
    claim: Claim,
    entries: Vec<Entry<'k>>,
    /// Whether the store lacks the newest state.
    is_unsaved: bool,
    /// The monotonic time of the next comparison with Zoho's list.
    check_at: Duration,
    check_retries: Retries,
    store_retries: Retries,
}

/// The lease was lost.
struct Lost;

impl<'k> Shift<'k> {
    pub(super) fn new(
        api: &'k Api,
        channels: &'k [Channel],
        options: &'k Options,
        claim: Claim,
    ) -> Self {
        let mut state = KeeperState::read(claim.value());
        let (version, now) = (api.version(), api.clock().now());
        let entry = |channel: &'k Channel| {
            Entry::new(channel, state.channels.remove(&channel.id()), version, now)
        };
        let entries: Vec<Entry<'k>> = channels.iter().map(entry).collect();
        // a first opening needs no comparison
        let is_new = entries.iter().all(|entry| entry.renewal.is_none());
        let check_at = api.clock().monotonic().saturating_add(if is_new {
            options.check
        } else {
            Duration::ZERO
        });
        Self {
            api,
            options,
            claim,
            entries,
            is_unsaved: false,
            check_at,
            check_retries: Retries::default(),
            store_retries: Retries::default(),
        }
    }

    /// Keeps the channels until the lease is lost, or `stop` ends.
    pub(super) async fn run<S: Future<Output = ()>>(mut self, mut stop: Pin<&mut S>) -> End {
        loop {
            let wait = match self.step().await {
                Ok(wait) => wait,
                Err(Lost) => return End::Lost,
            };
            if ended_within(stop.as_mut(), self.api.clock().sleep(wait)).await {
                self.claim.release().await;
                return End::Stopped;
            }
        }
    }

    /// Does the due work, and returns the time until the next step.
    async fn step(&mut self) -> Result<Duration, Lost> {
        if let Some(wait) = self.extend().await? {
            return Ok(wait);
        }
        self.store_retries.reset();
        if self.api.clock().monotonic() >= self.check_at {
            self.check().await;
        }
        for due in self.due().chunks(MOST_CHANNELS) {
            // the comparison or the call before may have taken most of the term
            if let Some(wait) = self.extend().await? {
                return Ok(wait);
            }
            self.watch(due).await;
            if let Some(wait) = self.save().await? {
                return Ok(wait);
            }
        }
        if self.is_unsaved
            && let Some(wait) = self.save().await?
        {
            return Ok(wait);
        }
        Ok(self.wait())
    }

    /// Renews the lease. If the store fails, returns the time until the next attempt.
    async fn extend(&mut self) -> Result<Option<Duration>, Lost> {
        match self.claim.extend().await {
            Ok(true) if !self.claim.left().is_zero() => Ok(None),
            Ok(_) => Err(Lost),
            Err(error) => self.store_failed(error).map(Some),
        }
    }

    /// Writes the state. If the store fails, returns the time until the next attempt.
    async fn save(&mut self) -> Result<Option<Duration>, Lost> {
        let renewals = self.entries.iter();
        let renewals = renewals.filter_map(|entry| Some((entry.channel.id(), entry.renewal?)));
        let state = KeeperState::new(renewals.collect());
        self.is_unsaved = true;
        match self.claim.write(&state.text()).await {
            Ok(true) => {
                self.is_unsaved = false;
                Ok(None)
            }
            Ok(false) => Err(Lost),
            Err(error) => self.store_failed(error).map(Some),
        }
    }

    /// Without the store, the lease is held until its term has passed.
    fn store_failed(&mut self, error: StoreError) -> Result<Duration, Lost> {
        let next = self.store_retries.next(None).min(self.options.term / 6);
        self.report(KeeperEvent::StoreFailed { error, next });
        if self.claim.left() <= next { Err(Lost) } else { Ok(next) }
    }

    /// Returns the indexes of the channels that are to be opened or renewed now.
    fn due(&self) -> Vec<usize> {
        let entries = self.entries.iter().enumerate();
        entries.filter(|(_, entry)| self.wait_of(entry).is_zero()).map(|(index, _)| index).collect()
    }

    fn wait_of(&self, entry: &Entry<'_>) -> Duration {
        let clock = self.api.clock();
        entry.wait(self.options.share, clock.now(), clock.monotonic())
    }

    /// Returns the time until the next step: the lease is renewed after a third of its term.
    fn wait(&self) -> Duration {
        let check = self.check_at.saturating_sub(self.api.clock().monotonic());
        let waits = self.entries.iter().map(|entry| self.wait_of(entry));
        waits.chain([check, self.options.term / 3]).min().unwrap_or(check)
    }

    /// Opens or renews the channels with these indexes.
    async fn watch(&mut self, due: &[usize]) {
        let now = self.api.clock().now();
        let channels: Vec<&Channel> =
            due.iter().filter_map(|index| Some(self.entries.get(*index)?.channel)).collect();
        let results = match watching::watch(self.api, &channels, self.claim.left()).await {
            Ok(results) => results,
            Err(error) => {
                self.failed(due, error);
                return;
            }
        };
        for (index, result) in due.iter().zip(results) {
            let watched = match result {
                Ok(watched) => watched,
                Err(error) => {
                    self.failed(&[*index], error);
                    continue;
                }
            };
            let Some(entry) = self.entries.get_mut(*index) else { continue };
            let (channel, expires) = (entry.channel.id(), watched.expires);
            let event = match entry.why(now) {
                Why::First => KeeperEvent::Opened { channel, expires },
                Why::Due => KeeperEvent::Renewed { channel, expires },
                Why::Lost => KeeperEvent::Recreated { channel, expires },
            };
            entry.succeeded(now, expires.time().to_utc());
            self.report(event);
        }
    }

    /// Notes that the channels with these indexes were not opened.
    fn failed(&mut self, indexes: &[usize], error: Error) {
        let monotonic = self.api.clock().monotonic();
        let mut channels: Vec<Id> = Vec::new();
        let mut next = Duration::ZERO;
        for index in indexes {
            if let Some(entry) = self.entries.get_mut(*index) {
                channels.push(entry.channel.id());
                next = entry.failed(&error, monotonic).max(next);
            }
        }
        self.report(KeeperEvent::Failed { channels, error, next });
    }

    /// Compares the channels with Zoho's list. Those that it lacks are due at once.
    async fn check(&mut self) {
        let rows = watching::list(self.api, self.claim.left()).await;
        let monotonic = self.api.clock().monotonic();
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                let next = match is_final(&error) {
                    true => self.check_retries.longest(),
                    false => self.check_retries.next(error.retry_after()),
                };
                self.check_at = monotonic.saturating_add(next);
                self.report(KeeperEvent::Failed { channels: Vec::new(), error, next });
                return;
            }
        };
        self.check_retries.reset();
        self.check_at = monotonic.saturating_add(self.options.check);
        for entry in &mut self.entries {
            let Some(renewal) = &mut entry.renewal else { continue };
            match listed_end(entry.channel, &rows) {
                None => entry.is_lost = true,
                // a late call of a process that was stopped may have made it earlier
                Some(end) if end < renewal.expires => {
                    renewal.expires = end;
                    self.is_unsaved = true;
                }
                Some(_) => {}
            }
        }
    }

    fn report(&self, event: KeeperEvent) {
        self.options.listener.report(event);
    }
}
