//! The `multipart/form-data` bodies of uploads (RFC 7578).

use std::hash::{BuildHasher, RandomState};

use bytes::{BufMut, BytesMut};
use http::{HeaderValue, Request, header::CONTENT_TYPE};
use zcrm_core::{Payload, UploadPart};

use super::ReqBody;

/// Builds the body of a request; the parts of an upload become `multipart/form-data`.
///
/// `stream` returns the content of each streamed file, by its number, counted from 0.
///
/// ```
/// use zcrm_core::{ApiVersion, BodyShape, Error, Operation};
/// use zcrm_http::{ReqBody, assemble};
///
/// const UPLOAD: Operation = Operation::post("/files").body(BodyShape::Multipart("file"));
/// let upload = UPLOAD.request(ApiVersion::V8).streamed_file("a.csv", "text/csv");
/// let request = assemble(upload.build_payload()?, |_| Ok::<_, Error>(ReqBody::from("a,b")))?;
/// let content_type = request.headers()["content-type"].to_str().unwrap();
/// assert!(content_type.starts_with("multipart/form-data; boundary="));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// Returns the error of `stream`.
#[doc(alias = "upload")]
#[doc(alias = "multipart")]
pub fn assemble<E>(
    request: Request<Payload>,
    mut stream: impl FnMut(usize) -> Result<ReqBody, E>,
) -> Result<Request<ReqBody>, E> {
    let (mut head, payload) = request.into_parts();
    let parts = match payload {
        Payload::Multipart(parts) => parts,
        Payload::Bytes(bytes) => return Ok(Request::from_parts(head, bytes.into())),
    };
    let boundary = boundary(&parts);
    let mut bodies = Vec::new();
    let mut bytes = BytesMut::with_capacity(size(&parts));
    let mut streams = 0;
    for part in &parts {
        write_head(part, &boundary, &mut bytes);
        match &part.content {
            Some(content) => bytes.put_slice(content),
            None => {
                bodies.push(bytes.split().freeze().into());
                bodies.push(stream(streams)?);
                streams += 1;
            }
        }
        bytes.put_slice(b"\r\n");
    }
    bytes.put_slice(format!("--{boundary}--\r\n").as_bytes());
    let last = ReqBody::from(bytes.freeze());
    let body = if bodies.is_empty() {
        last
    } else {
        bodies.push(last);
        ReqBody::chain(bodies)
    };
    let content_type = format!("multipart/form-data; boundary={boundary}");
    if let Ok(content_type) = HeaderValue::try_from(content_type) {
        head.headers.insert(CONTENT_TYPE, content_type);
    }
    Ok(Request::from_parts(head, body))
}

/// Estimates the number of bytes of the part heads and of the contents in memory.
fn size(parts: &[UploadPart]) -> usize {
    let size = |part: &UploadPart| {
        let name = part.file_name.as_ref().map_or(0, String::len);
        part.content.as_ref().map_or(0, bytes::Bytes::len) + part.name.len() + name + 192
    };
    parts.iter().map(size).sum::<usize>() + 64
}

fn write_head(part: &UploadPart, boundary: &str, bytes: &mut BytesMut) {
    bytes.put_slice(format!("--{boundary}\r\n").as_bytes());
    let name = quoted(&part.name);
    bytes.put_slice(format!("Content-Disposition: form-data; name=\"{name}\"").as_bytes());
    if let Some(file) = &part.file_name {
        bytes.put_slice(format!("; filename=\"{}\"", quoted(file)).as_bytes());
    }
    if let Some(content_type) = &part.content_type {
        let content_type = content_type.replace(char::is_control, "");
        bytes.put_slice(format!("\r\nContent-Type: {content_type}").as_bytes());
    }
    bytes.put_slice(b"\r\n\r\n");
}

/// Escapes a name for a header as browsers do: quotes and line breaks are percent-encoded.
fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' => text.push_str("%22"),
            '\r' => text.push_str("%0D"),
            '\n' => text.push_str("%0A"),
            c if c.is_control() => text.push('_'),
            c => text.push(c),
        }
    }
    text
}

/// Chooses a boundary that does not occur in any content.
///
/// Contents in memory are searched for it. If a content is a stream, the boundary has 128 random
/// bits, so the author of a file cannot predict it.
fn boundary(parts: &[UploadPart]) -> String {
    let mut boundary = "zcrm-part-0".to_owned();
    if parts.iter().any(|part| part.content.is_none()) {
        let random = || RandomState::new().hash_one("zcrm");
        boundary = format!("zcrm-part-{:016x}{:016x}", random(), random());
    }
    let mut turn = 0u32;
    let within = |boundary: &str, part: &UploadPart| {
        part.content
            .as_ref()
            .is_some_and(|bytes| memchr::memmem::find(bytes, boundary.as_bytes()).is_some())
    };
    while parts.iter().any(|part| within(&boundary, part)) {
        turn += 1;
        boundary = format!("zcrm-part-{turn}");
    }
    boundary
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use zcrm_core::{ApiVersion, BodyShape, Operation, RequestBuilder};

    const UPLOAD: Operation =
        Operation::post("/files").id("files.upload").body(BodyShape::Multipart("file"));

    fn upload() -> RequestBuilder {
        UPLOAD.request(ApiVersion::V8)
    }

    fn assembled(builder: RequestBuilder) -> Request<ReqBody> {
        let stream = |number| Ok::<_, Infallible>(ReqBody::from(format!("[{number}]")));
        assemble(builder.build_payload().unwrap(), stream).unwrap()
    }

    fn boundary_of(request: &Request<ReqBody>) -> &str {
        let content_type = request.headers()["content-type"].to_str().unwrap();
        content_type.strip_prefix("multipart/form-data; boundary=").unwrap()
    }

    async fn text(request: Request<ReqBody>) -> String {
        String::from_utf8(request.into_body().collect().await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn escapes_the_file_name_and_writes_the_content_unchanged() {
        let request = assembled(upload().file("a\"b\r\n.txt", "text/plain", "zcrm-part-0"));
        assert_eq!(boundary_of(&request), "zcrm-part-1");
        let wanted = "--zcrm-part-1\r\nContent-Disposition: form-data; name=\"file\"; \
                      filename=\"a%22b%0D%0A.txt\"\r\nContent-Type: text/plain\r\n\r\n\
                      zcrm-part-0\r\n--zcrm-part-1--\r\n";
        assert_eq!(text(request).await, wanted);
        let link = assembled(upload().text_part("attachmentUrl", "https://example.com/a"));
        assert!(
            text(link).await.contains("name=\"attachmentUrl\"\r\n\r\nhttps://example.com/a\r\n")
        );
    }

    #[tokio::test]
    async fn chooses_a_boundary_that_no_file_contains() {
        let trap = "--zcrm-part-0--\r\nzcrm-part-1";
        let request = assembled(upload().file("a\"b\r\n.csv", "text/csv", trap));
        let boundary = boundary_of(&request).to_owned();
        assert!(!trap.contains(&boundary), "{boundary}");
        let body = text(request).await;
        assert_eq!(body.matches(&boundary).count(), 2);
        assert!(body.contains(r#"name="file"; filename="a%22b%0D%0A.csv""#), "{body}");
    }

    #[tokio::test]
    async fn puts_streams_between_bytes_and_chooses_a_random_boundary() {
        let request = || {
            let upload =
                upload().text_part("note", "zcrm-part-1").streamed_file("a.csv", "text/csv");
            assembled(upload.file("b.csv", "text/csv", "b").streamed_file("c.csv", "text/csv"))
        };
        let built = request();
        let boundary = boundary_of(&built).to_owned();
        assert_eq!(boundary.len(), "zcrm-part-".len() + 32);
        assert_ne!(boundary_of(&request()), boundary);
        let part = |disposition: &str, content: &str| {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n"
            )
        };
        let file = |name: &str, content: &str| {
            part(&format!("name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv"), content)
        };
        let wanted = part("name=\"note\"", "zcrm-part-1")
            + &file("a.csv", "[0]")
            + &file("b.csv", "b")
            + &file("c.csv", "[1]")
            + &format!("--{boundary}--\r\n");
        assert_eq!(text(built).await, wanted);
    }
}
