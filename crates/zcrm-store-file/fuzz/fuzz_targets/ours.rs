//! Fuzzes the detection of the format and zcrm's own format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zcrm_fuzz::Fixture;

thread_local!(static FIXTURE: Fixture = Fixture::new());

fuzz_target!(|content: &[u8]| FIXTURE.with(|fixture| fixture.take(content)));
