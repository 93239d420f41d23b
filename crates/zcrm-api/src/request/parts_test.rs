//! Shows that requests can be the parts of one composite call.

use std::{
    any::Any,
    hash::{BuildHasher, Hasher, RandomState},
    marker::PhantomData,
};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tower::service_fn;
use zcrm_core::{
    ApiVersion, BoxError, CallMeta, Error, ErrorKind, Outcome, Record, Reply, Written,
};
use zcrm_http::{ReqBody, ResBody, Transport};

use super::{Request, SingleCall};
use crate::Api;

/// Requests for one composite call.
struct Batch {
    mark: u64,
    parts: Vec<Part>,
}

struct Part {
    shown: http::Request<Bytes>,
    read: Box<dyn FnOnce(&Reply) -> Answer + Send>,
}

/// The result of a part, whose type its handle has.
type Answer = Result<Box<dyn Any + Send>, Error>;

/// The position of a part in a batch, with the type of its result.
struct Handle<T> {
    mark: u64,
    index: usize,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl Handle<Written> {
    /// Returns a lookup that refers to the record that this part writes, for use in a later part.
    fn lookup(self) -> Value {
        json!({ "id": format!("@{{{}:$.data[0].details.id}}", self.index + 1) })
    }
}

impl Batch {
    fn new() -> Self {
        Self { mark: RandomState::new().build_hasher().finish(), parts: Vec::new() }
    }

    fn add<K: SingleCall>(&mut self, request: Request<K>) -> Result<Handle<K::Answer>, Error> {
        let Request { call, mut kind } = request;
        let shown = kind.complete(call)?.preview()?;
        let read = Box::new(|reply: &Reply| Ok(Box::new(kind.read(reply)?) as _));
        self.parts.push(Part { shown, read });
        Ok(Handle { mark: self.mark, index: self.parts.len() - 1, of: PhantomData })
    }

    /// Returns the method, path and body of each part.
    fn lines(&self) -> Vec<(Method, String, Value)> {
        let line = |Part { shown, .. }: &Part| {
            let body = serde_json::from_slice(shown.body()).unwrap_or_default();
            (shown.method().clone(), shown.uri().to_string(), body)
        };
        self.parts.iter().map(line).collect()
    }

    /// Reads the responses of all parts.
    fn read(self, replies: Vec<(u16, Value)>) -> Result<Answers, Error> {
        if replies.len() != self.parts.len() {
            let message = "the number of responses differs from the number of parts";
            return Err(Error::new(ErrorKind::Decode, Outcome::Unknown, message));
        }
        let read = |(Part { shown, read }, (status, body)): (Part, (u16, Value))| {
            let meta = shown.extensions().get::<CallMeta>().cloned().unwrap();
            let status = StatusCode::from_u16(status).unwrap();
            Some(read(&Reply::new(status, body.to_string(), meta)))
        };
        let answers = self.parts.into_iter().zip(replies).map(read).collect();
        Ok(Answers { mark: self.mark, answers })
    }
}

/// The results of the parts of a batch. Each can be taken once.
struct Answers {
    mark: u64,
    answers: Vec<Option<Answer>>,
}

impl Answers {
    fn take<T: 'static>(&mut self, part: Handle<T>) -> Result<T, Error> {
        if part.mark != self.mark {
            return Err(Error::input("this part belongs to another batch"));
        }
        let answer = self.answers.get_mut(part.index).and_then(Option::take);
        let answer = answer.ok_or_else(|| Error::input("this result was taken already"))??;
        let wrong = |_| Error::input("the result of this part has another type");
        Ok(*answer.downcast::<T>().map_err(wrong)?)
    }
}

fn api() -> Api {
    let unused = service_fn(|_: http::Request<ReqBody>| async {
        Err::<http::Response<ResBody>, _>(BoxError::from("parts are not sent"))
    });
    Api::new(Transport::new(unused), ApiVersion::V8)
}

/// Adds three parts: creates an account, creates a contact of it, and reads a lead.
fn three(batch: &mut Batch) -> (Handle<Written>, Handle<Written>, Handle<Record>) {
    let api = api();
    let account = Record::new().with("Account_Name", "Zylker");
    let account = batch.add(api.records("Accounts").create(&account)).unwrap();
    let contact = Record::new().with("Last_Name", "Boyle").with("Account_Name", account.lookup());
    let contact = batch.add(api.records("Contacts").create(&contact)).unwrap();
    let lead = batch.add(api.records("Leads").get("5").fields(["Email"])).unwrap();
    (account, contact, lead)
}

fn created(id: &str) -> (u16, Value) {
    let details = json!({ "id": id });
    let row = json!({ "code": "SUCCESS", "status": "success", "message": "", "details": details });
    (201, json!({ "data": [row] }))
}

fn found() -> (u16, Value) {
    (200, json!({ "data": [{ "id": "5", "Email": "p@example.com" }] }))
}

#[test]
fn parts_include_the_options_of_their_requests() {
    let mut batch = Batch::new();
    three(&mut batch);
    let account_id = "@{1:$.data[0].details.id}";
    let contact = json!({ "Last_Name": "Boyle", "Account_Name": { "id": account_id } });
    let expected = [
        (Method::POST, "/crm/v8/Accounts", json!({ "data": [{ "Account_Name": "Zylker" }] })),
        (Method::POST, "/crm/v8/Contacts", json!({ "data": [contact] })),
        (Method::GET, "/crm/v8/Leads/5?fields=Email", Value::Null),
    ];
    assert_eq!(batch.lines(), expected.map(|(method, uri, body)| (method, uri.to_owned(), body)));
    // a wrong part is refused when it is added
    assert_eq!(batch.add(api().records("Leads").get("..")).err().unwrap().kind(), ErrorKind::Input);
}

#[test]
fn each_result_has_the_type_of_its_request() {
    let mut batch = Batch::new();
    let (account, contact, lead) = three(&mut batch);
    let refused =
        json!({ "code": "INVALID_DATA", "details": {}, "message": "", "status": "error" });
    let replies = vec![created("10"), (400, json!({ "data": [refused] })), found()];
    let mut answers = batch.read(replies).unwrap();
    // in any order
    let lead: Record = answers.take(lead).unwrap();
    assert_eq!(lead.get::<String>("Email").unwrap().as_deref(), Some("p@example.com"));
    assert_eq!(answers.take(account).unwrap().id.as_str(), "10");
    assert_eq!(answers.take(contact).unwrap_err().outcome(), Outcome::Refused);
    assert!(answers.take(contact).unwrap_err().to_string().contains("taken already"));
}

#[test]
fn refuses_handles_of_another_batch_and_answers_of_another_type() {
    let (mut one, mut other) = (Batch::new(), Batch::new());
    let (account, ..) = three(&mut one);
    let (foreign, ..) = three(&mut other);
    assert!(one.read(vec![created("10")]).is_err(), "one response is missing");
    let mut answers = other.read(vec![created("1"), created("2"), found()]).unwrap();
    assert!(answers.take(account).unwrap_err().to_string().contains("another batch"));
    // only this file can write such a handle: elsewhere its type is that of the request
    let forged = Handle::<Record> { mark: foreign.mark, index: foreign.index, of: PhantomData };
    assert!(answers.take(forged).unwrap_err().to_string().contains("another type"));
}
