//! Requests for the organisation itself.

use zcrm_http::ReqBody;

use super::organization::Organization;
use crate::request::{Acknowledge, GetItem, Request};
use crate::{Api, attachments::DownloadFile, operations};

/// The organisation: [`Api::org`].
#[derive(Clone, Debug)]
pub struct OrganizationHandle {
    api: Api,
}

impl OrganizationHandle {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Reads the data of the organisation.
    pub fn get(&self) -> Request<GetItem<Organization>> {
        GetItem::request(self.api.call(&operations::ORG_GET))
    }

    /// Downloads the organisation's logo as a stream.
    pub fn photo(&self) -> Request<DownloadFile> {
        DownloadFile::request(self.api.call(&operations::ORG_GET_PHOTO))
    }

    /// Uploads an image as the organisation's logo, replacing the previous one.
    pub fn upload_photo(
        &self,
        name: &str,
        content_type: &str,
        content: impl Into<ReqBody>,
    ) -> Request<Acknowledge> {
        let call = self.api.call(&operations::ORG_UPLOAD_PHOTO);
        Acknowledge::request(call.file(name, content_type, content))
    }

    /// Deletes the organisation's logo.
    pub fn delete_photo(&self) -> Request<Acknowledge> {
        Acknowledge::request(self.api.call(&operations::ORG_DELETE_PHOTO))
    }
}
