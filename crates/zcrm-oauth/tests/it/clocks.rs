//! Processes with different clocks, and servers with implausible times.

use std::{sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
use tower::{ServiceExt, util::BoxCloneSyncService};
use zcrm_core::{Clock, ManualClock};
use zcrm_http::Stack;
use zcrm_oauth::{Accounts, StoredToken, TokenStore, UserTokens};
use zcrm_test_kit::connector;

use crate::support::{
    FaultyStore, Fixture, HOUR, Locks, access, base_urls, cached, manager, refresh_token,
};

const MINUTE: Duration = Duration::from_secs(60);

/// The tokens of the same user in a process whose clock is ahead of the server's by so much.
fn ahead(fixture: &Fixture, by: Duration) -> (ManualClock, UserTokens) {
    let clock = ManualClock::new();
    clock.advance(Clock::monotonic(&fixture.clock) + by);
    let manager = manager(&fixture.sim, &clock, &fixture.store, base_urls(&fixture.sim));
    (clock, manager.user(fixture.tokens.key().user()).unwrap())
}

#[tokio::test]
async fn refreshes_once_for_clocks_ten_minutes_apart() {
    for late_first in [false, true] {
        let fixture = Fixture::expired_with(FaultyStore::with_locks(Locks::Real)).await;
        let (fast_clock, fast) = ahead(&fixture, 10 * MINUTE);
        let mut both = [fixture.tokens.clone(), fast.clone()];
        if late_first {
            both.reverse();
        }
        let first = both[0].token().await.unwrap();
        // the expiry is in the server's time, regardless of the process that refreshed
        assert_eq!(first.expires_at, fixture.sim.now() + TimeDelta::hours(1));
        for _ in 0..50 {
            for tokens in &both {
                assert_eq!(access(&tokens.token().await.unwrap()), access(&first));
            }
        }
        assert_eq!(fixture.token_calls(), 1, "one refresh between them");

        // an hour of calls costs each hour one refresh
        fixture.sim.clear_journal();
        for round in 1..=40 {
            fixture.advance(3 * MINUTE);
            fast_clock.advance(3 * MINUTE);
            for tokens in &both {
                tokens.token().await.unwrap();
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
            }
            // who refreshed knows how far its own clock is off, and the token serves to its end
            if late_first && round * 3 < 59 {
                assert_eq!(fixture.token_calls(), 0, "after {} minutes", round * 3);
            }
        }
        let calls = fixture.token_calls();
        assert!((2..=4).contains(&calls), "{calls} refreshes in two hours of two processes");
    }
}

#[tokio::test]
async fn refreshes_once_with_a_clock_hours_ahead() {
    let fixture = Fixture::logged_in().await;
    let (_, tokens) = ahead(&fixture, 3 * HOUR);
    let fresh = tokens.token().await.unwrap();
    assert_eq!(fresh.expires_at, fixture.sim.now() + TimeDelta::hours(1));
    for _ in 0..20 {
        assert_eq!(access(&tokens.token().await.unwrap()), access(&fresh));
        assert!(cached(&tokens).is_some());
    }
    assert_eq!(fixture.token_calls(), 1);
}

/// The tokens of the same user in a process that receives `date` from the accounts server.
fn with_date(fixture: &Fixture, date: Option<&'static str>) -> UserTokens {
    let clock = Arc::new(fixture.clock.clone());
    let stack = Stack::new(connector(&fixture.sim)).clock(clock);
    let transport = stack.build_for_accounts(Accounts::REQUEST_TIMEOUT);
    let transport = BoxCloneSyncService::new(transport.map_response(move |mut response| {
        response.headers_mut().remove("date").unwrap();
        if let Some(date) = date {
            response.headers_mut().insert("date", date.parse().unwrap());
        }
        response
    }));
    let manager = fixture.builder().transport(transport).build().unwrap();
    manager.user(fixture.tokens.key().user()).unwrap()
}

#[tokio::test]
async fn ignores_an_implausible_date() {
    for date in [
        Some("Thu, 01 Jan 1970 00:00:00 GMT"),
        Some("Mon, 01 Jan 2035 00:00:00 GMT"),
        Some("Fri, 02 Jan 2026 01:00:00 GMT"),
        Some("soon"),
        Some(""),
        None,
    ] {
        let fixture = Fixture::expired().await;
        let token = with_date(&fixture, date).token().await.unwrap();
        let hour = Clock::now(&fixture.clock) + TimeDelta::hours(1);
        assert_eq!(token.expires_at, hour, "{date:?}");
    }
}

#[tokio::test]
async fn takes_the_server_time_from_a_plausible_date() {
    // the clocks are at 01:00:00
    for (date, expected) in [
        ("Thu, 01 Jan 2026 03:00:00 GMT", "2026-01-01T04:00:00+00:00"),
        ("Wed, 31 Dec 2025 23:00:01 GMT", "2026-01-01T00:00:01+00:00"),
    ] {
        let fixture = Fixture::expired().await;
        let tokens = with_date(&fixture, Some(date));
        let token = tokens.token().await.unwrap();
        assert_eq!(token.expires_at.to_rfc3339(), expected);
        // by this process's own clock it lives for an hour
        fixture.advance(HOUR - 61 * Duration::from_secs(1));
        assert_eq!(cached(&tokens).as_deref(), Some(access(&token)));
        fixture.advance(Duration::from_secs(1));
        assert_eq!(cached(&tokens), None);
    }
}

#[tokio::test]
async fn limits_a_stored_lifetime_to_sixty_five_minutes() {
    let fixture = Fixture::logged_in().await;
    let login = fixture.stored().await;
    let far = StoredToken::new("1000.far", Clock::now(&fixture.clock) + TimeDelta::days(300))
        .with_refresh(refresh_token(&login))
        .with_api_domain(fixture.sim.api_url());
    fixture.store.save(fixture.tokens.key(), &far).await.unwrap();
    let tokens = fixture.other();
    assert_eq!(access(&tokens.token().await.unwrap()), "1000.far");
    fixture.advance(63 * MINUTE);
    assert!(cached(&tokens).is_some());
    fixture.advance(MINUTE);
    assert!(cached(&tokens).is_none());
}

/// A clock whose wall can be set, as an operator or a daemon does.
#[derive(Debug, Clone)]
struct Settable(ManualClock, Arc<std::sync::Mutex<TimeDelta>>);

impl Clock for Settable {
    fn now(&self) -> chrono::DateTime<Utc> {
        self.0.now() + *self.1.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> zcrm_core::Sleep {
        self.0.sleep(duration)
    }
}

#[tokio::test]
async fn expires_by_the_earlier_of_both_clocks() {
    let fixture = Fixture::logged_in().await;
    let clock = Settable(fixture.clock.clone(), Arc::default());
    let stack = Stack::new(connector(&fixture.sim));
    let transport = stack.build_for_accounts(Accounts::REQUEST_TIMEOUT);
    let builder = fixture.builder().transport(transport).clock(Arc::new(clock.clone()));
    let manager = builder.build().unwrap();
    let tokens = manager.user(fixture.tokens.key().user()).unwrap();
    tokens.token().await.unwrap();
    assert!(cached(&tokens).is_some());
    // the wall leaps ahead
    *clock.1.lock().unwrap() = TimeDelta::hours(2);
    assert_eq!(cached(&tokens), None);
    // the wall is set back, and the time passes all the same
    *clock.1.lock().unwrap() = TimeDelta::hours(-5);
    assert!(cached(&tokens).is_some());
    fixture.advance(HOUR);
    assert_eq!(cached(&tokens), None);
}

#[tokio::test]
async fn uses_expires_in_after_the_local_clock_was_set() {
    for wrong in [TimeDelta::hours(-2), TimeDelta::hours(2), TimeDelta::minutes(-50)] {
        let fixture = Fixture::logged_in().await;
        let clock = Settable(fixture.clock.clone(), Arc::default());
        *clock.1.lock().unwrap() = wrong;
        let silent = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stack = Stack::new(connector(&fixture.sim));
        let transport = stack.build_for_accounts(Accounts::REQUEST_TIMEOUT);
        let strips = Arc::clone(&silent);
        let transport = BoxCloneSyncService::new(transport.map_response(move |mut response| {
            if strips.load(std::sync::atomic::Ordering::SeqCst) {
                response.headers_mut().remove("date");
            }
            response
        }));
        let builder = fixture.builder().transport(transport).clock(Arc::new(clock.clone()));
        let manager = builder.build().unwrap();
        let tokens = manager.user(fixture.tokens.key().user()).unwrap();
        tokens.import(refresh_token(&fixture.stored().await)).await.unwrap();
        assert_eq!(fixture.token_calls(), 1, "{wrong}: the offset is measured");

        // the clock is set right, and from now on the server does not send its time
        *clock.1.lock().unwrap() = TimeDelta::zero();
        silent.store(true, std::sync::atomic::Ordering::SeqCst);
        for hour in 1..=3 {
            fixture.advance(HOUR);
            let fresh = tokens.token().await.unwrap();
            assert_eq!(fresh.expires_at, fixture.sim.now() + TimeDelta::hours(1), "{wrong}");
            for _ in 0..20 {
                assert_eq!(access(&tokens.token().await.unwrap()), access(&fresh));
            }
            assert_eq!(fixture.token_calls(), 1 + hour, "{wrong}");
            // a process that reads it from the store agrees
            let other = manager.user_in_organisation(fixture.tokens.key().user(), "other").unwrap();
            fixture.store.save(other.key(), &fresh).await.unwrap();
            assert_eq!(access(&other.token().await.unwrap()), access(&fresh), "{wrong}");
        }
    }
}

#[tokio::test]
async fn saves_a_token_late_despite_another_clocks_expiry() {
    let fixture = Fixture::expired().await;
    // the stored end is wrong: it is later than that of the new token
    let old = fixture.stored().await;
    let late = StoredToken::new(access(&old), fixture.sim.now() + TimeDelta::minutes(70))
        .with_refresh(refresh_token(&old))
        .with_api_domain(fixture.sim.api_url());
    fixture.store.save(fixture.tokens.key(), &late).await.unwrap();
    let tokens = fixture.other();
    let refused = zcrm_http::Authorizer::authorize(&tokens).await.unwrap();
    zcrm_http::Authorizer::reject(&tokens, &refused).await;
    fixture.store.failing_saves.store(1, std::sync::atomic::Ordering::SeqCst);
    let fresh = tokens.token().await.unwrap();
    zcrm_test_kit::until(|| fixture.clock.slept().contains(&Duration::from_secs(1))).await;
    fixture.advance(Duration::from_secs(1));
    fixture.store.wait_saves(3).await;
    assert_eq!(access(&fixture.stored().await), access(&fresh));
}
