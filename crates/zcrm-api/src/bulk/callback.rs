//! The addresses to which Zoho sends the status of a job.

use zcrm_core::Error;

/// Checks the address of a callback.
pub(super) fn check(url: &str) -> Result<(), Error> {
    match url.starts_with("https://") || url.starts_with("http://") {
        true => Ok(()),
        // an address may contain a secret, so the error does not show it
        false => Err(Error::input("invalid callback: expected a URL that begins with `https://`")),
    }
}
