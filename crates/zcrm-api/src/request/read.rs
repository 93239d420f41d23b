//! Requests that read one thing.

use std::marker::PhantomData;

use serde::{Deserialize, de::DeserializeOwned};
use zcrm_core::{Error, Reply, ResponseShape};

use super::{Request, SingleCall, sealed::Sealed};
use crate::{Call, model};

/// Reads one item: the kind of a [`Request`].
///
/// It gives the item, or an error of kind [`NotFound`](zcrm_core::ErrorKind::NotFound) where there is
/// none that the user may see.
#[derive(Debug)]
pub struct GetItem<T> {
    response: ResponseShape,
    /// A parameter with the value that it has where the caller gives no other.
    default: Option<(&'static str, String)>,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> GetItem<T> {
    pub(crate) fn request(call: Call) -> Request<Self> {
        let response = call.response();
        Request::new(call, Self { response, default: None, of: PhantomData })
    }

    /// The same with a parameter that is sent where the caller gives no other value for it.
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
            // of a list, its first element
            ResponseShape::Object(key) | ResponseShape::List(key) => reply.object(key),
            _ => reply.json(),
        }
    }
}

/// Reads the whole answer as JSON, whatever shape the operation says: the kind of a [`Request`].
///
/// A read that is answered with no content (204) gives `null`; a write that is answered so is an
/// error whose outcome says that it was executed.
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

/// Counts: the kind of a [`Request`] that gives a number.
#[derive(Clone, Debug)]
pub struct Count(());

impl Count {
    pub(crate) fn request(call: Call) -> Request<Self> {
        Request::new(call, Self(()))
    }
}

impl Sealed for Count {}

impl SingleCall for Count {
    type Answer = u64;

    fn read(self, reply: &Reply) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct Answer {
            count: model::Count,
        }
        Ok(reply.json::<Answer>()?.count.0)
    }
}
