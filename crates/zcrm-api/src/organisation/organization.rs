//! The data of an organisation.

use zcrm_core::{Id, Timestamp};

use crate::{RawJson, model::model};

model! {
    /// The data of an organisation.
    Organization {
        /// The id of the organisation in Zoho CRM.
        id: Option<Id> = "id";
        /// The id of the organisation across Zoho's services, the value of `X-CRM-ORG`.
        zgid: Option<Id> = "zgid";
        /// The encrypted form of `zgid`.
        ezgid: Option<String> = "ezgid";
        /// The id of the organisation's Zia portal.
        zia_portal_id: Option<Id> = "zia_portal_id";
        /// The id of the organisation in Zia.
        zia_zgid: Option<Id> = "zia_zgid";
        /// The organisation's name.
        company_name: Option<String> = "company_name";
        /// An alternative name.
        alias: Option<String> = "alias";
        /// The name in the organisation's URLs, such as `org600`.
        domain_name: Option<String> = "domain_name";
        /// The type of the organisation: `Production`, `Sandbox`, `Developer` or `Bigin`.
        kind: Option<String> = "type";
        /// The description of the organisation.
        description: Option<String> = "description";
        /// The number of employees.
        employee_count: Option<String> = "employee_count";
        /// The e-mail address of the primary user.
        primary_email: Option<String> = "primary_email";
        /// The id of the primary user across Zoho's services.
        primary_zuid: Option<Id> = "primary_zuid";
        /// The telephone number.
        phone: Option<String> = "phone";
        /// The mobile number.
        mobile: Option<String> = "mobile";
        /// The fax number.
        fax: Option<String> = "fax";
        /// The website.
        website: Option<String> = "website";
        /// The street of the address.
        street: Option<String> = "street";
        /// The city of the address.
        city: Option<String> = "city";
        /// The state or province of the address.
        state: Option<String> = "state";
        /// The postal code of the address.
        zip: Option<String> = "zip";
        /// The country of the address.
        country: Option<String> = "country";
        /// The country code, such as `DE`.
        country_code: Option<String> = "country_code";
        /// The display name of the home currency.
        currency: Option<String> = "currency";
        /// The symbol of the home currency.
        currency_symbol: Option<String> = "currency_symbol";
        /// The locale of the home currency.
        currency_locale: Option<String> = "currency_locale";
        /// The ISO code of the home currency, such as `EUR`.
        iso_code: Option<String> = "iso_code";
        /// The time zone, such as `Europe/Berlin`.
        time_zone: Option<String> = "time_zone";
        /// The id of the logo.
        photo_id: Option<String> = "photo_id";
        /// The display of phone calls.
        call_icon: Option<String> = "call_icon";
        /// The maximum number of records per page of a list.
        max_per_page: Option<i64> = "max_per_page";
        /// The licence of the organisation.
        license_details: Option<LicenseDetails> = "license_details";
        /// The hierarchy that decides about access to records.
        hierarchy_preferences: Option<HierarchyPreferences> = "hierarchy_preferences";
        /// The check-in settings: the events without check-in.
        checkin_preferences: Option<RawJson> = "checkin_preferences";
        /// Whether multiple currencies are enabled.
        mc_status: Option<bool> = "mc_status";
        /// Whether the integration of Google's applications is enabled.
        gapps_enabled: Option<bool> = "gapps_enabled";
        /// Whether translation of labels is enabled.
        translation_enabled: Option<bool> = "translation_enabled";
        /// Whether privacy settings are enabled.
        privacy_settings: Option<bool> = "privacy_settings";
        /// Whether compliance for health data (HIPAA) is enabled.
        hipaa_compliance_enabled: Option<bool> = "hipaa_compliance_enabled";
        /// Whether users with a lite licence are enabled.
        lite_users_enabled: Option<bool> = "lite_users_enabled";
        /// Whether the organisation's account can be deleted.
        deletable_org_account: Option<bool> = "deletable_org_account";
        /// Whether applications are connected by OAuth.
        oauth_presence: Option<bool> = "oauth_presence";
        /// The time of the creation.
        created_time: Option<Timestamp> = "created_time";
    }
}

model! {
    /// The licence of an organisation.
    LicenseDetails {
        /// Whether the licence is paid.
        paid: Option<bool> = "paid";
        /// The paid edition, such as `enterprise`.
        paid_type: Option<String> = "paid_type";
        /// The number of purchased user licences.
        users_license_purchased: Option<i64> = "users_license_purchased";
        /// The edition of the trial.
        trial_type: Option<String> = "trial_type";
        /// The end of the trial.
        trial_expiry: Option<String> = "trial_expiry";
        /// The action at the end of the trial.
        trial_action: Option<String> = "trial_action";
        /// The end of the paid period.
        paid_expiry: Option<Timestamp> = "paid_expiry";
    }
}

model! {
    /// The hierarchy of an organisation's users.
    HierarchyPreferences {
        /// The type: `Role_Hierarchy` or `Reporting_To_Hierarchy`.
        kind: Option<String> = "type";
        /// Whether only users of a higher rank see a user's records.
        strictly_reporting: Option<bool> = "strictly_reporting";
    }
}
