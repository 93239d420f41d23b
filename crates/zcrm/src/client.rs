//! The client.

use std::{ops::Deref, sync::Arc};

use zcrm_api::Api;
use zcrm_core::Error;
use zcrm_oauth::{TokenManager, UserTokens};

use crate::ClientBuilder;

/// Zoho CRM for one user: an [`Api`] whose tokens keep themselves fresh. Clones are cheap and share
/// connections, limits and tokens; any number of clients and users live in one process.
///
/// Everything of [`Api`] is here: [`records`](Api::records), [`records_of`](Api::records_of),
/// [`call`](Api::call).
#[derive(Clone, Debug)]
pub struct Client {
    api: Api,
    manager: TokenManager,
    tokens: UserTokens,
}

impl Client {
    /// Begins to set up a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(api: &Api, manager: TokenManager, user: &str) -> Result<Self, Error> {
        let tokens = manager.user(user)?;
        let api = api.authorized_by(Arc::new(tokens.clone()));
        Ok(Self { api, manager, tokens })
    }

    /// The same client for another user, who has tokens of their own. Cheap: connections and limits
    /// are shared.
    ///
    /// ```no_run
    /// # async fn example(client: zcrm::Client) -> zcrm::Result<()> {
    /// let her = client.as_user("patricia@example.com")?;
    /// let him = client.as_user("charles@example.com")?;
    /// # let _ = (her, him);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config) where `user` is empty.
    pub fn as_user(&self, user: &str) -> Result<Self, Error> {
        Self::new(&self.api, self.manager.clone(), user)
    }

    /// The user's tokens: log in with [`exchange`](UserTokens::exchange), log out with
    /// [`forget`](UserTokens::forget), look with [`stored`](UserTokens::stored).
    #[must_use]
    pub fn tokens(&self) -> &UserTokens {
        &self.tokens
    }
}

impl Deref for Client {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}
