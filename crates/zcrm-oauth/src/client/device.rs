//! The login of a device without a browser: it shows a code, somebody enters it elsewhere.

use std::{fmt, time::Duration};

use zcrm_core::{
    ApiVersion, Base, BaseUrls, BodyShape, Error, ErrorKind, ExposeSecret, Operation, Origin,
    Outcome, SecretString,
};

use super::{
    accounts::Accounts,
    fault::TokenFault,
    grant::Grant,
    manager::TokenManager,
    scopes,
    token_response::{self, Flow, PendingDevice},
};

const CODE: Operation = Operation::post("/oauth/v3/device/code")
    .id("oauth.device_code")
    .base(Base::Root)
    .body(BodyShape::Form);
const TOKEN: Operation = Operation::post("/oauth/v3/device/token")
    .id("oauth.device_token")
    .base(Base::Root)
    .body(BodyShape::Form);

/// Zoho wants no more than one poll in 30 s, whatever its answer says.
const SLOWEST: Duration = Duration::from_secs(30);

/// What a poll that came too early costs from then on (RFC 8628).
const SLOWER: Duration = Duration::from_secs(5);

/// The longest pause between two polls, and the longest life of a code, whatever an answer says.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);

/// How long a code lives where the answer does not say so, by Zoho's page.
const LIFE: Duration = Duration::from_secs(300);

/// A login that waits for somebody to enter a code: [`TokenManager::device_login`]. `Debug` shows
/// no code.
pub struct DeviceLogin {
    accounts: Accounts,
    base_urls: BaseUrls,
    server: Origin,
    device_code: SecretString,
    user_code: String,
    verification_url: String,
    complete_url: Option<String>,
    interval: Duration,
    /// Monotonic.
    until: Duration,
}

impl TokenManager {
    /// Begins the login of a device: show [`user_code`](DeviceLogin::user_code) and
    /// [`verification_url`](DeviceLogin::verification_url), then [`wait`](DeviceLogin::wait).
    ///
    /// ```no_run
    /// # async fn example(manager: zcrm_oauth::TokenManager) -> zcrm_core::Result<()> {
    /// let scopes = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"];
    /// let device = manager.device_login(&scopes).await?;
    /// println!("enter {} at {}", device.user_code(), device.verification_url());
    /// let tokens = manager.login(device.wait().await?).await?;
    /// # let _ = tokens;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of kind [`Input`](ErrorKind::Input) where no scope is named, of kind
    /// [`Credential`](ErrorKind::Credential) where the client is wrong, or of the transport.
    pub async fn device_login(&self, scopes: &[impl AsRef<str>]) -> Result<DeviceLogin, Error> {
        let scope = scopes::listed(scopes)?;
        let context = self.context();
        let (accounts, server) = (&context.accounts, context.base_urls.accounts_origin());
        let begun = context.clock.monotonic();
        let request = CODE.request(ApiVersion::V2).form(&[
            ("client_id", accounts.credentials().client_id()),
            ("grant_type", "device_request"),
            ("scope", &scope),
            ("access_type", "offline"),
            ("prompt", "consent"),
        ]);
        let reply = accounts.send(&server, request).await?;
        let judge = || {
            let fields = token_response::object(&reply)?;
            if let Some(refusal) = fields.refusal(Flow::Device, &reply, false) {
                return Err(refusal);
            }
            let texts = ["device_code", "user_code", "verification_url"].map(|it| fields.owned(it));
            let [Some(device_code), Some(user_code), Some(verification_url)] = texts else {
                return Err(token_response::malformed(
                    "the answer has no code for a device",
                    &reply,
                ));
            };
            let interval = span(fields.number("interval"), 1000.0).unwrap_or_default();
            let life = span(fields.number("expires_in"), 86_400.0).unwrap_or(LIFE);
            Ok(DeviceLogin {
                accounts: accounts.clone(),
                base_urls: context.base_urls.clone(),
                server: server.clone(),
                device_code: device_code.into(),
                user_code,
                verification_url,
                complete_url: fields.owned("verification_uri_complete"),
                interval: interval.clamp(SLOWEST, LONGEST_INTERVAL),
                until: begun.saturating_add(life.min(LONGEST_LIFE)),
            })
        };
        judge().map_err(|error| error.with_call(reply.call()).with_host(server.host()))
    }
}

/// A span in seconds, or in milliseconds where it would be as long as `absurd`: Zoho's answers have
/// both.
fn span(number: Option<f64>, absurd: f64) -> Option<Duration> {
    let number = number?;
    let seconds = if number < absurd { number } else { number / 1000.0 };
    Duration::try_from_secs_f64(seconds).ok()
}

impl DeviceLogin {
    /// What the person enters.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where the person enters it.
    #[must_use]
    pub fn verification_url(&self) -> &str {
        &self.verification_url
    }

    /// The same with the code in it, for a QR code, where Zoho gives one.
    #[must_use]
    pub fn complete_url(&self) -> Option<&str> {
        self.complete_url.as_deref()
    }

    /// Waits until somebody has entered the code and agreed, asking every 30 s, or slower where Zoho
    /// says so. A person of another data centre is followed there.
    ///
    /// Whoever drops this future gives the login up, and begins anew by
    /// [`device_login`](TokenManager::device_login): where a poll was under way, Zoho may have answered
    /// it with tokens that nobody holds then. They harm nobody, but count among the 20 refresh
    /// tokens that Zoho keeps for a user. To wait beside other work, spawn it; to wait for a
    /// limited time, poll it on by `&mut` rather than in a `timeout` that drops it.
    ///
    /// # Errors
    /// With [`TokenFault::InvalidGrant`] where the code expired, [`TokenFault::AccessDenied`] where the
    /// person refused; of kind [`Decode`](ErrorKind::Decode) where an answer is malformed. Broken
    /// connections, servers that fail (5xx) and pauses that Zoho wants end nothing before the code
    /// expires.
    pub async fn wait(mut self) -> Result<Grant, Error> {
        let clock = self.accounts.clock().clone();
        let mut pause = self.interval;
        loop {
            if clock.monotonic().saturating_add(pause) >= self.until {
                let message =
                    "the code for the device expired before anybody entered it: begin again";
                return Err(Error::new(ErrorKind::Credential, Outcome::Refused, message)
                    .with_source(TokenFault::InvalidGrant));
            }
            clock.sleep(pause).await;
            let error = match self.poll().await {
                Ok(token) => return Ok(token.into()),
                Err(error) => error,
            };
            match (PendingDevice::of(&error), error.kind()) {
                (Some(PendingDevice::NotYet), _)
                | (None, ErrorKind::Connect | ErrorKind::Transport | ErrorKind::Timeout) => {}
                (Some(PendingDevice::TooFast), _) => {
                    self.interval = self.interval.saturating_add(SLOWER);
                }
                (Some(PendingDevice::Elsewhere(location)), _) => {
                    self.server =
                        self.base_urls.accounts_at(location.as_deref().unwrap_or_default())?;
                }
                (None, ErrorKind::Throttled) => {}
                (None, _) if error.status().is_some_and(|status| status.is_server_error()) => {}
                _ => return Err(error),
            }
            pause = self.interval.max(error.retry_after().unwrap_or_default());
        }
    }

    async fn poll(&self) -> Result<crate::StoredToken, Error> {
        let fields = [("grant_type", "device_token"), ("code", self.device_code.expose_secret())];
        Ok(self.accounts.tokens(Flow::Device, &TOKEN, &self.server, &fields).await?.token)
    }
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("server", &self.server)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
