//! Revoking tokens.

use zcrm_core::{
    ApiVersion, Base, BodyShape, Error, ExposeSecret, Operation, Origin, SecretString,
};

use super::{
    accounts::Accounts,
    token_response::{self, Flow},
};

const REVOKE: Operation = Operation::post("/oauth/v2/token/revoke")
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

impl Accounts {
    /// Revokes a refresh token, and with it its access tokens, or one access token.
    ///
    /// # Errors
    /// Of kind [`Credential`](zcrm_core::ErrorKind::Credential) where the token is dead already
    /// ([`TokenFault::InvalidRefreshToken`](crate::TokenFault::InvalidRefreshToken)), or of the transport.
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
            let fields = token_response::object(&reply)?;
            // Zoho's pages name no words for this call
            if fields.text("error") == Some("invalid_token") {
                return Err(token_response::refusal(
                    Flow::Refresh,
                    "invalid_code",
                    "",
                    true,
                    &reply,
                ));
            }
            match fields.refusal(Flow::Refresh, &reply, true) {
                Some(refusal) => Err(refusal),
                None if fields.text("status") == Some("success") => Ok(()),
                None => Err(token_response::malformed(
                    "the answer says neither success nor an error",
                    &reply,
                )),
            }
        };
        judge().map_err(|error| error.with_call(reply.call()).with_host(server.host()))
    }
}
