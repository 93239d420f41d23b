//! A keeper of channels: renews them before they end, in one process of a fleet.

mod compare;
mod entry;
mod event;
mod options;
mod shift;
mod state;
mod watching;

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use zcrm_core::{Error, Id, escaped, lease::LeaseStore};

pub use event::KeeperEvent;
use options::{Listener, Options};
use shift::{End, Shift};

use super::{channel::Channel, claim::Claim, pause::ended_within, retry::Retries};
use crate::Api;

/// Keeps notification channels alive: opens them, renews them before they end, and opens them again if Zoho
/// has lost them.
///
/// Run a keeper in each process of a fleet: the one that holds the lease does the work, and another one takes
/// over within two [terms](Self::term) if it stops. When each channel was renewed is the value of the lease,
/// so a keeper that starts again continues, and renews nothing early. A keeper that was stopped for longer than
/// its term notices before its next call that it no longer holds the lease.
///
/// - **Renewals.** A channel is renewed when half of its life has passed ([`renew_after`](Self::renew_after)).
///   Its end is the one of Zoho's answer. Up to 50 channels are renewed by one call, for one API credit.
/// - **Losses.** Once an hour ([`check_every`](Self::check_every)), and whenever it takes over, the keeper
///   lists the channels, for one credit. It opens a channel again if it, an event, its address or its token
///   is missing.
/// - **Failures.** A failed call is repeated after 30 seconds, then after twice that time, up to 15 minutes; a
///   refusal after 15 minutes, because it rarely passes by itself. [`on_event`](Self::on_event) reports it.
/// - **Ends.** A channel that is no longer given to a keeper is not ended: it ends with its lifetime. End it with
///   [`delete`](super::Notifications::delete).
///
/// Notifications may be lost while a channel is missing; a stream of [`changes`](crate::changes) returns those records too.
///
/// The keeper takes the time from the clock of the [`Api`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api, leases: std::sync::Arc<dyn zcrm_core::lease::LeaseStore>)
/// # -> Result<(), zcrm_core::Error> {
/// use zcrm_api::notifications::{Channel, ChannelKeeper, Event, KeeperEvent};
///
/// let channel = Channel::to("https://app.example/zoho")
///     .on("Leads", [Event::All])
///     .with_token("7c0f…");
/// let keeper = ChannelKeeper::new(&api, leases, "channels of app.example", [channel])?
///     .on_event(|event| match event {
///         KeeperEvent::Failed { error, next, .. } => eprintln!("{error}; again in {next:?}"),
///         event => println!("{event:?}"),
///     });
/// tokio::spawn(keeper.run());
/// # Ok(())
/// # }
/// ```
#[must_use = "a keeper does nothing until it is run"]
pub struct ChannelKeeper {
    api: Api,
    leases: Arc<dyn LeaseStore>,
    name: String,
    channels: Vec<Channel>,
    options: Options,
}

impl ChannelKeeper {
    /// Creates a keeper of these channels of the API's user.
    ///
    /// `name` is the name of the lease, with 1 to 255 bytes: the same in all processes that keep these
    /// channels, and another one for the channels of another user or organisation.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the name or a channel is invalid, if
    /// two channels have the same id, or if a channel has no events or ends at a fixed time.
    pub fn new(
        api: &Api,
        leases: Arc<dyn LeaseStore>,
        name: impl Into<String>,
        channels: impl IntoIterator<Item = Channel>,
    ) -> Result<Self, Error> {
        let name = name.into();
        zcrm_core::lease::check_name(&name).map_err(|error| Error::input(error.to_string()))?;
        let channels: Vec<Channel> = channels.into_iter().collect();
        let mut ids: Vec<Id> = Vec::new();
        for channel in &channels {
            let id = channel.id();
            let wrong =
                |what: &str| Error::input(format!("the channel {} {what}", escaped(id.as_str())));
            channel.row(api.version(), api.clock().now())?;
            if channel.events().is_empty() {
                return Err(wrong("has no events: add `.on(\"Leads\", [Event::All])`"));
            }
            if channel.url().is_none() {
                return Err(wrong("has no address: create it with `Channel::to`"));
            }
            if channel.has_fixed_end() {
                return Err(wrong(
                    "ends at a fixed time, so it cannot be renewed: use `with_lifetime`",
                ));
            }
            if ids.contains(&id) {
                return Err(wrong("is given twice: set another id with `with_id`"));
            }
            ids.push(id);
        }
        Ok(Self { api: api.clone(), leases, name, channels, options: Options::default() })
    }

    /// Renews a channel when this share of its life has passed. The default is 0.5; 0.1 to 0.9 are possible.
    ///
    /// The rest of the life is the time for which Zoho, or all processes of the fleet, may be down.
    pub fn renew_after(mut self, share: f64) -> Self {
        self.options.share = if share.is_finite() { share.clamp(0.1, 0.9) } else { 0.5 };
        self
    }

    /// Compares the channels with those that Zoho lists at this interval. The default is one hour, the shortest
    /// one minute. Each comparison costs one API credit for 200 channels.
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.options.check = interval.max(Duration::from_secs(60));
        self
    }

    /// Sets the term of the lease. The default is one minute, the shortest three seconds.
    ///
    /// The holder renews it after a third, and other processes ask for it after half of it. A call to
    /// Zoho that takes longer than the term is given up and repeated.
    pub fn term(mut self, term: Duration) -> Self {
        self.options.term = term.max(Duration::from_secs(3));
        self
    }

    /// Reports what the keeper does to `listener`. It must not block, because it runs on a thread of the
    /// runtime.
    pub fn on_event(mut self, listener: impl Fn(KeeperEvent) + Send + Sync + 'static) -> Self {
        self.options.listener = Listener::new(listener);
        self
    }

    /// Keeps the channels until the future is dropped. The lease then ends with its term.
    pub async fn run(self) {
        self.run_until(std::future::pending()).await;
    }

    /// Keeps the channels until `stop` ends. A call that is under way is finished, and the lease is
    /// released, so that another process continues at once. The channels stay open.
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        let clock = self.api.clock();
        let options = &self.options;
        let mut retries = Retries::default();
        loop {
            let wait = match Claim::take(&self.leases, clock, &self.name, options.term).await {
                Ok(Some(claim)) => {
                    retries.reset();
                    options.listener.report(KeeperEvent::Started { fence: claim.fence() });
                    let shift = Shift::new(&self.api, &self.channels, options, claim);
                    match shift.run(stop.as_mut()).await {
                        End::Stopped => return,
                        End::Lost => options.listener.report(KeeperEvent::LeaseLost),
                    }
                    options.term / 2
                }
                Ok(None) => options.term / 2,
                Err(error) => {
                    let next = retries.next(None);
                    options.listener.report(KeeperEvent::StoreFailed { error, next });
                    next
                }
            };
            if ended_within(stop.as_mut(), clock.sleep(wait)).await {
                return;
            }
        }
    }
}

impl fmt::Debug for ChannelKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelKeeper")
            .field("name", &self.name)
            .field("channels", &self.channels)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
