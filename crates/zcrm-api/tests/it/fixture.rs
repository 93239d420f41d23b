//! A simulator and an API that calls it.

use std::sync::Arc;

use zcrm_api::Api;
use zcrm_core::ApiVersion;
use zcrm_http::{Stack, StaticAuthorizer};
use zcrm_sim::{Builder, Simulator};

pub(crate) struct Fixture {
    pub(crate) sim: Simulator,
    pub(crate) api: Api,
}

impl Fixture {
    pub(crate) async fn new(version: ApiVersion) -> Self {
        Self::with(version, |builder| builder).await
    }

    /// Creates a fixture whose simulator is configured by `change`.
    pub(crate) async fn with(version: ApiVersion, change: impl FnOnce(Builder) -> Builder) -> Self {
        let sim = change(Simulator::builder()).start().await.unwrap();
        let policy = zcrm_test_kit::impatient_retry();
        let stack = Stack::new(zcrm_test_kit::connector(&sim)).retry(policy);
        let token = zcrm_test_kit::access_token(&sim).await;
        let origin = sim.api_url().parse().unwrap();
        let authorizer = StaticAuthorizer::zoho(&token, origin).unwrap();
        let api = Api::new(stack.build(), version).authorized_by(Arc::new(authorizer));
        sim.clear_journal();
        Self { sim, api }
    }
}

/// Defines a test that runs in v2 and in v8.
macro_rules! on_both_versions {
    ($($(#[$attribute:meta])* async fn $name:ident($version:ident) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                $(#[$attribute])*
                async fn run($version: zcrm_core::ApiVersion) $body

                #[tokio::test]
                async fn in_v2() {
                    run(zcrm_core::ApiVersion::V2).await;
                }

                #[tokio::test]
                async fn in_v8() {
                    run(zcrm_core::ApiVersion::V8).await;
                }
            }
        )*
    };
}
pub(crate) use on_both_versions;
