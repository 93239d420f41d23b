//! Deletion of records.

use bytes::Bytes;
use zcrm_core::{Error, Id, Reply, WriteResults, Written};

use super::{
    Records,
    many::{Batch, MOST_IN_A_CALL, preview, send_all},
    target::Target,
};
use crate::{
    Call, check, model, operations,
    request::{Kind, Request, SingleCall, sealed::Sealed},
};

/// A [`Request`] kind that moves one record to the recycle bin: [`Records::delete`] and
/// [`RecordHandle::delete`](super::RecordHandle::delete).
#[derive(Clone, Debug)]
pub struct DeleteRecord {
    id: Option<Id>,
}

impl DeleteRecord {
    pub(super) fn request<T>(records: &Records<T>, target: &Target) -> Request<Self> {
        let call = target.call(records, &operations::DELETE_ONE);
        Request::new(call, Self { id: target.id().cloned() })
    }
}

impl Sealed for DeleteRecord {}

impl SingleCall for DeleteRecord {
    type Answer = Written;

    fn read(self, reply: &Reply) -> Result<Written, Error> {
        reply.written("data", &[self.id])?.one()
    }
}

/// A [`Request`] kind that moves records to the recycle bin, 100 per call:
/// [`Records::delete_many`].
///
/// For an empty list nothing is sent, and the results are empty. If the future is dropped midway,
/// the calls made so far have deleted their records.
#[derive(Clone, Debug)]
pub struct DeleteRecords {
    ids: Vec<Id>,
}

impl DeleteRecords {
    pub(super) fn request<T>(records: &Records<T>, ids: Vec<Id>) -> Request<Self> {
        Request::new(records.call(&operations::DELETE), Self { ids })
    }

    fn batches(&self, call: &Call) -> Result<Vec<Batch>, Error> {
        // checked even if the list is empty
        call.must_be_right()?;
        let batch = |ids: &[Id]| -> Result<Batch, Error> {
            for id in ids {
                id.check()?;
            }
            let call = call.clone().param("ids", check::join(ids));
            Ok(Batch { ids: ids.iter().cloned().map(Some).collect(), call })
        };
        self.ids.chunks(MOST_IN_A_CALL).map(batch).collect()
    }
}

impl Sealed for DeleteRecords {}

impl Kind for DeleteRecords {
    type Output = WriteResults;
    type Preview = Vec<http::Request<Bytes>>;

    async fn execute(self, call: Call) -> Result<WriteResults, Error> {
        send_all(self.batches(&call)?, 1).await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        preview(self.batches(call)?)
    }
}

/// A deletion of one or many records.
pub trait Deletion: Kind {}

impl Deletion for DeleteRecord {}
impl Deletion for DeleteRecords {}

impl<K: Deletion> Request<K> {
    /// Sets whether workflow rules run (`wf_trigger`).
    pub fn run_workflows(self, run: bool) -> Self {
        self.param("wf_trigger", model::yes_or_no(run))
    }
}
