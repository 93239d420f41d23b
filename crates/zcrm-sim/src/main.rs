//! The simulator as a program. It prints its addresses and credentials, and runs until it is
//! interrupted.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints to its terminal")]

mod write_file;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use lexopt::prelude::{Long, Short, Value, ValueExt};
use serde_json::{Map, Value as Json};
use zcrm_sim::{
    Builder, BulkReadSettings, BulkWriteSettings, ChangeOptions, Edition, ResultUrl, Simulator,
};

use write_file::replace;

const HELP: &str = "\
A simulator of the Zoho accounts server and the Zoho CRM API, on loopback addresses

Usage: zcrm-sim [OPTIONS]
       zcrm-sim operations    list the operations that are simulated

Servers:
  --port PORT            port of the accounts server; the next four ports are used for the
                         production API, the sandbox's API, the control API and uploads
  --port-accounts PORT   port of the accounts server (default: any free port)
  --port-api PORT        port of the production API (default: any free port)
  --port-sandbox PORT    port of the sandbox's API (default: any free port)
  --port-control PORT    port of the control API (default: any free port)
  --port-content PORT    port of the server for uploads (default: any free port)
  --tls                  serve HTTPS (the default)
  --plain-http           serve HTTP without TLS
  --http1-only           do not offer HTTP/2
  --ca-file PATH         file for the certificate authority (default: zcrm-sim-ca.pem)
  --info-file PATH       file for the printed values, as JSON

Client and users:
  --client-id ID         the application's client id
  --client-secret TEXT   the application's client secret
  --redirect-uri URI     the application's redirect URI (default: https://localhost/callback)
  --user EMAIL           add a user; may be repeated
  --data-center NAME     short name of the data centre (default: us)
  --other-data-center NAME[=EMAIL]
                         add a data centre with separate servers and a user, who is
                         redirected there after the login; may be repeated
  --auto-consent         skip the consent page
  --no-grant-limit       allow more than ten grants in ten minutes

Data and limits:
  --seed NUMBER          seed of ids, tokens and random failures
  --seed-file PATH       add custom modules, fields and users, as JSON
  --records MODULE=N     start with N generated records; may be repeated
  --edition NAME         edition whose limits apply: free, standard, professional,
                         enterprise (the default), ultimate, or none for no limits
  --computed-records MODULE=N
                         N records for bulk read that are computed and not stored; may be
                         repeated
  --bulk-job-ms TIME     time that a bulk job takes (default: 3500)
  --bulk-rows N          most rows of a bulk read job (default: 200000)
  --bulk-write-rows N    most rows of a file of a bulk write job (default: 25000)
  --bulk-result-url FORM form of the address of a bulk write's result: organisation (the
                         default), path or job
  --search-lag SECONDS   delay after which a search finds a write
  --count-lag SECONDS    delay after which a count of records includes a write
  --visibility-lag SECONDS
                         delay after which lists, deleted records and COQL show a write
  --clock-skew SECONDS   largest error of the clocks of the servers that answer calls
  --change-option NAME=VALUE
                         a method of ChangeOptions and its value, such as
                         restore_modifies=true; may be repeated
  --snapshot FILE        start from the file if it exists, and write it at the end

  --help                 print this help
";

/// The number of journal entries kept: enough for a test, without growing forever in a long run.
const JOURNAL: usize = 10_000;

const REDIRECT: &str = "https://localhost/callback";

struct Options {
    builder: Builder,
    plain_http: bool,
    ca_file: PathBuf,
    info_file: Option<PathBuf>,
    snapshot: Option<PathBuf>,
    others: Vec<OtherDataCenter>,
}

/// A further data centre.
struct OtherDataCenter {
    name: String,
    builder: Builder,
}

enum Command {
    Help,
    Operations,
    Run(Box<Options>),
}

type BoxError = Box<dyn Error>;

fn command() -> Result<Command, BoxError> {
    let mut builder = Simulator::builder().journal_limit(JOURNAL);
    let mut edition = Some(Edition::Enterprise);
    let mut plain_http = false;
    let mut ca_file = PathBuf::from("zcrm-sim-ca.pem");
    let mut records = Vec::new();
    let (mut info_file, mut snapshot) = (None, None);
    let (mut id, mut secret, mut redirect) = (None, None, None);
    let (mut seed, mut seed_files, mut others) = (None, Vec::new(), Vec::new());
    let mut home = Home::default();
    let mut bulk_read = BulkReadSettings::new();
    let mut bulk_write = BulkWriteSettings::new();
    let mut changes = ChangeOptions::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Value(word) if word == "operations" => return Ok(Command::Operations),
            Long("port") => home.ports = ports(arguments.value()?.parse()?)?,
            Long("port-accounts") => home.ports[0] = arguments.value()?.parse()?,
            Long("port-api") => home.ports[1] = arguments.value()?.parse()?,
            Long("port-sandbox") => home.ports[2] = arguments.value()?.parse()?,
            Long("port-control") => home.ports[3] = arguments.value()?.parse()?,
            Long("port-content") => home.ports[4] = arguments.value()?.parse()?,
            Long("tls") => plain_http = false,
            Long("plain-http") => plain_http = true,
            Long("http1-only") => builder = builder.http1_only(),
            Long("ca-file") => ca_file = arguments.value()?.into(),
            Long("info-file") => info_file = Some(arguments.value()?.into()),
            Long("client-id") => id = Some(arguments.value()?.string()?),
            Long("client-secret") => secret = Some(arguments.value()?.string()?),
            Long("redirect-uri") => redirect = Some(arguments.value()?.string()?),
            Long("user") => home.users.push(arguments.value()?.string()?),
            Long("data-center") => home.data_center = Some(arguments.value()?.string()?),
            Long("other-data-center") => others.push(arguments.value()?.string()?),
            Long("auto-consent") => builder = builder.auto_consent(),
            Long("no-grant-limit") => builder = builder.no_grant_limit(),
            Long("seed") => seed = Some(arguments.value()?.parse::<u64>()?),
            Long("seed-file") => seed_files.push(PathBuf::from(arguments.value()?)),
            Long("records") => {
                let (module, count) = of_module(&arguments.value()?.string()?, "--records")?;
                records.push((module, usize::try_from(count)?));
            }
            Long("computed-records") => {
                let text = arguments.value()?.string()?;
                let (module, count) = of_module(&text, "--computed-records")?;
                builder = builder.computed_records(module, count);
            }
            Long("bulk-job-ms") => {
                let time = Duration::from_millis(arguments.value()?.parse()?);
                bulk_read = bulk_read.job_time(time);
                bulk_write = bulk_write.job_time(time);
            }
            Long("bulk-write-rows") => {
                bulk_write = bulk_write.rows_per_file(arguments.value()?.parse()?);
            }
            Long("bulk-rows") => bulk_read = bulk_read.rows_per_job(arguments.value()?.parse()?),
            Long("bulk-result-url") => {
                let form = arguments.value()?.string()?;
                bulk_write = bulk_write.result_url(result_url(&form)?);
            }
            Long("edition") => {
                let name = arguments.value()?.string()?;
                edition = (name != "none").then(|| Edition::from_str(&name)).transpose()?;
            }
            Long("search-lag") => {
                builder = builder.search_lag(Duration::from_secs(arguments.value()?.parse()?));
            }
            Long("count-lag") => {
                builder = builder.count_lag(Duration::from_secs(arguments.value()?.parse()?));
            }
            Long("visibility-lag") => {
                builder = builder.visibility_lag(Duration::from_secs(arguments.value()?.parse()?));
            }
            Long("clock-skew") => {
                builder = builder.clock_skew(Duration::from_secs(arguments.value()?.parse()?));
            }
            Long("change-option") => {
                let text = arguments.value()?.string()?;
                let (name, value) = text.split_once('=').unwrap_or((&text, ""));
                changes = changes.set(name, value)?;
            }
            Long("snapshot") => snapshot = Some(PathBuf::from(arguments.value()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    builder = builder.bulk_read(bulk_read).bulk_write(bulk_write).changes(changes);
    builder = match (id, secret) {
        (Some(id), Some(secret)) => {
            builder.client(id, secret, redirect.unwrap_or_else(|| String::from(REDIRECT)))
        }
        (None, None) if redirect.is_none() => builder,
        _ => return Err("--client-id and --client-secret must be given together".into()),
    };
    if let Some(edition) = edition {
        builder = builder.edition(edition);
    }
    if plain_http {
        builder = builder.plain_http();
    }
    if snapshot.is_some() && !others.is_empty() {
        return Err(
            "--snapshot cannot be used with --other-data-center: a snapshot holds one data centre"
                .into(),
        );
    }
    let described = |mut builder: Builder, step: u64| -> Result<Builder, BoxError> {
        if let Some(seed) = seed {
            builder = builder.seed(seed.wrapping_add(step));
        }
        for file in &seed_files {
            builder = builder.seed_file(file)?;
        }
        Ok(builder)
    };
    let mut elsewhere = Vec::new();
    for (other, step) in others.iter().zip(1..) {
        let (name, email) = match other.split_once('=') {
            Some((name, email)) => (name, email.to_owned()),
            None => (other.as_str(), format!("patricia@{other}.example.com")),
        };
        let builder = builder.clone().data_center(name).user(email);
        elsewhere
            .push(OtherDataCenter { name: name.to_owned(), builder: described(builder, step)? });
    }
    builder = described(home.settle(builder), 0)?;
    // If the folder cannot be read, that is an error; it does not mean that there is no snapshot.
    let kept = match &snapshot {
        Some(file) => file.try_exists()?.then_some(file),
        None => None,
    };
    builder = match kept {
        Some(file) => builder.restore_file(file)?,
        // A snapshot contains its records.
        None => records.iter().fold(builder, |all, (module, count)| all.records(module, *count)),
    };
    Ok(Command::Run(Box::new(Options {
        builder,
        plain_http,
        ca_file,
        info_file,
        snapshot,
        others: elsewhere,
    })))
}

/// The options of the first data centre only.
#[derive(Default)]
struct Home {
    ports: [u16; 5],
    users: Vec<String>,
    data_center: Option<String>,
}

impl Home {
    fn settle(self, builder: Builder) -> Builder {
        let [accounts, api, sandbox, control, content] = self.ports;
        let builder = builder.accounts_port(accounts).api_port(api);
        let builder = builder.sandbox_port(sandbox).control_port(control).content_port(content);
        let builder = self.users.into_iter().fold(builder, Builder::user);
        match self.data_center {
            Some(name) => builder.data_center(name),
            None => builder,
        }
    }
}

/// Reads the module and the number of `MODULE=N`.
fn of_module(text: &str, option: &str) -> Result<(String, u64), BoxError> {
    let pair = text.split_once('=');
    let (module, count) =
        pair.ok_or_else(|| format!("invalid value for {option}: expected MODULE=N"))?;
    Ok((module.to_owned(), count.parse()?))
}

fn result_url(form: &str) -> Result<ResultUrl, BoxError> {
    Ok(match form {
        "organisation" => ResultUrl::Organisation,
        "path" => ResultUrl::Path,
        "job" => ResultUrl::Job,
        _ => {
            return Err(format!(
                "invalid value for --bulk-result-url: `{form}`: expected organisation, path or job"
            )
            .into());
        }
    })
}

/// Returns five consecutive ports.
fn ports(first: u16) -> Result<[u16; 5], BoxError> {
    let after = |step: u16| {
        first.checked_add(step).ok_or("--port is too high: the next four ports are used too")
    };
    Ok([first, after(1)?, after(2)?, after(3)?, after(4)?])
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run_command().await else { return ExitCode::SUCCESS };
    eprint!("zcrm-sim: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprint!(": {cause}");
        source = cause.source();
    }
    eprintln!();
    ExitCode::FAILURE
}

async fn run_command() -> Result<(), BoxError> {
    match command()? {
        Command::Help => print!("{HELP}"),
        Command::Operations => {
            for (method, path) in zcrm_sim::operations() {
                println!("{method:7}{path}");
            }
        }
        Command::Run(options) => run(*options).await?,
    }
    Ok(())
}

async fn run(options: Options) -> Result<(), BoxError> {
    let mut builder = options.builder;
    let mut others: Vec<(String, Simulator)> = Vec::new();
    for OtherDataCenter { name, builder: mut there } in options.others {
        if let Some((_, first)) = others.first() {
            // All data centres know the same application.
            there = there.client(first.client_id(), first.client_secret(), first.redirect_uri());
        }
        let other = there.start().await?;
        builder = builder.other_data_center(&other);
        others.push((name, other));
    }
    let sim = builder.start().await?;
    let mut lines = addresses(&sim);
    if !options.plain_http {
        // One file for all data centres, so that a client that trusts it can connect to each.
        let abroad = others.iter().map(|(_, other)| other.ca_pem());
        let authorities: String = std::iter::once(sim.ca_pem()).chain(abroad).collect();
        replace(&options.ca_file, authorities.as_bytes())?;
        lines.push(("authority", options.ca_file.display().to_string()));
    }
    lines.extend([
        ("client id", sim.client_id()),
        ("client secret", sim.client_secret()),
        ("redirect uri", sim.redirect_uri()),
        ("user", sim.user_email()),
        ("organisation", sim.org_id()),
        ("grant token", sim.grant_token()),
    ]);
    print(&lines);
    let mut info = object(&lines);
    let mut abroad = Map::new();
    for (name, other) in &others {
        let mut lines = addresses(other);
        lines.extend([("user", other.user_email()), ("organisation", other.org_id())]);
        println!("data centre {name}:");
        print(&lines);
        abroad.insert(name.clone(), object(&lines).into());
    }
    if !abroad.is_empty() {
        info.insert(String::from("other_data_centers"), abroad.into());
    }
    println!(
        "The grant token can be exchanged once, within ten minutes. The control API makes more tokens."
    );
    if let Some(file) = &options.info_file {
        // The file is private because it contains the client secret.
        replace(file, Json::Object(info).to_string().as_bytes())?;
    }
    // Signals are handled before the line is printed, so that a reader of the line can send one
    // immediately.
    let end = stop_signal()?;
    println!("interrupt to stop");
    end.await?;
    sim.stop().await;
    for (_, other) in &others {
        other.stop().await;
    }
    if let Some(file) = &options.snapshot {
        sim.save_snapshot(file)?;
    }
    Ok(())
}

/// The lines printed about a simulator, as names and values.
type Lines = Vec<(&'static str, String)>;

fn addresses(sim: &Simulator) -> Lines {
    vec![
        ("accounts", sim.accounts_url()),
        ("api", sim.api_url()),
        ("sandbox", sim.sandbox_url()),
        ("content", sim.content_url()),
        ("control", sim.control_url()),
    ]
}

fn print(lines: &Lines) {
    for (name, value) in lines {
        println!("{name:15}{value}");
    }
}

/// Converts the lines to the object in the info file.
fn object(lines: &Lines) -> Map<String, Json> {
    lines.iter().map(|(name, value)| (name.replace(' ', "_"), value.as_str().into())).collect()
}

/// Handles signals from now on. The future completes when the program is asked to stop.
fn stop_signal() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => Ok(()),
                _ = terminate.recv() => Ok(()),
            }
        })
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c())
}
