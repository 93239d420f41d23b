//! The devices without a browser that wait for the approval of a user.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::grants::RefreshTokenIssue;
use crate::environment::Environment;
use crate::rng::Rng;

/// How long a device's codes can be used.
pub(crate) const CODE_LIFE: TimeDelta = TimeDelta::minutes(5);
/// How long the record of a code outlives it, so that a late poll learns why it fails.
const MEMORY: TimeDelta = TimeDelta::hours(1);

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Decision {
    Pending,
    Denied,
    Approved {
        user: String,
        environment: Environment,
    },
    /// By somebody who lives in that data centre, where the device goes on.
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

/// The devices that wait or have waited, by their own code.
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

    /// The device that shows that code and still waits.
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
