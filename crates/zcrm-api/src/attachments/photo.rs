//! Photos of records.

use zcrm_http::ReqBody;

use super::DownloadFile;
use crate::{
    operations,
    related::Parent,
    request::{Acknowledge, Request},
};

/// The photo of one record: [`RecordHandle::photo`](crate::RecordHandle::photo).
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api, picture: bytes::Bytes) -> Result<(), zcrm_core::Error> {
/// let photo = api.record("Contacts", "3652397000000649013").photo();
/// photo.upload("patricia.png", "image/png", picture).await?;
/// let mut file = photo.download().await?;
/// while let Some(piece) = file.next().await {
///     println!("{} bytes", piece?.len());
/// }
/// photo.delete().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Photo {
    parent: Parent,
}

impl Photo {
    pub(crate) fn new(parent: Parent) -> Self {
        Self { parent }
    }

    /// Uploads an image as the photo of the record, replacing the previous one.
    pub fn upload(
        &self,
        name: &str,
        content_type: &str,
        content: impl Into<ReqBody>,
    ) -> Request<Acknowledge> {
        let call = self.parent.call(&operations::RECORDS_UPLOAD_PHOTO);
        Acknowledge::request(call.file(name, content_type, content))
    }

    /// Downloads the photo as a stream.
    pub fn download(&self) -> Request<DownloadFile> {
        DownloadFile::request(self.parent.call(&operations::RECORDS_GET_PHOTO))
    }

    /// Deletes the photo.
    pub fn delete(&self) -> Request<Acknowledge> {
        Acknowledge::request(self.parent.call(&operations::RECORDS_DELETE_PHOTO))
    }
}
