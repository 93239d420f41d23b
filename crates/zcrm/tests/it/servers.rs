//! The servers that a client calls, observed through a proxy that refuses every tunnel.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
};

use zcrm::{
    Client, Config, Environment, Error, ErrorKind,
    http::Connector,
    stores::{MemoryStore, StoredToken, TokenKey, TokenStore},
};
use zcrm_core::{Clock, ManualClock};

/// Each data centre with its accounts server and the domain of its API servers.
const DATA_CENTERS: [(&str, &str, &str); 10] = [
    ("us", "accounts.zoho.com", "zohoapis.com"),
    ("eu", "accounts.zoho.eu", "zohoapis.eu"),
    ("in", "accounts.zoho.in", "zohoapis.in"),
    ("au", "accounts.zoho.com.au", "zohoapis.com.au"),
    ("cn", "accounts.zoho.com.cn", "zohoapis.com.cn"),
    ("jp", "accounts.zoho.jp", "zohoapis.jp"),
    ("ca", "accounts.zohocloud.ca", "zohoapis.ca"),
    ("sa", "accounts.zoho.sa", "zohoapis.sa"),
    // unconfirmed: docs/unproven.md
    ("uk", "accounts.zoho.uk", "zohoapis.uk"),
    ("ae", "accounts.zoho.ae", "zohoapis.ae"),
];

const ENVIRONMENTS: [(&str, Environment, &str); 3] = [
    ("production", Environment::Production, "www"),
    ("sandbox", Environment::Sandbox, "sandbox"),
    ("developer", Environment::Developer, "developer"),
];

/// A proxy that refuses every tunnel and records its target.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        // this thread ends with the test process
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().unwrap().unwrap();
                log.lock().unwrap().push(first.split(' ').nth(1).unwrap().to_owned());
                for line in lines {
                    if line.unwrap().is_empty() {
                        break;
                    }
                }
                stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").unwrap();
            }
        });
        Self { url, asked }
    }

    /// Returns the targets of the accounts call and the API call of a client with these settings,
    /// whose token names this `api_domain`.
    async fn asked(&self, settings: &[(&str, &str)], api_domain: Option<&str>) -> Vec<String> {
        let config = settings
            .iter()
            .fold(Config::new(), |config, (key, value)| config.with(key, *value).unwrap());
        let clock = ManualClock::new();
        let store = MemoryStore::new();
        for (_, environment, _) in ENVIRONMENTS {
            let mut token =
                StoredToken::new("access", clock.now() + chrono::TimeDelta::seconds(3_000));
            token.api_domain = api_domain.map(str::to_owned);
            let key = TokenKey::new("patricia@example.com", "1000.ABC", environment);
            store.save(&key, &token).await.unwrap();
        }
        let (api, exchange) = self.errors(config, store, clock).await;
        assert_ne!(api.kind(), ErrorKind::WrongDataCenter, "{api}");
        assert_ne!(exchange.kind(), ErrorKind::WrongDataCenter, "{exchange}");
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// Returns the errors of an API call and an exchange of a client with these tokens.
    async fn errors(
        &self,
        config: Config,
        store: MemoryStore,
        clock: ManualClock,
    ) -> (Error, Error) {
        let client = Client::builder()
            .config(config)
            .client_id("1000.ABC")
            .client_secret("secret".to_owned())
            .redirect_uri("https://example.com/callback")
            .user("patricia@example.com")
            .connector(Connector::builder().proxy(&self.url))
            .config(Config::new().with("limit_attempts", "1").unwrap())
            .clock(Arc::new(clock))
            .store(store)
            .build()
            .unwrap();
        let api = client.records("Leads").get("1").send().await.unwrap_err();
        (api, client.tokens().exchange("1000.grant".to_owned()).await.unwrap_err())
    }

    /// Returns the errors of an API call and a revocation with this stored token. Neither
    /// is sent.
    async fn refused(&self, token: StoredToken) -> [Error; 2] {
        let store = MemoryStore::new();
        let key = TokenKey::new("patricia@example.com", "1000.ABC", Environment::Production);
        store.save(&key, &token).await.unwrap();
        let client = Client::builder()
            .client_id("1000.ABC")
            .client_secret("secret".to_owned())
            .user("patricia@example.com")
            .connector(Connector::builder().proxy(&self.url))
            .store(store)
            .build()
            .unwrap();
        let api = client.records("Leads").get("1").send().await.unwrap_err();
        let errors = [api, client.tokens().revoke().await.unwrap_err()];
        assert!(self.asked.lock().unwrap().is_empty(), "{errors:?}");
        errors
    }
}

#[tokio::test]
async fn calls_the_servers_of_data_center_and_environment() {
    let proxy = Proxy::start();
    for (location, accounts, domain) in DATA_CENTERS {
        for (name, _, prefix) in ENVIRONMENTS {
            let settings = [("data_center", location), ("environment", name)];
            let expected = [format!("{prefix}.{domain}:443"), format!("{accounts}:443")];
            assert_eq!(proxy.asked(&settings, None).await, expected, "{location} {name}");
        }
        // the Ruby SDK's boolean, and the accounts server instead of the data centre
        let server = format!("https://{accounts}");
        let settings = [("accounts_url", server.as_str()), ("sandbox", "true")];
        let expected = [format!("sandbox.{domain}:443"), format!("{accounts}:443")];
        assert_eq!(proxy.asked(&settings, None).await, expected, "{location}");
    }
}

#[tokio::test]
async fn lists_all_data_centers() {
    let known: Vec<&str> = zcrm::DataCenter::ALL.iter().map(|dc| dc.location()).collect();
    assert_eq!(known, DATA_CENTERS.map(|(location, ..)| location));
    let unconfirmed: Vec<&str> = zcrm::DataCenter::ALL
        .iter()
        .filter(|dc| !dc.is_confirmed())
        .map(|dc| dc.location())
        .collect();
    assert_eq!(unconfirmed, ["uk", "ae"]);
}

#[tokio::test]
async fn trusts_a_token_that_names_a_known_data_center() {
    let proxy = Proxy::start();
    let sandbox = [("sandbox", "true")];
    let asked = proxy.asked(&sandbox, Some("https://www.zohoapis.eu")).await;
    assert_eq!(asked, ["sandbox.zohoapis.eu:443", "accounts.zoho.com:443"]);
}

#[tokio::test]
async fn sends_nothing_for_a_token_of_an_unknown_server() {
    let proxy = Proxy::start();
    let later = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    for odd in [
        "https://www.zohoapis.sg",
        "http://www.zohoapis.eu",
        "https://www.zohoapis.eu:8443",
        "https://www.zohoapis.eu@attacker.example",
        "https://attacker@www.zohoapis.eu",
        "https://www.zohoapis.eu.attacker.example",
        "https://www.zohoapis.eu/crm",
        "https://zohoapis.eu",
        "https://127.0.0.1:1",
        "http://localhost:1",
    ] {
        // a valid token, and one that must be refreshed
        for expires in [later, chrono::DateTime::UNIX_EPOCH] {
            let token = StoredToken::new("access", expires).with_refresh("refresh");
            for error in proxy.refused(token.with_api_domain(odd)).await {
                assert_eq!(error.kind(), ErrorKind::WrongDataCenter, "{odd}");
                let text = error.to_string();
                assert!(text.contains("`api_domain`") && text.contains("`api_base_url`"), "{text}");
            }
        }
    }
    let token = StoredToken::new("access", chrono::DateTime::UNIX_EPOCH).with_refresh("refresh");
    for error in proxy.refused(token.with_accounts_server("https://accounts.zoho.sg")).await {
        assert_eq!(error.kind(), ErrorKind::WrongDataCenter);
        assert!(error.to_string().contains("`accounts_url`"), "{error}");
    }
}

#[tokio::test]
async fn prefers_configured_hosts_to_the_token() {
    let proxy = Proxy::start();
    let own = [
        ("accounts_url", "https://accounts.example.com"),
        ("api_base_url", "https://crm.example.com:8443/"),
    ];
    for api_domain in [None, Some("https://www.zohoapis.eu"), Some("https://attacker.example")] {
        let asked = proxy.asked(&own, api_domain).await;
        assert_eq!(asked, ["crm.example.com:8443", "accounts.example.com:443"]);
    }
}
