//! The organisation.

use serde_json::json;

use crate::crm::call::{Context, Refusal};
use crate::environment::Environment;
use crate::http::Answer;
use crate::json::text_of;
use crate::version::Version;
use hyper::StatusCode;

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let first = cx.state.users.first();
    let base = cx.store().currencies.values().find(|one| one.get("is_base") == Some(&json!(true)));
    let of_base = |name: &str| base.map(|base| text_of(base, name)).unwrap_or_default();
    let mut org = json!({
        "id": cx.state.org_id,
        "zgid": cx.state.org_id,
        "company_name": "Simulated Company",
        "alias": null,
        "description": null,
        "primary_email": first.map(|user| &user.email),
        "primary_zuid": first.map(|user| &user.zuid),
        "time_zone": "Asia/Kolkata",
        "country": "India",
        "country_code": "IN",
        "state": null, "city": null, "street": null, "zip": null,
        "phone": "+91 22 0000000",
        "mobile": "+91 22 0000001",
        "fax": null,
        "website": "https://example.com",
        "employee_count": "10",
        "currency": of_base("name"),
        "iso_code": of_base("iso_code"),
        "currency_symbol": of_base("symbol"),
        "currency_locale": "en_US",
        "mc_status": cx.store().currencies.0.len() > 1,
        "gapps_enabled": false,
        "translation_enabled": false,
        "privacy_settings": false,
        "photo_id": cx.store().org_photo.as_ref().map(|(id, _)| id.to_string()),
        "license_details": {
            "paid": true,
            "paid_type": "enterprise",
            "paid_expiry": "2099-01-01T00:00:00+05:30",
            "trial_type": null,
            "trial_expiry": null,
            "trial_action": "upgrade",
            "users_license_purchased": 100,
        },
    });
    let Some(map) = org.as_object_mut() else { return Ok(Answer::empty(StatusCode::NO_CONTENT)) };
    if cx.version > Version::V2 {
        let kind = match cx.environment {
            Environment::Production => "Production",
            Environment::Sandbox => "Sandbox",
        };
        map.insert("type".into(), kind.into());
        map.insert("max_per_page".into(), 200.into());
        map.insert("oauth_presence".into(), true.into());
        map.insert("deletable_org_account".into(), false.into());
        map.insert("hipaa_compliance_enabled".into(), false.into());
        map.insert("lite_users_enabled".into(), false.into());
        map.insert("domain_name".into(), format!("org{}", cx.state.org_id).into());
        map.insert("zia_portal_id".into(), json!(null));
        map.insert(
            "hierarchy_preferences".into(),
            json!({
                "type": "Role_Hierarchy", "strictly_reporting": false,
            }),
        );
    }
    Ok(Answer::json(StatusCode::OK, &json!({ "org": [org] })))
}
