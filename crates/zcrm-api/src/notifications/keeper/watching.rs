//! The calls of a keeper.

use std::time::Duration;

use zcrm_core::{Error, ErrorKind, Outcome, within};

use crate::{
    Api,
    notifications::{
        channel::Channel,
        subscription::{Subscription, WatchedChannel},
    },
};

/// Opens or renews channels, in at most this time. Returns a result for each channel.
pub(super) async fn watch(
    api: &Api,
    channels: &[&Channel],
    limit: Duration,
) -> Result<Vec<Result<WatchedChannel, Error>>, Error> {
    let call = api.notifications().watch_many(channels.iter().copied()).send();
    let results = within(limit, &**api.clock(), call).await.ok_or_else(|| too_late(limit))??;
    Ok(results.into_iter().map(|result| result.map_err(Error::from)).collect())
}

/// Lists all channels of the user, in at most this time.
pub(super) async fn list(api: &Api, limit: Duration) -> Result<Vec<Subscription>, Error> {
    let call = api.notifications().list().all();
    within(limit, &**api.clock(), call).await.ok_or_else(|| too_late(limit))?
}

fn too_late(limit: Duration) -> Error {
    let message = format!(
        "no answer about the notification channels before the lease ends ({:.1} s): it is asked again; use a \
         longer term if this repeats",
        limit.as_secs_f64()
    );
    Error::new(ErrorKind::Timeout, Outcome::Unknown, message)
}
