//! Compares the lock file with the operations of Zoho's files.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    files::{Files, SourceFile, answers, body, required},
    overlay::Overlay,
    table::{OperationRow, all_sources, fits, key_of, sources_of, text, texts},
};
use zcrm_core::BoxError;

/// The result of a comparison.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ComparisonReport {
    /// The number of operations in the files.
    pub operations: usize,
    /// The number of operations in Zoho's files that are not in the table. The overlay has a reason for each.
    pub skipped: usize,
    /// The number of operations in Zoho's files that a more general row of the table sends. The
    /// overlay has a reason for each.
    pub covered: usize,
    /// The number of rows that the files describe.
    pub described: usize,
    /// All unexplained differences.
    pub differences: Vec<String>,
}

/// Compares the lock file with the files of one or both generations. Differences that the overlay
/// explains are not reported.
///
/// # Errors
/// Returns an error if the overlay cannot be read.
pub fn differences(
    all: &[Files],
    lock: &[OperationRow],
    overlay: &str,
) -> Result<Vec<ComparisonReport>, BoxError> {
    let overlay = Overlay::read(overlay)?;
    let mut reports = Vec::new();
    let mut described: BTreeMap<&str, Vec<(&Files, SourceFile<'_>)>> = BTreeMap::new();
    for files in all {
        reports.push(coverage(files, lock, &overlay, &mut described));
    }
    let Some(report) = reports.last_mut() else { return Ok(reports) };
    let empty = OperationRow::new();
    for row in lock {
        let id = text(row, "id");
        let about = overlay.about.get(id).unwrap_or(&empty);
        let mut differ = |what: String| report.differences.push(format!("{id}: {what}"));
        let known = described.get(id).map(Vec::as_slice).unwrap_or_default();
        let of_row = all_sources(row);
        if of_row.is_empty() && !overlay.added.contains(id) {
            differ("is unfounded: it is in no file, and the overlay does not add it".into());
        }
        if overlay.added.contains(id) {
            for key in ["method", "path"] {
                if about.get(key) != row.get(key) {
                    differ(format!("{key} differs from the overlay"));
                }
            }
        }
        // names that the given files lack may come from the files that are not given
        let whole = known.len() == of_row.len();
        sets(row, known, whole, about, &mut differ);
        for (key, usual) in [("since", "v2"), ("until", "")] {
            let wanted = about.get(key).and_then(Value::as_str).unwrap_or(usual);
            let given = row.get(key).and_then(Value::as_str).unwrap_or(usual);
            if given != wanted {
                differ(format!("{key} is `{given}` without a reason: expected `{wanted}`"));
            }
        }
    }
    Ok(reports)
}

/// Compares the operations of the files with the sources of the rows, and adds those that exist to
/// `described`.
fn coverage<'f, 'l>(
    files: &'f Files,
    lock: &'l [OperationRow],
    overlay: &Overlay,
    described: &mut BTreeMap<&'l str, Vec<(&'f Files, SourceFile<'f>)>>,
) -> ComparisonReport {
    let mut sources: BTreeMap<String, SourceFile<'_>> = files.sources().into_iter().collect();
    let mut report = ComparisonReport { operations: sources.len(), ..ComparisonReport::default() };
    let mut rows: BTreeSet<&str> = BTreeSet::new();
    for row in lock {
        rows.extend(sources_of(row, files.generation()));
    }
    let covered: BTreeSet<&str> = lock.iter().flat_map(|row| texts(row, "covers")).collect();
    for source in sources.keys() {
        let skipped = overlay.skipped.contains(source);
        let general = covered.contains(source.as_str());
        let there = rows.contains(source.as_str());
        report.skipped += usize::from(skipped);
        report.covered += usize::from(general);
        let listed = overlay.general.contains_key(source);
        let what = match (skipped, general, there) {
            (false, false, false) => "is not in the table",
            (true, _, true) => "is skipped but in the table",
            (_, true, true) => "is in the table, and in a general row",
            (true, true, false) => "is skipped, and in a general row",
            (_, true, _) if !listed => "is in a general row, and the overlay does not say why",
            _ => continue,
        };
        report.differences.push(format!("{source}: {what}"));
    }
    for row in lock {
        let id = text(row, "id");
        let of_row = sources_of(row, files.generation());
        report.described += usize::from(!of_row.is_empty());
        let mut differ = |what: String| report.differences.push(format!("{id}: {what}"));
        for source in of_row {
            match sources.remove(source) {
                Some(file) => {
                    let other_case = overlay.aliased.contains(source);
                    route(row, source, &file.prefix(files), other_case, &mut differ);
                    described.entry(id).or_default().push((files, file));
                }
                None => differ(format!("is unfounded: the files do not contain {source}")),
            }
        }
    }
    for row in lock {
        for source in texts(row, "covers") {
            let Some(file) = sources.get(source) else {
                // only the files of 2026 describe operations that general rows cover
                if files.generation() == "2026" {
                    let id = text(row, "id");
                    let what = format!("{id}: is unfounded: the files do not contain {source}");
                    report.differences.push(what);
                }
                continue;
            };
            let refused = overlay.general.get(source);
            let about = |what: String| format!("{}: {what} of {source}", text(row, "id"));
            let found = covers(row, source, file, files, refused.map_or(&[], Vec::as_slice));
            report.differences.extend(found.into_iter().map(about));
        }
    }
    report
}

/// Returns what a general row lacks to send an operation of the files.
fn covers(
    row: &OperationRow,
    source: &str,
    file: &SourceFile<'_>,
    files: &Files,
    refused: &[String],
) -> Vec<String> {
    let (method, path) = method_and_path(source);
    let template = text(row, "path");
    let mut lacks = Vec::new();
    if method != text(row, "method") || !fits(path, template) {
        lacks.push(format!("{template} does not cover the route"));
    }
    let known = texts(row, "query");
    for name in file.parameters(files, "query") {
        if !known.contains(&name.as_str()) && !refused.contains(&name) {
            lacks.push(format!("query lacks `{name}`"));
        }
    }
    lacks
}

/// Returns method and path of a source.
fn method_and_path(source: &str) -> (&str, &str) {
    let mut parts = source.splitn(3, ' ').skip(1);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Compares method, path and version of a row with one of its sources. `before` is the path in the
/// address of the file's server. With `other_case` the letters may be small or capital.
fn route(
    row: &OperationRow,
    source: &str,
    before: &str,
    other_case: bool,
    differ: &mut impl FnMut(String),
) {
    let (method, path) = method_and_path(source);
    let path = format!("{before}{path}");
    if method != text(row, "method") {
        differ(format!("method is {}, but {method} in the files", text(row, "method")));
    }
    let prefix = match text(row, "base") {
        "bulk" => "/crm/bulk/",
        "email" => "/crm/email/",
        _ => "/crm/",
    };
    let rest = path.strip_prefix(prefix).and_then(|rest| rest.split_once('/'));
    let (version, rest) = rest.unwrap_or_default();
    // the files of 2026 describe version 8, which is the default of the placeholder
    let version = if version == "{version}" { "v8" } else { version };
    let shape = |path: &str| {
        let parts = path.trim_start_matches('/').split('/');
        parts
            .map(|part| if part.starts_with('{') { "{}" } else { part })
            .collect::<Vec<_>>()
            .join("/")
    };
    let (there, own) = (shape(rest), shape(text(row, "path")));
    if there != own && !(other_case && there.eq_ignore_ascii_case(&own)) {
        differ(format!("path is {}, but {path} in the files", text(row, "path")));
    }
    let number = |version: &str| version.trim_start_matches('v').parse::<f32>().unwrap_or(2.0);
    let since = row.get("since").and_then(Value::as_str).unwrap_or("v2");
    let until = row.get("until").and_then(Value::as_str).unwrap_or("v99");
    if number(since) > number(version) || number(until) < number(version) {
        differ(format!(
            "versions from {since} to {until} leave out {version}, the version of the files"
        ));
    }
}

/// Compares the names of the query, the headers and the body, and the key of the answer.
///
/// If `whole` is false, some files that describe the row are not given.
fn sets(
    row: &OperationRow,
    sources: &[(&Files, SourceFile<'_>)],
    whole: bool,
    about: &OperationRow,
    differ: &mut impl FnMut(String),
) {
    let refused = texts(about, "refuse");
    let mut compare = |what: &str, of_files: BTreeSet<String>, given: BTreeSet<&str>| {
        let explained: BTreeSet<&str> = texts(about, what).into_iter().collect();
        let lacking =
            |name: &&String| !given.contains(name.as_str()) && !refused.contains(&name.as_str());
        for name in of_files.iter().filter(lacking) {
            differ(format!("{what} lacks `{name}`, which the files have"));
        }
        if !whole {
            return;
        }
        let unknown = |name: &&&str| !of_files.contains(**name) && !explained.contains(**name);
        for name in given.iter().filter(unknown) {
            differ(format!("{what} has `{name}`, which neither the files nor the overlay have"));
        }
    };
    let all = |names: fn(&SourceFile<'_>, &Files) -> BTreeSet<String>| -> BTreeSet<String> {
        sources.iter().flat_map(|(files, source)| names(source, files)).collect()
    };
    let query = all(|source, files| source.parameters(files, "query"));
    compare("query", query, texts(row, "query").into_iter().collect());
    let mut mandatory = all(required);
    for name in texts(about, "optional") {
        mandatory.remove(name);
    }
    compare("required", mandatory, texts(row, "required").into_iter().collect());
    let headers = all(|source, files| source.parameters(files, "header"));
    compare("headers", headers, texts(row, "headers").into_iter().collect());
    let mut keys: BTreeSet<&str> = texts(row, "body_keys").into_iter().collect();
    let list = key_of(row, "body");
    keys.extend(list.filter(|_| about.get("body").is_none()));
    let mut members = all(body);
    let multipart = row.get("body").is_some_and(|body| body.get("multipart").is_some());
    if multipart {
        // the row names only the part of the file; `Call` accepts any other
        members.retain(|name| Some(name.as_str()) == list);
    }
    if about.get("body") == row.get("body") {
        members.retain(|name| Some(name.as_str()) != list);
    }
    compare("body_keys", members, keys);
    if about.get("body").is_some_and(|body| Some(body) != row.get("body")) {
        differ("body differs from the overlay".into());
    }
    match about.get("response") {
        Some(wanted) if Some(wanted) == row.get("response") => {}
        Some(_) => differ("response differs from the overlay".into()),
        None => {
            if let Some(key) = key_of(row, "response")
                && (whole || !sources.is_empty())
                && !all(answers).contains(key)
            {
                differ(format!("response has the key `{key}`, which the files do not have"));
            }
        }
    }
}
