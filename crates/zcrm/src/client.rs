//! The client.

use std::{ops::Deref, sync::Arc};

use zcrm_api::Api;
use zcrm_core::{Error, Operation};
use zcrm_oauth::UserTokens;

use crate::{ClientBuilder, Clients};

/// Zoho CRM for one user: an [`Api`] whose tokens keep themselves fresh. Clones are cheap and share
/// connections, limits and tokens; any number of clients and users live in one process. Limits are kept
/// for each organisation ([`Tenant`](crate::Tenant)).
///
/// Everything of [`Api`] is here: [`records`](Api::records), [`records_of`](Api::records_of),
/// [`call`](Api::call).
#[derive(Clone, Debug)]
pub struct Client {
    api: Api,
    clients: Clients,
    tokens: UserTokens,
}

impl Client {
    /// Begins to set up a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(clients: Clients, api: &Api, tokens: UserTokens) -> Self {
        Self { api: api.authorized_by(Arc::new(tokens.clone())), clients, tokens }
    }

    /// The same client for another user, who has tokens of their own. Cheap: connections are shared.
    /// So are limits by users of one organisation, where their keys name it
    /// ([`Clients::user_in_organisation`]); other users have limits of their own.
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
        self.clients.user(user)
    }

    /// The user's tokens: log in with [`exchange`](UserTokens::exchange), log out with
    /// [`forget`](UserTokens::logout), look with [`stored`](UserTokens::stored).
    #[must_use]
    pub fn tokens(&self) -> &UserTokens {
        &self.tokens
    }

    /// All users of the same application: log others in, list and remove them.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The scopes of which an operation needs one and the user's token has none; empty where it may
    /// be called, `None` where the token does not tell its scopes (some stores do not keep them).
    ///
    /// ```no_run
    /// # async fn example(client: zcrm::Client) -> zcrm::Result<()> {
    /// use zcrm::operations::USERS_LIST;
    ///
    /// if let Some(missing) = client.missing_scopes(&USERS_LIST).await?.filter(|it| !it.is_empty()) {
    ///     println!("log in again and ask for one of {missing:?} too");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of kind [`Credential`](crate::ErrorKind::Credential) where nobody logged in, and of kind
    /// [`Store`](crate::ErrorKind::Store) where the store fails.
    pub async fn missing_scopes(
        &self,
        operation: &Operation,
    ) -> Result<Option<Vec<&'static str>>, Error> {
        self.tokens.missing_scopes(operation).await
    }
}

impl Deref for Client {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}
