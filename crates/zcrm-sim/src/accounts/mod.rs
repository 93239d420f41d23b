//! The accounts server: consent, tokens, devices, revocation, user info.

mod consent;
mod context;
mod device;
mod info;
mod issue;
mod page;
mod people;
mod revoke;
mod router;

pub(crate) use device::{DeviceApproval, approve, deny};
pub(crate) use router::answer;
