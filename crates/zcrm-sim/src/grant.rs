//! Grant tokens that a test asks for.

use crate::environment::Environment;
use crate::shared::Shared;

/// The scopes of a grant token that says nothing else: all that is simulated, and what
/// applications usually ask for besides.
pub(crate) const DEFAULT_SCOPES: [&str; 11] = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.files.CREATE",
    "ZohoCRM.files.READ",
    "ZohoCRM.notifications.ALL",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
];

/// A grant token to be made.
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
    /// For the user with that e-mail address instead of the first one.
    pub fn user(mut self, email: impl Into<String>) -> Self {
        self.user = Some(email.into());
        self
    }

    /// For that environment instead of production.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// With only those scopes.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the token. One for a user that the organisation does not have cannot be exchanged.
    #[must_use]
    pub fn issue(self) -> String {
        let user = self.user.as_deref();
        match self.shared.new_grant(user, self.environment, self.scopes) {
            Ok(code) => code,
            Err(_) => self.shared.state().rng.token(),
        }
    }
}
