//! A file that Zoho sends, and its name.

use std::{fmt, path::PathBuf};

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use zcrm_core::Error;
use zcrm_http::Download;

use super::file_name;
use crate::{Call, SaveFile};

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
    pub(crate) async fn open(call: Call) -> Result<Self, Error> {
        let content = call.download().await?;
        let disposition = content.headers().get(CONTENT_DISPOSITION);
        let name = disposition.and_then(|value| file_name::told(value.as_bytes()));
        Ok(Self { name, content })
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
