//! Rows of subforms: changes that mean the same in every version.
//!
//! An update treats the rows that it does not mention in two ways: v2 deletes them, v5 and later keep
//! them. So a changed list mentions every row that stands there: those that stay as they are, those
//! that go with `_delete`. Later versions take that as it is; for those before v5 the write leaves out
//! what is to go. What v2.1 to v4 do is not known; they are taken to be as v2.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Tax, line_item, line_item::LineItem};
use crate::{ApiVersion, Error, Id, Record, json::Members, zoho_json::to_json};

/// Zoho's mark on a row that is to go.
const DELETE: &str = "_delete";

/// The module whose taxes v2 writes otherwise.
const TAXED: &str = "Products";

/// Changes of subforms, multi-select lookups and line items. They mean the same in every version,
/// although what is sent differs.
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
/// What stands there must be known: the record was read with the subform (a list leaves subforms
/// out, a read of one record does not), or it is new and has no `id` yet.
impl Record {
    /// The rows of a subform; none where it is null or, of a record without an `id`, absent. Rows that
    /// are to be deleted are left out.
    ///
    /// ```
    /// use zcrm_core::Record;
    ///
    /// let read: Record = r#"{"id":"9","Visits":null}"#.parse()?;
    /// assert!(read.subform("Visits")?.is_empty());
    /// // of a list, which leaves rows out: not read is not none
    /// let listed: Record = r#"{"id":"9"}"#.parse()?;
    /// assert!(listed.subform("Visits").is_err());
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input) where the record was read without the subform, as
    /// lists do, and of kind [`Decode`](crate::ErrorKind::Decode) where the member is no list of
    /// objects.
    pub fn subform(&self, name: &str) -> Result<Vec<Self>, Error> {
        self.must_be_read(name)?;
        let rows: Vec<Self> = self.get(name)?.unwrap_or_default();
        Ok(rows.into_iter().filter(|row| !row.contains(DELETE)).collect())
    }

    /// Adds rows behind those that stand there.
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input) where it is not known what stands there, where a
    /// row has an `id` already, or is no object.
    pub fn append_rows<R: Serialize>(
        &mut self,
        name: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), Error> {
        let mut all = self.standing(name)?;
        for (at, row) in rows.into_iter().enumerate() {
            let row = row_of(name, at, &row)?;
            if row.contains("id") {
                return Err(Error::input(format!(
                    "row {at} for `{name}` has an `id`, and a row that is added has none: take it \
                     away, or change the row in place"
                )));
            }
            all.push(row);
        }
        self.set(name, all)
    }

    /// Puts rows in the place of all that stand there. A row with the `id` of one that stands there
    /// changes that one; the others go.
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input) where it is not known what stands there, where a
    /// row has another `id`, or is no object.
    pub fn replace_rows<R: Serialize>(
        &mut self,
        name: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), Error> {
        let old = self.standing(name)?;
        let mut new = Vec::new();
        for (at, row) in rows.into_iter().enumerate() {
            let row = row_of(name, at, &row)?;
            if let Some(id) = row.id().filter(|id| old.iter().all(|old| !has_id(old, id))) {
                return Err(unknown_row(name, &id));
            }
            new.push(row);
        }
        let kept = |id: &Id| new.iter().any(|row: &Self| has_id(row, id));
        let gone = old.iter().filter_map(Self::id).filter(|id| !kept(id)).map(|id| deleted(&id));
        let all: Vec<Self> = gone.chain(new.iter().cloned()).collect();
        self.set(name, all)
    }

    /// Takes rows away, by their ids.
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input) where it is not known what stands there, or none of
    /// the rows has such an id.
    pub fn delete_rows<I: Into<Id>>(
        &mut self,
        name: &str,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<(), Error> {
        let mut all = self.standing(name)?;
        for id in ids {
            let id = id.into();
            match all.iter_mut().find(|row| has_id(row, &id)) {
                Some(row) => *row = deleted(&id),
                None => return Err(unknown_row(name, &id)),
            }
        }
        self.set(name, all)
    }

    /// The rows as they stand by now, deleted ones with their mark.
    fn standing(&self, name: &str) -> Result<Vec<Self>, Error> {
        self.must_be_read(name)?;
        Ok(self.get(name)?.unwrap_or_default())
    }

    /// Refuses to take rows that were not read for rows that are not there. A record without an `id` is
    /// new, and has those that it holds.
    pub(super) fn must_be_read(&self, name: &str) -> Result<(), Error> {
        if self.contains(name) || !self.contains("id") {
            return Ok(());
        }
        Err(Error::input(format!(
            "it is not known which rows `{name}` has: the record was read without it, as lists leave \
             rows out. Read the record with `get` first, or use its handle, \
             `record(module, id).rows(\"{name}\")`"
        )))
    }

    /// The record as an API version writes it: line items and taxes under the names of module and
    /// version, rows that are to go left out where leaving out deletes. A write does this by itself.
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
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where line items are no list of objects.
    pub fn for_version(mut self, module: &str, version: ApiVersion) -> Result<Self, Error> {
        if !version.rewrites(module, &self.to_json()) {
            return Ok(self);
        }
        if leaving_out_deletes(version) {
            self.leave_out_deleted()?;
        }
        let v2 = version == ApiVersion::V2;
        if let Some(own) = LineItem::member(module, version) {
            let held: Vec<String> =
                self.names().filter(|name| LineItem::is_member(name)).map(Into::into).collect();
            if let [_, another, ..] = held.as_slice() {
                return Err(Error::input(format!(
                    "the record has line items under `{}` and under `{another}`: leave one of them out",
                    held.first().map_or("", String::as_str)
                )));
            }
            for name in held {
                self.write_lines(&name, own, v2)?;
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

    /// Writes lines under `own`, their members in the form of v2 or the later one.
    fn write_lines(&mut self, name: &str, own: &str, v2: bool) -> Result<(), Error> {
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
        let needless = name == own
            && lines
                .iter()
                .flatten()
                .all(|line| line.names().all(|member| LineItem::renamed(&member, v2).is_none()));
        if needless {
            return Ok(());
        }
        let lines: Option<Vec<Self>> = lines.map(|all| all.into_iter().map(renamed).collect());
        self.remove(name);
        self.set(own, lines)
    }
}

impl ApiVersion {
    /// A field's name in this version: line items alone have two names.
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

    /// Whether a record's JSON may have to be written otherwise than it stands; see
    /// [`Record::for_version`].
    #[must_use]
    pub fn rewrites(self, module: &str, json: &str) -> bool {
        module == TAXED
            || LineItem::member(module, self).is_some()
            || (leaving_out_deletes(self)
                && memchr::memmem::find(json.as_bytes(), DELETE.as_bytes()).is_some())
    }
}

/// Whether an update deletes the rows that it does not mention.
fn leaving_out_deletes(version: ApiVersion) -> bool {
    version < ApiVersion::V5
}

fn row_of(name: &str, at: usize, row: &impl Serialize) -> Result<Record, Error> {
    let json = to_json(row).map_err(|error| {
        Error::input(format!("row {at} for `{name}` cannot be written as JSON: {error}"))
    })?;
    Record::from_json(json)
        .map_err(|_| Error::input(format!("row {at} for `{name}` is no JSON object")))
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

/// Whether a row has nothing but its id and the mark, as [`deleted`] writes it.
fn is_deleted_row(row: &str) -> bool {
    Members::parse(row)
        .is_ok_and(|row| row.0.len() == 2 && row.get("id").is_some() && row.get(DELETE).is_some())
}

fn unknown_row(name: &str, id: &Id) -> Error {
    Error::input(format!(
        "`{name}` has no row of the id `{}`: take the ids from the rows that were read",
        id.as_str().escape_debug()
    ))
}
