//! The simulator as a program.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_zcrm-sim");

/// Ends the program even if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_prints_what_to_log_in_with() {
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
fn it_explains_itself_and_refuses_what_it_does_not_know() {
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--port-accounts"));
    for arguments in [["--nothing", "1"], ["--client-id", "alone"], ["--records", "Leads"]] {
        let refused = Command::new(PROGRAM).args(arguments).output().unwrap();
        assert!(!refused.status.success(), "{arguments:?}");
    }
}
