//! Downloads to files over real sockets, with interruptions and resumption.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::HeaderMap;
use tempfile::TempDir;
use zcrm_api::{SaveFile, SavedFile};
use zcrm_core::{Error, ErrorKind, ManualClock, Outcome};
use zcrm_http::{Connector, Stack, Transport, open};
use zcrm_test_kit::{
    read,
    server::{Asked, Deed, End, Server, file, json, sample},
};

const LARGE: usize = 1_000_000;

/// The requested `range` and `if-range`.
pub(crate) type Ranges = Arc<Mutex<Vec<(String, String)>>>;

/// Creates a server of one file that sends parts of it.
///
/// `play` decides the response to each request by its number and the requested position.
async fn server(
    http1: bool,
    play: impl Fn(usize, usize) -> Deed + Send + Sync + 'static,
) -> (Server, Ranges) {
    let ranges = Ranges::default();
    let log = Arc::clone(&ranges);
    let server = Server::start(http1, move |asked: Asked| {
        assert_eq!(asked.header("accept-encoding"), "identity");
        let range = asked.header("range").to_owned();
        let from = range.strip_prefix("bytes=").and_then(|it| it.strip_suffix('-'));
        let from = from.map_or(0, |from| from.parse().unwrap());
        log.lock().unwrap().push((range, asked.header("if-range").to_owned()));
        std::future::ready(play(asked.number, from))
    });
    (server.await, ranges)
}

/// Creates a server with the first bytes of the sample that does not send parts.
pub(crate) async fn whole(length: usize) -> (Server, Ranges) {
    server(false, move |_, _| file(sample(length), End::Whole, &[("etag", "\"1\"")])).await
}

/// Returns the rest of the sample from a position, with this version tag.
fn rest(tag: &str, from: usize, end: End, length: usize) -> Deed {
    let bytes = sample(LARGE).slice(from..from + length);
    let announced = (LARGE - from).to_string();
    let whole = [("etag", tag), ("content-length", &*announced)];
    if from == 0 {
        return file(bytes, end, &whole);
    }
    let range = format!("bytes {from}-{}/{LARGE}", LARGE - 1);
    let mut answer = file(bytes, end, &[&whole[..], &[("content-range", &*range)]].concat())?;
    *answer.status_mut() = http::StatusCode::PARTIAL_CONTENT;
    Some(answer)
}

fn transport(server: &Server) -> Transport {
    let connector = Connector::builder().root_pem(server.pem.as_str()).build().unwrap();
    Stack::new(connector).build()
}

pub(crate) async fn save(server: &Server, to: SaveFile) -> Result<SavedFile, Error> {
    let transport = transport(server);
    let url = format!("{}/crm/v8/Leads", server.url());
    to.clock(Arc::new(ManualClock::jumping()))
        .fetch(|headers: HeaderMap| {
            let mut request = read();
            *request.uri_mut() = url.parse().unwrap();
            request.headers_mut().extend(headers);
            let transport = transport.clone();
            async move { open(&transport, request).await?.file() }
        })
        .await
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Returns the names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn saves_a_complete_file_readable_by_its_owner_only() {
    for http1 in [true, false] {
        let (server, _) = server(http1, |_, from| rest("\"1\"", from, End::Whole, LARGE)).await;
        let folder = folder();
        let path = folder.path().join("a.bin");
        fs::write(&path, "what was there before").unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let to = SaveFile::to(&path).on_progress(move |it| log.lock().unwrap().push(it));
        let saved = save(&server, to).await.unwrap();
        assert_eq!((&saved.path, saved.bytes, saved.resumed), (&path, LARGE as u64, 0));
        assert!(fs::read(&path).unwrap() == sample(LARGE));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["a.bin"]);
        let last = *seen.lock().unwrap().last().unwrap();
        assert_eq!((last.bytes, last.total), (LARGE as u64, Some(LARGE as u64)));
    }
}

#[tokio::test]
async fn keep_existing_never_replaces_a_file() {
    let (server, ranges) = server(true, |_, from| rest("\"1\"", from, End::Whole, LARGE)).await;
    let folder = folder();
    let path = folder.path().join("a.bin");
    let late = path.clone();
    let to = || SaveFile::to(&path).keep_existing();
    let kept = |saved: Result<SavedFile, Error>| {
        let error = saved.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains("a.bin` already"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "of another user");
        assert_eq!(names(folder.path()), ["a.bin"]);
    };
    let racing = to().on_progress(move |_| fs::write(&late, "of another user").unwrap());
    kept(save(&server, racing).await);
    // an existing file is detected before anything is sent
    kept(save(&server, to()).await);
    assert_eq!(ranges.lock().unwrap().len(), 1);
    fs::remove_file(&path).unwrap();
    save(&server, to()).await.unwrap();
    assert!(fs::read(&path).unwrap() == sample(LARGE));
}

#[tokio::test]
async fn saves_a_begun_download_completely_or_not_at_all() {
    for end in [End::Whole, End::Cut] {
        let whole = matches!(end, End::Whole);
        let play = move |_, from| {
            let end = if whole { End::Whole } else { End::Cut };
            rest("\"1\"", from, end, if whole { LARGE } else { 200_000 })
        };
        let (server, ranges) = server(false, play).await;
        let folder = folder();
        let path = folder.path().join("a.bin");
        let mut request = read();
        *request.uri_mut() = format!("{}/crm/v8/Leads", server.url()).parse().unwrap();
        request.headers_mut().insert("accept-encoding", "identity".parse().unwrap());
        let download = open(&transport(&server), request).await.unwrap().file().unwrap();
        let saved = SaveFile::to(&path).take(download).await;
        assert_eq!(saved.is_ok(), whole);
        assert_eq!(names(folder.path()).len(), usize::from(whole));
        assert_eq!(ranges.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn resumes_an_interrupted_download() {
    for http1 in [true, false] {
        let play = |number, from| match number {
            0..=2 => rest("\"1\"", from, End::Cut, 200_000),
            _ => rest("\"1\"", from, End::Whole, LARGE - from),
        };
        let (server, ranges) = server(http1, play).await;
        let folder = folder();
        let path = folder.path().join("a.bin");
        let saved = save(&server, SaveFile::to(&path)).await.unwrap();
        assert_eq!((saved.bytes, saved.resumed), (LARGE as u64, 3), "{http1}");
        assert!(fs::read(&path).unwrap() == sample(LARGE));
        let ranges = ranges.lock().unwrap();
        assert_eq!(ranges[0], (String::new(), String::new()));
        let from =
            |range: &str| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<u64>().ok();
        assert!(ranges[1..].iter().all(|(_, by)| by == "\"1\""));
        assert!(
            ranges[1..].is_sorted_by(|one, next| from(&one.0).unwrap() < from(&next.0).unwrap())
        );
    }
}

#[tokio::test]
async fn restarts_the_download_of_a_changed_file() {
    let other = |end| file(Bytes::from_static(b"another version"), end, &[("etag", "\"2\"")]);
    let odd_part = |tag: &'static str, range: &'static str| {
        move || {
            let mut answer = rest(tag, 1, End::Whole, 10)?;
            answer.headers_mut().insert("content-range", range.parse().unwrap());
            answer.headers_mut().remove("content-length");
            Some(answer)
        }
    };
    let odd: [Box<dyn Fn() -> Deed + Send + Sync>; 5] = [
        // the complete file, because the validator differs
        Box::new(move || other(End::Whole)),
        // a part of another version, from another position, of another length, or beyond the end
        Box::new(|| rest("\"2\"", 100_000, End::Whole, LARGE - 100_000)),
        Box::new(odd_part("\"1\"", "bytes 5-999999/1000000")),
        Box::new(odd_part("\"1\"", "bytes 100000-100009/100010")),
        Box::new(|| json(416, r#"{"code":"NOT_SATISFIABLE","status":"error"}"#)),
    ];
    for (case, odd) in odd.into_iter().enumerate() {
        let (server, ranges) = server(false, move |number, from| match number {
            0 => rest("\"1\"", from, End::Cut, 100_000),
            1 => odd(),
            _ => other(End::Whole),
        })
        .await;
        let folder = folder();
        let path = folder.path().join("a.bin");
        let saved = save(&server, SaveFile::to(&path)).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "another version", "{case}");
        assert_eq!(saved.bytes, 15);
        let last = ranges.lock().unwrap().last().unwrap().clone();
        assert_eq!(last.0.is_empty(), case > 0, "{case}");
        assert_eq!(server.requests(), if case == 0 { 2 } else { 3 }, "{case}");
    }
}

#[tokio::test]
async fn does_not_resume_without_a_validator() {
    const DATE: &str = "Tue, 24 Nov 2026 10:00:00 GMT";
    let unsure: [&[(&str, &str)]; 5] = [
        &[],
        &[("etag", "W/\"1\"")],
        &[("etag", "\"1\""), ("accept-ranges", "none")],
        // as recent as the response, so it may change within the same second
        &[("last-modified", DATE), ("date", DATE)],
        &[("last-modified", DATE), ("date", "yesterday")],
    ];
    for headers in unsure {
        let length = LARGE.to_string();
        let (server, _) = server(false, move |_, _| {
            let length = [("content-length", &*length)];
            file(sample(1_000), End::Cut, &[headers, &length[..]].concat())
        })
        .await;
        let folder = folder();
        let path = folder.path().join("a.bin");
        fs::write(&path, "what was there before").unwrap();
        let error = save(&server, SaveFile::to(&path)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{headers:?}");
        assert_eq!(server.requests(), 1, "{headers:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "what was there before");
        assert_eq!(names(folder.path()), ["a.bin"]);
    }
}

#[tokio::test]
async fn accepts_an_old_last_modified_as_a_validator() {
    let modified = "Mon, 23 Nov 2026 10:00:00 GMT";
    let (server, ranges) = server(false, move |number, from| {
        let end = if number == 0 { End::Cut } else { End::Whole };
        let length = if number == 0 { 1_000 } else { LARGE - from };
        let mut answer = rest("", from, end, length)?;
        answer.headers_mut().remove("etag");
        answer.headers_mut().insert("last-modified", modified.parse().unwrap());
        answer.headers_mut().insert("date", "Tue, 24 Nov 2026 10:00:00 GMT".parse().unwrap());
        Some(answer)
    })
    .await;
    let folder = folder();
    let path = folder.path().join("a.bin");
    save(&server, SaveFile::to(&path)).await.unwrap();
    assert!(fs::read(&path).unwrap() == sample(LARGE));
    assert_eq!(ranges.lock().unwrap()[1].1, modified);
}

#[tokio::test]
async fn gives_up_after_failures_without_a_new_byte() {
    let (server, _) = server(false, |number, from| match number {
        0 => rest("\"1\"", from, End::Cut, 10_000),
        _ => rest("\"1\"", from, End::Cut, 0),
    })
    .await;
    let folder = folder();
    let error = save(&server, SaveFile::to(folder.path().join("a")).attempts(3)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(server.requests(), 3);
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn later_call_resumes_kept_parts() {
    for http1 in [true, false] {
        let (server, ranges) = server(http1, |number, from| match number {
            0 => rest("\"1\"", from, End::Cut, 400_000),
            _ => rest("\"1\"", from, End::Whole, LARGE - from),
        })
        .await;
        let folder = folder();
        let path = folder.path().join("a.bin");
        let to = || SaveFile::to(&path).attempts(1).resume_later("attachment 7");
        save(&server, to()).await.unwrap_err();
        assert_eq!(names(folder.path()), [".a.bin.zcrm-part", ".a.bin.zcrm-part.json"]);
        for name in names(folder.path()) {
            let data = fs::metadata(folder.path().join(name)).unwrap();
            assert_eq!(data.permissions().mode() & 0o777, 0o600);
        }
        let saved = save(&server, to()).await.unwrap();
        assert_eq!((saved.bytes, saved.resumed), (LARGE as u64, 1));
        assert!(fs::read(&path).unwrap() == sample(LARGE));
        assert_eq!(names(folder.path()), ["a.bin"]);
        assert!(ranges.lock().unwrap()[1].0.starts_with("bytes="));
    }
}

#[tokio::test]
async fn ignores_parts_of_another_source_or_with_damage() {
    for case in ["another source", "an invalid note", "fewer bytes than noted"] {
        let (server, ranges) = server(false, |number, from| match number {
            0 => rest("\"1\"", from, End::Cut, 400_000),
            _ => rest("\"1\"", from, End::Whole, LARGE - from),
        })
        .await;
        let folder = folder();
        let path = folder.path().join("a.bin");
        let to = |source: &str| SaveFile::to(&path).attempts(1).resume_later(source);
        save(&server, to("attachment 7")).await.unwrap_err();
        let mut source = "attachment 7";
        match case {
            "another source" => source = "attachment 8",
            "an invalid note" => {
                fs::write(folder.path().join(".a.bin.zcrm-part.json"), "{").unwrap();
            }
            _ => fs::write(folder.path().join(".a.bin.zcrm-part"), "cut").unwrap(),
        }
        let saved = save(&server, to(source)).await.unwrap();
        assert_eq!(saved.resumed, 0, "{case}");
        assert!(fs::read(&path).unwrap() == sample(LARGE), "{case}");
        assert_eq!(ranges.lock().unwrap()[1].0, "", "{case}");
    }
}

#[tokio::test]
async fn allows_one_download_with_kept_parts_per_path() {
    let (server, _) = server(false, |_, from| rest("\"1\"", from, End::Still, 1_000)).await;
    let folder = folder();
    let path = folder.path().join("a.bin");
    let began = Arc::new(tokio::sync::Notify::new());
    let notify = Arc::clone(&began);
    let to = || SaveFile::to(&path).resume_later("attachment 7");
    let first = save(&server, to().on_progress(move |_| notify.notify_one()));
    let second = async {
        began.notified().await;
        save(&server, to()).await.unwrap_err()
    };
    tokio::select! {
        _ = first => panic!("the first download must not end"),
        error = second => {
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
            assert!(error.to_string().contains("already being downloaded"), "{error}");
        }
    }
}

#[tokio::test]
async fn size_limit_ends_a_download_and_leaves_no_file() {
    for has_length in [true, false] {
        let (server, _) = server(false, move |_, _| match has_length {
            true => rest("\"1\"", 0, End::Whole, LARGE),
            false => file(sample(LARGE), End::Whole, &[]),
        })
        .await;
        let folder = folder();
        let to = SaveFile::to(folder.path().join("a")).limit(100_000);
        let error = save(&server, to).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("100000 bytes"), "{error}");
        assert!(names(folder.path()).is_empty());
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn refuses_an_unwritable_path_before_sending() {
    let (server, _) = server(false, |_, _| rest("\"1\"", 0, End::Whole, LARGE)).await;
    let folder = folder();
    for to in [
        SaveFile::to(folder.path().join("no/a")),
        SaveFile::to(folder.path().join("no/a")).resume_later("x"),
    ] {
        let error = save(&server, to).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
        assert!(error.to_string().contains("no/a"), "{error}");
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn does_not_save_a_response_that_is_not_a_file() {
    let (server, _) = server(false, |_, _| {
        json(200, r#"{"code":"INVALID_DATA","message":"no","status":"error","details":{}}"#)
    })
    .await;
    let folder = folder();
    let error = save(&server, SaveFile::to(folder.path().join("a"))).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "INVALID_DATA");
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn does_not_follow_a_link_in_place_of_a_part() {
    let (server, _) = server(false, |_, _| rest("\"1\"", 0, End::Whole, LARGE)).await;
    let folder = folder();
    let target = folder.path().join("precious");
    fs::write(&target, "keep").unwrap();
    std::os::unix::fs::symlink(&target, folder.path().join(".a.zcrm-part")).unwrap();
    let to = SaveFile::to(folder.path().join("a")).resume_later("x");
    save(&server, to).await.unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "keep");
    assert!(fs::read(folder.path().join("a")).unwrap() == sample(LARGE));
}
