//! The timeline of a record.

use zcrm_core::{Id, Timestamp, words};

use crate::list::{HasPages, HasTokens, List, Source};
use crate::request::{Request, sealed::Sealed};
use crate::{Condition, MetaRef, RawJson, RecordHandle, model::model, operations};

words! {
    /// The action of a [`TimelineEntry`].
    TimelineAction {
        ADDED = "added": "The record, or one related to it, was created.";
        UPDATED = "updated": "Fields were changed.";
        DELETED = "deleted": "The record, or one related to it, was deleted.";
        RESTORED = "restored": "The record was restored from the recycle bin.";
        CONVERTED = "converted": "The lead was converted.";
        TAG_ADDED = "tag_added": "A tag was added.";
        TAG_REMOVED = "tag_removed": "A tag was removed.";
        MERGED = "find_and_merge_duplicate": "Another record was merged into the record.";
        TRANSITION = "transition_executed": "A transition of a blueprint was executed.";
    }
}

model! {
    /// A change of a record, or of one that is related to it.
    TimelineEntry {
        /// The entry's id.
        id: Option<Id> = "id";
        /// The time of the change.
        audited_time: Option<Timestamp> = "audited_time";
        /// The kind of the change.
        action: Option<TimelineAction> = "action";
        /// The origin of the change, such as `crm_ui`, `crm_api`, `workflow` or `mass_update`.
        source: Option<String> = "source";
        /// Whether it is a change (`timeline`) or an event of another service (`signal`).
        kind: Option<String> = "type";
        /// The user who made the change.
        done_by: Option<MetaRef> = "done_by";
        /// The record that was changed.
        record: Option<TimelineRecord> = "record";
        /// The related record, if the change is one of a relation.
        related_record: Option<TimelineRecord> = "related_record";
        /// The changed fields with their old and new values.
        field_history: Vec<FieldChange> = "field_history";
        /// The rule or process that made the change.
        automation_details: Option<AutomationDetails> = "automation_details";
    }
}

model! {
    /// A record in a timeline.
    TimelineRecord {
        /// The record's id.
        id: Option<Id> = "id";
        /// The record's name.
        name: Option<String> = "name";
        /// The record's module.
        module: Option<MetaRef> = "module";
    }
}

model! {
    /// A changed field in a timeline.
    FieldChange {
        /// The field's id.
        id: Option<Id> = "id";
        /// The field's API name.
        api_name: String = "api_name";
        /// The type of the field's value, such as `text`.
        data_type: Option<String> = "data_type";
        /// The label of the field, if it was requested by `include_inner_details`.
        label: Option<String> = "field_label";
        /// The old and the new value.
        value: Option<ValueChange> = "_value";
    }
}

model! {
    /// The values of a field before and after a change. Most are text, as the user interface shows
    /// them.
    ValueChange {
        /// The value before the change.
        old: Option<RawJson> = "old";
        /// The value after the change.
        new: Option<RawJson> = "new";
    }
}

model! {
    /// The rule or process that made a change.
    AutomationDetails {
        /// The kind of the automation, such as `workflow`.
        kind: Option<String> = "type";
        /// The rule.
        rule: Option<MetaRef> = "rule";
    }
}

impl<T> RecordHandle<T> {
    /// Lists the changes of the record and of those related to it, the latest first.
    ///
    /// A timeline is the only history of fields that Zoho documents.
    ///
    /// Source: <https://www.zoho.com/crm/developer/docs/api/v8/timeline-of-a-record.html>
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let mut entries = api.record("Leads", "3652397000000649013").timeline().stream();
    /// while let Some(entry) = entries.next().await {
    ///     let entry = entry?;
    ///     for change in &entry.field_history {
    ///         println!("{:?} {}", entry.audited_time, change.api_name);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "history")]
    pub fn timeline(&self) -> Request<List<TimelineEntry, Timeline>> {
        List::request(self.parent().call(&operations::TIMELINES_LIST), Timeline)
    }
}

/// The [`List`] source of [`RecordHandle::timeline`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Timeline;

impl Sealed for Timeline {}
impl Source for Timeline {}
impl HasPages for Timeline {}
impl HasTokens for Timeline {}

impl Request<List<TimelineEntry, Timeline>> {
    /// Lists the oldest changes first.
    pub fn oldest_first(self) -> Self {
        self.param("sort_by", "audited_time").param("sort_order", "asc")
    }

    /// Lists only changes that fulfil a condition, such as `field("source").eq("crm_api")`. Several
    /// comparisons are joined by [`and`](Condition::and).
    pub fn filter(self, condition: Condition) -> Self {
        let filters = condition.to_filters();
        self.map(|call| match filters {
            Ok(filters) => call.param("filters", filters.to_string()),
            Err(mistake) => call.fail(mistake),
        })
    }
}
