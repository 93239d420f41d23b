//! Custom views.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zcrm_core::{Id, Lookup, Timestamp, object, words};

use super::view_criteria::ViewCriteria;
use crate::MetaRef;

words! {
    /// Who sees a view.
    AccessType {
        PUBLIC = "public": "Everybody.";
        SHARED = "shared": "Those that it is shared with.";
        ONLY_TO_ME = "only_to_me": "The user alone.";
    }
}

object! {
    /// A view: which records of a module are shown, with which fields.
    CustomView {
        /// Its id, which a list of records takes as `cvid`.
        id: Id = "id";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_value: String = "display_value";
        /// Zoho's name for it, for its own views.
        system_name: String = "system_name";
        /// Which kind it is of, such as `public_views` or `created_by_me`.
        category: String = "category";
        /// The module that it is of.
        module: MetaRef = "module";
        /// Which records it shows; none where it shows all.
        criteria: ViewCriteria = "criteria";
        /// The field that it is sorted by: an API name alone in v2.
        sort_by: MetaRef = "sort_by";
        /// Which end comes first: `asc` or `desc`.
        sort_order: String = "sort_order";
        /// Whether the user sees it first.
        is_default: bool = "default";
        /// Whether Zoho made it.
        system_defined: bool = "system_defined";
        /// Whether it cannot be changed.
        locked: bool = "locked";
        /// Where it stands among those the user likes.
        favorite: i64 = "favorite";
        /// Whether it can be used without a connection.
        offline: bool = "offline" or "off_line";
        /// Who sees it.
        access_type: AccessType = "access_type" or "shared_type";
        /// Who made it.
        created_by: Lookup = "created_by";
        /// Who changed it last.
        modified_by: Lookup = "modified_by";
        /// When it was made.
        created_time: Timestamp = "created_time";
        /// When it was last changed.
        modified_time: Timestamp = "modified_time";
        /// When the user last opened it.
        last_accessed_time: Timestamp = "last_accessed_time";
    }
    lists {
        /// The fields that it shows: API names alone in v2.
        fields: ViewField = "fields";
        /// Those that it is shared with.
        shared_to: SharedTo = "shared_to";
        /// Those that it is shared with, as v2 tells them.
        shared_details: SharedTo = "shared_details";
    }
}

/// A category that views are in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ViewCategory {
    /// What [`CustomView::category`] says, such as `public_views`.
    pub name: String,
    /// Its name in the user's language, such as `Public Views`.
    pub display_value: String,
}

/// A field that a view shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ViewField {
    /// The field.
    #[serde(flatten)]
    pub field: MetaRef,
    /// Whether its column stays where the others move (newer versions).
    #[serde(rename = "_pin", skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
}

impl<'de> Deserialize<'de> for ViewField {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let pinned = value.get("_pin").and_then(Value::as_bool);
        let field = MetaRef::deserialize(value).map_err(serde::de::Error::custom)?;
        Ok(Self { field, pinned })
    }
}

object! {
    /// Somebody that a view is shared with.
    SharedTo {
        /// The id of the user, role, group or territory.
        id: Id = "id";
        /// Its name.
        name: String = "name";
        /// What it is: `users`, `roles`, `groups` or `territories`.
        kind: String = "type";
        /// Whether those below it count.
        subordinates: bool = "subordinates";
    }
}
