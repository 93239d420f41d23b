//! Files that are uploaded first and referenced by records, notes or mails later.

use std::path::PathBuf;

use zcrm_core::{Error, Id};
use zcrm_http::ReqBody;

use super::{DownloadFile, UploadFile};
use crate::request::{Request, WriteItem};
use crate::{Api, Call, operations};

/// The largest file, by Zoho's page: 20 MB.
const LARGEST: u64 = 20 * 1_024 * 1_024;

/// The files of Zoho CRM: [`Api::files`].
///
/// The id of an uploaded file is the value of a file field, of an attachment of a mail, or of a
/// transition of a blueprint. It is a long text and not the id of a record.
///
/// Source: <https://www.zoho.com/crm/developer/docs/api/v8/upload-files-to-zfs.html>
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use serde_json::json;
/// use zcrm_core::Record;
///
/// let files = api.files();
/// let contract = files.upload("contract.txt", "text/plain", "The contract").await?.id;
/// let change = Record::new().with("Contract", json!([{ "File_Id__s": contract }]));
/// api.records("Deals").update("3652397000000649013", &change).await?;
/// let copy = files.download(contract).await?;
/// println!("{}", copy.safe_name());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Files {
    api: Api,
}

impl Api {
    /// Returns a handle to the files of Zoho CRM, which do not belong to a record yet.
    #[must_use]
    pub fn files(&self) -> Files {
        Files { api: self.clone() }
    }
}

impl Files {
    /// Uploads a file of at most 20 MB. The id in the result refers to it.
    pub fn upload(
        &self,
        name: &str,
        content_type: &str,
        content: impl Into<ReqBody>,
    ) -> Request<WriteItem> {
        WriteItem::request(self.call(name, content_type, content.into()))
    }

    /// Uploads an image that the text of a mail shows.
    pub fn upload_inline_image(
        &self,
        name: &str,
        content_type: &str,
        content: impl Into<ReqBody>,
    ) -> Request<WriteItem> {
        let call = self.call(name, content_type, content.into());
        WriteItem::request(call.param("type", "inline"))
    }

    /// Uploads a file from disk, under its name. The file is sent as a stream.
    pub fn upload_file(&self, path: impl Into<PathBuf>) -> Request<UploadFile> {
        let call = self.api.call(&operations::FILES_UPLOAD);
        Request::new(call, UploadFile::new(path.into()))
    }

    /// Downloads a file as a stream.
    pub fn download(&self, id: impl Into<Id>) -> Request<DownloadFile> {
        let id = id.into();
        let call = self.api.call(&operations::FILES_DOWNLOAD);
        DownloadFile::request(call.check(id.check().map(drop)).param("id", id.as_str()))
    }

    fn call(&self, name: &str, content_type: &str, content: ReqBody) -> Call {
        let right = match content.length() {
            Some(length) if length > LARGEST => Err(Error::input(format!(
                "the file has {length} bytes, and Zoho takes at most {LARGEST}"
            ))),
            _ => Ok(()),
        };
        let call = self.api.call(&operations::FILES_UPLOAD).check(right);
        call.file(name, content_type, content)
    }
}
