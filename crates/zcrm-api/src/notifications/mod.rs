//! Notification channels: Zoho calls an address of the application when records change.
//!
//! A channel lives for an hour to a week, and ends silently. A [`ChannelKeeper`] renews it in time. A
//! [`Receiver`] checks the calls of Zoho, and reads the notifications. Zoho delivers a notification at most once, and reports no failed delivery, so an application that must miss
//! nothing also reads the [changes](crate::changes): a [`CatchUp`] does it from time to time.
//!
//! Sources: Zoho's pages on notifications, and Kaizen 170.

mod catch_up;
mod channel;
mod claim;
mod event;
mod keeper;
mod pause;
mod receiver;
mod retry;
mod subscription;

use serde_json::Value;
use zcrm_core::{Error, Id, ItemSuccess, Operation, escaped};

pub use catch_up::{CatchUp, CatchUpEvent};
pub use channel::Channel;
pub use event::Event;
pub use keeper::{ChannelKeeper, KeeperEvent};
pub use receiver::{
    LeaseSeen, MemorySeen, Notification, NotificationStream, NotifiedOperation, NotifiedRecord,
    OwnEchoes, Receiver, ReceiverBuilder, SeenStore,
};
pub use subscription::{Subscription, WatchedChannel};

use crate::{
    Api, check,
    list::{List, Paged},
    operations,
    request::{Request, WriteItem, WriteItems},
};

/// The largest number of channels in one call, by Zoho's pages.
const MOST_CHANNELS: usize = 50;

/// The notification channels of the user: [`Api::notifications`].
///
/// All calls need the scope `ZohoCRM.notifications.ALL`.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::notifications::{Channel, Event};
///
/// let channel = Channel::to("https://app.example/zoho")
///     .on("Leads", [Event::Create, Event::Edit])
///     .with_token("7c0f…");
/// let watched = api.notifications().watch(&channel).await?;
/// println!("renew it before {}", watched.expires);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Notifications {
    api: Api,
}

impl Api {
    /// Returns a handle to the user's notification channels.
    #[must_use]
    pub fn notifications(&self) -> Notifications {
        Notifications { api: self.clone() }
    }
}

impl Notifications {
    /// Lists the user's channels: an item for each module of each channel. Channels that have ended are not
    /// listed.
    pub fn list(&self) -> Request<List<Subscription, Paged>> {
        List::request(self.api.call(&operations::NOTIFICATIONS_LIST), Paged::default())
    }

    /// Opens a channel, or renews it if it exists. All its members are replaced.
    pub fn watch(&self, channel: &Channel) -> Request<WriteItem<WatchedChannel>> {
        self.watch_many([channel]).single()
    }

    /// Opens or renews at most 50 channels.
    pub fn watch_many<'a>(
        &self,
        channels: impl IntoIterator<Item = &'a Channel>,
    ) -> Request<WriteItems<WatchedChannel>> {
        self.write(&operations::NOTIFICATIONS_ENABLE, self.rows(channels, true))
    }

    /// Replaces all members of a channel that exists. If it has ended, Zoho refuses the call.
    pub fn replace(&self, channel: &Channel) -> Request<WriteItem<WatchedChannel>> {
        self.write(&operations::NOTIFICATIONS_UPDATE, self.rows([channel], true)).single()
    }

    /// Changes a channel that exists: adds its events, and sets the members that it names. If the channel has
    /// ended, Zoho refuses the call.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::notifications::{Channel, Event};
    ///
    /// let change = Channel::existing("1000000068001").on("Deals", [Event::Delete]);
    /// api.notifications().update(&change).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self, change: &Channel) -> Request<WriteItem<WatchedChannel>> {
        self.write(&operations::NOTIFICATIONS_DISABLE, self.rows([change], false)).single()
    }

    /// Removes events from a channel. A channel without events ends.
    pub fn remove_events(
        &self,
        channel: impl Into<Id>,
        module: impl Into<String>,
        events: impl IntoIterator<Item = Event>,
    ) -> Request<WriteItem<ItemSuccess>> {
        let change = Channel::existing(channel).on(module, events).with("_delete_events", true);
        self.write(&operations::NOTIFICATIONS_DISABLE, self.rows([&change], true)).single()
    }

    /// Ends a channel.
    pub fn delete(&self, channel: impl Into<Id>) -> Request<WriteItem<ItemSuccess>> {
        self.delete_many([channel]).single()
    }

    /// Ends at most 50 channels.
    pub fn delete_many<I: Into<Id>>(
        &self,
        channels: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems<ItemSuccess>> {
        let ids: Vec<Id> = channels.into_iter().map(Into::into).collect();
        let call = self.api.call(&operations::NOTIFICATIONS_DELETE);
        let call = ids.iter().fold(call, |call, id| call.check(id.check().map(drop)));
        let texts: Vec<&str> = ids.iter().map(Id::as_str).collect();
        WriteItems::request(call.param("channel_ids", texts.join(",")), ids.len())
            .at_most(MOST_CHANNELS)
    }

    /// Returns the rows of channels. With `complete`, each must name an event.
    fn rows<'a>(
        &self,
        channels: impl IntoIterator<Item = &'a Channel>,
        complete: bool,
    ) -> Result<Vec<Value>, Error> {
        let (version, now) = (self.api.version(), self.api.clock().now());
        let row = |channel: &Channel| {
            let row = channel.row(version, now)?;
            match complete && row.get("events").is_none() {
                true => Err(Error::input(format!(
                    "the channel {} has no events: add `.on(\"Leads\", [Event::All])`",
                    escaped(channel.id().as_str())
                ))),
                false => Ok(row),
            }
        };
        channels.into_iter().map(row).collect()
    }

    fn write<R: crate::request::WriteResult>(
        &self,
        operation: &Operation,
        rows: Result<Vec<Value>, Error>,
    ) -> Request<WriteItems<R>> {
        WriteItems::checked_rows(self.api.call(operation), rows).at_most(MOST_CHANNELS)
    }
}

impl Request<List<Subscription, Paged>> {
    /// Lists only this channel.
    pub fn channel(self, id: impl Into<Id>) -> Self {
        let id = id.into();
        self.map(|call| call.check(id.check().map(drop)).param("channel_id", id.as_str()))
    }

    /// Lists only channels of this module.
    pub fn module(self, name: impl AsRef<str>) -> Self {
        self.map(|call| call.check(check::module(name.as_ref())).param("module", name))
    }
}
