//! Random histories of a module: a replica that applies the stream of changes equals the module.

use zcrm_checks::changes::Run;

use crate::programs::run;

/// The number of histories; `ZCRM_TEST_CHANGE_HISTORIES` overrides it.
const HISTORIES: u64 = 200;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[tokio::test]
async fn replica_equals_the_module_after_any_history() {
    let seed = number("ZCRM_TEST_CHANGE_SEED", fastrand::u64(..));
    let histories = number("ZCRM_TEST_CHANGE_HISTORIES", HISTORIES);
    println!("seed: {seed}");
    let (mut done, step) = (0, 1_000);
    while done < histories {
        let count = step.min(histories - done);
        let tally = Run::new(count, seed.wrapping_add(done)).run().await.unwrap();
        done += count;
        println!("{done} histories: {tally}");
    }
}

#[test]
fn misses_no_change_when_processes_are_killed() {
    let said = run(env!("CARGO_BIN_EXE_crash-test"), &["--changes", "--seconds", "8"]);
    for line in ["differences: 0", "faults: 0"] {
        assert!(said.lines().any(|it| it == line), "{line} in {said}");
    }
}
