//! Requests and responses of notes, related records and tags, as documented by Zoho for v2 and v8.
//!
//! Sources: for v2 the requests of the Ruby SDK (gem ZCRMSDK 1.0.5), for v8 `notes.json`,
//! `related_records.json` and `tags.json` in Zoho's OpenAPI files, and for the versions in between
//! Zoho's own SDKs of v2.1 to v6.

use serde::Deserialize;
use serde_json::{Value, json};
use zcrm_api::Note;
use zcrm_core::{ApiVersion, Id, Record, Tag};

use crate::{
    canned::{BOTH, answering, asks, at, canned, done, refused, shown, with_fields},
    fixture::Fixture,
};

const NOTE_FIELDS: &str = "Note_Title,Note_Content,Parent_Id,Owner,Created_By,Created_Time,\
                           Modified_By,Modified_Time";

#[test]
fn requests_writes_and_deletes_notes() {
    for version in BOTH {
        let api = at(version);
        let notes = api.notes();
        let list = notes.list().preview();
        asks(list, &with_fields(version, "Notes", NOTE_FIELDS), Value::Null);
        let sorted = notes.list().sort_by_desc("Modified_Time").per_page(5);
        let path = "Notes?sort_by=Modified_Time&sort_order=desc&per_page=5";
        asks(sorted.preview(), &with_fields(version, path, NOTE_FIELDS), Value::Null);
        let named = notes.list().fields(["Note_Title"]);
        asks(named.preview(), "GET Notes?fields=Note_Title", Value::Null);
        let one = with_fields(version, "Notes/7", NOTE_FIELDS);
        asks(notes.get("7").preview(), &one, Value::Null);
        let named = notes.get("7").param("fields", "Note_Title");
        asks(named.preview(), "GET Notes/7?fields=Note_Title", Value::Null);
        let change = Note::default().with_title("Call");
        let body = json!({ "data": [{ "Note_Title": "Call" }] });
        asks(notes.update("7", &change).preview(), "PUT Notes/7", body);
        let body = json!({ "data": [{ "id": "7", "Note_Title": "Call" }] });
        asks(notes.update_many([change.clone().with_id("7")]).preview(), "PUT Notes", body);
        asks(notes.delete_many(["7", "8"]).preview(), "DELETE Notes?ids=7,8", Value::Null);
        asks(notes.delete("7").preview(), "DELETE Notes/7", Value::Null);

        let account = api.record("Accounts", "5").notes();
        let list = account.list().page(2).preview();
        asks(list, &with_fields(version, "Accounts/5/Notes?page=2", NOTE_FIELDS), Value::Null);
        let body = json!({ "data": [{ "Note_Content": "Called", "Note_Title": "Call" }] });
        let note = Note::new("Called").with_title("Call");
        asks(account.create_many([&note]).preview(), "POST Accounts/5/Notes", body.clone());
        asks(account.update("7", &note).preview(), "PUT Accounts/5/Notes/7", body);
        asks(account.delete("7").preview(), "DELETE Accounts/5/Notes/7", Value::Null);
    }
}

/// v2: `Parent_Id` and `se_module`; v8: notes.json, one object. Up to v4 as v2.
#[test]
fn writes_the_parent_of_a_note_in_each_version() {
    let beside = json!({ "Note_Content": "Called", "Parent_Id": "5", "se_module": "Leads" });
    let inside = json!({
        "Note_Content": "Called", "Parent_Id": { "id": "5", "module": { "api_name": "Leads" } },
    });
    for (version, row) in [
        (ApiVersion::V2, &beside),
        (ApiVersion::V2_1, &beside),
        (ApiVersion::V4, &beside),
        (ApiVersion::V5, &inside),
        (ApiVersion::V8, &inside),
    ] {
        let notes = at(version).notes();
        let body = json!({ "data": [row] });
        let note = Note::new("Called").on("Leads", "5");
        asks(notes.create_many([&note]).preview(), "POST Notes", body.clone());
        // for both input forms
        asks(notes.create_many([&beside]).preview(), "POST Notes", body.clone());
        asks(notes.create_many([&inside]).preview(), "POST Notes", body);
    }
}

#[test]
fn omits_an_unknown_parent_module_of_a_note() {
    let known = json!({ "id": "7", "Note_Content": "Called", "Parent_Id": { "id": "5" } });
    for (version, parent) in [(ApiVersion::V2, json!("5")), (ApiVersion::V8, json!({ "id": "5" }))]
    {
        let row = json!({ "id": "7", "Note_Content": "Called", "Parent_Id": parent });
        let update = at(version).notes().update_many([&known]);
        asks(update.preview(), "PUT Notes", json!({ "data": [row] }));
    }
}

fn notes() -> [(ApiVersion, Value); 2] {
    let v2 = json!({ "data": [{
        "Owner": { "name": "P", "id": "9" }, "Modified_Time": "2019-08-03T15:26:49+05:30",
        "$attachments": null, "Created_Time": "2019-08-02T15:26:49+05:30",
        "Parent_Id": { "name": "Zylker", "id": "5" }, "$editable": true, "$se_module": "Accounts",
        "$is_shared_to_client": false, "Modified_By": { "name": "P", "id": "9" }, "$size": null,
        "$state": "save", "$voice_note": false, "id": "7",
        "Created_By": { "name": "P", "id": "9" }, "Note_Title": null, "Note_Content": "Called",
    }], "info": { "per_page": 200, "count": 1, "page": 1, "more_records": false } });
    let v8 = json!({ "data": [{
        "Owner": { "name": "P", "id": "9", "email": "p@example.com" },
        "Modified_Time": "2019-08-03T15:26:49+05:30",
        "$attachments": [{ "id": "70", "File_Name": "a.txt", "Size": "3" }],
        "Created_Time": "2019-08-02T15:26:49+05:30",
        "Parent_Id": { "module": { "api_name": "Accounts", "id": "3" }, "name": "Zylker", "id": "5" },
        "$editable": true, "$is_shared_to_client": false, "$sharing_permission": "full_access",
        "Modified_By": { "name": "P", "id": "9", "email": "p@example.com" }, "$size": null,
        "$state": "save", "$voice_note": false, "id": "7",
        "Created_By": { "name": "P", "id": "9", "email": "p@example.com" }, "Note_Title": null,
        "Note_Content": "Called",
    }], "info": {
        "per_page": 200, "next_page_token": null, "count": 1, "sort_by": "id", "page": 1,
        "previous_page_token": null, "page_token_expiry": null, "sort_order": "desc",
        "more_records": false,
    } });
    [(ApiVersion::V2, v2), (ApiVersion::V8, v8)]
}

#[tokio::test]
async fn reads_notes_and_writes_them_back() {
    for (version, body) in notes() {
        let api = answering(version, &body);
        let mut read = api.notes().list().all().await.unwrap();
        read.extend(api.record("Accounts", "5").notes().list().all().await.unwrap());
        read.push(api.notes().get("7").send().await.unwrap());
        assert_eq!(read.len(), 3);
        for note in read {
            assert_eq!(note.content.as_deref(), Some("Called"));
            assert_eq!(note.title, None);
            let parent = note.parent.as_ref().unwrap();
            assert_eq!(parent.id, Some("5".into()));
            assert_eq!(note.module(), Some("Accounts"));
            assert_eq!(parent.name.as_deref(), Some("Zylker"));
            assert_eq!(note.attachments.len(), usize::from(version == ApiVersion::V8));
            assert_eq!(serde_json::to_value(&note).unwrap(), body["data"][0]);
            let shown = format!("{note:?} {parent:?}");
            assert!(!shown.contains("Zylker") && !shown.contains("Called"), "{shown}");
            // a note read in one version can be written in the other
            for (other, module) in [
                (ApiVersion::V2, json!("Accounts")),
                (ApiVersion::V8, json!({ "id": "5", "module": { "api_name": "Accounts" } })),
            ] {
                let mut copy = note.clone();
                copy.id = None;
                let request = at(other).notes().create_many([copy]).preview().unwrap();
                let row = shown_row(&request);
                match other {
                    ApiVersion::V2 => assert_eq!(row["se_module"], module),
                    _ => assert_eq!(row["Parent_Id"], module),
                }
                assert!(row.get("$se_module").is_none());
            }
        }
    }
    // defect 11: a note without a parent
    let body = json!({ "data": [{ "id": "7", "Note_Content": "Called" }] });
    for version in BOTH {
        let note = answering(version, &body).notes().get("7").send().await.unwrap();
        assert_eq!(note.parent, None);
        assert_eq!(note.owner, None);
    }
}

fn shown_row(request: &http::Request<bytes::Bytes>) -> Value {
    shown(request).1["data"][0].clone()
}

#[test]
fn requests_adds_and_removes_related_records() {
    for version in BOTH {
        let lead = at(version).record("Leads", "5");
        let products = lead.related("Products");
        let named = products.list().fields(["Product_Name"]).per_page(20);
        let line = "GET Leads/5/Products?per_page=20&fields=Product_Name";
        asks(named.preview(), line, Value::Null);
        // defect 8: the parameter is `sort_by` here as well
        let sorted = products.list().fields(["id"]).sort_by("id").page(2);
        let line = "GET Leads/5/Products?sort_by=id&sort_order=asc&page=2&fields=id";
        asks(sorted.preview(), line, Value::Null);
        asks(products.get("7").preview(), "GET Leads/5/Products/7", Value::Null);
        let campaigns = lead.related("Campaigns");
        // related-records.json of 2026: the row has the id as well
        let body = json!({ "data": [{ "id": "7" }] });
        asks(campaigns.add("7").preview(), "PUT Leads/5/Campaigns/7", body);
        let fields = json!({ "Member_Status": "Responded" });
        let body = json!({ "data": [{ "id": "7", "Member_Status": "Responded" }] });
        asks(campaigns.add_with("7", &fields).preview(), "PUT Leads/5/Campaigns/7", body.clone());
        let same = json!({ "id": "7", "Member_Status": "Responded" });
        asks(campaigns.add_with("7", &same).preview(), "PUT Leads/5/Campaigns/7", body);
        refused(campaigns.add_with("8", &same).preview(), &["id 7", "8"]);
        let row = json!({ "id": "7", "Member_Status": "Responded" });
        let body = json!({ "data": [row] });
        asks(campaigns.add_many([&row]).preview(), "PUT Leads/5/Campaigns", body);
        asks(campaigns.remove("7").preview(), "DELETE Leads/5/Campaigns/7", Value::Null);
        let gone = campaigns.remove_many(["7", "8"]);
        asks(gone.preview(), "DELETE Leads/5/Campaigns?ids=7,8", Value::Null);
        // defect 15: ids may be numbers
        let lead = at(version).record("Leads", 5).related("Campaigns");
        asks(lead.remove(7).preview(), "DELETE Leads/5/Campaigns/7", Value::Null);
    }
    let v2 = at(ApiVersion::V2).record("Accounts", "5").related("Contacts").list();
    asks(v2.preview(), "GET Accounts/5/Contacts", Value::Null);
    let v8 = at(ApiVersion::V8).record("Accounts", "5").related("Contacts").list();
    refused(v8.preview(), &["fields", "v8"]);
}

/// related_records.json, `/{module_api_name}/{external_value}/{related_list_api_name}`.
#[test]
fn supports_external_ids_for_related_records_but_not_notes() {
    let shop = at(ApiVersion::V8).records("Leads").record_by_external("Shop_Id", "A/1 7");
    let request = shop.related("Products").list().fields(["id"]).preview().unwrap();
    assert_eq!(request.uri().path(), "/crm/v8/Leads/A%2F1%207/Products");
    assert_eq!(request.headers()["x-external"], "Leads.Shop_Id");
    refused(shop.notes().list().preview(), &["notes.list_of_record", "external ids"]);
    refused(shop.attachments().list().preview(), &["attachments.list", "external ids"]);
}

#[tokio::test]
async fn reads_typed_and_untyped_related_records() {
    #[derive(Deserialize)]
    struct Role {
        id: Id,
        #[serde(rename = "Contact_Role")]
        role: Option<String>,
    }
    let body = json!({ "data": [
        { "id": "7", "Contact_Role": "Decider", "Full_Name": "P" },
        { "id": "8", "Contact_Role": null },
        { "id": "9", "Contact_Role": 5 },
    ], "info": { "per_page": 20, "count": 3, "page": 1, "more_records": false } });
    for version in BOTH {
        let deal = answering(version, &body).record("Deals", "5");
        let records = deal.related("Contact_Roles").list().fields(["Contact_Role"]);
        let all: Vec<Record> = records.all().await.unwrap();
        assert_eq!(all[0].get::<String>("Full_Name").unwrap().as_deref(), Some("P"));
        let typed = deal.related_as::<Role>("Contact_Roles").list().fields(["Contact_Role"]);
        let page = typed.clone().send().await.unwrap();
        let first = page.items[0].as_ref().unwrap();
        assert_eq!((first.id.as_str(), first.role.as_deref()), ("7", Some("Decider")));
        // an item that does not fit is an error in its place
        let mut stream = typed.stream();
        assert!(stream.next().await.unwrap().is_ok() && stream.next().await.unwrap().is_ok());
        let error = stream.next().await.unwrap().err().unwrap();
        assert_eq!(error.record().unwrap().index(), 2);
        assert!(stream.next().await.is_none());
        let joined = answering(version, &done("data", &["7"])).record("Deals", "5");
        let joined = joined.related("Contact_Roles").add("7").send().await.unwrap();
        assert_eq!(joined.id.unwrap(), "7");
    }
}

#[test]
fn requests_writes_merges_and_deletes_tags() {
    for version in BOTH {
        let tags = at(version).module("Leads").tags();
        asks(tags.list().preview(), "GET settings/tags?module=Leads", Value::Null);
        let body = json!({ "tags": [{ "name": "Hot", "color_code": "#57B1FD" }] });
        let hot = Tag::named("Hot").with_color_code("#57B1FD");
        asks(tags.create_many([hot]).preview(), "POST settings/tags?module=Leads", body);
        let body = json!({ "tags": [{ "name": "Cold", "id": "7" }] });
        let cold = Tag::named("Cold").with_id("7");
        asks(tags.update_many([cold]).preview(), "PUT settings/tags?module=Leads", body);
        let body = json!({ "tags": [{ "name": "Cold" }] });
        let one = tags.update("7", &Tag::named("Cold"));
        asks(one.preview(), "PUT settings/tags/7?module=Leads", body);
        let body = json!({ "tags": [{ "conflict_id": "8" }] });
        asks(tags.merge("7", "8").preview(), "POST settings/tags/7/actions/merge", body);
        asks(tags.delete("7").preview(), "DELETE settings/tags/7", Value::Null);
    }
}

/// v2 and v2.1: names in the query, no body; from v3 on, and in tags.json: in the body.
#[test]
fn adds_and_removes_tags_in_each_version() {
    for version in [ApiVersion::V2, ApiVersion::V2_1] {
        let api = at(version);
        let (lead, tags) = (api.record("Leads", "5").tags(), api.module("Leads").tags());
        for (request, line) in [
            (lead.add(["Hot", "Fair"]), "POST Leads/5/actions/add_tags?tag_names=Hot,Fair"),
            (
                lead.add(["Hot"]).over_write(true),
                "POST Leads/5/actions/add_tags?tag_names=Hot&over_write=true",
            ),
            (lead.remove(["Hot"]), "POST Leads/5/actions/remove_tags?tag_names=Hot"),
            (
                tags.add_to(["5", "6"], ["Hot"]).over_write(false),
                "POST Leads/actions/add_tags?tag_names=Hot&ids=5,6&over_write=false",
            ),
            (
                tags.remove_from(["5", "6"], ["Hot"]),
                "POST Leads/actions/remove_tags?tag_names=Hot&ids=5,6",
            ),
        ] {
            // defect 9, and the body `null`
            asks(request.preview(), line, Value::Null);
        }
        refused(lead.add(["a,b"]).preview(), &["a,b"]);
    }
    for version in [ApiVersion::V3, ApiVersion::V8] {
        let api = at(version);
        let (lead, tags) = (api.record("Leads", "5").tags(), api.module("Leads").tags());
        let hot = || json!([{ "name": "Hot" }]);
        for (request, line, body) in [
            (lead.add(["Hot"]), "POST Leads/5/actions/add_tags", json!({ "tags": hot() })),
            (
                lead.add(["Hot"]).over_write(true),
                "POST Leads/5/actions/add_tags",
                json!({ "tags": hot(), "over_write": true }),
            ),
            (lead.remove(["Hot"]), "POST Leads/5/actions/remove_tags", json!({ "tags": hot() })),
            (
                tags.add_to(["5", "6"], ["Hot"]),
                "POST Leads/actions/add_tags",
                json!({ "tags": hot(), "ids": ["5", "6"] }),
            ),
            (
                tags.remove_from(["5", "6"], ["Hot"]),
                "POST Leads/actions/remove_tags",
                json!({ "tags": hot(), "ids": ["5", "6"] }),
            ),
            (
                lead.add(["a,b"]),
                "POST Leads/5/actions/add_tags",
                json!({ "tags": [{ "name": "a,b" }] }),
            ),
        ] {
            asks(request.preview(), line, body);
        }
    }
}

#[tokio::test]
async fn reads_and_sends_tags_as_objects() {
    let body = json!({ "tags": [{
        "created_time": "2019-07-31T20:06:26+05:30", "modified_time": "2019-08-01T20:06:26+05:30",
        "color_code": null, "modified_by": { "name": "M", "id": "8" }, "name": "Hot", "id": "7",
        "created_by": { "name": "C", "id": "9" },
    }], "info": { "count": 1, "allowed_count": 100 } });
    for version in BOTH {
        let api = answering(version, &body);
        let tags = api.module("Leads").tags().list().all().await.unwrap();
        let hot = &tags[0];
        // defect 12: the name is read, and creator and modifier differ
        assert_eq!(hot.name().unwrap().as_deref(), Some("Hot"));
        assert_eq!(hot.created_by().unwrap().unwrap().id, "9");
        assert_eq!(hot.modified_by().unwrap().unwrap().id, "8");
        let changed = hot.modified_time().unwrap().unwrap();
        assert_eq!(changed.to_string(), "2019-08-01T20:06:26+05:30");
        // defect 12: a tag given as an object is sent by name
        let request = at(version).record("Leads", "5").tags().add([hot]).preview().unwrap();
        let (line, body) = shown(&request);
        match version {
            ApiVersion::V2 => {
                assert_eq!(line, "POST Leads/5/actions/add_tags?tag_names=Hot");
            }
            _ => assert_eq!(body, json!({ "tags": [{ "name": "Hot" }] })),
        }
        let count = answering(version, &json!({ "count": "12" })).module("Leads").tags();
        assert_eq!(count.count_records("7").await.unwrap(), 12);
        let count = answering(version, &json!({ "count": 3 })).module("Leads").tags();
        assert_eq!(count.count_records("7").await.unwrap(), 3);
        let rows = json!({ "data": [
            { "code": "SUCCESS", "details": { "id": 5, "tags": ["Hot"] }, "message": "tags updated",
              "status": "success" },
            { "code": "INVALID_DATA", "details": { "id": "6" }, "message": "no such record",
              "status": "error" },
        ], "wf_scheduler": false, "success_count": "1", "locked_count": "0" });
        let tags = answering(version, &rows).module("Leads").tags();
        let outcomes = tags.add_to(["5", "6"], ["Hot"]).send().await.unwrap();
        assert_eq!(outcomes.successes().count(), 1);
        assert_eq!(outcomes.failures().next().unwrap().0, 1);
    }
}

#[tokio::test]
async fn names_mistakes_and_sends_nothing() {
    for version in BOTH {
        let (api, sent) = canned(version, 500, &[], "");
        let (lead, tags) = (api.record("Leads", "5"), api.module("Leads").tags());
        refused(lead.tags().add([""]).send().await, &["no name"]);
        refused(lead.tags().add([Tag::default()]).send().await, &["no name"]);
        refused(lead.tags().remove(["Hot"]).over_write(true).send().await, &["over_write"]);
        refused(tags.add_to(["1", "a/b"], ["Hot"]).send().await, &["a/b"]);
        refused(tags.update_many([Tag::named("Hot")]).send().await, &["item 0", "id"]);
        refused(tags.merge("1", "").send().await, &["invalid id"]);
        refused(tags.count_records("..").await, &["invalid id"]);

        refused(api.record("Le ads", "5").notes().list().send().await, &["invalid module name"]);
        refused(api.record("Leads", "5?x").notes().list().send().await, &["5?x"]);
        refused(lead.notes().list().per_page(0).send().await, &["per_page", "0"]);
        refused(lead.notes().list().per_page(201).send().await, &["per_page", "201"]);
        let many: Vec<String> = (0..51).map(|number| format!("F{number}")).collect();
        refused(lead.notes().list().fields(many).send().await, &["51", "50"]);
        refused(api.notes().create_many([Note::new("x")]).send().await, &["note 0", ".on("]);
        refused(
            api.notes().create_many([Note::new("x").on("Leads", "")]).send().await,
            &["invalid id"],
        );
        refused(api.notes().update_many([Note::new("x")]).send().await, &["item 0", "id"]);

        for list in ["", "Contact Roles", "../x", "a?b"] {
            let related = lead.related(list);
            refused(related.list().fields(["id"]).send().await, &["invalid related list name"]);
            refused(related.remove("1").send().await, &["invalid related list name"]);
        }
        refused(lead.related("Products").add("").send().await, &["invalid id"]);
        refused(lead.related("Products").add_many([json!({})]).send().await, &["item 0"]);
        let attachments = lead.attachments();
        refused(attachments.link("ftp://x?key=1").send().await, &["https://"]);
        let error = attachments.link("ftp://x?key=1").send().await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("key=1"), "{error:?}");
        refused(attachments.link("").send().await, &["https://"]);
        refused(attachments.download("a/b").await, &["a/b"]);
        refused(attachments.upload("a", "no type\n", "x").send().await, &["no type"]);
        let sorted = attachments.list().sort_by("id");
        refused(sorted.send().await, &["attachments.list", "sort_by"]);
        refused(api.record("Leads", "..").photo().delete().await, &["invalid id"]);
        assert_eq!(sent.lock().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn follows_tokens_past_2000_notes_and_related_records() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let account = Record::new().with("Account_Name", "Zylker");
    let account = api.records("Accounts").create(&account).await.unwrap().id;
    let of_account = api.record("Accounts", &account);
    let rows = |field: &'static str| {
        let account = account.clone();
        (0..2_050).map(move |n| {
            Record::new()
                .with(field, format!("{n}"))
                .with("Account_Name", json!({ "id": account.as_str() }))
        })
    };
    api.records("Contacts").create_many(rows("Last_Name")).send().await.unwrap().all().unwrap();
    for start in (0..2_050).step_by(50) {
        let notes = (start..start + 50).map(|n| Note::new(format!("note {n}")));
        of_account.notes().create_many(notes).send().await.unwrap().all().unwrap();
    }
    sim.clear_journal();
    let distinct = |mut ids: Vec<Id>| {
        ids.sort();
        ids.dedup();
        ids.len()
    };
    let notes = of_account.notes().list().all().await.unwrap();
    assert_eq!(distinct(notes.iter().map(|note| note.id.clone().unwrap()).collect()), 2_050);
    let notes = api.notes().list().all().await.unwrap();
    assert_eq!(distinct(notes.iter().map(|note| note.id.clone().unwrap()).collect()), 2_050);
    let related = of_account.related("Contacts");
    let contacts = related.list().fields(["Last_Name"]).all().await.unwrap();
    assert_eq!(distinct(contacts.iter().map(|one| one.id().unwrap()).collect()), 2_050);
    assert_eq!(sim.journal().api_requests(), 33);
    // page numbers have a limit, and a page token continues after a page
    let wall = related.list().fields(["Last_Name"]).page(11).send().await.unwrap_err();
    assert_eq!(wall.kind(), zcrm_core::ErrorKind::Wall);
    let list = || related.list().fields(["Last_Name"]);
    let token = list().page(10).send().await.unwrap().info.next_page_token.unwrap();
    assert_eq!(list().page_token(&token).all().await.unwrap().len(), 50);
    let in_v2 = at(ApiVersion::V2);
    let early = in_v2.record("Accounts", "1").notes().list().page_token("t");
    refused(early.preview(), &["page_token", "v3"]);
}
