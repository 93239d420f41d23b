//! The status of a job.

use http::StatusCode;
use serde::{Deserialize, Deserializer, de};
use zcrm_core::{ApiError, Error, ErrorKind, Id, Outcome, Record, Timestamp};

use crate::{
    bulk::{job_state::BulkState, position::BulkPosition},
    model,
};

/// The status of a bulk read, as Zoho reports it.
///
/// Zoho's page: <https://www.zoho.com/crm/developer/docs/api/v8/bulk-read/get-job-details.html>
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BulkStatus {
    /// The id of the job.
    pub id: Option<Id>,
    /// The state. Zoho may introduce others.
    pub state: BulkState,
    /// The number of records in the result, if the job has one.
    pub count: Option<u64>,
    /// Whether another job is needed for further records.
    pub more_records: bool,
    /// The token for that job, from v2.1 on. It is valid for 24 hours.
    pub next_page_token: Option<String>,
    /// The error of a job that failed.
    pub error: Option<ApiError>,
    /// The time at which the job was created.
    pub created_time: Option<Timestamp>,
}

impl<'de> Deserialize<'de> for BulkStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let job = Record::deserialize(deserializer)?;
        let read = || -> Result<Self, Error> {
            let result = job.get::<Record>("result")?.unwrap_or_default();
            // a job that has not ended may have an empty result
            let error = result
                .raw("error_message")
                .and_then(|json| ApiError::from_json(StatusCode::OK, json.as_bytes()));
            Ok(Self {
                id: job.id(),
                state: BulkState::read(&job.get::<String>("state")?.unwrap_or_default()),
                count: result.get::<model::Count>("count")?.map(|count| count.0),
                more_records: result.get("more_records")?.unwrap_or_default(),
                next_page_token: result.get("next_page_token")?,
                error,
                created_time: job.get("created_time").ok().flatten(),
            })
        };
        read().map_err(de::Error::custom)
    }
}

impl BulkStatus {
    /// Reads the body that Zoho sends to the [`callback`](crate::Request::callback) of a job.
    ///
    /// Zoho does not sign it, so any sender can write it. Check it with
    /// [`BulkJob::status`](super::BulkJob::status).
    ///
    /// ```
    /// use zcrm_api::bulk::{BulkState, BulkStatus};
    ///
    /// let body = br#"{"data":[{"id":"5","state":"COMPLETED","result":{"count":7}}]}"#;
    /// let status = BulkStatus::from_callback(body)?;
    /// assert_eq!((status.state, status.count), (BulkState::COMPLETED, Some(7)));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](ErrorKind::Decode) if the body is not the status of a job.
    pub fn from_callback(body: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Body {
            data: [BulkStatus; 1],
        }
        let read = serde_json::from_slice::<Body>(body);
        let [status] = read.map(|body| body.data).map_err(|error| {
            let message = "the body of the callback is not the status of a bulk read";
            Error::new(ErrorKind::Decode, Outcome::Local, message).with_source(error)
        })?;
        Ok(status)
    }

    /// Returns the error of a job that failed.
    pub(super) fn failure(&self, position: BulkPosition) -> Error {
        let error = self.error.clone().map(Error::from_api);
        let (code, reason) = match &self.error {
            Some(api) => (api.code().as_str(), api.message()),
            None => ("no code", "no reason"),
        };
        let failed = Error::new(
            ErrorKind::Api,
            Outcome::Local,
            format!(
                "the bulk read failed at Zoho ({code}: {reason}): create the job again ({position})"
            ),
        );
        match error {
            Some(error) => failed.with_source(error),
            None => failed,
        }
        .with_extension(position)
    }
}
