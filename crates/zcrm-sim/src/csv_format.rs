//! The format of the files with results.

/// The format of a CSV file and its ZIP file.
#[derive(Debug, Clone, Default)]
pub(crate) struct CsvFormat {
    /// Whether lines end with a carriage return and a line feed.
    pub(crate) crlf: bool,
    pub(crate) byte_order_mark: bool,
    pub(crate) quote_all: bool,
    /// Whether sizes and checksums are before the data in the ZIP file.
    pub(crate) sizes_first: bool,
}

/// Adds the public methods that set the `format` of settings.
macro_rules! format_setters {
    () => {
        /// Ends lines with a carriage return and a line feed. By default they end with a line feed.
        pub fn crlf(mut self) -> Self {
            self.format.crlf = true;
            self
        }

        /// Starts the CSV with a byte order mark.
        pub fn byte_order_mark(mut self) -> Self {
            self.format.byte_order_mark = true;
            self
        }

        /// Quotes every cell. By default only cells with a comma, a quote or a line end are quoted.
        pub fn quote_all(mut self) -> Self {
            self.format.quote_all = true;
            self
        }

        /// Writes the size and the checksum of a file before its data in the ZIP file. By default
        /// they follow the data, as in ZIP files that are written as a stream.
        ///
        /// It does not apply to [computed records](crate::Builder::computed_records).
        pub fn sizes_first(mut self) -> Self {
            self.format.sizes_first = true;
            self
        }
    };
}
pub(crate) use format_setters;
