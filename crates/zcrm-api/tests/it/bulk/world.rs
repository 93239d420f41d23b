//! A simulator and an API that share a clock, whose waits end at once.

use std::{sync::Arc, time::Duration};

use zcrm_api::Api;
use zcrm_core::{ApiVersion, ManualClock};
use zcrm_http::{Authorization, Stack, StaticAuthorizer};
use zcrm_sim::{Builder, BulkReadSettings, ClockMode, Simulator};

pub(super) struct World {
    pub(super) sim: Simulator,
    pub(super) clock: ManualClock,
    pub(super) version: ApiVersion,
}

impl World {
    /// A simulator with 250 leads, and jobs of 100 rows.
    pub(super) async fn leads() -> Self {
        let settings = BulkReadSettings::new().rows_per_job(100);
        Self::with(ApiVersion::V8, |sim| sim.bulk_read(settings).records("Leads", 250)).await
    }

    pub(super) async fn with(version: ApiVersion, change: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = ManualClock::skipping_waits();
        let follow = ClockMode::following(clock.reader());
        let sim = change(Simulator::builder().clock(follow)).start().await.unwrap();
        Self { sim, clock, version }
    }

    /// An API with a new token, as in a new process.
    pub(super) async fn api(&self) -> Api {
        self.api_of(&self.sim.grant_token()).await
    }

    /// An API whose token has only some scopes.
    pub(super) async fn api_for(&self, scopes: &[&str]) -> Api {
        self.api_of(&self.sim.grant_token_for(scopes)).await
    }

    async fn api_of(&self, grant: &str) -> Api {
        let stack = Stack::new(zcrm_test_kit::connector(&self.sim));
        let stack = stack.retry(zcrm_test_kit::impatient_retry());
        let token = zcrm_test_kit::access_token_of(&self.sim, grant).await;
        let files = || self.sim.content_url().parse().unwrap();
        let authorization = Authorization::zoho(&token, self.sim.api_url().parse().unwrap());
        let authorization = authorization.unwrap().with_content(files()).with_download(files());
        let api = Api::new(stack.build(), self.version);
        let api = api.authorized_by(Arc::new(StaticAuthorizer::new(authorization)));
        api.with_clock(Arc::new(self.clock.clone()))
    }

    /// The number of jobs that were created.
    pub(super) fn paid(&self) -> usize {
        let journal = self.sim.journal();
        let created = |status: Option<u16>| status.is_none_or(|status| status == 201);
        journal.count(|call| {
            call.method == "POST" && call.path.ends_with("/read") && created(call.status)
        })
    }

    /// The number of calls with this method whose path ends so.
    pub(super) fn calls(&self, method: &str, end: &str) -> usize {
        self.sim.journal().count(|call| call.method == method && call.path.ends_with(end))
    }

    pub(super) fn advance_hours(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3_600));
    }
}
