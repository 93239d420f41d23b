//! Failures given as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::job_faults::JobOrder;
use super::response::ControlError;
use super::times::{AlwaysKeyword, Times};
use crate::environment::Host;
use crate::faults::{DeliveryFaults, Faults};
use crate::shared::Shared;

/// One failure or several.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Orders {
    Many(Vec<Value>),
    One(Value),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallOrder {
    host: Option<Host>,
    method: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    operation: Option<String>,
    #[serde(default)]
    skip: usize,
    #[serde(default)]
    times: Times,
    probability: Option<f64>,
    #[serde(default)]
    after_executing: bool,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    then: Effect,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    Status(u16),
    Html { status: u16, text: String },
    Json { status: u16, body: Value },
    ZohoError { status: u16, code: String },
    Garbage,
    Reset,
    ResetInBody,
    CutBody,
    SlowBodyMs(u64),
    WrongLength(i64),
    LatencyMs(u64),
    RevokeToken,
    RevokeLogin,
    ClockSkewSeconds(i32),
    StaleSearchMs(u64),
}

/// A failure of deliveries; it is recognised by the member `deliveries`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryOrder {
    deliveries: DeliveryFilter,
    #[serde(default)]
    skip: usize,
    #[serde(default)]
    times: Times,
    probability: Option<f64>,
    then: DeliveryEffect,
}

/// A filter of deliveries. An empty object matches all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryFilter {
    channel_id: Option<String>,
    module: Option<String>,
    operation: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeliveryEffect {
    Duplicate(usize),
    Lose,
    DelayMs(u64),
    Overtaken,
}

/// A parsed failure.
enum Read {
    Calls(CallOrder),
    Deliveries(DeliveryOrder),
    Jobs(JobOrder),
}

impl Read {
    fn of(order: Value) -> serde_json::Result<Self> {
        if order.get("deliveries").is_some() {
            return serde_json::from_value(order).map(Self::Deliveries);
        }
        if order.get("bulk_jobs").is_some() {
            return serde_json::from_value(order).map(Self::Jobs);
        }
        serde_json::from_value(order).map(Self::Calls)
    }
}

/// Adds all failures, or none if one of them is invalid.
pub(super) fn order(shared: &Shared, orders: Orders) -> Result<(), ControlError> {
    let orders = match orders {
        Orders::Many(orders) => orders,
        Orders::One(order) => vec![order],
    };
    let read = |(place, order): (usize, Value)| {
        Read::of(order).map_err(|error| {
            ControlError::new(
                StatusCode::BAD_REQUEST,
                format!("invalid failure {}: {error}", place + 1),
            )
        })
    };
    let orders: Vec<Read> =
        orders.into_iter().enumerate().map(read).collect::<Result<_, ControlError>>()?;
    for order in orders {
        match order {
            Read::Calls(order) => place(order.faults(shared), &order.then),
            Read::Deliveries(order) => order.place(shared),
            Read::Jobs(order) => order.place(shared),
        }
    }
    Ok(())
}

impl DeliveryOrder {
    fn place(self, shared: &Shared) {
        let mut faults = DeliveryFaults::new(Arc::clone(&shared.dispatcher.faults)).skip(self.skip);
        if let Some(id) = self.deliveries.channel_id {
            faults = faults.channel(id);
        }
        if let Some(module) = self.deliveries.module {
            faults = faults.module(module);
        }
        if let Some(operation) = self.deliveries.operation {
            faults = faults.operation(operation);
        }
        faults = match self.times {
            Times::Calls(deliveries) => faults.times(deliveries),
            Times::AlwaysKeyword(AlwaysKeyword::Always) => faults.always(),
        };
        if let Some(probability) = self.probability {
            faults = faults.probability(probability);
        }
        match self.then {
            DeliveryEffect::Duplicate(more) => faults.duplicate(more),
            DeliveryEffect::Lose => faults.lose(),
            DeliveryEffect::DelayMs(delay) => faults.delay(Duration::from_millis(delay)),
            DeliveryEffect::Overtaken => faults.overtaken(),
        }
    }
}

impl CallOrder {
    /// Returns the builder with the filters of this failure.
    fn faults(&self, shared: &Shared) -> Faults {
        let mut faults = Faults::new(Arc::clone(&shared.faults)).skip(self.skip);
        if let Some(host) = self.host {
            faults = faults.on_host(host);
        }
        if let Some(method) = &self.method {
            faults = faults.method(method);
        }
        if let Some(path) = &self.path {
            faults = faults.on_path(path);
        }
        if let Some(prefix) = &self.path_prefix {
            faults = faults.on_path_prefix(prefix);
        }
        if let Some(operation) = &self.operation {
            faults = faults.on_operation(operation);
        }
        faults = match self.times {
            Times::Calls(calls) => faults.times(calls),
            Times::AlwaysKeyword(AlwaysKeyword::Always) => faults.always(),
        };
        if let Some(probability) = self.probability {
            faults = faults.probability(probability);
        }
        if self.after_executing {
            faults = faults.after_executing();
        }
        self.headers.iter().fold(faults, |faults, (name, value)| faults.header(name, value))
    }
}

/// Adds the failure with its effect.
fn place(faults: Faults, then: &Effect) {
    match then {
        Effect::Status(status) => faults.status(*status),
        Effect::Html { status, text } => faults.html(*status, text),
        Effect::Json { status, body } => faults.json(*status, body),
        Effect::ZohoError { status, code } => faults.zoho_error(*status, code),
        Effect::Garbage => faults.garbage(),
        Effect::Reset => faults.reset(),
        Effect::ResetInBody => faults.reset_in_body(),
        Effect::CutBody => faults.cut_body(),
        Effect::SlowBodyMs(pause) => faults.slow_body(Duration::from_millis(*pause)),
        Effect::WrongLength(difference) => faults.wrong_length(*difference),
        Effect::LatencyMs(latency) => faults.latency(Duration::from_millis(*latency)),
        Effect::RevokeToken => faults.revoke_token(),
        Effect::RevokeLogin => faults.revoke_login(),
        Effect::StaleSearchMs(age) => faults.stale_search(Duration::from_millis(*age)),
        Effect::ClockSkewSeconds(skew) => faults.clock_skew(TimeDelta::seconds((*skew).into())),
    }
}
