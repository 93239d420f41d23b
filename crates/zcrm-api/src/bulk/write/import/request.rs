//! The request of an import.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::sync::mpsc::{Sender, channel};
use zcrm_core::{Error, escaped};

use super::{
    calls::Calls,
    engine::{Engine, Listener, Work},
    ledger::{Header, Ledger, Mode},
    outcomes::ImportOutcomes,
    report::{ImportProgress, ImportReport},
};
use crate::{
    Call, Records,
    bulk::write::{
        column::BulkColumn,
        options::{WriteTarget, target_setters},
        outcome::BulkOutcome,
        pack::Packer,
        part::Packed,
        source::Source,
    },
    check, operations,
    records::WriteAction,
    request::{Kind, Request, sealed::Sealed},
};

/// The number of records up to which calls cost no more than a job: 50 calls of 100 records for 10
/// credits each, or one job for 500.
const BREAK_EVEN: u64 = 5_000;

/// A [`Request`] kind that imports records: [`Records::import`]. It returns an [`ImportReport`].
///
/// Up to about 5,000 records are written by calls of 100, and more by bulk writes, both without
/// automation. [`outcomes`](Request::outcomes) returns the outcome of each record as it comes;
/// awaiting the request only counts them.
///
/// All records are read and packed to files without names before anything is sent, so an invalid
/// record writes nothing.
///
/// # The ledger
/// With a [`ledger`](Request::ledger), an import that was interrupted, even by a crash, continues
/// where it was: run the same import again. A part that is done is not written again, and a job
/// that was created is not paid for again. After the end, the same import writes nothing, and
/// returns the outcomes from the ledger. A ledger of other records or options is refused.
///
/// # Lost answers
/// Before a part is sent, the ledger says so on disk. If its answer is lost, the part is doubtful.
/// An upsert, an update, and a create with [`by`](Request::by) are sent again, because that cannot
/// double a record: what was written already is then updated, or skipped by a create. The records of any other create have the outcome
/// [`UNKNOWN`](crate::bulk::BulkRowStatus::UNKNOWN) and are never sent again.
///
/// If the future is dropped, jobs that were created continue, and the next run reads their
/// outcomes.
pub struct Import {
    target: WriteTarget,
    records: Records<()>,
    source: Option<Source>,
    ledger: Option<PathBuf>,
    break_even: u64,
    listener: Option<Listener>,
}

target_setters!(Import);

impl Import {
    pub(super) fn request<T>(records: &Records<T>, source: Source) -> Request<Self> {
        let call = records.call_unpathed(&operations::BULK_WRITE_CREATE);
        let call = call.check(check::module(records.module()));
        let kind = Self {
            target: WriteTarget::new(records.module()),
            records: records.read_as(),
            source: Some(source),
            ledger: None,
            break_even: BREAK_EVEN,
            listener: None,
        };
        Request::new(call, kind)
    }

    async fn run(
        mut self,
        call: Call,
        report: Arc<Mutex<ImportReport>>,
        sender: Sender<Vec<BulkOutcome>>,
    ) -> Result<(), Error> {
        let action = self.target.check(&call)?;
        let Some(source) = self.source.take() else {
            return Err(Error::input("the records of the import were read already"));
        };
        let keep = self.by_calls(action).then_some(self.break_even);
        let layout = self.target.layout(&call, action, keep).await?;
        let packed = source.pack(Packer::new(layout)).await?;
        report.lock().unwrap_or_else(PoisonError::into_inner).records = packed.records();
        let digest = packed.digest.clone();
        let records = packed.records();
        let work = self.work(&call, action, packed);
        let (mode, parts) = match &work {
            Work::Calls(calls) => (Mode::Calls, calls.len()),
            Work::Bulk { parts, .. } => (Mode::Bulk, parts.len()),
        };
        let by = self.by();
        let header = Header {
            module: self.target.module().to_owned(),
            action: format!("{action:?}").to_lowercase(),
            by: by.clone(),
            ignore_empty: self.target.ignore_empty,
            mode,
            records,
            parts: u32::try_from(parts).unwrap_or(u32::MAX),
            digest,
        };
        let ledger = Ledger::open(self.ledger.take(), header).await?;
        let engine = Engine {
            settings: self.target.settings(action),
            work,
            ledger,
            is_idempotent: action != WriteAction::Create || by.is_some(),
            report,
            listener: self.listener,
            sender,
            call,
        };
        engine.run().await
    }

    fn by(&self) -> Option<String> {
        self.target.resources.first().and_then(|resource| resource.by.clone())
    }

    /// Returns `true` if calls can do what a bulk write would.
    fn by_calls(&self, action: WriteAction) -> bool {
        match (action, self.by().as_deref()) {
            (WriteAction::Create, by) => by.is_none(),
            (WriteAction::Update, by) => by == Some("id"),
            (WriteAction::Upsert, _) => true,
        }
    }

    fn work(&self, call: &Call, action: WriteAction, packed: Packed) -> Work {
        let Packed { parts, columns, kept, .. } = packed;
        match kept {
            Some(rows) => Work::Calls(Calls {
                records: self.records.with_api(call.api().clone()),
                action,
                by: self.by().filter(|by| by != "id"),
                rows,
                settings: call.clone(),
            }),
            None => Work::Bulk { parts, columns, organisation: None },
        }
    }
}

impl Request<Import> {
    /// Keeps the progress and all outcomes in this file, so that no record is written twice.
    ///
    /// Only its owner can read it. It has ids and Zoho's codes, but no values of records. Keep it as
    /// long as the same input may be imported again.
    pub fn ledger(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        self.set(|kind| kind.ledger = Some(path))
    }

    /// Sets the number of records up to which calls of 100 are made instead of bulk writes. The
    /// default is 5,000; with 0, bulk writes are always used.
    ///
    /// Columns with custom formats, default values or other fields that find a lookup, and writes by
    /// another field that calls do not support, always need bulk writes.
    pub fn break_even(self, records: u64) -> Self {
        self.set(|kind| kind.break_even = records)
    }

    /// Reports to `listener` how many records have an outcome, after each part.
    pub fn on_import_progress(
        self,
        listener: impl Fn(ImportProgress) + Send + Sync + 'static,
    ) -> Self {
        self.set(|kind| kind.listener = Some(Arc::new(listener)))
    }

    /// Executes the import while the outcomes are read.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), Box<dyn std::error::Error>> {
    /// let csv = std::fs::File::open("leads.csv")?;
    /// let import = api.records("Leads").import_csv(csv).upsert().by("Email").ignore_empty(true);
    /// let mut outcomes = import.ledger("leads.ledger").outcomes();
    /// while let Some(outcome) = outcomes.next().await {
    ///     let outcome = outcome?;
    ///     println!("record {}: {} {:?}", outcome.index, outcome.status, outcome.id);
    /// }
    /// println!("{:?}", outcomes.report());
    /// # Ok(())
    /// # }
    /// ```
    pub fn outcomes(self) -> ImportOutcomes {
        let Self { call, kind } = self;
        let (sender, received) = channel(1);
        let report = Arc::<Mutex<ImportReport>>::default();
        let driving = kind.run(call, Arc::clone(&report), sender);
        ImportOutcomes::new(Box::pin(driving), received, report)
    }
}

impl Sealed for Import {}

impl Kind for Import {
    type Output = ImportReport;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<ImportReport, Error> {
        let mut outcomes = Request::new(call, self).outcomes();
        while let Some(outcome) = outcomes.next().await {
            let _ = outcome?;
        }
        Ok(outcomes.report())
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        self.target.check(call)?;
        Err(Error::input("an import cannot be previewed: its records are read when it is sent"))
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let module = escaped(self.target.module()).to_string();
        f.debug_struct("Import").field("module", &module).finish_non_exhaustive()
    }
}
