//! What a write of records may say beside the records.

use serde::Serialize;
use serde_json::{Value, json};
use zcrm_core::{Error, Id, Timestamp};

use super::{Update, Upsert, WriteRecord, WriteRecords, external, row::RecordJson};
use crate::{
    Call, check,
    request::{Kind, Request},
};

/// Which automations of the organisation a write sets off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Trigger {
    /// Workflow rules.
    Workflow,
    /// Approval processes.
    Approval,
    /// Blueprints.
    Blueprint,
    /// Journeys of Pathfinder.
    Pathfinder,
    /// Journeys of the Journey Orchestration.
    Orchestration,
}

/// The options of a write.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    triggers: Option<Vec<Trigger>>,
    processes: Vec<String>,
    applied: Vec<String>,
    skipped: Vec<String>,
    assignment_rule: Option<Id>,
    duplicate_check: Vec<String>,
    pub(super) external: Vec<String>,
}

impl WriteOptions {
    /// Adds rows and options to the call of an operation that writes.
    pub(super) fn apply(
        &self,
        call: Call,
        module: &str,
        rows: &[RecordJson],
    ) -> Result<Call, Error> {
        if let Some(id) = &self.assignment_rule {
            id.check()?;
        }
        check::none_empty("process", &self.processes)?;
        check::none_empty("apply_feature", &self.applied)?;
        check::none_empty("skip_feature", &self.skipped)?;
        check::none_empty("by", &self.duplicate_check)?;
        if self.duplicate_check.len() > 10 {
            return Err(Error::input("Zoho takes at most ten `duplicate_check_fields`"));
        }
        // the operation judges by the body whether the call may be repeated
        let call = call.rows(rows, &self.members());
        Ok(match self.external.is_empty() {
            true => call,
            false => call.header(external::HEADER, external::header(module, &self.external)?),
        })
    }

    /// The members of the body beside the rows.
    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut more = Vec::new();
        if let Some(triggers) = &self.triggers {
            more.push(("trigger", json!(triggers)));
        }
        if !self.processes.is_empty() {
            more.push(("process", json!(self.processes)));
        }
        for (member, features) in
            [("apply_feature_execution", &self.applied), ("skip_feature_execution", &self.skipped)]
        {
            if !features.is_empty() {
                let named = |name: &String| json!({ "name": name });
                more.push((member, features.iter().map(named).collect()));
            }
        }
        if !self.duplicate_check.is_empty() {
            more.push(("duplicate_check_fields", json!(self.duplicate_check)));
        }
        if let Some(rule) = &self.assignment_rule {
            more.push(("lar_id", json!(rule)));
        }
        more
    }
}

/// A write of one record or of many.
pub trait RecordWrite: Kind {
    /// The options of the write.
    fn options(&mut self) -> &mut WriteOptions;
}

impl<K: RecordWrite> Request<K> {
    /// Chooses which automations run. By default Zoho runs them all; an empty list runs none. Called
    /// again, it adds to them.
    pub fn trigger(self, triggers: impl IntoIterator<Item = Trigger>) -> Self {
        self.set(|kind| kind.options().triggers.get_or_insert_default().extend(triggers))
    }

    /// Sends the records through these processes (`process`), such as `review_process`. May be
    /// given several times.
    pub fn process(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(|kind| kind.options().processes.push(name))
    }

    /// Applies a feature of Zoho that calls leave out by default (`apply_feature_execution`):
    /// `layout_rules`. May be given several times.
    pub fn apply_feature(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(|kind| kind.options().applied.push(name))
    }

    /// Leaves out a feature of Zoho that calls apply by default (`skip_feature_execution`):
    /// `cadences`. May be given several times.
    pub fn skip_feature(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(|kind| kind.options().skipped.push(name))
    }

    /// Applies the assignment rule of this id (`lar_id`).
    pub fn assignment_rule(self, id: impl Into<Id>) -> Self {
        let id = id.into();
        self.set(|kind| kind.options().assignment_rule = Some(id))
    }

    /// Takes the ids of another system for the records that this field is on, such as
    /// `External_Id`, or `Leads.Account_Name.External_Id` for those of a lookup (`X-EXTERNAL`).
    /// May be given several times.
    pub fn external_field(self, field: impl Into<String>) -> Self {
        let field = field.into();
        self.set(|kind| kind.options().external.push(field))
    }
}

/// A write that may find its records changed: updates and upserts.
///
/// A new record was not changed before, so a create has no such option:
///
/// ```compile_fail,E0599
/// # fn example(leads: zcrm_api::Records<zcrm_core::Record>, seen: zcrm_core::Timestamp) {
/// let lead = zcrm_core::Record::new().with("Last_Name", "Boyle");
/// let _ = leads.create(&lead).if_unmodified_since(seen);
/// # }
/// ```
pub trait ChangesRecords: RecordWrite {}

impl ChangesRecords for WriteRecord<Update> {}
impl ChangesRecords for WriteRecords<Update> {}
impl ChangesRecords for WriteRecord<Upsert> {}
impl ChangesRecords for WriteRecords<Upsert> {}

impl<K: ChangesRecords> Request<K> {
    /// Writes only what was not changed after this instant (`If-Unmodified-Since`). What was changed
    /// is refused, as an error of kind [`Conflict`](zcrm_core::ErrorKind::Conflict) or a result that
    /// [`is_conflict`](zcrm_core::ItemError::is_conflict).
    pub fn if_unmodified_since(self, instant: impl Into<Timestamp>) -> Self {
        self.header("If-Unmodified-Since", instant.into().to_string())
    }
}

/// A write that changes the records that are there and creates those that are not.
///
/// Only it finds records by their fields:
///
/// ```compile_fail,E0599
/// # fn example(leads: zcrm_api::Records<zcrm_core::Record>) {
/// let lead = zcrm_core::Record::new().with("Last_Name", "Boyle");
/// let _ = leads.create(&lead).by("Email");
/// # }
/// ```
pub trait Upserts: RecordWrite {}

impl Upserts for WriteRecord<Upsert> {}
impl Upserts for WriteRecords<Upsert> {}

impl<K: Upserts> Request<K> {
    /// Finds the record that is there already by this field (`duplicate_check_fields`). Called again,
    /// it adds a field, up to ten; Zoho tries them in this order. By default Zoho goes by its own
    /// unique fields.
    #[doc(alias = "duplicate_check")]
    pub fn by(self, field: impl Into<String>) -> Self {
        let field = field.into();
        self.set(|kind| kind.options().duplicate_check.push(field))
    }
}
