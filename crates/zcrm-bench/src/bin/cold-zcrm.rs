//! A small program on zcrm: one record read, and done. Its start is measured.

use std::path::Path;

use zcrm_bench::{BoxError, child::ServerAddress, runtime, sdk};

fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let (port, pem) = arguments.next().zip(arguments.next()).ok_or("use `cargo xtask bench`")?;
    let place = ServerAddress::new(&port, Path::new(&pem))?;
    runtime()?.block_on(async { sdk::get(&sdk::client(&place).await?).await })?;
    Ok(())
}
