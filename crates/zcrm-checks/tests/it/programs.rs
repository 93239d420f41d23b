//! Short runs of the check programs, which must report no failure.

use std::process::Command;

pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}{errors}");
    said
}

#[test]
fn loses_no_token_when_processes_are_killed() {
    for store in ["file", "ruby"] {
        let said = run(env!("CARGO_BIN_EXE_crash-test"), &["--store", store, "--kills", "4"]);
        for line in ["kills: 4", "losses: 0", "corrupt files: 0"] {
            assert!(said.lines().any(|it| it == line), "{line} in {said}");
        }
    }
}

#[test]
fn exports_each_record_and_leaves_no_file_when_processes_are_killed() {
    let said = run(env!("CARGO_BIN_EXE_crash-test"), &["--export", "--kills", "6"]);
    for line in ["kills: 6", "faults: 0"] {
        assert!(said.lines().any(|it| it == line), "{line} in {said}");
    }
}

#[test]
fn refreshes_once_for_each_user_and_expiry() {
    let fleet = ["--processes", "3", "--tasks", "20", "--users", "2", "--expiries", "2"];
    let said = run(env!("CARGO_BIN_EXE_fleet"), &fleet);
    assert!(said.lines().any(|it| it == "refreshes: 4"), "{said}");
}

#[test]
fn transfers_files_at_constant_memory() {
    let said = run(env!("CARGO_BIN_EXE_transfer"), &["--megabytes", "128"]);
    for way in ["upload", "download", "save"] {
        for protocol in ["1", "2"] {
            let line = format!("HTTP/{protocol} {way}: 128000000 bytes");
            assert!(said.contains(&line), "{line} in {said}");
        }
    }
    // a limit of 1 MiB must be exceeded
    let tight = Command::new(env!("CARGO_BIN_EXE_transfer"))
        .args(["--megabytes", "8", "--peak", "1"])
        .output()
        .unwrap();
    assert!(!tight.status.success());
    assert!(String::from_utf8_lossy(&tight.stderr).contains("above 1 MiB"), "{tight:?}");
}

#[test]
fn names_an_unknown_argument() {
    for program in [env!("CARGO_BIN_EXE_crash-test"), env!("CARGO_BIN_EXE_fleet")] {
        for arguments in [["--kill", "4"], ["--store", "drawer"]] {
            let output = Command::new(program).args(arguments).output().unwrap();
            assert!(!output.status.success());
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains(arguments[0]) || said.contains(arguments[1]), "{said}");
        }
    }
}
