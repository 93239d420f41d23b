//! The simulator as a program: prints where it listens and what to log in with, and runs until it
//! is interrupted.
#![allow(clippy::print_stdout, reason = "a program talks to the one who started it")]

use std::error::Error;
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, ValueExt};
use zcrm_sim::{Builder, Simulator};

const HELP: &str = "\
A simulator of Zoho's accounts server and CRM, on loopback

Usage: zcrm-sim [OPTIONS]

Options:
  --port-accounts PORT  port of the accounts server (default: any free one)
  --port-api PORT       port of the production API (default: any free one)
  --port-sandbox PORT   port of the sandbox's API (default: any free one)
  --plain-http          speak HTTP without TLS
  --http1-only          do not offer HTTP/2
  --ca-file PATH        where to write the authority to trust (default: zcrm-sim-ca.pem)
  --client-id ID        the application's client id
  --client-secret TEXT  the application's client secret
  --redirect-uri URI    the application's redirect URI (default: https://localhost/callback)
  --user EMAIL          a user; may be repeated
  --seed NUMBER         determines ids and tokens
  --records MODULE=N    start with N generated records; may be repeated
  --help                print this
";

/// How many journal entries are kept, since nobody reads them here.
const JOURNAL: usize = 1_000;

struct Options {
    builder: Builder,
    plain_http: bool,
    ca_file: PathBuf,
}

/// Reads the arguments; `None` asks for the help.
fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let mut builder = Simulator::builder().journal_limit(JOURNAL);
    let mut plain_http = false;
    let mut ca_file = PathBuf::from("zcrm-sim-ca.pem");
    let (mut id, mut secret, mut redirect) = (None, None, None);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("port-accounts") => builder = builder.accounts_port(arguments.value()?.parse()?),
            Long("port-api") => builder = builder.api_port(arguments.value()?.parse()?),
            Long("port-sandbox") => builder = builder.sandbox_port(arguments.value()?.parse()?),
            Long("plain-http") => {
                plain_http = true;
                builder = builder.plain_http();
            }
            Long("http1-only") => builder = builder.http1_only(),
            Long("ca-file") => ca_file = arguments.value()?.into(),
            Long("client-id") => id = Some(arguments.value()?.string()?),
            Long("client-secret") => secret = Some(arguments.value()?.string()?),
            Long("redirect-uri") => redirect = Some(arguments.value()?.string()?),
            Long("user") => builder = builder.user(arguments.value()?.string()?),
            Long("seed") => builder = builder.seed(arguments.value()?.parse()?),
            Long("records") => {
                let text = arguments.value()?.string()?;
                let (module, count) = text.split_once('=').ok_or("--records takes MODULE=N")?;
                builder = builder.records(module, count.parse()?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    builder = match (id, secret) {
        (Some(id), Some(secret)) => {
            let redirect = redirect.unwrap_or_else(|| String::from("https://localhost/callback"));
            builder.client(id, secret, redirect)
        }
        (None, None) if redirect.is_none() => builder,
        _ => return Err("--client-id and --client-secret belong together".into()),
    };
    Ok(Some(Options { builder, plain_http, ca_file }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else {
        print!("{HELP}");
        return Ok(());
    };
    let sim = options.builder.start().await?;
    println!("accounts       {}", sim.accounts_url());
    println!("api            {}", sim.api_url());
    println!("sandbox        {}", sim.sandbox_url());
    if !options.plain_http {
        std::fs::write(&options.ca_file, sim.ca_pem())?;
        println!("authority      {}", options.ca_file.display());
    }
    println!("client id      {}", sim.client_id());
    println!("client secret  {}", sim.client_secret());
    println!("redirect uri   {}", sim.redirect_uri());
    println!("user           {}", sim.user_email());
    println!("grant token    {} (once, within ten minutes)", sim.grant_token());
    println!("interrupt to stop");
    tokio::signal::ctrl_c().await?;
    sim.stop().await;
    Ok(())
}
