//! Bodies of requests and answers: bytes, or streams of them.
//!
//! Both are [`Stream`]s of `Result<Bytes, BoxError>`, so code that writes or reads a body does not
//! depend on a version of an HTTP library.

mod file;
mod gzip;
mod multipart;
mod request;
mod response;

use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;

use crate::BoxError;

pub(crate) use gzip::{Coding, decoded};
pub use multipart::assemble;
pub(crate) use request::Listener;
pub use request::{Progress, ReqBody};
pub(crate) use response::BodyBuffer;
pub use response::ResBody;

/// A stream of bytes.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;
