//! Ways to go on if the rest of an export cannot be requested by a job that follows the others.

use zcrm_core::{ApiVersion, Error, ErrorKind, Outcome, escaped};

use super::{
    id_order::IdOrder,
    state::{ExportState, IdsAbove, NextPart},
};
use crate::bulk::position::BulkPosition;

/// How an export goes on after a dead end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// Everything begins again.
    FromStart,
    /// A new chain of jobs begins with this part.
    FromPart(u32),
}

/// Why an export cannot be continued by ids.
pub(super) const REFUSED: &str = "Zoho refuses the condition on `id`";

/// Returns the last id if the rest can be requested as the records with larger ids, otherwise the
/// reason why not.
pub(super) fn last_id(
    state: &ExportState,
    order: IdOrder,
    version: ApiVersion,
) -> Result<u64, &'static str> {
    let id = match order {
        IdOrder::Ascending { last: Some(id) } => id,
        IdOrder::Ascending { last: None } => return Err("there are no records so far"),
        IdOrder::Broken => return Err("the ids of the records so far are not ascending"),
        IdOrder::Unknown => {
            return Err("an earlier version of zcrm began it and did not check the order of ids");
        }
    };
    match state.query_of(&NextPart::Start, Some(IdsAbove::new(id, 1)), version) {
        Ok(_) => Ok(id),
        Err(_) => Err("its condition has the most comparisons that Zoho takes"),
    }
}

/// Returns the error for an export that cannot be continued. It names what each option does.
pub(super) fn cannot_go_on(
    state: &ExportState,
    reason: &str,
    by_id: Result<u64, &'static str>,
) -> Error {
    let by_id = match by_id {
        Ok(_) => "`continue_by_id` requests only the records with larger ids than the last one, \
                  because the ids so far are ascending, and pays for the jobs of the rest"
            .to_owned(),
        Err(why) => format!("`continue_by_id` is not possible, because {why}"),
    };
    let message = format!(
        "the export of `{}` cannot be continued, because {reason}: {} parts and {} rows of the next \
         one are exported; {by_id}; `begin_again` exports everything again and pays for all jobs \
         again",
        escaped(&state.module),
        state.parts,
        state.row
    );
    Error::new(ErrorKind::NotFound, Outcome::NotSent, message)
}

/// Returns the error for a record of a chain by ids whose id is not larger than the one before it.
pub(super) fn disordered(position: Option<BulkPosition>, module: &str) -> Error {
    let at = position.as_ref().map(|position| format!(" ({position})")).unwrap_or_default();
    let message = format!(
        "the export of `{}` was continued by ids, but a record has no larger id than the one before \
         it, so that records may be lost or repeated: nothing more was paid for, and `begin_again` \
         exports everything again{at}",
        escaped(module)
    );
    let error = Error::new(ErrorKind::Decode, Outcome::Local, message);
    match position {
        Some(position) => error.with_extension(position),
        None => error,
    }
}
