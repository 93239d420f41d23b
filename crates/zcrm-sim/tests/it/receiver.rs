//! An application that receives notifications and keeps them.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// A received request: the path with its query, and the body.
type Posted = Arc<Mutex<Vec<(String, Value)>>>;

pub(crate) struct Receiver {
    pub(crate) url: String,
    posted: Posted,
    task: AbortHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Starts a receiver that answers with this status.
    pub(crate) async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let posted = Posted::default();
        let kept = Arc::clone(&posted);
        let task = tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let kept = Arc::clone(&kept);
                let service = service_fn(move |request: Request<Incoming>| {
                    let kept = Arc::clone(&kept);
                    async move { Ok::<_, Infallible>(keep(&kept, status, request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(tcp), service));
            }
        });
        Self { url, posted, task: task.abort_handle() }
    }

    /// Returns the bodies in the order of their arrival.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.posted.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.posted.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }

    /// Returns the bodies received since the last call.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.posted.lock().unwrap()).into_iter().map(|one| one.1).collect()
    }
}

async fn keep(posted: &Posted, status: u16, request: Request<Incoming>) -> Response<Full<Bytes>> {
    assert_eq!(request.method(), "POST");
    assert!(request.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
    let path = request.uri().path_and_query().unwrap().to_string();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    posted.lock().unwrap().push((path, serde_json::from_slice(&body).unwrap()));
    let mut response = Response::new(Full::from("thank you"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
