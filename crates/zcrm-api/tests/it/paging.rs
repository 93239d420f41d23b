//! Lists of servers that never end, or that end without `info`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::StreamExt;
use http::{Request, Response};
use serde_json::{Value, json};
use tower::{service_fn, util::BoxCloneSyncService};
use zcrm_api::{Api, Cursor, operations::USERS_LIST};
use zcrm_core::{ApiVersion, Error, ErrorKind, Outcome, Record};
use zcrm_http::{ReqBody, ResBody};

use crate::canned::BOTH;

/// Creates an API whose server answers its n-th request, counted from 1, with the status and body
/// that `answer` returns.
fn server(
    version: ApiVersion,
    answer: impl Fn(usize, &str) -> (u16, String) + Send + Sync + 'static,
) -> (Api, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let (count, answer) = (Arc::clone(&requests), Arc::new(answer));
    let transport = service_fn(move |request: Request<ReqBody>| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(number < 500, "the list does not end");
        let (status, body) = answer(number, request.uri().query().unwrap_or_default());
        async move { Ok(Response::builder().status(status).body(ResBody::from(body)).unwrap()) }
    });
    (Api::new(BoxCloneSyncService::new(transport), version), requests)
}

/// Creates an API whose server answers the n-th request with this JSON.
fn pages(
    version: ApiVersion,
    answer: impl Fn(usize) -> Value + Send + Sync + 'static,
) -> (Api, Arc<AtomicUsize>) {
    server(version, move |number, _| (200, answer(number).to_string()))
}

/// Reads a list and returns the number of its items and the error that ended it.
async fn read(api: &Api, list: &str) -> (usize, Option<Error>) {
    fn end<T>(items: Vec<Result<T, Error>>) -> (usize, Option<Error>) {
        let good = items.iter().filter(|item| item.is_ok()).count();
        (good, items.into_iter().find_map(Result::err))
    }
    let contacts = api.records("Contacts");
    let lead = api.record("Leads", "5");
    match list {
        "records" => end(contacts.list().fields(["id"]).stream().collect().await),
        "deleted" => end(contacts.deleted().stream().collect().await),
        "search" => end(contacts.search_word("x").stream().collect().await),
        "users" => end(api.users().list().stream().collect().await),
        "notes" => end(lead.notes().list().stream().collect().await),
        "all notes" => end(api.notes().list().stream().collect().await),
        "related" => end(lead.related("Contacts").list().fields(["id"]).stream().collect().await),
        "attachments" => end(lead.attachments().list().stream().collect().await),
        "roles" => end(api.roles().list().stream().collect().await),
        "pages" => end(api.call(&USERS_LIST).list::<Record>().pages().collect().await),
        other => panic!("{other}"),
    }
}

const LISTS: [&str; 10] = [
    "records",
    "deleted",
    "search",
    "users",
    "notes",
    "all notes",
    "related",
    "attachments",
    "roles",
    "pages",
];

/// Returns a response that fits every list.
fn page(items: &Value, info: &Value) -> Value {
    json!({ "data": items, "users": items, "roles": items, "info": info })
}

fn one(id: usize) -> Value {
    json!([{ "id": id.to_string() }])
}

fn server_fault(error: &Error, what: &str) {
    assert_eq!(error.kind(), ErrorKind::Decode, "{what}: {error}");
    assert_eq!(error.outcome(), Outcome::Local, "{what}: {error}");
    assert!(error.is_safe_to_repeat(), "{what}: {error}");
}

#[tokio::test]
async fn ends_lists_whose_page_always_promises_more() {
    for version in BOTH {
        for list in LISTS {
            let always = page(&one(1), &json!({ "more_records": true }));
            let (api, requests) = pages(version, move |_| always.clone());
            let (read, error) = read(&api, list).await;
            let (error, sent) = (error.unwrap(), requests.load(Ordering::SeqCst));
            assert!(sent <= 10 && read <= 10, "{list}: {sent} requests, {read} items");
            assert!(matches!(error.kind(), ErrorKind::Decode | ErrorKind::Wall), "{list}: {error}");
        }
    }
}

#[tokio::test]
async fn ends_lists_whose_pages_repeat_with_new_tokens() {
    for period in 1..=4 {
        for list in LISTS {
            let (api, requests) = pages(ApiVersion::V8, move |number| {
                let token = format!("token {number}");
                let info = json!({ "more_records": true, "next_page_token": token });
                page(&one(number % period), &info)
            });
            let (_, error) = read(&api, list).await;
            let (error, sent) = (error.unwrap(), requests.load(Ordering::SeqCst));
            assert!(sent <= 10, "{list}: {sent} requests");
            assert!(matches!(error.kind(), ErrorKind::Decode | ErrorKind::Wall), "{list}: {error}");
        }
    }
}

#[tokio::test]
async fn ends_lists_whose_repeated_items_change_a_little() {
    for list in ["records", "users", "notes", "related", "attachments", "pages"] {
        let (api, requests) = pages(ApiVersion::V8, |number| {
            let items = json!([{ "n": number, "id": (number % 2).to_string() }, { "id": number }]);
            let token = format!("token {number}");
            page(&items, &json!({ "more_records": true, "next_page_token": token }))
        });
        let (_, error) = read(&api, list).await;
        server_fault(&error.unwrap(), list);
        assert_eq!(requests.load(Ordering::SeqCst), 4, "{list}");
    }
}

#[tokio::test]
async fn reads_items_without_ids_by_their_content() {
    let (api, _) = pages(ApiVersion::V8, |number| {
        let by = json!({ "id": "9" });
        let items = json!([{ "done_by": by, "n": number }]);
        page(&items, &json!({ "more_records": number < 6 }))
    });
    assert_eq!(read(&api, "users").await.0, 6);
}

#[tokio::test]
async fn ends_lists_whose_tokens_form_a_circle() {
    for period in 1..=5 {
        for list in ["records", "notes", "all notes", "related", "attachments"] {
            let (api, requests) = pages(ApiVersion::V8, move |number| {
                let token = format!("token {}", number % period);
                page(&one(number), &json!({ "more_records": true, "next_page_token": token }))
            });
            let (read, error) = read(&api, list).await;
            assert_eq!((read, requests.load(Ordering::SeqCst)), (period + 1, period + 1), "{list}");
            let error = error.unwrap();
            server_fault(&error, list);
            assert!(error.to_string().contains("same page token twice"), "{error}");
        }
    }
}

#[tokio::test]
async fn reports_an_empty_promising_page_as_a_server_fault() {
    for version in BOTH {
        for list in LISTS {
            let (api, requests) = pages(version, |number| {
                let token = format!("token {number}");
                page(&json!([]), &json!({ "more_records": true, "next_page_token": token }))
            });
            let (read, error) = read(&api, list).await;
            let held = usize::from(list == "pages");
            assert_eq!((read, requests.load(Ordering::SeqCst)), (held, 1), "{list}");
            let error = error.unwrap();
            server_fault(&error, list);
            assert!(error.to_string().contains("empty page"), "{error}");
        }
    }
}

#[tokio::test]
async fn reads_every_item_despite_an_invalid_info() {
    for version in BOTH {
        for info in [
            json!(null),
            json!([]),
            json!("x"),
            json!({}),
            json!({ "more_records": null }),
            json!({ "more_records": null, "page": null, "per_page": null, "count": null }),
            json!({ "more_records": false, "page": "one", "per_page": {}, "count": -1 }),
            json!({ "more_records": "false", "next_page_token": null }),
            json!({ "more_records": [], "page_token_expiry": 5, "previous_page_token": [] }),
        ] {
            for list in LISTS {
                let whole = page(&json!([{ "id": "1" }, { "id": "2" }]), &info);
                let (api, requests) = pages(version, move |_| whole.clone());
                let (read, error) = read(&api, list).await;
                let wanted = if list == "pages" { 1 } else { 2 };
                assert_eq!(read, wanted, "{list} {info}");
                assert!(error.is_none(), "{list} {info}: {error:?}");
                assert_eq!(requests.load(Ordering::SeqCst), 1, "{list} {info}");
            }
        }
    }
}

#[tokio::test]
async fn continues_after_a_full_page_without_more_records() {
    let full = |number: usize| -> Value {
        let items: Vec<Value> =
            (0..200).map(|n| json!({ "id": (number * 200 + n).to_string() })).collect();
        items.into()
    };
    // with page numbers, until there is no content
    let (api, requests) = server(ApiVersion::V8, move |number, _| match number {
        1 | 2 => (200, page(&full(number), &json!({ "more_records": null })).to_string()),
        _ => (204, String::new()),
    });
    assert_eq!(api.users().list().all().await.unwrap().len(), 400);
    assert_eq!(requests.load(Ordering::SeqCst), 3);
    // with page tokens
    let (api, requests) = pages(ApiVersion::V8, move |number| match number {
        1 => page(&one(1), &json!({ "more_records": null, "next_page_token": "t" })),
        _ => page(&one(2), &json!({ "more_records": null })),
    });
    assert_eq!(read(&api, "records").await.0, 2);
    assert_eq!(requests.load(Ordering::SeqCst), 2);
    // without any information, the list ends with an error
    let (api, _) = pages(ApiVersion::V8, move |number| match number {
        1 => page(&full(1), &json!({ "more_records": true, "next_page_token": "t" })),
        _ => page(&full(2), &json!({ "more_records": null })),
    });
    let (read, error) = read(&api, "notes").await;
    assert_eq!(read, 400);
    server_fault(error.as_ref().unwrap(), "notes");
    assert!(error.unwrap().to_string().contains("`info.more_records`"));
}

#[tokio::test]
async fn reports_a_promised_page_without_more_records() {
    for version in BOTH {
        for last in [
            json!({ "data": [{ "id": "2" }], "users": [{ "id": "2" }] }),
            page(&one(2), &json!([])),
            page(&one(2), &json!({})),
            page(&one(2), &json!(null)),
            page(&one(2), &json!({ "more_records": "perhaps" })),
            page(&json!([]), &json!([])),
        ] {
            for list in LISTS.into_iter().filter(|list| *list != "roles") {
                let last = last.clone();
                let (api, _) = pages(version, move |number| match number {
                    1 => page(&one(1), &json!({ "more_records": true, "next_page_token": "t" })),
                    _ => last.clone(),
                });
                let (_, error) = read(&api, list).await;
                let error = error.unwrap();
                server_fault(&error, list);
                assert!(error.to_string().contains("`info.more_records`"), "{list}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn ends_without_an_error_at_a_promised_page_without_content() {
    for version in BOTH {
        for list in LISTS.into_iter().filter(|list| *list != "roles") {
            let (api, requests) = server(version, move |number, _| match number {
                1 => {
                    let info = json!({ "more_records": true, "next_page_token": "t" });
                    (200, page(&one(1), &info).to_string())
                }
                _ => (204, String::new()),
            });
            let (_, error) = read(&api, list).await;
            assert!(error.is_none(), "{list}: {error:?}");
            assert_eq!(requests.load(Ordering::SeqCst), 2, "{list}");
        }
    }
}

#[tokio::test]
async fn reports_a_promised_page_that_is_not_modified() {
    for version in BOTH {
        let not_modified = move || {
            server(version, |number, _| match number {
                1 => {
                    let info = json!({ "more_records": true, "next_page_token": "t" });
                    (200, page(&one(1), &info).to_string())
                }
                _ => (304, String::new()),
            })
            .0
        };
        for list in LISTS.into_iter().filter(|list| *list != "roles") {
            let (read, error) = read(&not_modified(), list).await;
            assert_eq!((read, error.unwrap().kind()), (1, ErrorKind::NotModified), "{list}");
        }
        // also if the request asked for it
        let since = "2026-05-24T17:05:12+05:30".parse::<zcrm_core::Timestamp>().unwrap();
        let list = not_modified().records("Contacts").list().fields(["id"]).modified_since(since);
        let all = list.stream().collect_all().await;
        assert_eq!(all.records.len(), 1);
        let error = all.interrupted.unwrap();
        assert_eq!(error.kind(), ErrorKind::NotModified);
        assert!(Cursor::of(&error).is_some());
    }
}

#[tokio::test]
async fn names_the_missing_page_token() {
    for odd in [json!(null), json!(""), json!({}), json!([])] {
        let (api, _) = pages(ApiVersion::V8, move |number| match number {
            1 => page(&one(1), &json!({ "more_records": true, "next_page_token": "t" })),
            _ => page(&one(2), &json!({ "more_records": true, "next_page_token": odd })),
        });
        let (read, error) = read(&api, "related").await;
        assert_eq!(read, 2);
        let error = error.unwrap();
        server_fault(&error, "related");
        assert!(error.to_string().contains("`info.next_page_token`"), "{error}");
    }
}

#[tokio::test]
async fn reads_a_page_shifted_by_concurrent_inserts() {
    // two inserts between the pages repeat the last items of the previous page
    let (api, _) = server(ApiVersion::V8, |number, query| {
        assert!(query.contains("per_page=1"));
        let id = [1, 2, 2, 3, 4][number - 1];
        let more = number < 5;
        (200, page(&one(id), &json!({ "more_records": more })).to_string())
    });
    assert_eq!(api.users().list().per_page(1).all().await.unwrap().len(), 5);
}

#[tokio::test]
async fn resumes_after_a_faulty_page() {
    let (api, requests) = server(ApiVersion::V8, |number, query| match number {
        1 => (
            200,
            page(&one(1), &json!({ "more_records": true, "next_page_token": "a" })).to_string(),
        ),
        2 => (200, page(&one(2), &json!([])).to_string()),
        3 => {
            assert!(query.contains("page_token=a"), "{query}");
            let info = json!({ "more_records": true, "next_page_token": "b" });
            (200, page(&one(2), &info).to_string())
        }
        _ => (200, page(&one(3), &json!({ "more_records": false })).to_string()),
    });
    let contacts = api.records("Contacts");
    let mut stream = contacts.list().fields(["id"]).stream();
    let mut ids = Vec::new();
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(record) => ids.push(record.id().unwrap()),
            Err(error) => break error,
        }
    };
    assert!(stream.next().await.is_none());
    let cursor = Cursor::of(&error).unwrap().clone();
    assert!(stream.cursor().unwrap() == cursor);
    let rest = contacts.resume(cursor).unwrap().collect_all().await;
    assert!(rest.interrupted.is_none());
    ids.extend(rest.records.iter().filter_map(Record::id));
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(requests.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn ends_a_list_without_info_at_its_last_page() {
    for version in BOTH {
        for list in ["deleted", "search", "users", "notes", "related", "attachments", "pages"] {
            for last in [one(900), json!([])] {
                let (api, requests) = server(version, move |number, _| {
                    let full = (0..200).map(|n| json!({ "id": n.to_string() })).collect();
                    let items = if number == 1 { &Value::Array(full) } else { &last };
                    (200, json!({ "data": items, "users": items }).to_string())
                });
                let (items, error) = read(&api, list).await;
                assert!(error.is_none(), "{list}: {error:?}");
                assert!(items >= 200 || list == "pages", "{list}");
                assert_eq!(requests.load(Ordering::SeqCst), 2, "{list}");
            }
        }
    }
}

#[tokio::test]
async fn reads_more_records_that_is_a_number() {
    for (yes, no) in [(json!(1), json!(0)), (json!("1"), json!("0")), (json!("True"), json!(0))] {
        let (api, requests) = pages(ApiVersion::V8, move |number| {
            let more = if number == 1 { &yes } else { &no };
            page(&one(number), &json!({ "more_records": more }))
        });
        assert_eq!(api.users().list().all().await.unwrap().len(), 2);
        assert_eq!(requests.load(Ordering::SeqCst), 2);
    }
}
