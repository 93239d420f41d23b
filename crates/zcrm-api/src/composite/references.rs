//! Finds texts that Zoho would take for references.
//!
//! Zoho replaces `@{…}` in the path, the parameters and the body of a part, and documents no way to
//! escape it. So a text with `@{` that is not a reference of this request is refused.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use zcrm_core::Error;

use crate::{
    json_text::{TextKind, find_text},
    reference_text,
};

const OPENING: &str = "@{";

/// The number of percent-encodings that are undone. Each takes time, and a long text can have many.
const MOST_ENCODINGS: usize = 8;

/// The references that a part may contain, as texts.
pub(super) struct KnownReferences(pub(super) Vec<String>);

impl KnownReferences {
    /// Checks a text that cannot hold a reference, such as the path, also if it is encoded.
    pub(super) fn check_plain(place: &str, text: &str) -> Result<(), Error> {
        let mut text = Cow::Borrowed(text);
        for _ in 0..MOST_ENCODINGS {
            if text.contains(OPENING) {
                return Err(refusal(place, &text));
            }
            let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
            if decoded == text {
                return Ok(());
            }
            text = Cow::Owned(decoded);
        }
        Err(Error::input(format!(
            "{place} is percent-encoded more than {MOST_ENCODINGS} times, so a composite request cannot \
             check it: send this request by itself"
        )))
    }

    /// Checks all strings and keys of a body, which must be JSON.
    pub(super) fn check_body(&self, body: &[u8]) -> Result<(), Error> {
        let is_known = |text: &str| self.0.iter().any(|known| known == text);
        let found = find_text(body, &|text, kind| {
            text.contains(OPENING) && (kind == TextKind::Key || !is_known(text))
        });
        match found {
            Ok(Some(found)) => Err(refusal(&format!("{} of the body", found.place), &found.text)),
            Ok(None) => Ok(()),
            Err(_) => Err(Error::input(
                "the body is not JSON: a part of a composite request needs a JSON object",
            )),
        }
    }
}

fn refusal(place: &str, text: &str) -> Error {
    let message = match reference_text::is_of_a_composite(text) {
        true => format!(
            "{place} has a reference to a record of another composite request, or of another place: use \
             `lookup()` of a handle of this request as the value of a lookup field"
        ),
        false => format!(
            "{place} contains `{OPENING}`, which Zoho takes for a reference in a composite request and \
             which cannot be escaped: send this request by itself"
        ),
    };
    Error::input(message)
}
