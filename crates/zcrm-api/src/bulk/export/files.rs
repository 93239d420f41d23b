//! Exports to files.

use std::{
    collections::BTreeSet,
    fmt,
    future::ready,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;
use zcrm_core::{Error, ErrorKind, Outcome, Record, escaped};

use super::{
    chain::{Chain, ExportSettings, Part, Repeated},
    checkpoint::Checkpoint,
    dead_end::{Restart, disordered},
    id_order::IdOrder,
    listed::Listed,
    report::ExportReport,
    state::{ExportState, ListPosition, ListProgress},
};
use crate::{
    Call, Records, SaveFile,
    bulk::read::{create::BulkRead, query::BulkQuery},
    request::{Kind, Request, sealed::Sealed},
    save::remove_abandoned,
};

/// The records of a file of JSON lines, as many as a bulk read has.
const ROWS_PER_FILE: usize = 200_000;

/// A [`Request`] kind that saves an export as files: [`Export::save_in`](super::Export::save_in).
/// It returns an [`ExportReport`].
///
/// If bulk reads do not offer the module, the records are saved as JSON lines, in files such as
/// `Notes-00001.jsonl` with up to 200,000 records each.
///
/// If the future is dropped or fails, the files so far are complete, and the same request continues
/// after them, and removes what a killed process left. Files of another export in the folder are an error of kind
/// [`Input`](ErrorKind::Input) before anything is paid.
pub struct SaveExport<T> {
    records: Records<T>,
    fresh: Result<ExportState, Error>,
    checkpoint: PathBuf,
    settings: ExportSettings,
    folder: PathBuf,
    read: BulkRead<T>,
}

impl<T: DeserializeOwned + Send + 'static> SaveExport<T> {
    pub(super) fn request(
        read: Request<BulkRead<T>>,
        records: Records<T>,
        fresh: Result<ExportState, Error>,
        checkpoint: Option<PathBuf>,
        settings: ExportSettings,
        folder: PathBuf,
    ) -> Request<Self> {
        let name = format!(".{}.zcrm-checkpoint", records.module());
        let checkpoint = checkpoint.unwrap_or_else(|| folder.join(name));
        let Request { call, kind: read } = read;
        Request::new(call, Self { records, fresh, checkpoint, settings, folder, read })
    }

    /// Returns `true` if a file of this or another export of the module has this name.
    fn is_name_of_file(&self, name: &str) -> bool {
        let number = name.strip_prefix(self.records.module());
        let number = number.and_then(|rest| rest.strip_prefix('-')?.split_once('.'));
        matches!(number, Some((number, "csv" | "jsonl"))
            if number.len() == 5 && number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn path(&self, part: u32, ending: &str) -> PathBuf {
        self.folder.join(format!("{}-{part:05}.{ending}", self.records.module()))
    }

    /// Returns the paths of the files of this or another export that are in the folder.
    async fn found(&self) -> Result<BTreeSet<PathBuf>, Error> {
        let unreadable = |error: io::Error| {
            let message = format!("the folder `{}` cannot be read", self.folder.display());
            Error::new(ErrorKind::Input, Outcome::NotSent, message).with_source(error)
        };
        let mut found = BTreeSet::new();
        let mut entries = tokio::fs::read_dir(&self.folder).await.map_err(unreadable)?;
        while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
            if entry.file_name().to_str().is_some_and(|name| self.is_name_of_file(name)) {
                found.insert(entry.path());
            }
        }
        Ok(found)
    }

    async fn run(&self, call: &Call) -> Result<ExportReport, Error> {
        call.must_be_right()?;
        let records = self.records.with_api(call.api().clone());
        let fresh = self.fresh.clone()?;
        let found = self.found().await?;
        let (checkpoint, is_new) = Checkpoint::open(self.checkpoint.clone(), fresh).await?;
        if is_new && let Some(first) = found.first() {
            // the checkpoint was created just now and holds nothing
            let _ = tokio::fs::remove_file(&self.checkpoint).await;
            return Err(Error::input(format!(
                "`{}` exists, but there is no checkpoint of its export: remove the file or choose \
                 another folder",
                escaped(&first.to_string_lossy())
            )));
        }
        if let Err(error) = remove_abandoned(&self.folder, |name| self.is_name_of_file(name)) {
            tracing::warn!(target: "zcrm::api", %error, "files of a killed export could not be removed");
        }
        let checkpoint = Arc::new(checkpoint);
        let mut chain =
            Chain::new(records, Arc::clone(&checkpoint), self.settings.clone(), call.clone());
        loop {
            let state = checkpoint.state().await;
            let number = state.parts.saturating_add(1);
            chain.order = state.order;
            match chain.part(number).await? {
                Part::Bulk(result) => {
                    let path = self.path(number, "csv");
                    // a file has its name only when it is complete
                    let is_of_job = checkpoint.state().await.is_file_of_job(number);
                    if !is_of_job || !exists(&path).await {
                        let file = SaveFile::to(&path).named_part();
                        let clock = Arc::clone(chain.records.api().clock());
                        let saved = result.save_to(file.clock(clock)).send().await;
                        match saved {
                            Ok(_) => {}
                            Err(error) if error.kind() == ErrorKind::NotFound => {
                                let repeated = chain.repeat_part(number, error).await?;
                                if let Repeated::Again(how) = repeated {
                                    self.restart(&checkpoint, how).await?;
                                }
                                continue;
                            }
                            Err(error) => return Err(error),
                        }
                    }
                    let order = self.order_after(chain.order, &path).await?;
                    if order == IdOrder::Broken && chain.continues_by_id(number).await {
                        remove(&path).await?;
                        if !self.settings.begins_again {
                            return Err(disordered(None, chain.records.module()));
                        }
                        self.restart(&checkpoint, Restart::FromStart).await?;
                        continue;
                    }
                    let next = number.saturating_add(1);
                    checkpoint
                        .update(|state| {
                            state.finish_before(next);
                            state.order = order;
                        })
                        .await?;
                }
                Part::List { position, query } => self.save_list(&chain, &query, position).await?,
                Part::End => break,
                Part::Again(how) => self.restart(&checkpoint, how).await?,
            }
        }
        let mut report = checkpoint.state().await.report();
        report.files = self.found().await?.into_iter().collect();
        Ok(report)
    }

    /// Removes the files so far if everything begins again.
    async fn restart(&self, checkpoint: &Checkpoint, how: Restart) -> Result<(), Error> {
        if how != Restart::FromStart {
            return Ok(());
        }
        for path in self.found().await? {
            remove(&path).await?;
        }
        checkpoint.update(ExportState::restart).await
    }

    /// Returns the order of ids after the records of a file.
    async fn order_after(&self, order: IdOrder, path: &Path) -> Result<IdOrder, Error> {
        let (file, delimiter) = (path.to_owned(), self.settings.options.delimiter);
        let read = spawn_blocking(move || order.then_file(&file, delimiter)).await;
        read.map_err(io::Error::other).flatten().map_err(|error| {
            let message = format!("`{}` cannot be read", escaped(&path.to_string_lossy()));
            Error::new(ErrorKind::Other, Outcome::Local, message).with_source(error)
        })
    }

    /// Saves the records of a query or list as JSON lines.
    async fn save_list(
        &self,
        chain: &Chain<T>,
        query: &BulkQuery,
        position: ListPosition,
    ) -> Result<(), Error> {
        let records = chain.records.api().records(chain.records.module().to_owned());
        let mut listed = Listed::<Record>::open(&records, chain, query, position).await?;
        let mut number = chain.checkpoint.state().await.parts;
        let (mut progress, mut limit) = (ListProgress::default(), None);
        while !progress.is_done {
            number = number.saturating_add(1);
            let first = match listed.next().await {
                Some(Err(error)) => return Err(error),
                first => first,
            };
            // an empty export has a file too
            if first.is_some() || number == 1 {
                let rows = stream::iter(first).chain(listed.by_ref()).take(ROWS_PER_FILE);
                let lines = rows.scan(&mut limit, |limit, row| ready(line(row, limit)));
                // a file that was complete before a crash is replaced by the same records
                let file = SaveFile::to(self.path(number, "jsonl")).named_part();
                file.store(Box::pin(lines)).await?;
            } else {
                number = number.saturating_sub(1);
            }
            progress = listed.progress();
            let counted = progress.clone();
            chain
                .checkpoint
                .update(|state| {
                    state.count_listed(counted);
                    state.parts = number;
                })
                .await?;
            listed.acknowledged();
            if let Some(error) = limit.take() {
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Returns the line of a record. At the limit of lists, which is put into `limit`, the lines end.
fn line(record: Result<Record, Error>, limit: &mut Option<Error>) -> Option<Result<Bytes, Error>> {
    match record {
        Ok(record) => Some(Ok(format!("{}\n", record.to_json()).into())),
        Err(error) if error.kind() == ErrorKind::Wall => {
            *limit = Some(error);
            None
        }
        Err(error) => Some(Err(error)),
    }
}

async fn remove(path: &Path) -> Result<(), Error> {
    tokio::fs::remove_file(path).await.map_err(|error| {
        let path = path.to_string_lossy();
        let message = format!("the file `{}` of the export cannot be removed", escaped(&path));
        Error::new(ErrorKind::Other, Outcome::Local, message).with_source(error)
    })
}

async fn exists(path: &Path) -> bool {
    tokio::fs::symlink_metadata(path).await.is_ok()
}

impl<T> Sealed for SaveExport<T> {}

impl<T: DeserializeOwned + Send + 'static> Kind for SaveExport<T> {
    type Output = ExportReport;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<ExportReport, Error> {
        self.run(&call).await
    }

    /// Shows the request that creates the first job.
    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        self.read.show(call)
    }
}

impl<T> Clone for SaveExport<T> {
    fn clone(&self) -> Self {
        Self {
            records: self.records.clone(),
            fresh: self.fresh.clone(),
            checkpoint: self.checkpoint.clone(),
            settings: self.settings.clone(),
            folder: self.folder.clone(),
            read: self.read.clone(),
        }
    }
}

impl<T> fmt::Debug for SaveExport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveExport")
            .field("records", &self.records)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
