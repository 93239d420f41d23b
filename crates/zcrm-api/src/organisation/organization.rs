//! What an organisation is.

use zcrm_core::{Id, Timestamp};

use crate::{RawJson, model::model};

model! {
    /// An organisation's data.
    Organization {
        /// Its id within the CRM.
        id: Option<Id> = "id";
        /// Its id over all of Zoho's services, as `X-CRM-ORG` wants it.
        zgid: Option<Id> = "zgid";
        /// The same, encrypted.
        ezgid: Option<String> = "ezgid";
        /// The id of its portal for Zia.
        zia_portal_id: Option<Id> = "zia_portal_id";
        /// Its id for Zia.
        zia_zgid: Option<Id> = "zia_zgid";
        /// Its name.
        company_name: Option<String> = "company_name";
        /// Another name of it.
        alias: Option<String> = "alias";
        /// The name in its addresses, such as `org600`.
        domain_name: Option<String> = "domain_name";
        /// What it is for: `Production`, `Sandbox`, `Developer` or `Bigin`.
        kind: Option<String> = "type";
        /// What it does.
        description: Option<String> = "description";
        /// How many people it has.
        employee_count: Option<String> = "employee_count";
        /// The address of its main user.
        primary_email: Option<String> = "primary_email";
        /// The id of its main user over all of Zoho's services.
        primary_zuid: Option<Id> = "primary_zuid";
        /// Its telephone number.
        phone: Option<String> = "phone";
        /// Its mobile number.
        mobile: Option<String> = "mobile";
        /// Its fax number.
        fax: Option<String> = "fax";
        /// Its site.
        website: Option<String> = "website";
        /// Its street.
        street: Option<String> = "street";
        /// Its city.
        city: Option<String> = "city";
        /// Its state or province.
        state: Option<String> = "state";
        /// Its postal code.
        zip: Option<String> = "zip";
        /// Its country.
        country: Option<String> = "country";
        /// Its country's code, such as `DE`.
        country_code: Option<String> = "country_code";
        /// Its home currency, as people know it.
        currency: Option<String> = "currency";
        /// The sign of its home currency.
        currency_symbol: Option<String> = "currency_symbol";
        /// The locale that its home currency is written in.
        currency_locale: Option<String> = "currency_locale";
        /// Its home currency's code, such as `EUR`.
        iso_code: Option<String> = "iso_code";
        /// Its time zone, such as `Europe/Berlin`.
        time_zone: Option<String> = "time_zone";
        /// The id of its logo.
        photo_id: Option<String> = "photo_id";
        /// How its calls are shown.
        call_icon: Option<String> = "call_icon";
        /// How many records a page of its lists shows at most.
        max_per_page: Option<i64> = "max_per_page";
        /// What it pays for.
        license_details: Option<LicenseDetails> = "license_details";
        /// Which users rank above others.
        hierarchy_preferences: Option<HierarchyPreferences> = "hierarchy_preferences";
        /// Which events cannot be checked in to.
        checkin_preferences: Option<RawJson> = "checkin_preferences";
        /// Whether it lives with several currencies.
        mc_status: Option<bool> = "mc_status";
        /// Whether it is joined with Google's applications.
        gapps_enabled: Option<bool> = "gapps_enabled";
        /// Whether its labels are translated.
        translation_enabled: Option<bool> = "translation_enabled";
        /// Whether it keeps rules of privacy.
        privacy_settings: Option<bool> = "privacy_settings";
        /// Whether it keeps the rules for health data.
        hipaa_compliance_enabled: Option<bool> = "hipaa_compliance_enabled";
        /// Whether it has users of a smaller licence.
        lite_users_enabled: Option<bool> = "lite_users_enabled";
        /// Whether its account can be deleted.
        deletable_org_account: Option<bool> = "deletable_org_account";
        /// Whether applications are joined to it by OAuth.
        oauth_presence: Option<bool> = "oauth_presence";
        /// When it was made.
        created_time: Option<Timestamp> = "created_time";
    }
}

model! {
    /// What an organisation pays for.
    LicenseDetails {
        /// Whether it pays.
        paid: Option<bool> = "paid";
        /// For which edition, such as `enterprise`.
        paid_type: Option<String> = "paid_type";
        /// For how many users.
        users_license_purchased: Option<i64> = "users_license_purchased";
        /// Which edition it tries.
        trial_type: Option<String> = "trial_type";
        /// Until when it tries it.
        trial_expiry: Option<String> = "trial_expiry";
        /// What follows its trial.
        trial_action: Option<String> = "trial_action";
        /// Until when it has paid.
        paid_expiry: Option<Timestamp> = "paid_expiry";
    }
}

model! {
    /// Which users an organisation ranks above others.
    HierarchyPreferences {
        /// By what: `Role_Hierarchy` or `Reporting_To_Hierarchy`.
        kind: Option<String> = "type";
        /// Whether only users of higher rank see a user's records.
        strictly_reporting: Option<bool> = "strictly_reporting";
    }
}
