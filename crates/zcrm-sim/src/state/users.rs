//! The users of the organisation.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::settings_map::SettingsMap;
use super::store::Store;
use crate::json::{into_object, text_of};
use crate::rng::Rng;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};

/// The profile of administrators.
pub(crate) const ADMINISTRATOR: &str = "Administrator";

/// A user of the organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) zuid: String,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    /// The ids of the role and the profile.
    pub(crate) role: String,
    pub(crate) profile: String,
    pub(crate) status: UserStatus,
    /// Whether the user accepted the invitation.
    pub(crate) confirmed: bool,
    /// The ids of the user's territories.
    pub(crate) territories: Vec<String>,
    /// The time of the last change, if any.
    pub(crate) modified: Option<DateTime<Utc>>,
    /// All other values, by field name.
    pub(crate) values: Map<String, Value>,
}

/// The status of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UserStatus {
    Active,
    Disabled,
    Deleted,
}

impl User {
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }
}

/// Creates a user. The first one is an administrator.
pub(crate) fn new_user(rng: &mut Rng, settings: &Store, email: &str, first: bool) -> User {
    let name = email.split('@').next().unwrap_or_default();
    let mut letters = name.chars();
    let first_name = letters.next().map(|first| first.to_uppercase().chain(letters).collect());
    let id_of = |shelf: &SettingsMap, name: &str| {
        shelf.find_by("name", name).map(|one| text_of(one, "id").to_owned()).unwrap_or_default()
    };
    let (role, profile) = if first { ("CEO", ADMINISTRATOR) } else { ("Manager", "Standard") };
    User {
        id: rng.next_id().to_string(),
        zuid: rng.next_id().to_string(),
        email: email.to_owned(),
        first_name: first_name.unwrap_or_default(),
        last_name: String::from("Boyle"),
        role: id_of(&settings.roles, role),
        profile: id_of(&settings.profiles, profile),
        status: UserStatus::Active,
        confirmed: true,
        territories: Vec::new(),
        modified: None,
        values: user_defaults(),
    }
}

/// Returns the values of a new user's account.
pub(crate) fn user_defaults() -> Map<String, Value> {
    let tab = json!({ "font_color": "#FFFFFF", "background": "#222222" });
    into_object(json!({
        "language": "en_US", "locale": "en_US", "country_locale": "en_US", "time_zone": "Asia/Kolkata",
        "date_format": "MMM d, yyyy", "time_format": "hh:mm a", "decimal_separator": "Period",
        "number_separator": "Comma", "default_tab_group": "0",
        "theme": {
            "normal_tab": tab, "selected_tab": tab, "new_background": null,
            "background": "#F3F0EB", "screen": "fixed", "type": "default",
        },
    }))
}

/// Returns the fields of users.
pub(crate) fn user_fields() -> ModuleSpec {
    use FieldKind::{Date, Email, Other, Phone, Text, Website};
    let text = |name: &str, length: u32| FieldSpec::new(name, Text).max_length(length);
    let mut module = ModuleSpec::new("Users").display_field("full_name");
    module.fields.clear();
    let names = ["alias", "street", "city", "state", "zip", "country", "signature", "fax"];
    let settings = [
        "language",
        "locale",
        "country_locale",
        "time_zone",
        "date_format",
        "time_format",
        "decimal_separator",
        "number_separator",
        "default_tab_group",
        "name_format__s",
    ];
    let mut module = module
        .field(text("first_name", 40))
        .field(text("last_name", 80).mandatory())
        .field(FieldSpec::new("email", Email).mandatory())
        .field(FieldSpec::new("role", Other).mandatory())
        .field(FieldSpec::new("profile", Other).mandatory())
        .field(FieldSpec::new("phone", Phone))
        .field(FieldSpec::new("mobile", Phone))
        .field(FieldSpec::new("website", Website))
        .field(FieldSpec::new("dob", Date))
        .field(FieldSpec::new("theme", Other))
        .field(FieldSpec::new("Reporting_To", FieldKind::Owner))
        .field(FieldSpec::picklist("status", ["active", "disabled"]));
    for name in names {
        module = module.field(text(name, 250));
    }
    for name in settings {
        module = module.field(text(name, 50));
    }
    module.standard()
}
