//! Uploads of the files of bulk writes.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use zcrm_core::{Error, ErrorKind, Id, Outcome};
use zcrm_http::ReqBody;

use super::part::Part;
use crate::{Call, operations};

/// The bytes that are read at once.
const CHUNK: u64 = 64 * 1024;

/// The header with the id of the organisation.
const ORGANISATION: &str = "X-CRM-ORG";

#[derive(Deserialize)]
struct Uploaded {
    details: UploadedFile,
}

#[derive(Deserialize)]
struct UploadedFile {
    file_id: Id,
}

/// Returns the id of the organisation that receives the uploads of a request.
pub(super) async fn organisation(call: &Call, given: Option<Id>) -> Result<Option<Id>, Error> {
    match given {
        Some(id) => Ok(Some(id)),
        None if call.request().has_header(ORGANISATION) => Ok(None),
        None => org_id(call).await.map(Some),
    }
}

/// Returns the id of the organisation of a call. The first call reads it, which needs the scope
/// `ZohoCRM.org.READ` and costs one credit.
async fn org_id(call: &Call) -> Result<Id, Error> {
    let (ids, tenant) = call.api().org_ids();
    if let Some(id) = ids.get(&tenant) {
        return Ok(id);
    }
    let explained = |error: Error| {
        // the caller did not ask for this call
        error.in_context(
            "uploads name the organisation, whose id needs the scope ZohoCRM.org.READ, or \
             `organisation` with the id",
        )
    };
    let read = call.api().org().get().map(|new| new.with_settings_of(call));
    let id = read.send().await.map_err(explained)?.zgid.ok_or_else(|| {
        let message = "the data of the organisation have no `zgid`: set it with `organisation`";
        Error::new(ErrorKind::Decode, Outcome::NotSent, message)
    })?;
    ids.insert(tenant, id.clone());
    Ok(id)
}

/// Uploads the file of a part, and returns its id. An interrupted upload is repeated, because it
/// changes no records.
pub(super) async fn upload(
    settings: &Call,
    organisation: Option<&Id>,
    module: &str,
    number: u32,
    part: &Part,
) -> Result<Id, Error> {
    let call = settings.api().call(&operations::BULK_WRITE_UPLOAD).with_settings_of(settings);
    let call = call.header("feature", "bulk-write");
    let call = match organisation {
        Some(id) => call.check(id.check().map(drop)).header(ORGANISATION, id.as_str()),
        None => call,
    };
    let name = format!("{module}-{number}.zip");
    let context = |error: Error| error.in_context(&format!("the upload of part {number}"));
    let file = part.zip.try_clone().map_err(|error| context(unreadable(error)))?;
    let call = call.file(&name, "application/zip", body(file, part.bytes));
    let reply = call.send().await.map_err(context)?;
    let uploaded = reply.json::<Uploaded>().map_err(context)?;
    Ok(uploaded.details.file_id)
}

/// Returns the file as a body that can be sent again.
fn body(file: File, length: u64) -> ReqBody {
    let file = Arc::new(Mutex::new(file));
    let open = move || {
        stream::try_unfold((Arc::clone(&file), 0), move |(file, from)| async move {
            let most = CHUNK.min(length.saturating_sub(from));
            if most == 0 {
                return Ok::<_, io::Error>(None);
            }
            let source = Arc::clone(&file);
            let piece = spawn_blocking(move || read_at(&source, from, most)).await;
            let piece = piece.map_err(io::Error::other).flatten()?;
            Ok(Some((piece, (file, from.saturating_add(most)))))
        })
    };
    ReqBody::replay(open).with_length(length)
}

fn read_at(file: &Mutex<File>, from: u64, bytes: u64) -> io::Result<Bytes> {
    // several attempts share the position of the file
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(from))?;
    let mut piece = vec![0; usize::try_from(bytes).unwrap_or_default()];
    file.read_exact(&mut piece)?;
    Ok(piece.into())
}

fn unreadable(error: io::Error) -> Error {
    Error::input("the file of the part cannot be read again").with_source(error)
}
