//! Deadlines: of each attempt, and of the whole call.

use std::{mem, pin::pin, sync::Arc, task, time::Duration};

use http::{Request, Response};
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome};

use crate::{BoxFuture, CallSettings, ReqBody, ResBody};

macro_rules! timeout {
    ($layer:ident, $service:ident, $after:expr, $message:literal, $doc:literal) => {
        #[doc = concat!("Adds [`", stringify!($service), "`] to a service.")]
        ///
        /// ```
        /// use std::{sync::Arc, time::Duration};
        /// use tower::Layer;
        #[doc = concat!("use zcrm_http::{Connector, TokioClock, layer::", stringify!($layer), "};")]
        ///
        /// let clock = Arc::new(TokioClock::new());
        #[doc = concat!("let layer = ", stringify!($layer), "::new(Duration::from_secs(30), clock);")]
        /// let service = layer.layer(Connector::builder().build()?);
        /// # let _ = service;
        /// # Ok::<(), zcrm_core::Error>(())
        /// ```
        #[derive(Clone, Debug)]
        pub struct $layer {
            after: Duration,
            clock: Arc<dyn Clock>,
        }

        impl $layer {
            /// Gives up after this time.
            #[must_use]
            pub fn new(after: Duration, clock: Arc<dyn Clock>) -> Self {
                Self { after, clock }
            }
        }

        impl<S> Layer<S> for $layer {
            type Service = $service<S>;

            fn layer(&self, inner: S) -> $service<S> {
                $service { inner, settings: self.clone() }
            }
        }

        #[doc = $doc]
        #[derive(Clone, Debug)]
        pub struct $service<S> {
            inner: S,
            settings: $layer,
        }

        impl<S> Service<Request<ReqBody>> for $service<S>
        where
            S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
                + Clone
                + Send
                + 'static,
            S::Future: Send,
        {
            type Response = Response<ResBody>;
            type Error = BoxError;
            type Future = BoxFuture<Result<Self::Response, BoxError>>;

            fn poll_ready(
                &mut self,
                cx: &mut task::Context<'_>,
            ) -> task::Poll<Result<(), BoxError>> {
                self.inner.poll_ready(cx)
            }

            fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
                let clone = self.inner.clone();
                let mut inner = mem::replace(&mut self.inner, clone);
                let $layer { after, clock } = self.settings.clone();
                let after = $after(&request).unwrap_or(after);
                Box::pin(async move {
                    let call = request.extensions().get::<CallMeta>().cloned();
                    match within(after, &*clock, inner.call(request)).await {
                        Some(done) => done,
                        None => {
                            let message = format!(concat!($message, " of {} s passed"), after.as_secs_f64());
                            let error = Error::new(ErrorKind::Timeout, Outcome::Unknown, message);
                            Err(call.map_or(error.clone(), |call| error.with_call(&call)).into())
                        }
                    }
                })
            }
        }
    };
}

timeout!(
    DeadlineLayer,
    Deadline,
    |request: &Request<ReqBody>| {
        request.extensions().get::<CallSettings>().and_then(|settings| settings.deadline)
    },
    "the call's deadline",
    "Bounds a whole call: waiting, tries and the answer's body. [`CallSettings`] in a request set \
     another time for it."
);
timeout!(
    AttemptTimeoutLayer,
    AttemptTimeout,
    |_: &Request<ReqBody>| None,
    "the time for an answer",
    "Bounds one attempt: from its beginning, a connection included, to all that the inner service \
     takes in (the answer's head, unless it collects bodies)."
);

/// The future's value, or `None` once `after` has passed.
pub(super) async fn within<F: Future>(
    after: Duration,
    clock: &dyn Clock,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = None;
    std::future::poll_fn(move |cx| {
        if let task::Poll::Ready(value) = future.as_mut().poll(cx) {
            return task::Poll::Ready(Some(value));
        }
        // an answer that is there at once costs no timer
        let timer = timer.get_or_insert_with(|| clock.sleep(after));
        timer.as_mut().poll(cx).map(|()| None)
    })
    .await
}
