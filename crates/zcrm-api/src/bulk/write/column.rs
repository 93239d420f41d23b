//! The columns of a bulk write, as the caller names them.

/// A column of a bulk write: the field that it writes, and how its values are read.
///
/// A plain name is enough for most columns. Options are needed for lookups that are found by
/// another field than the id, for custom formats, and for CSV files with other headers.
///
/// ```
/// use zcrm_api::bulk::BulkColumn;
///
/// let columns = [
///     BulkColumn::new("Last_Name").from("surname"),
///     BulkColumn::new("Account_Name").find_by("Account_Name"),
///     BulkColumn::new("Closing_Date").format("dd.MM.yyyy"),
///     BulkColumn::new("Lead_Source").default_value("Trade Show"),
/// ];
/// # let _ = columns;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a column does nothing until a bulk write has it"]
pub struct BulkColumn {
    pub(super) field: String,
    pub(super) from: Option<String>,
    pub(super) find_by: Option<String>,
    pub(super) format: Option<String>,
    pub(super) module: Option<String>,
    pub(super) default: Option<String>,
    pub(super) is_constant: bool,
}

impl BulkColumn {
    /// Creates a column that writes the field with this API name.
    ///
    /// A dot names the field by which the record of a lookup is found, such as
    /// `Account_Name.Account_Name`.
    pub fn new(field: impl Into<String>) -> Self {
        let name = field.into();
        let (field, find_by) = match name.split_once('.') {
            Some((lookup, field)) => (lookup.to_owned(), Some(field.to_owned())),
            None => (name.clone(), None),
        };
        Self {
            field,
            from: find_by.is_some().then_some(name),
            find_by,
            format: None,
            module: None,
            default: None,
            is_constant: false,
        }
    }

    /// Creates a column without values, which writes the same value to all records, such as the id
    /// of a layout.
    pub fn constant(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self { default: Some(value.into()), is_constant: true, ..Self::new(field) }
    }

    /// Reads the values from the member or CSV column of this name. The default is the field's name.
    pub fn from(mut self, name: impl Into<String>) -> Self {
        self.from = Some(name.into());
        self
    }

    /// Finds the record of a lookup by this field of the other module. The default is `id`.
    ///
    /// Zoho accepts the id, a unique field, a lookup, and the field with the record's name.
    pub fn find_by(mut self, field: impl Into<String>) -> Self {
        self.find_by = Some(field.into());
        self
    }

    /// Sets the format of the values, such as `dd.MM.yyyy` or `#,##0.00`. They are sent unchanged.
    ///
    /// By default, dates are written as `yyyy-MM-dd` and times as `yyyy-MM-dd'T'HH:mm:ssXXX`, and
    /// their values are checked.
    pub fn format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// Sets the module of a lookup that allows several.
    pub fn module(mut self, module: impl Into<String>) -> Self {
        self.module = Some(module.into());
        self
    }

    /// Sets the value that Zoho writes if a cell is empty.
    pub fn default_value(mut self, value: impl Into<String>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Returns the name of the member or CSV column.
    pub(super) fn source(&self) -> &str {
        self.from.as_deref().unwrap_or(&self.field)
    }
}

impl From<&str> for BulkColumn {
    fn from(field: &str) -> Self {
        Self::new(field)
    }
}

impl From<String> for BulkColumn {
    fn from(field: String) -> Self {
        Self::new(field)
    }
}
