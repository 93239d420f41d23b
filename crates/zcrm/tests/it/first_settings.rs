//! Settings of a new user: missing, mistyped, or with secrets that no message may show.

use zcrm::{Client, Config, ErrorKind, stores::MemoryStore};

use crate::settings::{build, good, refused};

#[tokio::test]
async fn reports_all_missing_and_invalid_settings_together() {
    let variables = [("ZCRM_CLIENTID", "marked"), ("ZCRM_TIMEOUT_TOTAL", "soon")];
    let config = Config::from_vars(variables).unwrap();
    let error = Client::builder().config(config.clone()).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    for word in [
        "`client_id`, `client_secret` are missing",
        "ZCRM_CLIENT_ID, ZCRM_CLIENT_SECRET",
        ".client_id(…), .client_secret(…)",
        "unknown environment variable ZCRM_CLIENTID: did you mean ZCRM_CLIENT_ID?",
        "`timeout_total`",
    ] {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    assert!(!text.contains("marked"), "{text}");
    // the hint covers only missing settings
    let config = config.overlaid_by(Config::new().with("timeout_total", "5").unwrap());
    refused(config.with("client_id", "1").unwrap(), &["`client_secret` is missing"]);
    let error = Client::builder().build().unwrap_err().to_string();
    assert!(error.contains("client_secret") && error.contains("no token store"), "{error}");
}

#[tokio::test]
async fn builds_a_self_client_of_two_settings() {
    let config = || {
        let config = Config::new().with("client_id", "1000.ABC").unwrap();
        config.with("client_secret", "s").unwrap()
    };
    let client = build(config()).unwrap();
    assert_eq!(client.tokens().key().user(), "default");
    let url = client.clients().authorize_url(&["ZohoCRM.users.READ"]).for_session("s");
    assert!(url.unwrap_err().to_string().contains("`redirect_uri`"));
    // a setting with a default may be mistyped too
    for (slip, meant) in [
        ("ZCRM_REDIRECT_URL", "ZCRM_REDIRECT_URI"),
        ("ZCRM_CURRENT_USER_MAIL", "ZCRM_CURRENT_USER_EMAIL"),
    ] {
        let slip_of = Config::from_vars([(slip, "x")]).unwrap();
        refused(config().overlaid_by(slip_of.clone()), &[slip, meant]);
        build(good().overlaid_by(slip_of)).unwrap();
    }
}

#[test]
fn reports_all_unknown_settings_of_a_source_together() {
    let slips = [("clientid", "1"), ("client_secert", "marked"), ("colour", "x"), ("shape", "x")];
    let text = |error: zcrm::Error| {
        let text = format!("{error}");
        assert!(!text.contains("marked"), "{text}");
        text
    };
    let in_toml: String = slips.map(|(key, value)| format!("{key} = '{value}'\n")).concat();
    let in_json = format!("{{{}}}", slips.map(|(k, v)| format!("\"{k}\": \"{v}\"")).join(","));
    for error in [
        Config::from_map(slips).unwrap_err(),
        Config::from_toml(&format!("{in_toml}data_center = ['eu']")).unwrap_err(),
        Config::from_json(&in_json).unwrap_err(),
    ] {
        let text = text(error);
        for word in ["`clientid`", "`client_id`?", "`client_secret`?", "`colour`", "`shape`"] {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
        assert_eq!(text.matches("timeout_total").count(), 1, "the names are listed once: {text}");
    }
    let both = Config::from_toml(&format!("{in_toml}data_center = ['eu']")).unwrap_err();
    assert!(text(both).contains("`data_center` (in TOML) must be text"));
}

#[tokio::test]
async fn reports_a_mistyped_setting_that_has_a_default() {
    let slips = |names: &[&str]| Config::from_vars(names.iter().map(|name| (*name, "x"))).unwrap();
    let all = slips(&["ZCRM_DATACENTER", "ZCRM_API_BASE_ULR", "ZCRM_SANDBX"]);
    let meant = ["ZCRM_DATA_CENTER", "ZCRM_API_BASE_URL", "ZCRM_SANDBOX"];
    refused(good().overlaid_by(all.clone()), &meant);
    refused(all, &["`client_secret` are missing", meant[0], meant[1], meant[2]]);
    // a setting that is set has no typing error, and a store in code needs no settings of stores
    let given = good().with("data_center", "eu").unwrap().overlaid_by(slips(&["ZCRM_DATACENTER"]));
    build(given).unwrap();
    // `build` sets a store in code
    build(good().overlaid_by(slips(&["ZCRM_TOKEN_PERSISTENCE_PAHT"]))).unwrap();
    // names that are only similar belong to other programs
    build(good().overlaid_by(slips(&["ZCRM_PORT", "ZCRM_HOST", "ZCRM_COLOUR"]))).unwrap();
}

#[test]
fn shows_no_password_of_a_redirect_uri_or_host() {
    for (key, value) in [
        ("redirect_uri", "https://pat:marked@crm.example.com/back?key=marked"),
        ("db_host", "mysql://pat:marked@db.example.com/zoho"),
        ("db_address", "pat:marked@db.example.com"),
    ] {
        let config = Config::new().with(key, value).unwrap();
        let builder = Client::builder().config(config.clone());
        for shown in [format!("{config:?}"), format!("{config:#?}"), format!("{builder:?}")] {
            assert!(!shown.contains("marked") && shown.contains("example.com"), "{shown}");
        }
    }
}

#[tokio::test]
async fn uses_https_for_a_host_without_a_scheme() {
    for key in ["accounts_url", "api_base_url", "content_base_url", "download_base_url"] {
        for host in ["www.zohoapis.com", "crm.example.com:8443", "localhost:1"] {
            build(good().with(key, host).unwrap()).unwrap();
        }
    }
    let builder = Client::builder().config(good()).store(MemoryStore::new());
    builder.other_data_center("x", "accounts.example.com", "api.example.com").build().unwrap();
}

#[tokio::test]
async fn shows_no_password_of_a_url() {
    for key in ["accounts_url", "api_base_url", "content_base_url", "download_base_url"] {
        for url in [
            "https://user:marked@accounts.zoho.eu",
            "https://user:mar/ked@accounts.zoho.eu",
            "user:marked@accounts.zoho.eu",
            "https://accounts.zoho.eu/?password=marked",
        ] {
            let config = good().with(key, url).unwrap();
            let shown = format!("{config:?}{:?}", Client::builder().config(config.clone()));
            assert!(!shown.replace("marked-secret", "").contains("marked"), "{shown}");
            assert!(!shown.contains("ked@"), "{shown}");
            refused(config, &[key]);
        }
    }
}

#[tokio::test]
async fn shows_no_control_characters_of_settings() {
    let odd = "x\nERROR forged \u{1b}[31m";
    for key in [
        "data_center",
        "environment",
        "sandbox",
        "accounts_url",
        "api_version",
        "ca_file",
        "timeout_total",
        "limit_attempts",
        "scopes",
        "access_type",
        "persistence_handler_class",
        "application_log_file_path",
    ] {
        let builder = Client::builder().token_path("x").config(good().with(key, odd).unwrap());
        let Err(error) = builder.build() else { continue };
        let text = error.to_string();
        assert!(!text.chars().any(char::is_control), "{key}: {text:?}");
    }
    let errors = [
        Config::new().with(odd, "x").unwrap_err(),
        Config::from_map([(odd, "x")]).unwrap_err(),
        Config::from_file(odd).unwrap_err(),
    ];
    for error in errors {
        assert!(!error.to_string().chars().any(char::is_control), "{error}");
    }
}

#[test]
fn reads_an_empty_file_as_no_settings() {
    for text in ["", "\n", "\u{feff}", "\u{feff}{}"] {
        assert_eq!(format!("{:?}", Config::from_json(text).unwrap()), "{}", "{text:?}");
    }
    assert_eq!(format!("{:?}", Config::from_toml("\u{feff}").unwrap()), "{}");
}
