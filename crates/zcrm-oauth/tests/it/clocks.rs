//! Processes whose clocks differ, and servers that tell odd times.

use std::{sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
use tower::{ServiceExt, util::BoxCloneSyncService};
use zcrm_core::{Clock, ManualClock};
use zcrm_http::Stack;
use zcrm_oauth::{Accounts, StoredToken, TokenStore, UserTokens};

use crate::support::{
    HOUR, Locks, Shelf, World, access, base_urls, cached, connector, manager, refresh_token,
};

const MINUTE: Duration = Duration::from_secs(60);

/// The tokens of the same user in a process whose clock is ahead of the server's by so much.
fn ahead(world: &World, by: Duration) -> (ManualClock, UserTokens) {
    let clock = ManualClock::new();
    clock.advance(Clock::monotonic(&world.clock) + by);
    let manager = manager(&world.sim, &clock, &world.store, base_urls(&world.sim));
    (clock, manager.user(world.tokens.key().user()).unwrap())
}

#[tokio::test]
async fn two_processes_ten_minutes_apart_on_one_store_refresh_once_and_do_not_circle() {
    for late_first in [false, true] {
        let world = World::expired_with(Shelf::with_locks(Locks::Real)).await;
        let (fast_clock, fast) = ahead(&world, 10 * MINUTE);
        let mut both = [world.tokens.clone(), fast.clone()];
        if late_first {
            both.reverse();
        }
        let first = both[0].token().await.unwrap();
        // the end is told in the server's time, whoever refreshed
        assert_eq!(first.expires_at, world.sim.now() + TimeDelta::hours(1));
        for _ in 0..50 {
            for tokens in &both {
                assert_eq!(access(&tokens.token().await.unwrap()), access(&first));
            }
        }
        assert_eq!(world.token_calls(), 1, "one refresh between them");

        // an hour of calls costs each hour one refresh
        world.sim.clear_journal();
        for round in 1..=40 {
            world.advance(3 * MINUTE);
            fast_clock.advance(3 * MINUTE);
            for tokens in &both {
                tokens.token().await.unwrap();
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
            }
            // who refreshed knows how far its own clock is off, and the token serves to its end
            if late_first && round * 3 < 59 {
                assert_eq!(world.token_calls(), 0, "after {} minutes", round * 3);
            }
        }
        let calls = world.token_calls();
        assert!((2..=4).contains(&calls), "{calls} refreshes in two hours of two processes");
    }
}

#[tokio::test]
async fn a_clock_that_is_hours_ahead_costs_one_refresh_and_not_one_for_each_call() {
    let world = World::logged_in().await;
    let (_, tokens) = ahead(&world, 3 * HOUR);
    let fresh = tokens.token().await.unwrap();
    assert_eq!(fresh.expires_at, world.sim.now() + TimeDelta::hours(1));
    for _ in 0..20 {
        assert_eq!(access(&tokens.token().await.unwrap()), access(&fresh));
        assert!(cached(&tokens).is_some());
    }
    assert_eq!(world.token_calls(), 1);
}

/// The tokens of the same user in a process that is told `date` by the accounts server.
fn told(world: &World, date: Option<&'static str>) -> UserTokens {
    let clock = Arc::new(world.clock.clone());
    let stack = Stack::new(connector(&world.sim)).clock(clock);
    let transport = stack.build_for_accounts(Accounts::REQUEST_TIMEOUT);
    let transport = BoxCloneSyncService::new(transport.map_response(move |mut response| {
        response.headers_mut().remove("date").unwrap();
        if let Some(date) = date {
            response.headers_mut().insert("date", date.parse().unwrap());
        }
        response
    }));
    let manager = world.builder().transport(transport).build().unwrap();
    manager.user(world.tokens.key().user()).unwrap()
}

#[tokio::test]
async fn an_implausible_date_is_ignored() {
    for date in [
        Some("Thu, 01 Jan 1970 00:00:00 GMT"),
        Some("Mon, 01 Jan 2035 00:00:00 GMT"),
        Some("Fri, 02 Jan 2026 01:00:00 GMT"),
        Some("soon"),
        Some(""),
        None,
    ] {
        let world = World::expired().await;
        let token = told(&world, date).token().await.unwrap();
        let hour = Clock::now(&world.clock) + TimeDelta::hours(1);
        assert_eq!(token.expires_at, hour, "{date:?}");
    }
}

#[tokio::test]
async fn a_plausible_date_is_the_servers_time() {
    // the clocks stand at 01:00:00
    for (date, expected) in [
        ("Thu, 01 Jan 2026 03:00:00 GMT", "2026-01-01T04:00:00+00:00"),
        ("Wed, 31 Dec 2025 23:00:01 GMT", "2026-01-01T00:00:01+00:00"),
    ] {
        let world = World::expired().await;
        let tokens = told(&world, Some(date));
        let token = tokens.token().await.unwrap();
        assert_eq!(token.expires_at.to_rfc3339(), expected);
        // by this process's own clock it lives for an hour
        world.advance(HOUR - 61 * Duration::from_secs(1));
        assert_eq!(cached(&tokens).as_deref(), Some(access(&token)));
        world.advance(Duration::from_secs(1));
        assert_eq!(cached(&tokens), None);
    }
}

#[tokio::test]
async fn a_stored_end_that_is_too_far_away_is_cut_to_sixty_five_minutes() {
    let world = World::logged_in().await;
    let login = world.stored().await;
    let far = StoredToken::new("1000.far", Clock::now(&world.clock) + TimeDelta::days(300))
        .with_refresh(refresh_token(&login))
        .with_api_domain(world.sim.api_url());
    world.store.save(world.tokens.key(), &far).await.unwrap();
    let tokens = world.other();
    assert_eq!(access(&tokens.token().await.unwrap()), "1000.far");
    world.advance(63 * MINUTE);
    assert!(cached(&tokens).is_some());
    world.advance(MINUTE);
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
async fn the_earlier_of_wall_and_monotonic_clock_wins() {
    let world = World::logged_in().await;
    let clock = Settable(world.clock.clone(), Arc::default());
    let stack = Stack::new(connector(&world.sim));
    let transport = stack.build_for_accounts(Accounts::REQUEST_TIMEOUT);
    let builder = world.builder().transport(transport).clock(Arc::new(clock.clone()));
    let manager = builder.build().unwrap();
    let tokens = manager.user(world.tokens.key().user()).unwrap();
    tokens.token().await.unwrap();
    assert!(cached(&tokens).is_some());
    // the wall leaps ahead
    *clock.1.lock().unwrap() = TimeDelta::hours(2);
    assert_eq!(cached(&tokens), None);
    // the wall is set back, and the time passes all the same
    *clock.1.lock().unwrap() = TimeDelta::hours(-5);
    assert!(cached(&tokens).is_some());
    world.advance(HOUR);
    assert_eq!(cached(&tokens), None);
}

#[tokio::test]
async fn believes_expires_in_after_the_own_clock_was_set_right() {
    for wrong in [TimeDelta::hours(-2), TimeDelta::hours(2), TimeDelta::minutes(-50)] {
        let world = World::logged_in().await;
        let clock = Settable(world.clock.clone(), Arc::default());
        *clock.1.lock().unwrap() = wrong;
        let silent = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stack = Stack::new(connector(&world.sim));
        let transport = stack.build_for_accounts(Accounts::REQUEST_TIMEOUT);
        let strips = Arc::clone(&silent);
        let transport = BoxCloneSyncService::new(transport.map_response(move |mut response| {
            if strips.load(std::sync::atomic::Ordering::SeqCst) {
                response.headers_mut().remove("date");
            }
            response
        }));
        let builder = world.builder().transport(transport).clock(Arc::new(clock.clone()));
        let manager = builder.build().unwrap();
        let tokens = manager.user(world.tokens.key().user()).unwrap();
        tokens.import(refresh_token(&world.stored().await)).await.unwrap();
        assert_eq!(world.token_calls(), 1, "{wrong}: the offset is measured");

        // the clock is set right, and from now on the server does not tell its time
        *clock.1.lock().unwrap() = TimeDelta::zero();
        silent.store(true, std::sync::atomic::Ordering::SeqCst);
        for hour in 1..=3 {
            world.advance(HOUR);
            let fresh = tokens.token().await.unwrap();
            assert_eq!(fresh.expires_at, world.sim.now() + TimeDelta::hours(1), "{wrong}");
            for _ in 0..20 {
                assert_eq!(access(&tokens.token().await.unwrap()), access(&fresh));
            }
            assert_eq!(world.token_calls(), 1 + hour, "{wrong}");
            // a process that reads it from the store agrees
            let other = manager.user_in_organisation(world.tokens.key().user(), "other").unwrap();
            world.store.save(other.key(), &fresh).await.unwrap();
            assert_eq!(access(&other.token().await.unwrap()), access(&fresh), "{wrong}");
        }
    }
}

#[tokio::test]
async fn saves_a_token_late_whatever_end_another_clock_wrote() {
    let world = World::expired().await;
    // the stored end is wrong: it is later than that of the new token
    let old = world.stored().await;
    let late = StoredToken::new(access(&old), world.sim.now() + TimeDelta::minutes(70))
        .with_refresh(refresh_token(&old))
        .with_api_domain(world.sim.api_url());
    world.store.save(world.tokens.key(), &late).await.unwrap();
    let tokens = world.other();
    let refused = zcrm_http::Authorizer::authorize(&tokens).await.unwrap();
    zcrm_http::Authorizer::reject(&tokens, &refused).await;
    world.store.failing_saves.store(1, std::sync::atomic::Ordering::SeqCst);
    let fresh = tokens.token().await.unwrap();
    crate::support::until(|| world.clock.slept().contains(&Duration::from_secs(1))).await;
    world.advance(Duration::from_secs(1));
    world.store.wait_saves(3).await;
    assert_eq!(access(&world.stored().await), access(&fresh));
}
