//! The flows, with their errors and types.

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

use crate::{MARK, mysql::Database, walk::Walk};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// A secret with all that encodings change. Headers take ASCII alone.
pub(crate) fn odd(what: &str) -> String {
    format!("{MARK}\"{what}/0+1=2&3%4?>5")
}

/// A store in memory whose next saves fail as often as is told.
#[derive(Clone, Debug, Default)]
struct Shelf {
    tokens: Arc<MemoryStore>,
    failing: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenStore for Shelf {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.tokens.load(key).await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let less = |left: usize| left.checked_sub(1);
        if self.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err(StoreError::new("the shelf is full"));
        }
        self.tokens.save(key, token).await
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        self.tokens.delete(key).await
    }
}

/// A simulator, and what a client of it is made of.
pub(crate) struct World {
    pub(crate) sim: Simulator,
    pub(crate) clock: ManualClock,
}

impl World {
    pub(crate) async fn new(walk: &mut Walk) -> Self {
        let secret = walk.secret(odd("client-secret"));
        let sim = Simulator::builder().client("1000.MYAPP", secret, "https://x.example/y");
        Self { sim: sim.start().await.unwrap(), clock: ManualClock::new() }
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        zcrm_tests::builder(&self.sim)
            .config(Config::new().with("limit_attempts", "1").unwrap())
            .clock(Arc::new(self.clock.clone()))
    }

    pub(crate) fn grant(&self, walk: &mut Walk) -> String {
        walk.secret(self.sim.grant_token())
    }

    /// A client that is logged in; as after a restart, if `builder` has the store of another.
    pub(crate) async fn logged_in(&self, walk: &mut Walk, builder: ClientBuilder) -> Client {
        let client = builder.build().unwrap();
        let token = client.tokens().exchange(self.grant(walk)).await.unwrap();
        walk.token(&token);
        client
    }

    fn accounts(&self) -> zcrm_sim::Faults {
        self.sim.faults().on_path("/oauth/v2/token")
    }
}

pub(crate) async fn read(client: &Client) -> Result<(), Error> {
    client.records("Leads").list().fields(["Last_Name"]).send().await.map(drop)
}

/// Secrets in settings, right and misplaced.
pub(crate) async fn settings(walk: &mut Walk) {
    let [client_secret, password] = ["client-secret", "password"].map(odd);
    for secret in [&client_secret, &password] {
        walk.secret(secret);
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
        walk.look(&config);
        walk.look(&Client::builder().config(config.clone()));
        // all is there but the client's id
        walk.error(&Client::builder().config(config).build().unwrap_err());
    }
    // the line that does not parse, the key that is none, the value that is a list, the alias
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
        walk.error(&Config::from_file(path).unwrap_err());
    }
    // near misses are warned about in the log
    Config::from_vars([("ZCRM_CLIENT_SECRTE", &client_secret)]).unwrap();
    let credentials = ClientCredentials::new("1000.MYAPP", client_secret.clone(), "").unwrap_err();
    walk.error(&credentials);
    walk.look(&ClientCredentials::new("1000.MYAPP", client_secret, "x").unwrap());
    walk.look(&MySqlStore::builder().password(password.clone()));
    walk.error(&MySqlStore::builder().url(&format!("mysql://u:{password}@h:p/d")).unwrap_err());
}

/// A login, its ways to fail, a logout.
pub(crate) async fn logins(walk: &mut Walk) {
    let world = World::new(walk).await;
    let shelf = Shelf::default();
    let grant = world.grant(walk);
    let client = world.builder().store(shelf.clone()).build().unwrap();
    walk.error(&read(&client).await.unwrap_err());
    let token = client.tokens().exchange(grant.clone()).await.unwrap();
    walk.token(&token);
    read(&client).await.unwrap();
    let authorization = zcrm_http_authorization(&client);
    walk.look(&authorization);
    for value in [&client as &dyn std::fmt::Debug, client.tokens(), client.tokens().key(), &shelf] {
        walk.look(value);
    }
    walk.look(&world.builder().store(shelf.clone()));

    // spent, of nobody, empty
    walk.error(&client.tokens().exchange(grant).await.unwrap_err());
    for grant in [odd("grant"), format!("{MARK}\ngrant"), format!("{MARK}-gränt")] {
        walk.secret(&grant);
        walk.error(&client.tokens().exchange(grant).await.unwrap_err());
    }
    // a secret that is wrong
    let wrong = walk.secret(odd("wrong-secret"));
    let other = world.builder().client_secret(wrong).store(MemoryStore::new());
    let grant = world.grant(walk);
    walk.error(&other.build().unwrap().tokens().exchange(grant).await.unwrap_err());

    // issued, and not saved
    shelf.failing.store(1, Ordering::SeqCst);
    let grant = world.grant(walk);
    let error = client.tokens().exchange(grant).await.unwrap_err();
    let unsaved = UnsavedToken::of(&error).unwrap();
    walk.token(unsaved.token());
    walk.look(unsaved);
    walk.error(&StoreError::new("x").with_source(unsaved.clone()));
    walk.error(&error);

    assert!(client.tokens().logout().await.unwrap());
    walk.error(&read(&client).await.unwrap_err());
}

/// What calls carry in their headers.
fn zcrm_http_authorization(client: &Client) -> impl std::fmt::Debug {
    zcrm_http::Authorizer::cached(client.tokens()).unwrap()
}

/// Answers of an accounts server that hold secrets in places where errors look.
pub(crate) async fn refused_answers(walk: &mut Walk) {
    let world = World::new(walk).await;
    let client = world.logged_in(walk, world.builder().store(Shelf::default())).await;
    let secret = walk.secret(odd("answer"));
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
            world.accounts().json(status, answer);
            let grant = world.grant(walk);
            let outcome = client.tokens().exchange(grant).await;
            // without a usable time it is taken all the same, to be refreshed at once
            match outcome {
                Ok(token) => walk.token(&token),
                Err(error) => drop(walk.error(&error)),
            }
            world.sim.clear_faults();
            world.clock.advance(HOUR);
            world.accounts().json(status, answer);
            if let Err(error) = client.tokens().token().await {
                walk.error(&error);
            }
            world.sim.clear_faults();
            world.clock.advance(HOUR);
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
        fault(world.accounts().times(2));
        let grant = world.grant(walk);
        walk.error(&client.tokens().exchange(grant).await.unwrap_err());
        world.clock.advance(HOUR);
        if let Err(error) = client.tokens().token().await {
            walk.error(&error);
        }
        world.sim.clear_faults();
    }
}

/// Tokens that are refreshed, refused, and used from memory.
pub(crate) async fn refreshes(walk: &mut Walk) {
    let world = World::new(walk).await;
    let shelf = Shelf::default();
    let client = world.logged_in(walk, world.builder().store(shelf.clone())).await;
    world.clock.advance(HOUR);
    walk.token(&client.tokens().token().await.unwrap());
    read(&client).await.unwrap();

    // refreshed, and not saved: used from memory, with a warning
    shelf.failing.store(1, Ordering::SeqCst);
    world.clock.advance(HOUR);
    walk.token(&client.tokens().token().await.unwrap());
    world.clock.advance(Duration::from_secs(60));
    read(&client).await.unwrap();

    // expired at the server alone: refused, replaced, replayed
    world.clock.advance(Duration::from_secs(600));
    world.sim.expire_access_tokens();
    read(&client).await.unwrap();
    walk.token(&client.tokens().token().await.unwrap());

    // each new token is refused too
    world.sim.faults().on_path_prefix("/crm/").always().zoho_error(401, "INVALID_TOKEN");
    walk.error(&read(&client).await.unwrap_err());
    walk.error(&read(&client).await.unwrap_err());
    world.sim.clear_faults();

    // dead
    world.sim.revoke_refresh_tokens();
    world.clock.advance(HOUR);
    walk.error(&read(&client).await.unwrap_err());

    // tokens with all that encodings change, in a header and in a form
    let [access, refresh] = ["access", "refresh"].map(|what| walk.secret(odd(what)));
    let issued = json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 });
    world.accounts().json(200, &issued);
    let grant = world.grant(walk);
    let token = client.tokens().exchange(grant).await.unwrap();
    walk.token(&token);
    walk.error(&read(&client).await.unwrap_err());
    world.clock.advance(HOUR);
    walk.error(&client.tokens().token().await.unwrap_err());
    // the API's own errors, with a token under way
    world.accounts().json(200, &issued);
    let grant = world.grant(walk);
    client.tokens().exchange(grant).await.unwrap();
    for (status, code) in [(401, "OAUTH_SCOPE_MISMATCH"), (403, "NO_PERMISSION"), (429, "TOO")] {
        world.sim.faults().on_path_prefix("/crm/").zoho_error(status, code);
        walk.error(&read(&client).await.unwrap_err());
        world.sim.clear_faults();
    }
}

/// The tokens of the file, of ours and broken.
pub(crate) async fn stores_of_files(walk: &mut Walk) {
    let world = World::new(walk).await;
    let folder = tempfile::tempdir().unwrap();
    // locks are waited for in real time
    let store = || FileStore::new(folder.path());
    let client = world.logged_in(walk, world.builder().store(store())).await;
    let [access, refresh] = ["access-file", "refresh-file"].map(|what| walk.secret(odd(what)));
    let issued = json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 });
    world.accounts().json(200, &issued);
    let grant = world.grant(walk);
    client.tokens().exchange(grant).await.unwrap();
    let file = store().path().to_owned();
    // which the log tells
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let stored = client.tokens().stored().await.unwrap().unwrap();
    walk.token(&stored);
    walk.look(&store());

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
        walk.error(&client.tokens().stored().await.unwrap_err());
        let restarted = world.builder().store(store()).build().unwrap();
        walk.error(&read(&restarted).await.unwrap_err());
    }
}

/// A user of the database.
const USER: &str = "zcrm_secrets";

/// The database, and the password. The statement that makes the user holds it, so this comes before
/// the capture.
pub(crate) async fn database() -> (Database, String) {
    let database = Database::new().await;
    let password = odd("db-password");
    database.user(USER, &password).await;
    (database, password)
}

/// The tokens of the database, with a password that the driver sends.
pub(crate) async fn stores_of_mysql(walk: &mut Walk, (database, password): (Database, String)) {
    let world = World::new(walk).await;
    walk.secret(&password);
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
        world.builder().config(config(password)).clock(Arc::new(TokioClock::new()))
    };
    walk.look(&by_settings(&password));
    let client = world.logged_in(walk, by_settings(&password)).await;
    read(&client).await.unwrap();
    let store = MySqlStore::builder().user(USER).password(password).database(&database.name);
    walk.look(&store);
    let nowhere = store.clone().port(1).build().unwrap();
    walk.error(&nowhere.check().await.unwrap_err());
    let store = store.port(database.port().parse().unwrap()).build().unwrap();
    walk.look(&store);
    let client = world.logged_in(walk, world.builder().store(store.clone())).await;
    world.clock.advance(HOUR);
    walk.token(&client.tokens().token().await.unwrap());
    walk.token(&client.tokens().stored().await.unwrap().unwrap());

    // what the guide's columns cannot hold, and what they can
    let [access, refresh] = ["access-mysql", "refresh-mysql"].map(|what| walk.secret(odd(what)));
    let long = walk.secret(format!("{access}{}", "x".repeat(200)));
    for access in [long, access] {
        let issued =
            json!({ "access_token": access, "refresh_token": refresh, "expires_in": 3600 });
        world.accounts().json(200, &issued);
        let grant = world.grant(walk);
        match client.tokens().exchange(grant).await {
            Ok(token) => walk.token(&token),
            Err(error) => drop(walk.error(&error)),
        }
    }
    let stored = client.tokens().stored().await.unwrap().unwrap();
    walk.token(&stored);

    // the wrong password
    let wrong = walk.secret(odd("db-wrong"));
    let refused = by_settings(&wrong).build().unwrap();
    walk.error(&refused.tokens().stored().await.unwrap_err());
    store.migrate().await.unwrap();
    assert!(client.tokens().logout().await.unwrap());
    database.remove(&[USER]).await;
}

/// A proxy that is told a password, and refuses it.
pub(crate) async fn proxies(walk: &mut Walk) {
    let world = World::new(walk).await;
    let password = walk.secret(format!("{MARK}-proxy/pass+word"));
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
    walk.look(&connector);
    walk.look(&connector.clone().build().unwrap());
    let odd = Connector::builder().proxy(format!("ftp://user:{password}@host")).build();
    walk.error(&odd.unwrap_err());
    // a loopback address would be reached past the proxy
    let builder = world.builder().accounts_url("https://accounts.zylker.example");
    let builder = builder.connector(connector).store(MemoryStore::new());
    walk.look(&builder);
    let client = builder.build().unwrap();
    let grant = world.grant(walk);
    walk.error(&client.tokens().exchange(grant).await.unwrap_err());
    let request = proxy.await.unwrap();
    assert!(request.to_ascii_lowercase().contains("proxy-authorization: basic"), "{request}");
}
