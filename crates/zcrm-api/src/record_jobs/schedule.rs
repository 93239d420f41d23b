//! Requests that schedule jobs for many records.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};
use zcrm_core::{Error, Id, ModuleName, Operation, escaped};

use super::job::{RecordJob, RecordJobKind};
use crate::{
    Call, Condition, Records, check, operations,
    request::{Kind, Request, sealed::Sealed},
};

/// The maximum number of fields of a mass update: `Pipeline`, `Stage` and `Layout` of deals. Other
/// modules have one.
const MOST_FIELDS: usize = 3;

/// The maximum number of leads in a mass conversion, by Zoho's page.
const MOST_LEADS: usize = 50;

impl<T> Records<T> {
    /// Sets a field of all records of a custom view, at most 50,000, in a job.
    ///
    /// Deals may have up to three fields: `Pipeline`, `Stage` and `Layout`. Zoho runs automations
    /// only for fewer than 1,000 records. [`mass_update`](Self::mass_update) updates records by
    /// their ids, without a job.
    ///
    /// Source: <https://www.zoho.com/crm/developer/docs/api/v8/mass-update-records.html>
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_core::Record;
    ///
    /// let change = Record::new().with("Lead_Status", "Contacted");
    /// let job = api.records("Leads").mass_update_view("3652397000000087501", &change).await?;
    /// let status = job.wait().await?;
    /// println!("{:?} of {:?} leads were updated", status.done, status.total);
    /// # Ok(())
    /// # }
    /// ```
    pub fn mass_update_view(
        &self,
        view: impl Into<Id>,
        change: &impl Serialize,
    ) -> Request<ScheduleRecordJob> {
        let row = check::row(0, change).and_then(|row| match row.names().count() {
            1..=MOST_FIELDS => Ok(row),
            fields => Err(Error::input(format!(
                "a mass update has {fields} fields: Zoho sets one, or {MOST_FIELDS} of deals"
            ))),
        });
        let operation = &operations::RECORDS_MASS_UPDATE;
        let mut request = self.of_view(operation, RecordJobKind::Update, view.into());
        match row {
            Ok(row) => request.kind.body.insert("data".to_owned(), json!([row])),
            Err(mistake) => return request.map(|call| call.fail(mistake)),
        };
        request
    }

    /// Moves all records of a custom view to the recycle bin, in a job.
    ///
    /// Source: <https://www.zoho.com/crm/developer/docs/api/v8/mass-delete-records.html>
    pub fn mass_delete_view(&self, view: impl Into<Id>) -> Request<ScheduleRecordJob> {
        self.of_view(&operations::RECORDS_MASS_DELETE, RecordJobKind::Delete, view.into())
    }

    /// Gives all records of a custom view to another user, in a job.
    ///
    /// Source: Zoho's OpenAPI files `mass_change_owner` of 2025 and `mass-change-owner` of 2026
    pub fn mass_change_owner_of_view(
        &self,
        view: impl Into<Id>,
        owner: impl Into<Id>,
    ) -> Request<ScheduleRecordJob> {
        let operation = &operations::RECORDS_MASS_CHANGE_OWNER;
        let request = self.of_view(operation, RecordJobKind::ChangeOwner, view.into());
        request.id("owner", owner.into())
    }

    /// Converts at most 50 leads in a job.
    ///
    /// Source: <https://www.zoho.com/crm/developer/docs/api/v8/mass-convert-lead.html>
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let leads = ["3652397000000649013", "3652397000000649017"];
    /// let job = api.records("Leads").mass_convert(leads).await?;
    /// println!("{:?} leads were converted", job.wait().await?.done);
    /// # Ok(())
    /// # }
    /// ```
    pub fn mass_convert<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<ScheduleRecordJob> {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        let call = self.api().call(&operations::LEADS_MASS_CONVERT);
        let call = ids.iter().fold(call, |call, id| call.check(id.check().map(drop)));
        let call = call.check(check::at_most(ids.len(), MOST_LEADS));
        let call = call.check(match ids.len() {
            0 => Err(Error::input("no lead to convert: name at least one")),
            _ => Ok(()),
        });
        let call = call.check(match self.module() {
            "Leads" => Ok(()),
            other => Err(Error::input(format!(
                "records of `{}` cannot be converted: only records of `Leads` can",
                escaped(other)
            ))),
        });
        let mut body = Map::new();
        body.insert("ids".to_owned(), json!(ids));
        let (module, job) = (self.module().to_owned().into(), RecordJobKind::Convert);
        Request::new(call, ScheduleRecordJob { module, job, body })
    }

    /// Returns the handle to a job that was scheduled before, by its id.
    #[must_use]
    pub fn resume_job(&self, kind: RecordJobKind, id: impl Into<Id>) -> RecordJob {
        RecordJob::new(self.api().clone(), self.module().to_owned().into(), kind, id.into())
    }

    fn of_view(
        &self,
        operation: &Operation,
        job: RecordJobKind,
        view: Id,
    ) -> Request<ScheduleRecordJob> {
        let call = self.call(operation).check(view.check().map(drop));
        let mut body = Map::new();
        body.insert("cvid".to_owned(), view.as_str().into());
        let module = self.module().to_owned().into();
        Request::new(call, ScheduleRecordJob { module, job, body })
    }
}

/// A [`Request`] kind that schedules a job: [`Records::mass_update_view`] and others.
///
/// It returns a [`RecordJob`]. It is never retried if the job may have been scheduled. While a job
/// of the same kind waits, Zoho refuses with the code `ALREADY_SCHEDULED`.
#[derive(Clone, Debug)]
pub struct ScheduleRecordJob {
    module: ModuleName,
    job: RecordJobKind,
    body: Map<String, Value>,
}

impl Request<ScheduleRecordJob> {
    /// Limits a job of a view to the records of a territory, and of those below it if
    /// `include_child` is set.
    pub fn territory(self, id: impl Into<Id>, include_child: bool) -> Self {
        let id = id.into();
        let territory = json!({ "id": id, "include_child": include_child });
        self.checked_id(&id).member("territory", territory)
    }

    /// Limits a change of owners to the records of the view that fulfil a comparison.
    pub fn filter(self, condition: Condition) -> Self {
        match condition.to_bulk(zcrm_core::ApiVersion::V8) {
            Ok(criteria) => self.member("criteria", criteria),
            Err(mistake) => self.map(|call| call.fail(mistake)),
        }
    }

    /// Sets the user who owns the records made by a conversion.
    pub fn assign_to(self, user: impl Into<Id>) -> Self {
        self.id("assign_to", user.into())
    }

    /// Creates a deal with these fields for each converted lead.
    pub fn deal(self, deal: &impl Serialize) -> Self {
        match check::row(0, deal) {
            Ok(deal) => self.member("Deals", json!(deal)),
            Err(mistake) => self.map(|call| call.fail(mistake)),
        }
    }

    /// Moves the attachments of converted leads to the new record in this module, given by its API
    /// name and its id.
    pub fn move_attachments_to(self, module: &str, module_id: impl Into<Id>) -> Self {
        let id = module_id.into();
        let module_ref = json!({ "api_name": module, "id": id });
        self.checked_id(&id).member("move_attachments_to", module_ref)
    }

    /// Copies the tags of converted leads to the new records in this module, given by its API name
    /// and its id. Further calls add modules.
    pub fn carry_over_tags_to(mut self, module: &str, module_id: impl Into<Id>) -> Self {
        let id = module_id.into();
        let module_ref = json!({ "api_name": module, "id": id });
        let tags = self.kind.body.entry("carry_over_tags").or_insert_with(|| json!([]));
        if let Some(tags) = tags.as_array_mut() {
            tags.push(module_ref);
        }
        self.checked_id(&id)
    }

    fn id(self, name: &str, id: Id) -> Self {
        let member = json!({ "id": id });
        self.checked_id(&id).member(name, member)
    }

    fn checked_id(self, id: &Id) -> Self {
        let right = id.check().map(drop);
        self.map(|call| call.check(right))
    }

    fn member(mut self, name: &str, value: Value) -> Self {
        self.kind.body.insert(name.to_owned(), value);
        self
    }
}

impl ScheduleRecordJob {
    fn call(&self, call: Call) -> Call {
        call.body(&self.body)
    }
}

impl Sealed for ScheduleRecordJob {}

impl Kind for ScheduleRecordJob {
    type Output = RecordJob;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<RecordJob, Error> {
        let api = call.api().clone();
        let reply = self.call(call).send().await?;
        let scheduled = reply.outcomes("data", 1)?.one()?;
        let job = scheduled.details().get::<Id>("job_id").ok().flatten();
        let id = job.ok_or_else(|| reply.unusable("the answer does not have the id of the job"))?;
        Ok(RecordJob::new(api, self.module, self.job, id))
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        self.call(call.clone()).preview()
    }
}
