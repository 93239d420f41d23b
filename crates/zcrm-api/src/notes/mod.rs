//! Notes: of a record, and of the organisation.

mod note;

pub use note::{Note, NoteParent};

use serde::Serialize;
use serde_json::json;
use zcrm_core::{ApiVersion, Error, Id, Record, to_json};

use self::note::PARENT;

use crate::{
    Api, Attachments, GetItem, ListRelated, WriteItem, WriteItems, ask::Ask, operations,
    records::Target, related::Parent,
};

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
    /// let made = api.notes().create([note]).send().await?.all()?;
    /// for note in api.notes().list().per_page(50).send().await?.items {
    ///     println!("{:?}", note.map_err(zcrm_core::Error::from_record)?.parent()?);
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
    fn ask(&self, operation: &zcrm_core::Operation) -> Ask {
        Ask::new(&self.api, operation)
    }

    /// Reads all notes.
    pub fn list(&self) -> ListRelated<Note> {
        ListRelated::new(self.ask(&operations::NOTES_LIST), self.api.version(), FIELDS)
    }

    /// Reads one note. From v3 on Zoho wants the names of its fields: those of [`Note`], unless the
    /// parameter `fields` names others.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<Note> {
        let ask = self.ask(&operations::NOTES_GET).path_id("id", id);
        GetItem::new(match self.api.version().requires_fields() {
            true => ask.unless_given("fields", FIELDS.join(",")),
            false => ask,
        })
    }

    /// Writes notes; each must say by [`Note::on`] which record it belongs to.
    pub fn create<R: Serialize>(&self, notes: impl IntoIterator<Item = R>) -> WriteItems {
        let ask = self.ask(&operations::NOTES_CREATE);
        match rows(notes, self.api.version()) {
            Ok(rows) => WriteItems::rows(ask.check(all_have_parents(&rows)), rows),
            Err(mistake) => WriteItems::rows(ask.check(Err(mistake)), [Record::new()]),
        }
    }

    /// Changes notes. Each must hold its `id`; what it does not name stays as it is.
    pub fn update<R: Serialize>(&self, notes: impl IntoIterator<Item = R>) -> WriteItems {
        let ask = self.ask(&operations::NOTES_UPDATE);
        match rows(notes, self.api.version()) {
            Ok(rows) => WriteItems::rows_with_ids(ask, rows),
            Err(mistake) => WriteItems::rows(ask.check(Err(mistake)), [Record::new()]),
        }
    }

    /// Changes one note.
    pub fn update_one(&self, id: impl Into<Id>, change: &impl Serialize) -> WriteItem {
        let ask = self.ask(&operations::NOTES_UPDATE_ONE).path_id("id", id);
        row(ask, change, self.api.version())
    }

    /// Deletes notes.
    pub fn delete<I: Into<Id>>(&self, ids: impl IntoIterator<Item = I>) -> WriteItems {
        WriteItems::ids(self.ask(&operations::NOTES_DELETE), ids)
    }

    /// Deletes one note.
    pub fn delete_one(&self, id: impl Into<Id>) -> WriteItem {
        WriteItem::new(self.ask(&operations::NOTES_DELETE_ONE).path_id("id", id))
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
/// notes.create([Note::new("Called, no answer").with_title("Call")]).send().await?.all()?;
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

    fn one(&self, operation: &zcrm_core::Operation, id: impl Into<Id>) -> Ask {
        self.parent.ask(operation).path_id("id", id)
    }

    /// Reads the record's notes.
    pub fn list(&self) -> ListRelated<Note> {
        let ask = self.parent.ask(&operations::NOTES_LIST_OF_RECORD);
        ListRelated::new(ask, self.parent.api().version(), FIELDS)
    }

    /// Writes notes.
    pub fn create<R: Serialize>(&self, notes: impl IntoIterator<Item = R>) -> WriteItems {
        let ask = self.parent.ask(&operations::NOTES_CREATE_FOR_RECORD);
        match rows(notes, self.parent.api().version()) {
            Ok(rows) => WriteItems::rows(ask, rows),
            Err(mistake) => WriteItems::rows(ask.check(Err(mistake)), [Record::new()]),
        }
    }

    /// Changes one note.
    pub fn update_one(&self, id: impl Into<Id>, change: &impl Serialize) -> WriteItem {
        let ask = self.one(&operations::NOTES_UPDATE_OF_RECORD, id);
        row(ask, change, self.parent.api().version())
    }

    /// Deletes one note.
    pub fn delete_one(&self, id: impl Into<Id>) -> WriteItem {
        WriteItem::new(self.one(&operations::NOTES_DELETE_OF_RECORD, id))
    }
}

/// A change of one note.
fn row(ask: Ask, change: &impl Serialize, version: ApiVersion) -> WriteItem {
    match rows([change], version) {
        Ok(rows) => WriteItem::row(ask, &rows.first().cloned().unwrap_or_default()),
        Err(mistake) => WriteItem::row(ask.check(Err(mistake)), &Record::new()),
    }
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
        let json = to_json(&note)
            .map_err(|error| crate::check::unwritable(&format!("note {index}"), &error))?;
        let mut row = Record::from_json(json)?;
        let Some(parent) = Note::from(row.clone()).parent()? else { return Ok(row) };
        parent.id.check()?;
        row.remove("$se_module");
        if version < ApiVersion::V5 {
            row.set(PARENT, &parent.id)?;
            if let Some(module) = &parent.module {
                row.set("se_module", module)?;
            }
        } else {
            row.remove("se_module");
            let mut object = json!({ "id": parent.id });
            if let (Some(module), Some(members)) = (&parent.module, object.as_object_mut()) {
                members.insert("module".to_owned(), json!({ "api_name": module }));
            }
            row.set(PARENT, object)?;
        }
        Ok(row)
    };
    notes.into_iter().enumerate().map(row).collect()
}

fn all_have_parents(rows: &[Record]) -> Result<(), Error> {
    for (index, row) in rows.iter().enumerate() {
        let parent = Note::from(row.clone()).parent()?;
        if parent.is_none_or(|parent| parent.module.is_none()) {
            return Err(Error::input(format!(
                "note {index} does not say which record it belongs to: add `.on(\"Leads\", id)`"
            )));
        }
    }
    Ok(())
}
