//! Replicas that apply the stream of changes equal the module.

use crate::programs::run;

#[test]
fn replica_equals_the_module_after_any_history() {
    let said = run(env!("CARGO_BIN_EXE_changes-test"), &["--histories", "200"]);
    assert!(said.lines().any(|it| it.starts_with("200 histories, 0 failed")), "{said}");
}

#[test]
fn misses_no_change_when_processes_are_killed() {
    let said = run(env!("CARGO_BIN_EXE_crash-test"), &["--changes", "--kills", "12"]);
    for line in ["kills: 12", "differences: 0", "faults: 0"] {
        assert!(said.lines().any(|it| it == line), "{line} in {said}");
    }
}
