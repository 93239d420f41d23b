//! The wire of zcrm: a connector on hyper and rustls, and the tower layers around it.
//!
//! [`Stack`] puts them together in the order that works; a library that wants its own order takes
//! single layers from [`layer`]. Everything ends in one type, [`Transport`], which is cheap to
//! clone, and which an application may replace by a service of its own.
//!
//! The layers know requests, answers and time. They know no OAuth (whoever implements
//! [`Authorizer`] does) and of the CRM only what [`CallMeta`](zcrm_core::CallMeta) and
//! [`Code`](zcrm_core::Code) say.
//!
//! ```no_run
//! use zcrm_http::{Connector, Stack};
//!
//! # fn main() -> Result<(), zcrm_core::Error> {
//! let connector = Connector::builder().build()?;
//! let transport = Stack::new(connector).build();
//! # let _ = transport;
//! # Ok(())
//! # }
//! ```

mod auth;
mod body;
mod connector;
mod download;
pub mod layer;
mod limits;
mod observer;
mod proxy;
mod reply;
mod resolve;
mod save;
mod settings;
mod stack;
mod tls;

pub use auth::{Authorization, AuthorizedBy, Authorizer};
pub use body::{Progress, ReqBody, ResBody};
pub use connector::{Connector, ConnectorBuilder};
pub use download::{Download, Opened, no_file, open};
pub use limits::{Limits, Timeouts};
pub use observer::{Ended, Observer};
pub use reply::{AfterDoubt, Attempts, Peer, send};
pub use resolve::Resolve;
pub use save::{SaveFile, SavedFile};
pub use settings::CallSettings;
pub use stack::{Place, Stack};
pub use zcrm_clock::TokioClock;
pub use zcrm_core::BoxError;

/// The service that everything above the wire speaks to: a request in, an answer out, any error.
///
/// zcrm's own stacks fail with a [`zcrm_core::Error`] in the box;
/// [`Error::from_boxed`](zcrm_core::Error::from_boxed) takes it out.
pub type Transport =
    tower::util::BoxCloneSyncService<http::Request<ReqBody>, http::Response<ResBody>, BoxError>;

pub(crate) type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
