//! Many users whose tokens expire together, with two connections to the database, while the
//! accounts server delays the refresh of one user.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use zcrm_core::{BaseUrls, Clock, DataCenter, Environment, ManualClock};
use zcrm_oauth::TokenManager;
use zcrm_sim::{ClockMode, Host, Simulator};
use zcrm_store_mysql::MySqlStore;

const USERS: usize = 50;
const LATER: Duration = Duration::from_secs(2 * 3600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_other_users_while_one_refresh_hangs() {
    let url = std::env::var("ZCRM_TEST_MYSQL_URL").expect("`cargo xtask test` starts a server");
    let database = format!("zcrm_starvation_{}", std::process::id());
    let store = MySqlStore::builder().url(&url).unwrap().database(database).pool_size(2);
    let store = store.build().unwrap();
    store.create_schema().await.unwrap();
    store.migrate().await.unwrap();

    let clock = ManualClock::new();
    let name = |at: usize| format!("user{at}@example.com");
    let builder = Simulator::builder().plain_http().clock(ClockMode::Frozen(clock.now()));
    let sim = (0..USERS).fold(builder, |sim, at| sim.user(name(at))).start().await.unwrap();
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(sim.accounts_url().parse().unwrap())
        .with_api(sim.api_url().parse().unwrap());
    let manager = TokenManager::builder(sim.client_id(), sim.client_secret())
        .redirect_uri(sim.redirect_uri())
        .base_urls(base_urls)
        .store(store)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    for at in 0..USERS {
        let tokens = manager.user(&name(at)).unwrap();
        tokens.exchange(sim.grant().user(name(at)).issue()).await.unwrap();
    }
    clock.advance(LATER);
    sim.advance(LATER);

    let hold = sim.faults().on_host(Host::Accounts).hold();
    let mut refreshes = JoinSet::new();
    for at in 0..USERS {
        let tokens = manager.user(&name(at)).unwrap();
        refreshes.spawn(async move { tokens.token().await });
    }
    for _ in 1..USERS {
        refreshes.join_next().await.unwrap().unwrap().unwrap();
    }
    assert_eq!(hold.arrived(), 1);
    assert_eq!(refreshes.len(), 1, "only the delayed refresh is still waiting");
    hold.release();
    refreshes.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(sim.journal().refreshes(), USERS);
}
