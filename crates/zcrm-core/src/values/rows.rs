//! Changes to rows of subforms, with the same effect in every version.
//!
//! For rows that an update does not mention there are two behaviours: v2 deletes them, and v5 and
//! later keep them. So a changed list mentions all existing rows: those that stay unchanged, and
//! those to be deleted with `_delete`. Later versions accept that as it is. For versions before v5
//! the write leaves out the rows to be deleted. The behaviour of v2.1 to v4 is not known; they are
//! treated as v2.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Tax, line_item, line_item::LineItem};
use crate::{ApiVersion, Error, Id, Record, json::Members, zoho_json::to_json};

/// Zoho's mark on a row to be deleted.
const DELETE: &str = "_delete";

/// The module whose taxes have another form in v2.
const TAXED: &str = "Products";

/// Changes to subforms, multi-select lookups and line items.
///
/// They have the same effect in every version, although the requests differ.
///
/// ```
/// use zcrm_core::Record;
///
/// let mut lead: Record = r#"{"id":"9","Visits":[{"id":"1","City":"Pune"},{"id":"2"}]}"#.parse()?;
/// lead.delete_rows("Visits", ["2"])?;
/// lead.append_rows("Visits", [Record::new().with("City", "Chennai")])?;
/// assert_eq!(lead.subform("Visits")?.len(), 2);
/// # Ok::<(), zcrm_core::Error>(())
/// ```
///
/// The existing rows must be known. So the record must either have been read with the subform (a
/// read of one record includes subforms, a list does not), or be new, without an `id`.
impl Record {
    /// Returns the rows of a subform, without those that are marked as deleted.
    ///
    /// There are no rows if the subform is null, or if it is absent from a record without an `id`.
    ///
    /// ```
    /// use zcrm_core::Record;
    ///
    /// let read: Record = r#"{"id":"9","Visits":null}"#.parse()?;
    /// assert!(read.subform("Visits")?.is_empty());
    /// // a list leaves rows out, so they are not known
    /// let listed: Record = r#"{"id":"9"}"#.parse()?;
    /// assert!(listed.subform("Visits").is_err());
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if the record was read without
    /// the subform, as by a list, and of kind [`Decode`](crate::ErrorKind::Decode) if the member is
    /// not a list of objects.
    pub fn subform(&self, name: &str) -> Result<Vec<Self>, Error> {
        self.must_be_read(name)?;
        let rows: Vec<Self> = self.get(name)?.unwrap_or_default();
        Ok(rows.into_iter().filter(|row| !row.contains(DELETE)).collect())
    }

    /// Adds rows after the existing ones.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if the existing rows are not
    /// known, or a new row has an `id` or is not an object.
    pub fn append_rows<R: Serialize>(
        &mut self,
        name: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), Error> {
        let mut all = self.marked_rows(name)?;
        for (at, row) in rows.into_iter().enumerate() {
            let row = row_of(name, at, &row)?;
            if row.contains("id") {
                return Err(Error::input(format!(
                    "row {at} for `{name}` is new but has an `id`: remove the `id`, or change the \
                     existing row"
                )));
            }
            all.push(row);
        }
        self.set(name, all)
    }

    /// Replaces all existing rows. A row with the `id` of an existing row changes that row, and the
    /// other rows are deleted.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if the existing rows are not
    /// known, or a new row has an unknown `id` or is not an object.
    pub fn replace_rows<R: Serialize>(
        &mut self,
        name: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), Error> {
        let old = self.marked_rows(name)?;
        let mut new = Vec::new();
        for (at, row) in rows.into_iter().enumerate() {
            let row = row_of(name, at, &row)?;
            if let Some(id) = row.id().filter(|id| old.iter().all(|old| !has_id(old, id))) {
                return Err(unknown_row(name, &id));
            }
            new.push(row);
        }
        let kept = |id: &Id| new.iter().any(|row: &Self| has_id(row, id));
        let removed = old.iter().filter_map(Self::id).filter(|id| !kept(id)).map(|id| deleted(&id));
        let all: Vec<Self> = removed.chain(new.iter().cloned()).collect();
        self.set(name, all)
    }

    /// Deletes rows by their ids.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if the existing rows are not
    /// known, or there is no row with such an id.
    pub fn delete_rows<I: Into<Id>>(
        &mut self,
        name: &str,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<(), Error> {
        let mut all = self.marked_rows(name)?;
        for id in ids {
            let id = id.into();
            match all.iter_mut().find(|row| has_id(row, &id)) {
                Some(row) => *row = deleted(&id),
                None => return Err(unknown_row(name, &id)),
            }
        }
        self.set(name, all)
    }

    /// Returns the current rows, with deleted ones still in the list and marked.
    fn marked_rows(&self, name: &str) -> Result<Vec<Self>, Error> {
        self.must_be_read(name)?;
        Ok(self.get(name)?.unwrap_or_default())
    }

    /// Checks that the rows were read, so that an absent list does not count as an empty one.
    ///
    /// A record without an `id` is new, and its rows are those that it holds.
    pub(super) fn must_be_read(&self, name: &str) -> Result<(), Error> {
        if self.contains(name) || !self.contains("id") {
            return Ok(());
        }
        Err(Error::input(format!(
            "the rows of `{name}` are not known, because the record was read without them, as \
             lists leave rows out: read the record with `get` first, or use its handle, \
             `record(module, id).rows(\"{name}\")`"
        )))
    }

    /// Converts the record to the form that an API version expects.
    ///
    /// Line items and taxes get the names of the module and version. Rows to be deleted are left
    /// out in versions that delete missing rows. A write calls this itself.
    ///
    /// ```
    /// use zcrm_core::{ApiVersion, LineItem, Record};
    ///
    /// let mut quote = Record::new();
    /// quote.set_line_items([LineItem::new("7", 2)])?;
    /// let v2 = quote.clone().for_version("Quotes", ApiVersion::V2)?;
    /// assert_eq!(v2.to_json(), r#"{"Product_Details":[{"product":{"id":"7"},"quantity":2}]}"#);
    /// let v8 = quote.for_version("Quotes", ApiVersion::V8)?;
    /// assert_eq!(v8.to_json(), r#"{"Quoted_Items":[{"Product_Name":{"id":"7"},"Quantity":2}]}"#);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if line items are not a list
    /// of objects.
    pub fn for_version(mut self, module: &str, version: ApiVersion) -> Result<Self, Error> {
        if !version.rewrites(module, &self.to_json()) {
            return Ok(self);
        }
        if deletes_missing_rows(version) {
            self.leave_out_deleted()?;
        }
        let v2 = version == ApiVersion::V2;
        if let Some(current) = LineItem::member(module, version) {
            let held: Vec<String> =
                self.names().filter(|name| LineItem::is_member(name)).map(Into::into).collect();
            if let [_, another, ..] = held.as_slice() {
                return Err(Error::input(format!(
                    "the record has line items under `{}` and under `{another}`: leave one of them out",
                    held.first().map_or("", String::as_str)
                )));
            }
            for name in held {
                self.write_lines(&name, current, v2)?;
            }
        }
        if module == TAXED && self.contains("Tax") {
            let taxes: Option<Vec<Tax>> = self.get("Tax")?;
            let taxes = taxes.map(|all| all.into_iter().map(|tax| tax.in_form(v2)).collect());
            self.set("Tax", taxes as Option<Vec<Tax>>)?;
        }
        Ok(self)
    }

    fn leave_out_deleted(&mut self) -> Result<(), Error> {
        let names: Vec<String> = self.names().map(Into::into).collect();
        for name in names {
            let list = self.raw(&name).filter(|raw| raw.starts_with('[') && raw.contains(DELETE));
            let rows = list.and_then(|raw| serde_json::from_str::<Vec<Box<RawValue>>>(raw).ok());
            if let Some(mut rows) = rows {
                rows.retain(|row| !is_deleted_row(row.get()));
                self.set(name, rows)?;
            }
        }
        Ok(())
    }

    /// Writes lines under the name `current`, with their members in the form of v2 or of later
    /// versions.
    fn write_lines(&mut self, name: &str, current: &str, v2: bool) -> Result<(), Error> {
        let lines: Option<Vec<Self>> = self.get(name)?;
        let renamed = |line: Self| {
            let mut written = Self::new();
            for member in line.names() {
                let raw =
                    line.raw(&member).and_then(|raw| serde_json::from_str::<&RawValue>(raw).ok());
                let name = LineItem::renamed(&member, v2).map_or(member.clone(), Into::into);
                written.put(&name, &raw);
            }
            written
        };
        let unchanged = name == current
            && lines
                .iter()
                .flatten()
                .all(|line| line.names().all(|member| LineItem::renamed(&member, v2).is_none()));
        if unchanged {
            return Ok(());
        }
        let lines: Option<Vec<Self>> = lines.map(|all| all.into_iter().map(renamed).collect());
        self.remove(name);
        self.set(current, lines)
    }
}

impl ApiVersion {
    /// Returns a field's name in this version. Only the field of line items has two names.
    ///
    /// ```
    /// use zcrm_core::ApiVersion;
    ///
    /// assert_eq!(ApiVersion::V2.field_name("Quotes", "Quoted_Items"), "Product_Details");
    /// assert_eq!(ApiVersion::V8.field_name("Quotes", "Subject"), "Subject");
    /// ```
    #[must_use]
    pub fn field_name<'a>(self, module: &str, name: &'a str) -> &'a str {
        line_item::field_name(module, name, self)
    }

    /// Returns `true` if a record's JSON may have to be rewritten for this version; see
    /// [`Record::for_version`].
    #[must_use]
    pub fn rewrites(self, module: &str, json: &str) -> bool {
        module == TAXED
            || LineItem::member(module, self).is_some()
            || (deletes_missing_rows(self)
                && memchr::memmem::find(json.as_bytes(), DELETE.as_bytes()).is_some())
    }
}

/// Returns `true` if an update deletes the rows that it does not mention.
fn deletes_missing_rows(version: ApiVersion) -> bool {
    version < ApiVersion::V5
}

fn row_of(name: &str, at: usize, row: &impl Serialize) -> Result<Record, Error> {
    let json = to_json(row).map_err(|error| {
        Error::input(format!("row {at} for `{name}` cannot be written as JSON: {error}"))
    })?;
    Record::from_json(json)
        .map_err(|_| Error::input(format!("row {at} for `{name}` is not a JSON object")))
}

fn has_id(row: &Record, id: &Id) -> bool {
    row.id().as_ref() == Some(id)
}

fn deleted(id: &Id) -> Record {
    let mut row = Record::new();
    row.put("id", id);
    row.put(DELETE, &None::<()>);
    row
}

/// Returns `true` if a row has only its id and the mark, as [`deleted`] writes it.
fn is_deleted_row(row: &str) -> bool {
    Members::parse(row)
        .is_ok_and(|row| row.0.len() == 2 && row.get("id").is_some() && row.get(DELETE).is_some())
}

fn unknown_row(name: &str, id: &Id) -> Error {
    Error::input(format!(
        "`{name}` has no row with the id `{}`: use the ids of the rows that were read",
        id.as_str().escape_debug()
    ))
}
