//! The local budget: calls that Zoho would refuse are not sent.

use std::{net::TcpListener, time::Duration};

use zcrm_core::{ErrorKind, Outcome};
use zcrm_sim::{RefreshLimit, Simulator};

use crate::support::{FaultyStore, Fixture, HOUR, access, accounts, cached, credentials, origin};

const SECOND: Duration = Duration::from_secs(1);

/// A fixture whose Zoho refuses nothing.
async fn fixture() -> Fixture {
    let builder = Simulator::builder().refresh_limit(RefreshLimit::Off);
    let fixture = Fixture::built(builder, FaultyStore::default()).await;
    fixture.log_in().await;
    fixture.advance(HOUR);
    fixture
}

#[tokio::test]
async fn refuses_the_eleventh_refresh_in_ten_minutes() {
    let fixture = fixture().await;
    fixture.accounts().times(10).reset();
    for _ in 0..10 {
        assert_eq!(fixture.tokens.token().await.unwrap_err().kind(), ErrorKind::Transport);
        fixture.advance(SECOND);
    }
    for _ in 0..3 {
        let error = fixture.tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
        assert_eq!(error.retry_after(), Some(590 * SECOND));
    }
    assert_eq!(fixture.token_calls(), 10);
    // another login of the same process has a separate budget
    let other = fixture.manager().user("b@example.com").unwrap();
    other.exchange(fixture.sim.grant_token()).await.unwrap();
    fixture.advance(590 * SECOND);
    fixture.tokens.token().await.unwrap();
    assert!(cached(&fixture.tokens).is_some());
    assert_eq!(fixture.token_calls(), 12);
}

#[tokio::test]
async fn counts_imports_in_the_refresh_budget() {
    let fixture = fixture().await;
    let stored = fixture.stored().await;
    let refresh = crate::support::refresh_token(&stored).to_owned();
    let tokens = fixture.manager().user("b@example.com").unwrap();
    for _ in 0..10 {
        tokens.import(&*refresh).await.unwrap();
    }
    let error = tokens.import(&*refresh).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
    assert_eq!(fixture.sim.journal().refreshes(), 10);
    assert_eq!(access(&fixture.stored().await), access(&stored));
}

#[tokio::test]
async fn spends_no_budget_while_the_network_is_down() {
    let fixture = fixture().await;
    let accounts = accounts(&fixture.sim, &fixture.clock, credentials(&fixture.sim));
    let refresh = fixture.stored().await.refresh.unwrap();
    let unreachable = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let unreachable = origin(&format!("https://{unreachable}"));
    for _ in 0..15 {
        let error = accounts.refresh(&refresh, &unreachable).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
    }
    let server = origin(&fixture.sim.accounts_url());
    for _ in 0..10 {
        accounts.refresh(&refresh, &server).await.unwrap();
    }
    let error = accounts.refresh(&refresh, &server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
}
