//! A call of any endpoint.

use bytes::Bytes;
use http::Request;
use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Endpoint, Error, Id, Outcomes, Page, Reply, RequestBuilder, ResponseShape};

use crate::Api;

/// A call of one [`Endpoint`]: its values, then one of the ways to take in the answer.
///
/// Mistakes (a missing path value, an unknown query parameter, a body where none belongs) are
/// errors before anything is sent.
#[derive(Clone, Debug)]
#[must_use = "a call does nothing until its answer is asked for"]
pub struct Call {
    api: Api,
    request: RequestBuilder,
    response: ResponseShape,
    name: &'static str,
}

impl Call {
    pub(crate) fn new(api: Api, endpoint: &Endpoint) -> Self {
        let request = endpoint.request(api.version());
        Self { api, request, response: endpoint.response(), name: endpoint.name() }
    }

    /// The value of `{name}` in the path.
    pub fn path(self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.path(name, value))
    }

    /// The id that stands for `{name}` in the path.
    pub fn path_id(self, name: &'static str, id: impl Into<Id>) -> Self {
        self.map(|request| request.path_id(name, &id.into()))
    }

    /// A query parameter that the endpoint knows.
    pub fn query(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.query(name, value))
    }

    /// A query parameter, known or not.
    pub fn query_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.query_unchecked(name, value))
    }

    /// A header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.header(name, value))
    }

    /// The body, as JSON.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        self.map(|request| request.json(body))
    }

    /// The answer as it is, whatever its status.
    ///
    /// # Errors
    /// Where the request is wrong, cannot be authorised, or does not come through.
    pub async fn send(self) -> Result<Reply, Error> {
        self.api.send(self.request).await
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.request.clone().build()
    }

    /// The page that the answer holds, for an endpoint that returns a list.
    ///
    /// # Errors
    /// As [`send`](Self::send), and where Zoho refused or answered with something else.
    pub async fn page<T: DeserializeOwned + 'static>(self) -> Result<Page<T>, Error> {
        match self.response {
            ResponseShape::List(key) => self.send().await?.page(key),
            _ => Err(self.wrong_shape("a list")),
        }
    }

    /// The one object that the answer holds, or its whole body where the endpoint says
    /// [`Bare`](ResponseShape::Bare).
    ///
    /// # Errors
    /// As [`send`](Self::send), and where Zoho refused or answered with something else.
    pub async fn object<T: DeserializeOwned + 'static>(self) -> Result<T, Error> {
        match self.response {
            ResponseShape::Object(key) => self.send().await?.object(key),
            ResponseShape::Bare => self.send().await?.json(),
            _ => Err(self.wrong_shape("one object")),
        }
    }

    /// What became of each of the `sent` items, for an endpoint that returns outcomes.
    ///
    /// # Errors
    /// As [`send`](Self::send), and where Zoho refused the request as a whole.
    pub async fn outcomes(self, sent: usize) -> Result<Outcomes, Error> {
        match self.response {
            ResponseShape::Outcomes(key) => self.send().await?.outcomes(key, sent),
            _ => Err(self.wrong_shape("outcomes")),
        }
    }

    fn map(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.request = change(self.request);
        self
    }

    fn wrong_shape(&self, asked: &str) -> Error {
        Error::input(format!(
            "`{}` does not return {asked}: its endpoint says {:?}",
            self.name, self.response
        ))
    }
}
