//! The parts of a `multipart/form-data` body.

use std::convert::Infallible;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use multer::Multipart;

/// A part of a form: a file if it has a file name, otherwise a field.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) data: Bytes,
}

/// Returns the parts of a body; empty if it is not a form or is incomplete.
pub(crate) async fn parts(headers: &HeaderMap, body: &Bytes) -> Vec<Part> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let Some(boundary) = kind.and_then(|kind| multer::parse_boundary(kind).ok()) else {
        return Vec::new();
    };
    let whole = body.clone();
    let stream = futures_util::stream::once(async move { Ok::<_, Infallible>(whole) });
    let mut form = Multipart::new(stream, boundary);
    let mut parts = Vec::new();
    loop {
        match form.next_field().await {
            Ok(None) => return parts,
            Ok(Some(field)) => {
                let name = field.name().unwrap_or_default().to_owned();
                let file_name = field.file_name().map(String::from);
                match field.bytes().await {
                    Ok(data) => parts.push(Part { name, file_name, data }),
                    Err(_) => return Vec::new(),
                }
            }
            Err(_) => return Vec::new(),
        }
    }
}
