//! The parts of a composite call together: their ids, their order, and the checks before any of them
//! is executed.

use serde_json::{Value, json};

use super::order::{Order, order};
use super::part::Part;
use super::reference::Reference;
use super::request::CompositeRequest;
use crate::crm::call::{Refusal, RowError};
use crate::http::IncomingCall;
use crate::version::Version;

/// A part, or the reason why it cannot be executed.
pub(super) type ReadPart<'s> = Result<Part<'s>, RowError>;

/// Reads the parts. Two parts with the same id are errors.
pub(super) fn read_parts(sent: &CompositeRequest) -> Vec<ReadPart<'_>> {
    let mut parts: Vec<ReadPart<'_>> =
        sent.parts.iter().enumerate().map(|(index, part)| Part::read(index, part)).collect();
    let ids: Vec<Option<&str>> =
        parts.iter().map(|part| part.as_ref().ok().and_then(|part| part.id)).collect();
    for (part, id) in parts.iter_mut().zip(&ids) {
        let same: Vec<usize> =
            (0..ids.len()).filter(|other| id.is_some() && ids.get(*other) == Some(id)).collect();
        if let (Ok(own), true) = (&part, same.len() > 1) {
            *part = Err(own.duplicate(&same));
        }
    }
    parts
}

/// Returns the index of the part with this id.
pub(super) fn index_of(parts: &[ReadPart<'_>], id: &str) -> Option<usize> {
    parts.iter().position(|part| part.as_ref().is_ok_and(|part| part.id == Some(id)))
}

fn referred_ids(part: &ReadPart<'_>) -> Vec<String> {
    part.as_ref().map(|part| part.referred_ids()).unwrap_or_default()
}

/// Orders parts that run in parallel.
pub(super) fn parallel_order(parts: &[ReadPart<'_>]) -> Order {
    let others = |(own, part): (usize, &ReadPart<'_>)| -> Vec<usize> {
        let ids = referred_ids(part);
        let others = ids.iter().filter_map(|id| index_of(parts, id));
        others.filter(|other| *other != own).collect()
    };
    let referred: Vec<Vec<usize>> = parts.iter().enumerate().map(others).collect();
    order(&referred)
}

/// Returns the error of parts that refer to each other in a circle.
pub(super) fn looping(parts: &[ReadPart<'_>], circular: &[usize]) -> RowError {
    let data = |index: &usize| {
        let part = parts.get(*index)?;
        let id = part.as_ref().ok()?.id;
        Some(json!({ "sub_request_id": id, "referred_sub_request_ids": referred_ids(part) }))
    };
    let data: Vec<Value> = circular.iter().filter_map(data).collect();
    let details = json!({ "dependent_data": data });
    RowError::new("LOOPING_FOUND", "the sub requests refer to each other", details)
}

/// Checks all parts before any of them is executed. A reference counts as valid if there is such a
/// part and it is executed earlier.
pub(super) fn check_all<'s>(
    parts: Vec<ReadPart<'s>>,
    sent: &CompositeRequest,
    call: &IncomingCall,
    version: Version,
) -> Result<Vec<ReadPart<'s>>, Refusal> {
    let parts: Vec<ReadPart<'s>> =
        parts.into_iter().map(|part| Ok(Ok(part?))).collect::<Result<_, RowError>>()?;
    for (own, part) in parts.iter().enumerate() {
        let Ok(part) = part else { continue };
        let some = |reference: &Reference| {
            let other = index_of(&parts, &reference.id)?;
            let earlier = other < own || sent.parallel && other != own;
            earlier.then(|| Value::from("1"))
        };
        part.admit(&part.call(call, &some)?, version)?;
    }
    let circular = if sent.parallel { parallel_order(&parts).circular } else { Vec::new() };
    if circular.is_empty() { Ok(parts) } else { Err(looping(&parts, &circular).into()) }
}
