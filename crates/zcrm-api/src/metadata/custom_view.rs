//! The metadata of a custom view.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zcrm_core::{ApiVersion, Error, Id, Timestamp, words};

use super::view_criteria::ViewCriteria;
use crate::{Condition, MetaRef, model::model};

words! {
    /// The users who see a custom view.
    AccessType {
        PUBLIC = "public": "All users.";
        SHARED = "shared": "The users, roles, groups and territories that the view is shared with.";
        ONLY_TO_ME = "only_to_me": "Only the user who created the view.";
    }
}

model! {
    /// A custom view: a selection of records and fields of a module.
    CustomView {
        /// The id of the view. A list of records takes it as `cvid`.
        id: Option<Id> = "id";
        /// The view's name.
        name, with_name: String = "name";
        /// The view's name in the user's language.
        display_value: Option<String> = "display_value";
        /// The system name of a view that Zoho defined.
        system_name: Option<String> = "system_name";
        /// The category of the view, such as `public_views` or `created_by_me`.
        category: Option<String> = "category";
        /// The module that the view belongs to.
        module: Option<MetaRef> = "module";
        /// The criteria for the records of the view; `None` if it shows all records.
        criteria: Option<ViewCriteria> = "criteria";
        /// Conditions on related records. Described by Zoho's OpenAPI files since 2026.
        cross_filters: Vec<CrossFilter> = "cross_filters";
        /// Whether long text is wrapped. Described by Zoho's OpenAPI files since 2026.
        wrap_text: Option<bool> = "wrap_text";
        /// The field that the view is sorted by; an API name in v2.
        sort_by, with_sort_by: Option<MetaRef> = "sort_by";
        /// The direction of the sort: `asc` or `desc`.
        sort_order, with_sort_order: Option<String> = "sort_order";
        /// Whether the view is the user's default.
        is_default: Option<bool> = "default";
        /// Whether the view was defined by Zoho.
        system_defined: Option<bool> = "system_defined";
        /// Whether the view is locked against changes.
        locked: Option<bool> = "locked";
        /// The position among the user's favourite views.
        favorite: Option<i64> = "favorite";
        /// Whether the view is available offline.
        offline: Option<bool> = "offline" or "off_line";
        /// The users who see the view.
        access_type, with_access_type: Option<AccessType> = "access_type" or "shared_type";
        /// The user who created the view.
        created_by: Option<MetaRef> = "created_by";
        /// The user who last modified the view.
        modified_by: Option<MetaRef> = "modified_by";
        /// The time of the creation.
        created_time: Option<Timestamp> = "created_time";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "modified_time";
        /// The time of the user's last access.
        last_accessed_time: Option<Timestamp> = "last_accessed_time";
        /// The fields that the view shows; API names in v2.
        fields, with_fields: Vec<ViewField> = "fields";
        /// The users, roles, groups and territories that the view is shared with.
        shared_to, with_shared_to: Vec<SharedTo> = "shared_to";
        /// The same as `shared_to`, in v2.
        shared_details: Vec<SharedTo> = "shared_details";
    }
}

impl CustomView {
    /// Creates a view with this name that shows these fields, given by their API names.
    #[must_use]
    pub fn new<F: Into<ViewField>>(
        name: impl Into<String>,
        fields: impl IntoIterator<Item = F>,
    ) -> Self {
        Self::default().with_name(name).with_fields(fields)
    }

    /// Sets [`criteria`](Self#structfield.criteria) to a condition. If the condition cannot be
    /// written as criteria, sending the view fails.
    #[must_use]
    pub fn with_condition(self, condition: &Condition) -> Self {
        match condition.to_bulk(ApiVersion::V8) {
            Ok(criteria) => self.with("criteria", criteria),
            Err(mistake) => self.with("criteria", Unwritable(mistake)),
        }
    }
}

/// A value that was made from an invalid condition.
struct Unwritable(Error);

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(&self.0))
    }
}

model! {
    /// A condition on the related records of a view's records.
    CrossFilter {
        /// Whether the view shows the records that have such related records, or those that have not.
        include_objects: Option<bool> = "include_objects";
        /// The related list.
        relation: Option<MetaRef> = "relation";
        /// The criteria for the related records.
        criteria: Option<ViewCriteria> = "criteria";
    }
}

/// A category of custom views.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ViewCategory {
    /// The name that [`CustomView::category`] refers to, such as `public_views`.
    pub name: String,
    /// The name in the user's language, such as `Public Views`.
    pub display_value: String,
}

/// A field that a custom view shows.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ViewField {
    /// The field; an API name in v2. Further members are in `field.extra`.
    pub field: MetaRef,
    /// Whether the column is pinned (newer versions).
    pub pinned: Option<bool>,
}

/// Refers to a field by its API name.
impl From<&str> for ViewField {
    fn from(api_name: &str) -> Self {
        Self::from(MetaRef::named(api_name))
    }
}

impl From<MetaRef> for ViewField {
    fn from(field: MetaRef) -> Self {
        Self { field, pinned: None }
    }
}

const PINNED: &str = "_pin";

impl<'de> Deserialize<'de> for ViewField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut field = MetaRef::deserialize(deserializer)?;
        let pinned = field.extra.take(PINNED);
        Ok(Self { field, pinned })
    }
}

impl Serialize for ViewField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.pinned {
            Some(pinned) => self.field.clone().with(PINNED, pinned).serialize(serializer),
            None => self.field.serialize(serializer),
        }
    }
}

model! {
    /// A user, role, group or territory that a view is shared with.
    SharedTo {
        /// The id of the user, role, group or territory.
        id: Option<Id> = "id";
        /// The name of the user, role, group or territory.
        name: String = "name";
        /// The type: `users`, `roles`, `groups` or `territories`.
        kind: Option<String> = "type";
        /// Whether subordinates are included.
        subordinates: Option<bool> = "subordinates";
    }
}
