//! A connector and an access token for the simulator.

use std::{sync::Arc, time::Duration};

use zcrm_core::{ApiVersion, Base, BodyShape, Operation};
use zcrm_http::{Authorization, Connector, ReqBody, Stack};
use zcrm_sim::Simulator;

use crate::ScriptedAuthorizer;

const TOKEN: Operation =
    Operation::post("/oauth/v2/token").id("oauth.token").base(Base::Root).body(BodyShape::Form);

/// Returns a connector that trusts the simulator.
#[must_use]
pub fn connector(sim: &Simulator) -> Connector {
    let builder = Connector::builder();
    let builder = match sim.ca_pem() {
        "" => builder,
        pem => builder.root_pem(pem),
    };
    builder.build().unwrap()
}

/// Returns an access token of the simulator for its production API.
pub async fn access_token(sim: &Simulator) -> String {
    access_token_of(sim, &sim.grant_token()).await
}

/// Returns the access token that the simulator issues for a grant token.
pub async fn access_token_of(sim: &Simulator, grant: &str) -> String {
    let transport = Stack::new(connector(sim)).build_for_accounts(Duration::from_secs(20));
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &sim.client_id()),
        ("client_secret", &sim.client_secret()),
        ("redirect_uri", &sim.redirect_uri()),
        ("code", grant),
    ];
    let mut request = TOKEN.request(ApiVersion::V8).form(&fields).build().unwrap();
    *request.uri_mut() = format!("{}/oauth/v2/token", sim.accounts_url()).parse().unwrap();
    let reply = zcrm_http::send(&transport, request.map(ReqBody::from)).await.unwrap();
    let body: serde_json::Value = reply.json().unwrap();
    body.get("access_token").and_then(|token| token.as_str()).unwrap().to_owned()
}

/// Returns the authorizer of a logged-in user of the simulator, and clears the journal.
pub async fn user(sim: &Simulator) -> Arc<ScriptedAuthorizer> {
    let access = access_token(sim).await;
    sim.clear_journal();
    let origin = sim.api_url().parse().unwrap();
    ScriptedAuthorizer::holding(Authorization::zoho(&access, origin).unwrap())
}
