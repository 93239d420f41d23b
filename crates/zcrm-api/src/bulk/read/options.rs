//! The options for reading a result.

use std::path::PathBuf;

use crate::metadata::FieldInfo;

/// The size of the CSV that is accepted by default, in bytes.
const CSV_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// The size of one row that is accepted by default, in bytes.
const ROW_BYTES: u64 = 64 * 1024 * 1024;

/// Options for reading the result of a bulk read: [`BulkResult::with`](super::BulkResult::with).
///
/// # Values
/// A CSV cell is only text. Rows as [`Record`](zcrm_core::Record) have the values that the other
/// operations return, if the CSV contains them:
///
/// | data type of the field | value in a `Record` |
/// | --- | --- |
/// | any, if the cell is empty | `null`: the CSV does not distinguish an empty text |
/// | boolean | `true`, `false` |
/// | integer, double, currency, percent, and formulas and rollups of these types | a number with all its digits |
/// | lookup, owner, user | `{"id": "…"}`: the CSV has no names |
/// | multi-select picklist | a list of texts |
/// | tags | a list of `{"name": "…"}` |
/// | all others, and columns with a dot | text |
///
/// The types come from the metadata of the module's fields, which costs one more call, or from
/// [`fields`](Self::fields). With [`untyped`](Self::untyped) all values are text.
///
/// A custom type decides by itself: a `bool` reads `true`, an `i64` reads digits, a
/// [`Lookup`](zcrm_core::Lookup) or an [`Id`](zcrm_core::Id) reads the id of a lookup, a
/// `Vec<String>` reads a list, an `Option` reads an empty cell as `None`, and a `String` reads it
/// as an empty text. The column `Id` is the member `id`.
///
/// ```
/// use zcrm_api::bulk::CsvOptions;
///
/// let options = CsvOptions::new().untyped().separator(';').csv_limit(1 << 30);
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until a result takes them"]
pub struct CsvOptions {
    pub(in crate::bulk) types: Types,
    pub(super) separator: Option<char>,
    pub(in crate::bulk) delimiter: u8,
    pub(super) csv_bytes: u64,
    pub(super) row_bytes: u64,
    pub(super) skip: u64,
    pub(super) check_count: bool,
    pub(super) folder: Option<PathBuf>,
}

/// The source of the columns' types.
#[derive(Clone, Debug)]
pub(in crate::bulk) enum Types {
    Metadata,
    Given(Vec<FieldInfo>),
    Untyped,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            types: Types::Metadata,
            separator: None,
            delimiter: b',',
            csv_bytes: CSV_BYTES,
            row_bytes: ROW_BYTES,
            skip: 0,
            check_count: true,
            folder: None,
        }
    }
}

impl CsvOptions {
    /// Returns the default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads every value as text, and does not read the metadata of the module's fields.
    pub fn untyped(mut self) -> Self {
        self.types = Types::Untyped;
        self
    }

    /// Uses these fields of the module, which were read before, for the types of the columns.
    pub fn fields(mut self, fields: impl IntoIterator<Item = FieldInfo>) -> Self {
        self.types = Types::Given(fields.into_iter().collect());
        self
    }

    /// Splits lists (multi-select picklists and tags) at this character.
    ///
    /// Zoho does not document the separator. By default a multi-select picklist is split at `;` or
    /// `,`, at the one that gives only values of the picklist. Tags and lists whose values are not
    /// known are split at `;` if there is one, otherwise at `,`.
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = Some(separator);
        self
    }

    /// Sets the character between the columns, as one ASCII byte. The default is a comma.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Sets the maximum size of the unpacked CSV in bytes. The default is 16 GiB.
    ///
    /// Reading needs constant memory, so the limit only stops archives that unpack to absurd sizes.
    pub fn csv_limit(mut self, bytes: u64) -> Self {
        self.csv_bytes = bytes;
        self
    }

    /// Sets the maximum size of one row in bytes. The default is 64 MiB.
    pub fn row_limit(mut self, bytes: u64) -> Self {
        self.row_bytes = bytes;
        self
    }

    /// Downloads archives to this folder. The default is the system's folder of temporary files.
    ///
    /// An archive has no name there: only this process can read it, and it vanishes when its stream ends
    /// or is dropped, and when the process is killed.
    pub fn temporary_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Skips this many rows, which were read before.
    pub fn skip_rows(mut self, rows: u64) -> Self {
        self.skip = rows;
        self
    }

    /// Sets whether a result with another number of rows than the job's status says is an error.
    /// The default is `true`, so that no row is lost unnoticed.
    pub fn check_count(mut self, check: bool) -> Self {
        self.check_count = check;
        self
    }
}
