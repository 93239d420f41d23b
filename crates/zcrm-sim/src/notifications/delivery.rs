//! What became of a notification.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::environment::Environment;

/// A notification on its way to an application, or what became of it.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Its number in the order in which the deliveries were ordered, from 0 on.
    pub seq: u64,
    /// The environment of the records that it is about.
    pub environment: Environment,
    /// The channel's id.
    pub channel_id: String,
    /// Where it goes: the channel's `notify_url`.
    pub url: String,
    /// The JSON that is posted, with the channel's token.
    pub body: Value,
    /// The number of the delivery that this one repeats, if a failure ordered that.
    pub copy_of: Option<u64>,
    /// When it is to be made, by the simulator's time.
    pub due: DateTime<Utc>,
    /// What became of it.
    pub outcome: DeliveryOutcome,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body has the channel's token, and the address may have one in its query.
        f.debug_struct("Delivery")
            .field("seq", &self.seq)
            .field("channel_id", &self.channel_id)
            .field("copy_of", &self.copy_of)
            .field("due", &self.due)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// It is still to be made, or under way.
    Waiting,
    /// The application answered with that status, whichever it is.
    Answered {
        /// The HTTP status.
        status: u16,
    },
    /// The application could not be reached, or did not answer in time. It is not tried again.
    Failed {
        /// Why.
        reason: String,
    },
    /// The simulator did not try: the address is not a loopback address, or too many wait.
    NotSent {
        /// Why.
        reason: String,
    },
    /// A failure that was ordered took it away.
    Lost,
}

impl Delivery {
    /// Whether the application has got it: it answered with a status of success.
    #[must_use]
    pub fn arrived(&self) -> bool {
        matches!(self.outcome, DeliveryOutcome::Answered { status: 200..=299 })
    }
}
