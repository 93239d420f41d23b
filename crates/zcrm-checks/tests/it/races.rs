//! A login or a logout during a refresh takes precedence over it, even if it could not wait for the
//! lock.

use std::{path::Path, sync::Arc, time::Duration};

use zcrm_core::{
    BaseUrls, Clock, DataCenter, Environment, ErrorKind, ExposeSecret as _, ManualClock,
};
use zcrm_oauth::{TokenManager, UserTokens};
use zcrm_sim::{ClockMode, Hold, Host, Simulator};
use zcrm_store_file::FileStore;

const LATER: Duration = Duration::from_secs(2 * 3600);

/// Returns a user's tokens with a separate store, as another process has it.
fn process(sim: &Simulator, folder: &Path, clock: &ManualClock, locks: ManualClock) -> UserTokens {
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(sim.accounts_url().parse().unwrap())
        .with_api(sim.api_url().parse().unwrap());
    let manager = TokenManager::builder(sim.client_id(), sim.client_secret())
        .redirect_uri(sim.redirect_uri())
        .base_urls(base_urls)
        .store(FileStore::new(folder).with_clock(Arc::new(locks)))
        .clock(Arc::new(clock.clone()));
    manager.build().unwrap().user(&sim.user_email()).unwrap()
}

/// A login, and its refresh, which is held at the accounts server.
struct Scene {
    sim: Simulator,
    refreshing: UserTokens,
    /// Another process, whose waits for a lock end immediately.
    other: UserTokens,
    hold: Hold,
    _folder: tempfile::TempDir,
}

async fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let sim = Simulator::builder()
        .plain_http()
        .clock(ClockMode::Frozen(clock.now()))
        .start()
        .await
        .unwrap();
    let refreshing = process(&sim, folder.path(), &clock, ManualClock::new());
    let other = process(&sim, folder.path(), &clock, ManualClock::jumping());
    refreshing.exchange(sim.grant_token()).await.unwrap();
    clock.advance(LATER);
    sim.advance(LATER);
    let hold = sim.faults().on_host(Host::Accounts).hold();
    Scene { sim, refreshing, other, hold, _folder: folder }
}

#[tokio::test]
async fn prefers_a_login_during_a_refresh() {
    let Scene { sim, refreshing, other, hold, _folder } = scene().await;
    let refresh = tokio::spawn({
        let refreshing = refreshing.clone();
        async move { refreshing.token().await }
    });
    hold.wait_arrived().await;
    let login = other.exchange(sim.grant_token()).await.unwrap();
    hold.release();

    let got = refresh.await.unwrap().unwrap();
    assert_eq!(got.access.expose_secret(), login.access.expose_secret());
    let stored = other.stored().await.unwrap().unwrap();
    assert!(stored.is_same_login(&login));
    assert_eq!(stored.access.expose_secret(), login.access.expose_secret());
}

#[tokio::test]
async fn prefers_a_logout_during_a_refresh() {
    let Scene { sim: _sim, refreshing, other, hold, _folder } = scene().await;
    let refresh = tokio::spawn({
        let refreshing = refreshing.clone();
        async move { refreshing.token().await }
    });
    hold.wait_arrived().await;
    assert!(other.logout().await.unwrap());
    hold.release();

    let error = refresh.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential, "{error}");
    assert!(refreshing.stored().await.unwrap().is_none());
}
