//! The status of a bulk write.

use serde::{Deserialize, Deserializer, de};
use zcrm_core::{Code, Error, ErrorKind, Id, Outcome, Record, Timestamp};

use crate::{
    bulk::{job_state::BulkState, position::BulkPosition, wait::JobStatus},
    model,
};

/// The status of a bulk write, as Zoho reports it.
///
/// Zoho's page: <https://www.zoho.com/crm/developer/docs/api/v8/bulk-write/get-job-details.html>
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BulkWriteStatus {
    /// The id of the job.
    pub id: Option<Id>,
    /// The state. Zoho may introduce others.
    pub state: BulkState,
    /// The files of the job, in the order of the modules.
    pub files: Vec<BulkFileStatus>,
    /// The address of the result, if the job has one.
    pub download_url: Option<String>,
    /// The time at which the job was created.
    pub created_time: Option<Timestamp>,
}

/// The status of one file of a bulk write.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BulkFileStatus {
    /// The API name of the module.
    pub module: Option<String>,
    /// The state of the file.
    pub state: BulkState,
    /// The code: `SUCCESS`, or that of an error.
    pub code: Option<Code>,
    /// The number of records that were created.
    pub added: u64,
    /// The number of records that were updated.
    pub updated: u64,
    /// The number of rows that were skipped.
    pub skipped: u64,
    /// The number of rows that were read.
    pub total: u64,
}

impl<'de> Deserialize<'de> for BulkWriteStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let job = Record::deserialize(deserializer)?;
        read(&job).map_err(de::Error::custom)
    }
}

fn read(job: &Record) -> Result<BulkWriteStatus, Error> {
    let resources = job.get::<Vec<Record>>("resource")?.unwrap_or_default();
    let result = job.get::<Record>("result")?.unwrap_or_default();
    Ok(BulkWriteStatus {
        id: job.id(),
        state: state(job)?,
        files: resources.iter().map(file).collect::<Result<_, _>>()?,
        download_url: result.get("download_url")?,
        created_time: job.get("created_time").ok().flatten(),
    })
}

fn state(of: &Record) -> Result<BulkState, Error> {
    Ok(BulkState::read(&of.get::<String>("status")?.unwrap_or_default()))
}

fn file(resource: &Record) -> Result<BulkFileStatus, Error> {
    let file = resource.get::<Record>("file")?.unwrap_or_default();
    let count = |name: &str| -> Result<u64, Error> {
        Ok(file.get::<model::Count>(name)?.map_or(0, |count| count.0))
    };
    // v2 has the name itself
    let module = match resource.get::<Record>("module") {
        Ok(module) => module.unwrap_or_default().get("api_name")?,
        Err(_) => resource.get("module")?,
    };
    Ok(BulkFileStatus {
        module,
        state: state(resource)?,
        code: resource.get("code")?,
        added: count("added_count")?,
        updated: count("updated_count")?,
        skipped: count("skipped_count")?,
        total: count("total_count")?,
    })
}

impl JobStatus for BulkWriteStatus {
    fn state(&self) -> &BulkState {
        &self.state
    }
}

impl BulkWriteStatus {
    /// Reads the body that Zoho sends to the [`callback`](crate::Request::callback) of a job.
    ///
    /// Zoho does not sign it, so any sender can write it. Check it with
    /// [`BulkWriteJob::status`](super::BulkWriteJob::status).
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](ErrorKind::Decode) if the body is not the status of a job.
    pub fn from_callback(body: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(body).map_err(|error| {
            let message = "the body of the callback is not the status of a bulk write";
            Error::new(ErrorKind::Decode, Outcome::Local, message).with_source(error)
        })
    }

    /// Returns `true` if the job has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        [BulkState::COMPLETED, BulkState::SKIPPED].contains(&self.state) || self.state.is_failure()
    }

    /// Returns the error of a job that has ended without a result.
    pub(super) fn without_result(&self, position: BulkPosition) -> Error {
        let mut counts = String::new();
        for file in &self.files {
            let module = file.module.as_deref().unwrap_or("a module");
            let code = file.code.as_ref().map_or("no code", |code| code.as_str());
            counts.push_str(&format!(
                "; `{module}` ({code}): {} added, {} updated, {} skipped of {}",
                file.added, file.updated, file.skipped, file.total
            ));
        }
        let message = format!(
            "the bulk write ended as `{}` without a result, so it is unknown which records it wrote \
             ({position}){counts}",
            self.state
        );
        let kind = match self.state == BulkState::COMPLETED {
            true => ErrorKind::Decode,
            false => ErrorKind::Api,
        };
        Error::new(kind, Outcome::Unknown, message).with_extension(position)
    }
}
