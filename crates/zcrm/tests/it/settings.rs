//! Settings, valid and invalid, from every source.

use std::fs;

use zcrm::{
    ApiVersion, Client, ClientBuilder, Config, Environment, Error, ErrorKind, oauth::ClientSecret,
    stores::MemoryStore,
};
use zcrm_test_kit::Logs;

const GOOD: [(&str, &str); 4] = [
    ("client_id", "1000.ABC"),
    ("client_secret", "marked-secret"),
    ("redirect_uri", "https://example.com/callback"),
    ("current_user_email", "patricia@example.com"),
];

pub(crate) fn good() -> Config {
    GOOD.iter().fold(Config::new(), |config, (key, value)| config.with(key, *value).unwrap())
}

pub(crate) fn build(config: Config) -> Result<Client, Error> {
    Client::builder().config(config).store(MemoryStore::new()).build()
}

pub(crate) fn refused(config: Config, words: &[&str]) {
    let error = build(config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
    assert!(!format!("{error} {error:?}").contains("marked"), "{error:?}");
}

#[tokio::test]
async fn names_a_missing_setting() {
    for (key, variable, method) in [
        ("client_id", "ZCRM_CLIENT_ID", ".client_id(…)"),
        ("client_secret", "ZCRM_CLIENT_SECRET", ".client_secret(…)"),
    ] {
        refused(good().with(key, "").unwrap(), &[key, variable, method]);
        refused(good().with(key, "   ").unwrap(), &[key, variable, method]);
    }
}

#[tokio::test]
async fn names_the_key_of_a_wrong_value() {
    for (key, value, word) in [
        ("data_center", "mars", "`mars`"),
        ("environment", "staging", "`staging`"),
        ("sandbox", "yes", "`true` or `false`"),
        ("api_version", "8", "`8`"),
        ("accounts_url", "ftp://accounts.zoho.com", "accounts.zoho.com"),
        ("accounts_url", "http://accounts.zoho.com", "loopback"),
        ("api_base_url", "https://www.zohoapis.com/crm", "path"),
        ("ca_file", "no/such/file.pem", "no/such/file.pem"),
    ] {
        refused(good().with(key, value).unwrap(), &[key, word]);
    }
    for (environment, sandbox) in [("production", "true"), ("sandbox", "false")] {
        let both = good().with("environment", environment).unwrap();
        let both = both.with("sandbox", sandbox).unwrap();
        refused(both, &["sandbox", "environment", "contradicts"]);
    }
    let sandbox = good().with("api_base_url", "https://sandbox.zohoapis.com").unwrap();
    refused(sandbox, &["`api_base_url`", "`sandbox`", "`production`"]);
}

#[tokio::test]
async fn rejects_a_root_that_is_not_a_certificate() {
    let build = |pem: &str| {
        Client::builder().config(good()).store(MemoryStore::new()).root_pem(pem.to_owned()).build()
    };
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
        let error = build(pem).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[tokio::test]
async fn lists_the_stores_if_none_is_set() {
    let error = Client::builder().config(good()).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for word in ["token_persistence_path", "file-store", ".store(", "MemoryStore"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn suggests_the_nearest_key() {
    for (wrong, meant) in [
        ("clientid", "`client_id`"),
        ("client_secrte", "`client_secret`"),
        ("REDIRECT_URI", "`redirect_uri`"),
        ("datacenter", "`data_center`"),
    ] {
        for error in [
            Config::from_toml(&format!("{wrong} = 'x'")).unwrap_err(),
            Config::from_json(&format!("{{\"{wrong}\": \"x\"}}")).unwrap_err(),
            Config::new().with(wrong, "x").unwrap_err(),
        ] {
            assert!(error.to_string().contains(meant), "{error}");
        }
    }
    let error = Config::from_toml("colour = 'blue'").unwrap_err().to_string();
    assert!(error.contains("`colour`") && error.contains("client_id"), "{error}");
}

#[test]
fn names_broken_files_without_quoting_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let broken_toml = write("a.toml", "client_id = '1'\nclient_secret = marked-secret\n");
    let error = Config::from_file(&broken_toml).unwrap_err();
    assert!(
        error.to_string().contains("a.toml") && error.to_string().contains("line 2"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("marked"), "{error:?}");
    let broken_json = write("a.json", "{\n\"client_secret\": marked-secret}");
    let error = Config::from_file(&broken_json).unwrap_err();
    assert!(
        error.to_string().contains("a.json") && error.to_string().contains("line 2"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("marked"), "{error:?}");
    let error = Config::from_file(write("a.yaml", "")).unwrap_err().to_string();
    assert!(error.contains(".toml"), "{error}");
    let error = Config::from_file(folder.path().join("none.toml")).unwrap_err().to_string();
    assert!(error.contains("none.toml"), "{error}");
    let nested = Config::from_toml("[client_id]\nx = 1").unwrap_err().to_string();
    assert!(nested.contains("`client_id`"), "{nested}");
}

#[tokio::test]
async fn reads_the_same_settings_from_files_and_variables() {
    let toml = "client_id = '1000.ABC'\nclient_secret = 'marked-secret'\nredirect_uri = 'x'\n\
                current_user_email = 'p@example.com'\nsandbox = true\napi_version = 'v8'\n";
    let json = r#"{"client_id": "1000.ABC", "client_secret": "marked-secret", "redirect_uri": "x",
        "current_user_email": "p@example.com", "sandbox": "true", "api_version": "v8"}"#;
    let variables = [
        ("ZCRM_CLIENT_ID", "1000.ABC"),
        ("ZCRM_CLIENT_SECRET", "marked-secret"),
        ("ZCRM_REDIRECT_URI", "x"),
        ("ZCRM_CURRENT_USER_EMAIL", "p@example.com"),
        ("ZCRM_SANDBOX", "true"),
        ("ZCRM_API_VERSION", "v8"),
        ("ZCRM_TEST_ANYTHING", "is ignored"),
        ("PATH", "belongs to another program"),
    ];
    for config in [
        Config::from_toml(toml).unwrap(),
        Config::from_json(json).unwrap(),
        Config::from_vars(variables).unwrap(),
    ] {
        assert!(!format!("{config:?}").contains("marked"));
        let client = build(config).unwrap();
        assert_eq!(client.version(), ApiVersion::V8);
        assert_eq!(client.tokens().key().environment(), Environment::Sandbox);
        assert_eq!(client.tokens().key().user(), "p@example.com");
    }
}

#[tokio::test]
async fn lets_the_last_source_win() {
    let file = Config::from_toml("client_id = 'file'\nredirect_uri = 'file'").unwrap();
    let variables = Config::from_vars([("ZCRM_CLIENT_ID", "variable")]).unwrap();
    let layered = |builder: ClientBuilder| {
        builder
            .client_secret("s".to_owned())
            .user("p@example.com")
            .store(MemoryStore::new())
            .build()
    };
    let client = layered(Client::builder().config(file.clone()).config(variables)).unwrap();
    assert_eq!(client.tokens().key().client_id(), "variable");
    assert_eq!(client.version(), ApiVersion::V8);
    let client = layered(Client::builder().config(file).client_id("code")).unwrap();
    assert_eq!(client.tokens().key().client_id(), "code");
    assert_eq!(build(good()).unwrap().version(), ApiVersion::V8);
}

#[tokio::test]
async fn defaults_to_v8_and_for_a_ruby_dictionary_to_v2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zcrm.toml");
    fs::write(&file, "client_id = '1'").unwrap();
    let one = [("client_id", "1")];
    let others = [
        Config::from_map(one).unwrap(),
        Config::from_toml("client_id = '1'").unwrap(),
        Config::from_json(r#"{"client_id": "1"}"#).unwrap(),
        Config::from_file(&file).unwrap(),
        Config::from_vars([("ZCRM_CLIENT_ID", "1")]).unwrap(),
        Config::new(),
    ];
    for config in others {
        let config = good().overlaid_by(config);
        assert_eq!(build(config.clone()).unwrap().version(), ApiVersion::V8);
        let v3 = config.with("api_version", "v3").unwrap();
        assert_eq!(build(v3).unwrap().version(), ApiVersion::V3);
    }
    let rubys = [
        Config::from_ruby_map(one).unwrap(),
        Config::from_ruby_toml("client_id = '1'").unwrap(),
        Config::from_ruby_json(r#"{"client_id": "1"}"#).unwrap(),
        Config::from_ruby_file(&file).unwrap(),
    ];
    for config in rubys {
        // with any other source below or above it
        for config in [good().overlaid_by(config.clone()), config.overlaid_by(good())] {
            assert_eq!(build(config.clone()).unwrap().version(), ApiVersion::V2);
            let v8 = config.with("api_version", "v8").unwrap();
            assert_eq!(build(v8).unwrap().version(), ApiVersion::V8);
        }
    }
}

#[tokio::test]
async fn ignores_an_empty_variable() {
    let file = good().with("sandbox", "true").unwrap();
    let empty = Config::from_vars([("ZCRM_SANDBOX", ""), ("ZCRM_CLIENT_SECRET", " ")]).unwrap();
    let client = build(file.overlaid_by(empty)).unwrap();
    assert_eq!(client.tokens().key().environment(), Environment::Sandbox);
}

/// Templates produce empty texts and `null`s.
#[tokio::test]
async fn ignores_an_empty_setting() {
    let empty = || {
        let empty = r#"{"client_id": "", "client_secret": " ", "token_persistence_path": null}"#;
        Config::from_json(empty).unwrap()
    };
    let client = build(good().overlaid_by(empty())).unwrap();
    assert_eq!(client.tokens().key().client_id(), "1000.ABC");
    // nor an option set by a method of the builder
    let folder = tempfile::tempdir().unwrap();
    let builder = Client::builder()
        .config(good().with("client_secret", "").unwrap())
        .client_secret_from(ClientSecret::from("from elsewhere"))
        .token_path(folder.path())
        .config(empty());
    builder.build().unwrap();
}

#[tokio::test]
async fn treats_environment_and_sandbox_as_one_setting() {
    let config = |key: &str, value: &str| Config::new().with(key, value).unwrap();
    let built = async |config: Config| {
        build(good().overlaid_by(config)).unwrap().tokens().key().environment()
    };
    for (first, last, expected) in [
        (("sandbox", "true"), ("environment", "production"), Environment::Production),
        (("sandbox", "true"), ("environment", "developer"), Environment::Developer),
        (("environment", "production"), ("sandbox", "true"), Environment::Sandbox),
        (("environment", "sandbox"), ("sandbox", "false"), Environment::Production),
        // these do not contradict each other
        (("environment", "developer"), ("sandbox", "false"), Environment::Developer),
        (("sandbox", "true"), ("environment", ""), Environment::Sandbox),
    ] {
        let both = config(first.0, first.1).overlaid_by(config(last.0, last.1));
        assert_eq!(built(both).await, expected, "{first:?} {last:?}");
    }
    let builder = Client::builder().config(good().with("sandbox", "true").unwrap());
    let builder = builder.environment(Environment::Production).store(MemoryStore::new());
    let client = builder.build().unwrap();
    assert_eq!(client.tokens().key().environment(), Environment::Production);
}

#[test]
fn warns_about_a_misspelled_variable() {
    let (logs, guard) = Logs::capture();
    Config::from_vars([("ZCRM_CLIENTID", "marked-value"), ("ZCRM_TEST_X", "1")]).unwrap();
    drop(guard);
    let text = logs.text();
    assert!(text.contains("ZCRM_CLIENTID") && text.contains("ZCRM_CLIENT_ID"), "{text}");
    assert!(!text.contains("ZCRM_TEST_X") && !text.contains("marked"), "{text}");
}

#[cfg(unix)]
#[test]
fn names_a_value_that_is_not_text() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};
    let value = OsString::from_vec(vec![0xff]);
    let error = Config::from_vars([("ZCRM_CLIENT_ID", value)]).unwrap_err().to_string();
    assert!(error.contains("ZCRM_CLIENT_ID"), "{error}");
}

#[tokio::test]
async fn selects_mysql_for_a_dictionary_without_a_file() {
    let dictionary = |more: &str| {
        let text = "client_id = '1'\nclient_secret = 's'\nredirect_uri = 'x'\n\
                    current_user_email = 'p@example.com'\n";
        Config::from_toml(&format!("{text}{more}")).unwrap()
    };
    let build = |more: &str| Client::builder().config(dictionary(more)).build();
    let contains = |error: Error, words: &[&str]| {
        assert_eq!(error.kind(), ErrorKind::Config);
        for word in words {
            assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
        }
    };
    if cfg!(feature = "mysql-store") {
        // no connection is made yet
        build("").unwrap();
        build("db_port = 3307\ndb_username = 'zcrm'\ndb_password = 'marked'").unwrap();
        contains(build("db_port = 'port_number'").unwrap_err(), &["`db_port`", "3306"]);
    } else {
        contains(build("").unwrap_err(), &["token_persistence_path", "mysql-store"]);
        contains(build("db_port = 3307").unwrap_err(), &["`mysql-store`", "file-store"]);
    }
    assert!(!format!("{:?}", dictionary("db_password = 'marked'")).contains("marked"));
}

const ALIASES: [(&str, &str); 4] = [
    ("db_host", "db_address"),
    ("db_port", "mysql_port"),
    ("db_username", "mysql_username"),
    ("db_password", "mysql_password"),
];

/// Returns the two settings in every kind of source; `in_code` last.
fn sources(one: (&str, &str), two: (&str, &str)) -> [Result<Config, Error>; 5] {
    let variable = |key: &str| format!("ZCRM_{}", key.to_ascii_uppercase());
    [
        Config::from_map([one, two]),
        Config::from_toml(&format!("{} = '{}'\n{} = '{}'", one.0, one.1, two.0, two.1)),
        Config::from_json(&serde_json::json!({ one.0: one.1, two.0: two.1 }).to_string()),
        Config::from_vars([(variable(one.0), one.1), (variable(two.0), two.1)]),
        Config::new().with(one.0, one.1).and_then(|config| config.with(two.0, two.1)),
    ]
}

#[test]
fn rejects_a_setting_that_differs_from_its_alias() {
    for (name, alias) in ALIASES {
        for source in sources((name, "marked-1"), (alias, "marked-2")) {
            let error = source.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = error.to_string();
            assert!(text.contains(&format!("`{name}`")), "{text}");
            assert!(text.contains(&format!("`{alias}`")), "{text}");
            assert!(!format!("{error:?}").contains("marked"), "{error:?}");
        }
        for (one, two) in [("x", "x"), ("x", " x "), ("x", ""), ("", "x")] {
            for source in sources((name, one), (alias, two)) {
                let shown = format!("{:?}", source.unwrap());
                let value = if name == "db_password" { "[redacted]" } else { "x" };
                assert!(shown.contains(name) && shown.contains(value), "{shown}");
            }
        }
    }
}

#[test]
fn overrides_a_setting_with_an_alias_in_a_later_source() {
    let file = Config::from_toml("db_host = 'of.the.file'").unwrap();
    let variables = Config::from_vars([("ZCRM_DB_ADDRESS", "of.the.environment")]).unwrap();
    let config = file.overlaid_by(variables);
    let shown = format!("{config:?}");
    assert!(shown.contains("of.the.environment") && !shown.contains("of.the.file"), "{shown}");
    let shown = format!("{:?}", config.with("db_host", "of.the.code").unwrap());
    assert!(shown.contains("of.the.code") && !shown.contains("environment"), "{shown}");
}

#[test]
fn suggests_the_nearest_alias() {
    let error = Config::from_map([("mysql_usrname", "x")]).unwrap_err().to_string();
    assert!(error.contains("`mysql_usrname`") && error.contains("`mysql_username`"), "{error}");
}

#[tokio::test]
async fn names_key_and_source_of_a_wrong_value() {
    let text = "client_id = '1'\nclient_secret = 's'\nredirect_uri = 'x'\n\
                current_user_email = 'p@example.com'\nmysql_port = 'port_number'";
    refused(Config::from_toml(text).unwrap(), &["`mysql_port` (in TOML)", "`port_number`"]);
    let variables = Config::from_vars([("ZCRM_MYSQL_PORT", "port_number")]).unwrap();
    refused(good().overlaid_by(variables), &["`mysql_port` (variable ZCRM_MYSQL_PORT)"]);
}

#[tokio::test]
async fn reports_all_wrong_values_together() {
    let config = good().with("db_port", "0").unwrap().with("sandbox", "maybe").unwrap();
    let config = config.with("access_type", "online").unwrap();
    refused(config, &["`db_port`", "`sandbox`", "`maybe`", "`access_type`", "`offline`"]);
}

#[tokio::test]
async fn accepts_maps_of_any_type() {
    let map: std::collections::HashMap<String, String> =
        GOOD.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let client = build(Config::from_map(map).unwrap()).unwrap();
    assert_eq!(client.version(), ApiVersion::V8);
    let error = Config::from_map([("clientid", "x")]).unwrap_err().to_string();
    assert!(error.contains("in the map") && error.contains("`client_id`"), "{error}");
}

#[test]
fn ignores_null_and_rejects_tables() {
    let config = Config::from_json(r#"{"application_log_file_path": null, "sandbox": null}"#);
    assert!(!format!("{:?}", config.unwrap()).contains("null"));
    let lists = [
        Config::from_json(r#"{"scopes": ["ZohoCRM.modules.ALL", "ZohoCRM.users.READ"]}"#),
        Config::from_toml("scopes = ['ZohoCRM.modules.ALL', 'ZohoCRM.users.READ']"),
        Config::from_toml("scopes = 'ZohoCRM.modules.ALL, ZohoCRM.users.READ'"),
        Config::from_map([("scopes", "ZohoCRM.modules.ALL ZohoCRM.users.READ")]),
    ];
    for config in lists {
        let scopes = config.unwrap().scopes().unwrap();
        assert_eq!(scopes, ["ZohoCRM.modules.ALL", "ZohoCRM.users.READ"]);
    }
    assert!(Config::new().scopes().unwrap().is_empty());
    for odd in [r#"{"scopes": [1]}"#, r#"{"scopes": {}}"#, r#"{"client_id": ["x"]}"#] {
        let error = Config::from_json(odd).unwrap_err().to_string();
        assert!(error.contains("must be text"), "{error}");
    }
}

#[cfg(not(feature = "logging"))]
#[tokio::test]
async fn names_the_missing_logging_feature() {
    for (key, value) in [("log_in_console", "true"), ("application_log_file_path", "zcrm.log")] {
        refused(good().with(key, value).unwrap(), &[key, "`logging`", "subscriber"]);
    }
    build(good().with("log_in_console", "false").unwrap()).unwrap();
}
