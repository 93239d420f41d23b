//! The local budget: what Zoho would refuse is not asked for.

use std::{net::TcpListener, time::Duration};

use zcrm_core::{ErrorKind, Outcome};
use zcrm_sim::{RefreshLimit, Simulator};

use crate::support::{HOUR, Shelf, World, access, accounts, cached, credentials, origin};

const SECOND: Duration = Duration::from_secs(1);

/// A world whose Zoho refuses nothing.
async fn world() -> World {
    let builder = Simulator::builder().refresh_limit(RefreshLimit::Off);
    let world = World::built(builder, Shelf::default()).await;
    world.log_in().await;
    world.advance(HOUR);
    world
}

#[tokio::test]
async fn the_eleventh_refresh_in_ten_minutes_is_not_sent() {
    let world = world().await;
    world.accounts().times(10).reset();
    for _ in 0..10 {
        assert_eq!(world.tokens.token().await.unwrap_err().kind(), ErrorKind::Transport);
        world.advance(SECOND);
    }
    for _ in 0..3 {
        let error = world.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
        assert_eq!(error.retry_after(), Some(590 * SECOND));
    }
    assert_eq!(world.token_calls(), 10);
    // another login of the same process has a budget of its own
    let other = world.manager().user("b@example.com").unwrap();
    other.exchange(world.sim.grant_token()).await.unwrap();
    world.advance(590 * SECOND);
    world.tokens.token().await.unwrap();
    assert!(cached(&world.tokens).is_some());
    assert_eq!(world.token_calls(), 12);
}

#[tokio::test]
async fn imports_count_too_and_the_stored_login_is_untouched() {
    let world = world().await;
    let stored = world.stored().await;
    let refresh = crate::support::refresh_token(&stored).to_owned();
    let tokens = world.manager().user("b@example.com").unwrap();
    for _ in 0..10 {
        tokens.import(&*refresh).await.unwrap();
    }
    let error = tokens.import(&*refresh).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
    assert_eq!(world.sim.journal().refreshes(), 10);
    assert_eq!(access(&world.stored().await), access(&stored));
}

#[tokio::test]
async fn a_network_that_is_down_costs_nothing_of_the_budget() {
    let world = world().await;
    let accounts = accounts(&world.sim, &world.clock, credentials(&world.sim));
    let refresh = world.stored().await.refresh.unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = origin(&format!("https://{nobody}"));
    for _ in 0..15 {
        let error = accounts.refresh(&refresh, &nobody).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
    }
    let server = origin(&world.sim.accounts_url());
    for _ in 0..10 {
        accounts.refresh(&refresh, &server).await.unwrap();
    }
    let error = accounts.refresh(&refresh, &server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
}
