//! The options that a bulk write and an import share.

use std::path::PathBuf;

use zcrm_core::{Error, ErrorKind, Id, escaped};

use super::{
    pack::Layout,
    part::MOST_ROWS,
    resource::{PARENT, Resource},
    send::JobSettings,
};
use crate::{Call, check, metadata::FieldInfo, records::WriteAction};

/// The modules, the action and the options of a write.
#[derive(Debug)]
pub(super) struct WriteTarget {
    pub(super) action: Option<WriteAction>,
    /// The module, followed by its children.
    pub(super) resources: Vec<Resource>,
    pub(super) ignore_empty: Option<bool>,
    pub(super) rows_per_job: u32,
    pub(super) organisation: Option<Id>,
    pub(super) callback: Option<String>,
    pub(super) folder: Option<PathBuf>,
}

impl WriteTarget {
    pub(super) fn new(module: &str) -> Self {
        Self {
            action: None,
            resources: vec![Resource::new(module)],
            ignore_empty: None,
            rows_per_job: MOST_ROWS,
            organisation: None,
            callback: None,
            folder: None,
        }
    }

    pub(super) fn module(&self) -> &str {
        self.resources.first().map_or("", |resource| &resource.module)
    }

    /// Checks the options, and returns the action.
    pub(super) fn check(&self, call: &Call) -> Result<WriteAction, Error> {
        call.must_be_right()?;
        let module = escaped(self.module());
        let action = self.action.ok_or_else(|| {
            Error::input(format!(
                "the bulk write of `{module}` has no action: set `create`, `update` or `upsert`"
            ))
        })?;
        for resource in &self.resources {
            check::module(&resource.module)?;
            resource.check(action)?;
        }
        if action != WriteAction::Create && self.ignore_empty.is_none() {
            return Err(Error::input(format!(
                "the bulk write of `{module}` must say what an empty value does: \
                 `ignore_empty(true)` leaves the field as it is, and `ignore_empty(false)`, which is \
                 Zoho's default, clears it"
            )));
        }
        Ok(action)
    }

    /// Reads the fields of the modules, and returns the layout for the packer.
    pub(super) async fn layout(
        &self,
        call: &Call,
        action: WriteAction,
        keep: Option<u64>,
    ) -> Result<Layout, Error> {
        let mut known = Vec::with_capacity(self.resources.len());
        for resource in &self.resources {
            known.push(fields(call, resource).await?);
        }
        let updates = action != WriteAction::Create;
        Ok(Layout {
            action,
            resources: self.resources.clone(),
            fields: known,
            refuses_missing: updates && self.ignore_empty == Some(false),
            rows_per_part: self.rows_per_job,
            folder: self.folder.clone(),
            keep,
        })
    }

    /// Returns the settings of the jobs.
    pub(super) fn settings(&self, action: WriteAction) -> JobSettings {
        JobSettings {
            action,
            resources: self.resources.clone(),
            ignore_empty: self.ignore_empty,
            callback: self.callback.clone(),
            organisation: self.organisation.clone(),
            folder: self.folder.clone(),
        }
    }
}

/// Reads the fields of a module. Those of a subform are not always available.
async fn fields(call: &Call, resource: &Resource) -> Result<Vec<FieldInfo>, Error> {
    let list = call.api().module(resource.module.clone()).fields().list();
    match list.map(|new| new.with_settings_of(call)).all().await {
        Err(error)
            if resource.child.as_ref().is_some_and(|child| child.lookup == PARENT)
                && [ErrorKind::Api, ErrorKind::NotFound].contains(&error.kind()) =>
        {
            Ok(Vec::new())
        }
        fields => fields,
    }
}

/// Adds the methods that set the target of a request kind with a member `target`.
macro_rules! target_setters {
    ($kind:ty) => {
        impl $crate::Request<$kind> {
            /// Creates records. With [`by`](Self::by), those that exist already are skipped.
            pub fn create(self) -> Self {
                self.set(|kind| kind.target.action = Some($crate::records::WriteAction::Create))
            }

            /// Updates records that exist. Needs [`by`](Self::by) and
            /// [`ignore_empty`](Self::ignore_empty).
            pub fn update(self) -> Self {
                self.set(|kind| kind.target.action = Some($crate::records::WriteAction::Update))
            }

            /// Updates the records that exist and creates the others. Needs [`by`](Self::by) and
            /// [`ignore_empty`](Self::ignore_empty).
            pub fn upsert(self) -> Self {
                self.set(|kind| kind.target.action = Some($crate::records::WriteAction::Upsert))
            }

            /// Sets the field that finds existing records: `id`, or a unique field. An empty value
            /// in it is an error before anything is sent.
            pub fn by(self, field: impl Into<String>) -> Self {
                let field = field.into();
                self.set(|kind| {
                    if let Some(resource) = kind.target.resources.first_mut() {
                        resource.by = Some(field);
                    }
                })
            }

            /// Sets what an empty value or null does when a record is updated: `true` leaves the
            /// field as it is, `false` clears it.
            ///
            /// Zoho's default is to clear, so updates and upserts without this choice are refused.
            /// With `false`, a record that lacks a member that others have is refused, too.
            pub fn ignore_empty(self, ignore: bool) -> Self {
                self.set(|kind| kind.target.ignore_empty = Some(ignore))
            }

            /// Sets the columns: names of fields, or [`BulkColumn`]s. Other members are left out.
            ///
            /// By default the columns are the members of the first record or the headers of the
            /// CSV, and a later record with another member is refused.
            pub fn columns<C: Into<BulkColumn>>(
                self,
                columns: impl IntoIterator<Item = C>,
            ) -> Self {
                let columns = columns.into_iter().map(Into::into).collect();
                self.set(|kind| {
                    if let Some(resource) = kind.target.resources.first_mut() {
                        resource.columns = columns;
                    }
                })
            }

            /// Sets the maximum number of records in a job, from 1 to 25,000. The default is 25,000.
            pub fn rows_per_job(self, rows: u32) -> Self {
                let most = $crate::bulk::write::part::MOST_ROWS;
                let right = $crate::check::in_range("rows_per_job", rows.into(), most.into());
                let request = self.map(|call| call.check(right));
                request.set(|kind| kind.target.rows_per_job = rows)
            }

            /// Sets the id of the organisation (`zgid`) for the uploads, which is read by default.
            pub fn organisation(self, zgid: impl Into<zcrm_core::Id>) -> Self {
                let zgid = zgid.into();
                self.set(|kind| kind.target.organisation = Some(zgid))
            }

            /// Writes the files to this folder. The default is the system's folder of temporary
            /// files.
            ///
            /// They have no names there: only this process can read them, and they vanish when they
            /// are no longer needed, and when the process is killed.
            pub fn temporary_folder(self, folder: impl Into<std::path::PathBuf>) -> Self {
                let folder = folder.into();
                self.set(|kind| kind.target.folder = Some(folder))
            }
        }
    };
}

pub(super) use target_setters;
