//! Our own format, and whatever else a file may hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zcrm_fuzz::Bench;

thread_local!(static BENCH: Bench = Bench::new());

fuzz_target!(|content: &[u8]| BENCH.with(|bench| bench.take(content)));
