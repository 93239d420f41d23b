//! Rounds of changes against the simulator.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::json;
use zcrm_api::{
    Api,
    changes::{Change, ChangeMark, ChangeStream, OwnWrite},
};
use zcrm_core::{ApiVersion, ErrorKind, Id, ManualClock, Record, Timestamp};
use zcrm_sim::{ClockMode, Simulator};

use super::{before, stored};
use crate::{
    canned::refused,
    fixture::{Fixture, on_both_versions},
};

/// The records of a module, as the changes say.
#[derive(Debug, Default)]
struct Replica {
    records: BTreeMap<Id, Record>,
    puts: usize,
    deletions: usize,
}

impl Replica {
    fn apply(&mut self, change: Change<Record>) {
        match change {
            Change::Put(record) => {
                self.puts += 1;
                self.records.insert(record.id().unwrap(), record);
            }
            Change::Deleted(row) => {
                self.deletions += 1;
                self.records.remove(&row.id);
            }
            other => panic!("{other:?}"),
        }
    }

    /// Applies a round, and returns the next mark.
    async fn round(&mut self, mut changes: ChangeStream<Record>) -> ChangeMark {
        while let Some(change) = changes.next().await {
            self.apply(change.unwrap());
        }
        changes.mark()
    }

    fn text(&self, id: &str, field: &str) -> Option<String> {
        self.records.get(&Id::from(id))?.get(field).unwrap()
    }

    fn counts(&mut self) -> (usize, usize) {
        (std::mem::take(&mut self.puts), std::mem::take(&mut self.deletions))
    }
}

/// A simulator and an API with a clock that does not move by itself.
async fn frozen(version: ApiVersion) -> Fixture {
    let clock = ManualClock::new();
    let mode = ClockMode::following(clock.reader());
    let change = |sim: zcrm_sim::Builder| sim.clock(mode).edition(zcrm_sim::Edition::Enterprise);
    let Fixture { sim, api } = Fixture::with(version, change).await;
    Fixture { sim, api: api.with_clock(Arc::new(clock)) }
}

fn leads(api: &Api, mark: &ChangeMark) -> ChangeStream<Record> {
    api.records("Leads").changes_since(mark.clone()).fields(["Last_Name", "City"]).stream()
}

fn insert(sim: &Simulator, name: &str) -> String {
    sim.insert("Leads", json!({ "Last_Name": name, "Company": "Zylker", "City": "Pune" })).unwrap()
}

on_both_versions! {
    async fn returns_changes_and_deletions_once(version) {
        let Fixture { sim, api } = frozen(version).await;
        let (one, two) = (insert(&sim, "Boyle"), insert(&sim, "Hooke"));
        let mut replica = Replica::default();
        let mark = replica.round(leads(&api, &ChangeMark::beginning())).await;
        assert_eq!(replica.counts(), (2, 0));
        // the same second, and within the look-back
        sim.change("Leads", &one, json!({ "City": "Chennai" })).unwrap();
        sim.delete("Leads", &two).unwrap();
        let mark = replica.round(leads(&api, &stored(&mark))).await;
        assert_eq!(replica.counts(), (1, 1));
        assert_eq!(replica.text(&one, "City").as_deref(), Some("Chennai"));
        assert_eq!(replica.records.len(), 1);
        assert!(replica.records[&Id::from(&one)].contains("Modified_Time"));
        let mark = replica.round(leads(&api, &stored(&mark))).await;
        assert_eq!(replica.counts(), (0, 0));
        sim.advance(Duration::from_secs(3_000));
        let three = insert(&sim, "Papin");
        sim.delete("Leads", &one).unwrap();
        let mark = replica.round(leads(&api, &mark)).await;
        assert_eq!(replica.counts(), (1, 1));
        assert_eq!(replica.records.keys().cloned().collect::<Vec<_>>(), [Id::from(&three)]);
        assert_eq!(replica.round(leads(&api, &mark)).await.time(), mark.time());
        assert_eq!(replica.counts(), (0, 0));
    }

    async fn pays_three_credits_for_an_idle_round(version) {
        let Fixture { sim, api } = frozen(version).await;
        insert(&sim, "Boyle");
        let mut replica = Replica::default();
        let mark = replica.round(leads(&api, &ChangeMark::beginning())).await;
        for wait in [0, 60, 3_000] {
            sim.advance(Duration::from_secs(wait));
            sim.clear_journal();
            let before = sim.spent_credits();
            let _ = replica.round(leads(&api, &mark)).await;
            assert_eq!(sim.spent_credits() - before, 3);
            assert_eq!(sim.journal().api_requests(), 2);
        }
        assert_eq!(replica.counts(), (1, 0));
    }

    async fn resumes_in_the_middle_of_a_long_round(version) {
        let Fixture { sim, api } = frozen(version).await;
        sim.add_records("Leads", 450).unwrap();
        let mut replica = Replica::default();
        let mut mark = ChangeMark::beginning();
        let mut streams = 0;
        loop {
            streams += 1;
            let mut changes = leads(&api, &stored(&mark));
            let mut ended = false;
            for _ in 0..70 {
                let Some(change) = changes.next().await else {
                    ended = true;
                    break;
                };
                replica.apply(change.unwrap());
            }
            mark = changes.mark();
            if ended {
                break;
            }
        }
        assert_eq!(streams, 7);
        assert_eq!(replica.counts(), (450, 0));
        assert_eq!(replica.records.len(), 450);
        assert!(mark.time().is_some());
    }

    async fn leaves_out_the_echoes_of_own_writes(version) {
        let Fixture { sim, api } = frozen(version).await;
        let id = insert(&sim, "Boyle");
        let mut replica = Replica::default();
        let mark = replica.round(leads(&api, &ChangeMark::beginning())).await;
        replica.counts();
        sim.advance(Duration::from_secs(10));
        let row = Record::new().with("City", "Chennai");
        let written = api.records("Leads").update(&id, &row).await.unwrap();
        let changes = |mark: &ChangeMark| {
            let request = api.records("Leads").changes_since(mark.clone()).fields(["City"]);
            request.without([&written]).stream()
        };
        let next = replica.round(changes(&mark)).await;
        assert_eq!(replica.counts(), (0, 0));
        // a change of another user in the same second, after the echo was read
        sim.change("Leads", &id, json!({ "City": "Delhi" })).unwrap();
        replica.round(changes(&next)).await;
        assert_eq!(replica.counts(), (1, 0));
        assert_eq!(replica.text(&id, "City").as_deref(), Some("Delhi"));
        // another time is not an echo
        let other = OwnWrite::from((Id::from(&id), before(0)));
        let request = api.records("Leads").changes_since(mark).fields(["City"]);
        assert_eq!(request.without([other]).await.unwrap().changes.len(), 1);
    }
}

#[tokio::test]
async fn collects_a_round_when_awaited() {
    let Fixture { sim, api } = frozen(ApiVersion::V8).await;
    let id = insert(&sim, "Boyle");
    let contacts = api.records("Leads");
    let round = contacts.changes_since(ChangeMark::beginning()).fields(["City"]).await.unwrap();
    assert!(matches!(&*round.changes, [Change::Put(lead)] if lead.id() == Some(Id::from(&id))));
    let round = contacts.changes_since(round.mark).fields(["City"]).await.unwrap();
    assert!(round.changes.is_empty());
}

#[derive(Debug, Deserialize)]
struct Strict {
    #[serde(rename = "City")]
    _city: String,
}

impl zcrm_core::Module for Strict {
    const API_NAME: &'static str = "Leads";
    const FIELDS: &'static [&'static str] = &["City"];
}

#[tokio::test]
async fn returns_an_error_in_place_of_a_record_that_does_not_fit() {
    let Fixture { sim, api } = frozen(ApiVersion::V8).await;
    insert(&sim, "Boyle");
    sim.insert("Leads", json!({ "Last_Name": "Hooke", "Company": "Zylker" })).unwrap();
    let mut changes = api.records_of::<Strict>().changes_since(ChangeMark::beginning()).stream();
    let (mut good, mut bad) = (0, 0);
    while let Some(change) = changes.next().await {
        match change {
            Ok(_) => good += 1,
            Err(error) if error.kind() == ErrorKind::Record => bad += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((good, bad), (1, 1));
    assert!(changes.mark().time().is_some());
}

#[tokio::test]
async fn refuses_marks_and_options_that_do_not_fit_before_anything_is_sent() {
    let Fixture { sim, api } = frozen(ApiVersion::V8).await;
    let leads = api.records("Leads");
    let mark = leads.changes_since(ChangeMark::beginning()).fields(["City"]).await.unwrap().mark;
    sim.clear_journal();
    let changes = |mark: &ChangeMark| leads.changes_since(mark.clone());
    let contacts = api.records("Contacts").changes_since(mark.clone()).fields(["City"]);
    refused(contacts.await, &["`Leads`", "`Contacts`"]);
    refused(changes(&mark).fields(["City", "Email"]).await, &["`Email`", "beginning()", "at("]);
    refused(changes(&mark).fields(["City"]).param("page", "2").await, &["`page`"]);
    let header = changes(&mark).fields(["City"]).header("If-Modified-Since", "x");
    refused(header.await, &["`If-Modified-Since`"]);
    let long = Duration::from_secs(61 * 86_400);
    refused(changes(&mark).fields(["City"]).look_back(long).await, &["look_back", "60 days"]);
    let years = ChangeMark::at("2020-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
    refused(changes(&years).fields(["City"]).await, &["120 days", "accept_lost_deletions"]);
    refused(changes(&years).fields([""]).accept_lost_deletions().await, &["empty field name"]);
    assert_eq!(sim.journal().api_requests(), 0);
    changes(&years).fields(["City"]).accept_lost_deletions().await.unwrap();
    assert_eq!(sim.journal().api_requests(), 2);
    let text = serde_json::to_string(&mark).unwrap();
    let later = text.replace(r#""version":1"#, r#""version":2"#);
    let error = serde_json::from_str::<ChangeMark>(&later).unwrap_err().to_string();
    assert!(error.contains("format 2"), "{error}");
}

#[tokio::test]
async fn shows_no_ids_and_no_values_of_a_mark() {
    let Fixture { sim, api } = frozen(ApiVersion::V8).await;
    let id = insert(&sim, "Boyle");
    let changes = api.records("Leads").changes_since(ChangeMark::beginning());
    let mark = changes.fields(["Last_Name"]).await.unwrap().mark;
    let text = format!("{mark:?}");
    assert!(!text.contains(&id) && !text.contains("Boyle") && text.contains("Leads"), "{text}");
    let stored = serde_json::to_string(&mark).unwrap();
    assert!(stored.contains(&id) && !stored.contains("Boyle"), "{stored}");
}

#[cfg(feature = "bulk")]
#[tokio::test]
async fn compares_all_records_with_a_replica() {
    use zcrm_api::changes::Difference;

    let settings = zcrm_sim::BulkReadSettings::new().job_time(Duration::ZERO);
    let Fixture { sim, api } = Fixture::with(ApiVersion::V8, |sim| sim.bulk_read(settings)).await;
    let all: Vec<String> = ["A", "B", "C", "D"].map(|name| insert(&sim, name)).into();
    let leads = api.records("Leads");
    let mut held = Vec::new();
    for lead in leads.list().fields(["Modified_Time"]).all().await.unwrap() {
        held.push((lead.id().unwrap(), lead.get::<Timestamp>("Modified_Time").unwrap()));
    }
    held.retain(|(id, _)| *id != Id::from(&all[0]));
    for (id, time) in &mut held {
        if *id == Id::from(&all[1]) {
            *time = Some(before(0));
        }
    }
    held.push((Id::from(77), None));
    sim.delete("Leads", &all[2]).unwrap();
    let mut differences = leads.reconcile(held);
    let mut found = Vec::new();
    while let Some(difference) = differences.next().await {
        found.push(difference.unwrap());
    }
    let ids = |index: usize| Id::from(&all[index]);
    for expected in [
        Difference::Missing(ids(0)),
        Difference::Changed(ids(1)),
        Difference::Gone(ids(2)),
        Difference::Gone(Id::from(77)),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    assert_eq!(found.len(), 4);
}
