//! Logs in a file and on the console (feature `logging`).
//!
//! zcrm tells what it does through [`tracing`](https://docs.rs/tracing), and installs no subscriber by
//! itself: where logs go is the application's business. This module turns two settings of the Ruby
//! SDK into what that business needs:
//!
//! * `application_log_file_path`: a file that lines are added to. It is made where it is missing, and
//!   only its owner may read it (mode 0600).
//! * `log_in_console`: `true` for lines on standard error. (The Ruby SDK writes them to standard
//!   output, where they mix with what the program says.)
//!
//! [`install`] does all in one call. An application with a subscriber of its own adds [`layer`] to
//! that.
//!
//! Every event and span has one of these targets, so that a filter needs no name of a crate:
//!
//! | target | events of |
//! | --- | --- |
//! | `zcrm::http` | calls and their attempts (spans `zoho_call`, `zoho_attempt`), retries, TLS |
//! | `zcrm::oauth` | tokens: refreshes, refusals, saves |
//! | `zcrm::store` | the token stores |
//! | `zcrm::api` | files that are saved |
//! | `zcrm::config` | settings |
//!
//! Lines hold no secret at any level, and no values of records. Each event is one line: control
//! characters in it are escaped.

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

/// Installs a subscriber for the whole process that logs as the settings say, through [`filter`].
/// Where neither of them asks for logs, it installs nothing. To be called once, where the program
/// begins.
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
/// As [`layer`], and where the process has a subscriber already.
pub fn install(config: &Config) -> Result<(), Error> {
    let (file, console) = outlets(config)?;
    if file.is_none() && !console {
        return Ok(());
    }
    let lines = lines(file, console).with_filter(filter());
    tracing_subscriber::registry().with(lines).try_init().map_err(|error| {
        Error::config(
            "the process has a `tracing` subscriber already: add `zcrm::logging::layer(&config)` \
             to that one",
        )
        .with_source(error)
    })
}

/// The layer that logs as the settings say, for a subscriber of the application's own; it does
/// nothing where neither of them asks for logs. It takes all that it is given: [`filter`] keeps it to
/// what is worth a line.
///
/// ```
/// use tracing_subscriber::{Layer, layer::SubscriberExt};
/// use zcrm::{Config, logging};
///
/// # fn main() -> zcrm::Result<()> {
/// let config = Config::from_toml("log_in_console = true")?;
/// let subscriber = tracing_subscriber::registry()
///     .with(logging::layer(&config)?.with_filter(logging::filter()));
/// // … with other layers of the application's own
/// # let _ = subscriber;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Of kind [`Config`](crate::ErrorKind::Config), naming the setting, where its value is wrong or the
/// file cannot be opened.
pub fn layer<S>(config: &Config) -> Result<impl Layer<S> + Send + Sync + use<S>, Error>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let (file, console) = outlets(config)?;
    Ok(lines(file, console))
}

/// What [`install`] lets through: zcrm's own lines from `INFO` on, everybody else's from `WARN` on.
#[must_use]
pub fn filter() -> Targets {
    Targets::new().with_default(LevelFilter::WARN).with_target("zcrm", LevelFilter::INFO)
}

/// Where the settings want lines: in the file, on the console.
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

/// Opens a file at its end, for its owner only. A pipe or a terminal serves too; a pipe that has no
/// reader is an error, for a program must not wait for one where it begins.
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
        // lines are waited for where the reader is slow, and not lost
        let flags = rustix::fs::fcntl_getfl(&file)?;
        rustix::fs::fcntl_setfl(&file, flags - rustix::fs::OFlags::NONBLOCK)?;
        // it may have been there before, for everybody to read; another user's file, and one that has
        // another name too, stay as they are
        let found = file.metadata()?;
        let own = found.uid() == rustix::process::geteuid().as_raw() && found.nlink() == 1;
        if found.is_file() && own && found.mode() & 0o177 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

/// One layer for both, and for neither: two that may be missing would have to be `Option`s, and a
/// `None` among layers can silence the others.
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

/// Writes each event on one line: whatever text from outside is in it, it can neither forge another
/// line nor command a terminal.
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
