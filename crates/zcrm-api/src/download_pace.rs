//! Zoho's limit of downloads of bulk results.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::Extensions;
use zcrm_core::Clock;
use zcrm_http::Tenant;

/// Zoho's page on bulk reads: ten downloads in a minute, then none for a minute.
const MOST: usize = 10;
/// A minute, and a second for the way to Zoho.
const MINUTE: Duration = Duration::from_secs(61);

/// The times of the last downloads of each organisation, by the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct DownloadPace(Mutex<HashMap<Tenant, VecDeque<Duration>>>);

impl DownloadPace {
    /// Waits until another download is allowed, and counts it.
    pub(crate) async fn wait(&self, extensions: &Extensions, clock: &dyn Clock) {
        let tenant = Tenant::of(extensions);
        while let Some(wait) = self.count(&tenant, clock.monotonic()) {
            tracing::debug!(target: "zcrm::api", ?wait, "waiting for Zoho's limit of downloads");
            clock.sleep(wait).await;
        }
    }

    /// Counts a download, or returns the time to wait.
    fn count(&self, tenant: &Tenant, now: Duration) -> Option<Duration> {
        let mut tenants = self.tenants();
        tenants.retain(|_, times| {
            times.retain(|at| now.saturating_sub(*at) < MINUTE);
            !times.is_empty()
        });
        let times = tenants.entry(tenant.clone()).or_default();
        match times.front() {
            Some(first) if times.len() >= MOST => {
                Some((*first + MINUTE).saturating_sub(now).max(Duration::from_millis(1)))
            }
            _ => {
                times.push_back(now);
                None
            }
        }
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<Tenant, VecDeque<Duration>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_ten_downloads_of_an_organisation_in_a_minute() {
        let pace = DownloadPace::default();
        let (one, other) = (Tenant::new("org 1"), Tenant::new("org 2"));
        let at = Duration::from_secs;
        for second in 0..10 {
            assert_eq!(pace.count(&one, at(second)), None);
        }
        assert_eq!(pace.count(&one, at(11)), Some(at(50)));
        assert_eq!(pace.count(&other, at(11)), None);
        assert_eq!(pace.count(&one, at(61)), None);
        assert_eq!(pace.count(&one, at(61)), Some(at(1)));
    }
}
