//! The text of a reference to a record that a composite request writes. It has a meaning only in that
//! request.

use zcrm_core::Error;

use crate::json_text::{TextKind, find_text};

/// The beginning of each reference. It is searched in all bodies, so it is long enough to be rare.
const OPENING: &str = "@{p";

/// Returns the `sub_request_id` of a part. `mark` distinguishes its composite request from others.
pub(crate) fn id_of(mark: u128, index: usize) -> String {
    format!("p{}_{mark:032x}", index + 1)
}

/// Returns the reference to the record that a part writes; `key` is that of the results in its
/// answer.
pub(crate) fn of(id: &str, key: &str) -> String {
    format!("@{{{id}:$.{key}[0].details.id}}")
}

/// Returns `true` if a text begins like a reference of some composite request.
pub(crate) fn is_of_a_composite(text: &str) -> bool {
    let mark = || {
        let (number, rest) = text.strip_prefix(OPENING)?.split_once('_')?;
        let (mark, _) = rest.split_once(':')?;
        let is_mark = mark.len() == 32 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
        (number.parse::<usize>().is_ok() && is_mark).then_some(())
    };
    mark().is_some()
}

/// Checks that a body that is not a composite request contains no reference as a value.
///
/// Only the complete text of a reference is refused, because other texts may contain anything.
pub(crate) fn check_single(body: &[u8]) -> Result<(), Error> {
    // an inexpensive check first
    match std::str::from_utf8(body) {
        Ok(text) if text.contains(OPENING) => {}
        _ => return Ok(()),
    }
    let is_reference = |text: &str, kind| {
        kind == TextKind::Value && is_of_a_composite(text) && text.ends_with("[0].details.id}")
    };
    match find_text(body, &is_reference) {
        Ok(Some(found)) => Err(Error::input(format!(
            "{} of the body is a reference to a record that a composite request writes, but this \
             request is sent by itself: add it to that composite request, or use the id of the record \
             once it is written",
            found.place
        ))),
        // a body that is not JSON is another mistake
        Ok(None) | Err(_) => Ok(()),
    }
}
