//! The flows, with the errors and types that they show.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use zcrm::{
    Client, ClientBuilder, Config, Error,
    http::{Connector, TokioClock},
    oauth::UnsavedToken,
    stores::{FileStore, MemoryStore, MySqlStore, StoreError, StoredToken, TokenKey, TokenStore},
};
use zcrm_core::ManualClock;
use zcrm_oauth::ClientCredentials;
use zcrm_sim::Simulator;

use crate::{MARK, database::Database, scanner::SecretScanner};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// Returns a secret with all characters that encodings change. Headers only accept ASCII.
pub(crate) fn odd(what: &str) -> String {
    format!("{MARK}\"{what}/0+1=2&3%4?>5")
}

/// A store in memory whose next saves fail a given number of times.
#[derive(Clone, Debug, Default)]
struct SharedStore {
    tokens: Arc<MemoryStore>,
    failing: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenStore for SharedStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.tokens.load(key).await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let less = |left: usize| left.checked_sub(1);
        if self.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err(StoreError::new("the disk is full"));
        }
        self.tokens.save(key, token).await
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        self.tokens.delete(key).await
    }
}

/// A simulator, and the settings of its client.
pub(crate) struct Fixture {
    pub(crate) sim: Simulator,
    pub(crate) clock: ManualClock,
}

impl Fixture {
    pub(crate) async fn new(scanner: &mut SecretScanner) -> Self {
        let secret = scanner.secret(odd("client-secret"));
        let sim = Simulator::builder().client("1000.MYAPP", secret, "https://x.example/y");
        Self { sim: sim.start().await.unwrap(), clock: ManualClock::new() }
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        zcrm_test_kit::builder(&self.sim)
            .config(Config::new().with("limit_attempts", "1").unwrap())
            .clock(Arc::new(self.clock.clone()))
    }

    pub(crate) fn grant(&self, scanner: &mut SecretScanner) -> String {
        scanner.secret(self.sim.grant_token())
    }

    /// Returns a logged-in client. With the store of an earlier client, it is like a restart.
    pub(crate) async fn logged_in(
        &self,
        scanner: &mut SecretScanner,
        builder: ClientBuilder,
    ) -> Client {
        let client = builder.build().unwrap();
        let token = client.tokens().exchange(self.grant(scanner)).await.unwrap();
        scanner.token(&token);
        client
    }

    fn accounts(&self) -> zcrm_sim::Faults {
        self.sim.faults().on_path("/oauth/v2/token")
    }
}

pub(crate) async fn read(client: &Client) -> Result<(), Error> {
    client.records("Leads").list().fields(["Last_Name"]).send().await.map(drop)
}

/// Uses secrets in settings, both in the right and in the wrong ones.
pub(crate) async fn settings(scanner: &mut SecretScanner) {
    let [client_secret, password] = ["client-secret", "password"].map(odd);
    for secret in [&client_secret, &password] {
        scanner.secret(secret);
    }
    let map = [("client_secret", client_secret.as_str()), ("mysql_password", password.as_str())];
    let in_json = json!({ "client_secret": client_secret, "db_password": password }).to_string();
    let in_toml = format!("client_secret = '{client_secret}'\ndb_password = '{password}'\n");
    let variables = [("ZCRM_CLIENT_SECRET", &client_secret), ("ZCRM_DB_PASSWORD", &password)];
    for config in [
        Config::from_map(map).unwrap(),
        Config::from_json(&in_json).unwrap(),
        Config::from_toml(&in_toml).unwrap(),
        Config::from_vars(variables).unwrap(),
    ] {
        scanner.look(&config);
        scanner.look(&Client::builder().config(config.clone()));
        // everything is set except the client id
        scanner.error(&Client::builder().config(config).build().unwrap_err());
    }
    // a line that does not parse, an unknown key, a list as value, an alias
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.toml", format!("client_secret = {client_secret}")),
        ("b.toml", format!("client_secrets = '{client_secret}'")),
        ("c.toml", format!("client_secret = ['{client_secret}']")),
        ("d.toml", format!("db_password = 'x'\nmysql_password = '{password}'")),
        ("a.json", format!("{{\"client_secret\": \"{client_secret}}}")),
        ("b.json", format!("{{\"client_secrets\": {}}}", json!(client_secret))),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        scanner.error(&Config::from_file(path).unwrap_err());
    }
    // similar names are logged as warnings
    Config::from_vars([("ZCRM_CLIENT_SECRTE", &client_secret)]).unwrap();
    let credentials = ClientCredentials::new("1000.MYAPP", client_secret.clone(), "").unwrap_err();
    scanner.error(&credentials);
    scanner.look(&ClientCredentials::new("1000.MYAPP", client_secret, "x").unwrap());
    scanner.look(&MySqlStore::builder().password(password.clone()));
    scanner.error(&MySqlStore::builder().url(&format!("mysql://u:{password}@h:p/d")).unwrap_err());
}

/// Logs in, fails to log in in several ways, and logs out.
pub(crate) async fn logins(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let shelf = SharedStore::default();
    let grant = fixture.grant(scanner);
    let client = fixture.builder().store(shelf.clone()).build().unwrap();
    scanner.error(&read(&client).await.unwrap_err());
    let token = client.tokens().exchange(grant.clone()).await.unwrap();
    scanner.token(&token);
    read(&client).await.unwrap();
    let authorization = zcrm_http_authorization(&client);
    scanner.look(&authorization);
    for value in [&client as &dyn std::fmt::Debug, client.tokens(), client.tokens().key(), &shelf] {
        scanner.look(value);
    }
    scanner.look(&fixture.builder().store(shelf.clone()));

    // used, unknown and empty grants
    scanner.error(&client.tokens().exchange(grant).await.unwrap_err());
    for grant in [odd("grant"), format!("{MARK}\ngrant"), format!("{MARK}-gränt")] {
        scanner.secret(&grant);
        scanner.error(&client.tokens().exchange(grant).await.unwrap_err());
    }
    // a wrong secret
    let wrong = scanner.secret(odd("wrong-secret"));
    let other = fixture.builder().client_secret(wrong).store(MemoryStore::new());
    let grant = fixture.grant(scanner);
    scanner.error(&other.build().unwrap().tokens().exchange(grant).await.unwrap_err());

    // a token that was issued but not saved
    shelf.failing.store(1, Ordering::SeqCst);
    let grant = fixture.grant(scanner);
    let error = client.tokens().exchange(grant).await.unwrap_err();
    let unsaved = UnsavedToken::of(&error).unwrap();
    scanner.token(unsaved.token());
    scanner.look(unsaved);
    scanner.error(&StoreError::new("x").with_source(unsaved.clone()));
    scanner.error(&error);

    assert!(client.tokens().logout().await.unwrap());
    scanner.error(&read(&client).await.unwrap_err());
}

/// Returns the authorization of the client's calls.
fn zcrm_http_authorization(client: &Client) -> impl std::fmt::Debug {
    zcrm_http::Authorizer::cached(client.tokens()).unwrap()
}

/// Reads answers of an accounts server with secrets in the members that errors read.
pub(crate) async fn refused_answers(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let client = fixture.logged_in(scanner, fixture.builder().store(SharedStore::default())).await;
    let secret = scanner.secret(odd("answer"));
    let answers = [
        json!({ "error": secret }),
        json!({ "error": "invalid_code", "error_description": secret }),
        json!({ "error": "Access Denied", "error_description": secret }),
        json!({ "access_token": [secret], "expires_in": 3600 }),
        json!({ "access_token": secret, "refresh_token": secret, "expires_in": secret }),
        json!({ "access_token": format!("{secret}\n"), "expires_in": 3600 }),
        json!({ "access_token": secret, "expires_in": -1 }),
        json!({ secret.as_str(): 1 }),
        json!([secret]),
        json!(secret),
    ];
    for answer in &answers {
        for status in [200, 400, 500] {
            fixture.accounts().json(status, answer);
            let grant = fixture.grant(scanner);
            let outcome = client.tokens().exchange(grant).await;
            // without a usable lifetime the token is accepted, and refreshed immediately
            match outcome {
                Ok(token) => scanner.token(&token),
                Err(error) => drop(scanner.error(&error)),
            }
            fixture.sim.clear_faults();
            fixture.clock.advance(HOUR);
            fixture.accounts().json(status, answer);
            if let Err(error) = client.tokens().token().await {
                scanner.error(&error);
            }
            fixture.sim.clear_faults();
            fixture.clock.advance(HOUR);
        }
    }
    type Fault<'a> = &'a dyn Fn(zcrm_sim::Faults);
    let faults: [Fault<'_>; 4] = [
        &|faults| faults.html(502, secret.clone()),
        &|faults| faults.garbage(),
        &|faults| faults.reset(),
        &|faults| faults.cut_body(),
    ];
    for fault in faults {
        fault(fixture.accounts().times(2));
        let grant = fixture.grant(scanner);
        scanner.error(&client.tokens().exchange(grant).await.unwrap_err());
        fixture.clock.advance(HOUR);
        if let Err(error) = client.tokens().token().await {
            scanner.error(&error);
        }
        fixture.sim.clear_faults();
    }
}

/// Uses tokens that are refreshed, refused, and used from memory.
pub(crate) async fn refreshes(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let shelf = SharedStore::default();
    let client = fixture.logged_in(scanner, fixture.builder().store(shelf.clone())).await;
    fixture.clock.advance(HOUR);
    scanner.token(&client.tokens().token().await.unwrap());
    read(&client).await.unwrap();

    // refreshed but not saved: the token is used from memory, with a warning
    shelf.failing.store(1, Ordering::SeqCst);
    fixture.clock.advance(HOUR);
    scanner.token(&client.tokens().token().await.unwrap());
    fixture.clock.advance(Duration::from_secs(60));
    read(&client).await.unwrap();

    // expired only at the server: refused, replaced, and the call is repeated
    fixture.clock.advance(Duration::from_secs(600));
    fixture.sim.expire_access_tokens();
    read(&client).await.unwrap();
    scanner.token(&client.tokens().token().await.unwrap());

    // each new token is refused too
    fixture.sim.faults().on_path_prefix("/crm/").always().zoho_error(401, "INVALID_TOKEN");
    scanner.error(&read(&client).await.unwrap_err());
    scanner.error(&read(&client).await.unwrap_err());
    fixture.sim.clear_faults();

    // the refresh token is invalid
    fixture.sim.revoke_refresh_tokens();
    fixture.clock.advance(HOUR);
    scanner.error(&read(&client).await.unwrap_err());

    // tokens with all characters that encodings change, in a header and in a form
    let [access, refresh] = ["access", "refresh"].map(|what| scanner.secret(odd(what)));
    let issued = json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 });
    fixture.accounts().json(200, &issued);
    let grant = fixture.grant(scanner);
    let token = client.tokens().exchange(grant).await.unwrap();
    scanner.token(&token);
    scanner.error(&read(&client).await.unwrap_err());
    fixture.clock.advance(HOUR);
    scanner.error(&client.tokens().token().await.unwrap_err());
    // errors of the API for a call with a token
    fixture.accounts().json(200, &issued);
    let grant = fixture.grant(scanner);
    client.tokens().exchange(grant).await.unwrap();
    for (status, code) in [(401, "OAUTH_SCOPE_MISMATCH"), (403, "NO_PERMISSION"), (429, "TOO")] {
        fixture.sim.faults().on_path_prefix("/crm/").zoho_error(status, code);
        scanner.error(&read(&client).await.unwrap_err());
        fixture.sim.clear_faults();
    }
}

/// Reads token files, in valid and in broken formats.
pub(crate) async fn stores_of_files(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let folder = tempfile::tempdir().unwrap();
    // waiting for locks takes real time
    let store = || FileStore::new(folder.path());
    let client = fixture.logged_in(scanner, fixture.builder().store(store())).await;
    let [access, refresh] = ["access-file", "refresh-file"].map(|what| scanner.secret(odd(what)));
    let issued = json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 });
    fixture.accounts().json(200, &issued);
    let grant = fixture.grant(scanner);
    client.tokens().exchange(grant).await.unwrap();
    let file = store().path().to_owned();
    // which the log mentions
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let stored = client.tokens().stored().await.unwrap().unwrap();
    scanner.token(&stored);
    scanner.look(&store());

    let whole = std::fs::read(&file).unwrap();
    let mut broken = vec![
        whole[..whole.len() / 2].to_vec(),
        [&whole[..], b"more"].concat(),
        format!("\u{4}\u{8}[\u{6}I\"{access}").into_bytes(),
        format!("{{\"{refresh}\": \"{access}\"}}").into_bytes(),
        access.clone().into_bytes(),
    ];
    let number = String::from_utf8(whole).unwrap().replacen('"', "", 1);
    broken.push(number.into_bytes());
    for bytes in broken {
        std::fs::write(&file, bytes).unwrap();
        scanner.error(&client.tokens().stored().await.unwrap_err());
        let restarted = fixture.builder().store(store()).build().unwrap();
        scanner.error(&read(&restarted).await.unwrap_err());
    }
}

/// The user of the database.
const USER: &str = "zcrm_secrets";

/// Returns the database and the password. The SQL statement that creates the user contains the
/// password, so this runs before the capture starts.
pub(crate) async fn database() -> (Database, String) {
    let database = Database::new().await;
    let password = odd("db-password");
    database.user(USER, &password).await;
    (database, password)
}

/// Uses the tokens in the database, with a password that the driver sends.
pub(crate) async fn stores_of_mysql(
    scanner: &mut SecretScanner,
    (database, password): (Database, String),
) {
    let fixture = Fixture::new(scanner).await;
    scanner.secret(&password);
    let config = |password: &str| {
        Config::from_map([
            ("db_port", database.port()),
            ("db_name", database.name.clone()),
            ("db_username", USER.to_owned()),
            ("db_password", password.to_owned()),
        ])
        .unwrap()
    };
    // the store waits in real time
    let by_settings = |password: &str| {
        fixture.builder().config(config(password)).clock(Arc::new(TokioClock::new()))
    };
    scanner.look(&by_settings(&password));
    let client = fixture.logged_in(scanner, by_settings(&password)).await;
    read(&client).await.unwrap();
    let store = MySqlStore::builder().user(USER).password(password).database(&database.name);
    scanner.look(&store);
    let nowhere = store.clone().port(1).build().unwrap();
    scanner.error(&nowhere.check().await.unwrap_err());
    let store = store.port(database.port().parse().unwrap()).build().unwrap();
    scanner.look(&store);
    let client = fixture.logged_in(scanner, fixture.builder().store(store.clone())).await;
    fixture.clock.advance(HOUR);
    scanner.token(&client.tokens().token().await.unwrap());
    scanner.token(&client.tokens().stored().await.unwrap().unwrap());

    // values that do not fit the columns of the guide, and values that do
    let [access, refresh] = ["access-mysql", "refresh-mysql"].map(|what| scanner.secret(odd(what)));
    let long = scanner.secret(format!("{access}{}", "x".repeat(200)));
    for access in [long, access] {
        let issued =
            json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 });
        fixture.accounts().json(200, &issued);
        let grant = fixture.grant(scanner);
        match client.tokens().exchange(grant).await {
            Ok(token) => scanner.token(&token),
            Err(error) => drop(scanner.error(&error)),
        }
    }
    let stored = client.tokens().stored().await.unwrap().unwrap();
    scanner.token(&stored);

    // a wrong password
    let wrong = scanner.secret(odd("db-wrong"));
    let refused = by_settings(&wrong).build().unwrap();
    scanner.error(&refused.tokens().stored().await.unwrap_err());
    store.migrate().await.unwrap();
    assert!(client.tokens().logout().await.unwrap());
    database.remove(&[USER]).await;
}

/// Sends a password to a proxy, which rejects it.
pub(crate) async fn proxies(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let password = scanner.secret(format!("{MARK}-proxy/pass+word"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let url = format!("http://user:{}@127.0.0.1:{port}", password.replace('/', "%2F"));
    let connector = Connector::builder().proxy(&url);
    scanner.look(&connector);
    scanner.look(&connector.clone().build().unwrap());
    let odd = Connector::builder().proxy(format!("ftp://user:{password}@host")).build();
    scanner.error(&odd.unwrap_err());
    // a loopback address would bypass the proxy
    let builder = fixture.builder().accounts_url("https://accounts.zylker.example");
    let builder = builder.connector(connector).store(MemoryStore::new());
    scanner.look(&builder);
    let client = builder.build().unwrap();
    let grant = fixture.grant(scanner);
    scanner.error(&client.tokens().exchange(grant).await.unwrap_err());
    let request = proxy.await.unwrap();
    assert!(request.to_ascii_lowercase().contains("proxy-authorization: basic"), "{request}");
}
