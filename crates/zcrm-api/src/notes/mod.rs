//! Notes of one record, and of all records.

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

/// The fields that a list of notes requests if Zoho requires field names.
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
    /// Returns a handle to the notes of all records.
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

/// The notes of all records: [`Api::notes`].
#[derive(Clone, Debug)]
pub struct Notes {
    api: Api,
}

impl Notes {
    fn call(&self, operation: &zcrm_core::Operation) -> Call {
        self.api.call(operation)
    }

    /// Lists all notes.
    pub fn list(&self) -> Request<List<Note, FieldList>> {
        List::request(
            self.call(&operations::NOTES_LIST),
            FieldList::new(self.api.version(), FIELDS),
        )
    }

    /// Reads one note.
    ///
    /// From v3 on Zoho requires the names of fields. The default is the fields of [`Note`]; the
    /// parameter `fields` overrides it.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<Note>> {
        let call = self.call(&operations::NOTES_GET).path_id("id", id);
        match self.api.version().requires_fields() {
            true => GetItem::with_default(call, "fields", FIELDS.join(",")),
            false => GetItem::request(call),
        }
    }

    /// Creates a note. Use [`Note::on`] to set the record that it belongs to.
    pub fn create(&self, note: &impl Serialize) -> Request<WriteItem> {
        self.create_many([note]).single()
    }

    /// Creates at most 100 notes. Use [`Note::on`] to set the record that each belongs to.
    pub fn create_many<R: Serialize>(
        &self,
        notes: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.call(&operations::NOTES_CREATE);
        let rows = rows(notes, self.api.version());
        WriteItems::try_rows(call, rows.and_then(all_have_parents))
    }

    /// Updates notes. Each must have its `id`. Members that a note does not name are left
    /// unchanged.
    pub fn update_many<R: Serialize>(
        &self,
        notes: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.call(&operations::NOTES_UPDATE);
        let rows = rows(notes, self.api.version());
        WriteItems::checked_rows(call, rows.and_then(check::rows_with_ids))
    }

    /// Updates one note.
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

    /// Returns a handle to the attachments of a note.
    #[must_use]
    pub fn attachments(&self, id: impl Into<Id>) -> Attachments {
        Attachments::new(Parent::new(self.api.clone(), "Notes", Target::Id(id.into())))
    }
}

/// The notes of one record: [`RecordHandle::notes`](crate::RecordHandle::notes).
///
/// [`Notes::attachments`] gives access to the files attached to a note.
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

    /// Lists the record's notes.
    pub fn list(&self) -> Request<List<Note, FieldList>> {
        let call = self.parent.call(&operations::NOTES_LIST_OF_RECORD);
        List::request(call, FieldList::new(self.parent.api().version(), FIELDS))
    }

    /// Creates a note, from a [`Note`] or its text.
    pub fn create(&self, note: impl Into<Note>) -> Request<WriteItem> {
        self.create_many([note.into()]).single()
    }

    /// Creates at most 100 notes.
    pub fn create_many<R: Serialize>(
        &self,
        notes: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.parent.call(&operations::NOTES_CREATE_FOR_RECORD);
        WriteItems::try_rows(call, rows(notes, self.parent.api().version()))
    }

    /// Updates one note.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let call = self.one(&operations::NOTES_UPDATE_OF_RECORD, id);
        row(call, change, self.parent.api().version())
    }

    /// Deletes one note.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        WriteItem::request(self.one(&operations::NOTES_DELETE_OF_RECORD, id))
    }
}

/// Creates an update of one note.
fn row(call: Call, change: &impl Serialize, version: ApiVersion) -> Request<WriteItem> {
    WriteItems::try_rows(call, rows([change], version)).single()
}

/// Converts notes to rows, with the parent in the form of the API version.
///
/// Up to v4 the id and the module are separate members (`Parent_Id`, `se_module`), as in Zoho's own
/// SDKs of these versions. In v8 they are one object. zcrm uses the object from v5 on.
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
                    "`{PARENT}` of note {index} must be an id or an object with an `id`"
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
                "note {index} does not name the record that it belongs to: add `.on(\"Leads\", id)`"
            )));
        }
    }
    Ok(rows)
}

/// Creates a note with this text.
impl From<&str> for Note {
    fn from(content: &str) -> Self {
        Self::new(content)
    }
}

/// Creates a note with this text.
impl From<String> for Note {
    fn from(content: String) -> Self {
        Self::new(content)
    }
}
