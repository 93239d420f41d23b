//! The module of a history: a simulator whose clock the history moves.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use zcrm_api::{Api, operations::RECYCLE_BIN_RESTORE_ONE};
use zcrm_core::{ApiVersion, BoxError, Clock as _};
use zcrm_http::{Connector, Stack, StaticAuthorizer, TokioClock};
use zcrm_sim::{ChangeOptions, ClockMode, CoqlOptions, Edition, Simulator};

use super::replica::Replica;
use crate::operations::access_token;

/// The look-back of the histories. The longest delay and the largest difference of clocks together
/// are less.
pub(super) const LOOK_BACK: u64 = 30;
const LARGEST_SKEW: i64 = 14;

/// A module in a simulator.
pub(super) struct World {
    pub(super) sim: Simulator,
    /// The client of the replica.
    pub(super) api: Api,
    /// The client of another user, who works in the newest version.
    other: Api,
    pub(super) module: &'static str,
    /// The ids of all records that ever existed.
    ids: Vec<String>,
    alive: Vec<String>,
    /// The deleted records that can be restored, and the times of their deletion.
    deleted: BTreeMap<String, DateTime<Utc>>,
    names: u32,
}

impl World {
    pub(super) async fn start(rng: &mut fastrand::Rng) -> Result<Self, BoxError> {
        let changes = ChangeOptions::default()
            .restore_modifies(rng.bool())
            .cascades_listed(rng.bool())
            .oldest_deleted_first(rng.bool())
            .deleted_since(rng.bool());
        let sim = Simulator::builder()
            .plain_http()
            .seed(rng.u64(..))
            .edition(Edition::Enterprise)
            .clock(ClockMode::Frozen(TokioClock::new().now()))
            .coql(CoqlOptions::default().converted_leads(rng.bool()))
            .changes(changes)
            .start()
            .await?;
        let skew = TimeDelta::seconds(rng.i64(-LARGEST_SKEW..=LARGEST_SKEW));
        sim.faults().on_path_prefix("/crm").always().clock_skew(skew);
        let stack = Stack::new(Connector::builder().build()?);
        let token = access_token(&sim, &stack).await?;
        let authorizer = Arc::new(StaticAuthorizer::zoho(&token, sim.api_url().parse()?)?);
        let transport = stack.build();
        let version = if rng.bool() { ApiVersion::V8 } else { ApiVersion::V3 };
        let api = Api::new(transport.clone(), version).authorized_by(Arc::clone(&authorizer) as _);
        let other = Api::new(transport, ApiVersion::V8).authorized_by(authorizer);
        let module = if rng.bool() { "Leads" } else { "Contacts" };
        let (ids, alive, deleted) = (Vec::new(), Vec::new(), BTreeMap::new());
        Ok(Self { sim, api, other, module, ids, alive, deleted, names: 0 })
    }

    /// Returns a new text for each version of a record.
    fn name(&mut self) -> String {
        self.names += 1;
        self.names.to_string()
    }

    fn values(&mut self) -> Value {
        json!({ "Last_Name": "Boyle", "Company": "Zylker", "Description": self.name() })
    }

    pub(super) fn insert(&mut self) -> Result<(), BoxError> {
        let mut values = self.values();
        if let (true, Some(values)) = (self.module == "Contacts", values.as_object_mut()) {
            values.remove("Company");
        }
        let id = self.sim.insert(self.module, values)?;
        self.ids.push(id.clone());
        self.alive.push(id);
        Ok(())
    }

    /// Inserts many records within one second.
    pub(super) fn insert_many(&mut self, count: usize) -> Result<(), BoxError> {
        for _ in 0..count {
            self.insert()?;
        }
        Ok(())
    }

    fn any(&self, rng: &mut fastrand::Rng) -> Option<String> {
        rng.choice(&self.alive).cloned()
    }

    pub(super) fn change(&mut self, rng: &mut fastrand::Rng) -> Result<(), BoxError> {
        let Some(id) = self.any(rng) else { return Ok(()) };
        let values = json!({ "Description": self.name() });
        Ok(self.sim.change(self.module, &id, values)?)
    }

    pub(super) fn delete(&mut self, rng: &mut fastrand::Rng) -> Result<(), BoxError> {
        let Some(id) = self.any(rng) else { return Ok(()) };
        self.sim.delete(self.module, &id)?;
        self.alive.retain(|alive| *alive != id);
        self.deleted.insert(id, self.sim.now());
        Ok(())
    }

    /// Restores a record that was deleted within the look-back: a later restore is not reported.
    pub(super) async fn restore(&mut self, rng: &mut fastrand::Rng) -> Result<(), BoxError> {
        let now = self.sim.now();
        let recent = TimeDelta::seconds(LOOK_BACK.cast_signed());
        self.deleted.retain(|_, time| now - *time <= recent);
        let Some(id) = rng.choice(self.deleted.keys()).cloned() else { return Ok(()) };
        let call = self.other.call(&RECYCLE_BIN_RESTORE_ONE).path_id("record_id", &id);
        call.json::<Value>().await?;
        self.deleted.remove(&id);
        self.alive.push(id);
        Ok(())
    }

    pub(super) async fn convert(&mut self, rng: &mut fastrand::Rng) -> Result<(), BoxError> {
        if self.module != "Leads" {
            return Ok(());
        }
        let Some(id) = self.any(rng) else { return Ok(()) };
        self.other.record("Leads", &id).convert().await?;
        // it can be neither changed nor deleted any more
        self.alive.retain(|alive| *alive != id);
        Ok(())
    }

    /// Returns the records of the module.
    pub(super) fn records(&self) -> Replica {
        let mut records = Replica::default();
        for id in &self.ids {
            if let Some(record) = self.sim.record(self.module, id) {
                records.set_record(id, &record);
            }
        }
        records
    }
}
