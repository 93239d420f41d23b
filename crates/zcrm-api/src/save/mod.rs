//! Saving of downloads to files.

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

#[cfg(all(feature = "bulk", unix))]
pub(crate) use destination::folder as folder_of;
#[cfg(feature = "bulk")]
pub(crate) use own_file::{create_own, open_own, replace};
use part_file::PartFile;
#[cfg(feature = "bulk")]
pub(crate) use part_file::remove_abandoned;
use validator::{ContentRange, Validator, odd_header};

/// Saves a download to a file: complete or not at all.
///
/// The bytes are written to a part file next to the destination, which is renamed when it is
/// complete and synchronised to disk. Only its owner can read the file, because it may hold
/// personal data. By default it replaces an existing file; see
/// [`keep_existing`](Self::keep_existing).
///
/// Only a response that [is a file](zcrm_http::open) is saved. Any other response is an error and
/// changes nothing on disk.
///
/// An interrupted download is resumed if the server identifies the version of the file, by a strong
/// `ETag` or `Last-Modified`, and sends the rest of the same version. If the file changed in the
/// meantime, the download starts again.
///
/// Pass a `SaveFile` to [`save_to`](crate::Request::save_to), or call [`fetch`](Self::fetch) to
/// save from any source.
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
    names_part: bool,
    attempts: u32,
    source: Option<String>,
    listener: Option<Listener>,
    clock: Arc<dyn Clock>,
}

/// The callback for the progress of a download.
type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// A file that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedFile {
    /// The path of the file.
    pub path: PathBuf,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The number of times that the download was resumed.
    pub resumed: u32,
}

/// The longest wait before a download is resumed.
const LONGEST: Duration = Duration::from_secs(30);

impl SaveFile {
    /// Saves to this path. Its folder must exist.
    pub fn to(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            limit: None,
            replaces: true,
            names_part: false,
            attempts: 5,
            source: None,
            listener: None,
            clock: Arc::new(TokioClock::new()),
        }
    }

    /// Sets the maximum size of the file in bytes. By default the size is not limited.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Fails if the destination already exists instead of replacing it.
    pub fn keep_existing(mut self) -> Self {
        self.replaces = false;
        self
    }

    /// Sets how many attempts in a row may fail without a new byte. The default is 5; with 1 a
    /// download is never resumed.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Keeps the received bytes if the download fails, so that a later call can resume it.
    ///
    /// They are kept in two files next to the destination (`.NAME.zcrm-part` and
    /// `.NAME.zcrm-part.json`). A later call with the same `source`, even in another process,
    /// resumes the download. `source` identifies the downloaded file, for example by its ids.
    ///
    /// Only one download at a time may keep its parts for a destination; another one is refused.
    /// Part files that belong to another user or that others can open are neither read nor written.
    /// If others can write to the folder, another user can prevent the parts from being kept.
    pub fn resume_later(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Names the part file after the destination, so that [`remove_abandoned`] finds it after a crash.
    #[cfg(feature = "bulk")]
    pub(crate) fn named_part(mut self) -> Self {
        self.names_part = true;
        self
    }

    /// Reports to `listener` how many bytes of the file have been written.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Uses this clock for the waits between attempts.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Downloads the file with `open` and saves it. `open` sends the request with the headers that
    /// it receives.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](ErrorKind::Input) before anything is sent if the path is
    /// not writable, or if the file exists and is [kept](Self::keep_existing). Returns an error of
    /// kind [`Decode`](ErrorKind::Decode) above the size limit, of kind [`Other`](ErrorKind::Other)
    /// if writing to the disk fails, and the errors of `open` and of the stream.
    pub async fn fetch<F, R>(self, open: F) -> Result<SavedFile, Error>
    where
        F: Fn(HeaderMap) -> R,
        R: Future<Output = Result<Download, Error>>,
    {
        let mut part = self.part().await?;
        let resumed = self.download(&mut part, &open).await?;
        self.finish(part, resumed).await
    }

    /// Downloads into an open file, and returns it at its beginning.
    #[cfg(feature = "bulk")]
    pub(crate) async fn fetch_into<F, R>(
        file: std::fs::File,
        clock: Arc<dyn Clock>,
        open: F,
    ) -> Result<std::fs::File, Error>
    where
        F: Fn(HeaderMap) -> R,
        R: Future<Output = Result<Download, Error>>,
    {
        let mut part = PartFile::of_file(file);
        Self::to(PathBuf::new()).clock(clock).download(&mut part, &open).await?;
        part.into_file().await
    }

    /// Downloads the complete file, and returns how often it was resumed.
    async fn download<F, R>(&self, part: &mut PartFile, open: &F) -> Result<u32, Error>
    where
        F: Fn(HeaderMap) -> R,
        R: Future<Output = Result<Download, Error>>,
    {
        let (mut resumed, mut idle) = (0, 0);
        loop {
            let before = part.length();
            resumed += u32::from(before > 0);
            let Err(error) = self.receive(part, open).await else { return Ok(resumed) };
            let kept = part.checkpoint().await;
            idle = if part.length() > before { 1 } else { idle + 1 };
            if kept.is_err() || !part.can_go_on() || !is_break(&error) || idle >= self.attempts {
                return Err(error);
            }
            tracing::debug!(target: "zcrm::api", bytes = part.length(), "resuming an interrupted download");
            let wait = Duration::from_millis(500).saturating_mul(1 << (idle - 1).min(16));
            self.clock.sleep(wait.min(LONGEST)).await;
        }
    }

    /// Saves a download that has already begun. It is not resumed if it is interrupted; use
    /// [`fetch`](Self::fetch) for that.
    ///
    /// # Errors
    /// Returns the errors of [`fetch`](Self::fetch) and of the stream.
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

    /// Saves a content that is not a download. An error among its pieces saves nothing.
    #[cfg(feature = "bulk")]
    pub(crate) async fn store(
        self,
        mut pieces: impl futures_core::Stream<Item = Result<bytes::Bytes, Error>> + Unpin + Send,
    ) -> Result<SavedFile, Error> {
        let mut part = self.part().await?;
        part.restart(None, None).await?;
        while let Some(piece) = futures_util::StreamExt::next(&mut pieces).await {
            part.write(&piece?).await?;
            self.check(part.length())?;
            if let Some(listener) = &self.listener {
                listener(Progress::new(part.length(), None));
            }
        }
        self.finish(part, 0).await
    }

    async fn part(&self) -> Result<PartFile, Error> {
        if !self.replaces && tokio::fs::symlink_metadata(&self.path).await.is_ok() {
            return Err(destination::is_taken(&self.path));
        }
        let part = PartFile::find(&self.path, self.source.as_deref()).await?;
        Ok(part.named(self.names_part))
    }

    async fn finish(self, part: PartFile, resumed: u32) -> Result<SavedFile, Error> {
        let bytes = part.length();
        part.finish(self.replaces).await?;
        Ok(SavedFile { path: self.path, bytes, resumed })
    }

    /// Makes one request and writes its content.
    async fn receive<F, R>(&self, part: &mut PartFile, open: &F) -> Result<(), Error>
    where
        F: Fn(HeaderMap) -> R,
        R: Future<Output = Result<Download, Error>>,
    {
        let download = match self.begin(part, open).await? {
            Some(download) => download,
            // the kept part cannot be continued
            None => {
                part.forget();
                self.begin(part, open).await?.ok_or_else(not_whole)?
            }
        };
        self.pour(part, download).await
    }

    /// Writes the content of a response to the part file.
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

    /// Opens a response that continues the part or starts again. Returns `None` if it does neither.
    async fn begin<F, R>(&self, part: &mut PartFile, open: &F) -> Result<Option<Download>, Error>
    where
        F: Fn(HeaderMap) -> R,
        R: Future<Output = Result<Download, Error>>,
    {
        let mut headers = HeaderMap::new();
        // ranges count bytes of the uncompressed file, so compression is turned off
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

/// Returns the error for a part that was not requested or does not continue the received bytes.
fn not_whole() -> Error {
    let message = "the server sent an unexpected part of the file: nothing was saved";
    Error::new(ErrorKind::Decode, Outcome::Local, message)
}

/// Returns `true` if the connection failed, so that the download can be resumed.
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
