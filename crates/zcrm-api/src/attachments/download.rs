//! Downloads of files.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use zcrm_core::{Error, Reply, ResponseShape};
use zcrm_http::{Download, Progress, missing_file};

use super::file_name;
use crate::{
    Call, SaveFile, SavedFile,
    request::{Kind, Request, SingleCall, sealed::Sealed},
};

/// A file that is being downloaded: its name, and its content as a stream with constant memory.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let attachments = api.record("Leads", "3652397000000649013").attachments();
/// let mut file = attachments.download("3652397000000654321").await?;
/// println!("{}", file.safe_name());
/// while let Some(piece) = file.next().await {
///     println!("{} bytes", piece?.len());
/// }
/// # Ok(())
/// # }
/// ```
pub struct FileDownload {
    name: Option<String>,
    content: Download,
}

impl FileDownload {
    fn new(content: Download) -> Self {
        let disposition = content.headers().get(CONTENT_DISPOSITION);
        let name = disposition.and_then(|value| file_name::from_disposition(value.as_bytes()));
        Self { name, content }
    }

    /// Returns the decoded name of the file from the server's response (RFC 6266 and 5987).
    ///
    /// A user chose this name, so it may contain path separators. Use
    /// [`safe_name`](Self::safe_name) to make a path.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the name in a form that is a safe path component on every operating system.
    ///
    /// It has at most 200 bytes, no separators and no control characters, is not `.` or `..`, and
    /// is not the name of a device. If the server sends no name, it is `file`.
    #[must_use]
    pub fn safe_name(&self) -> String {
        file_name::safe(self.name.as_deref().unwrap_or_default())
    }

    /// Returns the media type of the file from the server's response, such as `application/pdf`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content.headers().get(CONTENT_TYPE)?.to_str().ok()
    }

    /// Returns the length in bytes, if the server sent it and did not compress the response.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.content.length()
    }

    /// Returns the next chunk of the content, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        self.content.next().await
    }

    /// Saves the file in a folder under its [`safe_name`](Self::safe_name) and returns the path.
    ///
    /// Fails if a file with this name already exists. The file appears under its name only when it
    /// is complete, and only its owner can read it. A download that fails leaves no file.
    /// [`SaveFile`] with [`into_content`](Self::into_content) has more options.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let attachments = api.record("Leads", "3652397000000649013").attachments();
    /// let path = attachments.download("3652397000000654321").await?.save_in("offers").await?;
    /// println!("{}", path.display());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the file exists or the
    /// folder is not writable, of kind [`Other`](zcrm_core::ErrorKind::Other) if writing to the
    /// disk fails, or the error of the download.
    pub async fn save_in(self, folder: impl Into<PathBuf>) -> Result<PathBuf, Error> {
        let to = SaveFile::to(folder.into().join(self.safe_name())).keep_existing();
        Ok(to.take(self.content).await?.path)
    }

    /// Saves the file like [`save_in`](Self::save_in), but replaces an existing file once the
    /// download is complete.
    ///
    /// # Errors
    /// Returns the same errors as [`save_in`](Self::save_in), except for an existing file.
    pub async fn save_over(self, folder: impl Into<PathBuf>) -> Result<PathBuf, Error> {
        let to = SaveFile::to(folder.into().join(self.safe_name()));
        Ok(to.take(self.content).await?.path)
    }

    /// Returns the underlying stream, which implements `Body` and `Stream`.
    #[must_use]
    pub fn into_content(self) -> Download {
        self.content
    }
}

/// Does not show the name, which may be personal data.
impl fmt::Debug for FileDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileDownload").field("length", &self.length()).finish_non_exhaustive()
    }
}

/// A [`Request`] kind that downloads a file. It returns a [`FileDownload`].
///
/// If there is no file, the error is of kind [`NotFound`](zcrm_core::ErrorKind::NotFound). Dropping
/// the [`FileDownload`] cancels the download.
#[derive(Clone, Debug)]
pub struct DownloadFile(());

impl DownloadFile {
    pub(crate) fn request(call: Call) -> Request<Self> {
        Request::new(call, Self(()))
    }
}

impl Sealed for DownloadFile {}

impl Kind for DownloadFile {
    type Output = FileDownload;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<FileDownload, Error> {
        fetch(call).await.map(FileDownload::new)
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.preview()
    }
}

async fn fetch(mut call: Call) -> Result<Download, Error> {
    let listener = call.take_listener();
    let file = call.open().await?.file()?;
    Ok(match listener {
        Some(listener) => file.on_progress(move |progress| listener(progress)),
        None => file,
    })
}

impl Request<DownloadFile> {
    /// Reports how many bytes of the file have arrived.
    pub fn on_progress(self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.map(|call| call.on_progress(listener))
    }

    /// Saves the file under a path: complete or not at all.
    ///
    /// An interrupted download is resumed if the server supports that. Pass a [`SaveFile`] instead
    /// of a path to set limits.
    pub fn save_to(self, to: impl Into<SaveFile>) -> Request<SaveDownload> {
        let to = Arc::new(Mutex::new(Some(to.into())));
        Request::new(self.call, SaveDownload { to })
    }

    /// Reads the file into memory, up to the size that [`Limits::answer_bytes`](zcrm_http::Limits)
    /// allows.
    pub fn bytes(self) -> Request<DownloadBytes> {
        Request::new(self.call, DownloadBytes { part: false })
    }
}

/// A [`Request`] kind that saves a file: [`save_to`](Request::save_to).
///
/// If the future is dropped, the path is left as it was. If it is dropped while the complete file
/// is renamed, the file may be there.
#[derive(Clone, Debug)]
pub struct SaveDownload {
    // the file is saved once, so clones of the request share it
    to: Arc<Mutex<Option<SaveFile>>>,
}

impl Sealed for SaveDownload {}

impl Kind for SaveDownload {
    type Output = SavedFile;
    type Preview = http::Request<Bytes>;

    async fn execute(self, mut call: Call) -> Result<SavedFile, Error> {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut to = to.ok_or_else(|| {
            Error::input("the file cannot be saved again: a clone of this request has saved it")
        })?;
        if let Some(listener) = call.take_listener() {
            to = to.on_progress(move |progress| listener(progress));
        }
        to.fetch(|headers| {
            let call = headers.iter().fold(call.clone(), |call, (name, value)| {
                call.header(name.as_str(), value.to_str().unwrap_or_default())
            });
            fetch(call)
        })
        .await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.preview()
    }
}

/// A [`Request`] kind that reads a file into memory: [`bytes`](Request::bytes).
#[derive(Clone, Debug)]
pub struct DownloadBytes {
    /// Whether the request asks for a part of the file.
    part: bool,
}

impl Sealed for DownloadBytes {}

impl SingleCall for DownloadBytes {
    type Answer = Bytes;

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        self.part = call.request().has_header("range");
        Ok(call)
    }

    fn read(self, reply: &Reply) -> Result<Bytes, Error> {
        match missing_file(reply, self.part) {
            Some(error) => Err(error),
            None => Ok(reply.body().clone()),
        }
    }
}

impl Call {
    /// Downloads the file in the response as a stream, with constant memory.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::operations::ATTACHMENTS_DOWNLOAD;
    ///
    /// let call = api.call(&ATTACHMENTS_DOWNLOAD).path("module", "Leads");
    /// let call = call.path_id("record_id", "1").path_id("id", "2");
    /// let mut file = call.clone().download().await?;
    /// while let Some(chunk) = file.next().await {
    ///     println!("{} bytes", chunk?.len());
    /// }
    /// let saved = call.download().save_to("offer.pdf").await?;
    /// println!("{} bytes", saved.bytes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(self) -> Request<DownloadFile> {
        DownloadFile::request(match self.response() {
            ResponseShape::Binary => self,
            _ => self.refuse_shape("a file"),
        })
    }
}
