//! Profiles, and what they permit.

use zcrm_core::{Id, Lookup, Timestamp, object, words};

words! {
    /// What a profile is for.
    ProfileKind {
        NORMAL = "normal_profile": "Users of a full licence.";
        LITE = "lite_profile": "Users of a smaller licence.";
    }
}

object! {
    /// A profile: what a user may do.
    Profile {
        /// Its id.
        id, with_id: Id = "id";
        /// Its name.
        name, with_name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// What it is for.
        description, with_description: String = "description";
        /// Whether it is one of Zoho's own.
        is_default: bool = "default";
        /// Whether the organisation made it.
        custom: bool = "custom";
        /// Whether the organisation made it, as v2 tells it.
        category: bool = "category";
        /// Which licence its users have.
        kind: ProfileKind = "type";
        /// How much of it can be changed.
        permission_type: String = "permission_type";
        /// The view that its users see first.
        default_view: ProfileView = "_default_view";
        /// Who made it.
        created_by: Lookup = "created_by";
        /// Who changed it last.
        modified_by: Lookup = "modified_by";
        /// When it was made; Zoho's own have none.
        created_time: Timestamp = "created_time";
        /// When it was last changed.
        modified_time: Timestamp = "modified_time";
    }
    lists {
        /// What it permits; empty in a list of profiles.
        permissions, with_permissions: Permission = "permissions_details";
        /// In which order its permissions are shown.
        sections: ProfileSection = "sections";
    }
}

impl Profile {
    /// A new profile of this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::default().with_name(name)
    }
}

object! {
    /// The view that the users of a profile see first.
    ProfileView {
        /// Its id.
        id: Id = "id";
        /// Its name.
        name: String = "name";
        /// What it is of.
        kind: String = "type";
    }
}

object! {
    /// One thing that a profile permits or does not.
    Permission {
        /// Its id.
        id, with_id: Id = "id";
        /// Its name, such as `Crm_Implied_Api_Access`.
        name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// The module that it is about.
        module: String = "module";
        /// Whether it is permitted.
        enabled, with_enabled: bool = "enabled";
        /// Whether that can be changed.
        customizable: bool = "customizable";
    }
    lists {
        /// The permissions without which this one means nothing.
        parent_permissions: String = "parent_permissions";
    }
}

object! {
    /// A part of the page that shows a profile's permissions.
    ProfileSection {
        /// Its name.
        name: String = "name";
    }
    lists {
        /// The groups of permissions in it.
        categories: ProfileCategory = "categories";
    }
}

object! {
    /// A group of permissions.
    ProfileCategory {
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// The module that it is about.
        module: String = "module";
    }
    lists {
        /// The ids of its permissions.
        permission_ids: Id = "permissions_details";
    }
}
