//! Devices without a browser that wait for a user's approval.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::grants::RefreshTokenIssue;
use crate::environment::Environment;
use crate::rng::Rng;

/// The lifetime of a device's codes.
pub(crate) const CODE_LIFE: TimeDelta = TimeDelta::minutes(5);
/// The time for which an expired code is kept, so that a late poll gets the right error.
const MEMORY: TimeDelta = TimeDelta::hours(1);

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Decision {
    Pending,
    Denied,
    Approved {
        user: String,
        environment: Environment,
    },
    /// Approved by a user of this other data centre; the device continues there.
    Elsewhere(String),
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) user_code: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) lasting: RefreshTokenIssue,
    pub(crate) expires: DateTime<Utc>,
    pub(crate) polled: Option<DateTime<Utc>>,
    pub(crate) decision: Decision,
}

/// The devices that are waiting or were decided, by device code.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct DeviceCodes(pub(crate) BTreeMap<String, Device>);

impl DeviceCodes {
    pub(crate) fn add(&mut self, rng: &mut Rng, device: Device) -> String {
        let now = device.expires - CODE_LIFE;
        self.0.retain(|_, known| now < known.expires + MEMORY);
        let code = rng.token();
        self.0.insert(code.clone(), device);
        code
    }

    /// Returns the device with this user code, if it is still waiting.
    pub(crate) fn waiting(
        &mut self,
        user_code: &str,
        now: DateTime<Utc>,
    ) -> Option<(&String, &mut Device)> {
        self.0.iter_mut().find(|(_, device)| {
            device.user_code.eq_ignore_ascii_case(user_code)
                && now < device.expires
                && matches!(device.decision, Decision::Pending)
        })
    }
}
