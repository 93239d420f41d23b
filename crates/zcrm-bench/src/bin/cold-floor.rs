//! The same small program without zcrm.

use std::path::Path;

use zcrm_bench::{Failure, child::Place, floor::Floor, runtime};

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (port, pem) = arguments.next().zip(arguments.next()).ok_or("use `cargo xtask bench`")?;
    let place = Place::new(&port, Path::new(&pem))?;
    runtime()?.block_on(Floor::new(&place)?.get())?;
    Ok(())
}
