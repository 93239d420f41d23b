//! Revocation of tokens.

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

/// The part of the revoking request that carries the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokeBy {
    /// The body, like every other secret.
    #[default]
    Form,
    /// The URL, as in Zoho's documentation. Servers and proxies write URLs into their logs, so use
    /// this only for an accounts server that requires it.
    Query,
}

impl Accounts {
    /// Revokes an access token, or a refresh token with all its access tokens.
    ///
    /// # Errors
    /// Returns an error of kind [`Credential`](zcrm_core::ErrorKind::Credential) with
    /// [`TokenFault::InvalidRefreshToken`](crate::TokenFault::InvalidRefreshToken) if the token is
    /// no longer valid, or an error of the transport.
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
            // Zoho's documentation names no error words for this call
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
                    "the answer has neither a success nor an error",
                    &reply,
                )),
            }
        };
        judge().map_err(|error| error.with_call(reply.call()).with_host(server.host()))
    }
}
