//! Merges of records.

use bytes::Bytes;
use serde_json::{Value, json};
use zcrm_core::{Error, Id, ModuleName};

use super::job::{RecordJob, RecordJobKind};
use crate::{
    Call, RecordHandle, operations,
    request::{Kind, Request, sealed::Sealed},
};

/// The maximum number of records that are merged into another one, by Zoho's page.
const MOST_MERGED: usize = 2;

impl<T> RecordHandle<T> {
    /// Merges one or two records of the module into this one.
    ///
    /// This record keeps its values, except those that [`take`](Request::take) selects of the
    /// others, and gets their notes, attachments and related records. The others are deleted and
    /// cannot be restored. Zoho merges leads, contacts, accounts, open deals, vendors and records of
    /// custom modules.
    ///
    /// Source: <https://www.zoho.com/crm/developer/docs/api/v8/merge-records.html>
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let other = "3652397000000649017";
    /// let contact = api.record("Contacts", "3652397000000649013");
    /// let merged = contact.merge([other]).take("Email", other).await?;
    /// if let Some(job) = merged.job {
    ///     job.wait().await?; // one of the records has more than 1,000 related ones
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "deduplicate")]
    pub fn merge<I: Into<Id>>(&self, others: impl IntoIterator<Item = I>) -> Request<MergeRecords> {
        let others: Vec<Id> = others.into_iter().map(Into::into).collect();
        let parent = self.parent();
        let call = parent.call(&operations::RECORDS_MERGE);
        let call = others.iter().fold(call, |call, id| call.check(id.check().map(drop)));
        let call = call.check(match others.len() {
            1..=MOST_MERGED => Ok(()),
            count => Err(Error::input(format!(
                "{count} records to merge: Zoho merges one or two into another one"
            ))),
        });
        let call = call.check(match parent.id() {
            Some(id) if others.contains(id) => {
                Err(Error::input("a record cannot be merged into itself"))
            }
            _ => Ok(()),
        });
        let (module, master) = (parent.module().clone(), parent.id().cloned());
        let fields = Vec::new();
        Request::new(call, MergeRecords { module, master, others, fields })
    }
}

/// The result of a merge.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Merged {
    /// The job that will merge the records; `None` if they are merged.
    pub job: Option<RecordJob>,
}

/// A [`Request`] kind that merges records: [`RecordHandle::merge`].
///
/// It is never retried if it may have been executed, because the merged records no longer exist.
#[derive(Clone, Debug)]
pub struct MergeRecords {
    module: ModuleName,
    master: Option<Id>,
    others: Vec<Id>,
    /// The fields whose values are selected, each with its record.
    fields: Vec<(String, Id)>,
}

impl Request<MergeRecords> {
    /// Selects the value of a field, given by its API name, from one of the records: a merged one or
    /// the one that remains.
    pub fn take(self, field: &str, from: impl Into<Id>) -> Self {
        self.set(|kind| kind.fields.push((field.to_owned(), from.into())))
    }
}

impl MergeRecords {
    fn call(&self, call: Call) -> Result<Call, Error> {
        call.must_be_right()?;
        let fields_of = |id: &Id| -> Vec<Value> {
            let of_record = self.fields.iter().filter(|(_, from)| from == id);
            of_record.map(|(field, _)| json!({ "api_name": field })).collect()
        };
        let is_known = |id: &Id| self.others.contains(id) || self.master.as_ref() == Some(id);
        if let Some((field, from)) = self.fields.iter().find(|(_, from)| !is_known(from)) {
            return Err(Error::input(format!(
                "`{}` is taken from the record {}, which takes no part in the merge",
                zcrm_core::escaped(field),
                zcrm_core::escaped(from.as_str()),
            )));
        }
        let other = |id: &Id| match fields_of(id) {
            fields if fields.is_empty() => json!({ "id": id }),
            fields => json!({ "id": id, "_fields": fields }),
        };
        let mut merge = json!({ "data": self.others.iter().map(other).collect::<Vec<_>>() });
        let own = self.master.as_ref().map(fields_of).filter(|fields| !fields.is_empty());
        if let (Some(fields), Some(merge)) = (own, merge.as_object_mut()) {
            merge.insert("master_record_fields".to_owned(), fields.into());
        }
        Ok(call.items(&[merge]))
    }
}

impl Sealed for MergeRecords {}

impl Kind for MergeRecords {
    type Output = Merged;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<Merged, Error> {
        let api = call.api().clone();
        let reply = self.call(call)?.send().await?;
        let done = reply.outcomes("merge", 1)?.one()?;
        let job = done.details().get::<Id>("job_id").ok().flatten();
        let Some(job) = job else { return Ok(Merged { job: None }) };
        let master = self.master.ok_or_else(|| reply.unusable("a job without a record"))?;
        let kind = RecordJobKind::Merge(master);
        Ok(Merged { job: Some(RecordJob::new(api, self.module, kind, job)) })
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        self.call(call.clone())?.preview()
    }
}
