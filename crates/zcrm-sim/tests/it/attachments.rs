//! Attachments, photos and uploaded files.

use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::{Http, Reply};

const VERSIONS: [&str; 2] = ["v2", "v8"];

async fn http() -> (Http, String) {
    let sim = Simulator::start().await.unwrap();
    let lead = sim.add_records("Leads", 1).unwrap().remove(0);
    (Http::logged_in(&sim).await, lead)
}

fn disposition(reply: &Reply) -> &str {
    reply.headers["content-disposition"].to_str().unwrap()
}

#[tokio::test]
async fn attaches_lists_downloads_and_deletes_a_file() {
    for version in VERSIONS {
        let (http, lead) = http().await;
        let base = format!("/crm/{version}/Leads/{lead}/Attachments");
        let list = async || http.get(&format!("{base}?fields=File_Name,Size,Parent_Id")).await;
        assert_eq!(list().await.status, 204);
        let made = http.upload(&base, &[("caf\u{e9} a.txt", b"to be read")]).await;
        assert_eq!((made.status, made.codes()), (200, vec![String::from("SUCCESS")]));
        let shown = list().await.rows();
        assert_eq!(
            (&shown[0]["File_Name"], &shown[0]["Size"]),
            (&json!("caf\u{e9} a.txt"), &json!("10"))
        );
        assert_eq!(
            (&shown[0]["Parent_Id"]["id"], &shown[0]["$se_module"]),
            (&json!(lead), &json!("Leads"))
        );
        let one = format!("{base}/{}", made.id(0));
        let file = http.get(&one).await;
        assert_eq!((file.status, file.body.as_ref()), (200, b"to be read".as_slice()));
        assert_eq!(disposition(&file), "attachment; filename*=UTF-8''caf%C3%A9%20a%2Etxt");
        assert_eq!(http.delete(&one).await.codes(), ["SUCCESS"]);
        assert_eq!(http.delete(&one).await.codes(), ["INVALID_DATA"]);
        assert_eq!(http.get(&one).await.code(), "INVALID_DATA");
        assert_eq!(list().await.status, 204);
        let second = http.upload(&base, &[("b", b"2")]).await.id(0);
        let many = http.delete(&format!("{base}?ids={second},77")).await;
        assert_eq!(many.codes(), ["SUCCESS", "INVALID_DATA"]);
        assert_eq!(http.upload(&base, &[]).await.code(), "REQUIRED_PARAM_MISSING");
        let large = vec![0; 20 * 1_024 * 1_024 + 1];
        let large = http.upload(&base, &[("large", &large)]).await;
        assert_eq!(large.status == 200, version == "v8", "{}", large.text());
        if version == "v8" {
            http.delete(&format!("{base}/{}", large.id(0))).await;
        }
        let nowhere = format!("/crm/{version}/Leads/77/Attachments");
        assert_eq!(http.upload(&nowhere, &[("a", b"1")]).await.code(), "INVALID_DATA");
        let listed = http.get(&base).await;
        if version == "v2" {
            assert_eq!(listed.status, 204);
        } else {
            assert_eq!(listed.code(), "REQUIRED_PARAM_MISSING");
        }
    }
}

#[tokio::test]
async fn attaches_a_link_from_the_query_or_a_part() {
    for version in VERSIONS {
        let (http, lead) = http().await;
        let base = format!("/crm/{version}/Leads/{lead}/Attachments");
        let url = "https://example.com/a.pdf";
        let made = http.post(&format!("{base}?attachmentUrl={url}&title=A"), &Value::Null).await;
        assert_eq!(made.codes(), ["SUCCESS"]);
        let part = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"attachmentUrl\"\r\n\r\n{url}\r\n--frontier--\r\n"
        );
        let authorization = format!("Zoho-oauthtoken {}", http.token);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "multipart/form-data; boundary=frontier"),
        ];
        let path = format!("{}{base}", http.sim.api_url());
        let second = http.send(hyper::Method::POST, &path, &headers, part).await.unwrap();
        assert_eq!(second.codes(), ["SUCCESS"]);
        let shown = http.get(&format!("{base}?fields=File_Name")).await.rows();
        assert_eq!((&shown[1]["File_Name"], &shown[1]["$link_url"]), (&json!("A"), &json!(url)));
        assert_eq!((&shown[0]["$link_url"], &shown[0]["$type"]), (&json!(url), &json!("Link")));
        assert_eq!(http.get(&format!("{base}/{}", made.id(0))).await.code(), "INVALID_DATA");
        let wrong = http.post(&format!("{base}?attachmentUrl=nowhere"), &Value::Null).await;
        assert_eq!(wrong.code(), "INVALID_DATA");
    }
}

#[tokio::test]
async fn a_note_has_its_own_attachments() {
    for version in VERSIONS {
        let (http, lead) = http().await;
        let note = json!({ "data": [{ "Note_Content": "N" }] });
        let note = http.post(&format!("/crm/{version}/Leads/{lead}/Notes"), &note).await.id(0);
        let base = format!("/crm/{version}/Notes/{note}/Attachments");
        let made = http.upload(&base, &[("a.txt", b"1")]).await.id(0);
        let read = http.get(&format!("/crm/{version}/Notes/{note}")).await.rows();
        assert_eq!(read[0]["$attachments"][0]["File_Name"], "a.txt");
        assert_eq!(http.get(&format!("{base}/{made}")).await.body.as_ref(), b"1");
        // Only the note has the attachment.
        let of_lead = format!("/crm/{version}/Leads/{lead}/Attachments/{made}");
        assert_eq!(http.get(&of_lead).await.code(), "INVALID_DATA");
        assert_eq!(http.delete(&format!("{base}/{made}")).await.codes(), ["SUCCESS"]);
        assert_eq!(http.get(&format!("{base}?fields=File_Name")).await.status, 204);
    }
}

#[tokio::test]
async fn a_photo_replaces_the_previous_one() {
    for version in VERSIONS {
        let (http, lead) = http().await;
        let path = format!("/crm/{version}/Leads/{lead}/photo");
        assert_eq!(http.get(&path).await.status, 204);
        for content in [b"first".as_slice(), b"second"] {
            let made = http.upload(&path, &[("me.png", content)]).await;
            assert_eq!((made.status, made.code().as_str()), (200, "SUCCESS"));
            let photo = http.get(&path).await;
            assert_eq!((photo.status, photo.body.as_ref()), (200, content));
            assert!(disposition(&photo).ends_with("me%2Epng"));
        }
        assert_eq!(http.upload(&path, &[("me.txt", b"x")]).await.code(), "INVALID_DATA");
        assert_eq!(http.delete(&path).await.code(), "SUCCESS");
        assert_eq!(http.get(&path).await.status, 204);
        assert_eq!(http.delete(&path).await.code(), "INVALID_DATA");
        let task = http.sim.add_records("Tasks", 1).unwrap().remove(0);
        let of_task = format!("/crm/{version}/Tasks/{task}/photo");
        assert_eq!(http.get(&of_task).await.code(), "NOT_SUPPORTED");
    }
}

#[tokio::test]
async fn the_organisation_has_a_photo_too() {
    for version in VERSIONS {
        let (http, _) = http().await;
        let path = format!("/crm/{version}/org/photo");
        let shown = async || {
            let org = http.get(&format!("/crm/{version}/org")).await.rows()[0].clone();
            org["photo_id"].clone()
        };
        assert_eq!((http.get(&path).await.status, shown().await), (204, json!(null)));
        let made = http.upload(&path, &[("logo.png", b"logo")]).await;
        assert_eq!((made.status, made.code().as_str()), (200, "SUCCESS"));
        let id = made.json()["details"]["id"].clone();
        assert!(id.is_string());
        assert_eq!(shown().await, id);
        assert_eq!(http.get(&path).await.body.as_ref(), b"logo");
        assert_eq!(http.upload(&path, &[("logo.pdf", b"x")]).await.code(), "INVALID_DATA");
        let gone = http.delete(&path).await;
        assert_eq!((gone.code().as_str(), &gone.json()["details"]["id"]), ("SUCCESS", &id));
        assert_eq!((http.get(&path).await.status, shown().await), (204, json!(null)));
        assert_eq!(http.delete(&path).await.code(), "INVALID_DATA");
    }
}

#[tokio::test]
async fn uploads_files_for_later_records() {
    for version in VERSIONS {
        let (http, _) = http().await;
        let path = format!("/crm/{version}/files");
        let made = http.upload(&path, &[("a.txt", b"1"), ("b.txt", b"22")]).await;
        assert_eq!((made.status, made.codes().len()), (200, 2));
        assert_eq!(made.rows()[1]["details"]["name"], "b.txt");
        let file = http.get(&format!("{path}?id={}", made.id(1))).await;
        assert_eq!((file.status, file.body.as_ref()), (200, b"22".as_slice()));
        assert_eq!(http.get(&format!("{path}?id=no")).await.status, 204);
        let many = vec![("a", b"1".as_slice()); 11];
        let many = http.upload(&path, &many).await;
        assert_eq!((many.status, many.code().as_str()), (400, "INVALID_REQUEST"));
        let ten = vec![("a", b"1".as_slice()); 10];
        assert_eq!(http.upload(&path, &ten).await.status, 200);
        let none = http.upload(&path, &[]).await;
        assert_eq!((none.status, none.code().as_str()), (400, "failure_in_attachment_handling"));
        let large = vec![0; 20 * 1_024 * 1_024 + 1];
        assert_eq!(http.upload(&path, &[("most", &large[1..])]).await.status, 200);
        let large = http.upload(&path, &[("large", &large)]).await;
        assert_eq!(
            (large.status, large.code().as_str()),
            (415, "FILE_SIZE_MORE_THAN_ALLOWED_SIZE")
        );
    }
}

#[tokio::test]
async fn a_snapshot_keeps_files() {
    let (http, lead) = http().await;
    let made = http
        .upload(&format!("/crm/v8/Leads/{lead}/Attachments"), &[("a", b"\x00\xff")])
        .await
        .id(0);
    let snapshot = serde_json::from_str(&http.sim.snapshot().to_string()).unwrap();
    let again = Simulator::builder().restore(snapshot).start().await.unwrap();
    let http = Http::logged_in(&again).await;
    let file = http.get(&format!("/crm/v8/Leads/{lead}/Attachments/{made}")).await;
    assert_eq!(file.body.as_ref(), b"\x00\xff");
}
