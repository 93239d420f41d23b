//! The events of a keeper.

use std::time::Duration;

use zcrm_core::{Error, Id, StoreError, Timestamp};

/// An event of a [`ChannelKeeper`](super::ChannelKeeper). No event contains a token or an address.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeeperEvent {
    /// This process has taken the lease, and keeps the channels from now on.
    #[non_exhaustive]
    Started {
        /// The fencing number of the lease.
        fence: u64,
    },
    /// A channel was opened for the first time, or because its description has changed.
    #[non_exhaustive]
    Opened {
        /// The id of the channel.
        channel: Id,
        /// The end of the channel, by Zoho's answer.
        expires: Timestamp,
    },
    /// A channel was renewed before its end.
    #[non_exhaustive]
    Renewed {
        /// The id of the channel.
        channel: Id,
        /// The new end of the channel, by Zoho's answer.
        expires: Timestamp,
    },
    /// A channel that had ended, or that Zoho did not list as it was opened, was opened again. Notifications
    /// may have been lost.
    #[non_exhaustive]
    Recreated {
        /// The id of the channel.
        channel: Id,
        /// The end of the channel, by Zoho's answer.
        expires: Timestamp,
    },
    /// A call failed. It is repeated after `next`.
    #[non_exhaustive]
    Failed {
        /// The channels that the call was to open or renew; empty if the list of the channels failed.
        channels: Vec<Id>,
        /// The error.
        error: Error,
        /// The time until the next attempt.
        next: Duration,
    },
    /// The lease has ended, because this process was stopped or could not reach the store for longer than its
    /// term. It asks for the lease again.
    LeaseLost,
    /// A call of the store failed. It is repeated after `next`.
    #[non_exhaustive]
    StoreFailed {
        /// The error.
        error: StoreError,
        /// The time until the next attempt.
        next: Duration,
    },
}
