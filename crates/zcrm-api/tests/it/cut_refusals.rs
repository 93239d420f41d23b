//! Writes over real sockets whose refusal breaks off, so that its code is not known: none is sent
//! twice.

use std::sync::{Arc, atomic::Ordering};

use zcrm_api::Api;
use zcrm_core::{ApiVersion, Error, Outcome, Record};
use zcrm_http::{Connector, Stack, StaticAuthorizer};
use zcrm_test_kit::{Framing, impatient_retry, raw_server};

/// The answer to a composite request that Zoho stopped, whose parts may have been executed.
const BODY: &str =
    r#"{"code":"REQUEST_TIMEOUT","details":{},"message":"the request timed out","status":"error"}"#;

/// The statuses that prove by themselves that a request was not executed.
const PROOFS: [u16; 8] = [401, 405, 413, 414, 415, 421, 429, 431];

/// The calls.
#[derive(Clone, Copy, Debug)]
enum Sent {
    Create,
    CreateMany,
    Upsert,
    Convert,
    Composite,
    /// Two updates that may each be repeated.
    Updates,
    Update,
    Get,
    Reads,
}

impl Sent {
    const WRITES: [Self; 6] = [
        Self::Create,
        Self::CreateMany,
        Self::Upsert,
        Self::Convert,
        Self::Composite,
        Self::Updates,
    ];
    const REPEATABLE: [Self; 3] = [Self::Update, Self::Get, Self::Reads];

    /// Sends the call and returns its error.
    async fn send(self, api: &Api) -> Error {
        let (leads, lead) = (api.records("Leads"), Record::new().with("Last_Name", "Boyle"));
        let mut batch = api.composite();
        match self {
            Self::Create => return leads.create(&lead).await.unwrap_err(),
            // a call that may have been executed gives results, each with an error
            Self::CreateMany => {
                return match leads.create_many([&lead, &lead]).await {
                    Err(error) => error,
                    Ok(results) => {
                        let (_, item) = results.failures().next().unwrap();
                        assert_eq!(results.failures().count(), 2);
                        item.error().clone().with_outcome(item.outcome())
                    }
                };
            }
            // it has no field of the duplicate check
            Self::Upsert => return leads.upsert(&lead).await.unwrap_err(),
            Self::Convert => return leads.record("5").convert().await.unwrap_err(),
            Self::Update => return leads.update("5", &lead).await.unwrap_err(),
            Self::Get => return leads.get("5").await.unwrap_err(),
            Self::Composite => {
                batch.add(leads.get("5"));
                batch.add(leads.create(&lead));
            }
            Self::Updates => {
                batch.add(leads.update("5", &lead));
                batch.add(leads.update("6", &lead));
            }
            Self::Reads => {
                batch.add(leads.get("5"));
                batch.add(leads.get("6"));
            }
        }
        batch.await.unwrap_err()
    }
}

/// Sends a call to a server that answers like this, and returns its error and the number of
/// requests.
async fn sent(connector: &Connector, sent: Sent, answer: Vec<u8>) -> (Error, usize) {
    let (url, requests) = raw_server(answer).await;
    let stack = Stack::new(connector.clone()).retry(impatient_retry());
    let authorizer = StaticAuthorizer::zoho("token", url.parse().unwrap()).unwrap();
    let api = Api::new(stack.build(), ApiVersion::V8).authorized_by(Arc::new(authorizer));
    let error = sent.send(&api).await;
    (error, requests.load(Ordering::SeqCst))
}

async fn check(connector: &Connector, write: Sent, status: u16, framing: Framing, cut: usize) {
    let shown = format!("{write:?} {status} {framing:?} {cut}");
    let (error, requests) = sent(connector, write, framing.answer(status, BODY, cut)).await;
    let is_proof = PROOFS.contains(&status) && cut < BODY.len();
    match is_proof {
        // it may be sent again, because nothing was executed
        true => assert!([1, 4].contains(&requests), "{shown}: {requests}"),
        false => {
            assert_eq!(requests, 1, "{shown}");
            assert_eq!(error.outcome(), Outcome::Unknown, "{shown}: {error}");
            assert!(!error.is_safe_to_repeat(), "{shown}");
        }
    }
}

#[tokio::test]
async fn no_write_is_sent_twice_after_any_status_and_cut() {
    let connector = Connector::builder().build().unwrap();
    for status in 400..500 {
        let another = usize::from(status) * 31 % BODY.len();
        for (index, write) in Sent::WRITES.into_iter().enumerate() {
            let framing = Framing::ALL[(usize::from(status) + index) % 3];
            for cut in [0, another, BODY.len()] {
                check(&connector, write, status, framing, cut).await;
            }
        }
    }
}

#[tokio::test]
async fn no_composite_is_sent_twice_wherever_a_400_breaks_off() {
    let connector = Connector::builder().build().unwrap();
    for framing in Framing::ALL {
        for cut in 0..=BODY.len() {
            check(&connector, Sent::Composite, 400, framing, cut).await;
        }
    }
}

#[tokio::test]
async fn repeatable_calls_are_sent_again_after_a_cut_refusal() {
    let connector = Connector::builder().build().unwrap();
    for status in [400, 401, 403, 404, 408, 412, 413, 422, 429, 499] {
        for framing in [Framing::Length, Framing::Chunks] {
            for call in Sent::REPEATABLE {
                let answer = framing.answer(status, BODY, 20);
                let (_, requests) = sent(&connector, call, answer).await;
                assert_eq!(requests, 4, "{call:?} {status} {framing:?}");
            }
        }
    }
}
