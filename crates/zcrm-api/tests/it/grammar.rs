//! The common methods of requests, tested on one request of each kind.

use std::{any::type_name, collections::BTreeSet, fmt::Debug, time::Duration};

use serde_json::json;
use zcrm_api::{
    Api, Call, RecordJobKind, Request, Share, SharePermission, field,
    notifications::{Channel, Event},
    operations::{ORG_GET, TAGS_CREATE},
    request::Kind,
};
use zcrm_core::{ApiVersion, Error, ErrorKind, Record, Tag};
use zcrm_http::ReqBody;

use crate::{
    canned::canned,
    sources::{arguments, implementor, methods, second, sources},
};

/// Public methods that are `async` or return a future other than a request, each with the reason.
const FUTURES: &[(&str, &str)] = &[
    ("Request<K>::send", "it sends the request"),
    ("Call::send", "it sends the call"),
    ("Request<List>::all", "it reads all pages, so it has no preview"),
    ("ItemStream::next", "it polls a stream"),
    ("ItemStream::collect_all", "it reads a stream to its end"),
    ("Pages::next", "it polls a stream"),
    ("FileDownload::next", "it polls the body of a received response"),
    ("FileDownload::save_in", "it writes a received response to disk"),
    ("FileDownload::save_over", "it writes a received response to disk"),
    ("ChangeStream::next", "it polls a stream"),
    ("Differences::next", "it polls a stream"),
    ("BulkRows::next", "it polls a stream"),
    ("BulkRows::collect", "it reads a stream to its end"),
    ("BulkCsv::next", "it polls a stream"),
    ("ImportOutcomes::next", "it polls a stream"),
    ("BulkOutcomes::next", "it polls a stream"),
    ("BulkOutcomes::collect", "it reads a stream to its end"),
    ("ExportStream::next", "it polls a stream"),
    ("ExportStream::acknowledge", "it writes the checkpoint"),
    ("ExportStream::report", "it reads the checkpoint"),
    ("NotificationStream::next", "it polls a stream"),
    ("ChannelKeeper::run", "it runs until it is dropped, and makes many calls"),
    ("ChannelKeeper::run_until", "it runs until it is stopped, and makes many calls"),
    ("CatchUp::run", "it runs until it is dropped, and makes many calls"),
    ("CatchUp::run_until", "it runs until it is stopped, and makes many calls"),
    ("SaveFile::fetch", "it downloads with the caller's function"),
    ("SaveFile::take", "it writes a received response to disk"),
];

/// The same for the facade: calls of the accounts server and of the store.
const FUTURES_OF_THE_FACADE: &[(&str, &str)] = &[
    ("Client::login", "it spends a grant at the accounts server, then asks for its user"),
    ("Client::login_if_needed", "it reads the store, and may spend a grant"),
    ("Client::missing_scopes", "it reads the store"),
    ("Clients::device_login", "it calls the accounts server"),
    ("Clients::login", "it spends a grant at the accounts server, then asks for its user"),
    ("Clients::is_logged_in", "it reads the store"),
    ("Clients::users", "it reads the store"),
    ("Clients::logout", "it changes the store"),
];

/// Request kinds whose preview is an error, each with the reason.
const WITHOUT_PREVIEW: &[(&str, &str)] = &[
    ("::UploadFile", "its file is opened when it is sent"),
    ("::BulkWrite", "its records are read when it is sent"),
    ("::Import", "its records are read when it is sent"),
];

/// A server that refuses every request, and the names of the request kinds that were tried.
struct Grammar {
    api: Api,
    sent: zcrm_test_kit::SentRequests,
    kinds: BTreeSet<String>,
}

fn movable<F: Future + Send + 'static>(future: F) -> F {
    future
}

impl Grammar {
    fn new() -> Self {
        let no =
            json!({ "code": "INVALID_DATA", "details": {}, "message": "no", "status": "error" });
        let json = [("content-type", "application/json")];
        let (api, sent) = canned(ApiVersion::V8, 400, &json, no.to_string());
        Self { api, sent, kinds: BTreeSet::new() }
    }

    /// Calls every common method of a request that can be cloned.
    async fn try_all<K>(&mut self, make: impl Fn(&Api) -> Request<K>)
    where
        K: Kind + Clone,
        K::Preview: Debug,
        Request<K>: IntoFuture<Output = Result<K::Output, Error>, IntoFuture: Send + 'static>
            + Clone
            + Debug
            + Send
            + 'static,
    {
        assert!(format!("{:?}", make(&self.api).clone()).starts_with("Request("));
        self.try_once(make).await;
    }

    /// Calls every common method of a request.
    async fn try_once<K>(&mut self, make: impl Fn(&Api) -> Request<K>)
    where
        K: Kind,
        K::Preview: Debug,
        Request<K>: IntoFuture<Output = Result<K::Output, Error>, IntoFuture: Send + 'static>
            + Debug
            + Send
            + 'static,
    {
        let kind = type_name::<K>();
        let request = || {
            let request = make(&self.api).param_unchecked("beta", "1").header("x-trace", "7");
            request.timeout(Duration::from_secs(5)).attempts(1)
        };
        assert!(format!("{:?}", request()).starts_with("Request("), "{kind}");
        match request().preview() {
            Ok(shown) => assert!(format!("{shown:?}").contains("beta=1"), "{kind}"),
            Err(error) => {
                let known = WITHOUT_PREVIEW.iter().any(|(known, _)| kind.ends_with(known));
                assert!(known && error.kind() == ErrorKind::Input, "{kind}: {error}");
            }
        }
        let wrong = || request().param("no_such", "1");
        for mistake in [
            wrong().preview().err(),
            wrong().send().await.err(),
            make(&self.api).header("authorization", "1").preview().err(),
        ] {
            assert_eq!(mistake.unwrap().kind(), ErrorKind::Input, "{kind}");
        }
        assert_eq!(self.sent.lock().unwrap().len(), 0, "{kind} sends an invalid request");
        let refusals = [
            movable(request().send()).await.err(),
            movable(request().into_future()).await.err(),
            request().await.err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.unwrap().kind(), ErrorKind::Api, "{kind}");
        }
        let sent = std::mem::take(&mut *self.sent.lock().unwrap());
        assert_eq!(sent.len(), 3, "{kind}");
        for sent in sent {
            assert!(sent.uri().query().unwrap().contains("beta=1"), "{kind}");
            assert_eq!(sent.headers()["x-trace"], "7", "{kind}");
        }
        self.kinds.extend(names(kind));
        if arguments(kind, "List").is_some_and(|of| second(of).is_none()) {
            self.kinds.insert("Whole".into());
        }
    }
}

/// Returns the names of the types in a type, without their modules.
fn names(kind: &str) -> impl Iterator<Item = String> {
    let names = kind.split(['<', '>', ',', ' ']).filter(|name| !name.is_empty());
    names.map(|name| name.rsplit("::").next().unwrap().to_owned())
}

/// Tries one request of each kind and returns the names of the kinds.
async fn kinds() -> BTreeSet<String> {
    let mut grammar = Grammar::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let row = Record::new().with("Last_Name", "Boyle");
    let row_5 = Record::new().with("id", "5").with("Last_Name", "Boyle");
    // records
    grammar.try_all(|api| api.records("Leads").get("5")).await;
    let since = "2026-05-24T17:05:12+05:30".parse::<zcrm_core::Timestamp>().unwrap();
    grammar.try_all(|api| api.record("Leads", "5").get().if_modified_since(since)).await;
    grammar.try_all(|api| api.records("Leads").create(&row)).await;
    grammar.try_all(|api| api.records("Leads").update("5", &row)).await;
    grammar.try_all(|api| api.records("Leads").upsert(&row)).await;
    grammar.try_all(|api| api.records("Leads").create_many([&row])).await;
    grammar.try_all(|api| api.records("Leads").update_many([&row_5])).await;
    grammar.try_all(|api| api.records("Leads").upsert_many([&row])).await;
    grammar.try_all(|api| api.records("Leads").delete("5")).await;
    grammar.try_all(|api| api.records("Leads").delete_many(["5"])).await;
    grammar.try_all(|api| api.record("Leads", "5").convert()).await;
    grammar.try_all(|api| api.record("Leads", "5").rows("Visits").get()).await;
    grammar.try_all(|api| api.record("Leads", "5").rows("Visits").create(&row)).await;
    grammar.try_all(|api| api.records("Leads").count()).await;
    grammar.try_all(|api| api.record("Accounts", "5").related_counts(["Deals"])).await;
    // a handle belongs to one composite request, so it cannot be cloned
    grammar
        .try_once(|api| {
            let mut batch = api.composite();
            batch.add(api.records("Leads").get("5"));
            batch
        })
        .await;
    let share = || [Share::with_everybody(SharePermission::READ_ONLY)];
    grammar.try_all(|api| api.record("Leads", "5").shares().add(share())).await;
    grammar.try_all(|api| api.record("Leads", "5").blueprint().run("6", &row)).await;
    grammar.try_all(|api| api.record("Leads", "5").merge(["6"])).await;
    grammar.try_all(|api| api.records("Leads").mass_delete_view("6")).await;
    let job = |api: &Api| {
        let clock = std::sync::Arc::new(zcrm_core::ManualClock::jumping());
        api.with_clock(clock).records("Leads").resume_job(RecordJobKind::Delete, "6")
    };
    grammar.try_all(|api| job(api).wait()).await;
    // a list for each source
    grammar.try_all(|api| api.recycle_bin().list()).await;
    grammar.try_all(|api| api.record("Leads", "5").timeline()).await;
    grammar.try_all(|api| api.records("Leads").list().fields(["id"])).await;
    grammar.try_all(|api| api.records("Leads").search(field("City").eq("x"))).await;
    grammar.try_all(|api| api.records("Leads").deleted()).await;
    grammar.try_all(|api| api.records("Leads").query().select(["id"])).await;
    grammar.try_all(|api| api.records("Leads").query().select(["id"]).exists()).await;
    grammar.try_all(|api| api.records("Leads").query().total()).await;
    let mark = zcrm_api::changes::ChangeMark::at(since);
    let changes = |api: &Api| api.records("Leads").changes_since(mark.clone()).fields(["City"]);
    grammar.try_all(|api| changes(api).accept_lost_deletions()).await;
    grammar.try_all(|api| api.coql("select id from Leads where id is not null")).await;
    grammar.try_all(|api| api.users().list()).await;
    grammar.try_all(|api| api.users().search(field("email").eq("x"))).await;
    grammar.try_all(|api| api.roles().list()).await;
    grammar.try_all(|api| api.notes().list()).await;
    // data of records, modules and the organisation
    grammar.try_all(|api| api.roles().get("5")).await;
    grammar.try_all(|api| api.users().count(zcrm_api::organisation::UserKind::ACTIVE)).await;
    grammar.try_all(|api| api.notes().delete("5")).await;
    grammar.try_all(|api| api.notes().delete_many(["5"])).await;
    let channel = Channel::to("https://app.example/zoho").on("Leads", [Event::All]);
    grammar.try_all(|api| api.notifications().list()).await;
    grammar.try_all(|api| api.notifications().watch(&channel)).await;
    grammar.try_all(|api| api.notifications().watch_many([&channel])).await;
    grammar.try_all(|api| api.notifications().delete("5")).await;
    grammar.try_all(|api| api.notifications().delete_many(["5"])).await;
    grammar.try_all(|api| api.profiles().delete("5", "6")).await;
    grammar.try_all(|api| api.record("Leads", "5").tags().add(["Hot"])).await;
    grammar.try_all(|api| api.module("Leads").custom_views().categories()).await;
    // files
    grammar.try_all(|api| api.record("Leads", "5").attachments().download("6")).await;
    grammar.try_all(|api| api.record("Leads", "5").photo().download().save_to(&path)).await;
    grammar.try_all(|api| api.org().photo().bytes()).await;
    let offer = folder.path().join("offer.txt");
    std::fs::write(&offer, "17").unwrap();
    grammar.try_all(|api| api.record("Leads", "5").attachments().upload_file(&offer)).await;
    // raw calls
    let tags = [Tag::named("Hot")];
    grammar.try_all(|api| api.call(&ORG_GET).json::<Record>()).await;
    let create = |api: &Api| api.call(&TAGS_CREATE).param("module", "Leads").items(&tags);
    grammar.try_all(|api| create(api).outcomes(1)).await;
    bulk(&mut grammar, &path).await;
    grammar.kinds
}

#[cfg(feature = "bulk")]
async fn bulk(grammar: &mut Grammar, path: &std::path::Path) {
    grammar.try_all(|api| api.records("Leads").bulk_read().fields(["City"])).await;
    let job = |api: &Api| {
        let clock = std::sync::Arc::new(zcrm_core::ManualClock::jumping());
        let handle = json!({ "id": "5", "module": "Leads", "part": 1, "query": {},
            "created": "2026-01-01T00:00:00Z" });
        let handle = serde_json::from_value(handle).unwrap();
        api.with_clock(clock).records("Leads").resume_bulk_read(handle).unwrap()
    };
    grammar.try_all(|api| job(api).wait()).await;
    grammar.try_all(|api| job(api).status()).await;
    let folder = path.parent().unwrap();
    grammar.try_all(|api| api.records("Leads").export().save_in(folder)).await;
    let body = br#"{"data":[{"id":"5","state":"COMPLETED"}]}"#;
    let ended = || zcrm_api::bulk::BulkStatus::from_callback(body).unwrap();
    grammar.try_all(|api| job(api).result(ended()).unwrap().unwrap().save_to(path)).await;
    let row = || Record::new().with("Last_Name", "A");
    grammar.try_once(|api| api.records("Leads").bulk_write().create().rows([row()])).await;
    grammar.try_once(|api| api.records("Leads").import([row()]).create()).await;
    let job = |api: &Api| {
        let clock = std::sync::Arc::new(zcrm_core::ManualClock::jumping());
        let handle = json!({ "id": "5", "part": 1, "first": 0, "created": "2026-01-01T00:00:00Z",
            "files": [{ "module": "Leads", "sums": "" }] });
        let handle = serde_json::from_value(handle).unwrap();
        api.with_clock(clock).records("Leads").resume_bulk_write(handle).unwrap()
    };
    grammar.try_all(|api| job(api).wait()).await;
    grammar.try_all(|api| job(api).status()).await;
}

/// The kinds of a feature that is off have no requests.
#[cfg(not(feature = "bulk"))]
async fn bulk(grammar: &mut Grammar, _: &std::path::Path) {
    let kinds = [
        "BulkRead",
        "BulkWrite",
        "Import",
        "SaveCsv",
        "SaveExport",
        "WaitForBulk",
        "WaitForBulkWrite",
    ];
    grammar.kinds.extend(kinds.map(String::from));
}

#[tokio::test]
async fn every_request_has_the_common_methods() {
    let kinds = kinds().await;
    for source in sources("zcrm-api") {
        for line in source.lines() {
            // the kinds themselves
            let of = line.strip_prefix("impl").map_or_else(String::new, implementor);
            let is_kind = [" Kind for ", " SingleCall for "].iter().any(|it| line.contains(it));
            if line.starts_with("impl") && is_kind && of != "K" {
                assert!(kinds.contains(&of), "no request of the kind `{of}` is tested here");
            }
            if line.starts_with("impl") && line.contains("IntoFuture for ") {
                assert!(
                    ["Request<K>", "Call"].contains(&&*of),
                    "`{of}` is not a `Request` or a `Call`"
                );
            }
        }
        for method in methods(&source) {
            let Some(request) = arguments(&method.returns, "Request") else { continue };
            if method.returns.contains("http::Request<") || method.returns.contains("HttpRequest<")
            {
                continue;
            }
            let kind = names(request).next().unwrap();
            assert!(kinds.contains(&kind), "`{}` returns an unknown kind `{kind}`", method.name);
            if kind == "List" {
                let source = second(arguments(request, "List").unwrap()).unwrap_or("Whole");
                let known = kinds.contains(source) || source == "S";
                assert!(known, "`{}` returns a list of an unknown `{source}`", method.name);
            }
        }
    }
}

#[test]
fn every_method_with_another_future_has_a_reason() {
    for (name, allowed) in [("zcrm-api", FUTURES), ("zcrm", FUTURES_OF_THE_FACADE)] {
        let mut found = BTreeSet::new();
        for method in sources(name).iter().flat_map(|source| methods(source)) {
            let returns = ["Future", "BoxFuture", "Sending"];
            if method.is_async || returns.iter().any(|it| names_it(&method.returns, it)) {
                let known = allowed.iter().any(|(name, _)| *name == method.name);
                assert!(
                    known,
                    "`{}` does not return a `Request`: return one, or add a reason",
                    method.name
                );
                found.insert(method.name);
            }
        }
        for (name, _) in allowed {
            assert!(found.contains(*name), "`{name}` no longer exists: remove it from the list");
        }
    }
}

fn names_it(text: &str, name: &str) -> bool {
    names(text).any(|it| it == name)
}

#[tokio::test]
async fn raw_call_has_the_methods_of_a_request() {
    fn all<C: Clone + Debug + Send + IntoFuture<IntoFuture: Send + 'static>>(call: C) -> C {
        call
    }
    let Grammar { api, sent, .. } = Grammar::new();
    let call = || -> Call {
        let call = api.call(&TAGS_CREATE).param("module", "Leads").param_unchecked("beta", "1");
        let call = call.header("x-trace", "7").timeout(Duration::from_secs(5)).attempts(1);
        all(call.items(&[Tag::named("Hot")]))
    };
    assert!(call().preview().unwrap().uri().query().unwrap().contains("beta=1"));
    let wrong = call().param("no_such", "1");
    assert_eq!(wrong.preview().unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(wrong.await.unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(sent.lock().unwrap().len(), 0);
    // it returns the response for any status
    assert_eq!(movable(call().send()).await.unwrap().status(), 400);
    assert_eq!(movable(call().into_future()).await.unwrap().status(), 400);
    assert_eq!(sent.lock().unwrap().len(), 2);
    let upload = api.call(&TAGS_CREATE).file("a", "b", ReqBody::from("c"));
    assert_eq!(upload.await.unwrap_err().kind(), ErrorKind::Input);
}
