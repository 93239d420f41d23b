//! A file that Zoho sends, and its name.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use zcrm_core::{Error, Reply};
use zcrm_http::{Download, Progress, missing_file};

use super::file_name;
use crate::{
    Call, SaveFile, SavedFile,
    request::{Kind, Request, SingleCall, sealed::Sealed},
};

/// A file that is on its way: its name at once, its content as a stream at constant memory.
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
        let name = disposition.and_then(|value| file_name::told(value.as_bytes()));
        Self { name, content }
    }

    /// The name that the server gives the file, decoded (RFC 6266 and 5987). Somebody chose it: it
    /// may hold separators and anything else, so a path wants [`safe_name`](Self::safe_name).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name as one component of a path that is safe on every system: no separators, no control
    /// characters, not dots alone, no name of a device, at most 200 bytes. `file` where the server
    /// gives none.
    #[must_use]
    pub fn safe_name(&self) -> String {
        file_name::safe(self.name.as_deref().unwrap_or_default())
    }

    /// The file's type, such as `application/pdf`, as the server tells it.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content.headers().get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The file's length in bytes, where the server told it and did not compress the answer.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.content.length()
    }

    /// The next piece of the content; `None` at its end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        self.content.next().await
    }

    /// Saves the file in a folder under its [`safe_name`](Self::safe_name), and tells where. What
    /// stands there under that name stays, and is an error. The file is under its name only when it
    /// is whole, and readable by its owner only; a download that breaks off leaves nothing behind.
    /// [`into_content`](Self::into_content) with [`SaveFile`] has more ways.
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
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where there is such a file, or the folder
    /// cannot be written in; of kind [`Other`](zcrm_core::ErrorKind::Other) where the disk fails;
    /// of the download.
    pub async fn save_in(self, folder: impl Into<PathBuf>) -> Result<PathBuf, Error> {
        let to = SaveFile::to(folder.into().join(self.safe_name())).keep_existing();
        Ok(to.take(self.content).await?.path)
    }

    /// As [`save_in`](Self::save_in), but takes the place of a file of that name, once the whole
    /// file is there.
    ///
    /// # Errors
    /// As [`save_in`](Self::save_in), other than for a file that is there.
    pub async fn save_over(self, folder: impl Into<PathBuf>) -> Result<PathBuf, Error> {
        let to = SaveFile::to(folder.into().join(self.safe_name()));
        Ok(to.take(self.content).await?.path)
    }

    /// The stream below, for whoever wants a body or a `Stream`.
    #[must_use]
    pub fn into_content(self) -> Download {
        self.content
    }
}

/// Shows no name, which may be people's data.
impl fmt::Debug for FileDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileDownload").field("length", &self.length()).finish_non_exhaustive()
    }
}

/// Fetches a file: the kind of a [`Request`] that gives a [`FileDownload`].
///
/// The answer is an error of kind [`NotFound`](zcrm_core::ErrorKind::NotFound) where there is no file.
/// Dropping the download ends it.
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
    /// Reports how many bytes of the file came so far.
    pub fn on_progress(self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.map(|call| call.on_progress(listener))
    }

    /// Saves the file under a path, whole or not at all. Where the download breaks off it is taken up
    /// again, if the server allows that: see [`SaveFile`], which may be given in place of the path and
    /// holds limits.
    pub fn save_to(self, to: impl Into<SaveFile>) -> Request<SaveDownload> {
        let to = Arc::new(Mutex::new(Some(to.into())));
        Request::new(self.call, SaveDownload { to })
    }

    /// Collects the whole file; at most as large as the stack takes
    /// ([`Limits::answer_bytes`](zcrm_http::Limits)).
    pub fn bytes(self) -> Request<DownloadBytes> {
        Request::new(self.call, DownloadBytes { part: false })
    }
}

/// Saves a file: the kind of a [`Request`] that [`save_to`](Request::save_to) gives.
///
/// Dropped on the way, it leaves the path as it was; dropped at its very end, while the file is put
/// there, it may leave the whole file.
#[derive(Clone, Debug)]
pub struct SaveDownload {
    // one file is saved once: clones of the request share it
    to: Arc<Mutex<Option<SaveFile>>>,
}

impl Sealed for SaveDownload {}

impl Kind for SaveDownload {
    type Output = SavedFile;
    type Preview = http::Request<Bytes>;

    async fn execute(self, mut call: Call) -> Result<SavedFile, Error> {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut to = to.ok_or_else(|| {
            Error::input("this file was saved already, by a clone of this request")
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

/// Collects a file: the kind of a [`Request`] that [`bytes`](Request::bytes) gives.
#[derive(Clone, Debug)]
pub struct DownloadBytes {
    /// Whether only a part of the file is asked for.
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
