//! The HTTP stack of zcrm: a connector on hyper and rustls, and the tower layers around it.
//!
//! [`Stack`] puts them together in the order that works; a library that wants its own order takes
//! single layers from [`layer`]. Everything ends in one type, [`Transport`], which is cheap to
//! clone, and which an application may replace by a service of its own.
//!
//! The layers know requests, answers and time. They know no OAuth (whoever implements
//! [`Authorizer`] does) and of the CRM only what [`CallMeta`](zcrm_core::CallMeta) and
//! [`Code`](zcrm_core::Code) say.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use zcrm_core::{ApiVersion, Operation};
//! use zcrm_http::{Connector, ReqBody, Stack, send};
//!
//! const LEADS: Operation = Operation::get("/Leads").id("leads.list");
//!
//! let sim = zcrm_sim::Simulator::start().await?; // in Zoho's place
//! let connector = Connector::builder().root_pem(sim.ca_pem()).build()?;
//! let transport = Stack::new(connector).build();
//!
//! let mut request = LEADS.request(ApiVersion::V8).build_as()?;
//! *request.uri_mut() = format!("{}/crm/v8/Leads", sim.api_url()).parse()?;
//! let reply = send(&transport, request).await?;
//! // nobody authorised it: with an `Authorizer` the URL stays relative, and the token is added
//! assert_eq!(reply.status(), 401);
//! # assert_eq!(sim.journal().api_requests(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/one_operation.rs` is a library of its own on this crate alone, with tokens of its own.
//!
//! # The layers
//!
//! In the order in which a call meets them; each is public ([`layer`]) and takes requests and answers with
//! the bodies of this crate. Those of an application go to one of three positions ([`LayerPosition`]).
//!
//! | | what it does | set by |
//! | --- | --- | --- |
//! | *[`LayerPosition::Call`]* | sees each call once | [`Stack::layer`] |
//! | [`Headers`](layer::Headers) | the user agent and the client's headers, where a call has none of the same name | [`Stack::user_agent`], [`Stack::headers`] |
//! | [`Trace`](layer::Trace) | a span and a word to the [`Observer`] for the call | [`Stack::observer`] |
//! | [`Deadline`](layer::Deadline) | bounds everything below | [`Timeouts::total`] |
//! | [`Compress`](layer::Compress) | gzip, for a call that asks for it | [`CallSettings::compress`] |
//! | retry | again, where that is safe, and once an attempt where a token was stale | [`RetryPolicy`](layer::RetryPolicy), [`Stack::retry`] |
//! | *[`LayerPosition::Attempt`]* | sees each attempt, without its token | [`Stack::layer`] |
//! | [`Trace`](layer::Trace) | the same for the attempt | [`Stack::observer`] |
//! | [`Auth`](layer::Auth) | host and token; another where it was stale | [`AuthorizedBy`] |
//! | [`Meter`](layer::Meter) | counts API credits, and keeps what Zoho says is left of each organisation's | [`Stack::meter`] |
//! | [`InFlightLimit`](layer::InFlightLimit) | how many at a time, for each organisation ([`Tenant`]) | [`Limits::concurrent`] |
//! | [`Collect`](layer::Collect) | takes the answer in, unless it is a file that was asked for as a stream | [`Limits::answer_bytes`], [`Timeouts::idle`] |
//! | [`AttemptTimeout`](layer::AttemptTimeout) | bounds the time to the answer's head | [`Timeouts::head`] |
//! | [`Decompress`](layer::Decompress) | gzip and brotli | |
//! | *[`LayerPosition::Connector`]* | sees what is sent, token included | [`Stack::layer`] |
//! | [`Connector`] | pool, TLS, proxies; or a transport of one's own | [`ConnectorBuilder`], [`Stack::new`] |
//!
//! # Features
//!
//! * `ring` (on by default), `aws-lc-rs`: the cryptography of TLS; aws-lc-rs where both are on.
//! * `webpki-roots` (on by default), `native-roots`: the authorities that are trusted, Mozilla's or the
//!   system's; those of both where both are on. [`ConnectorBuilder::root_pem`] adds others.

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

/// The service that everything above the wire speaks to: a request in, an answer out, any error.
///
/// zcrm's own stacks fail with a [`zcrm_core::Error`] in the box;
/// [`Error::from_boxed`](zcrm_core::Error::from_boxed) takes it out.
///
/// With a token at hand and a place free, a call begins when it is made (`call`), and holds its
/// place: poll the future or drop it. [`send`] does so.
pub type Transport =
    tower::util::BoxCloneSyncService<http::Request<ReqBody>, http::Response<ResBody>, BoxError>;

pub(crate) type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
