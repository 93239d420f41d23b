//! What the tests across layers share: a simulator with a client that is logged in.

use std::{future::ready, sync::Arc, time::Duration};

use zcrm::{
    Client, ClientBuilder, Config, Error,
    http::{Clock, RetryPolicy, TokioClock},
};
use zcrm_sim::{Builder, Simulator};

/// A simulator and a client that is logged in at it.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "taken apart in tests")]
pub struct Fixture {
    /// The simulator.
    pub sim: Simulator,
    /// The client; its waits between tries are over at once.
    pub client: Client,
}

/// The system's time, with sleeps that end at once.
#[derive(Debug, Default)]
struct FastClock(TokioClock);

impl Clock for FastClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, _: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(ready(()))
    }
}

/// A retry policy that does not wait.
#[must_use]
pub fn impatient_retry() -> RetryPolicy {
    RetryPolicy::new(Arc::new(FastClock::default()))
}

impl Fixture {
    /// The defaults of both.
    ///
    /// # Errors
    /// Where one of them cannot be set up.
    pub async fn new() -> Result<Self, Box<dyn std::error::Error>> {
        Self::with(|sim| sim, |client| client).await
    }

    /// A simulator and a client, each with changes of the caller's.
    ///
    /// # Errors
    /// Where one of them cannot be set up.
    pub async fn with(
        sim: impl FnOnce(Builder) -> Builder,
        client: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let sim = sim(Simulator::builder()).start().await?;
        let client = client(builder(&sim)).build()?;
        client.tokens().exchange(sim.grant_token()).await?;
        sim.clear_journal();
        Ok(Self { sim, client })
    }
}

/// A client's builder with all that it needs to reach the simulator, but for a store.
pub fn builder(sim: &Simulator) -> ClientBuilder {
    let settings = Config::from_map(sim.settings()).unwrap_or_default();
    Client::builder().config(settings).retry(impatient_retry())
}

/// An error's text and those of its sources, in one line.
#[must_use]
pub fn whole_text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
