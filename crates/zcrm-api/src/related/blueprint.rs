//! The blueprint of a record and its transitions.

use serde::Serialize;
use zcrm_core::{Error, Id, Record, Reply, Timestamp, to_json};

use super::Parent;
use crate::metadata::DataType;
use crate::request::{GetItem, Request, SingleCall, sealed::Sealed};
use crate::{MetaRef, RawJson, check, model::model, operations};

model! {
    /// The blueprint of a record: its process, and the transitions from its current state.
    BlueprintState {
        /// The process that the record is in.
        process: Option<BlueprintProcess> = "process_info";
        /// The transitions that the user may execute now.
        transitions: Vec<Transition> = "transitions";
    }
}

model! {
    /// The process of a blueprint.
    BlueprintProcess {
        /// The blueprint's id.
        id: Option<Id> = "id";
        /// The blueprint's name.
        name: Option<String> = "name";
        /// The API name of the picklist field that the blueprint controls.
        field: Option<String> = "api_name";
        /// The label of that field.
        field_label: Option<String> = "field_label";
        /// The current value of that field.
        field_value: Option<String> = "field_value";
        /// Whether the transitions are executed one after the other without a pause.
        is_continuous: Option<bool> = "is_continuous" or "continuous";
    }
}

model! {
    /// A transition of a blueprint.
    Transition {
        /// The transition's id.
        id: Option<Id> = "id";
        /// The transition's name.
        name: String = "name";
        /// The kind of the transition, such as `manual`.
        kind: Option<String> = "type";
        /// The value of the blueprint's field after the transition.
        next_field_value: Option<String> = "next_field_value";
        /// The transitions that follow this one.
        next_transitions: Vec<MetaRef> = "next_transitions";
        /// Whether the record fulfils the criteria of the transition.
        criteria_matched: Option<bool> = "criteria_matched";
        /// The reason if it does not.
        criteria_message: Option<String> = "criteria_message";
        /// How much of the transition was saved, in percent.
        percent_partial_save: Option<RawJson> = "percent_partial_save";
        /// The time at which the transition is executed automatically.
        execution_time: Option<Timestamp> = "execution_time";
        /// The values that are saved or suggested for the fields.
        data: Option<RawJson> = "data";
        /// The fields that the transition asks for.
        fields: Vec<TransitionField> = "fields";
    }
}

model! {
    /// A field that a transition asks for.
    TransitionField {
        /// The field's id.
        id: Option<Id> = "id";
        /// The field's API name.
        api_name: String = "api_name";
        /// The label of the field.
        label: Option<String> = "display_label" or "field_label";
        /// The type of the field's value.
        data_type: Option<DataType> = "data_type";
        /// Whether the transition needs a value.
        mandatory: Option<bool> = "mandatory";
        /// The position of the field in the transition, counted from 1.
        position: Option<i64> = "transition_sequence";
    }
}

/// The blueprint of one record: [`RecordHandle::blueprint`](crate::RecordHandle::blueprint).
///
/// If the record is in no process, Zoho refuses with the code `RECORD_NOT_IN_PROCESS`.
///
/// Source: <https://www.zoho.com/crm/developer/docs/api/v8/update-blueprint.html>
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let blueprint = api.record("Leads", "3652397000000649013").blueprint();
/// let state = blueprint.get().await?;
/// let call = state.transitions.into_iter().find(|one| one.name == "Call");
/// if let Some(id) = call.and_then(|call| call.id) {
///     let data = Record::new().with("Phone", "+91 44 5550100").with("Notes", "no answer");
///     let outcome = blueprint.run(id, &data).await?;
///     println!("{outcome:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RecordBlueprint {
    parent: Parent,
}

impl RecordBlueprint {
    pub(super) fn new(parent: Parent) -> Self {
        Self { parent }
    }

    /// Reads the record's process and the transitions from its current state.
    pub fn get(&self) -> Request<GetItem<BlueprintState>> {
        GetItem::request(self.parent.call(&operations::BLUEPRINT_GET))
    }

    /// Executes a transition with the values of its fields.
    ///
    /// Besides fields, `data` may have `Notes`, `Attachments` and `CheckLists`.
    pub fn run(&self, transition: impl Into<Id>, data: &impl Serialize) -> Request<RunTransition> {
        let id = transition.into();
        let call = self.parent.call(&operations::BLUEPRINT_UPDATE).check(id.check().map(drop));
        let row = to_json(data)
            .map_err(|error| check::unwritable("the data of a transition", &error))
            .and_then(Record::from_json)
            .map(|data| Record::new().with("transition_id", id.as_str()).with("data", data));
        let call = match row {
            Ok(row) => call.items(&[row]),
            Err(mistake) => call.fail(mistake),
        };
        Request::new(call, RunTransition(()))
    }
}

/// A [`Request`] kind that executes a transition of a blueprint: [`RecordBlueprint::run`].
///
/// It is never retried if it may have been executed: read the blueprint to find out.
#[derive(Clone, Debug)]
pub struct RunTransition(());

/// The result of a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransitionOutcome {
    /// The transition was executed.
    Executed,
    /// The values were saved, but mandatory ones are missing: the record is in the same state.
    SavedPartially,
}

impl Sealed for RunTransition {}

impl SingleCall for RunTransition {
    type Answer = TransitionOutcome;

    fn read(self, reply: &Reply) -> Result<TransitionOutcome, Error> {
        // the result is the body itself
        let done = reply.outcomes("blueprint", 1)?.one()?;
        // both have the code `SUCCESS`
        Ok(match done.message().to_ascii_lowercase().contains("partial") {
            true => TransitionOutcome::SavedPartially,
            false => TransitionOutcome::Executed,
        })
    }
}
