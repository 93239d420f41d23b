//! Files of the disk on their way to Zoho.

use std::path::PathBuf;

use bytes::Bytes;
use zcrm_core::{Error, Written};
use zcrm_http::ReqBody;

use crate::{
    Call,
    request::{Kind, WriteItem, sealed::Sealed},
};

/// Attaches a file of the disk: the kind of a [`Request`](crate::Request) that
/// [`Attachments::upload_file`](super::Attachments::upload_file) gives.
///
/// The file is opened when the request is sent, so a [preview](crate::Request::preview) cannot show it.
/// Whether an upload that is dropped on the way was executed is not known.
#[derive(Clone, Debug)]
pub struct UploadFile {
    path: PathBuf,
}

impl UploadFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Sealed for UploadFile {}

impl Kind for UploadFile {
    type Output = Written;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<Written, Error> {
        call.must_be_right()?;
        let Some(name) = self.path.file_name().and_then(|name| name.to_str()) else {
            return Err(Error::input("the path of the upload does not end in a file's name"));
        };
        let content = ReqBody::file(&self.path).await?;
        let upload = call.file(name, "application/octet-stream", content);
        WriteItem::request(upload).send().await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.must_be_right()?;
        Err(Error::input("a file is opened when it is sent, so its upload cannot be previewed"))
    }
}
