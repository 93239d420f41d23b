//! Threads that read and write the files of jobs.

use tokio::sync::mpsc::{Receiver, Sender, channel};
use zcrm_core::{Error, ErrorKind, Outcome};

use super::position::BulkPosition;

/// Starts a thread that runs `read`, and returns its messages.
///
/// A blocked thread of the runtime would keep the runtime from ending while the consumer pauses.
pub(super) fn spawn<M: Send + 'static>(
    read: impl FnOnce(&Sender<M>) + Send + 'static,
) -> Result<Receiver<M>, Error> {
    let (sender, receiver) = channel(1);
    let started =
        std::thread::Builder::new().name("zcrm-bulk".to_owned()).spawn(move || read(&sender));
    match started {
        Ok(_) => Ok(receiver),
        Err(error) => {
            let message = "the thread for the files of bulk jobs could not be started";
            Err(Error::new(ErrorKind::Other, Outcome::Local, message).with_source(error))
        }
    }
}

/// Returns the error for a thread that ended without a result.
pub(super) fn died(task: &str) -> Error {
    let message = format!("the thread that {task} for a bulk write ended early");
    Error::new(ErrorKind::Other, Outcome::NotSent, message)
}

/// Returns the error for a thread that ended without saying so.
pub(super) fn ended_early(position: &BulkPosition) -> Error {
    let message = format!("the reader of a bulk result ended early ({position})");
    Error::new(ErrorKind::Other, Outcome::Local, message).with_extension(position.clone())
}
