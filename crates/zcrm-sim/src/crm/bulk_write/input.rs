//! The CSV files in an uploaded ZIP file.

use std::io::{Cursor, Read};

use bytes::Bytes;
use csv::{ReaderBuilder, StringRecord, StringRecordsIntoIter};
use zip::ZipArchive;

use super::encoding::{Encoding, decode};

/// The maximum size of a CSV after it was expanded, in bytes.
const EXPANDED: u64 = 512 * 1_024 * 1_024;

/// The delimiters that are recognised, by preference.
const DELIMITERS: [u8; 4] = *b",;:|";

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputError {
    /// The ZIP file does not have it.
    NotFound,
    /// It is not a CSV, or is damaged.
    NotSupported,
}

/// A CSV: its header, and its rows.
pub(super) struct Input {
    pub(super) header: Vec<String>,
    pub(super) rows: StringRecordsIntoIter<Cursor<String>>,
}

/// Returns the names of the files in a ZIP file; `None` if it is not one.
pub(super) fn names(zip: &Bytes) -> Option<Vec<String>> {
    let archive = ZipArchive::new(Cursor::new(zip)).ok()?;
    let names = archive.file_names().map(|name| Some(name.ok()?.into_owned()));
    let names: Vec<String> = names.collect::<Option<_>>()?;
    Some(names.into_iter().filter(|name| !name.ends_with('/')).collect())
}

/// Opens a CSV file.
pub(super) fn open(
    zip: &Bytes,
    name: &str,
    encoding: Option<Encoding>,
) -> Result<Input, InputError> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(|_| InputError::NotSupported)?;
    let file = archive.by_name(name).map_err(|_| InputError::NotFound)?;
    let mut bytes = Vec::new();
    let read = file.take(EXPANDED + 1).read_to_end(&mut bytes);
    if read.map_err(|_| InputError::NotSupported)? as u64 > EXPANDED {
        return Err(InputError::NotSupported);
    }
    let text = decode(&bytes, encoding).ok_or(InputError::NotSupported)?;
    parse(text).ok_or(InputError::NotSupported)
}

/// Parses a CSV; returns `None` if it has no header.
pub(super) fn parse(text: String) -> Option<Input> {
    let delimiter = delimiter(&text);
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(Cursor::new(text));
    let header: Vec<String> =
        reader.headers().ok()?.iter().map(|cell| cell.trim().to_owned()).collect();
    if header.is_empty() {
        return None;
    }
    Some(Input { header, rows: reader.into_records() })
}

/// Returns the delimiter that is most frequent in the header, outside of quotes.
fn delimiter(text: &str) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                let counted = DELIMITERS.iter().zip(&mut counts).find(|(one, _)| **one == byte);
                if let Some((_, count)) = counted {
                    *count += 1;
                }
            }
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    let mut found = DELIMITERS.iter().zip(counts).filter(|(_, count)| *count == most);
    found.next().map_or(b',', |(delimiter, _)| *delimiter)
}

/// Returns a cell of a row; empty if the row is too short.
pub(super) fn cell(row: &StringRecord, index: usize) -> &str {
    row.get(index).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_the_delimiter_of_the_header() {
        for (text, wanted) in [
            ("a,b;c,d\n1;2;3;4", b','),
            ("a;b,c;d", b';'),
            ("a|b|c", b'|'),
            ("a:b", b':'),
            ("\"a,b,c\";d", b';'),
            ("a", b','),
        ] {
            assert_eq!(delimiter(text), wanted, "{text}");
        }
    }
}
