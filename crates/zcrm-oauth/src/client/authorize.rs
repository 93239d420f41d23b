//! The login in a browser: where it begins, and the `state` that ties its end to its beginning.

use std::{
    collections::{HashMap, VecDeque},
    fmt::{self, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use zcrm_core::{ApiVersion, Base, Error, ErrorKind, Operation, Outcome};

use super::{
    fault::TokenFault,
    manager::{Shared, TokenManager},
    scopes,
};

const AUTHORIZE: Operation =
    Operation::get("/oauth/v2/auth").id("oauth.authorize").base(Base::Root).query(&[
        "response_type",
        "client_id",
        "scope",
        "redirect_uri",
        "access_type",
        "prompt",
        "state",
    ]);

/// How long somebody may take to log in at Zoho.
const LIFE: Duration = Duration::from_secs(600);

/// So many logins may be under way; beyond it the oldest gives way.
const MOST: usize = 10_000;

/// Where to send a browser, so that somebody logs in at Zoho and comes back to the redirect URI:
/// [`TokenManager::authorize_url`].
#[must_use = "nothing begins until the URL is asked for"]
pub struct AuthorizeUrl {
    shared: Arc<Shared>,
    scope: Result<String, Error>,
}

impl TokenManager {
    /// Begins a login in a browser. The URL asks for a refresh token (`access_type=offline`) and
    /// for consent (`prompt=consent`), without which Zoho gives one only the first time. It starts
    /// at accounts.zoho.com, for China at accounts.zoho.com.cn, or at the configured accounts
    /// server; the redirect then names the server of the person's own data centre.
    ///
    /// ```
    /// # fn example(manager: zcrm_oauth::TokenManager) -> zcrm_core::Result<()> {
    /// // what ties the browser to this login, such as the id in its session cookie
    /// let session = "the id of the browser's session";
    /// let url = manager.authorize_url(&["ZohoCRM.modules.ALL"]).for_session(session)?;
    /// # let _ = url;
    /// # Ok(())
    /// # }
    /// ```
    pub fn authorize_url(&self, scopes: &[impl AsRef<str>]) -> AuthorizeUrl {
        AuthorizeUrl { shared: Arc::clone(self.shared()), scope: scopes::listed(scopes) }
    }
}

impl AuthorizeUrl {
    /// The URL for the browser of a session. Its `state` is new, is kept in this manager's memory,
    /// and is good once, for ten minutes, for that session alone:
    /// [`TokenManager::accept`] checks it. `session` is whatever only that browser can bring back,
    /// such as the random id in a cookie; it does not travel to Zoho.
    ///
    /// # Errors
    /// Of kind [`Input`](ErrorKind::Input) where no scope or no session is named.
    pub fn for_session(self, session: &str) -> Result<String, Error> {
        if session.trim().is_empty() {
            return Err(Error::input(
                "the browser has no session: give it a cookie with a random id first, so that a \
                 forged redirect can be told",
            ));
        }
        let state = random()?;
        let url = self.url(&state)?;
        self.shared.states.begin(&state, session, self.shared.clock.monotonic());
        Ok(url)
    }

    /// The URL with a `state` of the caller's own: for a fleet whose members do not share memory.
    /// The caller keeps it in the browser's session, removes it from there when the redirect comes,
    /// and passes it to [`TokenManager::accept_state`].
    ///
    /// # Errors
    /// Of kind [`Input`](ErrorKind::Input) where no scope is named, or where the state is shorter
    /// than 16 characters: it must be random, so that nobody can guess it.
    pub fn with_state(self, state: &str) -> Result<String, Error> {
        if state.len() < 16 {
            return Err(Error::input("a `state` of fewer than 16 characters can be guessed"));
        }
        self.url(state)
    }

    fn url(&self, state: &str) -> Result<String, Error> {
        let credentials = self.shared.accounts.credentials();
        let redirect_uri = credentials.redirect_uri().ok_or_else(|| {
            Error::config(
                "`redirect_uri` is missing, to which a login in a browser comes back: set it to the \
                 one that the client was registered with",
            )
        })?;
        let request = AUTHORIZE
            .request(ApiVersion::V2)
            .query("response_type", "code")
            .query("client_id", credentials.client_id())
            .query("scope", self.scope.as_ref().map_err(Clone::clone)?)
            .query("redirect_uri", redirect_uri)
            .query("access_type", "offline")
            .query("prompt", "consent")
            .query("state", state)
            .build()?;
        Ok(format!("{}{}", self.shared.base_urls.login_origin(), request.uri()))
    }
}

impl fmt::Debug for AuthorizeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeUrl").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// 256 random bits, as text.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        let message = "the system gave no random numbers";
        Error::new(ErrorKind::Other, Outcome::NotSent, message).with_source(error)
    })?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The states that were given out and have not come back.
#[derive(Default)]
pub(super) struct States(Mutex<Given>);

#[derive(Default)]
struct Given {
    pending: HashMap<String, Pending>,
    /// The order in which they were given, and so that in which they end.
    order: VecDeque<(Duration, String)>,
}

struct Pending {
    session: String,
    until: Duration,
}

impl States {
    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `now` is monotonic. No step walks through all states: two are forgotten at most with each
    /// new one.
    fn begin(&self, state: &str, session: &str, now: Duration) {
        let given = &mut *self.given();
        for _ in 0..2 {
            if given
                .order
                .front()
                .is_some_and(|(until, _)| *until <= now || given.order.len() >= MOST)
                && let Some((_, oldest)) = given.order.pop_front()
            {
                given.pending.remove(&oldest);
            }
        }
        let until = now.saturating_add(LIFE);
        let pending = Pending { session: session.to_owned(), until };
        given.pending.insert(state.to_owned(), pending);
        given.order.push_back((until, state.to_owned()));
    }

    /// Uses a state up; says whether it was good for this session. Whoever brings it, it is gone.
    pub(super) fn end(&self, state: &str, session: &str, now: Duration) -> bool {
        self.given()
            .pending
            .remove(state)
            .is_some_and(|pending| now < pending.until && is_same(&pending.session, session))
    }
}

/// Whether two texts are the same, without telling by the time it takes how much of them is.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differing == 0
}

pub(super) fn forged() -> Error {
    let message = "the `state` of the redirect is not one that this browser's session was given: it \
                   was used before, is older than ten minutes, or the redirect is forged; begin the \
                   login anew";
    Error::new(ErrorKind::Credential, Outcome::Refused, message)
        .with_source(TokenFault::ForgedState)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_state_is_good_once_in_time_and_for_its_session() {
        let states = States::default();
        for (state, session, now, good) in [
            ("a", "mine", 599, true),
            ("b", "theirs", 1, false),
            ("c", "mine", 600, false),
            ("d", "min", 1, false),
        ] {
            states.begin(state, "mine", Duration::ZERO);
            assert_eq!(states.end(state, session, now * SECOND), good, "{state}");
            assert!(!states.end(state, "mine", Duration::ZERO), "{state} was used up");
        }
        assert!(!states.end("e", "mine", Duration::ZERO));
    }

    #[test]
    fn a_flood_of_logins_costs_the_oldest_and_no_memory() {
        let states = States::default();
        for at in 0..MOST + 5 {
            states.begin(&at.to_string(), "s", Duration::from_millis(at as u64));
        }
        assert!(states.given().pending.len() <= MOST);
        assert!(!states.end("4", "s", SECOND));
        assert!(states.end("10", "s", SECOND));
        // those that are over go with the next ones
        for at in 0..MOST {
            states.begin(&format!("later {at}"), "s", 2 * LIFE);
        }
        assert_eq!(states.given().pending.len(), MOST);
        assert_eq!(states.given().order.len(), MOST);
    }

    #[test]
    fn no_two_states_are_the_same() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!((one.len(), other.len()), (64, 64));
        assert!(!is_same(&one, &other) && is_same(&one, &one));
    }
}
