//! Finds out the user of a token: from Zoho's user info, or else as the CRM's current user.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use zcrm_api::{Api, operations::USERS_LIST};
use zcrm_core::{Code, Error, ErrorKind, Outcome};
use zcrm_http::{Authorization, StaticAuthorizer};
use zcrm_oauth::{StoredToken, TokenFault, TokenManager, UserLookup};

#[derive(Debug)]
pub(crate) struct WhoAmI {
    api: Api,
    manager: TokenManager,
}

impl WhoAmI {
    pub(crate) fn new(api: Api, manager: TokenManager) -> Self {
        Self { api, manager }
    }

    async fn current_user(&self, authorization: &Authorization) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct User {
            email: String,
        }
        let api = self.api.authorized_by(Arc::new(StaticAuthorizer::new(authorization.clone())));
        let page = api.call(&USERS_LIST).param("type", "CurrentUser").list::<User>().await?;
        let user = page.items.into_iter().next().ok_or_else(|| {
            Error::new(ErrorKind::Decode, Outcome::Local, "the CRM returned no current user")
        })?;
        user.map(|user| user.email).map_err(|_| {
            // the message of this error could contain a name
            Error::new(ErrorKind::Decode, Outcome::Local, "the CRM's current user has no e-mail")
        })
    }
}

#[async_trait]
impl UserLookup for WhoAmI {
    async fn lookup(
        &self,
        token: &StoredToken,
        authorization: &Authorization,
    ) -> Result<String, Error> {
        match self.manager.lookup(token, authorization).await {
            Err(error) if lacks_scope(&error) => {}
            ended => return ended,
        }
        if token.missing_scopes(&USERS_LIST).is_some_and(|missing| !missing.is_empty()) {
            return Err(lacks_both());
        }
        match self.current_user(authorization).await {
            Err(error) if error.code() == Some(&Code::OAUTH_SCOPE_MISMATCH) => Err(lacks_both()),
            ended => ended,
        }
    }
}

fn lacks_scope(error: &Error) -> bool {
    TokenFault::of(error) == Some(TokenFault::MissingScope)
}

fn lacks_both() -> Error {
    let message = "the user of this token cannot be looked up: it has neither the scope \
                   `AaaServer.profile.READ` nor `ZohoCRM.users.READ`; request one of them at the \
                   login, or name the user";
    Error::new(ErrorKind::Credential, Outcome::Refused, message)
        .with_source(TokenFault::MissingScope)
}
