//! Calls of the accounts server.

use std::sync::Arc;

use zcrm_core::{
    ApiVersion, Base, BodyShape, CallMeta, Clock, Endpoint, Error, ExposeSecret, Origin,
    SecretString,
};
use zcrm_http::{ReqBody, Transport, send};

use super::answer::{self, Flow};
use crate::StoredToken;

/// Zoho's token call, for all flows.
const TOKEN: Endpoint =
    Endpoint::post("/oauth/v2/token").id("oauth.token").base(Base::Root).body(BodyShape::Form);

/// Who the application is: what Zoho's API console shows for a client.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    client_id: String,
    client_secret: SecretString,
    redirect_uri: String,
}

impl ClientCredentials {
    /// The three values of a client. A self client has no redirect URI of its own; any value
    /// serves.
    ///
    /// # Errors
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config), naming the first that is empty.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<SecretString>,
        redirect_uri: impl Into<String>,
    ) -> Result<Self, Error> {
        let credentials = Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            redirect_uri: redirect_uri.into(),
        };
        let given = [
            ("client_id", credentials.client_id.trim()),
            ("client_secret", credentials.client_secret.expose_secret().trim()),
            ("redirect_uri", credentials.redirect_uri.trim()),
        ];
        match given.iter().find(|(_, value)| value.is_empty()) {
            Some((name, _)) => Err(Error::config(format!(
                "`{name}` is missing: Zoho's API console shows it for your client"
            ))),
            None => Ok(credentials),
        }
    }

    /// The client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }
}

/// Speaks to accounts servers for one client. It keeps nothing; [`TokenManager`](crate::TokenManager)
/// does.
///
/// Secrets travel in the body, never in a URL.
#[derive(Clone, Debug)]
pub struct Accounts {
    credentials: ClientCredentials,
    transport: Transport,
    clock: Arc<dyn Clock>,
}

impl Accounts {
    /// A client over `transport`, which must not retry: a token call that is sent twice may spend
    /// a grant. [`Stack::build_for_accounts`](zcrm_http::Stack::build_for_accounts) makes one.
    #[must_use]
    pub fn new(
        credentials: ClientCredentials,
        transport: Transport,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { credentials, transport, clock }
    }

    /// The client that it speaks for.
    #[must_use]
    pub fn credentials(&self) -> &ClientCredentials {
        &self.credentials
    }

    /// Exchanges a grant token. It is spent by this, also where the answer is lost.
    ///
    /// # Errors
    /// Of kind [`Credential`](zcrm_core::ErrorKind::Credential) where the grant is used, expired or
    /// of another client, [`Throttled`](zcrm_core::ErrorKind::Throttled) where Zoho wants a pause,
    /// or of the transport.
    pub async fn exchange(
        &self,
        grant: &SecretString,
        server: &Origin,
    ) -> Result<StoredToken, Error> {
        let grant = grant.expose_secret().trim();
        if grant.is_empty() {
            return Err(Error::input(
                "the grant token is empty: make one in Zoho's API console, or take the `code` of \
                 the redirect",
            ));
        }
        self.call(Flow::Exchange, server, &[("grant_type", "authorization_code"), ("code", grant)])
            .await
    }

    /// Gets an access token for a refresh token. The answer holds no refresh token; the old one
    /// stays good.
    ///
    /// # Errors
    /// Of kind [`Credential`](zcrm_core::ErrorKind::Credential) where the refresh token is dead,
    /// [`Throttled`](zcrm_core::ErrorKind::Throttled) where Zoho wants a pause (more than ten in
    /// ten minutes), or of the transport.
    pub async fn refresh(
        &self,
        refresh: &SecretString,
        server: &Origin,
    ) -> Result<StoredToken, Error> {
        let refresh = refresh.expose_secret();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        self.call(Flow::Refresh, server, &fields).await
    }

    async fn call(
        &self,
        flow: Flow,
        server: &Origin,
        fields: &[(&str, &str)],
    ) -> Result<StoredToken, Error> {
        let ClientCredentials { client_id, client_secret, redirect_uri } = &self.credentials;
        let mut form = vec![
            ("client_id", client_id.as_str()),
            ("client_secret", client_secret.expose_secret()),
            ("redirect_uri", redirect_uri.as_str()),
        ];
        form.extend_from_slice(fields);
        let mut request = TOKEN.request(ApiVersion::V2).form(&form).build()?.map(ReqBody::from);
        *request.uri_mut() = format!("{server}{}", TOKEN.template())
            .parse()
            .map_err(|_| Error::config("the accounts server is no valid URL"))?;
        let call = request.extensions().get::<CallMeta>().cloned();
        // counted from before the call, so that no answer's delay makes a token look younger
        let asked = self.clock.now();
        let reply = send(&self.transport, request).await?;
        answer::decode(flow, &reply, asked)
            .map(|token| token.with_accounts_server(server.to_string()))
            .map_err(|error| match &call {
                Some(call) => error.with_call(call).with_host(server.host()),
                None => error.with_host(server.host()),
            })
    }
}
