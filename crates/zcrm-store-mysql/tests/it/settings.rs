//! The settings of the store, and its errors about them.

use zcrm_oauth::TokenStore as _;
use zcrm_store_mysql::MySqlStore;

use crate::{Fixture, GUIDE, key, server::Server, texts, token};

#[tokio::test]
async fn names_a_refused_user_without_the_password() {
    let fixture = Fixture::with(GUIDE).await;
    let builder = fixture.builder().user("zcrm_unknown").password("marked-password");
    let error = builder.clone().connect().await.unwrap_err();
    assert!(error.to_string().contains("refused the user or the password"), "{error}");
    let store = builder.clone().build().unwrap();
    let more = [
        store.load(&key("a")).await.unwrap_err(),
        store.save(&key("a"), &token("marked")).await.unwrap_err(),
        store.lock(&key("a"), std::time::Duration::ZERO).await.unwrap_err(),
        store.create_schema().await.unwrap_err(),
    ];
    for error in more.iter().chain([&error]) {
        assert!(!texts(error).contains("marked"), "{error}");
    }
    assert!(!format!("{store:?} {store:#?} {builder:?} {builder:#?}").contains("marked"));
    assert!(format!("{store:?}").contains(&fixture.database));
}

/// With MySQL's default method, a password that the server has not cached is encrypted with the
/// server's key.
#[tokio::test]
async fn logs_in_by_the_default_method_of_the_server() {
    let fixture = Fixture::with(GUIDE).await;
    let name = fixture.database.replace("zcrm_test", "zcrm");
    for host in ["localhost", "127.0.0.1"] {
        fixture.sql(&format!("CREATE USER '{name}'@'{host}' IDENTIFIED BY 'a secret'")).await;
        fixture.sql(&format!("GRANT ALL ON {}.* TO '{name}'@'{host}'", fixture.database)).await;
    }
    let builder = fixture.builder().user(&name);
    let store = builder.clone().password("a secret").connect().await.unwrap();
    store.save(&key("a"), &token("x")).await.unwrap();
    assert!(store.load(&key("a")).await.unwrap().is_some());
    let error = builder.password("marked").connect().await.unwrap_err();
    assert!(error.to_string().contains("refused the user or the password"), "{error}");
    for host in ["localhost", "127.0.0.1"] {
        fixture.sql(&format!("DROP USER '{name}'@'{host}'")).await;
    }
}

#[tokio::test]
async fn connects_to_other_machines_over_tls_only() {
    let url = crate::server_url();
    let Ok(options) = mysql_async::Opts::from_url(&url) else {
        panic!("the URL of the server is invalid");
    };
    // another name of this machine: only the request for TLS is sent
    let store = MySqlStore::builder()
        .host("0.0.0.0")
        .port(options.tcp_port())
        .password("marked")
        .build()
        .unwrap();
    let error = store.check().await.unwrap_err();
    assert!(error.to_string().contains("TLS"), "{error}");
    assert!(!texts(&error).contains("marked"));
}

/// A server that accepts only encrypted connections, with a certificate for `localhost`.
#[tokio::test]
async fn verifies_chain_and_name_of_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let certificate = folder.path().join("certificate.pem");
    let private = folder.path().join("key.pem");
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&private, own.signing_key.serialize_pem()).unwrap();
    let options = [
        format!("--ssl-cert={}", certificate.display()),
        format!("--ssl-key={}", private.display()),
        "--require-secure-transport=ON".into(),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let server = Server::start(&options);
    let builder = || MySqlStore::builder().url(&server.url()).unwrap().host("localhost");
    let refused = |error: zcrm_oauth::StoreError, part: &str| {
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(builder().build().unwrap().create_schema().await.unwrap_err(), "refused");
    for ca in [builder().ca_file(&certificate), builder().ca_pem(own.cert.pem())] {
        let store = ca.build().unwrap();
        store.create_schema().await.unwrap();
        store.save(&key("a"), &token("x")).await.unwrap();
        let lock = store.lock(&key("a"), std::time::Duration::ZERO).await.unwrap().unwrap();
        lock.release().await.unwrap();
    }
    let stranger = builder().ca_pem(other.cert.pem()).connect().await.unwrap_err();
    refused(stranger, "the TLS connection is not trusted");
    let another_name = builder().host("127.0.0.1").ca_file(&certificate);
    refused(another_name.connect().await.unwrap_err(), "the TLS connection is not trusted");
    let missing = builder().ca_file(folder.path().join("absent.pem"));
    refused(missing.connect().await.unwrap_err(), "No such file");
}
