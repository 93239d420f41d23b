//! Comparing a channel with what Zoho lists.

use chrono::{DateTime, Utc};
use zcrm_core::ExposeSecret;

use crate::notifications::{channel::Channel, event::Event, subscription::Subscription};

/// Returns the end of the channel by Zoho's list, or `None` if the list lacks the channel or a part of it.
pub(super) fn listed_end(channel: &Channel, rows: &[Subscription]) -> Option<DateTime<Utc>> {
    let id = channel.id();
    let own: Vec<&Subscription> =
        rows.iter().filter(|row| row.channel_id.as_ref() == Some(&id)).collect();
    let has_event = |(module, event): &(String, Event)| {
        own.iter()
            .filter(|row| row.module.eq_ignore_ascii_case(module))
            .any(|row| *event == Event::All || lists(row, *event))
    };
    let is_whole = channel.events().iter().all(has_event)
        && own.iter().all(|row| has_address(channel, row) && has_token(channel, row));
    if !is_whole {
        return None;
    }
    own.iter().filter_map(|row| row.expires).map(|end| end.time().to_utc()).min()
}

/// Returns `true` if the row has this event, or a list of events without it that covers it.
fn lists(row: &Subscription, event: Event) -> bool {
    let words = row.events.iter().filter_map(|name| name.rsplit_once('.'));
    words.into_iter().any(|(_, word)| word == event.as_str() || word == Event::All.as_str())
}

/// A row without an address is not a reason to open the channel again.
fn has_address(channel: &Channel, row: &Subscription) -> bool {
    row.notify_url.as_deref().is_none_or(|url| Some(url) == channel.url())
}

fn has_token(channel: &Channel, row: &Subscription) -> bool {
    let own = channel.token().map(ExposeSecret::expose_secret);
    row.token.as_deref().is_none_or(|token| Some(token) == own)
}
