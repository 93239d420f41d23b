//! A simulator, a client that is logged in, and their clock.

use std::sync::Arc;

use zcrm::{
    Client, ClientBuilder, Config,
    stores::{MemoryStore, TokenStore as _},
};
use zcrm_core::ManualClock;
use zcrm_sim::{Builder, ClockMode, Simulator};

/// Returns a client builder for this simulator, with the tokens in memory.
pub fn builder(sim: &Simulator) -> ClientBuilder {
    Client::builder().config(Config::from_map(sim.settings()).unwrap())
}

/// Builds the client, and logs it in.
pub async fn logged_in(sim: &Simulator, builder: ClientBuilder) -> Client {
    let client = builder.build().unwrap();
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    client
}

/// A simulator and a logged-in client that share one clock. Waits between attempts end immediately,
/// and timeouts only expire when the test advances the clock.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "taken apart in tests")]
pub struct World {
    /// The simulator, with an empty journal.
    pub sim: Simulator,
    /// The client.
    pub client: Client,
    /// The clock of both.
    pub clock: ManualClock,
}

impl World {
    /// Starts both with their defaults.
    pub async fn new() -> Self {
        Self::with(|sim| sim, |client| client).await
    }

    /// Starts both with the test's changes.
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

    /// Returns a client with the same login, as after a restart of the application: it does not
    /// know that its token was just issued.
    pub async fn restarted(&self) -> Client {
        let tokens = self.client.tokens();
        let store = MemoryStore::new();
        store.save(tokens.key(), &tokens.stored().await.unwrap().unwrap()).await.unwrap();
        builder(&self.sim).clock(Arc::new(self.clock.clone())).store(store).build().unwrap()
    }
}
