//! Calls of the accounts server.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use http::Request;
use zcrm_core::{
    ApiVersion, Base, BodyShape, Clock, Error, ErrorKind, ExposeSecret, Operation, Origin, Outcome,
    Reply, RequestBuilder, SecretString, escaped_url, within,
};
use zcrm_http::{ReqBody, Transport, send};

use super::{
    client_secret::ClientSecret,
    fault::TokenFault,
    issued_token::IssuedToken,
    refresh_budget::RefreshBudget,
    server_time::{ClockReading, ServerTime},
    token_response::{self, Flow},
};
use crate::StoredToken;

/// The timeout of a token call with everything that belongs to it: reading the client secret, and a
/// second request with a new secret.
pub(super) const TOKEN_CALL_TIMEOUT: Duration =
    Accounts::REQUEST_TIMEOUT.saturating_add(Duration::from_secs(5));

/// The timeout for the source of the client secret.
const SECRET_TIMEOUT: Duration = Duration::from_secs(10);

/// Zoho's token call, for all flows but that of devices.
const TOKEN: Operation =
    Operation::post("/oauth/v2/token").id("oauth.token").base(Base::Root).body(BodyShape::Form);

/// Who the application is: what Zoho's API console shows for a client.
#[derive(Clone)]
pub struct ClientCredentials {
    client_id: String,
    client_secret: ClientSecret,
    redirect_uri: Option<String>,
}

impl ClientCredentials {
    /// The three values of a client that was registered with a redirect URI. A self client has none:
    /// [`self_client`](Self::self_client).
    ///
    /// ```
    /// use zcrm_oauth::{ClientCredentials, ClientSecret};
    ///
    /// let secret = ClientSecret::file("/run/secrets/zoho");
    /// let client = ClientCredentials::new("1000.ABC", secret, "https://example.com/callback")?;
    /// assert_eq!(client.client_id(), "1000.ABC");
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Of kind [`Config`](ErrorKind::Config), naming all that are empty.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<ClientSecret>,
        redirect_uri: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::checked(client_id.into(), client_secret.into(), Some(redirect_uri.into()))
    }

    /// The two values of a self client, whose grant tokens come from Zoho's API console. It can do
    /// all but a login in a browser.
    ///
    /// ```
    /// use zcrm_oauth::ClientCredentials;
    ///
    /// let client = ClientCredentials::self_client("1000.ABC", "secret")?;
    /// assert_eq!(client.redirect_uri(), None);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Of kind [`Config`](ErrorKind::Config), naming all that are empty.
    pub fn self_client(
        client_id: impl Into<String>,
        client_secret: impl Into<ClientSecret>,
    ) -> Result<Self, Error> {
        Self::checked(client_id.into(), client_secret.into(), None)
    }

    fn checked(
        client_id: String,
        client_secret: ClientSecret,
        redirect_uri: Option<String>,
    ) -> Result<Self, Error> {
        let given = [
            ("`client_id`", client_id.trim().is_empty()),
            ("`client_secret`", client_secret.is_blank()),
            ("`redirect_uri`", redirect_uri.as_ref().is_some_and(|uri| uri.trim().is_empty())),
        ];
        let blank = given.iter().filter(|(_, blank)| *blank).map(|(name, _)| *name);
        let missing: Vec<&str> = blank.collect();
        if missing.is_empty() {
            return Ok(Self { client_id, client_secret, redirect_uri });
        }
        let verb = if missing.len() == 1 { "is" } else { "are" };
        Err(Error::config(format!(
            "{} {verb} missing: Zoho's API console shows them for your client",
            missing.join(", ")
        )))
    }

    /// The client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The redirect URI; a self client has none.
    #[must_use]
    pub fn redirect_uri(&self) -> Option<&str> {
        self.redirect_uri.as_deref()
    }
}

/// Shows no secret, nor a password or query of the redirect URI.
impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("redirect_uri", &self.redirect_uri.as_deref().map(escaped_url))
            .finish()
    }
}

/// Speaks to accounts servers for one client. It keeps no token;
/// [`TokenManager`](crate::TokenManager) does. Clones share what it has learnt: the secrets that a
/// provider gave, how often each refresh token was used, and the server's time.
///
/// Secrets travel in the body, never in a URL. A token call ends within 25 s.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    credentials: ClientCredentials,
    transport: Transport,
    clock: Arc<dyn Clock>,
    /// What the secret's source gave, until the server no longer takes it.
    secrets: Mutex<HashMap<Origin, SecretString>>,
    /// The servers that have given a token to this client.
    known_at: Mutex<HashSet<Origin>>,
    refresh_budget: RefreshBudget,
    time: ServerTime,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("credentials", &self.0.credentials).finish_non_exhaustive()
    }
}

impl Accounts {
    /// The timeout of one request to an accounts server, for
    /// [`Stack::build_for_accounts`](zcrm_http::Stack::build_for_accounts). A whole token call and the
    /// wait for the store's lock take a little longer, so that each ends before those that wait for it.
    pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

    /// A client over `transport`, which must not retry: a token call that is sent twice may spend
    /// a grant. [`Stack::build_for_accounts`](zcrm_http::Stack::build_for_accounts) makes one.
    #[must_use]
    pub fn new(
        credentials: ClientCredentials,
        transport: Transport,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Inner {
            credentials,
            transport,
            clock,
            secrets: Mutex::default(),
            known_at: Mutex::default(),
            refresh_budget: RefreshBudget::default(),
            time: ServerTime::default(),
        }))
    }

    /// The client that it speaks for.
    #[must_use]
    pub fn credentials(&self) -> &ClientCredentials {
        &self.0.credentials
    }

    /// Exchanges a grant token. It is spent by this, also where the answer is lost.
    ///
    /// # Errors
    /// Of kind [`Credential`](ErrorKind::Credential) where the grant is used, expired or of another
    /// client, [`Throttled`](ErrorKind::Throttled) where Zoho wants a pause, or of the transport.
    pub async fn exchange(
        &self,
        grant: &SecretString,
        server: &Origin,
    ) -> Result<StoredToken, Error> {
        Ok(self.issue_by_grant(grant, server).await?.token)
    }

    pub(super) async fn issue_by_grant(
        &self,
        grant: &SecretString,
        server: &Origin,
    ) -> Result<IssuedToken, Error> {
        let grant = grant.expose_secret().trim();
        if grant.is_empty() {
            return Err(Error::input(
                "the grant token is empty: make one in Zoho's API console, or take the `code` of \
                 the redirect",
            ));
        }
        let fields = self.with_redirect([("grant_type", "authorization_code"), ("code", grant)]);
        self.tokens(Flow::Exchange, &TOKEN, server, &fields).await
    }

    /// Gets an access token for a refresh token. The answer holds no refresh token; the old one
    /// stays good.
    ///
    /// # Errors
    /// Of kind [`Credential`](ErrorKind::Credential) where the refresh token is dead,
    /// [`Throttled`](ErrorKind::Throttled) where Zoho wants a pause, or where it was used ten times
    /// in the last ten minutes (then nothing is sent), or of the transport.
    pub async fn refresh(
        &self,
        refresh: &SecretString,
        server: &Origin,
    ) -> Result<StoredToken, Error> {
        Ok(self.issue_by_refresh(refresh, server).await?.token)
    }

    pub(super) async fn issue_by_refresh(
        &self,
        refresh: &SecretString,
        server: &Origin,
    ) -> Result<IssuedToken, Error> {
        let refresh = refresh.expose_secret().trim();
        if refresh.is_empty() {
            return Err(Error::input("the refresh token is empty"));
        }
        let fields =
            self.with_redirect([("grant_type", "refresh_token"), ("refresh_token", refresh)]);
        self.within_budget(refresh, self.tokens(Flow::Refresh, &TOKEN, server, &fields)).await
    }

    /// Gets an access token for an organisation, without a user: the client itself is trusted.
    /// There is no refresh token; the call is made again instead.
    ///
    /// `soid` is service and organisation id, such as `ZohoCRM.12345678`.
    ///
    /// # Errors
    /// Of kind [`Input`](ErrorKind::Input) where `soid` or the scopes are missing, and as
    /// [`refresh`](Self::refresh).
    pub async fn client_credentials(
        &self,
        soid: &str,
        scopes: &[impl AsRef<str>],
        server: &Origin,
    ) -> Result<StoredToken, Error> {
        Ok(self.issue_to_client(soid, scopes, server).await?.token)
    }

    pub(super) async fn issue_to_client(
        &self,
        soid: &str,
        scopes: &[impl AsRef<str>],
        server: &Origin,
    ) -> Result<IssuedToken, Error> {
        let scope = super::scopes::listed(scopes)?;
        if soid.trim().is_empty() {
            return Err(Error::input(
                "the organisation (`soid`) is missing: it is `ZohoCRM.` and the organisation's id",
            ));
        }
        let fields = [("grant_type", "client_credentials"), ("scope", &*scope), ("soid", soid)];
        self.within_budget(soid, self.tokens(Flow::Client, &TOKEN, server, &fields)).await
    }

    /// Makes one of the calls that may be made with a refresh token. What was not sent costs nothing:
    /// else a network that is down for a moment would lock a login out for ten minutes.
    async fn within_budget(
        &self,
        with: &str,
        call: impl Future<Output = Result<IssuedToken, Error>>,
    ) -> Result<IssuedToken, Error> {
        let budget = &self.0.refresh_budget;
        budget.spend(with, self.0.clock.monotonic()).map_err(|wait| {
            let message = "ten access tokens were fetched for this login in ten minutes, which is \
                           Zoho's limit: something refreshes in a circle";
            Error::new(ErrorKind::Throttled, Outcome::NotSent, message).with_retry_after(wait)
        })?;
        let ended = call.await;
        if matches!(&ended, Err(error) if error.outcome() == Outcome::NotSent) {
            budget.give_back(with);
        }
        ended
    }

    /// These fields of a token call, with the redirect URI where the client has one.
    fn with_redirect<'a>(&'a self, fields: [(&'a str, &'a str); 2]) -> Vec<(&'a str, &'a str)> {
        let redirect = self.credentials().redirect_uri().map(|uri| ("redirect_uri", uri));
        fields.into_iter().chain(redirect).collect()
    }

    /// Now, by the accounts server's clock.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.0.time.now(&*self.0.clock)
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// A call that brings tokens.
    pub(super) async fn tokens(
        &self,
        flow: Flow,
        operation: &Operation,
        server: &Origin,
        fields: &[(&str, &str)],
    ) -> Result<IssuedToken, Error> {
        let call = async {
            let secret = self.secret(server).await?;
            let refused = match self.ask(flow, operation, server, fields, &secret).await {
                Err(error) if is_of_client(&error) => error,
                ended => return ended,
            };
            // it may have been rotated meanwhile; of a wrong client Zoho executes nothing
            match self.another_secret(server, &secret).await {
                Some(other) => self.ask(flow, operation, server, fields, &other).await,
                None => Err(refused),
            }
        };
        within(TOKEN_CALL_TIMEOUT, &*self.0.clock, call).await.unwrap_or_else(|| {
            let message = "the token call did not end in time";
            Err(Error::new(ErrorKind::Timeout, Outcome::Unknown, message).with_host(server.host()))
        })
    }

    async fn ask(
        &self,
        flow: Flow,
        operation: &Operation,
        server: &Origin,
        fields: &[(&str, &str)],
        secret: &SecretString,
    ) -> Result<IssuedToken, Error> {
        let mut form = vec![
            ("client_id", self.credentials().client_id()),
            ("client_secret", secret.expose_secret()),
        ];
        form.extend_from_slice(fields);
        let asked = ClockReading::now(&*self.0.clock);
        let reply = self.send(server, operation.request(ApiVersion::V2).form(&form)).await?;
        let known = locked(&self.0.known_at).contains(server);
        let mut answered = DateTime::UNIX_EPOCH;
        let token = token_response::decode(flow, &reply, known, || {
            answered = self.0.time.measure(&reply, asked);
            answered
        })
        .map_err(|error| error.with_call(reply.call()).with_host(server.host()))?;
        locked(&self.0.known_at).insert(server.clone());
        // `expires_in`, whatever either clock says
        let life = (token.expires_at - answered).to_std().unwrap_or_default();
        let token = token.with_accounts_server(server.to_string());
        Ok(IssuedToken { token, ends: asked.monotonic.saturating_add(life) })
    }

    /// Sends a request to an accounts server.
    pub(super) async fn send(
        &self,
        server: &Origin,
        request: RequestBuilder,
    ) -> Result<Reply, Error> {
        self.send_with(server, request, |_| {}).await
    }

    /// Sends a request to an accounts server, changed by the last argument.
    pub(super) async fn send_with(
        &self,
        server: &Origin,
        request: RequestBuilder,
        change: impl FnOnce(&mut Request<ReqBody>),
    ) -> Result<Reply, Error> {
        let mut request = request.build_as()?;
        change(&mut request);
        *request.uri_mut() = format!("{server}{}", request.uri())
            .parse()
            .map_err(|_| Error::config("the accounts server is no valid URL"))?;
        send(&self.0.transport, request).await
    }

    async fn secret(&self, server: &Origin) -> Result<SecretString, Error> {
        if let Some(secret) = locked(&self.0.secrets).get(server) {
            return Ok(secret.clone());
        }
        let fetching = self.credentials().client_secret.fetch(server);
        let secret =
            within(SECRET_TIMEOUT, &*self.0.clock, fetching).await.unwrap_or_else(|| {
                let message = "the file or provider of `client_secret` did not give one in time";
                Err(Error::new(ErrorKind::Timeout, Outcome::NotSent, message))
            })?;
        locked(&self.0.secrets).insert(server.clone(), secret.clone());
        Ok(secret)
    }

    /// A secret other than the one that was refused, if its source has one by now.
    async fn another_secret(
        &self,
        server: &Origin,
        refused: &SecretString,
    ) -> Option<SecretString> {
        let same = |secret: &SecretString| secret.expose_secret() == refused.expose_secret();
        {
            let mut secrets = locked(&self.0.secrets);
            // another call may have brought a new one already
            if secrets.get(server).is_some_and(same) {
                secrets.remove(server);
            }
        }
        match self.secret(server).await {
            Ok(secret) if same(&secret) => None,
            Ok(secret) => Some(secret),
            Err(error) => {
                tracing::warn!(target: "zcrm::oauth", %error, "the refused client secret could not be asked for again");
                None
            }
        }
    }
}

fn is_of_client(error: &Error) -> bool {
    use TokenFault::{InvalidClient, WrongDataCenter};
    matches!(TokenFault::of(error), Some(InvalidClient | WrongDataCenter))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
