//! The organisation itself.

use zcrm_core::Error;
use zcrm_http::ReqBody;

use super::organization::Organization;
use crate::{Api, Call, GetItem, ask::Ask, attachments::FileDownload, operations};

/// The organisation: [`Api::org`].
#[derive(Clone, Debug)]
pub struct OrganizationHandle {
    api: Api,
}

impl OrganizationHandle {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Reads it.
    pub fn get(&self) -> GetItem<Organization> {
        GetItem::new(Ask::new(&self.api, &operations::ORG_GET))
    }

    /// The organisation's logo, as a stream.
    ///
    /// # Errors
    /// Of kind [`NotFound`](zcrm_core::ErrorKind::NotFound) where there is none, or of the call.
    pub async fn photo(&self) -> Result<FileDownload, Error> {
        FileDownload::open(self.api.call(&operations::ORG_GET_PHOTO)).await
    }

    /// Puts an image in the place of the organisation's logo.
    ///
    /// # Errors
    /// Where Zoho refused it, or of the call.
    pub async fn upload_photo(
        &self,
        name: &str,
        content_type: &str,
        content: impl Into<ReqBody>,
    ) -> Result<(), Error> {
        let file = |call: Call| call.file(name, content_type, content);
        Ask::new(&self.api, &operations::ORG_UPLOAD_PHOTO).with(file).done().await
    }

    /// Takes the organisation's logo away.
    ///
    /// # Errors
    /// Where Zoho refused it, or of the call.
    pub async fn delete_photo(&self) -> Result<(), Error> {
        Ask::new(&self.api, &operations::ORG_DELETE_PHOTO).done().await
    }
}
