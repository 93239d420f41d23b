//! The effect of every setting, with a valid and an invalid value.

use std::{collections::BTreeMap, path::PathBuf};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
};
use zcrm::{
    ApiVersion, Client, Config, Environment, Error, ErrorKind, logging,
    stores::{MemoryStore, StoredToken, TokenKey, TokenStore as _},
};
use zcrm_sim::Simulator;
use zcrm_test_kit::whole_text;

use crate::database::Database;

type Map = BTreeMap<&'static str, String>;

/// The servers and files that the settings refer to.
struct Stage {
    sim: Simulator,
    folder: TempDir,
    database: Database,
}

/// A user of the database, with the password.
const DB_USER: &str = "zcrm_settings";
const DB_PASSWORD: &str = "a pass'word";

impl Stage {
    async fn new() -> Self {
        let sim = Simulator::builder().records("Leads", 3).start().await.unwrap();
        let stage =
            Self { sim, folder: tempfile::tempdir().unwrap(), database: Database::new().await };
        stage.database.user(DB_USER, DB_PASSWORD).await;
        std::fs::write(stage.path("ca.pem"), stage.sim.ca_pem()).unwrap();
        std::fs::write(stage.path("a-file"), "").unwrap();
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text_path(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Returns the settings for a login with the tokens in a file.
    fn map(&self) -> Map {
        Map::from([
            ("client_id", self.sim.client_id()),
            ("client_secret", self.sim.client_secret()),
            ("redirect_uri", self.sim.redirect_uri()),
            ("current_user_email", self.sim.user_email()),
            ("accounts_url", self.sim.accounts_url()),
            ("api_base_url", self.sim.api_url()),
            ("ca_file", self.text_path("ca.pem")),
            ("token_persistence_path", self.text_path("tokens")),
        ])
    }

    /// Returns the settings for a login with the tokens in the database.
    fn database_map(&self) -> Map {
        let mut map = self.map();
        map.remove("token_persistence_path");
        map.insert("db_port", self.database.port());
        map.insert("db_username", DB_USER.to_owned());
        map.insert("db_password", DB_PASSWORD.to_owned());
        map.insert("db_name", self.database.name.clone());
        map
    }

    /// Builds a client with these settings, logs in and reads.
    async fn run(&self, map: &Map) -> Result<Client, Error> {
        self.sim.clear_journal();
        let builder = Client::builder().register_store("Tokens", MemoryStore::new());
        let client = builder.config(Config::from_map(map.clone()).unwrap()).build()?;
        client.tokens().exchange(self.grant(&client)).await?;
        read(&client).await?;
        Ok(client)
    }

    fn grant(&self, client: &Client) -> String {
        let environment = match client.tokens().key().environment() {
            Environment::Sandbox => zcrm_sim::Environment::Sandbox,
            _ => zcrm_sim::Environment::Production,
        };
        self.sim.grant().environment(environment).issue()
    }

    /// Checks the effect of a valid value.
    async fn right(&self, key: &str) {
        let mut map = self.map();
        let login = |map: Map| async move { self.run(&map).await.unwrap() };
        match key {
            "client_id" | "client_secret" | "redirect_uri" | "accounts_url" | "ca_file" => {
                login(map).await;
                assert_eq!(self.sim.journal().exchanges(), 1);
            }
            "ca_pem" => {
                map.remove("ca_file");
                map.insert("ca_pem", self.sim.ca_pem().to_owned());
                login(map).await;
                assert_eq!(self.sim.journal().exchanges(), 1);
            }
            "api_base_url" => {
                login(map).await;
                assert_eq!(self.sim.journal().api_requests(), 1);
            }
            "current_user_email" => {
                let client = login(map).await;
                assert_eq!(client.tokens().key().user(), self.sim.user_email());
            }
            "scopes" => {
                map.insert("scopes", "ZohoCRM.modules.ALL, ZohoCRM.users.READ".to_owned());
                let scopes = Config::from_map(map.clone()).unwrap().scopes().unwrap();
                assert_eq!(scopes, ["ZohoCRM.modules.ALL", "ZohoCRM.users.READ"]);
                login(map).await;
            }
            "access_type" => {
                map.insert("access_type", "offline".to_owned());
                login(map).await;
            }
            "persistence_handler_class" | "persistence_handler_class_path" => {
                map.insert("persistence_handler_class", "Tokens".to_owned());
                map.insert("persistence_handler_class_path", "tokens.rb".to_owned());
                map.insert("token_persistence_path", self.text_path("unused"));
                login(map).await;
                assert!(!self.path("unused").exists());
            }
            "token_persistence_path" => {
                let file = self.path("of-its-own").join("zcrm_oauthtokens.txt");
                map.insert("token_persistence_path", self.text_path("of-its-own"));
                login(map).await;
                assert!(file.is_file());
            }
            "db_host" | "db_address" => {
                let mut map = self.database_map();
                map.insert(name_of(key), "localhost".to_owned());
                let client = login(map.clone()).await;
                assert!(client.tokens().stored().await.unwrap().is_some());
                client.tokens().logout().await.unwrap();
            }
            "db_port" | "db_username" | "db_password" | "db_name" | "mysql_port"
            | "mysql_username" | "mysql_password" => {
                let mut map = self.database_map();
                let name = key.replace("mysql_", "db_");
                let value = map.remove(name.as_str()).unwrap();
                map.insert(name_of(key), value);
                let client = login(map).await;
                assert!(client.tokens().stored().await.unwrap().is_some());
                client.tokens().logout().await.unwrap();
            }
            "db_ca_file" => {
                // with this setting the client uses TLS even to this machine; the server of the
                // tests has no certificate of this authority
                let mut map = self.database_map();
                map.insert("db_ca_file", self.text_path("ca.pem"));
                let text = whole_text(&self.run(&map).await.unwrap_err());
                assert!(text.contains("TLS"), "{text}");
            }
            "data_center" => {
                // the tests of zcrm check its servers through a proxy
                map.insert("data_center", "eu".to_owned());
                login(map).await;
            }
            "environment" | "sandbox" => {
                let value = if key == "sandbox" { "true" } else { "sandbox" };
                map.insert(name_of(key), value.to_owned());
                map.insert("api_base_url", self.sim.sandbox_url());
                let client = login(map).await;
                assert_eq!(client.tokens().key().environment(), Environment::Sandbox);
            }
            "content_base_url" | "download_base_url" => {
                map.insert(name_of(key), self.sim.api_url());
                login(map).await;
            }
            "user_agent" => {
                // the tests of zcrm check the headers that are sent
                map.insert("user_agent", "zylker-sync/1.2".to_owned());
                login(map).await;
            }
            "api_version" => {
                map.insert("api_version", "v8".to_owned());
                assert_eq!(login(map).await.version(), ApiVersion::V8);
            }
            "application_log_file_path" => {
                map.insert("application_log_file_path", self.text_path("zcrm.log"));
                logging::install(&Config::from_map(map.clone()).unwrap()).unwrap();
                login(map).await;
                assert!(self.path("zcrm.log").is_file());
            }
            "log_in_console" => {
                // the tests of zcrm check the log lines, in a separate process
                map.insert("log_in_console", "true".to_owned());
                login(map).await;
            }
            "timeout_total" | "timeout_head" | "timeout_idle" => {
                let head: &[u8] = match key {
                    "timeout_idle" => b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
                    _ => b"",
                };
                let error = against_a_stalling_server(name_of(key), head).await;
                assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            }
            "timeout_connect" => {
                let error = against_a_full_queue(name_of(key)).await;
                assert_eq!(error.kind(), ErrorKind::Connect);
                assert!(error.to_string().contains("connect timeout"), "{error}");
            }
            "limit_concurrent" | "limit_concurrent_heavy" => {
                map.insert(name_of(key), "1".to_owned());
                let client = login(map).await;
                assert_eq!(self.most_at_once(&client).await, 1);
            }
            "limit_answer_bytes" => {
                map.insert("limit_answer_bytes", "10".to_owned());
                let error = self.run(&map).await.unwrap_err();
                assert!(whole_text(&error).contains("10 bytes"), "{}", whole_text(&error));
            }
            "limit_attempts" => {
                map.insert("limit_attempts", "1".to_owned());
                let client = login(map).await;
                self.sim.faults().on_path_prefix("/crm/").zoho_error(503, "SERVICE_UNAVAILABLE");
                assert_eq!(read(&client).await.unwrap_err().attempts(), 1);
                self.sim.clear_faults();
            }
            other => panic!("no case for a valid value of `{other}`"),
        }
    }

    /// Returns how many of two heavy calls are at the server at the same time.
    async fn most_at_once(&self, client: &Client) -> usize {
        self.sim.clear_journal();
        let hold = self.sim.faults().on_path_prefix("/crm/").hold();
        let heavy = |client: Client| {
            let leads = client.records("Leads").list().fields(["Last_Name"]);
            tokio::spawn(async move { leads.sort_by("id").send().await.map(drop) })
        };
        let first = heavy(client.clone());
        hold.wait_arrived().await;
        let second = heavy(client.clone());
        // enough time for a call that should be waiting; calls of the accounts server do not count
        // against the limit
        for _ in 0..3 {
            client.tokens().exchange(self.grant(client)).await.unwrap();
        }
        let at_once = self.sim.journal().api_requests();
        hold.release();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
        at_once
    }

    /// Returns an invalid value, the other settings, and words of the expected error.
    fn wrong(&self, key: &str) -> (Map, String, Vec<&'static str>) {
        let file_map = self.map();
        let database_map = self.database_map();
        let (map, value, words): (Map, String, &[&'static str]) = match key {
            "client_id" => (file_map, "1000.UNKNOWN".into(), &["`client_id`"]),
            "client_secret" => (file_map, "wrong".into(), &["`client_secret`"]),
            "redirect_uri" => (file_map, "https://other.example".into(), &["`redirect_uri`"]),
            "scopes" => (file_map, "ZohoCRM".into(), &["`scopes`", "`ZohoCRM`"]),
            "access_type" => (file_map, "online".into(), &["`access_type`", "`offline`", "hour"]),
            "persistence_handler_class" => {
                (file_map, "classname".into(), &["`persistence_handler_class`", "`classname`"])
            }
            "persistence_handler_class_path" => (
                file_map,
                "tokens.rb".into(),
                &["`persistence_handler_class_path`", ".register_store(", "`TokenStore`"],
            ),
            "token_persistence_path" => (file_map, self.text_path("a-file/below"), &["a-file"]),
            "db_host" | "db_address" => (database_map, "127.0.0.2".into(), &["127.0.0.2"]),
            "db_port" => (database_map, "port_number".into(), &["`db_port`", "`port_number`"]),
            "mysql_port" => (database_map, "70000".into(), &["`mysql_port`", "`70000`"]),
            "db_username" | "mysql_username" => {
                (database_map, "stranger".into(), &["refused the user or the password"])
            }
            "db_password" | "mysql_password" => {
                (database_map, "wrong".into(), &["refused the user or the password"])
            }
            "db_name" => (database_map, "nowhere".into(), &["`nowhere`", "may not use"]),
            "db_ca_file" => (database_map, self.text_path("none.pem"), &["`db_ca_file`", "none"]),
            "data_center" => (file_map, "mars".into(), &["`data_center`", "`mars`"]),
            "environment" => (file_map, "staging".into(), &["`environment`", "`staging`"]),
            "sandbox" => (file_map, "yes".into(), &["`sandbox`", "`yes`"]),
            "accounts_url" => (file_map, "accounts.zoho.com/x".into(), &["`accounts_url`"]),
            "api_base_url" => (file_map, "https://a.example/crm".into(), &["`api_base_url`"]),
            "content_base_url" => (file_map, "http://a.example".into(), &["`content_base_url`"]),
            "download_base_url" => (file_map, "http://a.example".into(), &["`download_base_url`"]),
            "api_version" => (file_map, "8".into(), &["`api_version`", "`8`"]),
            "user_agent" => (file_map, "zylk\u{e9}r".into(), &["`user_agent`", "ASCII"]),
            "ca_file" => (file_map, self.text_path("none.pem"), &["`ca_file`", "none.pem"]),
            "ca_pem" => (file_map, self.text_path("ca.pem"), &["`ca_pem`", "certificate"]),
            "application_log_file_path" => {
                (file_map, self.text_path(""), &["`application_log_file_path`", "is a folder"])
            }
            "log_in_console" => (file_map, "console".into(), &["`log_in_console`", "`console`"]),
            "timeout_total" => (file_map, "0".into(), &["`timeout_total`", "`0`"]),
            "timeout_head" => (file_map, "-1".into(), &["`timeout_head`", "`-1`"]),
            "timeout_idle" => (file_map, "soon".into(), &["`timeout_idle`", "`500ms`"]),
            "timeout_connect" => (file_map, "2 days".into(), &["`timeout_connect`", "`2 days`"]),
            "limit_concurrent" => (file_map, "0".into(), &["`limit_concurrent`", "`0`"]),
            "limit_concurrent_heavy" => (file_map, "1.5".into(), &["`limit_concurrent_heavy`"]),
            "limit_answer_bytes" => (file_map, "64 MiB".into(), &["`limit_answer_bytes`"]),
            "limit_attempts" => (file_map, "many".into(), &["`limit_attempts`", "`many`"]),
            other => panic!("no case for an invalid value of `{other}`"),
        };
        (map, value, words.to_vec())
    }
}

async fn read(client: &Client) -> Result<(), Error> {
    client.records("Leads").list().fields(["Last_Name"]).send().await.map(drop)
}

/// Returns the name as a static text from the table of settings.
fn name_of(key: &str) -> &'static str {
    Config::names().find(|name| *name == key).unwrap()
}

/// Returns the error of a call to this address with a tenth of a second for `timeout` and one
/// attempt.
async fn ends_in(timeout: &'static str, address: String) -> Error {
    let store = MemoryStore::new();
    let mut token = StoredToken::new("access", chrono::DateTime::<chrono::Utc>::MAX_UTC);
    token.api_domain = None;
    let key = TokenKey::new("p@example.com", "1000.ABC", Environment::Production);
    store.save(&key, &token).await.unwrap();
    let map = [
        ("client_id", "1000.ABC"),
        ("client_secret", "secret"),
        ("redirect_uri", "https://example.com"),
        ("current_user_email", "p@example.com"),
        ("api_base_url", address.as_str()),
        ("limit_attempts", "1"),
        (timeout, "100ms"),
    ];
    let builder = Client::builder().config(Config::from_map(map).unwrap()).store(store);
    read(&builder.build().unwrap()).await.unwrap_err()
}

/// Calls a server that sends only this text and then stalls.
async fn against_a_stalling_server(timeout: &'static str, says: &'static [u8]) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(says).await.unwrap();
        // read until the client closes the connection
        while stream.read(&mut request).await.is_ok_and(|count| count > 0) {}
    });
    let error = ends_in(timeout, address).await;
    server.await.unwrap();
    error
}

/// Calls a server whose queue of connections is full.
async fn against_a_full_queue(timeout: &'static str) -> Error {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let first = TcpStream::connect(address).await.unwrap();
    let error = ends_in(timeout, format!("http://{address}")).await;
    drop((first, listener));
    error
}

#[tokio::test]
async fn accepts_valid_and_rejects_invalid_values_of_every_key() {
    let stage = Stage::new().await;
    for key in Config::names() {
        println!("{key}");
        stage.right(key).await;
        if key == "current_user_email" {
            // any text is a valid name
            continue;
        }
        let (mut map, value, words) = stage.wrong(key);
        // use the alias instead of the name
        map.remove(key.replace("mysql_", "db_").replace("db_address", "db_host").as_str());
        map.insert(name_of(key), value);
        let error = stage.run(&map).await.unwrap_err();
        let text = whole_text(&error);
        for word in words {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
        assert_eq!(stage.sim.journal().api_requests(), 0, "{key}");
    }
    let Stage { database, .. } = stage;
    database.remove(&[DB_USER]).await;
}

#[tokio::test]
async fn uses_the_documented_defaults() {
    let timeouts = zcrm::http::Timeouts::default();
    let seconds = [timeouts.total, timeouts.head, timeouts.idle].map(|time| time.as_secs());
    assert_eq!(seconds, [120, 60, 30]);
    let limits = zcrm::http::Limits::default();
    let numbers = [limits.concurrent, limits.concurrent_heavy, limits.answer_bytes];
    assert_eq!(numbers, [10, 10, 67_108_864]);
}
