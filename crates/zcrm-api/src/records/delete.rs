//! Records on their way to the recycle bin.

use bytes::Bytes;
use http::Request;
use zcrm_core::{Error, Id, RequestBuilder, WriteResults, Written};

use super::{
    Records,
    handle::Target,
    query::join,
    write::{Call, MOST_IN_A_CALL, preview, send_all},
};
use crate::{
    check,
    extra::{Extra, extra_methods},
    operations,
};

/// Moves records to the recycle bin, 100 a call: [`Records::delete`]. Of an empty list nothing is sent,
/// and there are no outcomes.
#[derive(Clone, Debug)]
#[must_use = "nothing is deleted until `send` is called"]
pub struct DeleteRecords {
    records: Records<()>,
    ids: Vec<Id>,
    workflows: Option<bool>,
    extra: Extra,
}

impl DeleteRecords {
    pub(super) fn new(records: Records<()>, ids: Vec<Id>) -> Self {
        Self { records, ids, workflows: None, extra: Extra::default() }
    }

    /// Whether workflow rules run (`wf_trigger`).
    pub fn run_workflows(mut self, run: bool) -> Self {
        self.workflows = Some(run);
        self
    }

    extra_methods!();

    /// Deletes them; see [`WriteRecords::send`](super::WriteRecords::send).
    ///
    /// # Errors
    /// Only where nothing at all was deleted.
    pub async fn send(self) -> Result<WriteResults, Error> {
        send_all(&self.records, self.calls()?, 1).await
    }

    /// The requests that would be sent, in order: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Vec<Request<Bytes>>, Error> {
        preview(self.calls()?)
    }

    fn calls(&self) -> Result<Vec<Call>, Error> {
        let call = |ids: &[Id]| -> Result<Call, Error> {
            for id in ids {
                id.check()?;
            }
            let request = self.records.request(&operations::DELETE)?.query("ids", join(ids));
            let request = self.extra.apply(with_workflows(request, self.workflows));
            Ok(Call { ids: ids.iter().cloned().map(Some).collect(), request })
        };
        // also where there is nothing to send
        check::module(self.records.module())?;
        self.ids.chunks(MOST_IN_A_CALL).map(call).collect()
    }
}

/// Moves one record to the recycle bin: [`RecordHandle::delete`](super::RecordHandle::delete).
#[derive(Clone, Debug)]
#[must_use = "nothing is deleted until `send` is called"]
pub struct DeleteRecord {
    records: Records<()>,
    target: Target,
    workflows: Option<bool>,
    extra: Extra,
}

impl DeleteRecord {
    pub(super) fn new(records: Records<()>, target: Target) -> Self {
        Self { records, target, workflows: None, extra: Extra::default() }
    }

    /// Whether workflow rules run (`wf_trigger`).
    pub fn run_workflows(mut self, run: bool) -> Self {
        self.workflows = Some(run);
        self
    }

    extra_methods!();

    /// Deletes it.
    ///
    /// # Errors
    /// Of kind [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused, or of the call.
    pub async fn send(self) -> Result<Written, Error> {
        let ids = [self.target.id().cloned()];
        self.records.api.send(self.request()?).await?.written("data", &ids)?.one()
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.request()?.build()
    }

    fn request(&self) -> Result<RequestBuilder, Error> {
        let request = self.target.request(&self.records, &operations::DELETE_ONE)?;
        Ok(self.extra.apply(with_workflows(request, self.workflows)))
    }
}

fn with_workflows(request: RequestBuilder, run: Option<bool>) -> RequestBuilder {
    match run {
        Some(run) => request.query("wf_trigger", if run { "true" } else { "false" }),
        None => request,
    }
}
