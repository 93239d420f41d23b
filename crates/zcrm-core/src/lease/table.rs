//! All leases of a store, as plain data.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Lease;

/// How far a clock may be set back before the leases of that time end.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// The leases of a store that keeps them together, such as in one file.
///
/// It decides who holds a lease. The store must exclude concurrent changes and keep the result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseTable(BTreeMap<String, Entry>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The fencing number of the newest lease.
    fence: u64,
    /// The term of the newest lease, unless it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Term>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Term {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Term {
    fn new(now: DateTime<Utc>, term: Duration) -> Self {
        let until = TimeDelta::from_std(term).ok().and_then(|term| now.checked_add_signed(term));
        Self { from: now, until: until.unwrap_or(DateTime::<Utc>::MAX_UTC) }
    }

    /// A clock that was set back does not make a term longer.
    fn includes(&self, now: DateTime<Utc>) -> bool {
        let earliest = self.from.checked_sub_signed(TOLERANCE).unwrap_or(self.from);
        earliest <= now && now < self.until
    }
}

impl LeaseTable {
    /// Takes the lease of a name. Returns `None` if it is held.
    pub fn take(&mut self, name: &str, now: DateTime<Utc>, term: Duration) -> Option<Lease> {
        let entry = self.0.entry(name.to_owned()).or_default();
        if entry.held.as_ref().is_some_and(|held| held.includes(now)) {
            return None;
        }
        // 2^64 leases of a name are out of reach
        entry.fence = entry.fence.saturating_add(1);
        entry.held = Some(Term::new(now, term));
        Some(Lease::new(name, entry.fence, entry.value.clone()))
    }

    /// Extends a lease. Returns `false` if it has ended.
    pub fn renew(&mut self, lease: &Lease, now: DateTime<Utc>, term: Duration) -> bool {
        let held = self.held(lease, now);
        held.map(|entry| entry.held = Some(Term::new(now, term))).is_some()
    }

    /// Replaces the value of a lease. Returns `false` if it has ended.
    pub fn write(&mut self, lease: &Lease, now: DateTime<Utc>, value: &str) -> bool {
        self.held(lease, now).map(|entry| entry.value = Some(value.to_owned())).is_some()
    }

    /// Ends a lease. Returns `false` if it has ended before.
    pub fn release(&mut self, lease: &Lease, now: DateTime<Utc>) -> bool {
        self.held(lease, now).map(|entry| entry.held = None).is_some()
    }

    /// Returns the value of a name.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.value.as_deref()
    }

    fn held(&mut self, lease: &Lease, now: DateTime<Utc>) -> Option<&mut Entry> {
        let entry = self.0.get_mut(lease.name())?;
        let is_held = entry.held.as_ref().is_some_and(|held| held.includes(now));
        (is_held && entry.fence == lease.fence()).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta, Utc};

    use super::LeaseTable;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn ends_a_lease_if_the_clock_is_set_back() {
        let mut table = LeaseTable::default();
        let first = table.take("a", at(10_000), MINUTE).unwrap();
        assert!(table.renew(&first, at(9_999), MINUTE));
        assert!(table.take("a", at(9_998), MINUTE).is_none());
        assert!(!table.renew(&first, at(9_000), MINUTE));
        let second = table.take("a", at(9_000), MINUTE).unwrap();
        assert_eq!(second.fence(), first.fence() + 1);
    }

    #[test]
    fn takes_terms_that_never_end() {
        let mut table = LeaseTable::default();
        let lease = table.take("a", at(0), Duration::MAX).unwrap();
        assert!(table.take("a", at(1_000_000_000_000), MINUTE).is_none());
        assert!(table.release(&lease, at(1_000_000_000_000)));
    }

    #[test]
    fn keeps_its_leases_as_json() {
        let mut table = LeaseTable::default();
        let lease = table.take("a", at(0), MINUTE).unwrap();
        assert!(table.write(&lease, at(1), "text"));
        let json = serde_json::to_string(&table).unwrap();
        let mut read: LeaseTable = serde_json::from_str(&json).unwrap();
        assert_eq!(read, table);
        assert!(read.take("a", at(59), MINUTE).is_none());
        assert_eq!(read.take("a", at(60), MINUTE).unwrap().value(), Some("text"));
    }
}
