//! The tokens of one user: the hot path, and the refresh that all callers share.

use std::{fmt, sync::Arc, thread, time::Duration};

use async_trait::async_trait;
use tokio::sync::watch;
use zcrm_core::{BoxError, Error, Operation, Origin, SecretString, within};
use zcrm_http::{Authorization, Authorizer, ForHost, Tenant};

use super::{
    active_token::ActiveToken,
    context::TokenContext,
    fault::{TokenFault, not_logged_in, store_error},
    grant::Grant,
    login, refresh,
    revoke::RevokeBy,
    task::{self, run_to_completion},
    token_entry::{RefreshResult, TokenEntry},
};
use crate::{StoredToken, TokenKey};

/// A time longer than any refresh can take. After it, the refresh runs on a runtime that is not
/// driven.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(240);

/// The tokens of one user of a [`TokenManager`](crate::TokenManager). They log in and out, and
/// authorise calls.
///
/// Clones are cheap and share everything.
#[derive(Clone)]
pub struct UserTokens {
    context: Arc<TokenContext>,
    entry: Arc<TokenEntry>,
}

impl UserTokens {
    pub(super) fn new(context: Arc<TokenContext>, entry: Arc<TokenEntry>) -> Self {
        Self { context, entry }
    }

    pub(super) fn entry(&self) -> &Arc<TokenEntry> {
        &self.entry
    }

    /// Returns the key under which the tokens are stored.
    #[must_use]
    pub fn key(&self) -> &TokenKey {
        &self.entry.key
    }

    /// Logs in with a grant token or another [`Grant`], and saves the tokens. The login completes
    /// even if the caller stops waiting.
    ///
    /// ```no_run
    /// # async fn example(tokens: zcrm_oauth::UserTokens) -> zcrm_core::Result<()> {
    /// use zcrm_oauth::GrantToken;
    ///
    /// tokens.exchange(GrantToken::new("1000.grant")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Credential`](zcrm_core::ErrorKind::Credential) if the grant is
    /// invalid or yields no refresh token, and of kind [`Store`](zcrm_core::ErrorKind::Store) if
    /// the tokens could not be saved. That error carries the tokens: see
    /// [`UnsavedToken`](crate::UnsavedToken).
    pub async fn exchange(&self, grant: impl Into<Grant>) -> Result<StoredToken, Error> {
        let grant = grant.into();
        let (context, entry) = (Arc::clone(&self.context), Arc::clone(&self.entry));
        run_to_completion(async move { login::exchange(&context, &entry, grant).await }).await
    }

    /// Logs in like [`exchange`](Self::exchange), but only if no login is stored for this user.
    ///
    /// Otherwise the grant is not used. Returns `true` if it logged in.
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub async fn exchange_if_needed(&self, grant: impl Into<Grant>) -> Result<bool, Error> {
        let grant = grant.into();
        let (context, entry) = (Arc::clone(&self.context), Arc::clone(&self.entry));
        run_to_completion(async move { login::exchange_if_needed(&context, &entry, grant).await })
            .await
    }

    /// Logs in with a refresh token from another program: fetches an access token with it and saves
    /// both.
    ///
    /// This is the same as [`exchange`](Self::exchange) with a [`Grant::refresh_token`].
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub async fn import(&self, refresh: impl Into<SecretString>) -> Result<StoredToken, Error> {
        self.exchange(Grant::refresh_token(refresh)).await
    }

    /// Returns `true` if a login is stored for this user.
    ///
    /// # Errors
    /// Returns an error of kind [`Store`](zcrm_core::ErrorKind::Store) if the store fails.
    pub async fn is_logged_in(&self) -> Result<bool, Error> {
        Ok(self.stored().await?.is_some())
    }

    /// Returns the scopes that the stored token lacks for an operation; see
    /// [`StoredToken::missing_scopes`].
    ///
    /// # Errors
    /// Returns an error of kind [`Credential`](zcrm_core::ErrorKind::Credential) if no login is
    /// stored, and of kind [`Store`](zcrm_core::ErrorKind::Store) if the store fails.
    pub async fn missing_scopes(
        &self,
        operation: &Operation,
    ) -> Result<Option<Vec<&'static str>>, Error> {
        let stored = self.stored().await?.ok_or_else(|| not_logged_in(&self.entry.key))?;
        Ok(stored.missing_scopes(operation))
    }

    /// Returns the stored token without a refresh, or `None` if no login is stored.
    ///
    /// # Errors
    /// Returns an error of kind [`Store`](zcrm_core::ErrorKind::Store) if the store fails.
    pub async fn stored(&self) -> Result<Option<StoredToken>, Error> {
        self.context.store.load(&self.entry.key).await.map_err(store_error)
    }

    /// Returns a valid token: from memory, from the store, or refreshed.
    ///
    /// # Errors
    /// Returns an error of kind [`Credential`](zcrm_core::ErrorKind::Credential) if the user must
    /// log in, of kind [`Throttled`](zcrm_core::ErrorKind::Throttled) if Zoho asks for a pause, or
    /// an error of the store or the transport.
    #[doc(alias = "refresh")]
    pub async fn token(&self) -> Result<StoredToken, Error> {
        Ok(self.active_token().await?.token.clone())
    }

    /// Logs out locally: removes the tokens from the store and from memory. Returns `true` if there
    /// were any.
    ///
    /// The tokens stay valid at Zoho until they are [revoked](Self::revoke).
    ///
    /// # Errors
    /// Returns an error of kind [`Store`](zcrm_core::ErrorKind::Store) if the store fails.
    pub async fn logout(&self) -> Result<bool, Error> {
        let (context, entry) = (Arc::clone(&self.context), Arc::clone(&self.entry));
        run_to_completion(async move { login::logout(&context, &entry).await }).await
    }

    /// Revokes the refresh token and its access tokens at Zoho, then [logs out](Self::logout).
    /// Returns `true` if there were tokens.
    ///
    /// # Errors
    /// Returns an error of the transport or the store, or for example of kind
    /// [`Throttled`](zcrm_core::ErrorKind::Throttled). The tokens are then kept. A refresh token
    /// that was already revoked is not an error.
    pub async fn revoke(&self) -> Result<bool, Error> {
        self.revoke_by(RevokeBy::Form).await
    }

    /// [Revokes](Self::revoke) the refresh token, with a choice between the body and the URL of the
    /// request.
    ///
    /// # Errors
    /// Returns the errors of [`revoke`](Self::revoke).
    pub async fn revoke_by(&self, by: RevokeBy) -> Result<bool, Error> {
        let (context, entry) = (Arc::clone(&self.context), Arc::clone(&self.entry));
        run_to_completion(async move { login::revoke(&context, &entry, by).await }).await
    }

    /// Returns an authorizer with the same tokens for another server, such as that of another Zoho
    /// product.
    ///
    /// Both share the active token, and a token that one server refuses is refreshed for both.
    /// [`AuthLayer::stale_when`](zcrm_http::layer::AuthLayer::stale_when) decides which answers
    /// mean a stale token.
    ///
    /// The tokens are sent to that server, so never take its address from untrusted input.
    ///
    /// ```no_run
    /// # fn example(tokens: &zcrm_oauth::UserTokens) -> zcrm_core::Result<()> {
    /// let desk = tokens.for_host("https://desk.zoho.eu".parse()?);
    /// # let _ = desk;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_host(&self, origin: Origin) -> ForHost<Self> {
        ForHost::new(self.clone(), origin)
    }

    /// Returns the active token, or waits for a refresh.
    async fn active_token(&self) -> Result<Arc<ActiveToken>, Error> {
        if let Some(token) = self.entry.active.load_full() {
            if token.is_fresh(&self.context) {
                return Ok(token);
            }
            if token.is_valid(&self.context) {
                // shortly before the expiry, the refresh runs in the background, and its failure is
                // not an error here
                if !self.entry.is_pausing(self.context.clock.monotonic()) {
                    let _ = self.join_refresh();
                }
                return Ok(token);
            }
        }
        loop {
            let (mut refresh, is_ours) = self.join_refresh()?;
            let joined = refresh.clone();
            let finished = refresh.wait_for(Option::is_some);
            let finished = match is_ours {
                // each of its steps has a timeout
                true => Some(finished.await),
                false => within(REFRESH_TIMEOUT, &*self.context.clock, finished).await,
            };
            match finished {
                Some(Ok(result)) => return result.clone().ok_or_else(task::ended_early)?,
                Some(Err(_)) if is_ours => return Err(task::ended_early()),
                // its runtime has ended or is no longer driven, so start the next refresh on this
                // runtime
                _ => self.entry.clear_refresh(&joined),
            }
        }
    }

    /// Joins the refresh in progress or starts one; returns whether it started one.
    fn join_refresh(&self) -> Result<(watch::Receiver<RefreshResult>, bool), Error> {
        let runtime = task::runtime()?;
        let mut refresh = self.entry.refresh();
        if let Some(refresh) = &*refresh {
            return Ok((refresh.clone(), false));
        }
        let (sender, receiver) = watch::channel(None);
        *refresh = Some(receiver.clone());
        drop(refresh);
        let (context, entry) = (Arc::clone(&self.context), Arc::clone(&self.entry));
        // created before the spawn, so that it is dropped even if the task never runs
        let task = RefreshTask { entry: Arc::clone(&entry), sender, receiver: receiver.clone() };
        // a separate task, so that a refresh is finished and saved even if all callers stop waiting
        // for it
        runtime.spawn(async move { task.finish(refresh::refresh(&context, &entry).await) });
        Ok((receiver, true))
    }
}

/// A refresh in progress. When it ends in any way, the next caller can start another one.
struct RefreshTask {
    entry: Arc<TokenEntry>,
    sender: watch::Sender<RefreshResult>,
    receiver: watch::Receiver<RefreshResult>,
}

impl RefreshTask {
    fn finish(self, result: Result<Arc<ActiveToken>, Error>) {
        // before the waiting callers wake up, because they may start the next refresh
        self.entry.clear_refresh(&self.receiver);
        self.sender.send_replace(Some(result));
    }
}

impl Drop for RefreshTask {
    fn drop(&mut self) {
        self.entry.clear_refresh(&self.receiver);
        // without a result the waiting callers would start another refresh, which would panic too
        if thread::panicking() {
            self.sender.send_replace(Some(Err(task::ended_early())));
        }
    }
}

#[async_trait]
impl Authorizer for UserTokens {
    fn cached(&self) -> Option<Authorization> {
        let token = self.entry.active.load();
        let token = token.as_ref()?;
        token.is_fresh(&self.context).then(|| token.authorization.clone())
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(self.entry.tenant.clone())
    }

    async fn authorize(&self) -> Result<Authorization, BoxError> {
        Ok(self.active_token().await?.authorization.clone())
    }

    fn accept(&self, accepted: &Authorization) {
        self.entry.record_accepted(accepted);
    }

    async fn reject(&self, refused: &Authorization) {
        if let Some(error) = self.entry.record_refused(&self.context, refused) {
            tracing::warn!(target: "zcrm::oauth", %error, "two new access tokens in a row were refused");
            self.context.report_failure(&self.entry.key, &error);
        }
    }

    fn fault(&self) -> Option<BoxError> {
        Some(TokenFault::FreshTokenRefused.into())
    }
}

impl fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTokens").field("key", &self.entry.key).finish_non_exhaustive()
    }
}
