//! Saving the CSV of a result.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use zcrm_core::Error;

use super::{bytes::BulkCsv, job::BulkJob, options::CsvOptions};
use crate::{
    Call, SaveFile, SavedFile, operations,
    request::{Kind, Request, sealed::Sealed},
};

/// A [`Request`] kind that saves the CSV of a result:
/// [`BulkResult::save_to`](super::BulkResult::save_to).
///
/// A result that is damaged leaves no file. If the future is dropped, the path is left as it was.
pub struct SaveCsv<T> {
    job: BulkJob<T>,
    options: CsvOptions,
    // the file is saved once, so clones of the request share it
    to: Arc<Mutex<Option<SaveFile>>>,
}

impl<T> SaveCsv<T> {
    pub(super) fn request(job: &BulkJob<T>, options: CsvOptions, to: SaveFile) -> Request<Self> {
        let call = job.call(&operations::BULK_READ_DOWNLOAD_RESULT);
        let to = Arc::new(Mutex::new(Some(to)));
        Request::new(call, Self { job: job.clone(), options, to })
    }
}

impl<T> Sealed for SaveCsv<T> {}

impl<T: DeserializeOwned + Send + 'static> Kind for SaveCsv<T> {
    type Output = SavedFile;
    type Preview = http::Request<Bytes>;

    async fn execute(self, _: Call) -> Result<SavedFile, Error> {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner).take();
        let to = to.ok_or_else(|| {
            Error::input("the file cannot be saved again: a clone of this request has saved it")
        })?;
        to.store(BulkCsv::new(self.job, self.options)).await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.preview()
    }
}

impl<T> fmt::Debug for SaveCsv<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveCsv").field("job", &self.job).finish_non_exhaustive()
    }
}
