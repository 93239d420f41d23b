//! Custom views.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zcrm_core::{Id, Timestamp, words};

use super::view_criteria::ViewCriteria;
use crate::{MetaRef, model::model};

words! {
    /// Who sees a view.
    AccessType {
        PUBLIC = "public": "Everybody.";
        SHARED = "shared": "Those that it is shared with.";
        ONLY_TO_ME = "only_to_me": "The user alone.";
    }
}

model! {
    /// A view: which records of a module are shown, with which fields.
    CustomView {
        /// Its id, which a list of records takes as `cvid`.
        id: Option<Id> = "id";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_value: Option<String> = "display_value";
        /// Zoho's name for it, for its own views.
        system_name: Option<String> = "system_name";
        /// Which kind it is of, such as `public_views` or `created_by_me`.
        category: Option<String> = "category";
        /// The module that it is of.
        module: Option<MetaRef> = "module";
        /// Which records it shows; none where it shows all.
        criteria: Option<ViewCriteria> = "criteria";
        /// The field that it is sorted by: an API name alone in v2.
        sort_by: Option<MetaRef> = "sort_by";
        /// Which end comes first: `asc` or `desc`.
        sort_order: Option<String> = "sort_order";
        /// Whether the user sees it first.
        is_default: Option<bool> = "default";
        /// Whether Zoho made it.
        system_defined: Option<bool> = "system_defined";
        /// Whether it cannot be changed.
        locked: Option<bool> = "locked";
        /// Its position among the user's favourites.
        favorite: Option<i64> = "favorite";
        /// Whether it can be used without a connection.
        offline: Option<bool> = "offline" or "off_line";
        /// Who sees it.
        access_type: Option<AccessType> = "access_type" or "shared_type";
        /// Who made it.
        created_by: Option<MetaRef> = "created_by";
        /// Who changed it last.
        modified_by: Option<MetaRef> = "modified_by";
        /// When it was made.
        created_time: Option<Timestamp> = "created_time";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "modified_time";
        /// When the user last opened it.
        last_accessed_time: Option<Timestamp> = "last_accessed_time";
        /// The fields that it shows: API names alone in v2.
        fields: Vec<ViewField> = "fields";
        /// Those that it is shared with.
        shared_to: Vec<SharedTo> = "shared_to";
        /// Those that it is shared with; only v2 sends them here.
        shared_details: Vec<SharedTo> = "shared_details";
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
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ViewField {
    /// The field: an API name in v2. Its other members are in `field.extra`.
    pub field: MetaRef,
    /// Whether its column stays where the others move (newer versions).
    pub pinned: Option<bool>,
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
    /// Somebody that a view is shared with.
    SharedTo {
        /// The id of the user, role, group or territory.
        id: Option<Id> = "id";
        /// Its name.
        name: String = "name";
        /// What it is: `users`, `roles`, `groups` or `territories`.
        kind: Option<String> = "type";
        /// Whether those below it count.
        subordinates: Option<bool> = "subordinates";
    }
}
