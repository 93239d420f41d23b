//! Custom views of a module.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zcrm_core::{ApiVersion, Error, Id, Lookup, Record, Timestamp, object, words};

use super::ModuleHandle;
use crate::{
    GetItem, ListItems, MetaRef, SortOrder, WriteItem, ask::Ask, criteria::escape, operations,
};

/// The custom views of a module: [`ModuleHandle::custom_views`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::SortOrder;
///
/// let views = api.module("Leads").custom_views();
/// for view in views.list().all().await? {
///     if let Some(criteria) = view.criteria()? {
///         println!("{:?} shows {criteria}", view.name()?);
///     }
/// }
/// views.sort("3652397000000087501", "Last_Name", SortOrder::Descending).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CustomViews {
    module: ModuleHandle,
}

impl CustomViews {
    pub(super) fn new(module: ModuleHandle) -> Self {
        Self { module }
    }

    /// Reads all views.
    pub fn list(&self) -> ListItems<CustomView> {
        ListItems::new(self.module.ask(&operations::CUSTOM_VIEWS_LIST))
    }

    /// Reads one view.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<CustomView> {
        GetItem::new(self.module.ask(&operations::CUSTOM_VIEWS_GET).path_id("id", id))
    }

    /// The categories that views are in, with their names in the user's language, as the list of
    /// views tells them.
    ///
    /// # Errors
    /// Of the call.
    pub async fn categories(&self) -> Result<Vec<ViewCategory>, Error> {
        let ask = self.module.ask(&operations::CUSTOM_VIEWS_LIST);
        let reply = ask.ready()?.send().await?;
        if reply.page::<Record>("custom_views")?.items.is_empty() {
            return Ok(Vec::new());
        }
        let info: Option<Record> = reply.json::<Record>()?.get("info")?;
        let names = info.map(|info| info.get::<Record>("translation")).transpose()?.flatten();
        let names = names.unwrap_or_default();
        let category = |name: Cow<'_, str>| {
            let display_value = names.get(&name)?.unwrap_or_default();
            Ok(ViewCategory { name: name.into_owned(), display_value })
        };
        names.names().map(category).collect()
    }

    /// Changes by which field a view is sorted: named, or as a view or the metadata tell it.
    ///
    /// v2 changes the view itself, later versions have an action for it
    /// (`/actions/change_sort`); the first version with the action is not told by Zoho's
    /// documents, and v3 is taken for it.
    pub fn sort(
        &self,
        id: impl Into<Id>,
        field: impl Into<MetaRef>,
        order: SortOrder,
    ) -> WriteItem {
        let operation = match self.module.api().version() {
            version if version < ApiVersion::V3 => &operations::CUSTOM_VIEWS_UPDATE_ONE,
            _ => &operations::CUSTOM_VIEWS_CHANGE_SORT_ONE,
        };
        let ask: Ask = self.module.ask(operation).path_id("id", id);
        let field = field.into();
        WriteItem::row(ask, &json!({ "sort_by": field, "sort_order": order.as_str() }))
    }
}

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

/// Which records a view shows: a condition, or a group of conditions of any depth.
///
/// `Display` writes it as a search takes it, such as
/// `((City:equals:Chennai)and(Rating:equals:Hot))`.
/// `Debug` shows fields and no values, which are people's data.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ViewCriteria {
    /// Conditions, of which all or any must hold.
    Group {
        /// How they are joined: `and` or `or`, in capital letters too.
        group_operator: String,
        /// The conditions.
        group: Vec<Self>,
    },
    /// One condition.
    Condition {
        /// The field that is looked at: an API name alone in v2.
        field: MetaRef,
        /// How it is compared, such as `equal` or `contains`.
        comparator: String,
        /// What it is compared with: text, a number, a list, or an object such as a user.
        #[serde(default)]
        value: Value,
    },
    /// A form that zcrm does not know, as it came.
    Other(Value),
}

impl fmt::Debug for ViewCriteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group { group_operator, group } => {
                f.debug_tuple(group_operator).field(group).finish()
            }
            Self::Condition { field, comparator, .. } => {
                f.debug_tuple(comparator).field(&field.api_name).finish()
            }
            Self::Other(_) => f.write_str("Other"),
        }
    }
}

impl fmt::Display for ViewCriteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group { group_operator, group } => {
                let joint = group_operator.to_ascii_lowercase();
                f.write_str("(")?;
                for (index, part) in group.iter().enumerate() {
                    if index > 0 {
                        f.write_str(&joint)?;
                    }
                    part.fmt(f)?;
                }
                f.write_str(")")
            }
            Self::Condition { field, comparator, value } => {
                let name = field.api_name.as_deref().unwrap_or_default();
                write!(f, "({name}:{comparator}:{})", Shown(value))
            }
            Self::Other(value) => value.fmt(f),
        }
    }
}

/// A value as it stands in criteria: text without quotes, special characters escaped.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => f.write_str(&escape(text)),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    Shown(value).fmt(f)?;
                }
                Ok(())
            }
            Value::Object(members) => match members.get("name").or_else(|| members.get("id")) {
                Some(name) => Shown(name).fmt(f),
                None => self.0.fmt(f),
            },
            other => other.fmt(f),
        }
    }
}
