//! Users, and what belongs to them.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use zcrm_core::{Error, Id, Lookup, Timestamp, object, words};

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

object! {
    /// A user of the organisation. What the organisation added itself is read by
    /// [`field`](Self::field) and set by [`with_field`](Self::with_field).
    User {
        /// Its id.
        id, with_id: Id = "id";
        /// Its id over all of Zoho's services.
        zuid: Id = "zuid";
        /// Its first name.
        first_name, with_first_name: String = "first_name";
        /// Its last name.
        last_name, with_last_name: String = "last_name";
        /// Its whole name.
        full_name: String = "full_name";
        /// Another name of it.
        alias, with_alias: String = "alias";
        /// Its e-mail address, by which it logs in.
        email, with_email: String = "email";
        /// Its role.
        role, with_role: Lookup = "role";
        /// Its profile.
        profile, with_profile: Lookup = "profile";
        /// The user that it reports to.
        reporting_to, with_reporting_to: Lookup = "Reporting_To" or "reporting_to";
        /// Whether it can work.
        status, with_status: UserStatus = "status";
        /// Why it cannot.
        status_reason: String = "status_reason__s";
        /// Whether it confirmed its invitation.
        confirm: bool = "confirm";
        /// Whether it is logged in now.
        is_online: bool = "Isonline";
        /// Which licence it has.
        category: String = "category";
        /// Its telephone number.
        phone, with_phone: String = "phone";
        /// Its mobile number.
        mobile, with_mobile: String = "mobile";
        /// Its fax number.
        fax, with_fax: String = "fax";
        /// Its site.
        website, with_website: String = "website";
        /// Its day of birth.
        date_of_birth, with_date_of_birth: String = "dob";
        /// Its street.
        street, with_street: String = "street";
        /// Its city.
        city, with_city: String = "city";
        /// Its state or province.
        state, with_state: String = "state";
        /// Its postal code.
        zip, with_zip: String = "zip";
        /// Its country.
        country, with_country: String = "country";
        /// Its language and country, such as `en_US`.
        locale, with_locale: String = "locale";
        /// Its country's locale, such as `US`.
        country_locale, with_country_locale: String = "country_locale";
        /// Its language, such as `en_US`.
        language, with_language: String = "language";
        /// Its time zone, such as `Europe/Berlin`.
        time_zone, with_time_zone: String = "time_zone";
        /// How far its clock is from UTC, in milliseconds.
        offset: i64 = "offset";
        /// How it writes dates, such as `MMM d, yyyy`.
        date_format, with_date_format: String = "date_format";
        /// How it writes times, such as `HH:mm`.
        time_format, with_time_format: String = "time_format";
        /// How it writes names.
        name_format, with_name_format: String = "name_format__s";
        /// How it parts the decimals of a number: `Period` or `Comma`.
        decimal_separator, with_decimal_separator: String = "decimal_separator";
        /// How it parts the thousands of a number.
        number_separator, with_number_separator: String = "number_separator";
        /// In which order it sees names.
        sort_order_preference, with_sort_order_preference: String =
            "sort_order_preference__s" or "sort_order_preference";
        /// Its currency.
        currency: String = "Currency";
        /// What stands under its e-mails.
        signature, with_signature: String = "signature";
        /// Which tabs it sees first.
        default_tab_group: Id = "default_tab_group";
        /// The colours that it sees.
        theme, with_theme: UserTheme = "theme";
        /// What it sees on its pages.
        customize_info: UserCustomization = "customize_info";
        /// Whether it logs in with Microsoft's account.
        microsoft: bool = "microsoft";
        /// Whether its account belongs to itself alone.
        personal_account: bool = "personal_account";
        /// Whether it develops in a sandbox.
        sandbox_developer: bool = "sandboxDeveloper";
        /// The shift that it works in.
        current_shift: Shift = "$current_shift";
        /// The shift that it works in next.
        next_shift: Shift = "$next_shift";
        /// From when on its next shift counts.
        shift_effective_from: Value = "$shift_effective_from";
        /// Who invited it.
        created_by: Lookup = "created_by";
        /// Who changed it last.
        modified_by: Lookup = "Modified_By" or "modified_by";
        /// When it was invited.
        created_time: Timestamp = "created_time";
        /// When it was last changed.
        modified_time: Timestamp = "Modified_Time";
    }
    lists {
        /// The territories that it is in; v2 tells them with the user.
        territories: UserTerritory = "territories";
    }
}

impl User {
    /// A new user; Zoho also wants its role and profile.
    #[must_use]
    pub fn new(last_name: impl Into<String>, email: impl Into<String>) -> Self {
        Self::default().with_last_name(last_name).with_email(email)
    }

    /// What stands in a field that the organisation added itself.
    ///
    /// # Errors
    /// Of kind [`Decode`](zcrm_core::ErrorKind::Decode) where it does not fit `T`.
    pub fn field<T: DeserializeOwned>(&self, api_name: &str) -> Result<Option<T>, Error> {
        self.record().get(api_name)
    }

    /// Sets a field that the organisation added itself, to anything that serialises; as
    /// [`Record::with`](zcrm_core::Record::with).
    #[must_use]
    pub fn with_field(mut self, api_name: impl Into<String>, value: impl Serialize) -> Self {
        *self.record_mut() = std::mem::take(self.record_mut()).with(api_name, value);
        self
    }
}

object! {
    /// A territory that a user is in.
    UserTerritory {
        /// Its id.
        id, with_id: Id = "id";
        /// Its name.
        name: String = "Name" or "name";
        /// Whether the user manages it, which v2 tells.
        is_manager: bool = "manager";
        /// Who manages it: an object with `Name` and `id`.
        manager: Value = "Manager";
        /// The territory above it: an object with `Name` and `id`.
        reporting_to: Value = "Reporting_To";
    }
}

object! {
    /// The colours that a user sees.
    UserTheme {
        /// Those of a tab.
        normal_tab, with_normal_tab: TabTheme = "normal_tab";
        /// Those of the tab that is open.
        selected_tab, with_selected_tab: TabTheme = "selected_tab";
        /// That of the page.
        background, with_background: String = "background";
        /// That of the page, in the newer design.
        new_background, with_new_background: String = "new_background";
        /// Whether the page keeps its width: `fixed`.
        screen, with_screen: String = "screen";
        /// Which of Zoho's themes it is.
        kind, with_kind: String = "type";
    }
}

object! {
    /// The colours of a tab.
    TabTheme {
        /// That of its text, such as `#FFFFFF`.
        font_color, with_font_color: String = "font_color";
        /// That behind its text.
        background, with_background: String = "background";
    }
}

object! {
    /// What a user sees on its pages.
    UserCustomization {
        /// Whether notes begin with the newest.
        notes_desc: Value = "notes_desc";
        /// Whether there is a panel on the right.
        show_right_panel: Value = "show_right_panel";
        /// How business cards are shown.
        business_card_view: Value = "bc_view";
        /// Whether the last items stay.
        unpin_recent_item: Value = "unpin_recent_item";
        /// Whether it begins with the home page.
        show_home: bool = "show_home";
        /// Whether it begins with the details of a record.
        show_detail_view: bool = "show_detail_view";
    }
}

object! {
    /// A shift that a user works in.
    Shift {
        /// Its id.
        id: Id = "id";
        /// Its name.
        name: String = "name";
    }
}
