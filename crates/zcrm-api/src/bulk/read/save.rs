//! Saving the CSV of a result.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use zcrm_core::Error;

use super::{bytes::BulkCsv, job::BulkJob, options::CsvOptions};
use crate::{
    Call, SaveFile, SavedFile,
    bulk::position::BulkPosition,
    request::{Kind, Request, sealed::Sealed},
};

/// A [`Request`] kind that saves the CSV of a result:
/// [`BulkResult::save_to`](super::BulkResult::save_to).
///
/// A result that is damaged leaves no file. If the future is dropped, the path is left as it was.
#[derive(Clone, Debug)]
pub struct SaveCsv {
    position: BulkPosition,
    options: CsvOptions,
    // the file is saved once, so clones of the request share it
    to: Arc<Mutex<Option<SaveFile>>>,
}

impl SaveCsv {
    pub(super) fn request<T>(job: &BulkJob<T>, options: CsvOptions, to: SaveFile) -> Request<Self> {
        let to = Arc::new(Mutex::new(Some(to)));
        Request::new(job.download(), Self { position: job.position(1), options, to })
    }
}

impl Sealed for SaveCsv {}

impl Kind for SaveCsv {
    type Output = SavedFile;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<SavedFile, Error> {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner).take();
        let to = to.ok_or_else(|| {
            Error::input("the file cannot be saved again: a clone of this request has saved it")
        })?;
        let position = self.position.clone();
        to.store(BulkCsv::new(call, self.position, self.options)).await.map_err(|error| {
            match BulkPosition::of(&error) {
                Some(_) => error,
                None => error.with_extension(position),
            }
        })
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.preview()
    }
}
