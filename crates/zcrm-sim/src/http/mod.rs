//! HTTP of the simulated servers: calls, answers, bodies and connections.

mod answer;
mod body;
mod call;
mod connection;
mod multipart;
pub(crate) mod origin;
mod tls;

pub(crate) use answer::Answer;
pub use answer::GrantType;
pub(crate) use body::{AnswerBody, Chunks};
pub(crate) use call::{IncomingCall, decode_pairs};
pub(crate) use connection::{Breaker, ServerConnection};
pub(crate) use tls::Tls;
