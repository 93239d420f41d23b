//! Logins without a given user: the user is looked up from the token.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use zcrm_core::{
    ApiVersion, Base, Error, ErrorKind, ExposeSecret, Operation, Origin, Outcome, SecretString,
    within,
};
use zcrm_http::Authorization;

use super::{
    accounts::Accounts,
    fault::TokenFault,
    grant::{Grant, RedeemedGrant},
    login,
    manager::TokenManager,
    scopes::{self, PROFILE},
    task::{catch_panic, run_to_completion},
    token_response,
    unsaved::UnsavedToken,
    user::UserTokens,
};
use crate::{StoreError, StoredToken};

/// The timeout of a user lookup.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(60);

const USER_INFO: Operation =
    Operation::get("/oauth/user/info").id("oauth.user_info").base(Base::Root);

/// Looks up the user identifier of a new token, usually an e-mail address.
///
/// [`TokenManager`] implements it with Zoho's user info, which needs the scope
/// `AaaServer.profile.READ`.
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_http::Authorization;
/// use zcrm_oauth::{UserLookup, StoredToken};
///
/// /// Uses one login for the entire program.
/// #[derive(Debug)]
/// struct Robot;
///
/// #[async_trait::async_trait]
/// impl UserLookup for Robot {
///     async fn lookup(&self, _: &StoredToken, _: &Authorization) -> Result<String, Error> {
///         Ok("robot".to_owned())
///     }
/// }
/// ```
#[async_trait]
pub trait UserLookup: Send + Sync + fmt::Debug {
    /// Returns the user identifier. `authorization` holds the same token, for calls to the API.
    ///
    /// # Errors
    /// Returns any error that prevents the lookup. The error of the login then carries the tokens.
    async fn lookup(
        &self,
        token: &StoredToken,
        authorization: &Authorization,
    ) -> Result<String, Error>;
}

/// Zoho's user info of the user who logged in. `Debug` shows none of it.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The e-mail address.
    #[serde(rename = "Email")]
    pub email: String,
    /// The given name.
    #[serde(rename = "First_Name", default)]
    pub first_name: Option<String>,
    /// The family name.
    #[serde(rename = "Last_Name", default)]
    pub last_name: Option<String>,
    /// The display name.
    #[serde(rename = "Display_Name", default)]
    pub display_name: Option<String>,
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInfo").finish_non_exhaustive()
    }
}

impl Accounts {
    /// Fetches the user info for an access token.
    ///
    /// # Errors
    /// Returns an error with [`TokenFault::MissingScope`] if the token lacks the scope
    /// `AaaServer.profile.READ`, another error if Zoho refuses the call, or an error of the
    /// transport.
    pub async fn user_info(
        &self,
        access: &SecretString,
        server: &Origin,
    ) -> Result<UserInfo, Error> {
        let header = Authorization::zoho(access.expose_secret(), server.clone())?;
        let reply = self
            .send_with(server, USER_INFO.request(ApiVersion::V2), |request| {
                request.headers_mut().insert(AUTHORIZATION, header.header().clone());
            })
            .await?;
        let judge = || {
            let fields = token_response::object(&reply)?;
            if let Some(email) = fields.owned("Email") {
                return Ok(UserInfo {
                    email,
                    first_name: fields.owned("First_Name"),
                    last_name: fields.owned("Last_Name"),
                    display_name: fields.owned("Display_Name"),
                });
            }
            let words = ["error", "cause", "code"].map(|key| fields.text(key));
            let scope = words.iter().flatten().any(|it| it.to_ascii_lowercase().contains("scope"));
            Err(match words.iter().flatten().next() {
                _ if scope => lacks_profile(),
                Some(_) => Error::new(
                    ErrorKind::Credential,
                    Outcome::Refused,
                    "the accounts server refused the token for the user info",
                )
                .with_status(reply.status()),
                None => token_response::malformed("the user info has no e-mail address", &reply),
            })
        };
        judge().map_err(|error| error.with_call(reply.call()).with_host(server.host()))
    }
}

fn lacks_profile() -> Error {
    let message = format!(
        "the token lacks the scope `{PROFILE}`, so its user cannot be looked up: request that scope, \
         or name the user"
    );
    Error::new(ErrorKind::Credential, Outcome::Refused, message)
        .with_source(TokenFault::MissingScope)
}

/// Looks up the user with Zoho's user info.
#[async_trait]
impl UserLookup for TokenManager {
    async fn lookup(&self, token: &StoredToken, _: &Authorization) -> Result<String, Error> {
        if scopes::has_profile(token) == Some(false) {
            return Err(lacks_profile());
        }
        let context = self.context();
        let server = token.accounts_at(&context.base_urls)?;
        Ok(context.accounts.user_info(&token.access, &server).await?.email)
    }
}

impl TokenManager {
    /// Logs in the user whom the grant belongs to.
    ///
    /// It exchanges the grant, reads the user from Zoho's user info, and saves the tokens under
    /// that user's e-mail address. The grant needs the scope `AaaServer.profile.READ` in addition
    /// to its other scopes.
    ///
    /// ```no_run
    /// # async fn example(manager: zcrm_oauth::TokenManager) -> zcrm_core::Result<()> {
    /// let tokens = manager.login("1000.grant").await?;
    /// println!("welcome, {}", tokens.key().user());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`UserTokens::exchange`]. If the exchange succeeded but the lookup of
    /// the user failed, the error carries the tokens ([`UnsavedToken`](crate::UnsavedToken)); name
    /// the user and save them with [`UserTokens::exchange`]. If the scope is missing, the error has
    /// [`TokenFault::MissingScope`].
    pub async fn login(&self, grant: impl Into<Grant>) -> Result<UserTokens, Error> {
        self.login_with(grant, Arc::new(self.clone())).await
    }

    /// Logs in like [`login`](Self::login), with a custom lookup of the user.
    ///
    /// # Errors
    /// Returns the errors of [`login`](Self::login).
    pub async fn login_with(
        &self,
        grant: impl Into<Grant>,
        lookup: Arc<dyn UserLookup>,
    ) -> Result<UserTokens, Error> {
        let (manager, grant) = (self.clone(), grant.into());
        run_to_completion(async move { log_in(&manager, grant, &*lookup).await }).await
    }
}

/// Redeems a grant and saves its tokens under the key of the user whom they belong to.
async fn log_in(
    manager: &TokenManager,
    grant: Grant,
    lookup: &dyn UserLookup,
) -> Result<UserTokens, Error> {
    let redeemed = grant.redeem(manager.context()).await?;
    let token = &redeemed.token;
    if token.refresh.is_none() {
        return Err(login::no_refresh_token("nothing was stored"));
    }
    let tokens = tokens_of_owner(manager, &redeemed, lookup).await.map_err(|error| {
        let message = "the login succeeded, but the lookup of its user failed: name the user and \
                       save the tokens, which this error carries";
        let cause = StoreError::new("the user of the tokens is unknown").with_source(error.clone());
        Error::new(error.kind(), Outcome::Unknown, message)
            .with_source(UnsavedToken::new(token.clone(), cause))
    })?;
    login::save_redeemed(manager.context(), tokens.entry(), redeemed).await?;
    Ok(tokens)
}

/// Looks up the user of the tokens.
async fn tokens_of_owner(
    manager: &TokenManager,
    redeemed: &RedeemedGrant,
    lookup: &dyn UserLookup,
) -> Result<UserTokens, Error> {
    let context = manager.context();
    let active = redeemed.active_token(context)?;
    // a lookup of the application may hang or panic, which must not lose the tokens
    let asked = catch_panic(lookup.lookup(&redeemed.token, &active.authorization));
    let user = match within(LOOKUP_TIMEOUT, &*context.clock, asked).await {
        Some(Some(user)) => user?,
        Some(None) => {
            let message = "the user lookup of the application panicked";
            return Err(Error::new(ErrorKind::Other, Outcome::Unknown, message));
        }
        None => {
            let message =
                format!("the user lookup did not finish within {} s", LOOKUP_TIMEOUT.as_secs());
            return Err(Error::new(ErrorKind::Timeout, Outcome::Unknown, message));
        }
    };
    manager.user(&user)
}
