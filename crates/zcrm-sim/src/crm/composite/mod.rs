//! Composite calls: up to five calls in one, which refer to each other's answers.

mod allowed;
mod order;
mod part;
mod parts;
mod reference;
mod request;
mod run;

use crate::crm::call::Workspace;
use crate::crm::router;
use crate::faults::PartFaults;
use crate::http::{Answer, IncomingCall};

/// Answers a call of the CRM API, which may be a composite call. `faults` are the failures of its
/// parts.
pub(crate) fn answer(
    workspace: &mut Workspace<'_>,
    call: &IncomingCall,
    faults: &mut PartFaults<'_>,
) -> Answer {
    router::answer(
        workspace,
        call,
        Some(&mut |workspace, call, version| run::run(workspace, call, version, faults)),
    )
}
