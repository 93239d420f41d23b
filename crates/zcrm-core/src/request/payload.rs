//! The body of a request as data: bytes, or the parts of an upload.

use std::fmt;

use bytes::Bytes;

/// The body of a request that
/// [`RequestBuilder::build_payload`](super::RequestBuilder::build_payload) returns.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums, reason = "an HTTP layer must encode each kind of body")]
pub enum Payload {
    /// The bytes of the body, or none if the request has no body. The headers name their content
    /// type.
    Bytes(Bytes),
    /// The parts of an upload (`multipart/form-data`). The code that encodes them chooses the
    /// boundary and sets the content type.
    Multipart(Vec<UploadPart>),
}

/// One part of an upload: a file or a text.
#[doc(alias = "upload")]
#[doc(alias = "multipart")]
#[derive(Clone)]
#[non_exhaustive]
pub struct UploadPart {
    /// The name of the part.
    pub name: String,
    /// The name of the file, or `None` for a text.
    pub file_name: Option<String>,
    /// The content type of the file, or `None` for a text. It has no control characters.
    pub content_type: Option<String>,
    /// The content, or `None` if it is sent as a stream.
    pub content: Option<Bytes>,
}

impl UploadPart {
    pub(super) fn text(name: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            file_name: None,
            content_type: None,
            content: Some(text.into()),
        }
    }

    /// Creates a part for a file. The error is the end of a sentence that begins with the
    /// operation's name.
    pub(super) fn file(
        name: &str,
        file_name: &str,
        content_type: &str,
        content: Option<Bytes>,
    ) -> Result<Self, String> {
        if content_type.is_empty() || content_type.chars().any(char::is_control) {
            return Err(format!(
                "cannot send a file of the invalid type `{}`: expected for example `text/csv`",
                content_type.escape_debug()
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            file_name: Some(file_name.to_owned()),
            content_type: Some(content_type.to_owned()),
            content,
        })
    }
}

/// Shows neither the file's name nor its content, because they are people's data.
impl fmt::Debug for UploadPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadPart")
            .field("name", &self.name)
            .field("content_type", &self.content_type)
            .field("bytes", &self.content.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApiVersion, BodyShape, ErrorKind, Operation, RequestBuilder};

    const UPDATE: Operation = Operation::put("/Leads").id("records.update");
    const UPLOAD: Operation =
        Operation::post("/files").id("files.upload").body(BodyShape::Multipart("file"));

    fn refused(builder: RequestBuilder) -> String {
        let error = builder.build_payload().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        error.to_string()
    }

    #[test]
    fn keeps_the_parts_of_an_upload_in_order() {
        let upload = UPLOAD
            .request(ApiVersion::V8)
            .text_part("attachmentUrl", "https://example.com/a")
            .file("Boyle.csv", "text/csv", "1,2")
            .streamed_file("b.csv", "text/csv");
        let request = upload.clone().build_payload().unwrap();
        let Payload::Multipart(parts) = request.body() else { panic!("{request:?}") };
        let shown: Vec<_> = parts
            .iter()
            .map(|part| (part.name.as_str(), part.file_name.as_deref(), part.content.as_deref()))
            .collect();
        let wanted: [(_, Option<&str>, Option<&[u8]>); 3] = [
            ("attachmentUrl", None, Some(b"https://example.com/a")),
            ("file", Some("Boyle.csv"), Some(b"1,2")),
            ("file", Some("b.csv"), None),
        ];
        assert_eq!(shown, wanted);
        assert!(!request.headers().contains_key("content-type"));
        assert!(!format!("{request:?}").contains("Boyle"), "{request:?}");
        let error = upload.build().unwrap_err();
        assert!(error.to_string().contains("`files.upload` uploads files"), "{error}");
    }

    #[test]
    fn refuses_files_without_an_upload_and_json_in_one() {
        let upload = || UPLOAD.request(ApiVersion::V8);
        let update = || UPDATE.request(ApiVersion::V8);
        assert!(refused(upload()).contains("needs a body"));
        assert!(refused(upload().json_bytes("{}")).contains("takes a file, not JSON"));
        assert!(refused(upload().file("a", "text/plain\r\nX: y", "")).contains("text/plain\\r\\n"));
        assert!(refused(update().file("a", "text/plain", "")).contains("does not take a file"));
        assert!(
            refused(update().streamed_file("a", "text/plain")).contains("does not take a file")
        );
        assert!(refused(update().text_part("a", "b")).contains("does not take parts"));
    }
}
