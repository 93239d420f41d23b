//! No secret is shown: not by a type, not by an error, not in a log.

use std::{
    io,
    sync::{Arc, Mutex, atomic::Ordering},
};

use serde_json::json;
use tracing_subscriber::{fmt::MakeWriter, util::SubscriberInitExt};
use zcrm_oauth::{ClientCredentials, MemoryStore, RefreshLock, StoreError, UnsavedToken};
use zcrm_sim::Simulator;

use crate::support::{
    HOUR, Shelf, World, access, accounts, chain, origin, read, refresh_token, until,
};

/// Everything that is logged on this thread, at the finest level.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_on_the_way_of_a_token_is_ever_shown() {
    let logs = Logs::default();
    let guard = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(logs.clone())
        .finish()
        .set_default();

    let builder = Simulator::builder().client("1000.MYAPP", "marked-secret", "https://x.y/z");
    let world = World::built(builder, Shelf::default()).await;
    let mut shown = String::new();
    let mut secrets = vec!["marked".to_owned()];

    // a login, a spent grant, a login that cannot be saved
    let grant = world.sim.grant_token();
    secrets.push(grant.clone());
    let login = world.tokens.exchange(grant.clone()).await.unwrap();
    shown += &format!("{login:?}");
    shown += &chain(&world.tokens.exchange(grant).await.unwrap_err());
    world.store.failing_saves.store(1, Ordering::SeqCst);
    let grant = world.sim.grant_token();
    secrets.push(grant.clone());
    let error = world.tokens.exchange(grant).await.unwrap_err();
    let unsaved = UnsavedToken::of(&error).unwrap();
    shown += &format!("{unsaved}{unsaved:?}{}", chain(&error));
    secrets.extend([access(unsaved.token()).to_owned(), refresh_token(unsaved.token()).to_owned()]);

    // calls, a refusal, refreshes that fail and one that cannot be saved
    let api = world.api();
    assert_eq!(read(&api, &world.tokens).await.unwrap(), 200);
    world.advance(HOUR);
    for answer in [
        json!({ "error": "1000.marked" }),
        json!({ "error": "Access Denied", "error_description": "marked" }),
        json!({ "access_token": ["marked"] }),
        json!({ "access_token": "marked", "expires_in": "marked" }),
        json!({ "access_token": "marked\n", "expires_in": 3600 }),
        json!({ "marked": 1 }),
    ] {
        world.accounts().json(200, &answer);
        shown += &chain(&world.tokens.token().await.unwrap_err());
        world.advance(HOUR);
    }
    world.accounts().html(500, "marked");
    shown += &chain(&world.tokens.token().await.unwrap_err());
    // each of the four attempts asks for a token
    world.accounts().times(4).reset();
    shown += &chain(&read(&api, &world.tokens).await.unwrap_err());
    world.store.failing_saves.store(1, Ordering::SeqCst);
    let fresh = world.tokens.token().await.unwrap();
    until(|| world.clock.slept().contains(&std::time::Duration::from_secs(1))).await;

    // every public type
    let manager = world.manager();
    let wrong =
        ClientCredentials::new("1000.MYAPP", "marked-wrong".to_owned(), "https://x.y/z").unwrap();
    let server = accounts(&world.sim, &world.clock, wrong.clone());
    let refresh = login.refresh.clone().unwrap();
    let accounts_url = origin(&world.sim.accounts_url());
    shown += &chain(&server.refresh(&refresh, &accounts_url).await.unwrap_err());
    shown += &format!("{wrong:?}{server:?}{manager:?}{:?}{:?}", world.tokens, world.tokens.key());
    shown += &format!("{:?}{:?}{:?}", world.store, MemoryStore::new(), RefreshLock::open());
    shown += &format!("{:?}", StoreError::new("x").with_source(unsaved.clone()));
    shown += &format!("{:?}", zcrm_http::Authorizer::cached(&world.tokens).unwrap());
    drop(guard);

    for token in [&login, &fresh] {
        secrets.extend([access(token).to_owned(), refresh_token(token).to_owned()]);
    }
    let text = String::from_utf8(logs.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("zcrm_oauth") && text.contains("h2::"), "nothing was logged");
    for secret in secrets {
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} was logged");
        assert!(!shown.contains(&secret), "{secret}: {shown}");
    }
}
