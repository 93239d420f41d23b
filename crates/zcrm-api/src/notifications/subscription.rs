//! Channels as Zoho reports them.

use zcrm_core::{
    Error, ErrorKind, Id, ItemError, ItemSuccess, Outcome, Reply, Timestamp, WriteResults,
};

use crate::{
    model::model,
    request::{WriteResult, sealed::Sealed},
};

model! {
    /// One module of a channel, as Zoho reports it.
    Subscription {
        /// The id of the channel.
        channel_id: Option<Id> = "channel_id";
        /// The API name of the module.
        module: String = "resource_name";
        /// The id of the module.
        module_id: Option<Id> = "resource_id";
        /// The end of the channel.
        expires: Option<Timestamp> = "channel_expiry";
        /// The events of the module, such as `Leads.create`. Zoho shows `Leads.all` as three events. Empty in
        /// the answer to a write.
        events: Vec<String> = "events";
        /// The address that Zoho calls. Absent in the answer to a write.
        notify_url: Option<String> = "notify_url";
        /// The token that notifications repeat. Absent in the answer to a write.
        token: Option<String> = "token";
        /// Whether notifications contain the new values.
        values: Option<bool> = "return_affected_field_values";
        /// Whether the records that a changed record belongs to are notified too.
        related: Option<bool> = "notify_on_related_action";
    }
}

/// A channel that Zoho has opened, renewed or changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WatchedChannel {
    /// The id of the channel.
    pub id: Id,
    /// The end of the channel, by Zoho's answer: it may be earlier than the one asked for.
    pub expires: Timestamp,
    /// The modules of the channel.
    pub modules: Vec<Subscription>,
}

impl WatchedChannel {
    fn of(success: &ItemSuccess) -> Result<Self, Error> {
        let lacks = |what: &str| {
            let message = format!("Zoho's answer about a channel lacks {what}");
            Error::new(ErrorKind::Decode, Outcome::Executed, message)
        };
        let modules: Vec<Subscription> = success
            .details()
            .get("events")
            .map_err(|error| lacks("readable `events`").with_source(error))?
            .unwrap_or_default();
        let id = modules.iter().find_map(|module| module.channel_id.clone());
        let expires = modules.iter().filter_map(|module| module.expires).min();
        Ok(Self {
            id: id.ok_or_else(|| lacks("its id"))?,
            expires: expires.ok_or_else(|| lacks("its end"))?,
            modules,
        })
    }
}

impl Sealed for WatchedChannel {}

impl WriteResult for WatchedChannel {
    fn of(_: &Reply, results: WriteResults<ItemSuccess>, _: &[Option<Id>]) -> WriteResults<Self> {
        let one =
            |result: Result<ItemSuccess, ItemError>| Self::of(&result?).map_err(ItemError::of_call);
        results.into_iter().map(one).collect()
    }
}
