//! The accounts server's time, in which the end of a token is stored: processes whose clocks
//! differ then agree on it.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use http::header::DATE;
use zcrm_core::{Clock, Reply};

/// A `Date` further than this from the own clock is believed to be wrong, and not the clock.
const PLAUSIBLE: TimeDelta = TimeDelta::days(1);

/// How far the server's clock is ahead of this process's, in milliseconds; 0 until it was measured.
#[derive(Debug, Default)]
pub(super) struct ServerTime(AtomicI64);

impl ServerTime {
    /// Now, by the server's clock.
    pub(super) fn now(&self, clock: &dyn Clock) -> DateTime<Utc> {
        clock.now() + TimeDelta::milliseconds(self.0.load(Ordering::Relaxed))
    }

    /// When the server made this answer, by its clock, and by ours where it does not say so.
    /// `asked` is when the call began, by ours: counted from there, no answer's delay makes a token
    /// look younger.
    pub(super) fn measure(&self, reply: &Reply, asked: DateTime<Utc>) -> DateTime<Utc> {
        let told = reply.headers().get(DATE).and_then(|date| {
            let date = DateTime::parse_from_rfc2822(date.to_str().ok()?).ok()?;
            Some(date.to_utc()).filter(|date| (*date - asked).abs() < PLAUSIBLE)
        });
        match told {
            Some(date) => {
                self.0.store((date - asked).num_milliseconds(), Ordering::Relaxed);
                date
            }
            None => {
                tracing::warn!(
                    "the accounts server's `Date` is absent or implausible: going by the own clock"
                );
                asked
            }
        }
    }
}
