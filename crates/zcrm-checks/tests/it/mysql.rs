//! The programs on the MySQL store. `cargo xtask test` starts a server for them.

use crate::programs::run;

#[test]
fn loses_no_token_when_processes_are_killed() {
    for store in ["mysql", "mysql-ruby"] {
        let said = run(env!("CARGO_BIN_EXE_crash-test"), &["--store", store, "--kills", "4"]);
        for line in ["kills: 4", "losses: 0", "corrupt files: 0"] {
            assert!(said.lines().any(|it| it == line), "{line} in {said}");
        }
    }
}

#[test]
fn refreshes_once_for_each_user_and_expiry() {
    for store in ["mysql", "mysql-ruby"] {
        let fleet = ["--processes", "3", "--tasks", "20", "--users", "2", "--expiries", "2"];
        let said = run(env!("CARGO_BIN_EXE_fleet"), &[&["--store", store], &fleet[..]].concat());
        assert!(said.lines().any(|it| it == "refreshes: 4"), "{said}");
    }
}
