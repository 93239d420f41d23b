//! Transfers large files over loopback TLS, with HTTP/1.1 and HTTP/2, and measures the memory.
//!
//! `transfer [--megabytes N] [--peak MIB]` transfers N megabytes of generated data (1,000 by
//! default) as an upload, a download and a saved file, each in a separate process, and prints the
//! peak memory of each. It fails if one used more than MIB mebibytes (48 by default) or if data was
//! lost.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

mod client;
mod data;
mod server;

use zcrm_checks::{Arguments, BoxError, Child};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let given: Vec<_> = std::env::args_os().skip(1).collect();
    let texts: Vec<_> = given.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    match texts.as_slice() {
        ["server", protocol, folder] => return server::run(*protocol == "1", folder).await,
        ["client", way, url, folder, bytes] => {
            return client::run(way, url, folder, bytes.parse()?).await;
        }
        _ => {}
    }
    let arguments = Arguments::parse(given, &["megabytes", "peak"], &[])?;
    let bytes = arguments.number("megabytes", 1_000_u64)? * 1_000_000;
    let bound = arguments.number("peak", 48_u64)?;
    if bytes < 2 * bound * 1024 * 1024 {
        return Err(format!(
            "{bytes} bytes are too few to check a peak of {bound} MiB: raise --megabytes"
        )
        .into());
    }
    let mut above = Vec::new();
    for protocol in ["1", "2"] {
        let folder = tempfile::tempdir()?;
        let folder = folder.path().to_str().ok_or("the temporary folder's name is not UTF-8")?;
        let mut server = Child::start(&["server", protocol, folder])?;
        let url = server.answer().await?;
        for way in ["upload", "download", "save"] {
            let mut client = Child::start(&["client", way, &url, folder, &bytes.to_string()])?;
            let peak: u64 = client.answer().await?.parse()?;
            println!("HTTP/{protocol} {way}: {bytes} bytes, peak {peak} KiB");
            if peak > bound * 1024 {
                above.push(format!("HTTP/{protocol} {way}"));
            }
        }
    }
    match above.is_empty() {
        true => Ok(()),
        false => Err(format!("above {bound} MiB: {}", above.join(", ")).into()),
    }
}
