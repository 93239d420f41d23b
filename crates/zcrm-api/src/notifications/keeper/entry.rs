//! When a channel is to be renewed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use zcrm_core::{ApiVersion, Error};

use super::state::Renewal;
use crate::notifications::{
    channel::{Channel, stable_hash},
    retry::Retries,
};

/// The life of a channel that has ended by the clock of this machine when Zoho opens it. One of the clocks is wrong,
/// and Zoho reduces a lifetime that is too long by its clock to one hour.
const SHORTENED: TimeDelta = TimeDelta::hours(1);

/// How far the clock may be set back before the time of a renewal is not trusted.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// A channel, and its last renewal.
#[derive(Debug)]
pub(super) struct Entry<'k> {
    pub(super) channel: &'k Channel,
    pub(super) renewal: Option<Renewal>,
    /// Whether Zoho does not list the channel as it was opened.
    pub(super) is_lost: bool,
    description: u64,
    retries: Retries,
    /// The monotonic time before which no attempt is made.
    not_before: Duration,
}

/// Why a channel is opened or renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    First,
    Due,
    Lost,
}

impl<'k> Entry<'k> {
    pub(super) fn new(
        channel: &'k Channel,
        renewal: Option<Renewal>,
        version: ApiVersion,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            channel,
            renewal,
            is_lost: false,
            description: description(channel, version, now),
            retries: Retries::default(),
            not_before: Duration::ZERO,
        }
    }

    /// Returns why the channel is to be opened or renewed at `now`.
    pub(super) fn why(&self, now: DateTime<Utc>) -> Why {
        match &self.renewal {
            None => Why::First,
            Some(renewal) if renewal.description != self.description => Why::First,
            Some(renewal) if self.is_lost || renewal.expires <= now => Why::Lost,
            Some(_) => Why::Due,
        }
    }

    /// Returns the time until the channel is to be opened or renewed.
    pub(super) fn wait(&self, share: f64, now: DateTime<Utc>, monotonic: Duration) -> Duration {
        let due = match (self.why(now), &self.renewal) {
            (Why::Due, Some(renewal)) if renewal.at <= add(now, TOLERANCE) => {
                due(renewal, share).signed_duration_since(now).to_std().unwrap_or_default()
            }
            (Why::Lost, Some(renewal)) if !self.is_lost && renewal.at < renewal.expires => {
                Duration::ZERO
            }
            // it had ended by this clock when it was opened
            (Why::Lost, Some(renewal)) if !self.is_lost => {
                due(renewal, share).signed_duration_since(now).to_std().unwrap_or_default()
            }
            _ => Duration::ZERO,
        };
        due.max(self.not_before.saturating_sub(monotonic))
    }

    /// Notes that Zoho has opened or renewed the channel.
    pub(super) fn succeeded(&mut self, at: DateTime<Utc>, expires: DateTime<Utc>) {
        self.renewal = Some(Renewal { at, expires, description: self.description });
        self.is_lost = false;
        self.retries.reset();
        self.not_before = Duration::ZERO;
    }

    /// Notes a failure, and returns the time until the next attempt.
    pub(super) fn failed(&mut self, error: &Error, monotonic: Duration) -> Duration {
        let next = match is_final(error) {
            true => self.retries.longest(),
            false => self.retries.next(error.retry_after()),
        };
        self.not_before = monotonic.saturating_add(next);
        next
    }
}

/// Returns `true` for an error that rarely passes by itself.
pub(super) fn is_final(error: &Error) -> bool {
    use zcrm_core::{ErrorKind, Outcome};
    error.kind() == ErrorKind::Input
        || error.is_credential()
        || error.outcome() == Outcome::Refused && !error.is_throttled()
}

/// Returns the time at which a channel is renewed, by the clock of this machine.
fn due(renewal: &Renewal, share: f64) -> DateTime<Utc> {
    let life = renewal.expires - renewal.at;
    let life = if life <= TimeDelta::zero() { SHORTENED } else { life };
    let part = life.to_std().unwrap_or_default().mul_f64(share);
    add(renewal.at, TimeDelta::from_std(part).unwrap_or(life))
}

fn add(time: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    time.checked_add_signed(by).unwrap_or(time)
}

/// Returns a hash of the channel's members, except the token and the end.
fn description(channel: &Channel, version: ApiVersion, now: DateTime<Utc>) -> u64 {
    // a channel that cannot be sent is refused when the keeper is created
    let mut row = channel.row(version, now).unwrap_or_default();
    if let Value::Object(row) = &mut row {
        row.remove("token");
        row.remove("channel_expiry");
    }
    stable_hash(row.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta, Utc};
    use zcrm_core::{ApiVersion, Error};

    use super::{Entry, Why};
    use crate::notifications::{Channel, Event};

    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn start() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    fn hours(entry: &Entry<'_>, now: DateTime<Utc>) -> f64 {
        entry.wait(0.5, now, Duration::ZERO).as_secs_f64() / 3_600.0
    }

    #[test]
    fn renews_after_a_share_of_the_life() {
        let channel = Channel::to("https://a.example").on("Leads", [Event::All]);
        let mut entry = Entry::new(&channel, None, ApiVersion::V8, start());
        assert_eq!((entry.why(start()), hours(&entry, start())), (Why::First, 0.0));
        entry.succeeded(start(), start() + HOUR * 10);
        assert_eq!((entry.why(start()), hours(&entry, start())), (Why::Due, 5.0));
        assert_eq!(hours(&entry, start() + HOUR * 4), 1.0);
        assert_eq!(hours(&entry, start() + HOUR * 7), 0.0);
        assert_eq!(entry.why(start() + HOUR * 10), Why::Lost);
        assert_eq!(hours(&entry, start() + HOUR * 10), 0.0);
        // the clock was set back by a day
        assert_eq!(hours(&entry, start() - HOUR * 24), 0.0);
        entry.is_lost = true;
        assert_eq!((entry.why(start()), hours(&entry, start())), (Why::Lost, 0.0));
    }

    #[test]
    fn does_not_hurry_if_the_clock_is_ahead_of_zohos() {
        let channel = Channel::to("https://a.example").on("Leads", [Event::All]);
        let mut entry = Entry::new(&channel, None, ApiVersion::V8, start());
        entry.succeeded(start(), start() - HOUR);
        assert_eq!(hours(&entry, start()), 0.5);
    }

    #[test]
    fn waits_after_a_failure() {
        let channel = Channel::to("https://a.example").on("Leads", [Event::All]);
        let mut entry = Entry::new(&channel, None, ApiVersion::V8, start());
        let minute = Duration::from_secs(60);
        let error = Error::input("wrong");
        assert_eq!(entry.failed(&error, minute), minute * 15);
        assert_eq!(entry.wait(0.5, start(), minute * 6), minute * 10);
        entry.succeeded(start(), start() + HOUR);
        assert_eq!(entry.wait(0.5, start(), minute * 6), minute * 30);
    }

    #[test]
    fn opens_a_channel_again_if_its_description_changes() {
        let channel = Channel::to("https://a.example").on("Leads", [Event::All]);
        let mut entry = Entry::new(&channel, None, ApiVersion::V8, start());
        entry.succeeded(start(), start() + HOUR);
        let renewal = entry.renewal;
        for (changed, why) in [
            (channel.clone().with_token("new"), Why::Due),
            (channel.clone().with_lifetime(Duration::from_secs(99)), Why::Due),
            (channel.clone().on("Deals", [Event::All]), Why::First),
            (channel.clone().on_change_of("Leads", ["City"]), Why::First),
        ] {
            let entry = Entry::new(&changed, renewal, ApiVersion::V8, start());
            assert_eq!(entry.why(start()), why, "{changed:?}");
        }
    }
}
