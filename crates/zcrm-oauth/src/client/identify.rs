//! Whose token is it?

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use zcrm_core::{
    ApiVersion, Base, Error, ErrorKind, ExposeSecret, Operation, Origin, Outcome, SecretString,
};
use zcrm_http::Authorization;

use super::{
    accounts::Accounts,
    answer,
    fault::TokenFault,
    grant::Grant,
    login,
    manager::TokenManager,
    scopes::{self, PROFILE},
    user::{UserTokens, finished},
};
use crate::StoredToken;

const USER_INFO: Operation =
    Operation::get("/oauth/user/info").id("oauth.user_info").base(Base::Root);

/// Finds out the user identifier, mostly an e-mail address, that a fresh token belongs to.
///
/// [`TokenManager`] does it by Zoho's user info, which needs the scope `AaaServer.profile.READ`.
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_http::Authorization;
/// use zcrm_oauth::{Identify, StoredToken};
///
/// /// One login for the whole program.
/// #[derive(Debug)]
/// struct Robot;
///
/// #[async_trait::async_trait]
/// impl Identify for Robot {
///     async fn identify(&self, _: &StoredToken, _: &Authorization) -> Result<String, Error> {
///         Ok("robot".to_owned())
///     }
/// }
/// ```
#[async_trait]
pub trait Identify: Send + Sync + fmt::Debug {
    /// The user identifier. `authorization` holds the same token, for calls of the API.
    ///
    /// # Errors
    /// Whatever keeps it from knowing. The tokens are then in the error of the login.
    async fn identify(
        &self,
        token: &StoredToken,
        authorization: &Authorization,
    ) -> Result<String, Error>;
}

/// What Zoho's user info tells of the person who logged in. `Debug` shows nothing of it.
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
    /// The name to show.
    #[serde(rename = "Display_Name", default)]
    pub display_name: Option<String>,
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInfo").finish_non_exhaustive()
    }
}

impl Accounts {
    /// Asks whom an access token belongs to.
    ///
    /// # Errors
    /// With [`TokenFault::MissingScope`] where the token lacks the scope `AaaServer.profile.READ`,
    /// else as Zoho refuses, or of the transport.
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
            let members = answer::object(&reply)?;
            if let Some(email) = members.owned("Email") {
                return Ok(UserInfo {
                    email,
                    first_name: members.owned("First_Name"),
                    last_name: members.owned("Last_Name"),
                    display_name: members.owned("Display_Name"),
                });
            }
            let told = ["error", "cause", "code"].map(|key| members.text(key));
            let scope = told.iter().flatten().any(|it| it.to_ascii_lowercase().contains("scope"));
            Err(match told.iter().flatten().next() {
                _ if scope => lacks_profile(),
                Some(_) => Error::new(
                    ErrorKind::Credential,
                    Outcome::Refused,
                    "the accounts server did not take the token for the user info",
                )
                .with_status(reply.status()),
                None => answer::malformed("the user info names no e-mail address", &reply),
            })
        };
        judge().map_err(|error| error.with_call(reply.call()).with_host(server.host()))
    }
}

fn lacks_profile() -> Error {
    let message = format!(
        "whose token it is cannot be asked: it lacks the scope `{PROFILE}`; ask for that too, or \
         name the user"
    );
    Error::new(ErrorKind::Credential, Outcome::Refused, message)
        .with_source(TokenFault::MissingScope)
}

/// By Zoho's user info.
#[async_trait]
impl Identify for TokenManager {
    async fn identify(&self, token: &StoredToken, _: &Authorization) -> Result<String, Error> {
        if scopes::has_profile(token) == Some(false) {
            return Err(lacks_profile());
        }
        let shared = self.shared();
        let server = token.accounts_at(&shared.base_urls)?;
        Ok(shared.accounts.user_info(&token.access, &server).await?.email)
    }
}

impl TokenManager {
    /// Logs in whoever the grant belongs to: exchanges it, asks Zoho's user info whose it is, and
    /// saves the tokens under that e-mail address. The grant needs the scope
    /// `AaaServer.profile.READ` beside its others.
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
    /// As [`UserTokens::exchange`]. Where the exchange worked and the user could not be found out,
    /// the error carries the tokens ([`UnsavedToken`](crate::UnsavedToken)): name the user and save
    /// them with [`UserTokens::exchange`]. [`TokenFault::MissingScope`] says that the scope lacks.
    pub async fn login(&self, grant: impl Into<Grant>) -> Result<UserTokens, Error> {
        self.login_with(grant, Arc::new(self.clone())).await
    }

    /// The same, with another way to find out who it is.
    ///
    /// # Errors
    /// As [`login`](Self::login).
    pub async fn login_with(
        &self,
        grant: impl Into<Grant>,
        identify: Arc<dyn Identify>,
    ) -> Result<UserTokens, Error> {
        let (manager, grant) = (self.clone(), grant.into());
        finished(async move { login::login(&manager, grant, &*identify).await }).await
    }
}
