//! The configuration dictionary of the Ruby SDK.

use std::path::Path;

use zcrm::{
    ApiVersion, Client, ClientBuilder, Config, Environment, ErrorKind, stores::MemoryStore,
};
use zcrm_sim::Simulator;

/// The dictionary in the Ruby SDK's guide, with its placeholders.
const PRINTED_JSON: &str = r#"{
    "client_id": "client_id",
    "client_secret": "client_secret",
    "redirect_uri": "www.zoho.com",
    "api_base_url": "https://www.zohoapis.com",
    "api_version": "v2",
    "sandbox": "false",
    "application_log_file_path": null,
    "log_in_console": "false",
    "current_user_email": "current_user_email",
    "accounts_url": "https://accounts.zoho.com",
    "access_type": "offline",
    "db_port": "port_number",
    "db_username": "username",
    "db_password": "password",
    "token_persistence_path": "path/of/the/tokens",
    "persistence_handler_class": "classname",
    "persistence_handler_class_path": "path/of/the/class.rb"
}"#;

const PRINTED_TOML: &str = r#"
client_id = "client_id"
client_secret = "client_secret"
redirect_uri = "www.zoho.com"
api_base_url = "https://www.zohoapis.com"
api_version = "v2"
sandbox = "false"
log_in_console = "false"
current_user_email = "current_user_email"
accounts_url = "https://accounts.zoho.com"
access_type = "offline"
db_port = "port_number"
db_username = "username"
db_password = "password"
token_persistence_path = "path/of/the/tokens"
persistence_handler_class = "classname"
persistence_handler_class_path = "path/of/the/class.rb"
"#;

/// Returns the dictionary in both formats, with the values of these keys changed; `None` removes
/// the key.
fn filled(changes: &[(&str, Option<String>)]) -> [Config; 2] {
    let mut json: serde_json::Value = serde_json::from_str(PRINTED_JSON).unwrap();
    let mut toml = PRINTED_TOML.to_owned();
    for (key, value) in changes {
        let line = format!("{key} = ");
        toml =
            toml.lines().filter(|it| !it.starts_with(&line)).map(|it| format!("{it}\n")).collect();
        json.as_object_mut().unwrap().remove(*key);
        if let Some(value) = value {
            json[key] = value.clone().into();
            toml.push_str(&format!("{line}'{value}'\n"));
        }
    }
    [Config::from_ruby_json(&json.to_string()).unwrap(), Config::from_ruby_toml(&toml).unwrap()]
}

/// Returns the values that a user fills in, for the simulator.
fn of(sim: &Simulator, ca_file: &Path) -> Vec<(&'static str, Option<String>)> {
    [
        ("client_id", sim.client_id()),
        ("client_secret", sim.client_secret()),
        ("redirect_uri", sim.redirect_uri()),
        ("current_user_email", sim.user_email()),
        ("accounts_url", sim.accounts_url()),
        ("api_base_url", sim.api_url()),
        ("db_port", "3306".to_owned()),
        ("ca_file", ca_file.to_str().unwrap().to_owned()),
    ]
    .map(|(key, value)| (key, Some(value)))
    .to_vec()
}

async fn logs_in(sim: &Simulator, builder: ClientBuilder) -> Client {
    sim.clear_journal();
    let client = builder.build().unwrap();
    client.tokens().exchange(sim.grant_token()).await.unwrap();
    client.records("Leads").list().send().await.unwrap();
    assert_eq!(client.version(), ApiVersion::V2);
    assert_eq!(client.tokens().key().environment(), Environment::Production);
    assert_eq!((sim.journal().exchanges(), sim.journal().api_requests()), (1, 1));
    client
}

#[tokio::test]
async fn names_the_placeholders_of_the_printed_dictionary() {
    let printed =
        [Config::from_json(PRINTED_JSON).unwrap(), Config::from_toml(PRINTED_TOML).unwrap()];
    for config in printed {
        let error = Client::builder().config(config).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        for word in ["`persistence_handler_class`", "`classname`", ".register_store(", "`db_port`"]
        {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
        assert!(text.contains("`port_number`") && text.contains("3306"), "{text}");
    }
}

#[tokio::test]
async fn logs_in_with_a_registered_class() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let sim = Simulator::start().await.unwrap();
    std::fs::write(&ca_file, sim.ca_pem()).unwrap();
    let tokens = folder.path().join("tokens");
    let mut changes = of(&sim, &ca_file);
    changes.push(("token_persistence_path", Some(tokens.to_str().unwrap().to_owned())));
    for config in filled(&changes) {
        let builder = Client::builder().register_store("classname", MemoryStore::new());
        let client = logs_in(&sim, builder.config(config)).await;
        assert!(client.tokens().stored().await.unwrap().is_some());
    }
    assert!(!tokens.exists(), "the class takes precedence over the file");
}

#[tokio::test]
async fn logs_in_with_the_file_without_a_class() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let sim = Simulator::start().await.unwrap();
    std::fs::write(&ca_file, sim.ca_pem()).unwrap();
    let mut changes = of(&sim, &ca_file);
    changes.push(("persistence_handler_class", None));
    changes.push(("persistence_handler_class_path", None));
    for (at, ending) in ["a", "b/zcrm_oauthtokens.txt"].into_iter().enumerate() {
        let path = folder.path().join(ending).to_str().unwrap().to_owned();
        changes.push(("token_persistence_path", Some(path)));
        let config = filled(&changes).into_iter().nth(at).unwrap();
        logs_in(&sim, Client::builder().config(config)).await;
        changes.pop();
    }
    for place in ["a/zcrm_oauthtokens.txt", "b/zcrm_oauthtokens.txt"] {
        assert!(folder.path().join(place).is_file(), "{place}");
    }
}

/// Defect group 17 of the Ruby SDK: it ignores a boolean `sandbox`, and `sandbox` together with
/// another host.
#[tokio::test]
async fn uses_the_sandbox_with_a_host_in_the_dictionary() {
    let changes = [
        ("sandbox", Some("true".to_owned())),
        ("db_port", None),
        ("persistence_handler_class", None),
        ("persistence_handler_class_path", None),
    ];
    let truth = Config::from_json(r#"{ "sandbox": true }"#).unwrap();
    for config in filled(&changes) {
        let boolean = config.clone().overlaid_by(truth.clone());
        for config in [config, boolean] {
            let client = Client::builder().config(config).store(MemoryStore::new()).build();
            assert_eq!(client.unwrap().tokens().key().environment(), Environment::Sandbox);
        }
    }
    // and only this machine is called without TLS
    let open = Config::from_json(r#"{ "api_base_url": "http://www.zohoapis.com" }"#).unwrap();
    let [config, _] = filled(&changes);
    let error =
        Client::builder().config(config.overlaid_by(open)).store(MemoryStore::new()).build();
    assert!(error.unwrap_err().to_string().contains("`api_base_url`"));
}
