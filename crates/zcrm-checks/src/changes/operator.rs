//! The users who change the module of a history.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use zcrm_api::{
    Api,
    operations::{RECORDS_MERGE, RECYCLE_BIN_DELETE_ONE, RECYCLE_BIN_RESTORE_ONE},
};
use zcrm_core::BoxError;
use zcrm_sim::Simulator;

use super::tally::Operations;

/// The users of a module. They change it at random.
pub(super) struct Operator {
    sim: Simulator,
    /// The client of these users, who work in the newest version.
    api: Api,
    module: &'static str,
    rng: fastrand::Rng,
    /// Whether the module changes between the calls of the replica.
    disturbs: bool,
    /// Whether writes are visible late.
    is_late: bool,
    /// Whether the first round has several pages: the second one does not read its changes again.
    first_is_long: bool,
    /// Whether a round is in progress.
    in_round: bool,
    /// The number of rounds that were read to their end.
    rounds: u64,
    /// The records that may be hidden from the reads of a round, and the number of the round.
    hidden: BTreeMap<String, u64>,
    /// Whether merges select values of merged records.
    selects: bool,
    /// The time after a deletion within which the record may be restored.
    restorable: TimeDelta,
    /// The ids of all records that ever existed.
    ids: Vec<String>,
    /// The records that can be changed. A job may have removed some.
    alive: Vec<String>,
    /// The records that wait for approval.
    waiting: BTreeSet<String>,
    /// The deleted records that can be restored, and the times of their deletion.
    deleted: BTreeMap<String, DateTime<Utc>>,
    /// The numbers of the last deletions of the records that were deleted and not restored since.
    deletions: BTreeMap<String, u64>,
    /// The records of scheduled merges.
    merging: BTreeSet<String>,
    names: u32,
    done: Operations,
}

impl Operator {
    pub(super) fn new(sim: &Simulator, api: Api, module: &'static str, rng: fastrand::Rng) -> Self {
        Self {
            sim: sim.clone(),
            api,
            module,
            rng,
            disturbs: false,
            is_late: false,
            first_is_long: false,
            in_round: false,
            rounds: 0,
            hidden: BTreeMap::new(),
            selects: true,
            restorable: TimeDelta::zero(),
            ids: Vec::new(),
            alive: Vec::new(),
            waiting: BTreeSet::new(),
            deleted: BTreeMap::new(),
            deletions: BTreeMap::new(),
            merging: BTreeSet::new(),
            names: 0,
            done: Operations::default(),
        }
    }

    /// Sets whether merges select values of merged records.
    pub(super) fn selecting_fields(mut self, selects: bool) -> Self {
        self.selects = selects;
        self
    }

    /// Sets the seconds after a deletion within which the record may be restored: a later
    /// restoration is not reported.
    pub(super) fn restoring_within(mut self, seconds: u64) -> Self {
        self.restorable = TimeDelta::seconds(seconds.cast_signed());
        self
    }

    /// Sets whether writes are visible late.
    pub(super) fn writing_late(mut self, is_late: bool) -> Self {
        self.is_late = is_late;
        self
    }

    /// Sets whether the module changes between the calls of the replica.
    pub(super) fn set_disturbs(&mut self, disturbs: bool) {
        self.disturbs = disturbs;
    }

    /// Sets whether the first round has several pages.
    pub(super) fn set_first_is_long(&mut self, is_long: bool) {
        self.first_is_long = is_long;
    }

    /// Notes that a round begins, or goes on.
    pub(super) fn begin_round(&mut self) {
        self.in_round = true;
    }

    /// Notes that a round was read to its end.
    pub(super) fn end_round(&mut self) {
        self.in_round = false;
        self.rounds += 1;
    }

    /// Returns `true` if a record may be invisible for a while, as a deleted or unapproved one. It may be
    /// hidden from a round if each of its reads comes at the wrong moment, and the next round finds it then.
    /// So it must not be hidden from two rounds in succession, nor from a first round of several pages.
    fn may_hide(&mut self, id: &str) -> bool {
        if !self.in_round && !self.is_late {
            return true;
        }
        let was_hidden = self.hidden.get(id).is_some_and(|round| round + 1 == self.rounds);
        let is_read_once = self.rounds == 0 && self.first_is_long;
        if !was_hidden {
            self.hidden.insert(id.to_owned(), self.rounds);
        }
        !was_hidden && !is_read_once
    }

    /// Returns the ids of all records that ever existed.
    pub(super) fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Returns the number of the last deletion of a record, if it was not restored since.
    pub(super) fn deletion_of(&self, id: &str) -> Option<u64> {
        self.deletions.get(id).copied()
    }

    /// Returns the number of operations.
    pub(super) fn done(&self) -> Operations {
        self.done
    }

    /// May change the module, before a call of the replica.
    pub(super) async fn disturb(&mut self) -> Result<(), BoxError> {
        if self.disturbs && self.rng.u8(0..4) == 0 {
            self.operate().await?;
        }
        Ok(())
    }

    /// Does one random operation.
    pub(super) async fn operate(&mut self) -> Result<(), BoxError> {
        match self.rng.u8(0..30) {
            0..=6 => self.insert(),
            7..=11 => self.change(),
            12..=15 => self.delete(),
            16..=18 => self.restore().await,
            19 => self.purge().await,
            20..=21 => self.convert().await,
            22..=25 => self.merge().await,
            26..=27 => self.approve(),
            _ => {
                self.sim.advance(std::time::Duration::from_secs(1));
                Ok(())
            }
        }
    }

    /// Returns a new text for each version of a record.
    fn name(&mut self) -> String {
        self.names += 1;
        self.names.to_string()
    }

    fn any(&mut self) -> Option<String> {
        let id = self.rng.choice(&self.alive)?.clone();
        self.exists(&id).then_some(id)
    }

    /// Returns whether a record exists, after the jobs that are due. A call of the simulator runs them.
    fn exists(&self, id: &str) -> bool {
        self.sim.set_approved(self.module, id, !self.waiting.contains(id)).is_ok()
    }

    pub(super) fn insert(&mut self) -> Result<(), BoxError> {
        let name = self.name();
        let values = match self.module {
            "Leads" => json!({ "Last_Name": "Boyle", "Company": "Zylker", "Description": name }),
            _ => json!({ "Last_Name": "Boyle", "Description": name }),
        };
        let id = self.sim.insert(self.module, values)?;
        if self.rng.u8(0..4) == 0 {
            self.sim.set_approved(self.module, &id, false)?;
            self.waiting.insert(id.clone());
        }
        self.ids.push(id.clone());
        self.alive.push(id);
        self.done.inserts += 1;
        Ok(())
    }

    fn change(&mut self) -> Result<(), BoxError> {
        let Some(id) = self.any() else { return Ok(()) };
        let values = json!({ "Description": self.name() });
        self.done.updates += 1;
        Ok(self.sim.change(self.module, &id, values)?)
    }

    pub(super) fn delete(&mut self) -> Result<(), BoxError> {
        let Some(id) = self.any() else { return Ok(()) };
        self.sim.delete(self.module, &id)?;
        self.alive.retain(|alive| *alive != id);
        self.deletions.insert(id.clone(), self.done.deletions);
        if self.may_hide(&id) {
            self.deleted.insert(id, self.sim.now());
        }
        self.done.deletions += 1;
        Ok(())
    }

    /// Takes a record that was deleted lately.
    fn take_deleted(&mut self) -> Option<String> {
        let (now, restorable) = (self.sim.now(), self.restorable);
        self.deleted.retain(|_, time| now - *time <= restorable);
        let id = self.rng.choice(self.deleted.keys())?.clone();
        self.deleted.remove(&id);
        Some(id)
    }

    async fn restore(&mut self) -> Result<(), BoxError> {
        let Some(id) = self.take_deleted() else { return Ok(()) };
        let call = self.api.call(&RECYCLE_BIN_RESTORE_ONE).path_id("record_id", &id);
        call.json::<Value>().await?;
        self.deletions.remove(&id);
        self.alive.push(id);
        self.done.restorations += 1;
        Ok(())
    }

    /// Deletes a record from the recycle bin.
    async fn purge(&mut self) -> Result<(), BoxError> {
        let Some(id) = self.take_deleted() else { return Ok(()) };
        let call = self.api.call(&RECYCLE_BIN_DELETE_ONE).path_id("record_id", &id);
        call.json::<Value>().await?;
        self.done.deletions += 1;
        Ok(())
    }

    async fn convert(&mut self) -> Result<(), BoxError> {
        if self.module != "Leads" {
            return Ok(());
        }
        let Some(id) = self.any() else { return Ok(()) };
        self.api.record("Leads", &id).convert().await?;
        // it can be neither changed nor deleted any more
        self.alive.retain(|alive| *alive != id);
        self.done.conversions += 1;
        Ok(())
    }

    /// Merges a record into another one. With a note, it is a job if options say so.
    async fn merge(&mut self) -> Result<(), BoxError> {
        let (Some(master), Some(merged)) = (self.any(), self.any()) else { return Ok(()) };
        let is_locked = |id: &String| self.waiting.contains(id) || self.merging.contains(id);
        if master == merged || is_locked(&master) || is_locked(&merged) {
            return Ok(());
        }
        if self.rng.bool() {
            let parent = json!({ "id": merged, "module": self.module });
            self.sim.insert("Notes", json!({ "Note_Content": "call", "Parent_Id": parent }))?;
        }
        let selects = self.selects && self.rng.bool();
        let fields = if selects { json!([{ "api_name": "Description" }]) } else { Value::Null };
        let body = json!({ "merge": [{ "data": [{ "id": merged, "_fields": fields }] }] });
        let call = self.api.call(&RECORDS_MERGE).path("module", self.module);
        let call = call.path_id("record_id", &master).body_unchecked(body.to_string());
        let answer: Value = call.json().await?;
        if answer.pointer("/merge/0/code") == Some(&json!("SCHEDULED")) {
            // neither takes part in another one, also if the job fails
            self.merging.extend([master, merged]);
        } else {
            self.alive.retain(|alive| *alive != merged);
        }
        self.done.merges += 1;
        Ok(())
    }

    /// Approves a record, or submits it for approval.
    fn approve(&mut self) -> Result<(), BoxError> {
        let Some(id) = self.any() else { return Ok(()) };
        self.approve_or_submit(id)
    }

    fn approve_or_submit(&mut self, id: String) -> Result<(), BoxError> {
        let approves = self.waiting.remove(&id);
        if !approves && !self.may_hide(&id) {
            return Ok(());
        }
        self.sim.set_approved(self.module, &id, approves)?;
        if !approves {
            self.waiting.insert(id);
        }
        self.done.approvals += 1;
        Ok(())
    }

    /// Approves most of the waiting records, or submits most of the others.
    pub(super) fn approve_many(&mut self) -> Result<(), BoxError> {
        let approves = self.rng.bool();
        for id in self.alive.clone() {
            let is_chosen = self.waiting.contains(&id) == approves && self.rng.u8(0..10) > 0;
            if is_chosen && self.exists(&id) {
                self.approve_or_submit(id)?;
            }
        }
        Ok(())
    }
}
