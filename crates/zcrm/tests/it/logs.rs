//! Logs in a file and on the console.

use std::{fs, path::Path, process::Command};

use tracing_subscriber::{Layer, layer::SubscriberExt, util::SubscriberInitExt};
use zcrm::{Client, Config, ErrorKind, logging};
use zcrm_sim::Simulator;

/// Set in the environment of a test that runs as a separate process.
const CHILD: &str = "ZCRM_TEST_LOGS_CHILD";

fn config(file: &Path) -> Config {
    Config::new().with("application_log_file_path", file.to_str().unwrap()).unwrap()
}

#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// Logs in, restarts the client, refreshes the token and makes a call.
async fn use_client(sim: &Simulator, folder: &Path) {
    client(sim, folder).await.tokens().exchange(sim.grant_token()).await.unwrap();
    sim.expire_access_tokens();
    let restarted = client(sim, folder).await;
    restarted.records("Leads").list().fields(["Last_Name"]).send().await.unwrap();
}

async fn client(sim: &Simulator, folder: &Path) -> Client {
    zcrm_test_kit::builder(sim).token_path(folder).build().unwrap()
}

/// Returns the tokens in a folder.
fn secrets(sim: &Simulator, folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("zcrm_oauthtokens.txt")).unwrap();
    let tokens = text.split('"').filter(|word| word.starts_with("1000.") && word.len() > 40);
    let secrets: Vec<String> = tokens.map(str::to_owned).chain([sim.client_secret()]).collect();
    assert!(secrets.len() >= 3, "{text}");
    secrets
}

#[tokio::test]
async fn logs_a_login_to_a_file_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zcrm.log");
    fs::write(&file, "an earlier line\n").unwrap();
    #[cfg(unix)]
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let sim = Simulator::start().await.unwrap();
    let grant = sim.grant_token();
    {
        // everything is logged, at the finest level
        let layer = logging::layer(&config(&file)).unwrap();
        let _guard = tracing_subscriber::registry().with(layer).set_default();
        use_client(&sim, folder.path()).await;
    }
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("an earlier line\n"), "{text}");
    assert!(text.contains("the access token was refreshed") && text.contains("TRACE"), "{text}");
    for secret in secrets(&sim, folder.path()).into_iter().chain([grant]) {
        assert!(!text.contains(&secret), "{secret} was logged");
    }
    #[cfg(unix)]
    assert_eq!(mode(&file), 0o600);
}

#[tokio::test]
async fn filters_log_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zcrm.log");
    let sim = Simulator::start().await.unwrap();
    {
        let layer = logging::layer(&config(&file)).unwrap().with_filter(logging::filter());
        let _guard = tracing_subscriber::registry().with(layer).set_default();
        use_client(&sim, folder.path()).await;
        tracing::info!("of the application");
        tracing::warn!("a warning of the application");
    }
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("INFO") && lines[0].contains("the access token was refreshed"));
    assert!(lines[1].contains("a warning of the application"));
    #[cfg(unix)]
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn does_not_affect_other_layers_without_settings() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one.log", "two.log"].map(|name| folder.path().join(name));
    let both = config(&one).with("log_in_console", "true").unwrap();
    let subscriber = tracing_subscriber::registry()
        .with(logging::layer(&both).unwrap())
        .with(logging::layer(&Config::new()).unwrap())
        .with(logging::layer(&config(&two)).unwrap());
    tracing::subscriber::with_default(subscriber, || tracing::trace!("a line"));
    for file in [one, two] {
        assert!(fs::read_to_string(file).unwrap().contains("a line"));
    }
}

#[tokio::test]
async fn names_an_unusable_log_file() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("none").join("zcrm.log");
    for (file, word) in [(folder.path(), "is a folder"), (&inside, "none")] {
        let error = logging::layer::<tracing_subscriber::Registry>(&config(file)).err().unwrap();
        let built = Client::builder().config(config(file)).build().unwrap_err();
        for error in [error, built] {
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = error.to_string();
            assert!(text.contains("`application_log_file_path`") && text.contains(word), "{text}");
        }
    }
    let odd = Config::new().with("log_in_console", "yes").unwrap();
    let error = logging::install(&odd).unwrap_err().to_string();
    assert!(error.contains("`log_in_console`") && error.contains("`yes`"), "{error}");
}

/// Runs the settings and one call in a separate process.
#[test]
fn logs_to_standard_error_once() {
    if std::env::var_os(CHILD).is_some() {
        logging::install(&Config::new()).unwrap();
        let console = Config::from_toml("log_in_console = 'true'").unwrap();
        // no logs were asked for, so no subscriber was installed and this one can be
        logging::install(&console).unwrap();
        tracing::warn!("logged on the console");
        let error = logging::install(&console).unwrap_err().to_string();
        assert!(error.contains("zcrm::logging::layer"), "{error}");
        return;
    }
    let this = "logs::logs_to_standard_error_once";
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let [out, err] = [child.stdout, child.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(child.status.success(), "{out}{err}");
    assert!(out.contains("1 passed") && !out.contains("logged on the console"), "{out}");
    assert_eq!(err.matches("logged on the console").count(), 1, "{err}");
}

#[test]
fn writes_each_event_on_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zcrm.log");
    let odd = "pat\nERROR forged \u{1b}[31m\u{202e}\u{9b}";
    let subscriber = tracing_subscriber::registry().with(logging::layer(&config(&file)).unwrap());
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("login", user = %odd).entered();
        tracing::warn!(user = %odd, name = odd, detail = ?odd, "{odd}");
        drop(span);
        tracing::warn!("{}", "x".repeat(5000));
    });
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.replace('\n', "").chars().any(char::is_control), "{text:?}");
    assert!(!text.contains('\u{202e}') && text.contains(r"\nERROR forged \u{1b}[31m"), "{text}");
    assert!(text.ends_with(&format!("{}\n", "x".repeat(5000))), "the line is not cut");
}
