//! Saves downloads to files: whole or not at all.

mod destination;
mod own_file;
mod part_file;
mod validator;

use std::{fmt, future::Future, path::PathBuf, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, IF_RANGE, RANGE},
};
use zcrm_core::{Clock, Error, ErrorKind, Outcome};
use zcrm_http::{Download, Progress, TokioClock};

use part_file::PartFile;
use validator::{ContentRange, Validator};

/// Saves a download to a file: whole or not at all.
///
/// The bytes go to a part file beside the destination, which is renamed when it is complete and on the disk. By
/// default it replaces a file of that name; see [`keep_existing`](Self::keep_existing). Only its owner can read
/// it, since it holds people's data.
///
/// Only an answer that [is a file](zcrm_http::open) is written; any other is an error, and changes nothing
/// on the disk.
///
/// A download that breaks off is taken up where it broke, if the server says by which version of
/// the file it did (a strong `ETag`, or a `Last-Modified` that counts as one) and sends the rest of
/// that version only. What the server answers is held against that: a file that changed meanwhile
/// begins anew.
///
/// [`save_to`](crate::Request::save_to) takes one; [`fetch`](Self::fetch) saves from any source of downloads.
///
/// ```no_run
/// # async fn example(
/// #     transport: zcrm_http::Transport,
/// #     request: impl Fn() -> http::Request<zcrm_http::ReqBody>,
/// # ) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::SaveFile;
/// use zcrm_http::open;
///
/// let saved = SaveFile::to("offer.pdf")
///     .limit(100 * 1024 * 1024)
///     .on_progress(|progress| println!("{} of {:?}", progress.bytes, progress.total))
///     .fetch(|headers| {
///         let mut request = request();
///         request.headers_mut().extend(headers);
///         async { open(&transport, request).await?.file() }
///     })
///     .await?;
/// println!("{} bytes", saved.bytes);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is saved until it is fetched"]
#[doc(alias = "download")]
pub struct SaveFile {
    path: PathBuf,
    limit: Option<u64>,
    replaces: bool,
    attempts: u32,
    source: Option<String>,
    listener: Option<Listener>,
    clock: Arc<dyn Clock>,
}

/// Hears how far a download is.
type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// A file that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedFile {
    /// Where it is.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
    /// How often it was taken up where it had broken off.
    pub resumed: u32,
}

/// The longest wait before a download is taken up again.
const LONGEST: Duration = Duration::from_secs(30);

impl SaveFile {
    /// Saves under this path, whose folder exists.
    pub fn to(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            limit: None,
            replaces: true,
            attempts: 5,
            source: None,
            listener: None,
            clock: Arc::new(TokioClock::new()),
        }
    }

    /// Limits the size of the file in bytes. There is no limit by default.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Fails if the destination already exists instead of replacing it.
    pub fn keep_existing(mut self) -> Self {
        self.replaces = false;
        self
    }

    /// Limits how many attempts in a row may break off without a new byte. The default is 5; with 1 a download
    /// is never resumed.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Keeps what was received when it fails, in two files beside the path (`.NAME.zcrm-part` and
    /// `.NAME.zcrm-part.json`), so that a later call with the same `source`, in this process or the
    /// next, takes it up. `source` says what is downloaded, for instance by its ids.
    ///
    /// One download at a time keeps its parts beside a path; another one is refused. Parts that another
    /// user made, or that others can open, are not taken up and get none of the data. In a folder that
    /// others can write in, another user can still keep the parts from being kept.
    pub fn resume_later(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Tells `listener` how many bytes of the file are there.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Takes the time of its waits from this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Downloads by `open`, which sends the request with the headers that it is given, and saves.
    ///
    /// # Errors
    /// Whatever `open` and the stream fail with; of kind [`Input`](ErrorKind::Input) where the path
    /// cannot be written, or is taken and [kept](Self::keep_existing), before anything is sent; of kind [`Decode`](ErrorKind::Decode) above the
    /// limit; of kind [`Other`](ErrorKind::Other) where the disk fails.
    pub async fn fetch<F, R>(self, open: F) -> Result<SavedFile, Error>
    where
        F: Fn(HeaderMap) -> R,
        R: Future<Output = Result<Download, Error>>,
    {
        let mut part = self.part().await?;
        let (mut resumed, mut idle) = (0, 0);
        loop {
            let before = part.length();
            resumed += u32::from(before > 0);
            let Err(error) = self.receive(&mut part, &open).await else { break };
            let kept = part.checkpoint().await;
            idle = if part.length() > before { 1 } else { idle + 1 };
            if kept.is_err() || !part.can_go_on() || !is_break(&error) || idle >= self.attempts {
                return Err(error);
            }
            tracing::debug!(target: "zcrm::api", bytes = part.length(), "a download broke off: taking it up");
            let wait = Duration::from_millis(500).saturating_mul(1 << (idle - 1).min(16));
            self.clock.sleep(wait.min(LONGEST)).await;
        }
        self.finish(part, resumed).await
    }

    /// Saves a download that has begun already. Where it breaks off it is not taken up again: for
    /// that there is [`fetch`](Self::fetch).
    ///
    /// # Errors
    /// Whatever the stream fails with, and as [`fetch`](Self::fetch).
    pub async fn take(self, download: Download) -> Result<SavedFile, Error> {
        if download.status() != StatusCode::OK {
            return Err(not_whole().with_status(download.status()));
        }
        let mut part = self.part().await?;
        self.check(download.length().unwrap_or_default())?;
        part.restart(Validator::of(&download), download.length()).await?;
        self.pour(&mut part, download).await?;
        self.finish(part, 0).await
    }

    async fn part(&self) -> Result<PartFile, Error> {
        if !self.replaces && tokio::fs::symlink_metadata(&self.path).await.is_ok() {
            return Err(destination::is_taken(&self.path));
        }
        PartFile::find(&self.path, self.source.as_deref()).await
    }

    async fn finish(self, part: PartFile, resumed: u32) -> Result<SavedFile, Error> {
        let bytes = part.length();
        part.finish(self.replaces).await?;
        Ok(SavedFile { path: self.path, bytes, resumed })
    }

    /// One request, and what it brings.
    async fn receive<F, R>(&self, part: &mut PartFile, open: &F) -> Result<(), Error>
    where
        F: Fn(HeaderMap) -> R,
        R: Future<Output = Result<Download, Error>>,
    {
        let download = match self.begin(part, open).await? {
            Some(download) => download,
            // what is there cannot be gone on with
            None => {
                part.forget();
                self.begin(part, open).await?.ok_or_else(not_whole)?
            }
        };
        self.pour(part, download).await
    }

    /// What an answer brings, to its end.
    async fn pour(&self, part: &mut PartFile, mut download: Download) -> Result<(), Error> {
        self.check(part.total().unwrap_or_default())?;
        while let Some(piece) = download.next().await {
            part.write(&piece?).await?;
            self.check(part.length())?;
            if let Some(listener) = &self.listener {
                listener(Progress::new(part.length(), part.total()));
            }
        }
        match part.total() {
            Some(total) if total != part.length() => {
                let message = format!("the file ended after {} of {total} bytes", part.length());
                Err(Error::new(ErrorKind::Transport, Outcome::Unknown, message))
            }
            _ => Ok(()),
        }
    }

    /// An answer that goes on where the part ends, or begins anew; `None` where it does neither.
    async fn begin<F, R>(&self, part: &mut PartFile, open: &F) -> Result<Option<Download>, Error>
    where
        F: Fn(HeaderMap) -> R,
        R: Future<Output = Result<Download, Error>>,
    {
        let mut headers = HeaderMap::new();
        // positions count in the file as it is sent, so it is asked for as it is
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if part.length() > 0
            && let Some(validator) = part.validator()
        {
            headers.insert(IF_RANGE, validator.header()?);
            let range = format!("bytes={}-", part.length());
            headers.insert(RANGE, HeaderValue::try_from(range).map_err(odd_header)?);
        }
        let download = match open(headers).await {
            Ok(download) => download,
            Err(error)
                if part.length() > 0
                    && error.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if download.status() == StatusCode::OK {
            self.check(download.length().unwrap_or_default())?;
            part.restart(Validator::of(&download), download.length()).await?;
            return Ok(Some(download));
        }
        let position = ContentRange::of(&download);
        let fits = !download.was_compressed()
            && part.length() > 0
            && position.is_some_and(|position| position.goes_on(part.length(), part.total()))
            && part.validator().is_some_and(|validator| validator.agrees(&download));
        if !fits {
            return Ok(None);
        }
        part.go_on().await?;
        Ok(Some(download))
    }

    fn check(&self, bytes: u64) -> Result<(), Error> {
        match self.limit {
            Some(limit) if bytes > limit => Err(Error::new(
                ErrorKind::Decode,
                Outcome::Unknown,
                format!("the file is larger than the limit of {limit} bytes"),
            )),
            _ => Ok(()),
        }
    }
}

/// A part came that was not asked for, or that does not follow what is there.
fn not_whole() -> Error {
    let message = "the server sent a part of the file in place of the whole: nothing was saved";
    Error::new(ErrorKind::Decode, Outcome::Local, message)
}

/// Whether it is the network's fault.
fn is_break(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Connect)
}

impl<P: Into<PathBuf>> From<P> for SaveFile {
    fn from(path: P) -> Self {
        Self::to(path)
    }
}

impl fmt::Debug for SaveFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveFile")
            .field("path", &self.path)
            .field("limit", &self.limit)
            .field("replaces", &self.replaces)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A value that no header holds: none that a server sent is one.
fn odd_header(error: http::header::InvalidHeaderValue) -> Error {
    Error::input("a position of the file cannot be asked for").with_source(error)
}
