//! Logs in a file and on the console (feature `logging`).
//!
//! zcrm reports events through [`tracing`](https://docs.rs/tracing) and does not install a
//! subscriber by itself: the application decides where logs go. This module implements two settings
//! of the Ruby SDK:
//!
//! * `application_log_file_path`: a file that log lines are appended to. It is created if it is
//!   missing, and only its owner may read it (mode 0600).
//! * `log_in_console`: `true` to write log lines to standard error. (The Ruby SDK writes them to
//!   standard output, where they mix with the output of the program.)
//!
//! [`install`] sets up both in one call. An application with a subscriber adds [`layer`] to it
//! instead.
//!
//! Every event and span has one of these targets, so a filter does not need the names of the
//! crates:
//!
//! | target | events about |
//! | --- | --- |
//! | `zcrm::http` | calls and their attempts (spans `zoho_call`, `zoho_attempt`), retries, TLS |
//! | `zcrm::oauth` | tokens: refreshes, refusals, saves |
//! | `zcrm::store` | the token stores |
//! | `zcrm::api` | saved files |
//! | `zcrm::config` | settings |
//!
//! Log lines contain no secrets at any level, and no values of records. Each event is one line:
//! control characters in it are escaped.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    fmt::{
        self, FmtContext, FormatEvent, FormatFields,
        format::Writer,
        writer::{BoxMakeWriter, MakeWriterExt},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};
use zcrm_core::{Error, escaped};

use crate::Config;

/// Installs a subscriber for the process that logs as the settings say, with [`filter`]. If the
/// settings ask for no logs, this installs nothing. Call it once, at the start of the program.
///
/// ```no_run
/// use zcrm::{Client, Config, logging};
///
/// # async fn example() -> zcrm::Result<()> {
/// let config = Config::from_file("zcrm.toml")?; // log_in_console = true
/// logging::install(&config)?;
/// let client = Client::builder().config(config).build()?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`layer`], and if the process already has a subscriber.
pub fn install(config: &Config) -> Result<(), Error> {
    let (file, console) = outlets(config)?;
    if file.is_none() && !console {
        return Ok(());
    }
    let lines = lines(file, console).with_filter(filter());
    tracing_subscriber::registry().with(lines).try_init().map_err(|error| {
        Error::config(
            "the process already has a `tracing` subscriber: add `zcrm::logging::layer(&config)` \
             to it instead of calling `install`",
        )
        .with_source(error)
    })
}

/// Returns a layer that logs as the settings say, for a subscriber of the application. If the
/// settings ask for no logs, the layer does nothing. It logs every event that it receives; use
/// [`filter`] to leave out the verbose ones.
///
/// ```
/// use tracing_subscriber::{Layer, layer::SubscriberExt};
/// use zcrm::{Config, logging};
///
/// # fn main() -> zcrm::Result<()> {
/// let config = Config::from_toml("log_in_console = true")?;
/// let subscriber = tracing_subscriber::registry()
///     .with(logging::layer(&config)?.with_filter(logging::filter()));
/// // … with other layers of the application
/// # let _ = subscriber;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Returns an error of kind [`Config`](crate::ErrorKind::Config) that names the setting if its
/// value is invalid or the file cannot be opened.
pub fn layer<S>(config: &Config) -> Result<impl Layer<S> + Send + Sync + use<S>, Error>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let (file, console) = outlets(config)?;
    Ok(lines(file, console))
}

/// Returns the filter that [`install`] uses: events of zcrm from `INFO`, of all other crates from
/// `WARN`.
#[must_use]
pub fn filter() -> Targets {
    Targets::new().with_default(LevelFilter::WARN).with_target("zcrm", LevelFilter::INFO)
}

/// Returns the log file, if one is set, and whether to log on the console.
fn outlets(config: &Config) -> Result<(Option<File>, bool), Error> {
    let console = config.log_in_console()?;
    let file = config.log_file()?.map(|path| {
        open(&path).map_err(|error| {
            let shown = escaped(&path.to_string_lossy()).to_string();
            let why = format!("`{shown}` cannot be opened: {error}");
            config.wrong("application_log_file_path", &why)
        })
    });
    Ok((file.transpose()?, console))
}

/// Opens a file for appending, readable by its owner only. A pipe or a terminal is accepted too. A
/// pipe that has no reader is an error, so that the program does not block at its start.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        // writes wait for a slow reader, so that no line is lost
        let flags = rustix::fs::fcntl_getfl(&file)?;
        rustix::fs::fcntl_setfl(&file, flags - rustix::fs::OFlags::NONBLOCK)?;
        // restrict a file that existed before and was readable by others; leave another user's
        // file, and one with a second hard link, unchanged
        let found = file.metadata()?;
        let own = found.uid() == rustix::process::geteuid().as_raw() && found.nlink() == 1;
        if found.is_file() && own && found.mode() & 0o177 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

/// Returns one layer for file and console. Two optional layers would be `Option`s, and a `None`
/// among layers can disable the others.
fn lines<S>(file: Option<File>, console: bool) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let (writer, level) = match (file, console) {
        (Some(file), true) => (BoxMakeWriter::new(file.and(io::stderr)), LevelFilter::TRACE),
        (Some(file), false) => (BoxMakeWriter::new(file), LevelFilter::TRACE),
        (None, true) => (BoxMakeWriter::new(io::stderr), LevelFilter::TRACE),
        (None, false) => (BoxMakeWriter::new(io::sink), LevelFilter::OFF),
    };
    fmt::layer()
        .with_ansi(false)
        .with_writer(writer)
        .event_format(OneLine(fmt::format()))
        .with_filter(level)
}

/// Writes each event on one line with its control characters escaped. Text from outside cannot
/// forge another line or control the terminal.
struct OneLine(fmt::format::Format);

impl<S, N> FormatEvent<S, N> for OneLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let line = line.strip_suffix('\n').unwrap_or(&line);
        writeln!(writer, "{}", escaped(line).in_full())
    }
}
