//! The parts of the HTTP stack that the application provides: layers, headers and a transport.

use http::{HeaderMap, Request, Response};
use tower::{Service, util::BoxCloneSyncServiceLayer};
use zcrm_core::{BoxError, Error};
use zcrm_http::{LayerPosition, ReqBody, ResBody, Stack, Transport};

type CustomLayer =
    BoxCloneSyncServiceLayer<Transport, Request<ReqBody>, Response<ResBody>, BoxError>;

/// The parts that the application has provided so far.
#[derive(Clone, Default)]
pub(crate) struct HttpStack {
    pub(crate) transport: Option<Transport>,
    pub(crate) headers: HeaderMap,
    pub(crate) layers: Vec<(LayerPosition, CustomLayer)>,
}

impl HttpStack {
    /// Adds the headers and layers to a stack.
    pub(crate) fn into_stack<S>(self, mut stack: Stack<S>) -> Result<Stack<S>, Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        if !self.headers.is_empty() {
            stack = stack.headers(self.headers)?;
        }
        let layers = self.layers.into_iter();
        Ok(layers.fold(stack, |stack, (place, layer)| stack.layer(place, layer)))
    }
}
