//! Users, and what belongs to them.

use zcrm_core::{Id, Timestamp, words};

use crate::{MetaRef, RawJson, model::model};

words! {
    /// A kind of users, as lists of them are asked for.
    UserKind {
        ALL = "AllUsers": "All users.";
        ACTIVE = "ActiveUsers": "Those who are active.";
        DEACTIVATED = "DeactiveUsers": "Those who were deactivated.";
        CONFIRMED = "ConfirmedUsers": "Those who confirmed their invitation.";
        NOT_CONFIRMED = "NotConfirmedUsers": "Those who did not.";
        DELETED = "DeletedUsers": "Those who were deleted.";
        ACTIVE_CONFIRMED = "ActiveConfirmedUsers": "Those who are active and confirmed.";
        ADMINS = "AdminUsers": "Those who administrate.";
        ACTIVE_CONFIRMED_ADMINS = "ActiveConfirmedAdmins": "Administrators who are active and confirmed.";
        CURRENT = "CurrentUser": "The one whose token it is.";
    }
}

words! {
    /// Whether a user can work.
    UserStatus {
        ACTIVE = "active": "It can.";
        INACTIVE = "inactive": "It cannot.";
        DELETED = "deleted": "It was deleted.";
    }
}

model! {
    /// A user of the organisation. Custom fields are read by [`get`](Self::get) and set by
    /// [`with`](Self::with).
    ///
    /// ```
    /// use zcrm_api::organisation::User;
    ///
    /// let user = User::new("Boyle", "patricia@example.com").with("Shop_Number", 17);
    /// assert_eq!(user.get::<u32>("Shop_Number")?, Some(17));
    /// // clears the telephone number at Zoho
    /// let change = User::default().with("phone", None::<()>);
    /// assert_eq!(serde_json::to_string(&change)?, r#"{"phone":null}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    User {
        /// Its id.
        id, with_id: Option<Id> = "id";
        /// Its id over all of Zoho's services.
        zuid: Option<Id> = "zuid";
        /// Its first name.
        first_name, with_first_name: Option<String> = "first_name";
        /// Its last name.
        last_name, with_last_name: Option<String> = "last_name";
        /// Its whole name.
        full_name: Option<String> = "full_name";
        /// Another name of it.
        alias, with_alias: Option<String> = "alias";
        /// Its e-mail address, by which it logs in.
        email, with_email: Option<String> = "email";
        /// Its role.
        role, with_role: Option<MetaRef> = "role";
        /// Its profile.
        profile, with_profile: Option<MetaRef> = "profile";
        /// The user that it reports to.
        reporting_to, with_reporting_to: Option<MetaRef> = "Reporting_To" or "reporting_to";
        /// Whether it can work.
        status, with_status: Option<UserStatus> = "status";
        /// Why it cannot.
        status_reason: Option<String> = "status_reason__s";
        /// Whether it confirmed its invitation.
        confirm: Option<bool> = "confirm";
        /// Whether it is logged in now.
        is_online: Option<bool> = "Isonline";
        /// Which licence it has.
        category: Option<String> = "category";
        /// Its telephone number.
        phone, with_phone: Option<String> = "phone";
        /// Its mobile number.
        mobile, with_mobile: Option<String> = "mobile";
        /// Its fax number.
        fax, with_fax: Option<String> = "fax";
        /// Its site.
        website, with_website: Option<String> = "website";
        /// Its day of birth.
        date_of_birth, with_date_of_birth: Option<String> = "dob";
        /// Its street.
        street, with_street: Option<String> = "street";
        /// Its city.
        city, with_city: Option<String> = "city";
        /// Its state or province.
        state, with_state: Option<String> = "state";
        /// Its postal code.
        zip, with_zip: Option<String> = "zip";
        /// Its country.
        country, with_country: Option<String> = "country";
        /// Its language and country, such as `en_US`.
        locale, with_locale: Option<String> = "locale";
        /// Its country's locale, such as `US`.
        country_locale, with_country_locale: Option<String> = "country_locale";
        /// Its language, such as `en_US`.
        language, with_language: Option<String> = "language";
        /// Its time zone, such as `Europe/Berlin`.
        time_zone, with_time_zone: Option<String> = "time_zone";
        /// How far its clock is from UTC, in milliseconds.
        offset: Option<i64> = "offset";
        /// How it writes dates, such as `MMM d, yyyy`.
        date_format, with_date_format: Option<String> = "date_format";
        /// How it writes times, such as `HH:mm`.
        time_format, with_time_format: Option<String> = "time_format";
        /// How it writes names.
        name_format, with_name_format: Option<String> = "name_format__s";
        /// How it parts the decimals of a number: `Period` or `Comma`.
        decimal_separator, with_decimal_separator: Option<String> = "decimal_separator";
        /// How it parts the thousands of a number.
        number_separator, with_number_separator: Option<String> = "number_separator";
        /// In which order it sees names.
        sort_order_preference, with_sort_order_preference: Option<String> =
            "sort_order_preference__s" or "sort_order_preference";
        /// Its currency.
        currency: Option<String> = "Currency";
        /// The signature of its e-mails.
        signature, with_signature: Option<String> = "signature";
        /// Which tabs it sees first.
        default_tab_group: Option<Id> = "default_tab_group";
        /// The colours that it sees.
        theme, with_theme: Option<UserTheme> = "theme";
        /// What it sees on its pages.
        customize_info: Option<UserCustomization> = "customize_info";
        /// Whether it logs in with Microsoft's account.
        microsoft: Option<bool> = "microsoft";
        /// Whether its account belongs to itself alone.
        personal_account: Option<bool> = "personal_account";
        /// Whether it develops in a sandbox.
        sandbox_developer: Option<bool> = "sandboxDeveloper";
        /// The shift that it works in.
        current_shift: Option<MetaRef> = "$current_shift";
        /// The shift that it works in next.
        next_shift: Option<MetaRef> = "$next_shift";
        /// From when on its next shift counts.
        shift_effective_from: Option<RawJson> = "$shift_effective_from";
        /// Who invited it.
        created_by: Option<MetaRef> = "created_by";
        /// Who changed it last.
        modified_by: Option<MetaRef> = "Modified_By" or "modified_by";
        /// When it was invited.
        created_time: Option<Timestamp> = "created_time";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "Modified_Time";
        /// The territories that it is in; only v2 sends them with the user.
        territories: Vec<UserTerritory> = "territories";
    }
}

impl User {
    /// A new user; Zoho also wants its role and profile.
    #[must_use]
    pub fn new(last_name: impl Into<String>, email: impl Into<String>) -> Self {
        Self::default().with_last_name(last_name).with_email(email)
    }
}

model! {
    /// A territory that a user is in.
    UserTerritory {
        /// Its id.
        id, with_id: Option<Id> = "id";
        /// Its name.
        name: String = "Name" or "name";
        /// Whether the user manages it; only v2 sends it.
        is_manager: Option<bool> = "manager";
        /// Who manages it: an object with `Name` and `id`.
        manager: Option<RawJson> = "Manager";
        /// The territory above it: an object with `Name` and `id`.
        reporting_to: Option<RawJson> = "Reporting_To";
    }
}

model! {
    /// The colours that a user sees.
    UserTheme {
        /// Those of a tab.
        normal_tab, with_normal_tab: Option<TabTheme> = "normal_tab";
        /// Those of the tab that is open.
        selected_tab, with_selected_tab: Option<TabTheme> = "selected_tab";
        /// That of the page.
        background, with_background: Option<String> = "background";
        /// That of the page, in the newer design.
        new_background, with_new_background: Option<String> = "new_background";
        /// Whether the page keeps its width: `fixed`.
        screen, with_screen: Option<String> = "screen";
        /// Which of Zoho's themes it is.
        kind, with_kind: Option<String> = "type";
    }
}

model! {
    /// The colours of a tab.
    TabTheme {
        /// That of its text, such as `#FFFFFF`.
        font_color, with_font_color: Option<String> = "font_color";
        /// That behind its text.
        background, with_background: Option<String> = "background";
    }
}

model! {
    /// What a user sees on its pages.
    UserCustomization {
        /// Whether notes begin with the newest.
        notes_desc: Option<RawJson> = "notes_desc";
        /// Whether there is a panel on the right.
        show_right_panel: Option<RawJson> = "show_right_panel";
        /// How business cards are shown.
        business_card_view: Option<RawJson> = "bc_view";
        /// Whether the last items stay.
        unpin_recent_item: Option<RawJson> = "unpin_recent_item";
        /// Whether it begins with the home page.
        show_home: Option<bool> = "show_home";
        /// Whether it begins with the details of a record.
        show_detail_view: Option<bool> = "show_detail_view";
    }
}
