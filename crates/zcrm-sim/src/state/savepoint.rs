//! The state at a moment, to return to it when a composite call is rolled back.

use super::page_tokens::PageTokens;
use super::store::Store;
use super::users::User;
use crate::environment::Environment;
use crate::state::State;

/// The data that calls of the CRM API change, at a moment. The tables are shared with the state
/// until a call changes them.
#[derive(Debug)]
pub(crate) struct Savepoint {
    store: Store,
    users: Vec<User>,
    page_tokens: PageTokens,
}

impl State {
    pub(crate) fn savepoint(&self, environment: Environment) -> Savepoint {
        Savepoint {
            store: self.store(environment).clone(),
            users: self.users.clone(),
            page_tokens: self.page_tokens.clone(),
        }
    }

    /// Undoes all changes since the savepoint. Ids that were given since then are not given again.
    pub(crate) fn roll_back(&mut self, environment: Environment, savepoint: Savepoint) {
        *self.store_mut(environment) = savepoint.store;
        self.users = savepoint.users;
        self.page_tokens = savepoint.page_tokens;
    }
}
