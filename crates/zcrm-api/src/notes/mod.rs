//! Notes: of a record, and of the organisation.

mod note;

pub use note::{Note, NoteParent};

use serde::Serialize;
use serde_json::json;
use zcrm_core::{ApiVersion, Error, Id, Record, to_json};

use self::note::PARENT;

use crate::Call;
use crate::list::{FieldList, List};
use crate::request::{GetItem, Request, WriteItem, WriteItems};
use crate::{Api, Attachments, check, operations, records::Target, related::Parent};

/// What a list of notes asks for where Zoho wants the names of the fields.
const FIELDS: &[&str] = &[
    "Note_Title",
    "Note_Content",
    "Parent_Id",
    "Owner",
    "Created_By",
    "Created_Time",
    "Modified_By",
    "Modified_Time",
];

impl Api {
    /// The notes of the organisation: of all records.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::Note;
    ///
    /// let note = Note::new("Called, no answer").on("Leads", "3652397000000649013");
    /// let made = api.notes().create(&note).await?;
    /// for note in api.notes().list().per_page(50).await?.items {
    ///     println!("{:?}", note.map_err(zcrm_core::Error::from_record)?.parent);
    /// }
    /// # let _ = made;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn notes(&self) -> Notes {
        Notes { api: self.clone() }
    }
}

/// The notes of the organisation: [`Api::notes`].
#[derive(Clone, Debug)]
pub struct Notes {
    api: Api,
}

impl Notes {
    fn call(&self, operation: &zcrm_core::Operation) -> Call {
        self.api.call(operation)
    }

    /// Reads all notes.
    pub fn list(&self) -> Request<List<Note, FieldList>> {
        List::request(
            self.call(&operations::NOTES_LIST),
            FieldList::new(self.api.version(), FIELDS),
        )
    }

    /// Reads one note. From v3 on Zoho wants the names of its fields: those of [`Note`], unless the
    /// parameter `fields` names others.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<Note>> {
        let call = self.call(&operations::NOTES_GET).path_id("id", id);
        match self.api.version().requires_fields() {
            true => GetItem::with_default(call, "fields", FIELDS.join(",")),
            false => GetItem::request(call),
        }
    }

    /// Creates a note, which must say by [`Note::on`] which record it belongs to.
    pub fn create(&self, note: &impl Serialize) -> Request<WriteItem> {
        self.create_many([note]).single()
    }

    /// Creates notes, 100 at most; each must say by [`Note::on`] which record it belongs to.
    pub fn create_many<R: Serialize>(
        &self,
        notes: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.call(&operations::NOTES_CREATE);
        let rows = rows(notes, self.api.version());
        WriteItems::try_rows(call, rows.and_then(all_have_parents))
    }

    /// Changes notes. Each must hold its `id`; what it does not name stays as it is.
    pub fn update_many<R: Serialize>(
        &self,
        notes: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.call(&operations::NOTES_UPDATE);
        let rows = rows(notes, self.api.version());
        WriteItems::checked_rows(call, rows.and_then(check::rows_with_ids))
    }

    /// Changes one note.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let call = self.call(&operations::NOTES_UPDATE_ONE).path_id("id", id);
        row(call, change, self.api.version())
    }

    /// Deletes notes.
    pub fn delete_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems> {
        WriteItems::ids(self.call(&operations::NOTES_DELETE), ids)
    }

    /// Deletes one note.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        WriteItem::request(self.call(&operations::NOTES_DELETE_ONE).path_id("id", id))
    }

    /// The files that are attached to a note.
    #[must_use]
    pub fn attachments(&self, id: impl Into<Id>) -> Attachments {
        Attachments::new(Parent::new(self.api.clone(), "Notes", Target::Id(id.into())))
    }
}

/// The notes of one record: [`RecordHandle::notes`](crate::RecordHandle::notes). The files that are
/// attached to them are those of [`Notes::attachments`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::Note;
///
/// let notes = api.record("Leads", "3652397000000649013").notes();
/// notes.create("Called, no answer").await?;
/// notes.create(Note::new("Called again").with_title("Call")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RecordNotes {
    parent: Parent,
}

impl RecordNotes {
    pub(crate) fn new(parent: Parent) -> Self {
        Self { parent }
    }

    fn one(&self, operation: &zcrm_core::Operation, id: impl Into<Id>) -> Call {
        self.parent.call(operation).path_id("id", id)
    }

    /// Reads the record's notes.
    pub fn list(&self) -> Request<List<Note, FieldList>> {
        let call = self.parent.call(&operations::NOTES_LIST_OF_RECORD);
        List::request(call, FieldList::new(self.parent.api().version(), FIELDS))
    }

    /// Creates a note. A text is a note that says it.
    pub fn create(&self, note: impl Into<Note>) -> Request<WriteItem> {
        self.create_many([note.into()]).single()
    }

    /// Creates notes, 100 at most.
    pub fn create_many<R: Serialize>(
        &self,
        notes: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.parent.call(&operations::NOTES_CREATE_FOR_RECORD);
        WriteItems::try_rows(call, rows(notes, self.parent.api().version()))
    }

    /// Changes one note.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let call = self.one(&operations::NOTES_UPDATE_OF_RECORD, id);
        row(call, change, self.parent.api().version())
    }

    /// Deletes one note.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        WriteItem::request(self.one(&operations::NOTES_DELETE_OF_RECORD, id))
    }
}

/// A change of one note.
fn row(call: Call, change: &impl Serialize, version: ApiVersion) -> Request<WriteItem> {
    WriteItems::try_rows(call, rows([change], version)).single()
}

/// Notes with their parents as the version writes them.
///
/// Up to v4 the id and the module stand beside each other (`Parent_Id`, `se_module`), as Zoho's own
/// SDKs of these versions send them; v8 has one object. Between them v5 is taken for the first.
fn rows<R: Serialize>(
    notes: impl IntoIterator<Item = R>,
    version: ApiVersion,
) -> Result<Vec<Record>, Error> {
    let row = |(index, note): (usize, R)| {
        let json =
            to_json(&note).map_err(|error| check::unwritable(&format!("note {index}"), &error))?;
        let mut row = Record::from_json(json)?;
        let note = read(&row)?;
        let (parent, module) = (note.parent.as_ref(), note.module());
        let Some(id) = parent.and_then(|parent| parent.id.as_ref()) else {
            return match row.raw(PARENT) {
                None | Some("null") => Ok(row),
                Some(_) => Err(Error::input(format!(
                    "`{PARENT}` of note {index} is neither an id nor an object with an `id`"
                ))),
            };
        };
        id.check()?;
        row.remove("$se_module");
        if version < ApiVersion::V5 {
            row.set(PARENT, id)?;
            if let Some(module) = module {
                row.set("se_module", module)?;
            }
        } else {
            row.remove("se_module");
            let mut object = json!({ "id": id });
            if let (Some(module), Some(members)) = (module, object.as_object_mut()) {
                members.insert("module".to_owned(), json!({ "api_name": module }));
            }
            row.set(PARENT, object)?;
        }
        Ok(row)
    };
    notes.into_iter().enumerate().map(row).collect()
}

fn read(row: &Record) -> Result<Note, Error> {
    serde_json::from_str(&row.to_json()).map_err(|_| Error::input("a note is not a JSON object"))
}

fn all_have_parents(rows: Vec<Record>) -> Result<Vec<Record>, Error> {
    for (index, row) in rows.iter().enumerate() {
        let note = read(row)?;
        if note.parent.is_none() || note.module().is_none() {
            return Err(Error::input(format!(
                "note {index} does not say which record it belongs to: add `.on(\"Leads\", id)`"
            )));
        }
    }
    Ok(rows)
}

/// A note that says this.
impl From<&str> for Note {
    fn from(content: &str) -> Self {
        Self::new(content)
    }
}

/// A note that says this.
impl From<String> for Note {
    fn from(content: String) -> Self {
        Self::new(content)
    }
}
