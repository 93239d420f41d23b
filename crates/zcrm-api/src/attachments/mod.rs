//! Attachments of records and notes, photos of records, and files that are uploaded first.

mod attachment;
mod download;
mod file_name;
mod files;
mod photo;
mod upload;

pub use attachment::Attachment;
pub use download::{DownloadBytes, DownloadFile, FileDownload, SaveDownload};
pub use files::Files;
pub use photo::Photo;
pub use upload::UploadFile;

use std::path::PathBuf;

use zcrm_core::{Error, Id};
use zcrm_http::ReqBody;

use crate::Call;
use crate::list::{FieldList, List};
use crate::request::{Request, WriteItem, WriteItems};
use crate::{operations, related::Parent};

/// The fields that a list of attachments requests if Zoho requires field names.
const FIELDS: &[&str] = &[
    "File_Name",
    "Size",
    "Parent_Id",
    "Owner",
    "Created_By",
    "Created_Time",
    "Modified_By",
    "Modified_Time",
];

/// The attachments of a record or note.
///
/// Returned by [`RecordHandle::attachments`](crate::RecordHandle::attachments) and
/// [`Notes::attachments`](crate::Notes::attachments).
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let attachments = api.record("Leads", "3652397000000649013").attachments();
/// attachments.upload("offer.txt", "text/plain", "The offer").await?;
/// attachments.link("https://example.com/offer.pdf").await?;
/// for attachment in attachments.list().all().await? {
///     if let Some(id) = attachment.id {
///         let file = attachments.download(id).await?;
///         println!("{} has {:?} bytes", file.safe_name(), file.length());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias = "upload")]
#[doc(alias = "download")]
#[derive(Clone, Debug)]
pub struct Attachments {
    parent: Parent,
}

impl Attachments {
    pub(crate) fn new(parent: Parent) -> Self {
        Self { parent }
    }

    fn one(&self, operation: &zcrm_core::Operation, id: impl Into<Id>) -> Call {
        self.parent.call(operation).path_id("id", id)
    }

    /// Lists the attachments.
    pub fn list(&self) -> Request<List<Attachment, FieldList>> {
        let call = self.parent.call(&operations::ATTACHMENTS_LIST);
        List::request(call, FieldList::new(self.parent.api().version(), FIELDS))
    }

    /// Attaches a file. Zoho accepts at least 20 MB, and 100 MB by its newer documentation.
    pub fn upload(
        &self,
        name: &str,
        content_type: &str,
        content: impl Into<ReqBody>,
    ) -> Request<WriteItem> {
        let call = self.parent.call(&operations::ATTACHMENTS_UPLOAD);
        WriteItem::request(call.file(name, content_type, content))
    }

    /// Attaches a file from disk, under its name. The file is sent as a stream.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let attachments = api.record("Leads", "3652397000000649013").attachments();
    /// attachments.upload_file("offers/17.pdf").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "upload")]
    pub fn upload_file(&self, path: impl Into<PathBuf>) -> Request<UploadFile> {
        Request::new(
            self.parent.call(&operations::ATTACHMENTS_UPLOAD),
            UploadFile::new(path.into()),
        )
    }

    /// Attaches a link to a file.
    pub fn link(&self, url: impl Into<String>) -> Request<WriteItem> {
        let url = url.into();
        let wrong = (!url.starts_with("https://") && !url.starts_with("http://")).then(|| {
            // a URL may contain a secret, so the error does not show it
            Error::input(
                "invalid link to a file: expected a URL that begins with `https://` or `http://`",
            )
        });
        let call = self.parent.call(&operations::ATTACHMENTS_UPLOAD);
        let call = call.check(wrong.map_or(Ok(()), Err));
        WriteItem::request(call.text_part("attachmentUrl", url))
    }

    /// Downloads a file as a stream.
    pub fn download(&self, id: impl Into<Id>) -> Request<DownloadFile> {
        DownloadFile::request(self.one(&operations::ATTACHMENTS_DOWNLOAD, id))
    }

    /// Deletes an attachment.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        WriteItem::request(self.one(&operations::ATTACHMENTS_DELETE_ONE, id))
    }

    /// Deletes attachments.
    pub fn delete_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems> {
        WriteItems::ids(self.parent.call(&operations::ATTACHMENTS_DELETE), ids)
    }
}
