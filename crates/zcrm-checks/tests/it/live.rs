//! The checks of the assumptions about Zoho, run on a correct simulator, on a wrong one, and on a
//! simulator in the role of a sandbox.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;
use zcrm_checks::live::{self, Fixture, Verdict};
use zcrm_sim::{Environment, Host, Simulator};

#[tokio::test]
async fn passes_all_checks_on_the_simulator() {
    let sim = live::simulator().await.unwrap();
    let report = live::run(&Fixture::simulated(sim.clone()).await.unwrap()).await.unwrap();
    assert!(report.is_good(), "{report}");
    let unseen = report.lines.iter().filter(|line| !matches!(line.verdict, Verdict::Agrees(_)));
    // checks that no run can make, and checks that tests of the simulator cover
    assert_eq!((unseen.count(), report.lines.len()), (10 + 56, 213), "{report}");
    for module in ["Leads", "Contacts", "Accounts", "Price_Books", "Quotes", "Products", "Events"] {
        assert_eq!(sim.record_count(module), 0, "{module}");
    }
}

#[test]
fn names_only_existing_tests_of_the_simulator() {
    let mut sources = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../zcrm-sim")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None if path.is_dir() => folders.push(path),
                Some(rs) if rs == "rs" => sources += &std::fs::read_to_string(path).unwrap(),
                _ => {}
            }
        }
    }
    for test in live::held().unwrap() {
        assert!(sources.contains(&format!("fn {test}()")), "zcrm-sim has no test `{test}`");
    }
}

#[tokio::test]
async fn reports_a_wrong_answer_with_the_assumption() {
    let sim = live::simulator().await.unwrap();
    let fixture = Fixture::simulated(sim.clone()).await.unwrap();
    let wrong = json!({ "data": [], "info": {} });
    sim.faults().on_operation("/crm/{version}/{module}/search").always().json(200, &wrong);
    let report = live::run(&fixture).await.unwrap();
    assert!(!report.is_good());
    let said = report.to_string();
    let line = "DISAGREES      search-nothing\n    assumed: a search that finds nothing is 204 \
                without a body\n    saw:     GET Leads/search was answered with 200 with data, info, \
                not with 204 empty";
    assert!(said.contains(line), "{said}");
}

/// Runs the program on a simulator in the role of a sandbox, with these additional variables.
fn sandbox(sim: &Simulator, folder: &Path, more: &[(&str, &str)]) -> Output {
    let grant = sim.grant().environment(Environment::Sandbox).issue();
    Command::new(env!("CARGO_BIN_EXE_live-check"))
        .arg("--live")
        .env("ZCRM_CLIENT_ID", sim.client_id())
        .env("ZCRM_CLIENT_SECRET", sim.client_secret())
        .env("ZCRM_REDIRECT_URI", sim.redirect_uri())
        .env("ZCRM_CURRENT_USER_EMAIL", sim.user_email())
        .env("ZCRM_ACCOUNTS_URL", sim.accounts_url())
        .env("ZCRM_API_BASE_URL", sim.sandbox_url())
        .env("ZCRM_TOKEN_PERSISTENCE_PATH", folder)
        .env("LIVE_CHECK_GRANT_TOKEN", grant)
        .envs(more.iter().copied())
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaves_a_sandbox_as_it_was() {
    let sim = live::simulator().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = || sandbox(&sim, folder.path(), &[("ZCRM_ENVIRONMENT", "sandbox")]);
    let output = run();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(said.contains(" 0 disagree"), "{said}");
    assert!(said.contains("throttle: ") && said.contains("it would lock the login"), "{said}");
    for module in ["Leads", "Contacts", "Accounts", "Price_Books", "Quotes", "Products", "Events"] {
        assert_eq!(sim.record_count_in(Environment::Sandbox, module), 0, "{module}");
    }
    let journal = sim.journal();
    assert_eq!(journal.count(|entry| entry.host == Host::Api), 0, "production was called");
    assert!(journal.count(|entry| entry.host == Host::Sandbox) > 100);

    // again, with a wrong answer; the login is read from the file
    sim.faults().on_host(Host::Sandbox).on_path("/crm/v8/files").always().status(200);
    let output = run();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("DISAGREES      unknown-file"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_nothing_outside_a_sandbox() {
    let sim = live::simulator().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for more in [&[][..], &[("ZCRM_ENVIRONMENT", "production")], &[("ZCRM_SANDBOX", "false")]] {
        let output = sandbox(&sim, folder.path(), more);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(errors.contains("ZCRM_ENVIRONMENT=sandbox"), "{errors}");
    }
    assert_eq!(sim.journal().requests(), 0);
}
