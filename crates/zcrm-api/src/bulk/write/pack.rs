//! Packs records into the ZIP files of parts.

use std::{borrow::Cow, io, path::PathBuf};

use csv::StringRecord;
use serde::Serialize;
use zcrm_core::{Error, ErrorKind, Outcome, escaped};

use super::{
    checksum::{Checksum, Digest, ECHOED},
    kept::Kept,
    members::{MemberBuffer, MemberFault, MemberValue, Members},
    part::{ChildRow, OpenPart, Packed, Part, PartRows},
    position::BulkRecordPosition,
    resource::{Columns, Resource},
    row::append_cell,
    zip_file::ZipFile,
};
use crate::{check, metadata::FieldInfo, records::WriteAction};

/// Zoho's page on limits: the bytes of a file.
const MOST_BYTES: u64 = 25_000_000;

/// The bytes that the compressor may hold back, and the directory of the archive.
const RESERVE: u64 = 512 * 1024;

/// The children of a part that are kept in memory, in bytes.
const CHILD_BYTES: u64 = 16 * 1024 * 1024;

/// The header of the column that has the number of a parent, which no field takes.
const NUMBER: &str = "#";

const NO_CHILDREN: &str = "the children are not a list of JSON objects";

/// The layout of the files.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) action: WriteAction,
    /// The module, followed by its children.
    pub(super) resources: Vec<Resource>,
    /// The fields of each of them; empty if they are not known.
    pub(super) fields: Vec<Vec<FieldInfo>>,
    /// Whether a member that a record lacks is an error, because its empty cell clears a field.
    pub(super) refuses_missing: bool,
    pub(super) rows_per_part: u32,
    pub(super) folder: Option<PathBuf>,
    /// The number of records up to which they are kept as JSON, too.
    pub(super) keep: Option<u64>,
}

/// Packs records.
pub(super) struct Packer {
    layout: Layout,
    columns: Vec<Option<Columns>>,
    /// The places of the columns in a CSV.
    csv: Vec<usize>,
    csv_width: usize,
    open: Option<OpenPart>,
    parts: Vec<Part>,
    /// The index of the next record.
    index: u64,
    line: Vec<u8>,
    children: Vec<ChildRow>,
    buffer: MemberBuffer,
    digest: Digest,
    kept: Option<Kept>,
}

impl Packer {
    pub(super) fn new(layout: Layout) -> Self {
        let clears = layout.refuses_missing;
        Self {
            columns: vec![None; layout.resources.len()],
            digest: Digest::new(),
            kept: layout.keep.map(|most| Kept::new(most, clears)),
            layout,
            csv: Vec::new(),
            csv_width: 0,
            open: None,
            parts: Vec::new(),
            index: 0,
            line: Vec::new(),
            children: Vec::new(),
            buffer: MemberBuffer::default(),
        }
    }

    /// Adds a record.
    pub(super) fn push(&mut self, record: &impl Serialize) -> Result<(), Error> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let members = buffer.read(record).map_err(|fault| match fault {
            MemberFault::NoObject => self.wrong(&fault.to_string()),
            MemberFault::Unwritable(error) => {
                check::unwritable(&self.position().to_string(), &error)
            }
        })?;
        self.push_members(&members)?;
        self.buffer = buffer;
        Ok(())
    }

    /// Sets the header of a CSV.
    pub(super) fn set_header(&mut self, header: &StringRecord) -> Result<(), Error> {
        let names: Vec<&str> = header.iter().map(str::trim).collect();
        let columns = self.plan(0, &names)?;
        self.csv_width = names.len();
        for planned in &columns.list {
            let source = planned.column.source();
            let place = names.iter().position(|name| *name == source).ok_or_else(|| {
                Error::input(format!("the CSV has no column `{}`", escaped(source)))
            })?;
            self.csv.push(place);
        }
        self.put_columns(0, columns);
        Ok(())
    }

    /// Adds a row of a CSV.
    pub(super) fn push_cells(&mut self, cells: &StringRecord) -> Result<(), Error> {
        if cells.len() != self.csv_width {
            return Err(self.wrong(&format!(
                "the row has {} cells, and the header {}",
                cells.len(),
                self.csv_width
            )));
        }
        let columns = self.take_columns(0, &[])?;
        let mut sum = Checksum::new();
        self.line.clear();
        for (place, planned) in columns.list.iter().enumerate() {
            let cell = self.csv.get(place).and_then(|at| cells.get(*at)).unwrap_or_default();
            let text = planned.kind.of_text(Cow::Borrowed(cell));
            self.add_cell(0, &columns, place, text, &mut sum)?;
        }
        self.put_columns(0, columns);
        self.commit(sum)
    }

    fn push_members(&mut self, members: &Members<'_>) -> Result<(), Error> {
        let is_child = |layout: &Layout, name: &str| {
            let mut children = layout.resources.iter().filter_map(|it| it.child.as_ref());
            children.any(|child| child.member == name)
        };
        let names: Vec<&str> = match self.columns.first() {
            Some(None) => members
                .0
                .iter()
                .map(|(name, _)| name.as_ref())
                .filter(|name| !is_child(&self.layout, name))
                .collect(),
            _ => Vec::new(),
        };
        let columns = self.take_columns(0, &names)?;
        self.line.clear();
        let sum = self.encode(0, &columns, members)?;
        self.put_columns(0, columns);
        self.children.clear();
        for place in 1..self.layout.resources.len() {
            let child = self.layout.resources.get(place).and_then(|it| it.child.clone());
            let found = child.and_then(|child| members.find(&child.member, usize::MAX));
            match found {
                None | Some(MemberValue::Json("null")) => {}
                Some(MemberValue::Json(list)) => self.push_children(place, list)?,
                Some(MemberValue::Text(_)) => return Err(self.wrong(NO_CHILDREN)),
            }
        }
        self.commit(sum)
    }

    /// Reads the children of a record.
    fn push_children(&mut self, resource: usize, list: &str) -> Result<(), Error> {
        let children: Vec<Members<'_>> =
            serde_json::from_str(list).map_err(|_| self.wrong(NO_CHILDREN))?;
        let parent = std::mem::take(&mut self.line);
        for members in &children {
            let names: Vec<&str> = members.0.iter().map(|(name, _)| name.as_ref()).collect();
            let columns = self.take_columns(resource, &names)?;
            self.line.clear();
            let sum = self.encode(resource, &columns, members)?;
            self.put_columns(resource, columns);
            self.children.push(ChildRow { resource, line: std::mem::take(&mut self.line), sum });
        }
        self.line = parent;
        Ok(())
    }

    /// Writes the cells of a record to the line.
    fn encode(
        &mut self,
        resource: usize,
        columns: &Columns,
        members: &Members<'_>,
    ) -> Result<Checksum, Error> {
        let mut sum = Checksum::new();
        let mut used = 0;
        for (place, planned) in columns.list.iter().enumerate() {
            let source = planned.column.source();
            let text = match members.find(source, place) {
                Some(value) => {
                    used += 1;
                    planned.kind.of_value(value)
                }
                None if self.layout.refuses_missing => Err(String::from(
                    "the record lacks it, and an empty cell would clear the field: write null to \
                     clear it, or set `ignore_empty(true)`",
                )),
                None => Ok(Cow::Borrowed("")),
            };
            self.add_cell(resource, columns, place, text, &mut sum)?;
        }
        let children = match resource {
            0 => self.layout.resources.iter().filter_map(|it| it.child.as_ref()).count(),
            _ => 0,
        };
        // the names are compared only if some member may have no column
        if used + children < members.0.len() && !columns.is_selection {
            let known = |name: &str| {
                let column = columns.list.iter().any(|it| it.column.source() == name);
                let mut of_children =
                    self.layout.resources.iter().filter_map(|it| it.child.as_ref());
                column || (resource == 0 && of_children.any(|child| child.member == name))
            };
            if let Some((name, _)) = members.0.iter().find(|(name, _)| !known(name)) {
                return Err(self.wrong(&format!(
                    "the member `{}` is not in the first record: name all columns with `columns`",
                    escaped(name)
                )));
            }
        }
        Ok(sum)
    }

    /// Appends the cell of a column to the line.
    fn add_cell(
        &mut self,
        resource: usize,
        columns: &Columns,
        place: usize,
        text: Result<Cow<'_, str>, String>,
        sum: &mut Checksum,
    ) -> Result<(), Error> {
        let wrong = |packer: &Self, reason: &str| {
            let module = packer.layout.resources.get(resource).map(|it| it.module.as_str());
            let column = columns.list.get(place).map(|it| it.column.field.as_str());
            packer.wrong(&format!(
                "the field `{}` of `{}`: {reason}",
                escaped(column.unwrap_or_default()),
                escaped(module.unwrap_or_default())
            ))
        };
        let text = text.map_err(|reason| wrong(self, &reason))?;
        if text.is_empty() && columns.key == Some(place) {
            return Err(wrong(self, "it finds the existing record, so it cannot be empty"));
        }
        if let (Some(kept), Some(planned)) = (&mut self.kept, columns.list.get(place))
            && !kept.add(planned, &text)
        {
            self.kept = None;
        }
        if place > 0 {
            self.line.push(b',');
        }
        match text.is_empty() && columns.list.len() == 1 {
            // a line without any character is not a row
            true => self.line.extend_from_slice(b"\"\""),
            false => append_cell(&mut self.line, &text),
        }
        // the key of a child's parent is the first of the repeated cells
        if place < ECHOED.saturating_sub(usize::from(resource > 0)) {
            sum.add(&text);
        }
        Ok(())
    }

    /// Adds the current record to a part.
    fn commit(&mut self, sum: Checksum) -> Result<(), Error> {
        let children: u64 = self.children.iter().map(|child| length(&child.line)).sum();
        let needed = length(&self.line).saturating_add(children);
        if needed > MOST_BYTES - RESERVE {
            return Err(self.wrong(&format!(
                "it has {needed} bytes, and Zoho takes files of at most {MOST_BYTES}"
            )));
        }
        for (place, resource) in self.layout.resources.iter().enumerate() {
            let Some(child) = &resource.child else { continue };
            let rows = self.children.iter().filter(|row| row.resource == place).count();
            if rows > most_rows(child.most_rows) {
                return Err(self.wrong(&format!(
                    "it has {rows} children in `{}`, and Zoho takes at most {} in one job",
                    escaped(&child.member),
                    child.most_rows
                )));
            }
        }
        if self.open.as_ref().is_some_and(|open| self.is_full(open, needed)) {
            self.close()?;
        }
        if self.open.is_none() {
            let opened = self.begin();
            self.open = Some(opened.map_err(|error| self.unwritable(error))?);
        }
        self.digest.add(&self.line);
        if self.kept.as_mut().is_some_and(|kept| !kept.end()) {
            self.kept = None;
        }
        let has_children = self.layout.resources.len() > 1;
        let Some(open) = &mut self.open else { return Ok(()) };
        let number = open.add(sum, &mut self.line, has_children);
        for child in self.children.drain(..) {
            open.add_child(child, number);
        }
        let written = open.zip.write(&self.line);
        written.map_err(|error| self.unwritable(error))?;
        self.index = self.index.saturating_add(1);
        Ok(())
    }

    /// Returns `true` if a part cannot take a record of so many bytes.
    fn is_full(&self, open: &OpenPart, needed: u64) -> bool {
        let waiting: u64 = open.lines.iter().map(|lines| length(lines)).sum();
        let bytes = open.zip.bytes().saturating_add(waiting).saturating_add(needed);
        open.records() >= most_rows(self.layout.rows_per_part)
            || bytes.saturating_add(RESERVE) > MOST_BYTES
            || (waiting > 0 && waiting.saturating_add(needed) > CHILD_BYTES)
            || self.layout.resources.iter().enumerate().any(|(place, resource)| {
                let Some(child) = &resource.child else { return false };
                let there = open.files.get(place).map_or(0, |file| file.sums.len());
                let more = self.children.iter().filter(|row| row.resource == place).count();
                there + more > most_rows(child.most_rows)
            })
    }

    fn begin(&self) -> io::Result<OpenPart> {
        let folder = self.layout.folder.clone().unwrap_or_else(std::env::temp_dir);
        let mut zip = ZipFile::new(tempfile::tempfile_in(folder)?);
        let mut files = Vec::with_capacity(self.layout.resources.len());
        for resource in 0..self.layout.resources.len() {
            files.push(PartRows { resource, sums: Vec::new(), parents: Vec::new() });
        }
        if let Some((module, header)) = self.head(0) {
            zip.start(&file_name(module))?;
            zip.write(&header)?;
        }
        let lines = vec![Vec::new(); files.len()];
        Ok(OpenPart { zip, first: self.index, files, lines })
    }

    /// Returns the name and the header of a module's file.
    fn head(&self, place: usize) -> Option<(&str, Vec<u8>)> {
        let resource = self.layout.resources.get(place)?;
        let columns = self.columns.get(place)?.as_ref()?;
        let first = resource.child.as_ref().map(|child| child.lookup.as_str());
        let last = (place == 0 && self.layout.resources.len() > 1).then_some(NUMBER);
        let mut header = Vec::new();
        for name in first.into_iter().chain(columns.names()).chain(last) {
            if !header.is_empty() {
                header.push(b',');
            }
            append_cell(&mut header, name);
        }
        header.push(b'\n');
        Some((&resource.module, header))
    }

    /// Completes the open part.
    fn close(&mut self) -> Result<(), Error> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let mut finish = || -> io::Result<()> {
            for (place, lines) in open.lines.iter().enumerate().filter(|(_, it)| !it.is_empty()) {
                if let Some((module, header)) = self.head(place) {
                    open.zip.start(&file_name(module))?;
                    open.zip.write(&header)?;
                    open.zip.write(lines)?;
                }
            }
            Ok(())
        };
        finish().map_err(|error| self.unwritable(error))?;
        let (zip, bytes) = open.zip.finish().map_err(|error| self.unwritable(error))?;
        if bytes > MOST_BYTES {
            return Err(self.wrong(&format!(
                "the file of its part has {bytes} bytes, and Zoho takes at most {MOST_BYTES}: set \
                 `rows_per_job`"
            )));
        }
        open.files.retain(|file| !file.sums.is_empty());
        self.parts.push(Part { zip, bytes, first: open.first, files: open.files });
        Ok(())
    }

    /// Completes the last part, and returns all of them.
    pub(super) fn finish(mut self) -> Result<Packed, Error> {
        self.close()?;
        for columns in self.columns.iter().flatten() {
            for mapping in columns.mappings(None) {
                self.digest.add(mapping.to_string().as_bytes());
            }
        }
        let constants = self.columns.iter().flatten().any(Columns::has_constants);
        let kept = self.kept.filter(|_| !constants).map(Kept::into_rows);
        let digest = self.digest.text();
        Ok(Packed { parts: self.parts, columns: self.columns, digest, kept })
    }

    /// Takes the columns of a module, which the names of the first record decide.
    fn take_columns(&mut self, place: usize, names: &[&str]) -> Result<Columns, Error> {
        match self.columns.get_mut(place).and_then(Option::take) {
            Some(columns) => Ok(columns),
            None => self.plan(place, names),
        }
    }

    fn put_columns(&mut self, place: usize, columns: Columns) {
        if let Some(known) = self.columns.get_mut(place) {
            *known = Some(columns);
        }
    }

    fn plan(&self, place: usize, names: &[&str]) -> Result<Columns, Error> {
        let (Some(resource), Some(fields)) =
            (self.layout.resources.get(place), self.layout.fields.get(place))
        else {
            return Err(Error::input("the bulk write has no such module"));
        };
        let planned = resource.plan(self.layout.action, names, fields);
        planned.map_err(|error| error.with_extension(self.position()))
    }

    /// Returns the position of the current record.
    fn position(&self) -> BulkRecordPosition {
        let has_all = |open: &OpenPart| open.records() >= most_rows(self.layout.rows_per_part);
        let full = self.parts.len() + usize::from(self.open.as_ref().is_some_and(has_all));
        let part = u32::try_from(full).unwrap_or(u32::MAX).saturating_add(1);
        BulkRecordPosition { part, index: self.index }
    }

    /// Returns the error for the current record.
    pub(super) fn wrong(&self, reason: &str) -> Error {
        let position = self.position();
        Error::input(format!("invalid {position}: {reason}")).with_extension(position)
    }

    fn unwritable(&self, error: io::Error) -> Error {
        let position = self.position();
        let message = format!(
            "the file of a bulk write could not be written to disk at {position}: free some space, or \
             set `temporary_folder`; nothing was sent"
        );
        Error::new(ErrorKind::Other, Outcome::NotSent, message)
            .with_source(error)
            .with_extension(position)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn most_rows(rows: u32) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Returns the name of a module's file.
pub(super) fn file_name(module: &str) -> String {
    format!("{module}.csv")
}
