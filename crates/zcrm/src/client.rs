//! The client.

use std::{ops::Deref, sync::Arc};

use zcrm_api::Api;
use zcrm_core::{Error, Operation};
use zcrm_oauth::{Grant, UserTokens};

use crate::{Clients, whoami::WhoAmI};

/// A client of Zoho CRM for one user, which refreshes its tokens automatically. Clones are cheap
/// and share connections, limits and tokens. One process may have any number of clients and users;
/// limits are kept for each organisation ([`Tenant`](crate::http::Tenant)).
///
/// A client dereferences to [`Api`] and so has all methods of it: [`records`](Api::records),
/// [`records_of`](Api::records_of), [`call`](Api::call).
#[derive(Clone, Debug)]
pub struct Client {
    api: Api,
    clients: Clients,
    tokens: UserTokens,
}

impl Client {
    pub(crate) fn new(clients: Clients, api: &Api, tokens: UserTokens) -> Self {
        Self { api: api.authorized_by(Arc::new(tokens.clone())), clients, tokens }
    }

    /// Logs in the user whom a grant belongs to, and returns a client of that user. The tokens are
    /// stored under the user's e-mail address. The address comes from Zoho's user info (scope
    /// `AaaServer.profile.READ`) or from the CRM's current user (scope `ZohoCRM.users.READ`).
    ///
    /// To store the tokens under the configured user of this client, use
    /// [`login_if_needed`](Self::login_if_needed) or [`UserTokens::exchange`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zcrm::{Client, Config, oauth::GrantToken, stores::MemoryStore};
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// # let config = Config::from_map(sim.settings())?;
    /// # let builder = Client::builder().config(config);
    /// # let grant = sim.grant_token();
    ///
    /// let client = builder.store(MemoryStore::new()).build()?;
    /// let client = client.login(GrantToken::new(grant)).await?;
    /// println!("welcome, {}", client.tokens().key().user());
    /// # assert_eq!(client.tokens().key().user(), sim.user_email());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Clients::login`].
    pub async fn login(&self, grant: impl Into<Grant>) -> Result<Self, Error> {
        self.clients.login(grant).await
    }

    /// Logs in the user of this client if no login is stored, and returns this client. If a login is
    /// stored, the grant is not used, so a program may call this at each start with the same grant token.
    ///
    /// The tokens are stored under the configured user ([`ClientBuilder::user`](crate::ClientBuilder::user)), even if the
    /// grant belongs to another user.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zcrm::{Client, Config, oauth::GrantToken, stores::MemoryStore};
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// # let config = Config::from_map(sim.settings())?;
    /// # let builder = Client::builder().config(config);
    /// # let grant = sim.grant_token();
    ///
    /// let client = builder.store(MemoryStore::new()).build()?;
    /// let client = client.login_if_needed(GrantToken::new(&*grant)).await?;
    /// let client = client.login_if_needed(GrantToken::new(&*grant)).await?; // not used a second time
    /// # assert_eq!(sim.journal().exchanges(), 1);
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`UserTokens::exchange`].
    pub async fn login_if_needed(&self, grant: impl Into<Grant>) -> Result<Self, Error> {
        self.tokens.exchange_if_needed(grant).await?;
        Ok(self.clone())
    }

    /// Returns a client for another user of the same application, with that user's tokens. It is cheap:
    /// connections are shared. Users of one organisation share its limits if their keys name the
    /// organisation ([`Clients::user_in_organisation`]); other users have separate limits.
    ///
    /// ```no_run
    /// # async fn example(client: zcrm::Client) -> zcrm::Result<()> {
    /// let patricia = client.as_user("patricia@example.com")?;
    /// let charles = client.as_user("charles@example.com")?;
    /// # let _ = (patricia, charles);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// An error of kind [`Config`](crate::ErrorKind::Config) if `user` is empty.
    pub fn as_user(&self, user: &str) -> Result<Self, Error> {
        self.clients.user(user)
    }

    /// Returns the user's tokens, for example to log out with [`logout`](UserTokens::logout) or to read
    /// the [stored](UserTokens::stored) token.
    #[must_use]
    pub fn tokens(&self) -> &UserTokens {
        &self.tokens
    }

    /// Returns the clients of all users of the same application, for example to log in, list or log
    /// out other users.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Returns the scopes of an operation that the user's token lacks. One of them is enough to
    /// call the operation. The list is empty if the token may already call it. Returns `None` if
    /// the stored token does not name its scopes (some stores do not keep them).
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
    /// An error of kind [`Credential`](crate::ErrorKind::Credential) if no login is stored, and of kind
    /// [`Store`](crate::ErrorKind::Store) if the store fails.
    pub async fn missing_scopes(
        &self,
        operation: &Operation,
    ) -> Result<Option<Vec<&'static str>>, Error> {
        self.tokens.missing_scopes(operation).await
    }
}

impl Clients {
    fn client(&self, tokens: UserTokens) -> Client {
        Client::new(self.clone(), &self.api, tokens)
    }

    /// Returns the client of a user. It is cheap.
    ///
    /// # Errors
    /// An error of kind [`Config`](crate::ErrorKind::Config) if `user` is empty.
    pub fn user(&self, user: &str) -> Result<Client, Error> {
        Ok(self.client(self.manager.user(user)?))
    }

    /// Returns the client of a user in one organisation. Its tokens are stored separately from
    /// those of the same user in another organisation. Users of the same organisation share its
    /// limits.
    ///
    /// # Errors
    /// An error of kind [`Config`](crate::ErrorKind::Config) if `user` is empty.
    pub fn user_in_organisation(&self, user: &str, organisation: &str) -> Result<Client, Error> {
        Ok(self.client(self.manager.user_in_organisation(user, organisation)?))
    }

    /// Returns a client without a user, which uses the client credentials flow; see
    /// [`TokenManager::organisation`](zcrm_oauth::TokenManager::organisation).
    ///
    /// # Errors
    /// An error of kind [`Config`](crate::ErrorKind::Config) or [`Input`](crate::ErrorKind::Input) if the
    /// organisation or the scopes are missing.
    pub fn organisation(&self, soid: &str, scopes: &[impl AsRef<str>]) -> Result<Client, Error> {
        Ok(self.client(self.manager.organisation(soid, scopes)?))
    }

    /// Logs in the user whom a grant belongs to, and returns that user's client. The user is looked
    /// up in Zoho's user info (scope `AaaServer.profile.READ`) or as the CRM's current user (scope
    /// `ZohoCRM.users.READ`).
    ///
    /// # Errors
    /// As [`UserTokens::exchange`]. If the exchange succeeded but the user could not be determined,
    /// the error carries the tokens ([`UnsavedToken`](crate::oauth::UnsavedToken)); with
    /// [`TokenFault::MissingScope`](crate::oauth::TokenFault::MissingScope) both scopes are
    /// missing. Then name the user with [`user`](Self::user), and exchange the tokens there.
    pub async fn login(&self, grant: impl Into<Grant>) -> Result<Client, Error> {
        let lookup = Arc::new(WhoAmI::new(self.api.clone(), self.manager.clone()));
        Ok(self.client(self.manager.login_with(grant, lookup).await?))
    }
}

/// Gives a client all methods of [`Api`]. A client is an `Api` with the tokens of its user;
/// separate methods would repeat each one and its documentation. `Client` itself only has methods
/// about users, and their names do not occur in `Api`.
impl Deref for Client {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}
