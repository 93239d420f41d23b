//! A simulator, and an API that talks to it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use tower::{service_fn, util::BoxCloneSyncService};
use zcrm_api::Api;
use zcrm_core::{ApiVersion, Base, BodyShape, ManualClock, Operation};
use zcrm_http::{
    Authorization, Connector, ReqBody, ResBody, Stack, StaticAuthorizer, layer::RetryPolicy,
};
use zcrm_sim::{Builder, Simulator};

pub(crate) struct Fixture {
    pub(crate) sim: Simulator,
    pub(crate) api: Api,
}

impl Fixture {
    pub(crate) async fn new(version: ApiVersion) -> Self {
        Self::with(version, |builder| builder).await
    }

    /// A fixture whose simulator is set up by `change`.
    pub(crate) async fn with(version: ApiVersion, change: impl FnOnce(Builder) -> Builder) -> Self {
        let sim = change(Simulator::builder()).start().await.unwrap();
        let connector = Connector::builder().root_pem(sim.ca_pem()).build().unwrap();
        let policy = RetryPolicy::new(Arc::new(ManualClock::jumping()));
        let stack = Stack::new(connector).retry(policy);
        let token = access_token(&sim, &stack).await;
        let authorization = Authorization::zoho(&token, sim.api_url().parse().unwrap()).unwrap();
        let api = Api::new(stack.build(), version)
            .authorized_by(Arc::new(StaticAuthorizer::new(authorization)));
        sim.clear_journal();
        Self { sim, api }
    }
}

async fn access_token(sim: &Simulator, stack: &Stack<Connector>) -> String {
    const TOKEN: Operation =
        Operation::post("/oauth/v2/token").base(Base::Root).body(BodyShape::Form);
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
    }
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &sim.client_id()),
        ("client_secret", &sim.client_secret()),
        ("redirect_uri", &sim.redirect_uri()),
        ("code", &sim.grant_token()),
    ];
    let mut request = TOKEN.request(ApiVersion::V2).form(&form).build().unwrap().map(ReqBody::from);
    *request.uri_mut() = format!("{}/oauth/v2/token", sim.accounts_url()).parse().unwrap();
    let transport = stack.build_for_accounts(std::time::Duration::from_secs(20));
    let answer: Answer = zcrm_http::send(&transport, request).await.unwrap().json().unwrap();
    answer.access_token
}

/// An API whose server gives this answer to every call.
pub(crate) fn answering(
    version: ApiVersion,
    status: u16,
    headers: &[(&'static str, &str)],
    body: &str,
) -> Api {
    let mut answer = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    let answer = answer.body(Bytes::from(body.to_owned())).unwrap();
    let transport = service_fn(move |_| {
        let answer = answer.clone();
        async move { Ok(answer.map(ResBody::from)) }
    });
    Api::new(BoxCloneSyncService::new(transport), version)
}

/// Runs a test once for each version that zcrm must serve alike.
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
