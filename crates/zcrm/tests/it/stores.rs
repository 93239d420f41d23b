//! The store that the settings select, and the errors if they select none.

use zcrm::{Client, ClientBuilder, Config, ErrorKind, stores::MemoryStore};
#[cfg(feature = "file-store")]
use {std::path::Path, zcrm_sim::Simulator};

const CLASS: &str = "persistence_handler_class";
const PATH: &str = "persistence_handler_class_path";

fn config(more: &[(&str, &str)]) -> Config {
    let client = [
        ("client_id", "1000.ABC"),
        ("client_secret", "marked-secret"),
        ("redirect_uri", "https://example.com/callback"),
        ("current_user_email", "patricia@example.com"),
    ];
    let all = client.iter().chain(more);
    all.fold(Config::new(), |config, (key, value)| config.with(key, *value).unwrap())
}

fn refused(builder: ClientBuilder, words: &[&str]) {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
}

#[tokio::test]
async fn selects_a_store_registered_as_class() {
    let builder = |more: &[(&str, &str)]| {
        Client::builder().register_store("Tokens", MemoryStore::new()).config(config(more))
    };
    builder(&[(CLASS, "Tokens")]).build().unwrap();
    // the Ruby file named with it is not read
    builder(&[(CLASS, "Tokens"), (PATH, "no/such/tokens.rb")]).build().unwrap();
    refused(
        builder(&[(CLASS, "tokens")]),
        &["`persistence_handler_class`", "`tokens`", "`Tokens`"],
    );
    // a registered store is not selected automatically
    refused(builder(&[]), &["no token store is configured"]);
}

#[tokio::test]
async fn explains_how_to_register_a_class() {
    let how = ["`TokenStore`", ".store(…)", ".register_store("];
    let class = Client::builder().config(config(&[(CLASS, "Tokens"), (PATH, "tokens.rb")]));
    refused(class, &how);
    let path = Client::builder().config(config(&[(PATH, "tokens.rb")]));
    refused(path.clone(), &how);
    refused(path, &["`persistence_handler_class_path`", "Ruby"]);
}

#[cfg(feature = "file-store")]
#[tokio::test]
async fn selects_the_memory_store_unless_code_sets_another() {
    let sim = Simulator::start().await.unwrap();
    let written = async |change: &dyn Fn(ClientBuilder, &Path) -> ClientBuilder| {
        let folder = tempfile::tempdir().unwrap();
        let client = change(Client::builder(), folder.path()).build().unwrap();
        client.tokens().exchange(sim.grant_token()).await.unwrap();
        assert!(client.tokens().is_logged_in().await.unwrap());
        folder.path().join("zcrm_oauthtokens.txt").is_file()
    };
    // the settings name the store `MemoryStore`
    let settings = Config::from_map(sim.settings()).unwrap();
    assert!(!written(&|builder, _| builder.config(settings.clone())).await);
    assert!(!written(&|builder, path| builder.token_path(path).config(settings.clone())).await);
    assert!(written(&|builder, path| builder.config(settings.clone()).token_path(path)).await);
    let file =
        |path: &Path| Config::new().with("token_persistence_path", path.to_str().unwrap()).unwrap();
    assert!(written(&|builder, path| builder.config(settings.clone()).config(file(path))).await);
    assert!(!written(&|builder, path| builder.config(file(path)).config(settings.clone())).await);
    let own = |path: &Path| zcrm::stores::FileStore::new(path);
    assert!(
        written(&|builder, path| {
            builder.register_store("MemoryStore", own(path)).config(settings.clone())
        })
        .await
    );
}

#[tokio::test]
async fn prefers_a_store_in_code_to_a_class() {
    let builder = Client::builder().config(config(&[(CLASS, "Tokens"), (PATH, "tokens.rb")]));
    builder.store(MemoryStore::new()).build().unwrap();
}

#[cfg(feature = "file-store")]
#[tokio::test]
async fn prefers_a_class_to_the_file_and_the_file_to_mysql() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Simulator::start().await.unwrap();
    let builder = || {
        Client::builder()
            .register_store("Tokens", MemoryStore::new())
            .config(Config::from_map(sim.settings()).unwrap())
            .token_path(folder.path())
            .config(Config::new().with("db_host", "database.invalid").unwrap())
    };
    let class = Config::new().with(CLASS, "Tokens").unwrap();
    let client = builder().config(class).build().unwrap();
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let client = builder().build().unwrap();
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    assert!(folder.path().join("zcrm_oauthtokens.txt").is_file());
}

#[cfg(not(feature = "file-store"))]
#[tokio::test]
async fn names_the_missing_file_store_feature() {
    let file = Client::builder().config(config(&[("token_persistence_path", "tokens")]));
    refused(file, &["`token_persistence_path`", "`file-store`", ".store(…)"]);
}

#[cfg(feature = "conformance")]
#[tokio::test]
async fn offers_the_conformance_suite_to_applications() {
    let store: std::sync::Arc<dyn zcrm::stores::TokenStore> =
        std::sync::Arc::new(MemoryStore::new());
    let open = || {
        let store = std::sync::Arc::clone(&store);
        async move { Ok(store) }
    };
    zcrm::stores::conformance::Suite::new().without_lock().run(open).await.unwrap();
}
