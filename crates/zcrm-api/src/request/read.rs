//! Requests that read one item or value.

use std::marker::PhantomData;

use serde::{Deserialize, de::DeserializeOwned};
use zcrm_core::{Error, Reply, ResponseShape};

use super::{Request, SingleCall, sealed::Sealed};
use crate::{Call, model};

/// A [`Request`] kind that reads one item.
///
/// If there is no such item that the user may see, the error is of kind
/// [`NotFound`](zcrm_core::ErrorKind::NotFound).
#[derive(Debug)]
pub struct GetItem<T> {
    response: ResponseShape,
    /// A parameter and the value that is sent for it by default.
    default: Option<(&'static str, String)>,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> GetItem<T> {
    pub(crate) fn request(call: Call) -> Request<Self> {
        let response = call.response();
        Request::new(call, Self { response, default: None, of: PhantomData })
    }

    /// Creates the request with a parameter that is sent unless the caller sets it.
    pub(crate) fn with_default(call: Call, name: &'static str, value: String) -> Request<Self> {
        Self::request(call).set(|kind| kind.default = Some((name, value)))
    }
}

impl<T> Clone for GetItem<T> {
    fn clone(&self) -> Self {
        Self { response: self.response, default: self.default.clone(), of: PhantomData }
    }
}

impl<T> Sealed for GetItem<T> {}

impl<T: DeserializeOwned + Send + 'static> SingleCall for GetItem<T> {
    type Answer = T;

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        Ok(match self.default.take() {
            Some((name, value)) if !call.has_param(name) => call.param(name, value),
            _ => call,
        })
    }

    fn read(self, reply: &Reply) -> Result<T, Error> {
        match self.response {
            // the first element of a list
            ResponseShape::Object(key) | ResponseShape::List(key) => reply.object(key),
            _ => reply.json(),
        }
    }
}

/// A [`Request`] kind that reads the response as JSON of any shape.
///
/// A read without content (204) gives `null`. A write without content is an error whose outcome is
/// `Executed`.
#[derive(Debug)]
pub struct ReadJson<T>(PhantomData<fn() -> T>);

impl<T: DeserializeOwned + Send + 'static> ReadJson<T> {
    pub(crate) fn request(call: Call) -> Request<Self> {
        Request::new(call, Self(PhantomData))
    }
}

impl<T> Clone for ReadJson<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<T> Sealed for ReadJson<T> {}

impl<T: DeserializeOwned + Send + 'static> SingleCall for ReadJson<T> {
    type Answer = T;

    fn read(self, reply: &Reply) -> Result<T, Error> {
        reply.json()
    }
}

/// A [`Request`] kind that returns a count.
#[derive(Clone, Debug)]
pub struct Count(());

impl Count {
    pub(crate) fn request(call: Call) -> Request<Self> {
        Request::new(call, Self(()))
    }

    /// Reads the count in a response.
    pub(crate) fn of(reply: &Reply) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct Answer {
            count: model::Count,
        }
        Ok(reply.json::<Answer>()?.count.0)
    }
}

impl Sealed for Count {}

impl SingleCall for Count {
    type Answer = u64;

    fn read(self, reply: &Reply) -> Result<u64, Error> {
        Self::of(reply)
    }
}

impl Call {
    /// Reads the response as one object. If the operation says [`Bare`](ResponseShape::Bare), the
    /// object is the body itself.
    pub fn object<T: DeserializeOwned + Send + 'static>(self) -> Request<GetItem<T>> {
        GetItem::request(match self.response() {
            ResponseShape::Object(_) | ResponseShape::Bare => self,
            _ => self.refuse_shape("one object"),
        })
    }

    /// Reads the response as JSON of any shape.
    ///
    /// A read without content (204), such as a query without a match, gives `null`.
    pub fn json<T: DeserializeOwned + Send + 'static>(self) -> Request<ReadJson<T>> {
        ReadJson::request(self)
    }
}
