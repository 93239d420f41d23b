//! Users of the organisation, with their roles, profiles and territories.

use serde_json::{Value, json};
use zcrm_sim::{FieldKind, FieldSpec, Simulator};

use crate::client::Http;

const VERSIONS: [&str; 2] = ["v2", "v8"];

async fn http() -> Http {
    let sim = Simulator::builder()
        .user("ada@example.com")
        .user("bo@example.com")
        .user_field(FieldSpec::new("Badge", FieldKind::Text).max_length(5))
        .start()
        .await
        .unwrap();
    Http::logged_in(&sim).await
}

fn users(row: Value) -> Value {
    json!({ "users": [row] })
}

/// Returns the role and profile with these names, as a row refers to them in this version.
async fn places(http: &Http, version: &str) -> (Value, Value) {
    let id = async |key: &str, name: &str| {
        let rows = http.get(&format!("/crm/{version}/settings/{key}")).await.rows();
        let found = rows.iter().find(|row| row["name"] == name).unwrap();
        if version == "v2" { found["id"].clone() } else { json!({ "id": found["id"] }) }
    };
    (id("roles", "Manager").await, id("profiles", "Standard").await)
}

#[tokio::test]
async fn creates_updates_and_deletes_users() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/users");
        let (role, profile) = places(&http, version).await;
        let row = |email: &str| {
            json!({
                "first_name": "Cy", "last_name": "Dorn", "email": email, "role": role,
                "profile": profile, "Badge": "B 17", "time_zone": "Europe/Berlin",
            })
        };
        let made = http.post(&base, &users(row("cy@example.com"))).await;
        assert_eq!((made.status, made.codes()), (201, vec![String::from("SUCCESS")]));
        let one = format!("{base}/{}", made.id(0));
        let read = async || http.get(&one).await.rows()[0].clone();
        let user = read().await;
        assert_eq!(
            (&user["full_name"], &user["role"]["name"]),
            (&json!("Cy Dorn"), &json!("Manager"))
        );
        assert_eq!((&user["Badge"], &user["time_zone"]), (&json!("B 17"), &json!("Europe/Berlin")));
        assert_eq!((&user["status"], &user["confirm"]), (&json!("active"), &json!(false)));
        assert!(user["theme"]["normal_tab"]["background"].is_string());

        let refused = async |key: &str, value: Value| {
            let mut row = row("new@example.com");
            row[key] = value;
            let reply = http.post(&base, &users(row)).await;
            (reply.codes().remove(0), reply.rows()[0]["details"]["api_name"].clone())
        };
        for (key, value, code) in [
            ("last_name", Value::Null, "MANDATORY_NOT_FOUND"),
            ("role", Value::Null, "MANDATORY_NOT_FOUND"),
            ("role", json!("77"), "INVALID_DATA"),
            ("profile", json!({ "id": "77" }), "INVALID_DATA"),
            ("email", json!("missing"), "INVALID_DATA"),
            ("email", json!("CY@example.com"), "DUPLICATE_DATA"),
            ("Badge", json!("too long"), "INVALID_DATA"),
        ] {
            assert_eq!(refused(key, value).await, (code.to_owned(), json!(key)));
        }

        let theme = json!({ "background": "#000000", "screen": "fluid" });
        let change = json!({ "phone": "123", "status": "disabled", "theme": theme, "Badge": null });
        assert_eq!(http.put(&one, &users(change)).await.codes(), ["SUCCESS"]);
        let user = read().await;
        assert_eq!(
            (&user["phone"], &user["status"], &user["theme"]),
            (&json!("123"), &json!("disabled"), &theme)
        );
        assert_eq!((&user["Badge"], &user["last_name"]), (&Value::Null, &json!("Dorn")));
        let many = json!({ "users": [{ "id": made.id(0), "status": "active" }, { "id": "77" }] });
        assert_eq!(http.put(&base, &many).await.codes(), ["SUCCESS", "INVALID_DATA"]);
        let wrong = http.put(&one, &users(json!({ "status": "asleep" }))).await;
        assert_eq!(wrong.codes(), ["INVALID_DATA"]);

        assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
        assert_eq!(http.delete(&one).await.codes(), ["ID_ALREADY_DELETED"]);
        assert_eq!(read().await["status"], "deleted");
        let me = http.get(&format!("{base}?type=CurrentUser")).await.rows()[0]["id"].clone();
        let me = http.delete(&format!("{base}/{}", me.as_str().unwrap())).await;
        assert_eq!(me.codes(), ["NOT_ALLOWED"]);
        assert_eq!(http.get(&format!("{base}/77")).await.status, 204);
        // A deleted user gets no new records, and the address can be used again.
        let lead = json!({ "data": [{ "Last_Name": "A", "Owner": { "id": made.id(0) } }] });
        assert_eq!(
            http.post(&format!("/crm/{version}/Leads"), &lead).await.codes(),
            ["INVALID_DATA"]
        );
        assert_eq!(http.post(&base, &users(row("cy@example.com"))).await.codes(), ["SUCCESS"]);
    }
}

#[tokio::test]
async fn each_type_of_user_list_has_its_users() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/users");
        let (role, profile) = places(&http, version).await;
        let mut made = Vec::new();
        for name in ["new", "off", "gone"] {
            let row = json!({
                "last_name": name, "email": format!("{name}@example.com"), "role": role,
                "profile": profile,
            });
            made.push(http.post(&base, &users(row)).await.id(0));
        }
        http.put(&format!("{base}/{}", made[1]), &users(json!({ "status": "disabled" }))).await;
        http.delete(&format!("{base}/{}", made[2])).await;
        for (kind, expected) in [
            ("AllUsers", "ada bo new off"),
            ("ActiveUsers", "ada bo new"),
            ("DeactiveUsers", "off"),
            ("ConfirmedUsers", "ada bo"),
            ("NotConfirmedUsers", "new off"),
            ("DeletedUsers", "gone"),
            ("ActiveConfirmedUsers", "ada bo"),
            ("AdminUsers", "ada"),
            ("ActiveConfirmedAdmins", "ada"),
            ("CurrentUser", "ada"),
        ] {
            let page = http.get(&format!("{base}?type={kind}&page=1&per_page=200")).await.json();
            let rows = page["users"].as_array().unwrap();
            let names: Vec<&str> = rows
                .iter()
                .map(|user| user["email"].as_str().unwrap().split('@').next().unwrap())
                .collect();
            assert_eq!(names.join(" "), expected, "{kind}");
            assert_eq!(page["info"]["count"], rows.len());
            let count = http.get(&format!("{base}/actions/count?type={kind}")).await.json();
            assert_eq!(count["count"], rows.len().to_string());
        }
        let page = http.get(&format!("{base}?per_page=1&page=2")).await.json();
        assert_eq!(
            (&page["users"][0]["first_name"], &page["info"]["more_records"]),
            (&json!("Bo"), &json!(true))
        );
        let wrong = http.get(&format!("{base}?type=SomeUsers")).await;
        assert_eq!((wrong.status, wrong.code().as_str()), (400, "INVALID_DATA"));
        // The Ruby SDK requests the current user like this.
        assert_eq!(http.get(&format!("{base}?type=CurrentUser&page=&per_page=")).await.status, 200);
    }
}

#[tokio::test]
async fn finds_users_by_criteria() {
    for version in VERSIONS {
        let http = http().await;
        let search = async |criteria: &str| {
            http.get(&format!("/crm/{version}/users/search?criteria={criteria}&type=AllUsers"))
                .await
        };
        let found = search("((email:equals:BO@example.com)and(role:equals:Manager))").await;
        assert_eq!((found.rows().len(), &found.rows()[0]["first_name"]), (1, &json!("Bo")));
        assert_eq!(search("(email:starts_with:missing)").await.status, 204);
        assert_eq!(search("(email:like:x)").await.code(), "INVALID_QUERY");
        assert_eq!(search("(No:equals:x)").await.code(), "INVALID_QUERY");
        let none = http.get(&format!("/crm/{version}/users/search")).await;
        assert_eq!(none.code(), "REQUIRED_PARAM_MISSING");
    }
}

#[tokio::test]
async fn describes_roles_and_profiles() {
    for version in VERSIONS {
        let http = http().await;
        let roles = http.get(&format!("/crm/{version}/settings/roles")).await.rows();
        assert_eq!(
            (&roles[1]["name"], &roles[1]["reporting_to"]["name"]),
            (&json!("Manager"), &json!("CEO"))
        );
        let one = format!("/crm/{version}/settings/roles/{}", roles[1]["id"].as_str().unwrap());
        assert_eq!(http.get(&one).await.rows(), roles[1..]);
        assert_eq!(http.get(&format!("/crm/{version}/settings/roles/77")).await.status, 204);

        let profiles = http.get(&format!("/crm/{version}/settings/profiles")).await.rows();
        let may_manage = async |profile: &Value| {
            let id = profile["id"].as_str().unwrap();
            let one = http.get(&format!("/crm/{version}/settings/profiles/{id}")).await.rows();
            let all = one[0]["permissions_details"].as_array().unwrap().clone();
            let ids: Vec<&Value> = all.iter().map(|one| &one["id"]).collect();
            // The permissions named by the sections exist.
            let sections = one[0]["sections"].as_array().unwrap();
            let named =
                sections.iter().flat_map(|section| section["categories"].as_array().unwrap());
            let mut named =
                named.flat_map(|category| category["permissions_details"].as_array().unwrap());
            assert!(named.all(|id| ids.contains(&id)));
            let manage = all.iter().find(|one| one["name"] == "Crm_Implied_Manage_Users").unwrap();
            manage["enabled"].as_bool().unwrap()
        };
        assert_eq!(
            (&profiles[0]["name"], &profiles[1]["name"]),
            (&json!("Administrator"), &json!("Standard"))
        );
        assert!(may_manage(&profiles[0]).await);
        assert!(!may_manage(&profiles[1]).await);
        assert_eq!(http.get(&format!("/crm/{version}/settings/profiles/77")).await.status, 204);
    }
}

#[tokio::test]
async fn territories_have_users_and_an_order() {
    for version in VERSIONS {
        let http = http().await;
        let base = format!("/crm/{version}/settings/territories");
        let top = http.get(&base).await.rows()[0]["id"].clone();
        let rows = json!({ "territories": [
            { "name": "West", "reporting_to": { "id": top } },
            { "name": "WEST", "reporting_to": { "id": top } },
            { "name": "East" },
        ] });
        let made = http.post(&base, &rows).await;
        assert_eq!(made.codes(), ["SUCCESS", "DUPLICATE_DATA", "MANDATORY_NOT_FOUND"]);
        let one = format!("{base}/{}", made.id(0));
        assert_eq!(http.get(&one).await.rows()[0]["reporting_to"]["id"], top);
        let rename = |name: &str| json!({ "territories": [{ "id": made.id(0), "name": name }] });
        assert_eq!(http.put(&one, &rename("North")).await.codes(), ["SUCCESS"]);
        assert_eq!(http.put(&base, &rename("South")).await.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&one).await.rows()[0]["name"], "South");
        let loops = json!({ "territories": [{ "reporting_to": { "id": made.id(0) } }] });
        assert_eq!(http.put(&one, &loops).await.codes(), ["INVALID_DATA"]);

        let me = http.get(&format!("/crm/{version}/users?type=CurrentUser")).await.rows()[0]["id"]
            .clone();
        let mine = format!("/crm/{version}/users/{}/territories", me.as_str().unwrap());
        assert_eq!(http.get(&mine).await.status, 204);
        let rows = json!({ "territories": [{ "id": made.id(0) }, { "id": "77" }] });
        assert_eq!(http.put(&mine, &rows).await.codes(), ["SUCCESS", "INVALID_DATA"]);
        let shown = http.get(&mine).await.rows();
        assert_eq!((&shown[0]["Name"], &shown[0]["Reporting_To"]["id"]), (&json!("South"), &top));
        assert_eq!(http.get(&format!("{mine}/{}", made.id(0))).await.rows(), shown);
        assert_eq!(http.delete(&format!("{mine}/{}", made.id(0))).await.codes(), ["SUCCESS"]);
        assert_eq!(
            http.delete(&format!("{mine}?ids={}", made.id(0))).await.codes(),
            ["INVALID_DATA"]
        );
        assert_eq!(http.get(&format!("{mine}/{}", made.id(0))).await.status, 204);

        let up = http.delete(&format!("{base}/{}", top.as_str().unwrap())).await;
        assert_eq!(up.codes(), ["NOT_ALLOWED"]);
        http.put(&mine, &rows).await;
        assert_eq!(http.get(&mine).await.status, 200);
        assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
        assert_eq!(
            http.delete(&format!("{base}?ids={}", made.id(0))).await.codes(),
            ["INVALID_DATA"]
        );
        assert_eq!(http.get(&one).await.status, 204);
        assert_eq!(http.get(&mine).await.status, 204, "a deleted territory has no users");
    }
}
