//! The HTTP stack of zcrm: a connector with hyper and rustls, and tower layers around it.
//!
//! [`Stack`] arranges the layers in an order that works. A library that needs another order uses
//! the single layers in [`layer`]. The result is always a [`Transport`], which is cheap to clone
//! and which an application may replace with its own service.
//!
//! The layers handle requests, answers and time. They contain no OAuth, which is the task of an
//! [`Authorizer`]. Of the CRM they use only [`CallMeta`](zcrm_core::CallMeta) and
//! [`Code`](zcrm_core::Code).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use zcrm_core::{ApiVersion, Operation};
//! use zcrm_http::{Connector, ReqBody, Stack, send};
//!
//! const LEADS: Operation = Operation::get("/Leads").id("leads.list");
//!
//! let sim = zcrm_sim::Simulator::start().await?; // instead of Zoho
//! let connector = Connector::builder().root_pem(sim.ca_pem()).build()?;
//! let transport = Stack::new(connector).build();
//!
//! let mut request = LEADS.request(ApiVersion::V8).build_as()?;
//! *request.uri_mut() = format!("{}/crm/v8/Leads", sim.api_url()).parse()?;
//! let reply = send(&transport, request).await?;
//! // the request has no token: an `Authorizer` adds it, and the server to a relative URL
//! assert_eq!(reply.status(), 401);
//! # assert_eq!(sim.journal().api_requests(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/one_operation.rs` shows a separate library on this crate, with its own tokens.
//!
//! # The layers
//!
//! The table lists the layers from the outermost to the innermost. Each is public ([`layer`]) and
//! works on requests and answers with the bodies of this crate. An application's layers go to one
//! of three positions ([`LayerPosition`]).
//!
//! | | purpose | set by |
//! | --- | --- | --- |
//! | *[`LayerPosition::Call`]* | sees each call once | [`Stack::layer`] |
//! | [`Headers`](layer::Headers) | adds the user agent and the client's headers, unless the call has the same header | [`Stack::user_agent`], [`Stack::headers`] |
//! | [`Trace`](layer::Trace) | creates the span of the call, and reports it to the [`Observer`] | [`Stack::observer`] |
//! | [`Deadline`](layer::Deadline) | limits the time of the call | [`Timeouts::total`] |
//! | [`Compress`](layer::Compress) | compresses the body, for a call that asks for it | [`CallSettings::compress`] |
//! | retry | sends a request again if that is safe, and once in each attempt if its token was stale | [`RetryPolicy`](layer::RetryPolicy), [`Stack::retry`] |
//! | *[`LayerPosition::Attempt`]* | sees each attempt, without its token | [`Stack::layer`] |
//! | [`Trace`](layer::Trace) | creates the span of the attempt, and reports it | [`Stack::observer`] |
//! | [`Auth`](layer::Auth) | adds host and token, and replaces a stale token | [`AuthorizedBy`] |
//! | [`Meter`](layer::Meter) | counts API credits, and keeps the number that each organisation has left | [`Stack::meter`] |
//! | [`InFlightLimit`](layer::InFlightLimit) | limits the concurrent calls of each organisation ([`Tenant`]) | [`Limits::concurrent`] |
//! | [`Collect`](layer::Collect) | collects the answer, unless it is a file that was requested as a stream | [`Limits::answer_bytes`], [`Timeouts::idle`] |
//! | [`AttemptTimeout`](layer::AttemptTimeout) | limits the time to the answer's head | [`Timeouts::head`] |
//! | [`Decompress`](layer::Decompress) | decompresses gzip and brotli | |
//! | *[`LayerPosition::Connector`]* | sees each request as it is sent, including the token | [`Stack::layer`] |
//! | [`Connector`] | pool, TLS and proxies; or a custom transport | [`ConnectorBuilder`], [`Stack::new`] |
//!
//! # Features
//!
//! - `ring` (on by default), `aws-lc-rs`: the cryptography of TLS. With both, aws-lc-rs is used.
//! - `webpki-roots` (on by default), `native-roots`: trusts Mozilla's certificate authorities or
//!   the system's. With both, all of them are trusted. [`ConnectorBuilder::root_pem`] adds others.

mod auth;
mod body;
mod connector;
mod download;
mod files;
pub mod layer;
mod limits;
mod observer;
mod parsed_origin;
mod proxy;
mod reply;
mod resolve;
mod settings;
mod snapshot;
mod stack;
mod static_authorizer;
mod tenant;
mod tls;
mod user_agent;

pub use auth::{Authorization, AuthorizedBy, Authorizer, ForHost};
pub use body::{Progress, ReqBody, ResBody, assemble};
pub use connector::{Connector, ConnectorBuilder};
pub use download::{Download, DownloadResponse, missing_file, open};
pub use files::read_file;
pub use limits::{Limits, Timeouts};
pub use observer::{Ended, Observer};
pub use reply::{Attempts, MaybeExecuted, send, send_built};
pub use resolve::Resolve;
pub use settings::CallSettings;
pub use stack::{LayerPosition, Stack};
pub use static_authorizer::StaticAuthorizer;
pub use tenant::Tenant;
pub use user_agent::user_agent;
pub use zcrm_core::BoxError;
pub use zcrm_core::TokioClock;

/// The service that sends requests: it takes a request and returns an answer or any error.
///
/// zcrm's own stacks fail with a boxed [`zcrm_core::Error`], which
/// [`Error::from_boxed`](zcrm_core::Error::from_boxed) extracts.
///
/// If a token is cached and a permit is free, `call` starts the call and takes the permit. So poll
/// the future or drop it, as [`send`] does.
pub type Transport =
    tower::util::BoxCloneSyncService<http::Request<ReqBody>, http::Response<ResBody>, BoxError>;

pub(crate) type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
