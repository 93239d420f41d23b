//! The users of the organisation.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::clock::{parse_stamp, stamp, whole_seconds};
use crate::crm::call::{
    Context, External, PageParams, Refusal, Row, RowError, RowErrors, RowResult, condition, each,
    each_id, found, ids, page, row_id, success,
};
use crate::crm::criteria;
use crate::crm::criteria::{check, holds, wrong_criteria};
use crate::crm::render::View;
use crate::crm::validation::{CleanedRow, Rules, clean};
use crate::http::Answer;
use crate::json::{mentioned_id, record_key, text_of};
use crate::state::{ADMINISTRATOR, FOUNDED, Record, SettingsMap, User, UserStatus, user_defaults};

/// The maximum number of users that a call creates, and that the organisation's licence allows.
const CALL_LIMIT: usize = 10;
const LICENCES: usize = 100;
/// The types of user lists.
const KINDS: [&str; 10] = [
    "AllUsers",
    "ActiveUsers",
    "DeactiveUsers",
    "ConfirmedUsers",
    "NotConfirmedUsers",
    "DeletedUsers",
    "ActiveConfirmedUsers",
    "AdminUsers",
    "ActiveConfirmedAdmins",
    "CurrentUser",
];

fn is_of_kind(cx: &Context<'_>, user: &User, kind: &str) -> bool {
    let admin = || {
        let profile = cx.store().profiles.get(&user.profile);
        profile.is_some_and(|profile| text_of(profile, "name") == ADMINISTRATOR)
    };
    let there = user.status != UserStatus::Deleted;
    match kind {
        "ActiveUsers" => user.is_active(),
        "DeactiveUsers" => user.status == UserStatus::Disabled,
        "ConfirmedUsers" => there && user.confirmed,
        "NotConfirmedUsers" => there && !user.confirmed,
        "DeletedUsers" => !there,
        "ActiveConfirmedUsers" => user.is_active() && user.confirmed,
        "AdminUsers" => there && admin(),
        "ActiveConfirmedAdmins" => user.is_active() && user.confirmed && admin(),
        "CurrentUser" => user.id == cx.user,
        _ => there,
    }
}

/// Returns a user with all values.
fn show(cx: &Context<'_>, user: &User) -> Value {
    let view = cx.view();
    let setting = |shelf: &SettingsMap, id: &str| {
        shelf.get(id).map(|one| json!({ "id": id, "name": one.get("name") }))
    };
    let first = cx.state.users.first().map(|user| view.actor(&user.id));
    let modified = user.modified.map_or_else(|| FOUNDED.to_owned(), stamp);
    let mut shown = Map::new();
    for field in &cx.state.user_fields.fields {
        let value = user.values.get(&field.api_name).cloned().unwrap_or_default();
        shown.insert(field.api_name.clone(), value);
    }
    let reporting_to = user.values.get("Reporting_To").and_then(Value::as_str);
    let territories: Vec<Value> = user
        .territories
        .iter()
        .filter_map(|id| Some((id, cx.store().territories.get(id)?)))
        .map(|(id, one)| json!({ "id": id, "name": one.get("name"), "manager": false }))
        .collect();
    let own = json!({
        "id": user.id,
        "zuid": user.zuid,
        "email": user.email,
        "first_name": (!user.first_name.is_empty()).then_some(&user.first_name),
        "last_name": user.last_name,
        "full_name": user.full_name(),
        "role": setting(&cx.store().roles, &user.role),
        "profile": setting(&cx.store().profiles, &user.profile),
        "status": match user.status {
            UserStatus::Active => "active",
            UserStatus::Disabled => "disabled",
            UserStatus::Deleted => "deleted",
        },
        "confirm": user.confirmed,
        "Reporting_To": reporting_to.map(|id| view.actor(id)),
        "territories": territories,
        "created_time": FOUNDED,
        "Modified_Time": modified,
        "created_by": first.clone(),
        "Modified_By": first,
        "offset": 19_800_000,
        "Isonline": false,
        "personal_account": false,
        "microsoft": false,
        "customize_info": {
            "notes_desc": null, "show_right_panel": null, "bc_view": null,
            "unpin_recent_item": null, "show_home": false, "show_detail_view": true,
        },
    });
    if let Value::Object(own) = own {
        shown.extend(own);
    }
    Value::Object(shown)
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let kind = kind(cx)?;
    let (paging, since) = (PageParams::of(cx.call)?, condition(cx.call, "if-modified-since")?);
    let ids = ids(cx.call)?;
    let users: Vec<Value> = cx
        .state
        .users
        .iter()
        .filter(|user| is_of_kind(cx, user, kind))
        .filter(|user| {
            let wanted = |ids: &Vec<u64>| record_key(&user.id).is_some_and(|id| ids.contains(&id));
            ids.as_ref().is_none_or(wanted)
        })
        .filter(|user| {
            let modified = user.modified.or_else(|| parse_stamp(FOUNDED));
            since.is_none_or(|since| modified.is_some_and(|modified| modified >= since))
        })
        .map(|user| show(cx, user))
        .collect();
    let none = if since.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::NO_CONTENT };
    Ok(page("users", &users, &paging, none))
}

fn kind<'a>(cx: &Context<'a>) -> Result<&'a str, Refusal> {
    let kind = cx.call.param("type").filter(|kind| !kind.is_empty()).unwrap_or("AllUsers");
    if KINDS.contains(&kind) {
        return Ok(kind);
    }
    Err(Refusal::unsupported_param("type", &KINDS))
}

pub(crate) fn count(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let kind = kind(cx)?;
    let count = cx.state.users.iter().filter(|user| is_of_kind(cx, user, kind)).count();
    Ok(Answer::json(StatusCode::OK, &json!({ "count": count.to_string() })))
}

/// Searches for users by criteria on their fields.
pub(crate) fn search(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let text = cx.call.param("criteria").ok_or_else(|| Refusal::missing_param("criteria"))?;
    let criteria = criteria::parse(text).map_err(wrong_criteria)?;
    let fields = std::sync::Arc::clone(&cx.state.user_fields);
    check(&criteria, &fields)?;
    let (kind, paging) = (kind(cx)?, PageParams::of(cx.call)?);
    let view = cx.view();
    let users: Vec<Value> = cx
        .state
        .users
        .iter()
        .filter(|user| is_of_kind(cx, user, kind))
        .filter(|user| holds(&criteria, view, &fields, &as_record(cx, user)))
        .map(|user| show(cx, user))
        .collect();
    Ok(page("users", &users, &paging, StatusCode::NO_CONTENT))
}

/// Returns a user in the form of a record, with the names of the role and the profile.
fn as_record(cx: &Context<'_>, user: &User) -> Record {
    let mut values = user.values.clone();
    let name =
        |shelf: &SettingsMap, id: &str| shelf.get(id).map(|one| text_of(one, "name").to_owned());
    values.insert("email".into(), user.email.as_str().into());
    values.insert("first_name".into(), user.first_name.as_str().into());
    values.insert("last_name".into(), user.last_name.as_str().into());
    values.insert("role".into(), name(&cx.store().roles, &user.role).into());
    values.insert("profile".into(), name(&cx.store().profiles, &user.profile).into());
    let at = user.modified.or_else(|| parse_stamp(FOUNDED)).unwrap_or(cx.now);
    Record {
        id: record_key(&user.id).unwrap_or_default(),
        owner: user.id.clone(),
        created_by: user.id.clone(),
        modified_by: user.id.clone(),
        created: at,
        modified: at,
        converted: false,
        approved: true,
        values,
    }
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let since = condition(cx.call, "if-modified-since")?;
    let user = cx.state.user(cx.path_id(0)?);
    if let (Some(user), Some(since)) = (user, since)
        && user.modified.or_else(|| parse_stamp(FOUNDED)).is_some_and(|at| at < since)
    {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED));
    }
    Ok(found("users", user.map(|user| show(cx, user)).into_iter().collect()))
}

/// The changes of a user in a row.
struct Changes {
    values: Map<String, Value>,
    role: Option<String>,
    profile: Option<String>,
    status: Option<UserStatus>,
}

fn changes(cx: &Context<'_>, row: Row<'_>, target: Option<&User>) -> Result<Changes, RowError> {
    let record = target.map(|user| as_record(cx, user));
    let external = External::default();
    let module = &cx.state.user_fields;
    let view: View<'_> = cx.view();
    let rules = Rules { view, module, row, target: record.as_ref(), external: &external };
    let (CleanedRow { mut values, .. }, errors) = clean(rules);
    if let Some(errors) = RowErrors::of(errors) {
        return Err(errors.into());
    }
    let mut setting = |name: &str, shelf: &SettingsMap| match values.remove(name) {
        None => Ok(None),
        Some(value) => {
            let id = mentioned_id(&value).filter(|id| shelf.get(id).is_some());
            id.map(Some).ok_or_else(|| row.invalid(name))
        }
    };
    let role = setting("role", &cx.store().roles)?;
    let profile = setting("profile", &cx.store().profiles)?;
    let status = match values.remove("status").as_ref().and_then(Value::as_str) {
        None => None,
        Some("active") => Some(UserStatus::Active),
        Some("disabled") => Some(UserStatus::Disabled),
        Some(_) => {
            return Err(row.unsupported("status", &["active", "disabled"]));
        }
    };
    let email = values.get("email").and_then(Value::as_str);
    let same = |user: &&User| {
        email.is_some_and(|email| user.email.eq_ignore_ascii_case(email))
            && user.status != UserStatus::Deleted
            && target.is_none_or(|target| target.id != user.id)
    };
    if let Some(twin) = cx.state.users.iter().find(same) {
        let details = row.details_with("email", "id", twin.id.as_str());
        let message = "Failed to add user since same email id is already present";
        return Err(RowError::new("DUPLICATE_DATA", message, details));
    }
    Ok(Changes { values, role, profile, status })
}

impl Changes {
    fn apply(self, user: &mut User) {
        for (name, value) in self.values {
            let text = || value.as_str().unwrap_or_default().to_owned();
            match name.as_str() {
                "email" => user.email = text(),
                "first_name" => user.first_name = text(),
                "last_name" => user.last_name = text(),
                _ => {
                    user.values.insert(name, value);
                }
            }
        }
        user.role = self.role.unwrap_or_else(|| std::mem::take(&mut user.role));
        user.profile = self.profile.unwrap_or_else(|| std::mem::take(&mut user.profile));
        user.status = self.status.unwrap_or(user.status);
    }
}

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each(cx, "users", CALL_LIMIT, StatusCode::CREATED, |cx, row| {
        let changes = changes(cx, row, None)?;
        let there = cx.state.users.iter().filter(|user| user.status != UserStatus::Deleted);
        if there.count() >= LICENCES {
            let message = "Request exceeds your license limit";
            return Err(RowError::new("LICENSE_LIMIT_EXCEEDED", message, json!({})));
        }
        let rng = &mut cx.state.rng;
        let mut user = User {
            id: rng.next_id().to_string(),
            zuid: rng.next_id().to_string(),
            email: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            role: String::new(),
            profile: String::new(),
            status: UserStatus::Active,
            confirmed: false,
            territories: Vec::new(),
            modified: Some(whole_seconds(cx.now)),
            values: user_defaults(),
        };
        changes.apply(&mut user);
        let id = user.id.clone();
        cx.state.users.push(user);
        Ok(success("User added", json!({ "id": id })))
    })
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let limit = if cx.path_values.is_empty() { CALL_LIMIT } else { 1 };
    each(cx, "users", limit, StatusCode::OK, |cx, row| {
        let id = row_id(cx, row)?;
        change(cx, row, id)
    })
}

fn change(cx: &mut Context<'_>, row: Row<'_>, id: &str) -> RowResult {
    let user = cx.state.user(id).filter(|user| user.status != UserStatus::Deleted);
    let user = user.ok_or_else(|| RowError::unknown_id(id))?;
    let changes = changes(cx, row, Some(user))?;
    let now = whole_seconds(cx.now);
    if let Some(user) = cx.state.users.iter_mut().find(|user| user.id == id) {
        changes.apply(user);
        user.modified = Some(now);
    }
    Ok(success("User updated", json!({ "id": id })))
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.optional_path_value(0);
    each_id(cx, "users", id, 1, remove)
}

fn remove(cx: &mut Context<'_>, id: &str) -> RowResult {
    let (now, own) = (whole_seconds(cx.now), cx.user == id);
    let user = cx.state.users.iter_mut().find(|user| user.id == id);
    let user = user.ok_or_else(|| RowError::unknown_id(id))?;
    let details = json!({ "id": id });
    if user.status == UserStatus::Deleted {
        return Err(RowError::new("ID_ALREADY_DELETED", "User is already deleted", details));
    }
    if own {
        return Err(RowError::new("NOT_ALLOWED", "Users cannot delete themselves", details));
    }
    user.status = UserStatus::Deleted;
    user.modified = Some(now);
    Ok(success("User deleted", details))
}
