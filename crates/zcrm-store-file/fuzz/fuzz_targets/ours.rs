//! Our own format, and whatever else a file may hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zcrm_fuzz::Fixture;

thread_local!(static BENCH: Fixture = Fixture::new());

fuzz_target!(|content: &[u8]| BENCH.with(|fixture| fixture.take(content)));
