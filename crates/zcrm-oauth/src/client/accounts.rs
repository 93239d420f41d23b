//! Calls to the accounts server.

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

/// The timeout of a token call, including reading the client secret and a second request with a new
/// secret.
pub(super) const TOKEN_CALL_TIMEOUT: Duration =
    Accounts::REQUEST_TIMEOUT.saturating_add(Duration::from_secs(5));

/// The timeout for the source of the client secret.
const SECRET_TIMEOUT: Duration = Duration::from_secs(10);

/// Zoho's token call, for all flows except that of devices.
const TOKEN: Operation =
    Operation::post("/oauth/v2/token").id("oauth.token").base(Base::Root).body(BodyShape::Form);

/// The credentials of a client, as Zoho's API console shows them.
#[derive(Clone)]
pub struct ClientCredentials {
    client_id: String,
    client_secret: ClientSecret,
    redirect_uri: Option<String>,
}

impl ClientCredentials {
    /// Creates the credentials of a client that was registered with a redirect URI. A self client
    /// has no redirect URI: use [`self_client`](Self::self_client).
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
    /// Returns an error of kind [`Config`](ErrorKind::Config) that names all empty values.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<ClientSecret>,
        redirect_uri: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::checked(client_id.into(), client_secret.into(), Some(redirect_uri.into()))
    }

    /// Creates the credentials of a self client, whose grant tokens come from Zoho's API console.
    /// It supports every flow except a login in a browser.
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
    /// Returns an error of kind [`Config`](ErrorKind::Config) that names all empty values.
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
            "{} {verb} missing: copy the values of your client from Zoho's API console",
            missing.join(", ")
        )))
    }

    /// Returns the client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the redirect URI, or `None` for a self client.
    #[must_use]
    pub fn redirect_uri(&self) -> Option<&str> {
        self.redirect_uri.as_deref()
    }
}

/// Shows no secret, and no password or query of the redirect URI.
impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("redirect_uri", &self.redirect_uri.as_deref().map(escaped_url))
            .finish()
    }
}

/// Sends calls to accounts servers for one client. It stores no tokens;
/// [`TokenManager`](crate::TokenManager) does.
///
/// Clones share the secrets that a provider returned, the recent uses of each refresh token, and
/// the server's time. Secrets are sent in the body, never in a URL. A token call ends within 25 s.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    credentials: ClientCredentials,
    transport: Transport,
    clock: Arc<dyn Clock>,
    /// The secrets from the secret's source, kept until a server refuses them.
    secrets: Mutex<HashMap<Origin, SecretString>>,
    /// The servers that have issued a token to this client.
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
    /// [`Stack::build_for_accounts`](zcrm_http::Stack::build_for_accounts).
    ///
    /// A refresh with all its attempts, and the wait for the store's lock, have slightly longer
    /// timeouts. So a request fails before the refresh that sent it, and a refresh before the calls
    /// that wait for its token.
    pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

    /// Creates a client that sends over `transport`.
    ///
    /// The transport must not retry, because a token call that is sent twice may use up a grant.
    /// Create it with [`Stack::build_for_accounts`](zcrm_http::Stack::build_for_accounts).
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

    /// Returns the credentials of the client.
    #[must_use]
    pub fn credentials(&self) -> &ClientCredentials {
        &self.0.credentials
    }

    /// Exchanges a grant token for tokens. The call uses up the grant token, even if the answer is
    /// lost.
    ///
    /// # Errors
    /// Returns an error of kind [`Credential`](ErrorKind::Credential) if the grant token was used
    /// before, has expired or belongs to another client; of kind
    /// [`Throttled`](ErrorKind::Throttled) if Zoho asks for a pause; or an error of the transport.
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
                "the grant token is empty: create one in Zoho's API console, or pass the `code` of \
                 the redirect",
            ));
        }
        let fields = self.with_redirect([("grant_type", "authorization_code"), ("code", grant)]);
        self.tokens(Flow::Exchange, &TOKEN, server, &fields).await
    }

    /// Fetches an access token with a refresh token. The answer has no refresh token; the old one
    /// remains valid.
    ///
    /// # Errors
    /// Returns an error of kind [`Credential`](ErrorKind::Credential) if the refresh token is
    /// invalid; of kind [`Throttled`](ErrorKind::Throttled) if Zoho asks for a pause, or,
    /// without sending anything, if the refresh token was used ten times in the last ten minutes;
    /// or an error of the transport.
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

    /// Fetches an access token for an organisation with the client's credentials, without a user.
    /// There is no refresh token; call this again instead.
    ///
    /// `soid` is service and organisation id, such as `ZohoCRM.12345678`.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](ErrorKind::Input) if `soid` or the scopes are missing,
    /// and otherwise the errors of [`refresh`](Self::refresh).
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
                "the organisation (`soid`) is missing: expected `ZohoCRM.` and the organisation's id",
            ));
        }
        let fields = [("grant_type", "client_credentials"), ("scope", &*scope), ("soid", soid)];
        self.within_budget(soid, self.tokens(Flow::Client, &TOKEN, server, &fields)).await
    }

    /// Makes a call if the refresh token may still be used. A call that was not sent is not
    /// counted; otherwise a network failure could block a login for ten minutes.
    async fn within_budget(
        &self,
        with: &str,
        call: impl Future<Output = Result<IssuedToken, Error>>,
    ) -> Result<IssuedToken, Error> {
        let budget = &self.0.refresh_budget;
        budget.spend(with, self.0.clock.monotonic()).map_err(|wait| {
            let message = "ten access tokens were fetched for this login in ten minutes, which is \
                           Zoho's limit: check the program for repeated refreshes";
            Error::new(ErrorKind::Throttled, Outcome::NotSent, message).with_retry_after(wait)
        })?;
        let ended = call.await;
        if matches!(&ended, Err(error) if error.outcome() == Outcome::NotSent) {
            budget.give_back(with);
        }
        ended
    }

    /// Returns these fields of a token call, with the redirect URI if the client has one.
    fn with_redirect<'a>(&'a self, fields: [(&'a str, &'a str); 2]) -> Vec<(&'a str, &'a str)> {
        let redirect = self.credentials().redirect_uri().map(|uri| ("redirect_uri", uri));
        fields.into_iter().chain(redirect).collect()
    }

    /// Returns the current time of the accounts server's clock.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.0.time.now(&*self.0.clock)
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Makes a call that returns tokens.
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
            // the secret may have been rotated meanwhile; for a wrong client Zoho executes nothing
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
        // the lifetime is `expires_in`, regardless of either clock
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

    /// Sends a request to an accounts server after `change` has modified it.
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
            .map_err(|_| Error::config("the URL of the accounts server is invalid"))?;
        send(&self.0.transport, request).await
    }

    async fn secret(&self, server: &Origin) -> Result<SecretString, Error> {
        if let Some(secret) = locked(&self.0.secrets).get(server) {
            return Ok(secret.clone());
        }
        let fetching = self.credentials().client_secret.fetch(server);
        let secret =
            within(SECRET_TIMEOUT, &*self.0.clock, fetching).await.unwrap_or_else(|| {
                let message = "the file or provider of `client_secret` returned none in time";
                Err(Error::new(ErrorKind::Timeout, Outcome::NotSent, message))
            })?;
        locked(&self.0.secrets).insert(server.clone(), secret.clone());
        Ok(secret)
    }

    /// Returns a secret other than the one that was refused, if its source has one by now.
    async fn another_secret(
        &self,
        server: &Origin,
        refused: &SecretString,
    ) -> Option<SecretString> {
        let same = |secret: &SecretString| secret.expose_secret() == refused.expose_secret();
        {
            let mut secrets = locked(&self.0.secrets);
            // another call may have fetched a new one already
            if secrets.get(server).is_some_and(same) {
                secrets.remove(server);
            }
        }
        match self.secret(server).await {
            Ok(secret) if same(&secret) => None,
            Ok(secret) => Some(secret),
            Err(error) => {
                tracing::warn!(target: "zcrm::oauth", %error, "the refused client secret could not be fetched again");
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
