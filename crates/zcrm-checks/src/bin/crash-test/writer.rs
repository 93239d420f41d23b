//! A process that saves tokens until it is killed, and prints each saved token.

use std::{ffi::OsString, io::Write as _, path::PathBuf, sync::Arc};

use zcrm_checks::{Arguments, BoxError, StoreKind};
use zcrm_core::Clock as _;
use zcrm_http::TokioClock;
use zcrm_oauth::StoredToken;

/// The first argument of a process that saves.
pub(crate) const ROLE: &str = "writer";

/// The number of users of each writer.
pub(crate) const USERS: usize = 3;

/// Returns the token of a user in a round.
pub(crate) fn token(user: &str, round: u64, clock: TokioClock) -> StoredToken {
    StoredToken::new(format!("access-{user}-{round}"), clock.now())
        .with_refresh(format!("refresh-{user}-{round}"))
}

/// Returns the round of a token, if the token is complete and belongs to the user.
pub(crate) fn round(user: &str, token: &StoredToken) -> Option<u64> {
    use zcrm_core::ExposeSecret as _;
    let round = token.access.expose_secret().strip_prefix(&format!("access-{user}-"))?;
    let refresh = token.refresh.as_ref()?.expose_secret();
    let refreshed = refresh.strip_prefix(&format!("refresh-{user}-"))?;
    (round == refreshed).then(|| round.parse().ok()).flatten()
}

pub(crate) async fn run(arguments: Vec<OsString>) -> Result<(), BoxError> {
    let named = ["store", "folder", "name", "round"];
    let arguments = Arguments::parse(arguments, &named, &[])?;
    let place: StoreKind = arguments.text("store").unwrap_or("file").parse()?;
    let folder = PathBuf::from(arguments.text("folder").ok_or("no folder")?);
    let name = arguments.text("name").ok_or("no name")?;
    let clock = TokioClock::new();
    let store = place.open(&folder, Arc::new(clock))?;
    for round in arguments.number("round", 0)?.. {
        for user in (0..USERS).map(|at| format!("{name}{at}")) {
            let key = place.key(&user);
            // lock as a refresh does; no other live process locks this user
            let lock =
                store.lock(&key, place.grace()).await?.ok_or("a dead process holds a lock")?;
            store.save(&key, &token(&user, round, clock)).await?;
            lock.release().await?;
            let mut output = std::io::stdout().lock();
            writeln!(output, "{user} {round}")?;
            output.flush()?;
        }
    }
    Ok(())
}
