//! Deliveries of notifications and their outcomes.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::environment::Environment;

/// The delivery of a notification, or of the callback of a bulk job, to an application.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// The delivery's number in order of creation, from 0 on.
    pub seq: u64,
    /// The environment of the records.
    pub environment: Environment,
    /// The channel's id, or the id of a bulk job for its callback.
    pub channel_id: String,
    /// The address: the channel's `notify_url`, or the `url` of the job's `callback`.
    pub url: String,
    /// The JSON body, which contains the channel's token, or the job.
    pub body: Value,
    /// The number of the delivery that this one repeats, if it was duplicated by an injected
    /// failure.
    pub copy_of: Option<u64>,
    /// The time at which the delivery is due, in virtual time.
    pub due: DateTime<Utc>,
    /// The outcome.
    pub outcome: DeliveryOutcome,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body contains the channel's token, and the address may contain one in its query.
        f.debug_struct("Delivery")
            .field("seq", &self.seq)
            .field("channel_id", &self.channel_id)
            .field("copy_of", &self.copy_of)
            .field("due", &self.due)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// The outcome of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// The delivery is queued or in progress.
    Waiting,
    /// The application answered, with any status.
    Answered {
        /// The HTTP status.
        status: u16,
    },
    /// The application could not be reached or did not answer in time. The delivery is not retried.
    Failed {
        /// The reason.
        reason: String,
    },
    /// The simulator did not send it: the address is not a loopback address, too many deliveries
    /// are queued, or the simulator was stopped.
    NotSent {
        /// The reason.
        reason: String,
    },
    /// An injected failure dropped the delivery.
    Lost,
}

impl Delivery {
    /// Returns whether the application received it: it answered with a success status.
    #[must_use]
    pub fn arrived(&self) -> bool {
        matches!(self.outcome, DeliveryOutcome::Answered { status: 200..=299 })
    }
}
