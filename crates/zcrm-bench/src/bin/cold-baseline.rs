//! The same small program without zcrm.

use std::path::Path;

use zcrm_bench::{BoxError, baseline::Baseline, child::ServerAddress, runtime};

fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let (port, pem) = arguments.next().zip(arguments.next()).ok_or("use `cargo xtask bench`")?;
    let place = ServerAddress::new(&port, Path::new(&pem))?;
    runtime()?.block_on(Baseline::new(&place)?.get())?;
    Ok(())
}
