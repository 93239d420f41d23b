//! A simulator, a client that is logged in at it, and their clock.

use std::sync::Arc;

use zcrm::{
    Client, ClientBuilder, Config,
    stores::{MemoryStore, TokenStore as _},
};
use zcrm_core::ManualClock;
use zcrm_sim::{Builder, ClockMode, Simulator};

/// Returns a builder of clients of this simulator, with the tokens in memory.
pub fn builder(sim: &Simulator) -> ClientBuilder {
    Client::builder().config(Config::from_map(sim.settings()).unwrap())
}

/// Builds the client, and logs it in at the simulator.
pub async fn logged_in(sim: &Simulator, builder: ClientBuilder) -> Client {
    let client = builder.build().unwrap();
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    client
}

/// A simulator, and a client that is logged in at it. Both go by one clock: what the client waits
/// between two attempts is over at once, and its timeouts stand still until the test advances it.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "taken apart in tests")]
pub struct World {
    /// The simulator, with an empty journal.
    pub sim: Simulator,
    /// The client.
    pub client: Client,
    /// The time of both.
    pub clock: ManualClock,
}

impl World {
    /// Starts both with their defaults.
    pub async fn new() -> Self {
        Self::with(|sim| sim, |client| client).await
    }

    /// Starts both with changes of the test's.
    pub async fn with(
        sim: impl FnOnce(Builder) -> Builder,
        client: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        let clock = ManualClock::skipping_waits();
        let follow = ClockMode::following(clock.reader());
        let sim = sim(Simulator::builder().clock(follow)).start().await.unwrap();
        let builder = client(builder(&sim).clock(Arc::new(clock.clone())));
        let client = logged_in(&sim, builder).await;
        sim.clear_journal();
        Self { sim, client, clock }
    }

    /// Returns a client with the same login whose token is not fresh from the accounts server, as after a
    /// restart of the application.
    pub async fn restarted(&self) -> Client {
        let tokens = self.client.tokens();
        let store = MemoryStore::new();
        store.save(tokens.key(), &tokens.stored().await.unwrap().unwrap()).await.unwrap();
        builder(&self.sim).clock(Arc::new(self.clock.clone())).store(store).build().unwrap()
    }
}
