//! The simulator as a program.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hyper::Method;
use zcrm_sim::Simulator;

use crate::client::Http;

const PROGRAM: &str = env!("CARGO_BIN_EXE_zcrm-sim");

/// A running program that is killed even if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn prints_its_addresses_and_credentials() {
    let authority = Path::new(env!("CARGO_TARGET_TMPDIR")).join("program-authority.pem");
    let mut command = Command::new(PROGRAM);
    command.args(["--seed", "5", "--records", "Leads=3", "--user", "me@example.com"]);
    command.args(["--client-id", "me", "--client-secret", "secret", "--ca-file"]).arg(&authority);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let lines: Vec<String> =
        lines.map(Result::unwrap).take_while(|line| line != "interrupt to stop").collect();
    let value = |name: &str| {
        lines.iter().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
    };
    assert!(value("accounts").starts_with("https://127.0.0.1:"));
    assert!(value("api").starts_with("https://127.0.0.1:"));
    assert_eq!((value("client id"), value("client secret")), ("me".into(), "secret".into()));
    assert_eq!(value("user"), "me@example.com");
    assert!(value("grant token").starts_with("1000."));
    let pem = std::fs::read_to_string(&authority).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn prints_help_and_rejects_invalid_arguments() {
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--port-accounts"));
    for arguments in [
        ["--nothing", "1"],
        ["--client-id", "only"],
        ["--records", "Leads"],
        ["--edition", "golden"],
        ["--port", "65534"],
        ["nothing", "more"],
        ["--snapshot=a.json", "--other-data-center=eu"],
        ["--change-option", "tags_modify"],
        ["--change-option", "nothing=true"],
        ["--change-option", "job_time=soon"],
    ] {
        let refused = Command::new(PROGRAM).args(arguments).output().unwrap();
        assert!(!refused.status.success(), "{arguments:?}");
    }
}

#[test]
fn prints_an_error_with_its_cause() {
    let refused = |arguments: [&str; 2]| {
        let output = Command::new(PROGRAM).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        refused(["--edition", "golden"]),
        "zcrm-sim: unknown edition `golden`: expected free, standard, professional, enterprise or \
         ultimate\n"
    );
    let missing = refused(["--seed-file", "nowhere/seed.json"]);
    let reason = missing.strip_prefix("zcrm-sim: could not read or write `nowhere/seed.json`: ");
    assert!(reason.is_some_and(|why| why.trim_end().len() > 1), "{missing}");
}

#[test]
fn prints_the_simulated_operations() {
    let output = Command::new(PROGRAM).arg("operations").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), zcrm_sim::operations().count());
    assert!(text.lines().any(|line| line == "POST   {module}/upsert"), "{text}");
}

/// Starts the program and waits for its info file in this folder.
fn started(folder: &Path, arguments: &[&str]) -> (Running, serde_json::Value) {
    let info = folder.join("info.json");
    let mut command = Command::new(PROGRAM);
    command.args(arguments).arg("--ca-file").arg(folder.join("ca.pem"));
    let mut running =
        Running(command.arg("--info-file").arg(&info).stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    assert!(lines.map(Result::unwrap).any(|line| line == "interrupt to stop"));
    (running, serde_json::from_slice(&std::fs::read(info).unwrap()).unwrap())
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
async fn redirects_users_to_their_data_centre() {
    let folder = folder("program-elsewhere");
    let arguments = ["--client-id", "me", "--client-secret", "secret", "--auto-consent"];
    let others = ["--other-data-center", "eu=eva@example.com", "--other-data-center", "in"];
    let seed = ["--seed", "9", "--port-control", "0"];
    let (running, info) = started(&folder, &[&arguments[..], &others, &seed].concat());
    let (europe, india) = (&info["other_data_centers"]["eu"], &info["other_data_centers"]["in"]);
    assert_eq!(europe["user"], "eva@example.com");
    assert_eq!(india["user"], "patricia@in.example.com");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    // One file has the authorities of all data centres.
    let pem = std::fs::read_to_string(text(&info["authority"])).unwrap();
    let http = Http::trusting(&Simulator::start().await.unwrap(), &pem);
    let get = async |url: String| http.send(Method::GET, &url, &[], "").await.unwrap();

    let redirect = "https%3A%2F%2Flocalhost%2Fcallback";
    let query = format!(
        "/oauth/v2/auth?response_type=code&client_id=me&redirect_uri={redirect}\
         &scope=ZohoCRM.modules.ALL&access_type=offline&login_hint=eva%40example.com"
    );
    let back = get(format!("{}{query}", text(&info["accounts"]))).await;
    assert_eq!(back.status, 302);
    assert_eq!(back.redirected("location").unwrap(), "eu");
    assert_eq!(back.redirected("accounts-server").unwrap(), text(&europe["accounts"]));
    let exchange = async |server: &serde_json::Value| {
        let form = format!(
            "grant_type=authorization_code&client_id=me&client_secret=secret&code={}\
             &redirect_uri={redirect}",
            back.redirected("code").unwrap()
        );
        let url = format!("{}/oauth/v2/token?{form}", text(&server["accounts"]));
        http.send(Method::POST, &url, &[], "").await.unwrap().json()
    };
    assert_eq!(exchange(&info).await["error"], "invalid_code");
    assert_eq!(exchange(europe).await["api_domain"], europe["api"]);
    let known = get(format!("{}/oauth/serverinfo", text(&info["accounts"]))).await.json();
    assert_eq!(known["locations"]["in"], india["accounts"]);
    drop(running);
}

#[tokio::test]
async fn options_change_when_and_how_writes_show_up() {
    let folder = folder("program-changes");
    let options = ["--visibility-lag", "3600", "--clock-skew", "0"];
    let changes = ["--change-option", "job_records=0", "--change-option", "job_time=0"];
    let edition = ["--edition", "none", "--records", "Leads=1"];
    let (running, info) = started(&folder, &[&options[..], &changes, &edition].concat());
    let text = |name: &str| info[name].as_str().unwrap().to_owned();
    let pem = std::fs::read_to_string(text("authority")).unwrap();
    let http = Http::trusting(&Simulator::start().await.unwrap(), &pem);
    let form = format!(
        "grant_type=authorization_code&client_id={}&client_secret={}&code={}",
        text("client_id"),
        text("client_secret"),
        text("grant_token")
    );
    let url = format!("{}/oauth/v2/token?{form}", text("accounts"));
    let tokens = http.send(Method::POST, &url, &[], "").await.unwrap();
    let token = format!("Zoho-oauthtoken {}", crate::client::access_token(&tokens));
    let send = async |method: Method, path: &str, body: &str| {
        let url = format!("{}/crm/v8/{path}", text("api"));
        let headers = [("authorization", token.as_str())];
        http.send(method, &url, &headers, body.to_owned()).await.unwrap()
    };
    let rows = send(Method::GET, "Leads?fields=id", "").await.rows();
    let id = rows[0]["id"].as_str().unwrap();
    send(Method::DELETE, &format!("Leads/{id}"), "").await;
    assert_eq!(send(Method::GET, "Leads/deleted", "").await.status, 204, "the lag");
    assert_eq!(send(Method::GET, &format!("Leads/{id}"), "").await.status, 204);
    let path = format!("settings/recycle_bin/{id}/actions/restore");
    assert_eq!(send(Method::POST, &path, "").await.status, 202, "a job");
    assert_eq!(send(Method::GET, &format!("Leads/{id}"), "").await.status, 200);
    drop(running);
}

/// Starts the program with a snapshot.
#[cfg(unix)]
fn with_snapshot(folder: &Path) -> (Running, serde_json::Value) {
    let snapshot = folder.join("state.json");
    let options = ["--data-center", "eu", "--edition", "free", "--records", "Leads=2"];
    started(folder, &[&options[..], &["--snapshot", snapshot.to_str().unwrap()]].concat())
}

#[test]
#[cfg(unix)]
fn continues_from_its_snapshot() {
    let folder = folder("program-snapshot");
    let mut organisations = Vec::new();
    for _ in 0..2 {
        let (mut running, info) = with_snapshot(&folder);
        assert!(info["control"].as_str().unwrap().starts_with("https://127.0.0.1:"));
        organisations.push(info["organisation"].clone());
        let ended = Command::new("kill").arg("-TERM").arg(running.0.id().to_string()).status();
        assert!(ended.unwrap().success());
        assert!(running.0.wait().unwrap().success());
    }
    assert_eq!(organisations[0], organisations[1]);
    let builder = Simulator::builder().restore_file(folder.join("state.json")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sim = runtime.block_on(builder.start()).unwrap();
    assert_eq!(sim.record_count("Leads"), 2);
}
