//! Composite requests: the calls, the refusals before sending, and the answers.

mod answers;
mod lost_answers;
mod references;
mod refusals;
mod sent;
mod simulator;

use http::Request;
use serde_json::{Value, json};
use zcrm_api::{
    Api, Request as ApiRequest,
    composite::{Composite, CompositeAnswers, Handle},
};
use zcrm_core::{Error, Record, Written};

/// The answer to a part that Zoho ran, with any status.
fn ran(status: u16, body: Value) -> Value {
    let headers = json!({ "content-type": "application/json", "X-Count": 3 });
    let response = json!({ "status_code": status, "headers": headers, "body": body });
    json!({
        "code": "SUCCESS", "status": "success", "message": "composite sub request executed",
        "details": { "response": response },
    })
}

/// The answer to a part that Zoho did not run to its end.
fn not_run(code: &str) -> Value {
    let details = match code {
        "ROLLBACK_PERFORMED" => json!({ "rollbacked_by_sub_request_index": 1 }),
        _ => json!({}),
    };
    json!({ "code": code, "status": "error", "message": "no", "details": details })
}

fn created(id: &str) -> Value {
    let details = json!({ "id": id });
    json!({ "data": [{ "code": "SUCCESS", "status": "success", "message": "", "details": details }] })
}

fn refusal(code: &str) -> Value {
    json!({ "data": [{ "code": code, "status": "error", "message": "no", "details": {} }] })
}

fn envelope(parts: &[Value]) -> String {
    json!({ "__composite_requests": parts }).to_string()
}

fn account() -> Record {
    Record::new().with("Account_Name", "Zylker")
}

fn lead() -> Record {
    Record::new().with("Last_Name", "Boyle")
}

/// Creates a composite request with reads (`r`), updates (`u`), deletions (`d`) and creations (`c`).
fn batch(api: &Api, kinds: &str) -> ApiRequest<Composite> {
    let leads = api.records("Leads");
    let mut batch = api.composite();
    for kind in kinds.chars() {
        match kind {
            'r' => {
                batch.add(leads.get("5"));
            }
            'u' => {
                batch.add(leads.update("5", &lead()));
            }
            'd' => {
                batch.add(leads.delete("6"));
            }
            _ => {
                batch.add(leads.create(&lead()));
            }
        }
    }
    batch
}

/// Sends three parts: two creations and a read.
async fn three(
    api: &Api,
    rollback: bool,
) -> (Handle<Written>, Handle<Written>, Handle<Record>, Result<CompositeAnswers, Error>) {
    let mut batch = api.composite();
    if rollback {
        batch = batch.rollback_on_fail();
    }
    let account = batch.add(api.records("Accounts").create(&account()));
    let contact = lead().with("Account_Name", account.lookup());
    let contact = batch.add(api.records("Contacts").create(&contact));
    let lead = batch.add(api.records("Leads").get("5"));
    (account, contact, lead, batch.await)
}

/// Returns the body of a request as JSON, with the random number of its handles as `MARK`.
fn body_of(request: &Request<bytes::Bytes>) -> Value {
    let text = std::str::from_utf8(request.body()).unwrap();
    let id = text.split("\"p1_").nth(1).unwrap();
    let mark = id.get(..32).unwrap();
    serde_json::from_str(&text.replace(mark, "MARK")).unwrap()
}
