//! The accounts server, store and clock that the tokens of all users of a manager share.

use std::{fmt, sync::Arc, time::Duration};

use zcrm_core::{BaseUrls, Clock, Error};

use super::{
    accounts::Accounts,
    fault::TokenFault,
    observer::{EventQueue, TokenObserver},
    timeout_store::TimeoutStore,
};
use crate::TokenKey;

/// The dependencies of every login and refresh, independent of the user.
pub(super) struct TokenContext {
    pub(super) accounts: Accounts,
    pub(super) store: TimeoutStore,
    pub(super) base_urls: BaseUrls,
    pub(super) clock: Arc<dyn Clock>,
    /// How long before its end a token is refreshed.
    pub(super) refresh_early: Duration,
    pub(super) events: Option<Arc<EventQueue>>,
}

impl TokenContext {
    /// Reports an event to the application's observer, if there is one.
    pub(super) fn report(
        &self,
        key: &TokenKey,
        event: impl FnOnce(&dyn TokenObserver, &TokenKey) + Send + 'static,
    ) {
        if let Some(events) = &self.events {
            let key = key.clone();
            events.push(move |observer| event(observer, &key));
        }
    }

    /// Reports the reason why there is no fresh token.
    pub(super) fn report_failure(&self, key: &TokenKey, error: &Error) {
        use TokenFault::{InvalidRefreshToken, NoRefreshToken, NotLoggedIn};
        let error = error.clone();
        self.report(key, move |observer, key| match TokenFault::of(&error) {
            _ if error.is_throttled() => observer.throttled(key, error.retry_after()),
            Some(InvalidRefreshToken | NoRefreshToken | NotLoggedIn) => {
                observer.login_required(key, &error);
            }
            _ => observer.refresh_failed(key, &error),
        });
    }
}

impl fmt::Debug for TokenContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenContext")
            .field("accounts", &self.accounts)
            .field("store", &self.store)
            .field("base_urls", &self.base_urls)
            .field("refresh_early", &self.refresh_early)
            .finish_non_exhaustive()
    }
}
