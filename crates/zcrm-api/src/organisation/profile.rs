//! Profiles and their permissions.

use zcrm_core::{Id, Timestamp, words};

use crate::{MetaRef, model::model};

words! {
    /// The type of a profile.
    ProfileKind {
        NORMAL = "normal_profile": "A profile for users with a full licence.";
        LITE = "lite_profile": "A profile for users with a lite licence.";
    }
}

model! {
    /// A profile: the permissions of users.
    Profile {
        /// The profile's id.
        id, with_id: Option<Id> = "id";
        /// The profile's name.
        name, with_name: String = "name";
        /// The profile's API name. Described by Zoho's OpenAPI files since 2026.
        api_name: Option<String> = "api_name";
        /// The profile's name in the user's language.
        display_label: Option<String> = "display_label";
        /// The description of the profile.
        description, with_description: Option<String> = "description";
        /// Whether the profile is a default profile of Zoho CRM.
        is_default: Option<bool> = "default";
        /// Whether the organisation created the profile.
        custom: Option<bool> = "custom";
        /// Whether the organisation created the profile. Present only in v2.
        category: Option<bool> = "category";
        /// The type of licence that the profile is for.
        kind: Option<ProfileKind> = "type";
        /// The extent to which the profile can be changed.
        permission_type: Option<String> = "permission_type";
        /// The default view of the profile's users.
        default_view: Option<ProfileView> = "_default_view";
        /// The user who created the profile.
        created_by: Option<MetaRef> = "created_by";
        /// The user who last modified the profile.
        modified_by: Option<MetaRef> = "modified_by";
        /// The time of the creation. Zoho's default profiles have none.
        created_time: Option<Timestamp> = "created_time";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "modified_time";
        /// The permissions of the profile; empty in a list of profiles.
        permissions, with_permissions: Vec<Permission> = "permissions_details";
        /// The sections in which the permissions are shown.
        sections: Vec<ProfileSection> = "sections";
    }
}

impl Profile {
    /// Creates a profile with this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::default().with_name(name)
    }
}

model! {
    /// The default view of a profile's users.
    ProfileView {
        /// The view's id.
        id: Option<Id> = "id";
        /// The view's name.
        name: String = "name";
        /// The type of the view.
        kind: Option<String> = "type";
    }
}

model! {
    /// A permission of a profile.
    Permission {
        /// The permission's id.
        id, with_id: Option<Id> = "id";
        /// The permission's name, such as `Crm_Implied_Api_Access`.
        name: String = "name";
        /// The permission's name in the user's language.
        display_label: Option<String> = "display_label";
        /// The module that the permission applies to.
        module: Option<String> = "module";
        /// Whether the permission is granted.
        enabled, with_enabled: Option<bool> = "enabled";
        /// Whether the permission can be changed.
        customizable: Option<bool> = "customizable";
        /// The permissions that this permission depends on.
        parent_permissions: Vec<String> = "parent_permissions";
    }
}

model! {
    /// A section of the page that shows a profile's permissions.
    ProfileSection {
        /// The section's name.
        name: String = "name";
        /// The groups of permissions in the section.
        categories: Vec<ProfileCategory> = "categories";
    }
}

model! {
    /// A group of permissions.
    ProfileCategory {
        /// The category's name.
        name: String = "name";
        /// The category's name in the user's language.
        display_label: Option<String> = "display_label";
        /// The module that the permissions apply to.
        module: Option<String> = "module";
        /// The ids of the permissions.
        permission_ids: Vec<Id> = "permissions_details";
    }
}
