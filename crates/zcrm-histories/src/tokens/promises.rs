//! The promises about tokens, and the checks that they were kept.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use zcrm_core::ExposeSecret as _;

use super::{
    accounts_state::{MAX_CALLS, WINDOW},
    logins::Effect,
    world::World,
};

/// The longest time that a caller waits for a token.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(70);

/// The promises, as they are reported.
pub(crate) const ONE_REFRESH: &str = "a good token in the store is used";
pub(crate) const BUDGET: &str = "a process refreshes a login at most ten times in ten minutes";
pub(crate) const NO_LONG_WAIT: &str = "no call waits longer than 70 s for a token";
pub(crate) const LOGINS: &str = "no login is lost, and none comes back";
pub(crate) const UNKNOWN_LOGIN: &str = "the tokens of a login are saved or are in the error";
pub(crate) const HONEST: &str = "no user has to log in while the login is good";
pub(crate) const NO_OUTAGE: &str = "a call fails only after a fault";
pub(crate) const RECOVERY: &str = "calls succeed again when the faults are over";

/// The time that a stored token must still live so that it may not be refreshed: a token is refreshed 60 s
/// before its end, and a refresh has begun before it reaches the accounts server.
const FRESH: Duration = Duration::from_secs(60 + 40);

/// Checks a refresh that arrives at the accounts server.
pub(crate) fn check_refresh(world: &Arc<World>, process: usize, refresh: &str, now: Duration) {
    world.count("refreshes");
    if !world.plan.has_good_store() || world.plan.has_wrong_clocks() {
        return;
    }
    let stored =
        world.store().token_with(refresh).map(|token| token.access.expose_secret().to_owned());
    let Some(access) = stored else { return };
    let left = world.accounts().good_for(&access, now).unwrap_or_default();
    if left > FRESH {
        let left = left.as_secs();
        world.broken(
            ONE_REFRESH,
            format_args!(
                "process {process} refreshes, but `{access}` in the store is good for {left} s"
            ),
        );
    }
}

/// The longest time that a refresh is on its way to the server. The process counts when it sends, and Zoho when
/// the refresh arrives.
const ON_THE_WAY: Duration = Duration::from_secs(20);

/// Checks the recent refreshes of a process with one refresh token, and adds one.
pub(crate) fn check_budget(world: &World, process: usize, calls: &mut VecDeque<Duration>) {
    let now = world.now();
    calls.retain(|call| now < *call + WINDOW - ON_THE_WAY);
    calls.push_back(now);
    if calls.len() > MAX_CALLS {
        let count = calls.len();
        world.broken(
            BUDGET,
            format_args!("process {process} refreshed {count} times in ten minutes"),
        );
    }
}

/// Checks that the store holds the logins that it must hold.
pub(crate) fn check_logins(world: &World) {
    for user in 0..world.plan.users {
        if world.logins().is_changing(user) {
            continue;
        }
        let name = user_name(user);
        let stored = world.store().token_of(&name).map(|token| {
            token.refresh.as_ref().map_or_else(String::new, |it| it.expose_secret().to_owned())
        });
        let logins = world.logins();
        let accounts = world.accounts();
        let possible = logins.possible(user);
        let is_possible = possible.iter().any(|effect| match effect {
            Effect::LogIn { grant } => {
                stored.is_some() && accounts.login_of(grant) == stored.as_deref()
            }
            Effect::LogOut => stored.is_none(),
        });
        if !is_possible {
            let possible = format!("{possible:?}");
            drop((logins, accounts));
            world.broken(
                LOGINS,
                format_args!(
                    "the store holds {stored:?} for {name}, but should hold one of {possible}"
                ),
            );
        }
    }
}

/// Returns the stored refresh token of a user, if Zoho accepts it.
pub(crate) fn good_login(world: &World, user: usize) -> Option<String> {
    let store = world.store();
    let refresh = store.token_of(&user_name(user))?.refresh.as_ref()?.expose_secret();
    world.accounts().is_valid(refresh).then(|| refresh.to_owned())
}

/// Returns the name of a user.
pub(crate) fn user_name(user: usize) -> String {
    format!("user-{user}")
}
