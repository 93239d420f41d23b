//! What an organisation is.

use serde_json::Value;
use zcrm_core::{Id, Timestamp, object};

object! {
    /// What an organisation is, as Zoho tells it.
    Organization {
        /// Its id within the CRM.
        id: Id = "id";
        /// Its id over all of Zoho's services, as `X-CRM-ORG` wants it.
        zgid: Id = "zgid";
        /// The same, encrypted.
        ezgid: String = "ezgid";
        /// The id of its portal for Zia.
        zia_portal_id: Id = "zia_portal_id";
        /// Its id for Zia.
        zia_zgid: Id = "zia_zgid";
        /// Its name.
        company_name: String = "company_name";
        /// Another name of it.
        alias: String = "alias";
        /// The name in its addresses, such as `org600`.
        domain_name: String = "domain_name";
        /// What it is for: `Production`, `Sandbox`, `Developer` or `Bigin`.
        kind: String = "type";
        /// What it does.
        description: String = "description";
        /// How many people it has.
        employee_count: String = "employee_count";
        /// The address of its main user.
        primary_email: String = "primary_email";
        /// The id of its main user over all of Zoho's services.
        primary_zuid: Id = "primary_zuid";
        /// Its telephone number.
        phone: String = "phone";
        /// Its mobile number.
        mobile: String = "mobile";
        /// Its fax number.
        fax: String = "fax";
        /// Its site.
        website: String = "website";
        /// Its street.
        street: String = "street";
        /// Its city.
        city: String = "city";
        /// Its state or province.
        state: String = "state";
        /// Its postal code.
        zip: String = "zip";
        /// Its country.
        country: String = "country";
        /// Its country's code, such as `DE`.
        country_code: String = "country_code";
        /// Its home currency, as people know it.
        currency: String = "currency";
        /// The sign of its home currency.
        currency_symbol: String = "currency_symbol";
        /// The locale that its home currency is written in.
        currency_locale: String = "currency_locale";
        /// Its home currency's code, such as `EUR`.
        iso_code: String = "iso_code";
        /// Its time zone, such as `Europe/Berlin`.
        time_zone: String = "time_zone";
        /// The id of its logo.
        photo_id: String = "photo_id";
        /// How its calls are shown.
        call_icon: String = "call_icon";
        /// How many records a page of its lists shows at most.
        max_per_page: i64 = "max_per_page";
        /// What it pays for.
        license_details: LicenseDetails = "license_details";
        /// Who stands above whom.
        hierarchy_preferences: HierarchyPreferences = "hierarchy_preferences";
        /// Which events cannot be checked in to.
        checkin_preferences: Value = "checkin_preferences";
        /// Whether it lives with several currencies.
        mc_status: bool = "mc_status";
        /// Whether it is joined with Google's applications.
        gapps_enabled: bool = "gapps_enabled";
        /// Whether its labels are translated.
        translation_enabled: bool = "translation_enabled";
        /// Whether it keeps rules of privacy.
        privacy_settings: bool = "privacy_settings";
        /// Whether it keeps the rules for health data.
        hipaa_compliance_enabled: bool = "hipaa_compliance_enabled";
        /// Whether it has users of a smaller licence.
        lite_users_enabled: bool = "lite_users_enabled";
        /// Whether its account can be deleted.
        deletable_org_account: bool = "deletable_org_account";
        /// Whether applications are joined to it by OAuth.
        oauth_presence: bool = "oauth_presence";
        /// When it was made.
        created_time: Timestamp = "created_time";
    }
}

object! {
    /// What an organisation pays for.
    LicenseDetails {
        /// Whether it pays.
        paid: bool = "paid";
        /// For which edition, such as `enterprise`.
        paid_type: String = "paid_type";
        /// For how many users.
        users_license_purchased: i64 = "users_license_purchased";
        /// Which edition it tries.
        trial_type: String = "trial_type";
        /// Until when it tries it.
        trial_expiry: String = "trial_expiry";
        /// What follows its trial.
        trial_action: String = "trial_action";
        /// Until when it has paid.
        paid_expiry: Timestamp = "paid_expiry";
    }
}

object! {
    /// Who stands above whom in an organisation.
    HierarchyPreferences {
        /// By what: `Role_Hierarchy` or `Reporting_To_Hierarchy`.
        kind: String = "type";
        /// Whether nobody but those above sees a user's records.
        strictly_reporting: bool = "strictly_reporting";
    }
}
