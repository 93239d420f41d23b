//! The `state` parameters of browser logins in progress, which tie a redirect to a session.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use subtle::ConstantTimeEq as _;
use zcrm_core::{Error, ErrorKind, Outcome};

use super::fault::TokenFault;

/// The time in which the user must log in at Zoho.
const LIFETIME: Duration = Duration::from_secs(600);

/// The maximum number of logins in progress. One more replaces the oldest.
const MAX_PENDING: usize = 10_000;

/// Returns 256 random bits in hexadecimal.
pub(super) fn random_state() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        let message = "the system returned no random numbers";
        Error::new(ErrorKind::Other, Outcome::NotSent, message).with_source(error)
    })?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The states that were issued and not used yet.
#[derive(Default)]
pub(super) struct States(Mutex<IssuedStates>);

#[derive(Default)]
struct IssuedStates {
    pending: HashMap<String, PendingLogin>,
    /// The states in the order of issue, which is also the order of expiry.
    order: VecDeque<(Duration, String)>,
}

struct PendingLogin {
    session: String,
    until: Duration,
}

impl States {
    fn issued(&self) -> MutexGuard<'_, IssuedStates> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the state of a new login. `now` is monotonic. Each call removes at most two expired
    /// states, so that no call scans all of them.
    pub(super) fn begin(&self, state: &str, session: &str, now: Duration) {
        let issued = &mut *self.issued();
        for _ in 0..2 {
            if issued
                .order
                .front()
                .is_some_and(|(until, _)| *until <= now || issued.order.len() >= MAX_PENDING)
                && let Some((_, oldest)) = issued.order.pop_front()
            {
                issued.pending.remove(&oldest);
            }
        }
        let until = now.saturating_add(LIFETIME);
        let pending = PendingLogin { session: session.to_owned(), until };
        issued.pending.insert(state.to_owned(), pending);
        issued.order.push_back((until, state.to_owned()));
    }

    /// Removes a state. Returns `true` if it was valid for this session. An attempt with another
    /// session also removes it.
    pub(super) fn end(&self, state: &str, session: &str, now: Duration) -> bool {
        self.issued().pending.remove(state).is_some_and(|pending| {
            now < pending.until && constant_time_eq(&pending.session, session)
        })
    }
}

/// Compares two texts in constant time, so that the duration does not reveal a common prefix.
pub(super) fn constant_time_eq(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

pub(super) fn state_mismatch() -> Error {
    let message = "the `state` of the redirect is not valid for this browser's session: it was used \
                   before, is older than ten minutes, or the redirect is forged; start the login \
                   again";
    Error::new(ErrorKind::Credential, Outcome::Refused, message)
        .with_source(TokenFault::StateMismatch)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn accepts_a_state_once_in_time_for_its_session() {
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
    fn drops_the_oldest_state_when_too_many_logins_start() {
        let states = States::default();
        for at in 0..MAX_PENDING + 5 {
            states.begin(&at.to_string(), "s", Duration::from_millis(at as u64));
        }
        assert!(states.issued().pending.len() <= MAX_PENDING);
        assert!(!states.end("4", "s", SECOND));
        assert!(states.end("10", "s", SECOND));
        // expired states are removed by later logins
        for at in 0..MAX_PENDING {
            states.begin(&format!("later {at}"), "s", 2 * LIFETIME);
        }
        assert_eq!(states.issued().pending.len(), MAX_PENDING);
        assert_eq!(states.issued().order.len(), MAX_PENDING);
    }

    #[test]
    fn generates_different_states() {
        let (one, other) = (random_state().unwrap(), random_state().unwrap());
        assert_eq!((one.len(), other.len()), (64, 64));
        assert!(!constant_time_eq(&one, &other) && constant_time_eq(&one, &one));
    }
}
