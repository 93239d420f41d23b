//! Calls that are dropped before they end, with tokens, over real sockets.

use std::{future::poll_fn, task::Poll, time::Duration};

use zcrm::{ApiVersion, Client, Record, http::Limits};
use zcrm_sim::{Host, Simulator};
use zcrm_test_kit::World;

/// More polls than any call needs.
const MOST_POLLS: usize = 1_000;

/// Returns a simulator, and a client that may have one call in flight and whose token has just
/// expired.
async fn expired(version: ApiVersion) -> (Simulator, Client) {
    let limits = Limits::default().with_concurrent(1).with_concurrent_heavy(1);
    let World { sim, client, clock } = World::with(
        |sim| sim.records("Contacts", 1),
        |client| client.api_version(version).limits(limits),
    )
    .await;
    clock.advance(Duration::from_secs(3_600));
    (sim, client)
}

async fn other_call(client: &Client) {
    client.records("Contacts").list().fields(["id"]).send().await.unwrap();
}

/// Polls a future up to this many times, then drops it. Returns its output if it ended earlier.
async fn after_polls<T>(polls: usize, call: impl Future<Output = T>) -> Option<T> {
    let (mut call, mut left) = (Box::pin(call), polls);
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match call.as_mut().poll(cx) {
            Poll::Pending if left == 0 => Poll::Ready(None),
            polled => polled.map(Some),
        }
    })
    .await
}

#[tokio::test]
async fn a_refresh_continues_when_its_call_is_dropped() {
    for others in [0, 3] {
        let (sim, client) = expired(ApiVersion::V8).await;
        let hold = sim.faults().on_host(Host::Accounts).hold();
        let first = client.records("Leads").get("1");
        let first = tokio::spawn(first.send());
        hold.wait_arrived().await;
        let waiting = (0..others).map(|_| {
            let client = client.clone();
            tokio::spawn(async move { other_call(&client).await })
        });
        let waiting: Vec<_> = waiting.collect();
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        hold.release();
        for waiting in waiting {
            waiting.await.unwrap();
        }
        other_call(&client).await;
        let journal = sim.journal();
        assert_eq!((journal.refreshes(), journal.api_requests()), (1, others + 1));
        assert_eq!(journal.count(|entry| entry.path.contains("Leads")), 0);
    }
}

/// Drops a call after each possible number of polls. It may send at most one request of each of
/// these methods.
async fn drop_everywhere<F: Future<Output = ()>>(
    version: ApiVersion,
    methods: &[&str],
    call: impl Fn(Client, String) -> F,
) {
    for polls in 0..MOST_POLLS {
        let (sim, client) = expired(version).await;
        let lead = sim.add_records("Leads", 1).unwrap().remove(0);
        let whole = after_polls(polls, call(client.clone(), lead)).await.is_some();
        // waits forever if the permit of the dropped call was not released
        other_call(&client).await;
        other_call(&client).await;
        let journal = sim.journal();
        assert_eq!(journal.refreshes(), 1, "after {polls} polls");
        let leads = || journal.entries().iter().filter(|entry| entry.path.contains("Leads"));
        let count = |method: &str| leads().filter(|entry| entry.method == method).count();
        for method in methods {
            let sent = count(method);
            assert!(if whole { sent == 1 } else { sent <= 1 }, "{method} after {polls} polls");
        }
        let sent: usize = methods.iter().map(|method| count(method)).sum();
        assert_eq!(leads().count(), sent, "no further request is sent");
        if whole {
            assert!(polls > 1, "the call ended at its first poll");
            return;
        }
    }
    panic!("the call did not end");
}

#[tokio::test]
async fn a_dropped_read_is_sent_at_most_once() {
    drop_everywhere(ApiVersion::V8, &["GET"], |client, lead| async move {
        client.records("Leads").get(lead).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_dropped_write_is_sent_at_most_once() {
    drop_everywhere(ApiVersion::V8, &["POST"], |client, _| async move {
        let lead = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
        client.records("Leads").create(&lead).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_dropped_stream_fetches_its_page_at_most_once() {
    drop_everywhere(ApiVersion::V2, &["GET"], |client, _| async move {
        let mut leads = client.records("Leads").list().stream();
        while let Some(lead) = leads.next().await {
            lead.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_dropped_save_leaves_a_complete_file_or_none() {
    let folder = tempfile::tempdir().unwrap();
    for polls in 0..MOST_POLLS {
        let (sim, client) = expired(ApiVersion::V8).await;
        let lead = sim.add_records("Leads", 1).unwrap().remove(0);
        let attachments = client.record("Leads", lead).attachments();
        let id = attachments.upload("a.txt", "text/plain", vec![7; 100_000]).await.unwrap().id;
        let path = folder.path().join(format!("{polls}"));
        let saved = after_polls(polls, attachments.download(id).save_to(&path).send()).await;
        // if it was dropped during the final rename, the complete file may exist
        let bytes = std::fs::read(&path).map_or(0, |file| file.len());
        assert!([0, 100_000].contains(&bytes), "{bytes} bytes after {polls} polls");
        other_call(&client).await;
        // the upload, and at most one download
        assert!(sim.journal().count(|entry| entry.path.contains("Attachments")) <= 2);
        if let Some(saved) = saved {
            assert_eq!((saved.unwrap().bytes, bytes), (100_000, 100_000));
            return;
        }
    }
    panic!("the download did not end");
}
