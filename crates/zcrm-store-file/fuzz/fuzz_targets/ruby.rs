//! Fuzzes the format of the Ruby SDK.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zcrm_fuzz::Fixture;

thread_local!(static FIXTURE: Fixture = Fixture::new());

fuzz_target!(|content: &[u8]| {
    FIXTURE.with(|fixture| fixture.take(&[&[4, 8], content].concat()));
});
