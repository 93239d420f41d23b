//! The options of writes of records.

use serde::Serialize;
use serde_json::{Value, json};
use zcrm_core::{Error, Id, Timestamp};

use super::{external, row::RecordJson};
use crate::{
    Call, check,
    request::{Kind, Request},
};

/// An automation that a write can start.
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
    /// Pathfinder journeys.
    Pathfinder,
    /// Journey Orchestration journeys.
    Orchestration,
}

/// The options of a write of records.
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
    /// Adds the rows and options to a call.
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
            return Err(Error::input(
                "too many fields in `by`: Zoho takes at most ten `duplicate_check_fields`",
            ));
        }
        // rows are set through the operation, which decides by them whether the call may be retried
        let call = call.rows(rows, &self.members());
        Ok(match self.external.is_empty() {
            true => call,
            false => call.header(external::HEADER, external::header(module, &self.external)?),
        })
    }

    /// Returns the members of the body in addition to the rows.
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

/// A write of one or many records.
pub trait RecordWrite: Kind {
    /// Returns the options of the write.
    fn options(&mut self) -> &mut WriteOptions;
}

impl<K: RecordWrite> Request<K> {
    /// Sets which automations run. By default Zoho runs all; an empty list runs none. Further calls
    /// add automations.
    pub fn trigger(self, triggers: impl IntoIterator<Item = Trigger>) -> Self {
        self.set(|kind| kind.options().triggers.get_or_insert_default().extend(triggers))
    }

    /// Sends the records through a process (`process`), such as `review_process`. Further calls add
    /// processes.
    pub fn process(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(|kind| kind.options().processes.push(name))
    }

    /// Applies a Zoho feature that API calls skip by default (`apply_feature_execution`), such as
    /// `layout_rules`. Further calls add features.
    pub fn apply_feature(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(|kind| kind.options().applied.push(name))
    }

    /// Skips a Zoho feature that API calls apply by default (`skip_feature_execution`), such as
    /// `cadences`. Further calls add features.
    pub fn skip_feature(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(|kind| kind.options().skipped.push(name))
    }

    /// Applies the assignment rule of this id (`lar_id`).
    pub fn assignment_rule(self, id: impl Into<Id>) -> Self {
        let id = id.into();
        self.set(|kind| kind.options().assignment_rule = Some(id))
    }

    /// Uses an external field in place of the ids of the records that it belongs to (`X-EXTERNAL`).
    ///
    /// Examples are `External_Id`, or `Leads.Account_Name.External_Id` for the records of a lookup.
    /// Further calls add fields.
    pub fn external_field(self, field: impl Into<String>) -> Self {
        let field = field.into();
        self.set(|kind| kind.options().external.push(field))
    }
}

/// A write of records that may exist already: an update or upsert.
///
/// Creating a record does not have this option:
///
/// ```compile_fail,E0599
/// # fn example(leads: zcrm_api::Records<zcrm_core::Record>, seen: zcrm_core::Timestamp) {
/// let lead = zcrm_core::Record::new().with("Last_Name", "Boyle");
/// let _ = leads.create(&lead).if_unmodified_since(seen);
/// # }
/// ```
pub trait ChangesRecords: RecordWrite {}

impl<K: ChangesRecords> Request<K> {
    /// Writes only records that were not changed after this time (`If-Unmodified-Since`).
    ///
    /// A record that was changed is refused with an error of kind
    /// [`Conflict`](zcrm_core::ErrorKind::Conflict). In a write of many records,
    /// [`is_conflict`](zcrm_core::ItemError::is_conflict) of its result returns `true`.
    pub fn if_unmodified_since(self, instant: impl Into<Timestamp>) -> Self {
        self.header("If-Unmodified-Since", instant.into().to_string())
    }
}

/// A write that updates records that exist and creates the others.
///
/// Other writes cannot match records by fields:
///
/// ```compile_fail,E0599
/// # fn example(leads: zcrm_api::Records<zcrm_core::Record>) {
/// let lead = zcrm_core::Record::new().with("Last_Name", "Boyle");
/// let _ = leads.create(&lead).by("Email");
/// # }
/// ```
pub trait Upserts: RecordWrite {}

impl<K: Upserts> Request<K> {
    /// Matches existing records by this field (`duplicate_check_fields`).
    ///
    /// Further calls add up to ten fields, which Zoho tries in this order. By default Zoho uses the
    /// unique fields of the module.
    #[doc(alias = "duplicate_check")]
    pub fn by(self, field: impl Into<String>) -> Self {
        let field = field.into();
        self.set(|kind| kind.options().duplicate_check.push(field))
    }
}
