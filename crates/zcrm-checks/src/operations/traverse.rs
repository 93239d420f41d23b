//! A traversal of the operations of the table on real state: what is written is read, and deleted.
//!
//! The reads of the smoke run ask for things that are not there; this asks for things that are, so that
//! whole answers are held against Zoho's schemas.

use serde_json::{Value, json};
use zcrm_api::{Api, operations as op};
use zcrm_core::{ApiVersion, BodyShape, Operation, Reply};

use crate::BoxError;

/// One traversal.
struct Traversal<'a> {
    api: &'a Api,
    version: ApiVersion,
}

type Pairs<'a> = &'a [(&'static str, &'a str)];

impl Traversal<'_> {
    /// A call that must succeed; its answer, or nothing where that has no JSON.
    async fn call(
        &self,
        operation: &'static Operation,
        path: Pairs<'_>,
        query: Pairs<'_>,
        body: Option<Value>,
    ) -> Result<Value, BoxError> {
        let reply = self.send(operation, path, query, body).await?;
        let status = reply.status();
        if !status.is_success() || status.as_u16() == 207 {
            return Err(unexpected(operation, &reply));
        }
        Ok(serde_json::from_slice(reply.body()).unwrap_or_default())
    }

    /// A write of a row, or a call, that must be refused: v2 says so with a status of success.
    async fn refused(
        &self,
        operation: &'static Operation,
        query: Pairs<'_>,
        body: Option<Value>,
    ) -> Result<(), BoxError> {
        let reply = self.send(operation, &[], query, body).await?;
        match reply.status().as_u16() {
            400 => Ok(()),
            200 | 202 if self.version == ApiVersion::V2 => Ok(()),
            _ => Err(unexpected(operation, &reply)),
        }
    }

    async fn send(
        &self,
        operation: &'static Operation,
        path: Pairs<'_>,
        query: Pairs<'_>,
        body: Option<Value>,
    ) -> Result<Reply, BoxError> {
        let mut call = self.api.call(operation);
        for (name, value) in path {
            call = call.path(name, value);
        }
        for (name, value) in query {
            call = call.param(name, value);
        }
        if let Some(body) = body {
            call = call.body(&body);
        }
        Ok(call.send().await?)
    }

    async fn get(
        &self,
        operation: &'static Operation,
        path: Pairs<'_>,
        query: Pairs<'_>,
    ) -> Result<Value, BoxError> {
        self.call(operation, path, query, None).await
    }

    /// A write of one row under the operation's key; returns the id of the answer.
    async fn write(
        &self,
        operation: &'static Operation,
        path: Pairs<'_>,
        query: Pairs<'_>,
        row: Value,
    ) -> Result<String, BoxError> {
        let BodyShape::List(key) = operation.body_shape() else {
            return Err(format!("{} takes no list", operation.name()).into());
        };
        let answer = self.call(operation, path, query, Some(json!({ key: [row] }))).await?;
        Ok(text(&answer, "/0/details/id"))
    }
}

/// An answer that the traversal did not expect.
fn unexpected(operation: &Operation, reply: &Reply) -> BoxError {
    let text = String::from_utf8_lossy(reply.body());
    format!("{} is answered with {}: {text}", operation.name(), reply.status()).into()
}

/// The text at a place of the list that an answer holds.
fn text(answer: &Value, place: &str) -> String {
    let list = answer.as_object().into_iter().flat_map(|map| map.values()).find(|v| v.is_array());
    let found = list.and_then(|list| list.pointer(place)).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

/// Walks through the operations of one version.
///
/// # Errors
/// Where the simulator refuses a step.
pub(super) async fn traverse(api: &Api, version: ApiVersion) -> Result<(), BoxError> {
    let traverse = Traversal { api, version };
    settings(&traverse).await?;
    organisation(&traverse).await?;
    users(&traverse).await?;
    let lead = [("Last_Name", "Walker"), ("Company", "Zylker")];
    let lead: Value = lead.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    let lead = traverse.write(&op::RECORDS_CREATE, &[("module", "Leads")], &[], lead).await?;
    tags(&traverse, &lead).await?;
    notes(&traverse, &lead).await?;
    files(&traverse, &lead).await?;
    relations(&traverse, &lead).await?;
    convert(&traverse, &lead).await?;
    notifications(&traverse).await?;
    bin(&traverse).await
}

async fn settings(traverse: &Traversal<'_>) -> Result<(), BoxError> {
    let of_leads: Pairs<'_> = &[("module", "Leads")];
    traverse.get(&op::MODULES_LIST, &[], &[]).await?;
    traverse.get(&op::MODULES_GET, &[("api_name", "Quotes")], &[]).await?;
    let fields = traverse.get(&op::FIELDS_LIST, &[], of_leads).await?;
    traverse.get(&op::FIELDS_GET, &[("field", &text(&fields, "/1/id"))], of_leads).await?;
    let layouts = traverse.get(&op::LAYOUTS_LIST, &[], of_leads).await?;
    traverse.get(&op::LAYOUTS_GET, &[("id", &text(&layouts, "/0/id"))], of_leads).await?;
    let lists = traverse.get(&op::RELATED_LISTS_LIST, &[], of_leads).await?;
    traverse.get(&op::RELATED_LISTS_GET, &[("id", &text(&lists, "/0/id"))], of_leads).await?;
    let views = traverse.get(&op::CUSTOM_VIEWS_LIST, &[], of_leads).await?;
    let view = text(&views, "/1/id");
    let view: Pairs<'_> = &[("id", &view)];
    traverse.get(&op::CUSTOM_VIEWS_GET, view, of_leads).await?;
    if traverse.version == ApiVersion::V2 {
        let row = json!({ "sort_by": "Last_Name", "sort_order": "asc" });
        traverse.write(&op::CUSTOM_VIEWS_UPDATE_ONE, view, of_leads, row).await?;
    } else {
        let row = json!({ "sort_by": { "api_name": "Last_Name" }, "sort_order": "asc" });
        traverse.write(&op::CUSTOM_VIEWS_CHANGE_SORT_ONE, view, of_leads, row).await?;
        traverse.get(&op::ASSIGNMENT_RULES_LIST, &[], of_leads).await?;
    }
    Ok(())
}

async fn taxes(traverse: &Traversal<'_>) -> Result<(), BoxError> {
    let duty = json!({ "name": "Duty", "value": 5 });
    if traverse.version == ApiVersion::V2 {
        let tax = traverse.write(&op::TAXES_CREATE, &[], &[], duty).await?;
        traverse.write(&op::TAXES_UPDATE_V2, &[], &[], json!({ "id": tax, "value": 6 })).await?;
        traverse.get(&op::TAXES_LIST_V2, &[], &[]).await?;
        traverse.get(&op::TAXES_GET_V2, &[("id", &tax)], &[]).await?;
        traverse.get(&op::TAXES_DELETE_ONE, &[("id", &tax)], &[]).await?;
        return Ok(());
    }
    let put = async |row: Value| {
        let body = json!({ "org_taxes": { "taxes": [row] } });
        traverse.call(&op::TAXES_UPDATE, &[], &[], Some(body)).await
    };
    let made = put(duty).await?;
    let tax = made.pointer("/org_taxes/details/id").and_then(Value::as_str).unwrap_or_default();
    put(json!({ "id": tax, "value": 6 })).await?;
    traverse.get(&op::TAXES_LIST, &[], &[]).await?;
    traverse.get(&op::TAXES_GET, &[("id", tax)], &[]).await?;
    put(json!({ "id": tax, "_delete": true })).await?;
    Ok(())
}

async fn organisation(traverse: &Traversal<'_>) -> Result<(), BoxError> {
    traverse.get(&op::ORG_GET, &[], &[]).await?;
    taxes(traverse).await?;
    let currencies = traverse.get(&op::CURRENCIES_LIST, &[], &[]).await?;
    let currency = text(&currencies, "/1/id");
    traverse.get(&op::CURRENCIES_GET, &[("id", &currency)], &[]).await?;
    let rate = json!({ "id": currency, "exchange_rate": "0.95" });
    traverse.write(&op::CURRENCIES_UPDATE, &[], &[], rate).await?;
    let groups = traverse.get(&op::VARIABLE_GROUPS_LIST, &[], &[]).await?;
    let group = text(&groups, "/0/id");
    traverse.get(&op::VARIABLE_GROUPS_GET, &[("id", &group)], &[]).await?;
    let row = json!({
        "name": "Max", "api_name": "Max", "type": "integer", "value": "5",
        "variable_group": { "id": group },
    });
    let variable = traverse.write(&op::VARIABLES_CREATE, &[], &[], row).await?;
    let one: Pairs<'_> = &[("id", &variable)];
    traverse.get(&op::VARIABLES_LIST, &[], &[]).await?;
    traverse.get(&op::VARIABLES_GET, one, &[("group", &group)]).await?;
    traverse.write(&op::VARIABLES_UPDATE_ONE, one, &[], json!({ "value": "6" })).await?;
    traverse
        .write(&op::VARIABLES_UPDATE, &[], &[], json!({ "id": variable, "value": "7" }))
        .await?;
    traverse.get(&op::VARIABLES_DELETE_ONE, one, &[]).await?;
    Ok(())
}

async fn users(traverse: &Traversal<'_>) -> Result<(), BoxError> {
    let roles = traverse.get(&op::ROLES_LIST, &[], &[]).await?;
    let role = text(&roles, "/1/id");
    traverse.get(&op::ROLES_GET, &[("role_id", &role)], &[]).await?;
    let profiles = traverse.get(&op::PROFILES_LIST, &[], &[]).await?;
    let profile = text(&profiles, "/1/id");
    traverse.get(&op::PROFILES_GET, &[("id", &profile)], &[]).await?;
    let reference = |id: &str, name: &str| match traverse.version {
        ApiVersion::V2 => json!(id),
        _ => json!({ "id": id, "name": name }),
    };
    let row = json!({
        "first_name": "A", "last_name": "Walker", "email": "walker@example.com",
        "role": reference(&role, "Manager"), "profile": reference(&profile, "Standard"),
    });
    let user = traverse.write(&op::USERS_CREATE, &[], &[], row).await?;
    let one: Pairs<'_> = &[("user", &user)];
    traverse.get(&op::USERS_LIST, &[], &[("type", "AllUsers")]).await?;
    traverse.get(&op::USERS_GET, one, &[]).await?;
    traverse.write(&op::USERS_UPDATE_ONE, one, &[], json!({ "phone": "1" })).await?;
    traverse.get(&op::USERS_SEARCH, &[], &[("criteria", "(last_name:equals:Walker)")]).await?;
    traverse.get(&op::USERS_COUNT, &[], &[]).await?;
    let territories = traverse.get(&op::TERRITORIES_LIST, &[], &[]).await?;
    let territory = text(&territories, "/0/id");
    traverse.get(&op::TERRITORIES_GET, &[("id", &territory)], &[]).await?;
    traverse.write(&op::USERS_UPDATE_TERRITORIES, one, &[], json!({ "id": territory })).await?;
    traverse.get(&op::USERS_LIST_TERRITORIES, one, &[]).await?;
    let both: Pairs<'_> = &[("user", &user), ("territory", &territory)];
    traverse.get(&op::USERS_GET_TERRITORY, both, &[]).await?;
    traverse.get(&op::USERS_DELETE_TERRITORY, both, &[]).await?;
    traverse.get(&op::USERS_DELETE_ONE, one, &[]).await?;
    Ok(())
}

async fn tags(traverse: &Traversal<'_>, lead: &str) -> Result<(), BoxError> {
    let of_leads: Pairs<'_> = &[("module", "Leads")];
    let mut made = Vec::new();
    for name in ["hot", "warm"] {
        made.push(traverse.write(&op::TAGS_CREATE, &[], of_leads, json!({ "name": name })).await?);
    }
    let [hot, warm] = made.as_slice() else { return Err("two tags were made".into()) };
    let one: Pairs<'_> = &[("id", hot)];
    traverse.get(&op::TAGS_LIST, &[], of_leads).await?;
    traverse.write(&op::TAGS_UPDATE_ONE, one, of_leads, json!({ "name": "hotter" })).await?;
    traverse
        .write(&op::TAGS_UPDATE, &[], of_leads, json!({ "id": hot, "name": "hottest" }))
        .await?;
    let record: Pairs<'_> = &[("module", "Leads"), ("record_id", lead)];
    if traverse.version == ApiVersion::V2 {
        let names = [("tag_names", "hottest"), ("ids", lead)];
        let [name, _] = names;
        traverse.get(&op::TAGS_ADD_ONE_BY_NAMES, record, &[name]).await?;
        traverse.get(&op::TAGS_REMOVE_ONE_BY_NAMES, record, &[name]).await?;
        traverse.get(&op::TAGS_ADD_BY_NAMES, of_leads, &names).await?;
        traverse.get(&op::TAGS_REMOVE_BY_NAMES, of_leads, &names).await?;
    } else {
        let tags = json!({ "tags": [{ "name": "hottest" }] });
        let many = json!({ "tags": [{ "name": "hottest" }], "ids": [lead] });
        traverse.call(&op::TAGS_ADD_ONE, record, &[], Some(tags.clone())).await?;
        traverse.call(&op::TAGS_REMOVE_ONE, record, &[], Some(tags)).await?;
        traverse.call(&op::TAGS_ADD, of_leads, &[], Some(many.clone())).await?;
        traverse.call(&op::TAGS_REMOVE, of_leads, &[], Some(many)).await?;
    }
    traverse.get(&op::TAGS_COUNT_RECORDS, one, of_leads).await?;
    traverse.write(&op::TAGS_MERGE, one, &[], json!({ "conflict_id": warm })).await?;
    traverse.get(&op::TAGS_DELETE_ONE, one, &[]).await?;
    Ok(())
}

async fn notes(traverse: &Traversal<'_>, lead: &str) -> Result<(), BoxError> {
    let record: Pairs<'_> = &[("module", "Leads"), ("record_id", lead)];
    let row = json!({ "Note_Title": "T", "Note_Content": "C" });
    let note = traverse.write(&op::NOTES_CREATE_FOR_RECORD, record, &[], row).await?;
    let of_record: Pairs<'_> = &[("module", "Leads"), ("record_id", lead), ("id", &note)];
    let fields: Pairs<'_> = &[("fields", "Note_Title,Note_Content")];
    let change = json!({ "Note_Content": "D" });
    traverse.get(&op::NOTES_LIST_OF_RECORD, record, fields).await?;
    traverse.write(&op::NOTES_UPDATE_OF_RECORD, of_record, &[], change.clone()).await?;
    traverse.get(&op::NOTES_LIST, &[], fields).await?;
    traverse.get(&op::NOTES_GET, &[("id", &note)], &[]).await?;
    traverse.write(&op::NOTES_UPDATE_ONE, &[("id", &note)], &[], change).await?;
    traverse.get(&op::NOTES_DELETE_OF_RECORD, of_record, &[]).await?;
    let mut row = json!({ "Note_Content": "E", "Parent_Id": lead, "se_module": "Leads" });
    if traverse.version != ApiVersion::V2 {
        let parent = json!({ "id": lead, "module": { "api_name": "Leads" } });
        row = json!({ "Note_Content": "E", "Parent_Id": parent });
    }
    let note = traverse.write(&op::NOTES_CREATE, &[], &[], row).await?;
    traverse.get(&op::NOTES_DELETE, &[], &[("ids", &note)]).await?;
    Ok(())
}

async fn files(traverse: &Traversal<'_>, lead: &str) -> Result<(), BoxError> {
    let api = traverse.api;
    let upload = |operation: &'static Operation, name: &'static str| {
        let mut call = api.call(operation);
        for part in operation.template().split('/') {
            match part {
                "{module}" => call = call.path("module", "Leads"),
                "{id}" => call = call.path("id", lead),
                "{record_id}" => call = call.path("record_id", lead),
                _ => {}
            }
        }
        call.file(name, "image/png", "content")
    };
    let answer = |reply: Reply| serde_json::from_slice::<Value>(reply.body());
    let made = answer(upload(&op::ATTACHMENTS_UPLOAD, "a.png").send().await?)?;
    let attachment = text(&made, "/0/details/id");
    let record: Pairs<'_> = &[("module", "Leads"), ("record_id", lead)];
    let one: Pairs<'_> = &[("module", "Leads"), ("record_id", lead), ("id", &attachment)];
    traverse.get(&op::ATTACHMENTS_LIST, record, &[("fields", "File_Name,Size")]).await?;
    traverse.get(&op::ATTACHMENTS_DOWNLOAD, one, &[]).await?;
    traverse.get(&op::ATTACHMENTS_DELETE_ONE, one, &[]).await?;
    upload(&op::RECORDS_UPLOAD_PHOTO, "p.png").send().await?;
    let photo: Pairs<'_> = &[("module", "Leads"), ("id", lead)];
    traverse.get(&op::RECORDS_GET_PHOTO, photo, &[]).await?;
    traverse.get(&op::RECORDS_DELETE_PHOTO, photo, &[]).await?;
    let made = answer(upload(&op::FILES_UPLOAD, "f.png").send().await?)?;
    traverse.get(&op::FILES_DOWNLOAD, &[], &[("id", &text(&made, "/0/details/id"))]).await?;
    Ok(())
}

async fn relations(traverse: &Traversal<'_>, lead: &str) -> Result<(), BoxError> {
    let campaign = json!({ "Campaign_Name": "C" });
    let module: Pairs<'_> = &[("module", "Campaigns")];
    let campaign = traverse.write(&op::RECORDS_CREATE, module, &[], campaign).await?;
    let list = ("related_list_api_name", "Campaigns");
    let all: Pairs<'_> = &[("module", "Leads"), ("record_id", lead), list];
    let one: Pairs<'_> =
        &[("module", "Leads"), ("record_id", lead), list, ("related_record_id", &campaign)];
    let row = json!({ "Member_Status": "Invited" });
    traverse.write(&op::RELATED_RECORDS_UPDATE_ONE, one, &[], row).await?;
    traverse.get(&op::RELATED_RECORDS_LIST, all, &[("fields", "Campaign_Name")]).await?;
    traverse.get(&op::RELATED_RECORDS_GET, one, &[]).await?;
    traverse.get(&op::RELATED_RECORDS_DELETE_ONE, one, &[]).await?;
    Ok(())
}

async fn convert(traverse: &Traversal<'_>, lead: &str) -> Result<(), BoxError> {
    let deal = json!({ "Deal_Name": "D", "Stage": "Qualification" });
    let row = json!({ "overwrite": true, "Deals": deal });
    traverse.write(&op::LEADS_CONVERT, &[("lead_id", lead)], &[], row).await?;
    Ok(())
}

/// Opens channels and ends them; those that Zoho refuses are walked into too.
async fn notifications(traverse: &Traversal<'_>) -> Result<(), BoxError> {
    // nobody is there, and the traversal does not look at what became of the deliveries
    let row = |event: &str, token: &str| {
        let mut row = json!({
            "channel_id": 1, "events": [event, "Deals.edit"], "token": token,
            "notify_url": "http://127.0.0.1:9/", "return_affected_field_values": true,
        });
        let field = json!({ "field": { "api_name": "City" } });
        let condition = json!([{
            "type": "field_selection", "module": { "api_name": "Leads" },
            "field_selection": { "group_operator": "or", "group": [field.clone(), field] },
        }]);
        if let (Some(row), false) = (row.as_object_mut(), traverse.version == ApiVersion::V2) {
            row.insert("notification_condition".into(), condition);
        }
        row
    };
    let update = &op::NOTIFICATIONS_UPDATE;
    let right = row("Leads.all", "T");
    let rows = |row: Value| Some(json!({ "watch": [row] }));
    traverse.refused(update, &[], rows(right.clone())).await?;
    traverse.write(&op::NOTIFICATIONS_ENABLE, &[], &[], right.clone()).await?;
    traverse.get(&op::NOTIFICATIONS_LIST, &[], &[("page", "1"), ("channel_id", "1")]).await?;
    traverse.write(update, &[], &[], right).await?;
    let nameless = json!({ "events": ["Leads.all"], "notify_url": "http://127.0.0.1:9/" });
    for wrong in [row("No.all", "T"), row("Leads.all", &"T".repeat(51)), nameless] {
        traverse.refused(update, &[], rows(wrong)).await?;
    }
    let fewer = json!({ "channel_id": 1, "events": ["Leads.edit"], "_delete_events": true });
    traverse.write(&op::NOTIFICATIONS_DISABLE, &[], &[], fewer).await?;
    let channel: Pairs<'_> = &[("channel_ids", "1")];
    traverse.get(&op::NOTIFICATIONS_DELETE, &[], channel).await?;
    traverse.refused(&op::NOTIFICATIONS_DELETE, channel, None).await?;
    Ok(())
}

/// Deletes a record and empties the bin, where the version has one.
async fn bin(traverse: &Traversal<'_>) -> Result<(), BoxError> {
    let leads: Pairs<'_> = &[("module", "Leads")];
    let row = json!({ "Last_Name": "Gone" });
    let lead = traverse.write(&op::RECORDS_CREATE, leads, &[], row).await?;
    if traverse.version != ApiVersion::V2 {
        let body = json!({ "data": [{ "City": "Pune" }], "ids": [lead] });
        traverse.call(&op::RECORDS_MASS_UPDATE, leads, &[], Some(body)).await?;
        let top = traverse.get(&op::TERRITORIES_LIST, &[], &[]).await?;
        let row = json!({ "id": lead, "Territories": [{ "id": text(&top, "/0/id") }] });
        traverse.write(&op::RECORDS_ASSIGN_TERRITORIES, leads, &[], row).await?;
    }
    traverse.get(&op::RECORDS_DELETE, leads, &[("ids", &lead)]).await?;
    traverse.get(&op::RECORDS_LIST_DELETED, leads, &[("type", "all")]).await?;
    if traverse.version != ApiVersion::V2 {
        traverse.get(&op::RECYCLE_BIN_LIST, &[], &[]).await?;
        traverse.get(&op::RECYCLE_BIN_GET, &[("record_id", &lead)], &[]).await?;
        traverse.get(&op::RECYCLE_BIN_DELETE_ONE, &[("record_id", &lead)], &[]).await?;
    }
    Ok(())
}
