//! Multipart bodies: the writing of files (RFC 7578).

use std::{
    fmt::Write,
    hash::{BuildHasher, RandomState},
};

use bytes::{BufMut, Bytes, BytesMut};

/// A stretch of a body: bytes that are there, or a place for what is sent as a stream.
///
/// [`RequestBuilder::build_with_slots`](crate::RequestBuilder::build_with_slots) makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no third kind")]
pub enum Stretch {
    /// These bytes.
    Bytes(Bytes),
    /// The content of the file that was announced as number so and so, from 0.
    Slot(usize),
}

/// A part of a multipart body.
#[derive(Clone)]
pub(crate) struct Part {
    head: String,
    /// `None` where the content is sent as a stream.
    content: Option<Bytes>,
}

impl Part {
    /// A text part, or a file of a name and a content type.
    pub(crate) fn new(
        name: &str,
        file: Option<(&str, &str)>,
        content: Option<Bytes>,
    ) -> Result<Self, String> {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
        if let Some((file, kind)) = file {
            if kind.is_empty() || kind.chars().any(char::is_control) {
                return Err(format!(
                    "cannot send a file of the type `{}`: write one such as `text/csv`",
                    kind.escape_debug()
                ));
            }
            // writing to a String cannot fail
            let _ = write!(head, "; filename=\"{}\"\r\nContent-Type: {kind}", quoted(file));
        }
        Ok(Self { head, content })
    }

    pub(crate) fn is_slot(&self) -> bool {
        self.content.is_none()
    }
}

/// As browsers write a name into a header: what would end it is percent-encoded.
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

/// A multipart body in stretches, and its content type. Without slots it is one stretch.
pub(crate) fn multipart(parts: &[Part]) -> (Vec<Stretch>, String) {
    let boundary = boundary(parts);
    let content = |part: &Part| part.content.as_ref().map_or(0, Bytes::len);
    let size: usize = parts.iter().map(|part| content(part) + part.head.len() + 64).sum();
    let mut stretches = Vec::new();
    let mut bytes = BytesMut::with_capacity(size + 64);
    let mut slots = 0;
    for part in parts {
        bytes.put_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.head).as_bytes());
        match &part.content {
            Some(content) => bytes.put_slice(content),
            None => {
                stretches.push(Stretch::Bytes(bytes.split().freeze()));
                stretches.push(Stretch::Slot(slots));
                slots += 1;
            }
        }
        bytes.put_slice(b"\r\n");
    }
    bytes.put_slice(format!("--{boundary}--\r\n").as_bytes());
    stretches.push(Stretch::Bytes(bytes.freeze()));
    (stretches, format!("multipart/form-data; boundary={boundary}"))
}

/// A boundary that no content has: looked for where the contents are there, else 128 bits of chance,
/// which nobody who writes a file can know.
fn boundary(parts: &[Part]) -> String {
    let mut boundary = "zcrm-part-0".to_owned();
    if parts.iter().any(Part::is_slot) {
        let chance = || RandomState::new().hash_one("zcrm");
        boundary = format!("zcrm-part-{:016x}{:016x}", chance(), chance());
    }
    let mut turn = 0u32;
    let within = |boundary: &str, part: &Part| {
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
    use http::Request;

    use super::*;
    use crate::{ApiVersion, BodyShape, ErrorKind, Operation, RequestBuilder};

    const UPDATE: Operation = Operation::put("/Leads").id("records.update");
    const UPLOAD: Operation =
        Operation::post("/files").id("files.upload").body(BodyShape::Multipart("file"));

    fn update() -> RequestBuilder {
        UPDATE.request(ApiVersion::V8)
    }

    fn refused(builder: RequestBuilder) -> String {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        error.to_string()
    }

    fn text(request: &Request<Bytes>) -> String {
        String::from_utf8(request.body().to_vec()).unwrap()
    }

    #[test]
    fn a_file_is_sent_as_it_is() {
        let upload = || UPLOAD.request(ApiVersion::V8);
        let request = upload().file("a\"b\r\n.txt", "text/plain", "zcrm-part-0").build().unwrap();
        assert_eq!(request.headers()["content-type"], "multipart/form-data; boundary=zcrm-part-1");
        let wanted = "--zcrm-part-1\r\nContent-Disposition: form-data; name=\"file\"; \
                      filename=\"a%22b%0D%0A.txt\"\r\nContent-Type: text/plain\r\n\r\n\
                      zcrm-part-0\r\n--zcrm-part-1--\r\n";
        assert_eq!(text(&request), wanted);
        let link = upload().text_part("attachmentUrl", "https://example.com/a").build().unwrap();
        assert!(text(&link).contains("name=\"attachmentUrl\"\r\n\r\nhttps://example.com/a\r\n"));
        assert!(refused(upload()).contains("needs a body"));
        assert!(refused(upload().json_bytes("{}")).contains("takes a file and no JSON"));
        assert!(refused(upload().file("a", "text/plain\r\nX: y", "")).contains("text/plain\\r\\n"));
        assert!(refused(update().file("a", "text/plain", "")).contains("takes no file"));
        assert!(refused(update().file_slot("a", "text/plain")).contains("takes no file"));
        assert!(refused(update().text_part("a", "b")).contains("takes no parts"));
    }
    #[test]
    fn a_stream_gets_a_place_between_bytes_and_a_boundary_that_nobody_knows() {
        let request = || {
            UPLOAD
                .request(ApiVersion::V8)
                .text_part("note", "zcrm-part-1")
                .file_slot("a.csv", "text/csv")
                .file("b.csv", "text/csv", "b")
                .file_slot("c.csv", "text/csv")
                .build_with_slots()
                .unwrap()
        };
        let built = request();
        let kind = built.headers()["content-type"].to_str().unwrap().to_owned();
        let boundary = kind.split_once("boundary=").unwrap().1;
        assert_eq!(boundary.len(), "zcrm-part-".len() + 32);
        assert_ne!(request().headers()["content-type"].to_str().unwrap(), kind);
        let text: String = built
            .body()
            .iter()
            .map(|stretch| match stretch {
                Stretch::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Stretch::Slot(number) => format!("[{number}]"),
            })
            .collect();
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
        assert_eq!(text, wanted);
        let said = refused(UPLOAD.request(ApiVersion::V8).file_slot("a", "text/plain"));
        assert!(said.contains("stream"), "{said}");
    }
}
