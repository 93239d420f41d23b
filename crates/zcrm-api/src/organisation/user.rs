//! Users and their settings.

use zcrm_core::{Id, Timestamp, words};

use crate::{MetaRef, RawJson, model::model};

words! {
    /// A filter for lists of users.
    UserKind {
        ALL = "AllUsers": "All users.";
        ACTIVE = "ActiveUsers": "Active users.";
        DEACTIVATED = "DeactiveUsers": "Deactivated users.";
        CONFIRMED = "ConfirmedUsers": "Users who confirmed their invitation.";
        NOT_CONFIRMED = "NotConfirmedUsers": "Users who did not confirm their invitation.";
        DELETED = "DeletedUsers": "Deleted users.";
        ACTIVE_CONFIRMED = "ActiveConfirmedUsers": "Active users who confirmed their invitation.";
        ADMINS = "AdminUsers": "Administrators.";
        ACTIVE_CONFIRMED_ADMINS = "ActiveConfirmedAdmins": "Active administrators who confirmed their invitation.";
        CURRENT = "CurrentUser": "The user that the access token belongs to.";
    }
}

words! {
    /// The status of a user.
    UserStatus {
        ACTIVE = "active": "The user is active.";
        INACTIVE = "inactive": "The user is inactive.";
        DELETED = "deleted": "The user was deleted.";
    }
}

model! {
    /// A user of the organisation.
    ///
    /// Use [`get`](Self::get) and [`with`](Self::with) to read and set custom fields.
    ///
    /// ```
    /// use zcrm_api::organisation::User;
    ///
    /// let user = User::new("Boyle", "patricia@example.com").with("Shop_Number", 17);
    /// assert_eq!(user.get::<u32>("Shop_Number")?, Some(17));
    /// // clears the telephone number in Zoho
    /// let change = User::default().with("phone", None::<()>);
    /// assert_eq!(serde_json::to_string(&change)?, r#"{"phone":null}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    User {
        /// The user's id.
        id, with_id: Option<Id> = "id";
        /// The id of the user across Zoho's services.
        zuid: Option<Id> = "zuid";
        /// The user's first name.
        first_name, with_first_name: Option<String> = "first_name";
        /// The user's last name.
        last_name, with_last_name: Option<String> = "last_name";
        /// The user's full name.
        full_name: Option<String> = "full_name";
        /// An alternative name.
        alias, with_alias: Option<String> = "alias";
        /// The e-mail address that the user logs in with.
        email, with_email: Option<String> = "email";
        /// The user's role.
        role, with_role: Option<MetaRef> = "role";
        /// The user's profile.
        profile, with_profile: Option<MetaRef> = "profile";
        /// The user that this user reports to.
        reporting_to, with_reporting_to: Option<MetaRef> = "Reporting_To" or "reporting_to";
        /// The status of the user.
        status, with_status: Option<UserStatus> = "status";
        /// The reason for an inactive status.
        status_reason: Option<String> = "status_reason__s";
        /// Whether the user confirmed the invitation.
        confirm: Option<bool> = "confirm";
        /// Whether the user is logged in now.
        is_online: Option<bool> = "Isonline";
        /// The type of the user's licence.
        category: Option<String> = "category";
        /// The user's telephone number.
        phone, with_phone: Option<String> = "phone";
        /// The user's mobile number.
        mobile, with_mobile: Option<String> = "mobile";
        /// The user's fax number.
        fax, with_fax: Option<String> = "fax";
        /// The user's website.
        website, with_website: Option<String> = "website";
        /// The user's date of birth.
        date_of_birth, with_date_of_birth: Option<String> = "dob";
        /// The user's street.
        street, with_street: Option<String> = "street";
        /// The user's city.
        city, with_city: Option<String> = "city";
        /// The user's state or province.
        state, with_state: Option<String> = "state";
        /// The user's postal code.
        zip, with_zip: Option<String> = "zip";
        /// The user's country.
        country, with_country: Option<String> = "country";
        /// The user's locale, such as `en_US`.
        locale, with_locale: Option<String> = "locale";
        /// The locale of the user's country, such as `US`.
        country_locale, with_country_locale: Option<String> = "country_locale";
        /// The user's language, such as `en_US`.
        language, with_language: Option<String> = "language";
        /// The user's time zone, such as `Europe/Berlin`.
        time_zone, with_time_zone: Option<String> = "time_zone";
        /// The user's offset from UTC, in milliseconds.
        offset: Option<i64> = "offset";
        /// The user's format of dates, such as `MMM d, yyyy`.
        date_format, with_date_format: Option<String> = "date_format";
        /// The user's format of times, such as `HH:mm`.
        time_format, with_time_format: Option<String> = "time_format";
        /// The user's format of names.
        name_format, with_name_format: Option<String> = "name_format__s";
        /// The user's decimal separator: `Period` or `Comma`.
        decimal_separator, with_decimal_separator: Option<String> = "decimal_separator";
        /// The user's thousands separator.
        number_separator, with_number_separator: Option<String> = "number_separator";
        /// The order in which names are sorted for the user.
        sort_order_preference, with_sort_order_preference: Option<String> =
            "sort_order_preference__s" or "sort_order_preference";
        /// The user's currency.
        currency: Option<String> = "Currency";
        /// The signature of the user's e-mails.
        signature, with_signature: Option<String> = "signature";
        /// The id of the user's default tab group.
        default_tab_group: Option<Id> = "default_tab_group";
        /// The user's colour theme.
        theme, with_theme: Option<UserTheme> = "theme";
        /// The user's settings for pages.
        customize_info: Option<UserCustomization> = "customize_info";
        /// Whether the user logs in with a Microsoft account.
        microsoft: Option<bool> = "microsoft";
        /// Whether the user's account is a personal account.
        personal_account: Option<bool> = "personal_account";
        /// Whether the user is a developer in a sandbox.
        sandbox_developer: Option<bool> = "sandboxDeveloper";
        /// The type of the user, such as `Regular User`. Described by Zoho's OpenAPI files since 2026.
        user_type: Option<String> = "type__s";
        /// The address of the user's photo. Described by Zoho's OpenAPI files since 2026.
        image_link: Option<String> = "image_link";
        /// Whether users with a role above share the user's records. Described by Zoho's OpenAPI files since 2026.
        share_among_subordinates, with_share_among_subordinates: Option<bool> =
            "share_among_subordinates";
        /// The id of the shift to which an update moves the user. Described by Zoho's OpenAPI files since 2026.
        shift, with_shift: Option<Id> = "Current_Shift__s";
        /// The user's current shift.
        current_shift: Option<MetaRef> = "$current_shift";
        /// The user's next shift.
        next_shift: Option<MetaRef> = "$next_shift";
        /// The start of the user's next shift.
        shift_effective_from: Option<RawJson> = "$shift_effective_from";
        /// The user who sent the invitation.
        created_by: Option<MetaRef> = "created_by";
        /// The user who last modified the user.
        modified_by: Option<MetaRef> = "Modified_By" or "modified_by";
        /// The time of the invitation.
        created_time: Option<Timestamp> = "created_time";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "Modified_Time";
        /// The user's territories. Present only in v2.
        territories: Vec<UserTerritory> = "territories";
    }
}

impl User {
    /// Creates a user with a last name and e-mail address. Zoho also requires a role and a profile.
    #[must_use]
    pub fn new(last_name: impl Into<String>, email: impl Into<String>) -> Self {
        Self::default().with_last_name(last_name).with_email(email)
    }
}

model! {
    /// A territory of a user.
    UserTerritory {
        /// The id of the territory.
        id, with_id: Option<Id> = "id";
        /// The name of the territory.
        name: String = "Name" or "name";
        /// Whether the user is the manager. Present only in v2.
        is_manager: Option<bool> = "manager";
        /// The manager of the territory: an object with `Name` and `id`.
        manager: Option<RawJson> = "Manager";
        /// The parent territory: an object with `Name` and `id`.
        reporting_to: Option<RawJson> = "Reporting_To";
    }
}

model! {
    /// The colour theme of a user.
    UserTheme {
        /// The colours of tabs.
        normal_tab, with_normal_tab: Option<TabTheme> = "normal_tab";
        /// The colours of the selected tab.
        selected_tab, with_selected_tab: Option<TabTheme> = "selected_tab";
        /// The background of the page.
        background, with_background: Option<String> = "background";
        /// The background of the page in the newer design.
        new_background, with_new_background: Option<String> = "new_background";
        /// The layout of the page, such as `fixed`.
        screen, with_screen: Option<String> = "screen";
        /// The name of the theme.
        kind, with_kind: Option<String> = "type";
    }
}

model! {
    /// The colours of a tab.
    TabTheme {
        /// The colour of the text, such as `#FFFFFF`.
        font_color, with_font_color: Option<String> = "font_color";
        /// The background colour.
        background, with_background: Option<String> = "background";
    }
}

model! {
    /// The settings of a user for pages.
    UserCustomization {
        /// Whether notes are shown newest first.
        notes_desc: Option<RawJson> = "notes_desc";
        /// Whether the right panel is shown.
        show_right_panel: Option<RawJson> = "show_right_panel";
        /// The display of business cards.
        business_card_view: Option<RawJson> = "bc_view";
        /// Whether the list of recent items is unpinned.
        unpin_recent_item: Option<RawJson> = "unpin_recent_item";
        /// Whether the home page is shown first.
        show_home: Option<bool> = "show_home";
        /// Whether the details of a record are shown first.
        show_detail_view: Option<bool> = "show_detail_view";
    }
}
