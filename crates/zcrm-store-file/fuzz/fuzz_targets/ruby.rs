//! The format of the Ruby SDK.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zcrm_fuzz::Fixture;

thread_local!(static BENCH: Fixture = Fixture::new());

fuzz_target!(|content: &[u8]| {
    BENCH.with(|fixture| fixture.take(&[&[4, 8], content].concat()));
});
