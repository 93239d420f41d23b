//! Children that a bulk write writes with their parents.

use super::{
    column::BulkColumn,
    part::MOST_ROWS,
    resource::{ChildOf, PARENT, Resource},
};

/// Zoho's page on limits: the rows of a subform or of line items in one job.
const MOST_SUBFORM_ROWS: u32 = 200;

/// Records that belong to the records of a bulk write, such as the rows of a subform:
/// [`Request::child`](crate::Request::child).
///
/// Each record has its children in a member, as a list. They are written in the same job.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::bulk::BulkChild;
/// use zcrm_core::Record;
///
/// let contacts = [Record::new().with("Last_Name", "Boyle")];
/// let account = Record::new().with("Account_Name", "Zylker").with("Contacts", contacts);
/// let write = api.records("Accounts").bulk_write().create().rows([account]);
/// let jobs = write.child(BulkChild::records("Contacts", "Account_Name")).await?;
/// # let _ = jobs;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "children do nothing until a bulk write has them"]
pub struct BulkChild(pub(super) Resource);

impl BulkChild {
    fn new(module: String, lookup: String, most_rows: u32) -> Self {
        let child = ChildOf { member: module.clone(), lookup, most_rows };
        Self(Resource { child: Some(child), ..Resource::new(module) })
    }

    /// Writes the rows of a subform, or line items. A job has at most 200 of them.
    pub fn subform(field: impl Into<String>) -> Self {
        Self::new(field.into(), PARENT.to_owned(), MOST_SUBFORM_ROWS)
    }

    /// Writes records of another module, whose field `lookup` names the parent.
    pub fn records(module: impl Into<String>, lookup: impl Into<String>) -> Self {
        Self::new(module.into(), lookup.into(), MOST_ROWS)
    }

    /// Sets the member of a record that has its children. The default is the name of the module.
    pub fn member(mut self, name: impl Into<String>) -> Self {
        if let Some(child) = &mut self.0.child {
            child.member = name.into();
        }
        self
    }

    /// Sets the columns. By default they are the members of the first child.
    pub fn columns<C: Into<BulkColumn>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.0.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the field that finds existing records. Updates and upserts need it; for rows of a
    /// subform it is `id`.
    pub fn by(mut self, field: impl Into<String>) -> Self {
        self.0.by = Some(field.into());
        self
    }
}
