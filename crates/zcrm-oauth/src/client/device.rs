//! The login of a device without a browser: it shows a code, which the user enters elsewhere.

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

/// The shortest interval between two polls that Zoho allows, even if its answer names a shorter
/// one.
const SLOWEST: Duration = Duration::from_secs(30);

/// The time that is added to the interval after a poll that came too early (RFC 8628).
const SLOWER: Duration = Duration::from_secs(5);

/// The longest interval between two polls, and the longest lifetime of a code, that are accepted
/// from an answer.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);

/// The lifetime of a code if the answer does not name one, according to Zoho's documentation.
const LIFE: Duration = Duration::from_secs(300);

/// A login that waits for the user to enter a code; created by [`TokenManager::device_login`].
///
/// `Debug` does not show the code.
pub struct DeviceLogin {
    accounts: Accounts,
    base_urls: BaseUrls,
    server: Origin,
    device_code: SecretString,
    user_code: String,
    verification_url: String,
    complete_url: Option<String>,
    interval: Duration,
    /// The monotonic time at which the code expires.
    until: Duration,
}

impl TokenManager {
    /// Starts the login of a device: show [`user_code`](DeviceLogin::user_code) and
    /// [`verification_url`](DeviceLogin::verification_url) to the user, then call
    /// [`wait`](DeviceLogin::wait).
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
    /// Returns an error of kind [`Input`](ErrorKind::Input) if no scope is given, of kind
    /// [`Credential`](ErrorKind::Credential) if the client is wrong, or an error of the transport.
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

/// Reads a duration in seconds, or in milliseconds if the number is at least `absurd`. Zoho's
/// answers have both.
fn span(number: Option<f64>, absurd: f64) -> Option<Duration> {
    let number = number?;
    let seconds = if number < absurd { number } else { number / 1000.0 };
    Duration::try_from_secs_f64(seconds).ok()
}

impl DeviceLogin {
    /// Returns the code that the user enters.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Returns the URL of the page where the user enters the code.
    #[must_use]
    pub fn verification_url(&self) -> &str {
        &self.verification_url
    }

    /// Returns the URL that contains the code, for a QR code, if Zoho sent one.
    #[must_use]
    pub fn complete_url(&self) -> Option<&str> {
        self.complete_url.as_deref()
    }

    /// Waits until the user has entered the code and agreed.
    ///
    /// It polls every 30 s, or less often if Zoho asks for that. If the user's account is in
    /// another data centre, it polls there.
    ///
    /// Dropping this future ends the login, and [`device_login`](TokenManager::device_login) must
    /// start it again. Zoho may already have issued tokens in answer to a poll in progress. Those
    /// tokens are lost, but they count towards the 20 refresh tokens that Zoho keeps for a user. To
    /// do other work meanwhile, spawn the future. To wait for a limited time, poll it by `&mut`
    /// instead of dropping it in a `timeout`.
    ///
    /// # Errors
    /// Returns an error with [`TokenFault::InvalidGrant`] if the code expired, with
    /// [`TokenFault::AccessDenied`] if the user refused, or of kind [`Decode`](ErrorKind::Decode)
    /// if an answer is malformed. Broken connections, failing servers (5xx) and pauses that Zoho
    /// asks for do not end the wait.
    pub async fn wait(mut self) -> Result<Grant, Error> {
        let clock = self.accounts.clock().clone();
        let mut pause = self.interval;
        loop {
            if clock.monotonic().saturating_add(pause) >= self.until {
                let message = "the device code expired before the user entered it: start the login \
                               again";
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
