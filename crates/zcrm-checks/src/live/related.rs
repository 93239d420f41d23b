//! What hangs on a record: notes, attachments, its photo; and files that are uploaded first.

use serde_json::{Value, json};
use zcrm::{ApiVersion, operations, request::Call};
use zcrm_sim::Simulator;

use super::accounts::own_simulator;
use super::answer::Answer;
use super::check::{Check, check, simulated};
use super::fixture::Fixture;
use super::verdict::{CheckResult, Stop, judge, judge_answer};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    check!("note-life", "a note is added, read, changed, and gone once it is deleted", note_life),
    check!("note-mandatory", "a note without content: MANDATORY_NOT_FOUND", note_mandatory),
    check!("note-fields", "a list of notes without `fields` is refused in v8", note_fields),
    check!(
        "related-page-tokens",
        "the page token of a record's notes leads to the next of them",
        related_page_tokens
    ),
    check!(
        "attachment-life",
        "a file is attached, listed, fetched whole, deleted",
        attachment_life
    ),
    check!("attachment-wrong", "no file, or a link that is none, is refused", attachment_wrong),
    check!("photo-life", "a photo is fetched as it was sent; a deleted one is a 204", photo_life),
    check!("photo-kind", "a photo that is no picture: INVALID_DATA", photo_kind),
    check!("photo-module", "photos of price books: NOT_SUPPORTED", photo_module),
    check!("file-life", "an uploaded file is fetched by its id as it was sent", file_life),
    simulated!(
        "file-limits",
        "11 files of an upload are refused, and one of more than 20 MB",
        "it would leave files where they are taken",
        file_limits
    ),
];

const V8: ApiVersion = ApiVersion::V8;
/// The smallest picture.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\
    \x01\0\0\x02\x02D\x01\0;";

pub(super) fn count(answer: &Answer) -> usize {
    answer.at("/data").as_array().map_or(0, Vec::len)
}

/// A step that must go well; the id that it tells.
pub(super) fn id_of(answer: &Answer) -> Result<&str, Stop> {
    let id = answer.text("/data/0/details/id");
    if id.is_empty() { Err(Stop::because(answer)) } else { Ok(id) }
}

pub(super) async fn send(
    fixture: &Fixture,
    method: &str,
    at: &str,
    row: Value,
) -> Result<Answer, BoxError> {
    fixture.call(V8, method, at, Some(&json!({ "data": [row] }))).await
}

pub(super) async fn delete(fixture: &Fixture, target: &str) -> Result<Answer, BoxError> {
    fixture.call(V8, "DELETE", target, None).await
}

/// A lead of our own.
pub(super) async fn lead(fixture: &Fixture) -> Result<String, Stop> {
    fixture.create(V8, "Leads", fixture.lead("Owner")).await
}

async fn note_life(fixture: &Fixture) -> CheckResult {
    let notes = format!("Leads/{}/Notes", lead(fixture).await?);
    let made = send(fixture, "POST", &notes, json!({ "Note_Content": fixture.mark() })).await?;
    let id = id_of(&made)?;
    fixture.made("Notes", id);
    let note = format!("{notes}/{id}");
    let changed = send(fixture, "PUT", &note, json!({ "Note_Content": "changed" })).await?;
    let list = format!("{notes}?fields=Note_Content");
    let read = fixture.get(V8, &list).await?;
    let kept = count(&read) == 1 && read.text("/data/0/Note_Content") == "changed";
    let gone = delete(fixture, &note).await?;
    let (after, again) = (fixture.get(V8, &list).await?, delete(fixture, &note).await?);
    let good = kept && gone.is(200, "SUCCESS") && after.status == 204;
    let good = good && again.code() == "INVALID_DATA";
    let seen = format!("{made}; changed {changed}, kept {kept}; {gone}, {after}; again {again}");
    Ok(judge(good, seen))
}

async fn related_page_tokens(fixture: &Fixture) -> CheckResult {
    let notes = format!("Leads/{}/Notes", lead(fixture).await?);
    for _ in 0..2 {
        let made = send(fixture, "POST", &notes, json!({ "Note_Content": fixture.mark() })).await?;
        fixture.made("Notes", id_of(&made)?);
    }
    let list = format!("{notes}?fields=Note_Content&per_page=1");
    let first = fixture.get(V8, &list).await?;
    let token = first.text("/info/next_page_token");
    if token.is_empty() {
        return Ok(judge_answer(false, &first));
    }
    let second = fixture.get(V8, &format!("{list}&page_token={token}")).await?;
    let moved = count(&second) == 1 && second.text("/data/0/id") != first.text("/data/0/id");
    Ok(judge_answer(moved && second.at("/info/more_records") == false, &second))
}

async fn note_mandatory(fixture: &Fixture) -> CheckResult {
    let notes = format!("Leads/{}/Notes", lead(fixture).await?);
    let answer = send(fixture, "POST", &notes, json!({ "Note_Title": fixture.mark() })).await?;
    if let Ok(id) = id_of(&answer) {
        fixture.made("Notes", id);
    }
    Ok(judge_answer(answer.is(400, "MANDATORY_NOT_FOUND"), &answer))
}

async fn note_fields(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, &format!("Leads/{}/Notes", lead(fixture).await?)).await?;
    Ok(judge_answer(answer.is(400, "REQUIRED_PARAM_MISSING"), &answer))
}

/// An upload to attachments.
fn attach(fixture: &Fixture, lead: &str) -> Result<Call, BoxError> {
    let call = fixture.client(V8)?.call(&operations::ATTACHMENTS_UPLOAD);
    Ok(call.path("module", "Leads").path("record_id", lead))
}

/// Whether the file that a call answers with is this one, or why there is none.
async fn holds(call: Call, content: &[u8]) -> String {
    match call.download().bytes().await {
        Ok(bytes) if bytes == content => "the same".into(),
        Ok(bytes) => format!("another one, of {} bytes", bytes.len()),
        Err(error) => error.code().map_or_else(|| "none".to_owned(), ToString::to_string),
    }
}

async fn attachment_life(fixture: &Fixture) -> CheckResult {
    let (lead, content) = (lead(fixture).await?, fixture.mark().as_bytes().to_vec());
    let call = attach(fixture, &lead)?.file("zcrm.txt", "text/plain", content.clone());
    let made: Answer = call.send().await?.into();
    let id = id_of(&made)?;
    let files = format!("Leads/{lead}/Attachments");
    let list = format!("{files}?fields=File_Name");
    let listed = fixture.get(V8, &list).await?.text("/data/0/File_Name") == "zcrm.txt";
    let call = fixture.client(V8)?.call(&operations::ATTACHMENTS_DOWNLOAD);
    let call = call.path("module", "Leads").path("record_id", &lead).path("id", id);
    let fetched = holds(call.clone(), &content).await;
    let gone = delete(fixture, &format!("{files}/{id}")).await?;
    let (after, again) = (fixture.get(V8, &list).await?, holds(call, &content).await);
    let good = listed && fetched == "the same" && gone.code() == "SUCCESS" && after.status == 204;
    let seen = format!("listed {listed}, fetched {fetched}; {gone}, {after}, then {again}");
    Ok(judge(good && again == "INVALID_DATA", seen))
}

async fn attachment_wrong(fixture: &Fixture) -> CheckResult {
    let lead = lead(fixture).await?;
    let none: Answer = attach(fixture, &lead)?.text_part("title", "none").send().await?.into();
    let call = attach(fixture, &lead)?.text_part("attachmentUrl", "no address");
    let link: Answer = call.send().await?.into();
    let good = none.is(400, "REQUIRED_PARAM_MISSING") && link.is(400, "INVALID_DATA");
    Ok(judge(good, format!("no file {none}; no link {link}")))
}

/// A step that must go well.
pub(super) fn went(answer: Answer) -> Result<Answer, Stop> {
    if answer.is(200, "SUCCESS") { Ok(answer) } else { Err(Stop::because(&answer)) }
}

/// A call that puts a photo on a record.
fn photo(fixture: &Fixture, module: &str, id: &str) -> Result<Call, BoxError> {
    let call = fixture.client(V8)?.call(&operations::RECORDS_UPLOAD_PHOTO);
    Ok(call.path("module", module).path("id", id))
}

async fn photo_life(fixture: &Fixture) -> CheckResult {
    let lead = lead(fixture).await?;
    let call = photo(fixture, "Leads", &lead)?.file("zcrm.gif", "image/gif", GIF.to_vec());
    went(call.send().await?.into())?;
    let call = fixture.client(V8)?.call(&operations::RECORDS_GET_PHOTO);
    let fetched = holds(call.path("module", "Leads").path("id", &lead), GIF).await;
    let target = format!("Leads/{lead}/photo");
    let (gone, after) = (delete(fixture, &target).await?, fixture.get(V8, &target).await?);
    let good = fetched == "the same" && gone.is(200, "SUCCESS") && after.status == 204;
    Ok(judge(good, format!("fetched {fetched}; {gone}, {after}")))
}

async fn photo_kind(fixture: &Fixture) -> CheckResult {
    let call = photo(fixture, "Leads", &lead(fixture).await?)?;
    let answer: Answer = call.file("zcrm.txt", "text/plain", "no picture").send().await?.into();
    Ok(judge_answer(answer.is(400, "INVALID_DATA"), &answer))
}

/// A price book of our own.
pub(super) async fn book(fixture: &Fixture) -> Result<String, Stop> {
    let row = json!({ "Price_Book_Name": fixture.mark(), "Pricing_Model": "Flat" });
    fixture.create(V8, "Price_Books", row).await
}

async fn photo_module(fixture: &Fixture) -> CheckResult {
    let call = photo(fixture, "Price_Books", &book(fixture).await?)?;
    let answer: Answer = call.file("zcrm.gif", "image/gif", GIF.to_vec()).send().await?.into();
    Ok(judge_answer(answer.is(400, "NOT_SUPPORTED"), &answer))
}

async fn file_life(fixture: &Fixture) -> CheckResult {
    let content = fixture.mark().as_bytes().to_vec();
    let call = fixture.client(V8)?.call(&operations::FILES_UPLOAD);
    let made: Answer = call.file("zcrm.txt", "text/plain", content.clone()).send().await?.into();
    let call = fixture.client(V8)?.call(&operations::FILES_DOWNLOAD).param("id", id_of(&made)?);
    let fetched = holds(call, &content).await;
    Ok(judge(fetched == "the same", format!("{made}, fetched {fetched}")))
}

async fn file_limits(_: &Fixture, _: &Simulator) -> CheckResult {
    const SIZE: usize = 20 * 1_024 * 1_024;
    let (own, _sim) = own_simulator().await?;
    let mut seen = Vec::new();
    for (files, size) in [(10, 1), (11, 1), (1, SIZE), (1, SIZE + 1)] {
        let mut call = own.client(V8)?.call(&operations::FILES_UPLOAD);
        for _ in 0..files {
            call = call.file("zcrm.txt", "text/plain", vec![b'x'; size]);
        }
        let answer: Answer = call.send().await?.into();
        seen.push((answer.status, answer.code().to_owned()));
    }
    let codes: Vec<(u16, &str)> = seen.iter().map(|(status, code)| (*status, &**code)).collect();
    let large = (415, "FILE_SIZE_MORE_THAN_ALLOWED_SIZE");
    let good = codes == [(200, "SUCCESS"), (400, "INVALID_REQUEST"), (200, "SUCCESS"), large];
    Ok(judge(good, format!("10 files, 11 files, 20 MB, a byte more: {codes:?}")))
}
