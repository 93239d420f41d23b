//! The execution of a job.

use std::io;

use csv::StringRecord;
use hyper::Method;
use serde_json::{Map, Value};

use super::cells;
use super::encoding::Encoding;
use super::input;
use super::mapping::{self, Column, ID, Plan};
use super::result::{ErrorColumns, RowOutcome, RowStatus};
use super::shown;
use crate::crm::bulk::{CsvFile, Ended, RowWriter, expires, stored};
use crate::crm::call::{Context, External, Row, RowErrors, Workspace};
use crate::crm::records::write::{change, check_row, insert_row, twin};
use crate::crm::render::View;
use crate::csv_format::CsvFormat;
use crate::environment::Host;
use crate::http::IncomingCall;
use crate::schema::FieldKind;
use crate::state::{
    Blob, BulkOperation, BulkResource, BulkWriteEnd, BulkWriteJob, JobFault, ResourceEnd,
    ResultFile, RowCounts,
};
use crate::version::Version;

/// The columns of a result after the mapped ones.
const OUTCOME: [&str; 3] = ["STATUS", "RECORD_ID", "ERRORS"];

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
        status: String::from("FAILED"),
        code: code.to_owned(),
        rows: RowCounts::default(),
    };
    BulkWriteEnd {
        status: String::from("FAILED"),
        resources: vec![end; job.resources.len()],
        has_result: false,
        file: None,
        expires: job.job.ends,
    }
}

/// The rows of a file with their outcomes.
struct Written {
    /// The name of the CSV in the result, without its extension.
    name: String,
    header: Vec<String>,
    rows: Vec<RowOutcome>,
}

fn complete(workspace: &mut Workspace<'_>, job: &BulkWriteJob) -> BulkWriteEnd {
    let config = workspace.config;
    let mut files = Vec::new();
    let mut resources = Vec::new();
    {
        let call = IncomingCall::internal(Host::Api, Method::POST, Vec::new(), String::new());
        let mut cx = Context {
            state: workspace.state,
            config,
            call: &call,
            environment: workspace.environment,
            version: Version::V8,
            path_values: Vec::new(),
            user: job.job.user.clone(),
            scopes: Vec::new(),
            now: job.job.ends,
        };
        for resource in &job.resources {
            let written = write_files(&mut cx, job, resource);
            resources.push(ended(written.as_deref()));
            files.extend(written.into_iter().flatten());
        }
    }
    let file = match job.job.fault {
        Some(JobFault::Bomb(size)) => Some(ResultFile::Bomb(size)),
        _ => write_result(&files, &config.bulk_write.format, job.job.fault.as_ref())
            .ok()
            .map(|zip| ResultFile::Stored(Blob(zip.into()))),
    };
    BulkWriteEnd {
        status: String::from("COMPLETED"),
        resources,
        has_result: true,
        file,
        expires: expires(&job.job, config.bulk_write.result_life),
    }
}

/// Returns the end of a resource: a failure if its files can no longer be read.
fn ended(files: Option<&[Written]>) -> ResourceEnd {
    let Some(files) = files else {
        return ResourceEnd {
            status: String::from("FAILED"),
            code: String::from("INTERNAL_SERVER_ERROR"),
            rows: RowCounts::default(),
        };
    };
    let mut rows = RowCounts::default();
    for row in files.iter().flat_map(|file| &file.rows) {
        rows.total += 1;
        match row.status {
            RowStatus::Added => rows.added += 1,
            RowStatus::Updated => rows.updated += 1,
            RowStatus::Skipped => rows.skipped += 1,
            RowStatus::Unprocessed => {}
        }
    }
    ResourceEnd { status: String::from("COMPLETED"), code: String::from("SUCCESS"), rows }
}

/// Writes the rows of a resource; returns `None` if its files or its module cannot be read.
fn write_files(
    cx: &mut Context<'_>,
    job: &BulkWriteJob,
    resource: &BulkResource,
) -> Option<Vec<Written>> {
    let encoding = job.character_encoding.as_deref().and_then(Encoding::named);
    let zip = resource.zip.as_ref()?;
    let mut files = Vec::with_capacity(resource.files.len());
    for name in &resource.files {
        let input = input::open(&zip.0, name, encoding).ok()?;
        let defaults = cx.config.bulk_write.default_dates;
        let plan =
            mapping::plan(cx.state, defaults, job.operation, resource, &input.header).ok()?;
        index(cx, &plan);
        let shown: Vec<usize> = plan.shown().map(|(index, _)| *index).collect();
        let mut rows = Vec::new();
        for (place, cells) in input.rows.flatten().enumerate() {
            let shown = shown.iter().map(|index| input::cell(&cells, *index).to_owned()).collect();
            let (status, id, errors) =
                match write_row(cx, job.operation, resource, &plan, place, &cells) {
                    Ok((status, id)) => (status, Some(id), ErrorColumns::default()),
                    Err(errors) => (RowStatus::Skipped, None, errors),
                };
            rows.push(RowOutcome { shown, status, id, errors });
        }
        let stem = name.rsplit('/').next().unwrap_or(name);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        files.push(Written {
            name: format!("{}-{stem}", resource.module),
            header: plan.shown().map(|(_, header)| header.clone()).collect(),
            rows,
        });
    }
    Some(files)
}

/// Indexes the fields that find records, because a job looks for a record with each row.
fn index(cx: &mut Context<'_>, plan: &Plan) {
    let module = plan.module.api_name();
    let unique = plan.module.fields.iter().filter(|field| field.unique);
    let mut fields: Vec<(String, String)> =
        unique.map(|field| (module.to_owned(), field.api_name.clone())).collect();
    if let Some(key) = plan.key_column() {
        fields.push((module.to_owned(), key.field.api_name.clone()));
    }
    for column in &plan.columns {
        if let (FieldKind::Lookup, Some(target), Some(by)) =
            (column.field.kind, column.target(), &column.find_by)
        {
            fields.push((target.to_owned(), by.clone()));
        }
    }
    for (module, field) in fields.into_iter().filter(|(_, field)| field != ID) {
        cx.store_mut().table_mut(&module).index_field(&field);
    }
}

/// Writes a row, and returns what was done with which record.
fn write_row(
    cx: &mut Context<'_>,
    operation: BulkOperation,
    resource: &BulkResource,
    plan: &Plan,
    place: usize,
    cells: &StringRecord,
) -> Result<(RowStatus, u64), ErrorColumns> {
    let mut errors = ErrorColumns::default();
    let found = match plan.key_column() {
        None => None,
        Some(key) => existing(cx, operation, plan, key, cells).map_err(|code| {
            let mut errors = ErrorColumns::default();
            errors.push(code, key.name());
            errors
        })?,
    };
    let values = values(cx, resource, plan, cells, &mut errors);
    let row = Row { version: cx.version, key: "data", index: place, values: &values };
    let written = match found {
        // The row is not written, but all its errors are reported.
        _ if !errors.is_empty() => {
            check_row(cx, &plan.module, row, found).map(|()| (RowStatus::Skipped, 0))
        }
        Some(id) => change(cx, &plan.module, row, id, &External::default())
            .map(|()| (RowStatus::Updated, id)),
        None => insert_row(cx, &plan.module, row).map(|id| (RowStatus::Added, id)),
    };
    match written {
        Ok(done) if errors.is_empty() => Ok(done),
        Ok(_) => Err(errors),
        Err(more) => {
            add(&mut errors, plan, &more);
            Err(errors)
        }
    }
}

/// Adds the errors of a write, except those of columns that have one.
fn add(errors: &mut ErrorColumns, plan: &Plan, more: &RowErrors) {
    let known = errors.clone();
    for error in more.iter() {
        let field = error.field().unwrap_or_default();
        let column = plan.columns.iter().find(|column| column.field.api_name == field);
        let name = column.map_or(field, Column::name);
        if !known.has(name) {
            errors.push(error.code, name);
        }
    }
}

/// Returns the record that a row updates; `None` if the row is inserted. The error is the code for
/// the column that finds records.
fn existing(
    cx: &Context<'_>,
    operation: BulkOperation,
    plan: &Plan,
    key: &Column,
    cells: &StringRecord,
) -> Result<Option<u64>, &'static str> {
    let text = key.source.as_ref().map_or("", |(index, _)| input::cell(cells, *index).trim());
    let found = if text.is_empty() {
        None
    } else if key.field.api_name == ID {
        cells::find(cx, plan.module.api_name(), ID, text)
    } else {
        let value = cells::value(cx, &plan.module, key, text)?;
        let table = cx.store().table(plan.module.api_name());
        twin(table, &key.field.api_name, &value, None)
    };
    match (operation, found) {
        (BulkOperation::Insert, Some(_)) => Err("DUPLICATE_DATA"),
        (_, Some(record)) if !record.approved => Err("NOT_APPROVED"),
        (_, Some(record)) => Ok(Some(record.id)),
        (BulkOperation::Update, None) if text.is_empty() => Err("MANDATORY_NOT_FOUND"),
        (BulkOperation::Update, None) => Err("RESOURCE_NOT_FOUND"),
        (BulkOperation::Upsert, None) if key.field.api_name == ID && !text.is_empty() => {
            Err("RESOURCE_NOT_FOUND")
        }
        (BulkOperation::Insert | BulkOperation::Upsert, None) => Ok(None),
    }
}

/// Returns the values of a row, and adds the errors of its cells.
fn values(
    cx: &Context<'_>,
    resource: &BulkResource,
    plan: &Plan,
    cells: &StringRecord,
    errors: &mut ErrorColumns,
) -> Map<String, Value> {
    let mut values = Map::new();
    for column in plan.columns.iter().filter(|column| column.field.api_name != ID) {
        let own = column.source.as_ref().map_or("", |(index, _)| input::cell(cells, *index));
        let text = if own.trim().is_empty() { column.default.as_deref() } else { Some(own) };
        let value = match text {
            Some(text) => cells::value(cx, &plan.module, column, text),
            None if resource.ignore_empty => continue,
            None => Ok(Value::Null),
        };
        match value {
            Ok(value) => {
                values.insert(column.field.api_name.clone(), value);
            }
            Err(code) => errors.push(code, column.name()),
        }
    }
    values
}

/// Writes the CSV files of a result.
fn write_result(
    files: &[Written],
    format: &CsvFormat,
    fault: Option<&JobFault>,
) -> io::Result<Vec<u8>> {
    let wide = matches!(fault, Some(JobFault::ExtraColumn));
    let files: Vec<CsvFile<'_>> = files.iter().map(|file| csv_file(file, wide)).collect();
    stored(&files, format, fault)
}

fn csv_file(file: &Written, wide: bool) -> CsvFile<'_> {
    let rows = move |csv: &mut dyn RowWriter| {
        for header in file.header.iter().map(String::as_str).chain(OUTCOME) {
            csv.cell(header)?;
        }
        csv.end_row()?;
        for (place, row) in (1..).zip(&file.rows) {
            let id = row.id.map(|id| id.to_string()).unwrap_or_default();
            for cell in &row.shown {
                csv.cell(cell)?;
            }
            csv.cell(row.status.word())?;
            csv.cell(&id)?;
            csv.cell(&row.errors.text())?;
            if wide && place == file.rows.len() {
                csv.cell("one more")?;
            }
            csv.end_row()?;
        }
        Ok(())
    };
    CsvFile { name: file.name.clone(), rows: Box::new(rows) }
}
