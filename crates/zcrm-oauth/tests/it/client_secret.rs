//! Client secrets by value, file and provider; and secrets that rotate.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use zcrm_core::{BoxError, DataCenter, ErrorKind, Origin, Outcome, SecretString};
use zcrm_oauth::{Accounts, ClientCredentials, ClientSecret, CredentialsProvider, TokenFault};
use zcrm_test_kit::{until, whole_text};

use crate::support::{Fixture, accounts, origin};

/// Gives one secret after the other, and notes who is asked for.
#[derive(Debug, Clone, Default)]
struct Vault(Arc<Mutex<(VecDeque<String>, Vec<Origin>)>>);

impl Vault {
    fn of(secrets: &[&str]) -> Self {
        let vault = Self::default();
        vault.0.lock().unwrap().0 = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        vault
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1.len()
    }
}

#[async_trait]
impl CredentialsProvider for Vault {
    async fn client_secret(&self, server: &Origin) -> Result<SecretString, BoxError> {
        let mut inner = self.0.lock().unwrap();
        inner.1.push(server.clone());
        let secret = inner.0.pop_front().ok_or("the vault is sealed")?;
        Ok(secret.into())
    }
}

fn with(fixture: &Fixture, secret: impl Into<ClientSecret>) -> Accounts {
    let (id, redirect) = (fixture.sim.client_id(), fixture.sim.redirect_uri());
    let credentials = ClientCredentials::new(id, secret, redirect).unwrap();
    accounts(&fixture.sim, &fixture.clock, credentials)
}

async fn exchange(fixture: &Fixture, accounts: &Accounts) -> Result<(), zcrm_core::Error> {
    let server = origin(&fixture.sim.accounts_url());
    let grant = SecretString::from(fixture.sim.grant_token());
    accounts.exchange(&grant, &server).await.map(drop)
}

#[tokio::test]
async fn asks_a_provider_again_after_a_rotation() {
    let fixture = Fixture::new().await;
    let right = fixture.sim.client_secret();
    let vault = Vault::of(&["marked-old", &right]);
    let accounts = with(&fixture, ClientSecret::provider(vault.clone()));
    exchange(&fixture, &accounts).await.unwrap();
    assert_eq!((vault.asked(), fixture.token_calls()), (2, 2));
    exchange(&fixture, &accounts).await.unwrap();
    assert_eq!((vault.asked(), fixture.token_calls()), (2, 3));
    assert_eq!(vault.0.lock().unwrap().1[0], origin(&fixture.sim.accounts_url()));
}

#[tokio::test]
async fn fails_if_a_provider_has_no_new_secret() {
    let fixture = Fixture::new().await;
    // the same secret again, and then a failure: neither is retried
    for secrets in [&["marked", "marked"][..], &["marked"]] {
        let vault = Vault::of(secrets);
        let accounts = with(&fixture, ClientSecret::provider(vault.clone()));
        fixture.sim.clear_journal();
        let error = exchange(&fixture, &accounts).await.unwrap_err();
        assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidClient));
        assert_eq!((vault.asked(), fixture.token_calls()), (2, 1));
        assert!(!whole_text(&error).contains("marked"));
    }
    let accounts = with(&fixture, ClientSecret::provider(Vault::of(&[])));
    fixture.sim.clear_journal();
    let error = exchange(&fixture, &accounts).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Other, Outcome::NotSent));
    assert!(whole_text(&error).contains("the vault is sealed"));
    let accounts = with(&fixture, ClientSecret::provider(Vault::of(&[""])));
    assert_eq!(exchange(&fixture, &accounts).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(fixture.token_calls(), 0);
}

#[tokio::test]
async fn reads_a_secret_file_again_after_a_rotation() {
    let fixture = Fixture::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let accounts = with(&fixture, ClientSecret::file(&path));
    let error = exchange(&fixture, &accounts).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    std::fs::write(&path, " \n").unwrap();
    assert_eq!(exchange(&fixture, &accounts).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(fixture.token_calls(), 0);

    std::fs::write(&path, "marked-old").unwrap();
    let error = exchange(&fixture, &accounts).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidClient));
    std::fs::write(&path, format!("{}\n", fixture.sim.client_secret())).unwrap();
    exchange(&fixture, &accounts).await.unwrap();
    // it is not read for each call
    std::fs::remove_file(&path).unwrap();
    exchange(&fixture, &accounts).await.unwrap();
}

#[tokio::test]
async fn uses_a_separate_secret_for_each_data_centre() {
    let fixture = Fixture::new().await;
    let [base, europe, india] = ["base", "europe", "india"].map(|it| Vault::of(&[it]));
    let secret = ClientSecret::provider(base.clone())
        .at(DataCenter::EU, ClientSecret::provider(Vault::default()))
        .at(DataCenter::EU, ClientSecret::provider(europe.clone()))
        .at(DataCenter::IN, ClientSecret::provider(india.clone()));
    assert!(!format!("{secret:?}").contains("india"));
    let accounts = with(&fixture, secret);
    let grant = SecretString::from("1000.grant");
    for server in ["https://accounts.zoho.eu", "https://accounts.zoho.com"].map(origin) {
        // polled once, so that the secret is fetched and nothing is sent
        let mut call = std::pin::pin!(accounts.exchange(&grant, &server));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut cx).is_pending());
    }
    assert_eq!((base.asked(), europe.asked(), india.asked()), (1, 1, 0));
}

#[tokio::test]
async fn tries_a_wrong_secret_once() {
    let fixture = Fixture::new().await;
    let accounts = with(&fixture, "marked-wrong");
    let error = exchange(&fixture, &accounts).await.unwrap_err();
    assert_eq!(TokenFault::of(&error), Some(TokenFault::InvalidClient));
    assert_eq!(fixture.token_calls(), 1);
    for blank in [ClientSecret::from(""), ClientSecret::from("x").at(DataCenter::EU, " ")] {
        let error = ClientCredentials::new("1000.X", blank, "https://x.y").unwrap_err();
        assert!(error.to_string().contains("`client_secret`"), "{error}");
    }
}

/// Never answers.
#[derive(Debug)]
struct Asleep;

#[async_trait]
impl CredentialsProvider for Asleep {
    async fn client_secret(&self, _: &Origin) -> Result<SecretString, BoxError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn fails_a_call_whose_provider_hangs() {
    let fixture = Fixture::new().await;
    let accounts = with(&fixture, ClientSecret::provider(Asleep));
    let (server, grant) = (origin(&fixture.sim.accounts_url()), SecretString::from("1000.grant"));
    let call = tokio::spawn(async move { accounts.exchange(&grant, &server).await });
    let deadline = Duration::from_secs(10);
    until(|| fixture.clock.slept().contains(&deadline)).await;
    fixture.advance(deadline - Duration::from_secs(1));
    tokio::task::yield_now().await;
    assert!(!call.is_finished());
    fixture.advance(Duration::from_secs(1));
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(fixture.token_calls(), 0);
}
