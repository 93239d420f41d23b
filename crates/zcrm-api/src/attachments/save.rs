//! Files of Zoho's on the disk.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{
    fs::{File, OpenOptions},
    io::AsyncWriteExt,
};
use zcrm_core::{Error, ErrorKind, Outcome};

use super::FileDownload;

/// What becomes of a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Stays,
    IsReplaced,
}

/// A part of a file that is taken away again unless the file becomes whole.
struct Part {
    path: PathBuf,
    whole: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.whole {
            // there is nobody left to tell
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

pub(super) async fn save(
    mut download: FileDownload,
    folder: PathBuf,
    existing: Existing,
) -> Result<PathBuf, Error> {
    let name = download.safe_name();
    let path = folder.join(&name);
    let part = match existing {
        Existing::Stays => path.clone(),
        Existing::IsReplaced => folder.join(format!(".{name}.zcrm-part")),
    };
    let mut file = create(&part).await?;
    let mut part = Part { path: part, whole: false };
    while let Some(piece) = download.next().await {
        file.write_all(&piece?).await.map_err(|error| fails(&part.path, error))?;
    }
    file.sync_all().await.map_err(|error| fails(&part.path, error))?;
    drop(file);
    if existing == Existing::IsReplaced {
        tokio::fs::rename(&part.path, &path).await.map_err(|error| fails(&path, error))?;
    }
    part.whole = true;
    Ok(path)
}

/// A new file: what has its name is not touched, not even through a link.
async fn create(path: &Path) -> Result<File, Error> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path).await;
    opened.map_err(|error| {
        let shown = path.display();
        let message = match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("there is a file `{shown}` already: take it away, or save over it")
            }
            _ => format!("the file `{shown}` cannot be written"),
        };
        Error::input(message).with_source(error)
    })
}

fn fails(path: &Path, error: io::Error) -> Error {
    let message = format!("writing `{}` failed", path.display());
    Error::new(ErrorKind::Other, Outcome::Refused, message).with_source(error)
}
