//! Requests and responses of attachments and photos, as documented by Zoho for v2 and v8.
//!
//! Sources: for v2 the requests of the Ruby SDK (gem ZCRMSDK 1.0.5), for v8 `attachments.json` and
//! `record_photo.json` in Zoho's OpenAPI files.

use serde_json::{Value, json};
use zcrm_core::{ApiVersion, ErrorKind, Record};

use crate::{
    canned::{BOTH, answering, asks, at, canned, done, refused, shown, with_fields},
    fixture::Fixture,
};

const FILE_FIELDS: &str =
    "File_Name,Size,Parent_Id,Owner,Created_By,Created_Time,Modified_By,Modified_Time";

#[test]
fn requests_and_deletes_attachments() {
    for version in BOTH {
        let api = at(version);
        for (files, path) in [
            (api.record("Accounts", "5").attachments(), "Accounts/5/Attachments"),
            (api.notes().attachments("7"), "Notes/7/Attachments"),
        ] {
            let list = with_fields(version, &format!("{path}?page=1&per_page=20"), FILE_FIELDS);
            asks(files.list().page(1).per_page(20).preview(), &list, Value::Null);
            asks(files.delete("8").preview(), &format!("DELETE {path}/8"), Value::Null);
            let gone = files.delete_many(["8", "9"]);
            asks(gone.preview(), &format!("DELETE {path}?ids=8,9"), Value::Null);
        }
    }
}

/// The multipart parts `file` and `attachmentUrl`, as in Zoho's SDKs.
#[tokio::test]
async fn attaches_files_and_links() {
    for version in BOTH {
        let answer = done("data", &["8"]).to_string();
        let (api, sent) = canned(version, 200, &[], answer);
        let files = api.record("Leads", "5").attachments();
        let done = files.upload("a \"b\".txt", "text/plain", "hello").send().await.unwrap();
        assert_eq!(done.id, "8");
        files.link("https://example.com/a?b=c&d").send().await.unwrap();
        let sent = sent.lock().unwrap();
        for request in sent.iter() {
            assert_eq!(request.method(), "POST");
            assert_eq!(request.uri().path(), format!("/crm/{version}/Leads/5/Attachments"));
            assert_eq!(request.uri().query(), None);
            let kind = request.headers()["content-type"].to_str().unwrap();
            assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
        }
        let text = |at: usize| String::from_utf8(sent[at].body().to_vec()).unwrap();
        let file = "form-data; name=\"file\"; filename=\"a %22b%22.txt\"\r\nContent-Type: \
                    text/plain\r\n\r\nhello\r\n";
        assert!(text(0).contains(file), "{}", text(0));
        let link = "form-data; name=\"attachmentUrl\"\r\n\r\nhttps://example.com/a?b=c&d\r\n";
        assert!(text(1).contains(link), "{}", text(1));
    }
}

#[tokio::test]
async fn reads_attachments() {
    let v2 = json!({ "data": [{
        "Owner": { "name": "P", "id": "9" }, "Modified_Time": "2019-08-03T15:26:49+05:30",
        "$file_id": "abc", "File_Name": "../a.txt", "Size": 3, "$editable": true, "id": "8",
        "Parent_Id": { "name": "Zylker", "id": "5" }, "$se_module": "Leads", "$type": "Attachment",
        "Created_By": { "name": "P", "id": "9" }, "$link_url": null,
    }]});
    let v8 = json!({ "data": [{
        "Owner": { "name": "P", "id": "9", "email": "p@example.com" },
        "Modified_Time": "2019-08-03T15:26:49+05:30", "$file_id": "abc", "File_Name": "../a.txt",
        "Size": "3", "id": "8", "Parent_Id": { "name": "Zylker", "id": "5" }, "$se_module": "Leads",
        "$attachment_type": 1, "$sharing_permission": "full_access", "$state": "save",
    }], "info": { "per_page": 200, "page": 1, "count": 1, "more_records": false } });
    for (version, body) in [(ApiVersion::V2, &v2), (ApiVersion::V8, &v8)] {
        let files = answering(version, body).record("Leads", "5").attachments();
        let all = files.list().all().await.unwrap();
        assert_eq!(all[0].file_name.as_deref(), Some("../a.txt"));
        assert_eq!(all[0].bytes(), Some(3));
        assert_eq!(all[0].parent.as_ref().unwrap().id, Some("5".into()));
        assert_eq!(serde_json::to_value(&all[0]).unwrap(), body["data"][0]);
    }
}

#[tokio::test]
async fn downloads_files_and_photos_with_their_names() {
    for version in BOTH {
        let named = [
            ("content-type", "application/x-download"),
            ("content-disposition", "attachment; filename*=UTF-8''..%2Fa%20b.pdf; size=5"),
        ];
        let (api, sent) = canned(version, 200, &named, "hello");
        let lead = api.record("Leads", "5");
        for file in [
            lead.attachments().download("8").await.unwrap(),
            lead.photo().download().await.unwrap(),
            api.notes().attachments("7").download("8").await.unwrap(),
            api.org().photo().await.unwrap(),
        ] {
            let mut file = file;
            // defect 16: the name is decoded and contains no other parameter
            assert_eq!(file.name(), Some("../a b.pdf"));
            assert_eq!(file.safe_name(), "a b.pdf");
            assert_eq!(file.content_type(), Some("application/x-download"));
            assert!(!format!("{file:?}").contains("pdf"));
            assert_eq!(file.next().await.unwrap().unwrap(), "hello");
            assert!(file.next().await.is_none());
        }
        let lines: Vec<String> = sent.lock().unwrap().iter().map(|it| shown(it).0).collect();
        assert_eq!(
            lines,
            [
                "GET Leads/5/Attachments/8",
                "GET Leads/5/photo",
                "GET Notes/7/Attachments/8",
                "GET org/photo",
            ]
        );
        // the name is optional
        let (api, _) = canned(version, 200, &[("content-type", "image/png")], "png");
        let file = api.record("Leads", "5").photo().download().await.unwrap();
        assert_eq!((file.name(), file.safe_name().as_str()), (None, "file"));
        // defect 16: JSON, no content and outages are reported as errors
        let refusal = r#"{"code":"INVALID_DATA","details":{},"message":"no","status":"error"}"#;
        let json = [("content-type", "application/json")];
        for (status, body, kind) in [
            (200, refusal, ErrorKind::Api),
            (204, "", ErrorKind::NotFound),
            (400, refusal, ErrorKind::Api),
            (503, "<html>down</html>", ErrorKind::Decode),
        ] {
            let (api, _) = canned(version, status, &json, body);
            let error = api.record("Leads", "5").attachments().download("8").await.unwrap_err();
            assert_eq!(error.kind(), kind, "{status}: {error}");
        }
    }
}

#[tokio::test]
async fn saves_under_a_safe_name_and_overwrites_only_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let names = |folder: &std::path::Path| {
        let all = std::fs::read_dir(folder).unwrap();
        let mut all: Vec<_> =
            all.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    };
    let fetch = async |content: &'static str| {
        let named = [("content-disposition", "attachment; filename=\"../../../x/../a.txt\"")];
        let (api, _) = canned(ApiVersion::V8, 200, &named, content);
        api.record("Leads", "5").attachments().download("8").await.unwrap()
    };
    let path = fetch("one").await.save_in(&inner).await.unwrap();
    assert_eq!(path, inner.join("a.txt"));
    let error = fetch("two").await.save_in(&inner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains("a.txt"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
    // a file left by a killed process does not disturb
    let left = inner.join(".a.txt.zcrm-part");
    std::fs::write(&left, "half").unwrap();
    fetch("two").await.save_over(&inner).await.unwrap();
    std::fs::remove_file(left).unwrap();
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(&path).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(fetch("three").await.save_over(&inner).await.unwrap(), path);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "three");
    assert_eq!(names(&inner), ["a.txt"]);
    assert_eq!(names(folder.path()), ["inner"]);
    refused(fetch("four").await.save_in(folder.path().join("none")).await, &["none"]);

    // an interrupted body leaves no file and keeps the existing one
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let row = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let lead = api.records("Leads").create(&row).await.unwrap().id;
    let files = api.record("Leads", &lead).attachments();
    let made = files.upload("a.txt", "text/plain", vec![b'x'; 100_000]).send().await.unwrap();
    let made = made.id;
    for over in [false, true] {
        sim.faults().on_path_prefix("/crm/v8/Leads/").cut_body();
        let file = files.download(&made).await.unwrap();
        let target = if over { inner.clone() } else { folder.path().to_owned() };
        let saved = if over { file.save_over(target).await } else { file.save_in(target).await };
        assert!(saved.is_err());
        assert_eq!(names(&inner), ["a.txt"]);
        assert_eq!(names(folder.path()), ["inner"]);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "three");
    let whole = files.download(&made).await.unwrap().save_in(folder.path()).await.unwrap();
    assert_eq!(std::fs::metadata(whole).unwrap().len(), 100_000);
}

/// record_photo.json: the responses are objects without a list.
#[tokio::test]
async fn uploads_and_deletes_photos() {
    let done = r#"{"code":"SUCCESS","details":{},"message":"photo uploaded successfully","status":"success"}"#;
    let refusal = r#"{"code":"INVALID_DATA","details":{},"message":"too large","status":"error"}"#;
    for version in BOTH {
        let (api, sent) = canned(version, 200, &[], done);
        let photo = api.record("Contacts", "5").photo();
        photo.upload("p.png", "image/png", vec![1, 2, 3]).await.unwrap();
        photo.delete().await.unwrap();
        api.org().upload_photo("o.png", "image/png", "png").await.unwrap();
        api.org().delete_photo().await.unwrap();
        let lines: Vec<String> = sent
            .lock()
            .unwrap()
            .iter()
            .map(|it| format!("{} {}", it.method(), it.uri().path().splitn(4, '/').last().unwrap()))
            .collect();
        assert_eq!(
            lines,
            [
                "POST Contacts/5/photo",
                "DELETE Contacts/5/photo",
                "POST org/photo",
                "DELETE org/photo"
            ]
        );
        for (status, body) in [(200, refusal), (400, refusal)] {
            let (api, _) = canned(version, status, &[], body);
            let photo = api.record("Contacts", "5").photo();
            let error = photo.upload("p.png", "image/png", "x").await.unwrap_err();
            assert_eq!(error.code().unwrap().as_str(), "INVALID_DATA");
            assert!(photo.delete().await.is_err());
        }
        let (api, _) = canned(version, 200, &[], "{}");
        let error = api.record("Contacts", "5").photo().delete().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}
