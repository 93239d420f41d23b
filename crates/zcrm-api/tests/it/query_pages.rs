//! The pages of COQL queries, with servers that answer wrongly.

use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, TryStreamExt};
use http::{Request, Response};
use serde_json::{Value, json};
use tower::{service_fn, util::BoxCloneSyncService};
use zcrm_api::{Api, Cursor};
use zcrm_core::{ApiVersion, Error, ErrorKind, Record};
use zcrm_http::{ReqBody, ResBody};

use crate::canned::refused;

type Queries = Arc<Mutex<Vec<String>>>;

/// Creates an API whose server answers the n-th query, from 1, and the queries that were sent.
fn server(
    version: ApiVersion,
    answer: impl Fn(usize) -> Value + Send + Sync + 'static,
) -> (Api, Queries) {
    let queries = Queries::default();
    let (seen, answer) = (Arc::clone(&queries), Arc::new(answer));
    let transport = service_fn(move |request: Request<ReqBody>| {
        let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
        async move {
            let body = request.into_body().collect().await?.to_vec();
            let body: Value = serde_json::from_slice(&body)?;
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push(body["select_query"].as_str().unwrap().to_owned());
                seen.len()
            };
            assert!(number < 500, "the query does not end");
            let body = match answer(number) {
                Value::Null => (204, String::new()),
                answer => (200, answer.to_string()),
            };
            Ok(Response::builder().status(body.0).body(ResBody::from(body.1)).unwrap())
        }
    });
    (Api::new(BoxCloneSyncService::new(transport), version), queries)
}

fn rows(ids: std::ops::Range<u64>, more: Option<bool>) -> Value {
    let data: Vec<Value> =
        ids.map(|id| json!({ "id": id.to_string(), "Owner": { "id": "1" } })).collect();
    match more {
        Some(more) => {
            json!({ "info": { "count": data.len(), "more_records": more }, "data": data })
        }
        None => json!({ "data": data }),
    }
}

async fn read(api: &Api, text: &str) -> Result<Vec<Record>, Error> {
    api.coql(text).stream().try_collect().await
}

const PLAIN: &str = "select id from Leads where A = 1";

#[tokio::test]
async fn continues_after_the_last_id() {
    let (api, queries) = server(ApiVersion::V8, |number| match number {
        1 => rows(8..10, Some(true)),
        2 => rows(10..12, Some(true)),
        _ => Value::Null,
    });
    assert_eq!(read(&api, PLAIN).await.unwrap().len(), 4);
    let queries = queries.lock().unwrap();
    assert_eq!(queries[0], format!("{PLAIN} order by id asc limit 2000"));
    let after = |id: u64| {
        format!("select id from Leads where (A = 1 and id > '{id}') order by id asc limit 2000")
    };
    assert_eq!(queries[1..], [after(9), after(11)]);
}

#[tokio::test]
async fn continues_before_the_last_id_of_a_descending_query() {
    let (api, queries) = server(ApiVersion::V3, |number| {
        let page = rows(8..10, Some(number == 1));
        match number {
            1 => {
                json!({ "data": [{ "id": "10" }, { "id": "9" }], "info": { "more_records": true } })
            }
            _ => page,
        }
    });
    let query = api.records("Leads").query().select(["id"]).order_by_desc("id");
    assert_eq!(query.all().await.unwrap().len(), 4);
    let expected = "select id from Leads where id < '9' order by id desc limit 200";
    assert_eq!(queries.lock().unwrap()[1], expected);
}

#[tokio::test]
async fn ends_at_the_callers_limit() {
    let (api, queries) = server(ApiVersion::V8, |number| {
        let number = u64::try_from(number).unwrap();
        rows(number * 10..number * 10 + 10, Some(true))
    });
    let query = || api.records("Leads").query().select(["id"]).per_page(10).limit(25);
    // the third page has ten rows too, because this server ignores the limit
    assert_eq!(query().all().await.unwrap().len(), 30);
    let texts = queries.lock().unwrap().clone();
    let limits: Vec<&str> = texts.iter().map(|text| text.rsplit(' ').next().unwrap()).collect();
    assert_eq!(limits, ["10", "10", "5"]);
    let pages: Vec<_> = query().pages().try_collect().await.unwrap();
    assert_eq!(pages.len(), 3);
}

#[tokio::test]
async fn asks_for_the_next_page_after_a_full_one_without_info() {
    let (api, queries) = server(ApiVersion::V8, |number| match number {
        1 => rows(0..2, None),
        _ => rows(2..3, None),
    });
    let query = api.coql(PLAIN).per_page(2).all().await.unwrap();
    assert_eq!((query.len(), queries.lock().unwrap().len()), (3, 2));
}

#[tokio::test]
async fn ends_a_query_whose_rows_do_not_lead_to_a_next_page() {
    type Answer = fn(usize) -> Value;
    let cases: [(&str, Answer); 3] = [
        ("no id", |_| json!({ "data": [{ "A": 1 }], "info": { "more_records": true } })),
        ("end with the id", |_| rows(5..8, Some(true))),
        ("empty page", |number| match number {
            1 => rows(5..8, Some(true)),
            _ => rows(5..5, Some(true)),
        }),
    ];
    for (expected, answer) in cases {
        let (api, queries) = server(ApiVersion::V8, answer);
        let error = read(&api, PLAIN).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(queries.lock().unwrap().len() <= 2);
    }
}

#[tokio::test]
async fn never_writes_an_odd_id_into_the_next_query() {
    let (api, queries) = server(
        ApiVersion::V8,
        |_| json!({ "data": [{ "id": "7' or id is not null" }], "info": { "more_records": true } }),
    );
    let error = read(&api, PLAIN).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert_eq!(queries.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn ends_sorted_queries_with_a_wall_at_the_last_offset() {
    for (version, wall, page) in [(ApiVersion::V6, 10_000, 1_500), (ApiVersion::V3, 10_000, 200)] {
        let (api, queries) = server(version, move |number| {
            let number = u64::try_from(number).unwrap();
            let rest = wall - (number - 1) * page;
            rows(0..page.min(rest), Some(true))
        });
        let query = api.coql("select id from Leads where A = 1 order by B asc").per_page(page);
        let rows: Vec<_> = query.stream().collect().await;
        let (read, error) = (rows.len() - 1, rows.into_iter().last().unwrap().unwrap_err());
        assert_eq!(u64::try_from(read).unwrap(), wall);
        assert_eq!(error.kind(), ErrorKind::Wall, "{error}");
        assert!(error.to_string().contains("offsets reach no further"), "{error}");
        let queries = queries.lock().unwrap();
        let last = queries.last().unwrap();
        let rest = (wall - 1) % page + 1;
        assert!(last.ends_with(&format!("limit {rest} offset {}", wall - rest)), "{last}");
    }
}

#[tokio::test]
async fn reads_the_text_with_a_limit_as_one_page() {
    let (api, queries) = server(ApiVersion::V8, |_| rows(0..5, Some(true)));
    let text = "select id from Leads where A = 1 order by B desc limit 5";
    assert_eq!(read(&api, text).await.unwrap().len(), 5);
    assert_eq!(*queries.lock().unwrap(), [text]);
}

#[tokio::test]
async fn resumes_a_query_at_a_serialised_cursor() {
    let (api, queries) = server(ApiVersion::V8, |number| match number {
        1 | 3 => rows(10..13, Some(true)),
        _ => rows(13..15, Some(false)),
    });
    let list = || api.records("Leads").list().fields(["Last_Name"]).complete();
    let mut stream = list().stream();
    for _ in 0..4 {
        stream.next().await.unwrap().unwrap();
    }
    let cursor = serde_json::to_string(&stream.cursor().unwrap()).unwrap();
    let cursor: Cursor = serde_json::from_str(&cursor).unwrap();
    assert_eq!(cursor.index(), 4);
    let contacts = api.records("Contacts");
    refused(contacts.resume(cursor.clone()), &["`Leads`", "`Contacts`"]);
    refused(contacts.list().fields(["A"]).resume(cursor.clone()), &["coql.query", "records.list"]);
    let other = api.coql("select A from Deals where id is not null");
    refused(other.resume(cursor.clone()), &["`Leads`", "`Deals`"]);
    for _ in 0..2 {
        queries.lock().unwrap().push(String::from("a query before"));
        let rest: Vec<Record> =
            api.records("Leads").resume(cursor.clone()).unwrap().try_collect().await.unwrap();
        assert_eq!(rest.len(), 1);
    }
    let last = queries.lock().unwrap().last().unwrap().clone();
    assert_eq!(last, "select Last_Name from Leads where id > '12' order by id asc limit 2000");
}

#[tokio::test]
async fn refuses_a_cursor_whose_id_is_not_one() {
    let (api, _) = server(ApiVersion::V8, |_| rows(10..13, Some(true)));
    let query = || api.coql(PLAIN);
    let mut stream = query().stream();
    for _ in 0..4 {
        let _ = stream.next().await;
    }
    let cursor = serde_json::to_string(&stream.cursor().unwrap()).unwrap();
    assert!(cursor.contains("\"12\""), "{cursor}");
    let forged: Cursor =
        serde_json::from_str(&cursor.replace("\"12\"", "\"1' or A = '2\"")).unwrap();
    refused(query().resume(forged), &["invalid id"]);
}

/// A cursor can be read by a later release of a program, with another version of Zoho's API.
#[tokio::test]
async fn resumes_within_the_limits_of_the_version() {
    let (newest, _) = server(ApiVersion::V8, |_| rows(10..2_010, Some(true)));
    let (oldest, queries) = server(ApiVersion::V3, |_| rows(3_000..3_010, Some(false)));
    let by_id = |api: &Api| api.records("Leads").query().select(["id"]);
    let sorted = |api: &Api| by_id(api).order_by("A");
    let cursors = [by_id(&newest), sorted(&newest)].map(|query| async move {
        let mut stream = query.stream();
        for _ in 0..2_000 {
            stream.next().await.unwrap().unwrap();
        }
        stream.cursor().unwrap()
    });
    let [by_key, by_offset] = cursors;
    let (by_key, by_offset) = (by_key.await, by_offset.await);
    let rest: Vec<Record> =
        by_id(&oldest).resume(by_key.clone()).unwrap().try_collect().await.unwrap();
    assert_eq!(rest.len(), 10);
    assert_eq!(
        *queries.lock().unwrap(),
        ["select id from Leads where id > '2009' order by id asc limit 200"]
    );
    let changed = |cursor: &Cursor, from: &str, to: &str| -> Cursor {
        let text = serde_json::to_string(cursor).unwrap();
        assert!(text.contains(from), "{text}");
        serde_json::from_str(&text.replace(from, to)).unwrap()
    };
    let far = changed(&by_offset, r#""offset":2000}"#, r#""offset":10000}"#);
    refused(sorted(&oldest).resume(far), &["row 10000", "v3"]);
    let mixed = changed(&by_offset, r#"{"offset":2000}"#, r#"{"page":2}"#);
    refused(sorted(&newest).resume(mixed), &["does not fit its query"]);
}

#[tokio::test]
async fn learns_whether_a_record_exists() {
    let (api, _) = server(ApiVersion::V8, |number| match number {
        1 => rows(5..6, Some(true)),
        _ => Value::Null,
    });
    assert!(api.coql(PLAIN).exists().await.unwrap());
    assert!(!api.records("Leads").query().select(["id"]).exists().await.unwrap());
}
