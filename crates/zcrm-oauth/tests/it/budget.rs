//! The local budget: what Zoho would refuse is not asked for.

use std::time::Duration;

use zcrm_core::{ErrorKind, Outcome};
use zcrm_sim::{RefreshLimit, Simulator};

use crate::support::{HOUR, Shelf, World, access, cached};

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
