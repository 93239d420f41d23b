//! Custom layers, headers and transports, and streamed files: from a client to the simulator.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, HeaderValue, Request, header::AUTHORIZATION, header::USER_AGENT};
use tower::{ServiceExt, util::MapRequestLayer};
use zcrm::{
    Client, ClientBuilder, ErrorKind, Outcome, Record,
    files::{ReqBody, SaveFile},
    http::{Connector, LayerPosition},
    operations::{ATTACHMENTS_DOWNLOAD, ATTACHMENTS_UPLOAD},
};
use zcrm_core::ManualClock;
use zcrm_sim::Simulator;

fn builder(sim: &Simulator) -> ClientBuilder {
    let builder = zcrm_test_kit::builder(sim).content_base_url(sim.api_url());
    builder.retry(zcrm_test_kit::impatient_retry())
}

async fn logged_in(builder: ClientBuilder, sim: &Simulator) -> Client {
    let client = zcrm_test_kit::logged_in(sim, builder).await;
    sim.clear_journal();
    client
}

/// Expires all earlier tokens at the server and advances the clock, because a client does not
/// refresh a token that it just received.
fn let_tokens_expire(sim: &Simulator, clock: &ManualClock) {
    clock.advance(Duration::from_secs(120));
    sim.expire_access_tokens();
}

/// The path, the user agent and the presence of a token of each request that passes a layer.
type Seen = Arc<Mutex<Vec<(String, String, bool)>>>;

fn watch(builder: ClientBuilder, place: LayerPosition) -> (ClientBuilder, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let watching = MapRequestLayer::new(move |request: Request<ReqBody>| {
        let headers = request.headers();
        let agent = headers.get(USER_AGENT).map_or("", |agent| agent.to_str().unwrap()).to_owned();
        let path = request.uri().path().to_owned();
        log.lock().unwrap().push((path, agent, headers.contains_key(AUTHORIZATION)));
        request
    });
    (builder.layer(place, watching), seen)
}

fn agent(name: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(name))])
}

#[tokio::test]
async fn applies_custom_layers_and_headers() {
    let sim = Simulator::start().await.unwrap();
    let (builder, calls) =
        watch(builder(&sim).headers(agent("zylker-sync/1.2")), LayerPosition::Call);
    let (builder, attempts) = watch(builder, LayerPosition::Attempt);
    let (builder, sent) = watch(builder, LayerPosition::Connector);
    let client = logged_in(builder, &sim).await;
    let login = sent.lock().unwrap().remove(0);
    assert_eq!(login, ("/oauth/v2/token".into(), "zylker-sync/1.2".into(), false));

    sim.faults().on_path_prefix("/crm/").status(502);
    client.records("Leads").list().fields(["Last_Name"]).send().await.unwrap();
    let line = |agent: &str, token| ("/crm/v8/Leads".to_owned(), agent.to_owned(), token);
    let take = |seen: &Seen| std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(take(&calls).len(), 1);
    assert_eq!(take(&attempts), [line("zylker-sync/1.2", false), line("zylker-sync/1.2", false)]);
    assert_eq!(take(&sent), [line("zylker-sync/1.2", true), line("zylker-sync/1.2", true)]);

    // for some calls only
    let api = client.with_headers(agent("zylker-import/3")).unwrap();
    api.records("Leads").list().fields(["Last_Name"]).send().await.unwrap();
    client.records("Leads").list().fields(["Last_Name"]).send().await.unwrap();
    assert_eq!(take(&sent), [line("zylker-import/3", true), line("zylker-sync/1.2", true)]);
}

#[tokio::test]
async fn rejects_headers_that_the_stack_sets() {
    let sim = Simulator::start().await.unwrap();
    let own = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("mine"))]);
    let error = builder(&sim).headers(own.clone()).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("authorization"), "{error}");
    let client = builder(&sim).build().unwrap();
    assert_eq!(client.with_headers(own).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn sends_every_request_through_a_custom_transport() {
    let sim = Simulator::start().await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let connector = Connector::builder().root_pem(sim.ca_pem()).build().unwrap();
    let own = connector.map_request(move |request: Request<ReqBody>| {
        counter.fetch_add(1, Ordering::Relaxed);
        request
    });
    let client = logged_in(builder(&sim).transport(own), &sim).await;
    client.records("Leads").list().fields(["Last_Name"]).send().await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2);
    assert_eq!(sim.journal().api_requests(), 1);
}

/// Returns a lead, and a file of more than one chunk.
async fn lead_and_file(client: &Client, folder: &Path) -> (String, PathBuf, Vec<u8>) {
    let row = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let lead = client.records("Leads").create(&row).await.unwrap().id;
    let content: Vec<u8> =
        (0..700_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let path = folder.join("offer.bin");
    std::fs::write(&path, &content).unwrap();
    (lead.to_string(), path, content)
}

#[tokio::test]
async fn uploads_and_downloads_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Simulator::start().await.unwrap();
    let clock = Arc::new(ManualClock::new());
    let client = logged_in(builder(&sim).clock(clock.clone()), &sim).await;
    let (lead, path, content) = lead_and_file(&client, folder.path()).await;
    let report = |most: &Arc<AtomicU64>| {
        let most = Arc::clone(most);
        move |progress: zcrm::files::Progress| {
            most.fetch_max(progress.bytes, Ordering::Relaxed);
        }
    };

    // the token expires: the file is opened again
    let_tokens_expire(&sim, &clock);
    let sent = Arc::new(AtomicU64::new(0));
    let upload = client
        .call(&ATTACHMENTS_UPLOAD)
        .path("module", "Leads")
        .path_id("record_id", &*lead)
        .file("offer.bin", "application/octet-stream", ReqBody::file(&path).await.unwrap())
        .on_progress(report(&sent));
    let made = upload.outcomes(1).await.unwrap().all().unwrap().remove(0).id.unwrap();
    assert_eq!(sim.journal().refreshes(), 1);
    assert!(sent.load(Ordering::Relaxed) > content.len() as u64);

    let download = || {
        let call = client.call(&ATTACHMENTS_DOWNLOAD).path("module", "Leads");
        call.path_id("record_id", &*lead).path_id("id", &made)
    };
    // the answer breaks off in the middle, and this server does not support resuming
    let copy = folder.path().join("copy.bin");
    sim.faults().on_path_prefix("/crm/v8/Leads/").cut_body();
    let error = download().download().save_to(&*copy).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let received = Arc::new(AtomicU64::new(0));
    let saved = download().on_progress(report(&received)).download().save_to(&*copy).await.unwrap();
    assert_eq!((saved.bytes, saved.path.as_path()), (content.len() as u64, copy.as_path()));
    assert_eq!(received.load(Ordering::Relaxed), content.len() as u64);
    assert!(std::fs::read(&copy).unwrap() == content);

    // a limit: no partial file is left, and the existing file stays unchanged
    std::fs::write(&copy, "old").unwrap();
    let error = download().download().save_to(SaveFile::to(&copy).limit(1_000)).await.unwrap_err();
    assert!(error.to_string().contains("1000 bytes"), "{error}");
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn fails_a_one_shot_stream_if_the_token_expired() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Simulator::start().await.unwrap();
    let clock = Arc::new(ManualClock::new());
    let client = logged_in(builder(&sim).clock(clock.clone()), &sim).await;
    let (lead, _, _) = lead_and_file(&client, folder.path()).await;
    let upload = |content: ReqBody| {
        let call = client.call(&ATTACHMENTS_UPLOAD).path("module", "Leads");
        call.path_id("record_id", &*lead).file("a.txt", "text/plain", content).outcomes(1)
    };
    // a body is also a stream of chunks
    let once = || ReqBody::once(ReqBody::from("once")).with_length(4);
    let_tokens_expire(&sim, &clock);
    let error = upload(once()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused);
    assert!(error.to_string().contains("sent only once"), "{error}");
    assert!(error.to_string().contains("attachments.upload"), "{error}");
    upload(once()).await.unwrap().all().unwrap();
    assert_eq!(sim.journal().refreshes(), 1);
}

/// Returns a custom stream of the application, for example a file that it receives from elsewhere.
fn stream_of(content: &[u8]) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + use<> {
    let pieces: Vec<_> = content.chunks(30_000).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
    futures_util::stream::iter(pieces)
}

#[tokio::test]
async fn restarts_a_repeatable_stream() {
    let folder = tempfile::tempdir().unwrap();
    for http1 in [true, false] {
        let sim = Simulator::builder();
        let sim = if http1 { sim.http1_only() } else { sim }.start().await.unwrap();
        let clock = Arc::new(ManualClock::new());
        let client = logged_in(builder(&sim).clock(clock.clone()), &sim).await;
        let (lead, _, content) = lead_and_file(&client, folder.path()).await;
        let files = client.record("Leads", &*lead).attachments();
        let again = content.clone();
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        let replay = ReqBody::replay(move || {
            count.fetch_add(1, Ordering::Relaxed);
            stream_of(&again)
        });
        // the token expires: a repeatable stream starts again
        let_tokens_expire(&sim, &clock);
        let length = content.len() as u64;
        let replay = replay.with_length(length);
        let once = ReqBody::once(stream_of(&content));
        for (name, body) in [("again.bin", replay), ("once.bin", once)] {
            let sent = files.upload(name, "application/octet-stream", body).send().await.unwrap();
            let mut file = files.download(sent.id).await.unwrap();
            assert_eq!(file.name(), Some(name));
            let mut arrived = Vec::new();
            while let Some(piece) = file.next().await {
                arrived.extend_from_slice(&piece.unwrap());
            }
            assert!(arrived == content, "{name} {http1}: {} bytes", arrived.len());
        }
        assert_eq!((begun.load(Ordering::Relaxed), sim.journal().refreshes()), (2, 1));
    }
}
