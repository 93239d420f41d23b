//! A client used from end to end: simulator, sockets, TLS, token file.

use std::path::Path;

use zcrm::{Client, ClientBuilder, Config, ErrorKind, Outcome, Record};
use zcrm_sim::Simulator;
use zcrm_test_kit::builder;

async fn client(sim: &Simulator, folder: &Path) -> Client {
    builder(sim).token_path(folder).build().unwrap()
}

#[tokio::test]
async fn finds_the_login_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Simulator::start().await.unwrap();
    let first = client(&sim, folder.path()).await;
    assert!(first.tokens().stored().await.unwrap().is_none());
    first.tokens().exchange(sim.grant_token()).await.unwrap();
    drop(first);

    let second = client(&sim, folder.path()).await;
    second.records("Leads").list().fields(["Last_Name"]).send().await.unwrap();
    assert_eq!(sim.journal().exchanges(), 1);
    assert_eq!(sim.journal().refreshes(), 0);
}

#[tokio::test]
async fn refreshes_an_expired_token_once() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Simulator::start().await.unwrap();
    client(&sim, folder.path()).await.tokens().exchange(sim.grant_token()).await.unwrap();
    let restarted = client(&sim, folder.path()).await;
    sim.expire_access_tokens();
    let calls = (0..20).map(|n| {
        let records = restarted.records("Leads");
        tokio::spawn(async move {
            let lead = Record::new().with("Last_Name", format!("{n}")).with("Company", "Z");
            records.create(&lead).await
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(sim.journal().refreshes(), 1);
    assert_eq!(sim.record_count("Leads"), 20);
}

#[tokio::test]
async fn explains_how_to_log_in() {
    let sim = Simulator::start().await.unwrap();
    let client = builder(&sim).build().unwrap();
    let error = client.records("Leads").get("1").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().contains("grant token"), "{error}");
    assert_eq!(sim.journal().requests(), 0);
}

#[tokio::test]
async fn rejects_empty_and_used_grants() {
    let sim = Simulator::start().await.unwrap();
    let client = builder(&sim).build().unwrap();
    for empty in ["", "  \n"] {
        let error = client.tokens().exchange(empty.to_owned()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains("grant token is empty"), "{error}");
    }
    assert_eq!(sim.journal().requests(), 0);
    let grant = sim.grant_token();
    client.tokens().exchange(grant.clone()).await.unwrap();
    let error = client.tokens().exchange(grant).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert!(error.to_string().contains("used before"), "{error}");
    assert!(client.tokens().stored().await.unwrap().is_some());
}

#[tokio::test]
async fn keeps_separate_tokens_for_each_user() {
    let sim =
        Simulator::builder().user("a@example.com").user("b@example.com").start().await.unwrap();
    let a = builder(&sim).user("a@example.com").build().unwrap();
    let b = a.as_user("b@example.com").unwrap();
    a.tokens().exchange(sim.grant().user("a@example.com").issue()).await.unwrap();
    let error = b.records("Leads").get("1").send().await.unwrap_err();
    assert!(error.to_string().contains("b@example.com"), "{error}");
    b.tokens().exchange(sim.grant().user("b@example.com").issue()).await.unwrap();
    let lead = Record::new().with("Last_Name", "Kay").with("Company", "Zylker");
    let id = b.records("Leads").create(&lead).await.unwrap().id;
    let owner = a.records("Leads").get(&id).send().await.unwrap().owner().unwrap().unwrap();
    assert_eq!(owner.email.as_deref(), Some("b@example.com"));
    assert_eq!(a.as_user(" ").unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn names_an_unusable_folder_before_the_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let sim = Simulator::start().await.unwrap();
    let client = builder(&sim).token_path(file.join("below")).build().unwrap();
    let error = client.tokens().exchange(sim.grant_token()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    let text = error.to_string();
    assert!(text.contains("a-file"), "{text}");
    assert_eq!(sim.journal().exchanges(), 0);
}

#[tokio::test]
async fn sends_no_secret_to_an_untrusted_server() {
    let sim = Simulator::start().await.unwrap();
    let settings = sim.settings().into_iter().filter(|(name, _)| *name != "ca_pem");
    let client = Client::builder().config(Config::from_map(settings).unwrap()).build().unwrap();
    let error = client.tokens().exchange(sim.grant_token()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(sim.journal().requests(), 0);
}

#[test]
fn clients_and_requests_are_send() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Client>();
    crosses::<ClientBuilder>();
    crosses::<zcrm::Error>();
    crosses::<zcrm::records::WriteResults>();
    crosses::<Record>();
    fn sends<T: Send + Unpin + 'static>() {}
    sends::<zcrm::request::ItemStream<Record>>();
    assert_eq!(size_of::<zcrm::Error>(), size_of::<usize>());
}
