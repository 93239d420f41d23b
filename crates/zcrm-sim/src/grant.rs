//! Grant tokens made for a test.

use crate::environment::Environment;
use crate::shared::Shared;

/// The default scopes of a grant token: those of all simulated operations, and those that
/// applications usually request in addition.
pub(crate) const DEFAULT_SCOPES: [&str; 14] = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.share.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.files.CREATE",
    "ZohoCRM.files.READ",
    "ZohoCRM.notifications.ALL",
    "ZohoCRM.composite_requests.CUSTOM",
    "ZohoFiles.files.ALL",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
];

/// A builder for a grant token.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// use zcrm_sim::{Environment, Simulator};
///
/// let sim = Simulator::start().await?;
/// let grant = sim.grant().environment(Environment::Sandbox).scopes(["ZohoCRM.modules.READ"]);
/// assert!(grant.issue().starts_with("1000."));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a grant token is made by `issue`"]
pub struct GrantRequest<'a> {
    shared: &'a Shared,
    user: Option<String>,
    environment: Environment,
    scopes: Vec<String>,
}

impl<'a> GrantRequest<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        let scopes = DEFAULT_SCOPES.map(String::from).to_vec();
        Self { shared, user: None, environment: Environment::Production, scopes }
    }
}

impl GrantRequest<'_> {
    /// Sets the user, by e-mail address. The default is the first user.
    pub fn user(mut self, email: impl Into<String>) -> Self {
        self.user = Some(email.into());
        self
    }

    /// Sets the environment. The default is production.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Sets the scopes.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the token. If the organisation does not have the user, the token cannot be exchanged.
    #[must_use]
    pub fn issue(self) -> String {
        let user = self.user.as_deref();
        match self.shared.new_grant(user, self.environment, self.scopes) {
            Ok(code) => code,
            Err(_) => self.shared.state().rng.token(),
        }
    }
}
