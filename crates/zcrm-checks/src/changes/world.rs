//! The module of a history: a simulator whose clock the history moves.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::{Mutex, MutexGuard};
use tower::{ServiceExt as _, service_fn};
use zcrm_api::Api;
use zcrm_core::{ApiVersion, BoxError, Clock as _};
use zcrm_http::{Connector, ReqBody, Stack, StaticAuthorizer, TokioClock, Transport};
use zcrm_sim::{ChangeOptions, ClockMode, CoqlOptions, Edition, Simulator};

use super::{operator::Operator, replica::Replica};
use crate::operations::access_token;

/// The look-back of the histories, in seconds. It is longer than [`MOST_LATE`].
pub(super) const LOOK_BACK: u64 = 30;

/// The longest time of a job that merges or restores, in seconds.
pub(super) const LONGEST_JOB: u64 = 3;

/// The largest sum of the delay until a write is visible and the difference of two clocks.
const MOST_LATE: u64 = LOOK_BACK - 1;

/// A module in a simulator.
pub(super) struct World {
    pub(super) sim: Simulator,
    /// The client of the replica.
    pub(super) api: Api,
    pub(super) module: &'static str,
    /// Whether writes are visible late.
    pub(super) is_late: bool,
    operator: Arc<Mutex<Operator>>,
}

impl World {
    pub(super) async fn start(rng: &mut fastrand::Rng) -> Result<Self, BoxError> {
        let job_time = rng.u64(0..=LONGEST_JOB);
        let merge_modifies = rng.u8(0..4) > 0;
        let changes = ChangeOptions::default()
            .restore_modifies(rng.bool())
            .conversion_modifies(rng.bool())
            .cascades_listed(rng.bool())
            .oldest_deleted_first(rng.bool())
            .deleted_since(rng.bool())
            .merge_modifies(merge_modifies)
            .merged_in_bin(rng.bool())
            .job_records(if rng.bool() { 0 } else { 1_000 })
            .job_time(Duration::from_secs(job_time));
        let coql =
            CoqlOptions::default().converted_leads(rng.bool()).unapproved_records(rng.bool());
        // either the servers' clocks differ, or a proxy in front of them has another one
        let lag = if rng.bool() { rng.u64(0..MOST_LATE) } else { 0 };
        let skew = rng.u64(0..=MOST_LATE - lag);
        let servers_differ = rng.bool();
        let sim = Simulator::builder()
            .plain_http()
            .seed(rng.u64(..))
            .edition(Edition::Enterprise)
            .clock(ClockMode::Frozen(TokioClock::new().now()))
            .coql(coql)
            .changes(changes)
            .visibility_lag(Duration::from_secs(lag))
            .clock_skew(Duration::from_secs(if servers_differ { skew / 2 } else { 0 }))
            .start()
            .await?;
        if !servers_differ {
            let skew = TimeDelta::seconds(skew.cast_signed());
            let skew = if rng.bool() { skew } else { -skew };
            sim.faults().on_path_prefix("/crm").always().clock_skew(skew);
        }
        let stack = Stack::new(Connector::builder().build()?);
        let token = access_token(&sim, &stack).await?;
        let authorizer = Arc::new(StaticAuthorizer::zoho(&token, sim.api_url().parse()?)?);
        let transport = stack.build();
        let version = if rng.bool() { ApiVersion::V8 } else { ApiVersion::V3 };
        let module = if rng.bool() { "Leads" } else { "Contacts" };
        let other = Api::new(transport.clone(), ApiVersion::V8);
        let other = other.authorized_by(Arc::clone(&authorizer) as _);
        let operator = Operator::new(&sim, other, module, rng.fork())
            .selecting_fields(merge_modifies)
            .writing_late(lag > 0)
            .restoring_within(LOOK_BACK - job_time);
        let operator = Arc::new(Mutex::new(operator));
        let api = Api::new(disturbed(transport, Arc::clone(&operator)), version);
        Ok(Self { sim, api: api.authorized_by(authorizer), module, is_late: lag > 0, operator })
    }

    /// Returns the users who change the module.
    pub(super) async fn operator(&self) -> MutexGuard<'_, Operator> {
        self.operator.lock().await
    }

    /// Returns the records of the module.
    pub(super) async fn records(&self) -> Replica {
        let mut records = Replica::default();
        for id in self.operator().await.ids() {
            if let Some(record) = self.sim.record(self.module, id) {
                records.set_record(id, &record);
            }
        }
        records
    }
}

/// Returns a transport before whose calls the module may change.
fn disturbed(transport: Transport, operator: Arc<Mutex<Operator>>) -> Transport {
    let service = service_fn(move |request: http::Request<ReqBody>| {
        let (transport, operator) = (transport.clone(), Arc::clone(&operator));
        async move {
            operator.lock().await.disturb().await?;
            transport.oneshot(request).await
        }
    });
    Transport::new(service)
}
