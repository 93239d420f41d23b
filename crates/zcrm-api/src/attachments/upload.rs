//! Uploads of files from disk.

use std::path::PathBuf;

use bytes::Bytes;
use zcrm_core::{Error, Written};
use zcrm_http::ReqBody;

use crate::{
    Call,
    request::{Kind, WriteItem, sealed::Sealed},
};

/// A [`Request`](crate::Request) kind that attaches a file from disk:
/// [`Attachments::upload_file`](super::Attachments::upload_file).
///
/// The file is opened when the request is sent, so a [preview](crate::Request::preview) fails. If
/// the future is dropped midway, the upload may still be executed.
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
            return Err(Error::input("the path of the upload does not end in a file name"));
        };
        let content = ReqBody::file(&self.path).await?;
        let upload = call.file(name, "application/octet-stream", content);
        WriteItem::request(upload).send().await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.must_be_right()?;
        Err(Error::input(
            "the upload of a file from disk cannot be previewed: the file is opened when it is sent",
        ))
    }
}
