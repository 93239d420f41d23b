//! Revoking tokens.

use serde::Deserialize;
use zcrm_core::{ApiVersion, Base, BodyShape, Endpoint, Error, ExposeSecret, Origin, SecretString};

use super::{
    accounts::Accounts,
    answer::{self, Flow},
};

const REVOKE: Endpoint = Endpoint::post("/oauth/v2/token/revoke")
    .id("oauth.revoke")
    .base(Base::Root)
    .query(&["token"])
    .body(BodyShape::Form);

/// Where the token stands in the call that revokes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokeBy {
    /// In the body, like every other secret.
    #[default]
    Form,
    /// In the URL, as Zoho's page has it. Servers and proxies on the way write URLs into their logs:
    /// only for an accounts server that takes it no other way.
    Query,
}

#[derive(Deserialize)]
struct Wire {
    status: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Accounts {
    /// Revokes a refresh token, and with it its access tokens, or one access token.
    ///
    /// # Errors
    /// Of kind [`Credential`](zcrm_core::ErrorKind::Credential) where the token is dead already
    /// ([`TokenFault::DeadRefreshToken`](crate::TokenFault::DeadRefreshToken)), or of the transport.
    pub async fn revoke(
        &self,
        token: &SecretString,
        server: &Origin,
        by: RevokeBy,
    ) -> Result<(), Error> {
        let token = token.expose_secret();
        let request = REVOKE.request(ApiVersion::V2);
        let request = match by {
            RevokeBy::Form => request.form(&[("token", token)]),
            RevokeBy::Query => request.query("token", token).form(&[]),
        };
        let reply = self.send(server, request).await?;
        let judge = || {
            let wire: Wire = answer::object(&reply)?;
            match (&wire.error, wire.status.as_deref()) {
                (None, Some("success")) => Ok(()),
                (None, _) => {
                    Err(answer::malformed("the answer says neither success nor an error", &reply))
                }
                // Zoho's pages name no words for this call
                (Some(word), _) => {
                    let dead = ["invalid_code", "invalid_token"].contains(&word.as_str());
                    let word = if dead { "invalid_code" } else { word.as_str() };
                    let description = wire.error_description.as_deref().unwrap_or_default();
                    Err(answer::refusal(Flow::Refresh, word, description, true)
                        .with_status(reply.status()))
                }
            }
        };
        judge().map_err(|error| error.with_call(reply.call()).with_host(server.host()))
    }
}
