//! Profiles, and what they permit.

use zcrm_core::{Id, Timestamp, words};

use crate::{MetaRef, model::model};

words! {
    /// What a profile is for.
    ProfileKind {
        NORMAL = "normal_profile": "Users of a full licence.";
        LITE = "lite_profile": "Users of a smaller licence.";
    }
}

model! {
    /// A profile: what a user may do.
    Profile {
        /// Its id.
        id, with_id: Option<Id> = "id";
        /// Its name.
        name, with_name: String = "name";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// What it is for.
        description, with_description: Option<String> = "description";
        /// Whether it is one of Zoho's own.
        is_default: Option<bool> = "default";
        /// Whether the organisation made it.
        custom: Option<bool> = "custom";
        /// Whether the organisation made it; only v2 sends it.
        category: Option<bool> = "category";
        /// Which licence its users have.
        kind: Option<ProfileKind> = "type";
        /// How much of it can be changed.
        permission_type: Option<String> = "permission_type";
        /// The view that its users see first.
        default_view: Option<ProfileView> = "_default_view";
        /// Who made it.
        created_by: Option<MetaRef> = "created_by";
        /// Who changed it last.
        modified_by: Option<MetaRef> = "modified_by";
        /// When it was made; Zoho's own have none.
        created_time: Option<Timestamp> = "created_time";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "modified_time";
        /// What it permits; empty in a list of profiles.
        permissions, with_permissions: Vec<Permission> = "permissions_details";
        /// In which order its permissions are shown.
        sections: Vec<ProfileSection> = "sections";
    }
}

impl Profile {
    /// A new profile of this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::default().with_name(name)
    }
}

model! {
    /// The view that the users of a profile see first.
    ProfileView {
        /// Its id.
        id: Option<Id> = "id";
        /// Its name.
        name: String = "name";
        /// What it is of.
        kind: Option<String> = "type";
    }
}

model! {
    /// One thing that a profile permits or does not.
    Permission {
        /// Its id.
        id, with_id: Option<Id> = "id";
        /// Its name, such as `Crm_Implied_Api_Access`.
        name: String = "name";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// The module that it is about.
        module: Option<String> = "module";
        /// Whether it is permitted.
        enabled, with_enabled: Option<bool> = "enabled";
        /// Whether that can be changed.
        customizable: Option<bool> = "customizable";
        /// The permissions without which this one means nothing.
        parent_permissions: Vec<String> = "parent_permissions";
    }
}

model! {
    /// A part of the page that shows a profile's permissions.
    ProfileSection {
        /// Its name.
        name: String = "name";
        /// The groups of permissions in it.
        categories: Vec<ProfileCategory> = "categories";
    }
}

model! {
    /// A group of permissions.
    ProfileCategory {
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// The module that it is about.
        module: Option<String> = "module";
        /// The ids of its permissions.
        permission_ids: Vec<Id> = "permissions_details";
    }
}
