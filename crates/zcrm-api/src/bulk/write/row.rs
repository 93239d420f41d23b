//! The cells of a row, as text of a CSV.

/// Appends a cell to a line. Cells with a character that Zoho recognises as a delimiter are quoted.
pub(super) fn append_cell(line: &mut Vec<u8>, cell: &str) {
    let is_special =
        |byte: u8| matches!(byte, b'"' | b',' | b';' | b':' | b'|' | b'\n' | b'\r' | b'\\');
    let has_space = cell.starts_with(char::is_whitespace) || cell.ends_with(char::is_whitespace);
    if !has_space && !cell.bytes().any(is_special) {
        line.extend_from_slice(cell.as_bytes());
        return;
    }
    line.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cells_that_a_reader_would_split() {
        for (cell, line) in [
            ("", ""),
            ("Boyle", "Boyle"),
            ("Zylker, Inc", "\"Zylker, Inc\""),
            ("a;b", "\"a;b\""),
            ("a \"b\"\n", "\"a \"\"b\"\"\n\""),
            (" a", "\" a\""),
        ] {
            let mut written = Vec::new();
            append_cell(&mut written, cell);
            assert_eq!(String::from_utf8(written).unwrap(), line);
        }
    }
}
