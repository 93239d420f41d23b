//! Notifications about the caller's own writes.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use zcrm_core::Id;

use super::notification::{Notification, NotifiedOperation};
use crate::changes::OwnWrite;

/// The number of own writes that are remembered.
const MOST: usize = 10_000;

/// The seconds by which the notification of a write may be later than the time of the record.
const LATER: i64 = 1;

/// The own writes of an application, whose notifications a [`Receiver`](super::Receiver) leaves out. Clones
/// share their writes.
///
/// A notification is the echo of an own write if it is not later than the `Modified_Time` that the write
/// returned, and a second. Another change within that second is left out too; a stream of
/// [`changes`](crate::changes) returns it. Deletions are never left out. A notification that comes before the
/// write was added is not recognised. The newest 10,000 writes are remembered, in this process.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api, channel: zcrm_api::notifications::Channel)
/// # -> Result<(), zcrm_core::Error> {
/// use zcrm_api::notifications::{OwnEchoes, Receiver};
/// use zcrm_core::Record;
///
/// let own = OwnEchoes::new();
/// let (receiver, notifications) =
///     Receiver::builder([channel])?.without_echoes(&own).build();
///
/// let lead = Record::new().with("City", "Pune");
/// own.add(&api.records("Leads").update("3652397000000649013", &lead).await?);
/// # let _ = (receiver, notifications);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct OwnEchoes(Arc<Mutex<Writes>>);

#[derive(Default)]
struct Writes {
    /// The newest time of each record, in seconds since 1970.
    times: BTreeMap<Id, i64>,
    order: VecDeque<(Id, i64)>,
}

impl OwnEchoes {
    /// Creates an empty set of writes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write. One whose answer has no time is not added.
    pub fn add(&self, write: impl Into<OwnWrite>) {
        let Some((id, time)) = write.into().into_parts() else { return };
        let mut writes = self.writes();
        let newest = writes.times.entry(id.clone()).or_insert(time);
        *newest = time.max(*newest);
        writes.order.push_back((id, time));
        if writes.order.len() > MOST
            && let Some((id, time)) = writes.order.pop_front()
            && writes.times.get(&id) == Some(&time)
        {
            writes.times.remove(&id);
        }
    }

    /// Removes the records that the notification repeats from it.
    pub(super) fn remove_from(&self, notification: &mut Notification) {
        if notification.operation == NotifiedOperation::Delete {
            return;
        }
        let time = notification.server_time.timestamp();
        let writes = self.writes();
        let is_echo = |id: &Id| writes.times.get(id).is_some_and(|own| time <= own + LATER);
        notification.records.retain(|record| !is_echo(&record.id));
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for OwnEchoes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnEchoes").field("writes", &self.writes().times.len()).finish()
    }
}
