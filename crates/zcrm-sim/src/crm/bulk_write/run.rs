//! The execution of a job.

use std::collections::BTreeSet;

use csv::StringRecord;
use hyper::Method;

use super::encoding::Encoding;
use super::input;
use super::mapping::{self, Earlier, ID, Plan};
use super::offered::Offered;
use super::parents::Parents;
use super::result::{self, ErrorColumns, FileOutcome, RowOutcome, RowStatus};
use super::rows::Rows;
use super::shown;
use crate::crm::bulk::{Ended, expires};
use crate::crm::call::{Context, Workspace};
use crate::crm::render::View;
use crate::environment::Host;
use crate::http::IncomingCall;
use crate::schema::FieldKind;
use crate::state::{
    Blob, BulkResource, BulkWriteEnd, BulkWriteJob, JobFault, ResourceEnd, ResultFile, RowCounts,
};
use crate::version::Version;

/// The code of a failure that has none.
const INTERNAL: &str = "INTERNAL_SERVER_ERROR";

const COMPLETED: &str = "COMPLETED";
const FAILED: &str = "FAILED";
const SKIPPED: &str = "SKIPPED";

/// Ends a job, and returns how it is shown to the receiver of its callback.
pub(crate) fn run(workspace: &mut Workspace<'_>, id: u64) -> Option<Ended> {
    let job = workspace.store_mut().bulk_writes.jobs.get(&id)?.clone();
    let end = match &job.job.fault {
        Some(JobFault::Fail { code, .. }) => failed(&job, code),
        _ => complete(workspace, &job),
    };
    let write = workspace.store_mut().bulk_writes.jobs.get_mut(&id)?;
    write.end = Some(end);
    for resource in &mut write.resources {
        resource.zip = None;
    }
    let environment = workspace.environment;
    let ended = workspace.state.store(environment).bulk_writes.jobs.get(&id)?;
    let version = Version::parse(&job.job.version).unwrap_or(Version::V8);
    let view = View { state: workspace.state, environment, version };
    let body = shown::job(view, workspace.config, ended, workspace.now);
    let module = job.resources.first().map(|one| one.module.clone()).unwrap_or_default();
    Some(Ended { module, body })
}

/// Ends a job that writes nothing.
fn failed(job: &BulkWriteJob, code: &str) -> BulkWriteEnd {
    let end = ResourceEnd {
        status: String::from(FAILED),
        code: code.to_owned(),
        rows: RowCounts::default(),
    };
    BulkWriteEnd {
        status: String::from(FAILED),
        resources: vec![end; job.resources.len()],
        has_result: false,
        file: None,
        expires: job.job.ends,
    }
}

fn complete(workspace: &mut Workspace<'_>, job: &BulkWriteJob) -> BulkWriteEnd {
    let config = workspace.config;
    let call = IncomingCall::internal(Host::Api, Method::POST, Vec::new(), String::new());
    let cx = Context {
        state: workspace.state,
        config,
        call: &call,
        environment: workspace.environment,
        version: Version::V8,
        path_values: Vec::new(),
        user: job.job.user.clone(),
        scopes: Vec::new(),
        now: job.job.ends,
        skew: workspace.skew,
    };
    let limit = match job.job.fault {
        Some(JobFault::FailAfter { rows, .. }) => Some(rows),
        _ => None,
    };
    let mut run = Run { cx, job, left: limit, parents: Parents::default(), earlier: Vec::new() };
    let mut resources = Vec::with_capacity(job.resources.len());
    let mut files = Vec::with_capacity(job.resources.len());
    let last = job.resources.len().saturating_sub(1);
    let mut broken = false;
    for (place, resource) in job.resources.iter().enumerate() {
        let file = if broken { None } else { run.write(resource) };
        // A job that has to fail does so at the latest with its last resource.
        let stops = limit.is_some() && (run.left == Some(0) || place == last);
        let (status, code) = match &file {
            _ if broken => (SKIPPED, SKIPPED),
            Some(_) if !stops => (COMPLETED, "SUCCESS"),
            _ => (FAILED, INTERNAL),
        };
        broken |= status == FAILED;
        let file = file.or_else(|| run.unprocessed(resource));
        let rows = file.as_ref().map(counts).unwrap_or_default();
        resources.push(ResourceEnd { status: status.to_owned(), code: code.to_owned(), rows });
        files.extend(file);
    }
    let fault = job.job.fault.as_ref();
    let has_result =
        !matches!(fault, Some(JobFault::NoResult | JobFault::FailAfter { result: false, .. }));
    let file = match fault {
        _ if !has_result => None,
        Some(JobFault::Bomb(size)) => Some(ResultFile::Bomb(*size)),
        _ => {
            let zip = result::archive(files, &config.bulk_write.format, fault);
            zip.ok().map(|zip| ResultFile::Stored(Blob(zip.into())))
        }
    };
    BulkWriteEnd {
        status: String::from(if broken { FAILED } else { COMPLETED }),
        resources,
        has_result,
        file,
        expires: expires(&job.job, config.bulk_write.result_life),
    }
}

fn counts(file: &FileOutcome) -> RowCounts {
    let mut rows = RowCounts { total: file.rows.len(), ..RowCounts::default() };
    for row in &file.rows {
        match row.status {
            RowStatus::Added => rows.added += 1,
            RowStatus::Updated => rows.updated += 1,
            RowStatus::Skipped => rows.skipped += 1,
            RowStatus::Unprocessed => {}
        }
    }
    rows
}

/// A job that runs.
struct Run<'a> {
    cx: Context<'a>,
    job: &'a BulkWriteJob,
    /// How many rows the job may still write; `None` means all.
    left: Option<usize>,
    parents: Parents,
    earlier: Vec<Earlier>,
}

impl Run<'_> {
    /// Opens the file of a resource and checks it against its mappings, which were checked when the
    /// job was created.
    fn open(&self, resource: &BulkResource) -> Option<(input::Input, Plan)> {
        let encoding = self.job.character_encoding.as_deref().and_then(Encoding::named);
        let input = input::open(&resource.zip.as_ref()?.0, &resource.file, encoding).ok()?;
        let defaults = self.cx.config.bulk_write.default_dates;
        let (state, operation) = (&*self.cx.state, self.job.operation);
        let plan =
            mapping::plan(state, defaults, operation, resource, &input.header, &self.earlier);
        Some((input, plan.ok()?))
    }

    /// Writes the rows of a resource; returns `None` if its file can no longer be read.
    fn write(&mut self, resource: &BulkResource) -> Option<FileOutcome> {
        let (input, plan) = self.open(resource)?;
        index(&mut self.cx, &plan);
        for column in &plan.columns {
            if let (Some(target), Some(place)) = (column.target(), column.parent_column) {
                self.parents.index(target, place);
            }
        }
        let columns = input.header.len();
        let mut file = outcome(resource, &plan);
        let mut written = Vec::new();
        let mut values = BTreeSet::new();
        let rows = Rows {
            operation: self.job.operation,
            ignore_empty: resource.ignore_empty,
            plan: &plan,
            parents: &self.parents,
        };
        // Later resources may refer to these rows.
        let keep = self.job.resources.len() > 1;
        for (place, cells) in input.rows.flatten().enumerate() {
            let shown = shown_cells(&plan, &cells);
            let (status, id, errors) = if self.left == Some(0) {
                (RowStatus::Unprocessed, None, ErrorColumns::default())
            } else {
                self.left = self.left.map(|left| left - 1);
                match rows.write(&mut self.cx, place, &cells) {
                    Ok((status, id)) => {
                        let new = rows.new_values(&cells);
                        values
                            .extend(new.map(|(field, value)| (field.to_owned(), value.to_owned())));
                        (status, Some(id), ErrorColumns::default())
                    }
                    Err(errors) => (RowStatus::Skipped, None, errors),
                }
            };
            file.rows.push(RowOutcome { shown, status, id, errors });
            if keep {
                written.push((cells, id));
            }
        }
        self.add_values(&plan.target, &values);
        self.parents.add(&resource.module, written);
        let (module, file_id) = (resource.module.clone(), resource.file_id);
        self.earlier.push(Earlier { module, file_id, columns });
        Some(file)
    }

    /// Adds new values, each with its field, to the lists of their picklists.
    fn add_values(&mut self, target: &Offered, values: &BTreeSet<(String, String)>) {
        let subform = target.parent.as_ref().map(|_| target.module.api_name());
        for (field, value) in values {
            self.cx.state.add_value(target.scope_module(), subform, field, value);
        }
    }

    /// Returns the rows of a resource that is not written; `None` if its file cannot be read.
    fn unprocessed(&self, resource: &BulkResource) -> Option<FileOutcome> {
        let (input, plan) = self.open(resource)?;
        let mut file = outcome(resource, &plan);
        let rows = input.rows.flatten().map(|cells| RowOutcome {
            shown: shown_cells(&plan, &cells),
            status: RowStatus::Unprocessed,
            id: None,
            errors: ErrorColumns::default(),
        });
        file.rows.extend(rows);
        Some(file)
    }
}

/// Returns the outcome of a file without its rows.
fn outcome(resource: &BulkResource, plan: &Plan) -> FileOutcome {
    let name = resource.file.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    FileOutcome {
        name: format!("{}-{stem}", resource.module),
        header: plan.shown().map(|(_, header)| header.clone()).collect(),
        rows: Vec::new(),
    }
}

fn shown_cells(plan: &Plan, cells: &StringRecord) -> Vec<String> {
    plan.shown().map(|(index, _)| input::cell(cells, *index).to_owned()).collect()
}

/// Indexes the fields that find records, because a job looks for a record with each row.
fn index(cx: &mut Context<'_>, plan: &Plan) {
    let module = &plan.target.module;
    let unique = module.fields.iter().filter(|field| field.unique);
    let mut fields: Vec<(&str, &str)> =
        unique.map(|field| (module.api_name(), field.api_name.as_str())).collect();
    if let Some(key) = plan.key_column() {
        fields.push((module.api_name(), &key.field.api_name));
    }
    for column in &plan.columns {
        if let (FieldKind::Lookup, Some(target), Some(by)) =
            (column.field.kind, column.target(), &column.find_by)
        {
            fields.push((target, by));
        }
    }
    for (module, field) in fields.into_iter().filter(|(_, field)| *field != ID) {
        cx.store_mut().table_mut(module).index_field(field);
    }
}
