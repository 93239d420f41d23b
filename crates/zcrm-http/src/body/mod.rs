//! Bodies of requests and answers: bytes, or streams of them.
//!
//! Both are [`Stream`]s of `Result<Bytes, BoxError>`, so that no HTTP library of a certain version
//! stands between a body and whoever writes or reads it.

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

/// Bytes that come one after another.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;
