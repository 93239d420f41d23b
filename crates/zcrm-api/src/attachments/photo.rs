//! A record's photo.

use zcrm_core::Error;
use zcrm_http::ReqBody;

use super::FileDownload;
use crate::{operations, related::Parent};

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

    /// Puts an image in the photo's place.
    ///
    /// # Errors
    /// Where Zoho refused it, of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is
    /// sent, or of the call.
    pub async fn upload(
        &self,
        name: &str,
        content_type: &str,
        content: impl Into<ReqBody>,
    ) -> Result<(), Error> {
        let ask = self.parent.ask(&operations::RECORDS_UPLOAD_PHOTO);
        ask.with(|call| call.file(name, content_type, content)).done().await
    }

    /// Fetches the photo, as a stream.
    ///
    /// # Errors
    /// Of kind [`NotFound`](zcrm_core::ErrorKind::NotFound) where there is none, or of the call.
    pub async fn download(&self) -> Result<FileDownload, Error> {
        FileDownload::open(self.parent.ask(&operations::RECORDS_GET_PHOTO).ready()?).await
    }

    /// Takes the photo away.
    ///
    /// # Errors
    /// Where Zoho refused it, or of the call.
    pub async fn delete(&self) -> Result<(), Error> {
        self.parent.ask(&operations::RECORDS_DELETE_PHOTO).done().await
    }
}
