//! Jobs that change records, and their states.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use zcrm_core::{Error, ErrorKind, Id, ModuleName, Outcome, words};

use crate::{
    Api, Call,
    job_wait::{JobWait, WaitedJob},
    operations,
    request::{GetItem, Kind, Request, sealed::Sealed},
};

words! {
    /// The state of a [`RecordJob`].
    RecordJobState {
        SCHEDULED = "SCHEDULED": "The job has not begun.";
        QUEUED = "QUEUED": "The job waits for other jobs.";
        RUNNING = "RUNNING": "Zoho changes the records.";
        SUSPENDED = "SUSPENDED": "Zoho has paused the job.";
        COMPLETED = "COMPLETED": "The job has ended.";
        FAILED = "FAILED": "The job failed. It may have changed some of the records.";
    }
}

impl RecordJobState {
    /// Returns the state of a word in an answer. Zoho writes the states of merges in either case.
    fn read(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "FAILURE" => Self::FAILED,
            word => Self::from(word),
        }
    }
}

/// The status of a [`RecordJob`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordJobStatus {
    /// The state of the job.
    pub state: RecordJobState,
    /// The number of records of the job. A merge has no numbers.
    pub total: Option<u64>,
    /// The number of records that were changed, deleted or converted.
    pub done: Option<u64>,
    /// The number of records that were left unchanged.
    pub not_done: Option<u64>,
    /// The number of records whose change failed.
    pub failed: Option<u64>,
}

impl<'de> Deserialize<'de> for RecordJobStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(alias = "Status")]
            status: String,
            #[serde(rename = "Total_Count")]
            total: Option<u64>,
            #[serde(rename = "Updated_Count", alias = "Deleted_Count", alias = "Converted_Count")]
            done: Option<u64>,
            #[serde(rename = "Not_Updated_Count", alias = "Not_Converted_Count")]
            not_done: Option<u64>,
            #[serde(rename = "Failed_Count")]
            failed: Option<u64>,
        }
        let Answer { status, total, done, not_done, failed } = Answer::deserialize(deserializer)?;
        Ok(Self { state: RecordJobState::read(&status), total, done, not_done, failed })
    }
}

/// The change that a [`RecordJob`] makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordJobKind {
    /// Updates the records of a view.
    Update,
    /// Deletes the records of a view.
    Delete,
    /// Changes the owner of the records of a view.
    ChangeOwner,
    /// Converts leads.
    Convert,
    /// Merges records into the one with this id.
    Merge(Id),
}

impl RecordJobKind {
    fn name(&self) -> &'static str {
        match self {
            Self::Update => "mass update",
            Self::Delete => "mass deletion",
            Self::ChangeOwner => "change of owners",
            Self::Convert => "mass conversion",
            Self::Merge(_) => "merge",
        }
    }

    fn status_call(&self, api: &Api, module: &str, job: &Id) -> Call {
        let call = match self {
            Self::Update => api.call_of_module(&operations::RECORDS_GET_MASS_UPDATE, module),
            Self::Delete => api.call_of_module(&operations::RECORDS_GET_MASS_DELETE, module),
            Self::ChangeOwner => {
                api.call_of_module(&operations::RECORDS_GET_MASS_CHANGE_OWNER, module)
            }
            Self::Convert => api.call(&operations::LEADS_GET_MASS_CONVERT),
            Self::Merge(master) => api
                .call_of_module(&operations::RECORDS_GET_MERGE, module)
                .path_id("record_id", master),
        };
        call.check(job.check().map(drop)).param("job_id", job.as_str())
    }
}

/// A job at Zoho that changes records:
/// [`Records::mass_update_view`](crate::Records::mass_update_view) and others.
///
/// A program that ends before the job can keep the [id](Self::id) and use
/// [`Records::resume_job`](crate::Records::resume_job) later.
#[derive(Clone, Debug)]
pub struct RecordJob {
    api: Api,
    module: ModuleName,
    kind: RecordJobKind,
    id: Id,
}

impl RecordJob {
    pub(crate) fn new(api: Api, module: ModuleName, kind: RecordJobKind, id: Id) -> Self {
        Self { api, module, kind, id }
    }

    /// Returns the job's id.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Returns the change that the job makes.
    #[must_use]
    pub fn kind(&self) -> &RecordJobKind {
        &self.kind
    }

    fn call(&self) -> Call {
        self.kind.status_call(&self.api, &self.module, &self.id)
    }

    /// Reads the status of the job.
    pub fn status(&self) -> Request<GetItem<RecordJobStatus>> {
        GetItem::request(self.call())
    }

    /// Waits until the job has ended, and returns its last status.
    ///
    /// The status is read after 0.2 s, 0.4 s, 0.8 s and so on, up to every 30 s. A job that failed
    /// is an error of kind [`Api`](ErrorKind::Api).
    pub fn wait(&self) -> Request<WaitForRecordJob> {
        let kind = WaitForRecordJob { job: self.clone(), wait: JobWait::new() };
        Request::new(self.call(), kind)
    }

    fn ended(&self, status: RecordJobStatus) -> Result<Option<RecordJobStatus>, Error> {
        if status.state == RecordJobState::COMPLETED {
            return Ok(Some(status));
        }
        if status.state != RecordJobState::FAILED {
            return Ok(None);
        }
        let number = |count: Option<u64>| count.map_or("unknown".to_owned(), |it| it.to_string());
        let message = format!(
            "the {} failed at Zoho (job {}, {} of {} records done): read the records to see which",
            self.kind.name(),
            self.id,
            number(status.done),
            number(status.total),
        );
        Err(Error::new(ErrorKind::Api, Outcome::Local, message))
    }
}

/// A [`Request`] kind that waits for a job: [`RecordJob::wait`].
///
/// A job that has not ended by the deadline is an error of kind [`Timeout`](ErrorKind::Timeout). If
/// the future is dropped, the job continues.
#[derive(Clone, Debug)]
pub struct WaitForRecordJob {
    job: RecordJob,
    wait: JobWait,
}

impl Request<WaitForRecordJob> {
    /// Ends the wait after this time. The default is one hour.
    pub fn deadline(self, longest: Duration) -> Self {
        self.set(|kind| kind.wait.deadline = longest)
    }
}

impl Sealed for WaitForRecordJob {}

impl Kind for WaitForRecordJob {
    type Output = RecordJobStatus;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<RecordJobStatus, Error> {
        let waited = WaitedJob {
            id: &self.job.id,
            kind: self.job.kind.name(),
            if_late: "wait again, the job continues",
            if_unknown: "read the records to see whether they were changed",
        };
        // the status is the only element of a list
        let call = call.returning(match self.job.kind {
            RecordJobKind::Merge(_) => zcrm_core::ResponseShape::Object("merge"),
            _ => zcrm_core::ResponseShape::Object("data"),
        });
        let job = &self.job;
        self.wait
            .until_end(
                &call,
                waited,
                |status: &RecordJobStatus| status.state.as_str(),
                |seen| job.ended(seen.status),
            )
            .await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        call.preview()
    }
}
