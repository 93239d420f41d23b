//! `zcrm-bench count` counts instructions and prints the figures as JSON. It uses its other
//! commands itself, and so does the bench `clock`: a server, and one case for valgrind.
#![allow(clippy::print_stdout, reason = "it prints the counts")]

use std::path::Path;

use zcrm_bench::{BoxError, child::ServerAddress, count, run_case, serve};

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["count"] => {
            let rows = count(&std::env::current_exe()?)?;
            println!("{}", serde_json::to_string(&rows)?);
            Ok(())
        }
        ["serve", pem] => serve(Path::new(pem), None),
        ["case", case, who, times, port, pem] => run_case(
            case,
            *who == "ours",
            times.parse()?,
            &ServerAddress::new(port, Path::new(pem))?,
        ),
        _ => Err("use `cargo xtask bench`".into()),
    }
}
