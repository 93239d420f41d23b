//! The outcome of requests that hyper could not finish.

use std::{error::Error as StdError, io};

use zcrm_core::{Error, ErrorKind, Outcome};

use super::connection::ClosedBeforeWrite;

/// Converts hyper's error into an error with a kind and an outcome.
pub(super) fn classify(error: hyper_util::client::legacy::Error) -> Error {
    if let Some(config) = find::<Error>(&error) {
        return config.clone();
    }
    let (kind, outcome, message) = classify_kind(&error);
    Error::new(kind, outcome, message).with_source(error)
}

fn classify_kind(error: &hyper_util::client::legacy::Error) -> (ErrorKind, Outcome, &'static str) {
    let not_sent = |message| (ErrorKind::Connect, Outcome::NotSent, message);
    if error.is_connect() {
        let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        return not_sent(match find::<io::Error>(error).is_some_and(timed_out) {
            true => "could not connect in time (connect timeout)",
            false => "could not connect to the server",
        });
    }
    let hyper = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    // hyper cancels requests that it has not begun to write
    if hyper.is_some_and(hyper::Error::is_canceled) || was_closed_before(error) {
        return not_sent("the connection closed before the request was sent");
    }
    if let Some(message) = find::<h2::Error>(error).and_then(unprocessed) {
        return (ErrorKind::Transport, Outcome::NotSent, message);
    }
    (ErrorKind::Transport, Outcome::Unknown, "the connection broke before the answer came")
}

/// Returns the reason why the server certainly did not process a stream (RFC 9113, section 8.7), if
/// it gave one.
fn unprocessed(error: &h2::Error) -> Option<&'static str> {
    if !error.is_remote() {
        return None;
    }
    // on GOAWAY, h2 fails only the streams above the last one that the server names, and those that
    // were never begun
    if error.is_go_away() {
        return Some(
            "the server is closing the connection and did not process the request (GOAWAY)",
        );
    }
    (error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM))
        .then_some("the server did not process the request (HTTP/2 REFUSED_STREAM)")
}

/// Returns `true` if the connection was closed before the first byte of the request was sent.
fn was_closed_before(error: &hyper_util::client::legacy::Error) -> bool {
    let cause = find::<io::Error>(error).and_then(io::Error::get_ref);
    cause.is_some_and(<dyn StdError + Send + Sync>::is::<ClosedBeforeWrite>)
}

/// Returns the error of this type in a chain of causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
