//! File names: parsed from headers, and made safe for paths.

use percent_encoding::percent_decode_str;

/// The names of devices on Windows, which are reserved with any extension.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// The characters that some systems forbid in names, in addition to control characters.
const FORBIDDEN: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// The maximum length of a safe name. Systems allow 255 bytes; the rest is for a prefix or suffix.
const MOST_BYTES: usize = 200;

/// Returns the file name in a `content-disposition` header (RFC 6266).
///
/// `filename*` (RFC 5987) takes precedence over `filename`. Both are accepted quoted or not,
/// because Zoho and proxies send both forms.
pub(super) fn from_disposition(value: &[u8]) -> Option<String> {
    // some servers send raw UTF-8; other bytes are read as Latin-1
    let text = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => latin_1(value),
    };
    let parameters = parameters(&text);
    let find = |wanted: &str| {
        let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case(wanted);
        parameters.iter().find(named).map(|(_, value)| value.as_str())
    };
    let extended = find("filename*").and_then(extended);
    extended.or_else(|| find("filename").map(str::to_owned)).filter(|name| !name.is_empty())
}

/// Decodes `charset'language'percent-encoded`, in the charsets that RFC 5987 requires.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    if charset.eq_ignore_ascii_case("utf-8") {
        return String::from_utf8(bytes).ok();
    }
    charset.eq_ignore_ascii_case("iso-8859-1").then(|| latin_1(&bytes))
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// Returns the parameters after the first `;`, without quotes and escapes.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = text.chars().peekable();
    while rest.next_if(|&c| c != ';').is_some() {}
    while rest.next_if_eq(&';').is_some() {
        let mut name = String::new();
        while let Some(c) = rest.next_if(|&c| c != '=' && c != ';') {
            name.push(c);
        }
        let mut value = String::new();
        if rest.next_if_eq(&'=').is_some() {
            while rest.next_if(|c| c.is_whitespace()).is_some() {}
            if rest.next_if_eq(&'"').is_some() {
                while let Some(c) = rest.next_if(|&c| c != '"') {
                    // only quotes and backslashes are escaped, because Windows paths contain plain
                    // backslashes
                    let escape = c == '\\' && matches!(rest.peek(), Some('"' | '\\'));
                    value.push(if escape { rest.next().unwrap_or(c) } else { c });
                }
                while rest.next_if(|&c| c != ';').is_some() {}
            } else {
                while let Some(c) = rest.next_if(|&c| c != ';') {
                    value.push(c);
                }
                value.truncate(value.trim_end().len());
            }
        }
        all.push((name.trim().to_owned(), value));
    }
    all
}

/// Returns the last component of a name, in a form that is safe on every operating system.
pub(super) fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !turns_text(*c))
        .map(|c| if c.is_control() || FORBIDDEN.contains(&c) { '_' } else { c })
        .collect();
    // Windows removes dots and spaces at the end of a name
    let is_removed = |c: char| c == '.' || c.is_whitespace();
    let mut name = shorter(clean.trim()).trim_end_matches(is_removed).to_owned();
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    if is_device(stem) {
        name.insert(0, '_');
    }
    if name.is_empty() { "file".to_owned() } else { name }
}

/// Returns `true` for characters that change the direction of text and so can hide the extension.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_device(stem: &str) -> bool {
    let stem = stem.to_uppercase();
    let numbered = ["COM", "LPT"].iter().filter_map(|port| stem.strip_prefix(port));
    DEVICES.contains(&stem.as_str())
        || numbered.into_iter().any(|digit| {
            matches!(digit, "\u{b9}" | "\u{b2}" | "\u{b3}")
                || (digit.len() == 1 && digit.bytes().all(|byte| byte.is_ascii_digit()))
        })
}

/// Shortens a name to the maximum length and keeps its extension.
fn shorter(name: &str) -> String {
    if name.len() <= MOST_BYTES {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 16 => (stem, Some(ending)),
        _ => (name, None),
    };
    let room = MOST_BYTES.saturating_sub(ending.map_or(0, |ending| ending.len() + 1));
    let end = (0..=room).rev().find(|&at| stem.is_char_boundary(at)).unwrap_or(0);
    let stem = stem.get(..end).unwrap_or_default();
    match ending {
        Some(ending) => format!("{stem}.{ending}"),
        None => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::{from_disposition, safe};

    #[test]
    fn reads_every_form_of_a_file_name() {
        for (header, name) in [
            (r#"attachment; filename="a b.pdf""#, "a b.pdf"),
            ("attachment;filename=a.pdf", "a.pdf"),
            ("attachment; filename = a b.pdf ", "a b.pdf"),
            ("attachment;filename*=UTF-8''a%20b.pdf", "a b.pdf"),
            ("attachment; filename*=utf-8'de'%C3%A4.pdf", "ä.pdf"),
            ("attachment; filename*=ISO-8859-1''%E4.pdf", "ä.pdf"),
            ("attachment; filename*=UTF-8''a%20b.pdf; size=3", "a b.pdf"),
            (r#"attachment; filename="x"; filename*=UTF-8''y"#, "y"),
            (r#"attachment; FILENAME*=UTF-8''y; filename="x""#, "y"),
            (r#"attachment; filename="x"; filename*=KOI8-R''y"#, "x"),
            (r#"attachment; filename="x"; filename*=UTF-8''%FF"#, "x"),
            (r#"attachment; filename="a;b=\"c\".pdf"; z"#, r#"a;b="c".pdf"#),
            (r#"attachment; filename="C:\dir\a.txt""#, r"C:\dir\a.txt"),
            ("attachment; filename=\"ä.pdf\"", "ä.pdf"),
        ] {
            assert_eq!(from_disposition(header.as_bytes()).as_deref(), Some(name), "{header}");
        }
        assert_eq!(
            from_disposition(b"attachment; filename=\"\xe4.pdf\"").as_deref(),
            Some("ä.pdf")
        );
        for header in ["attachment", "", ";", "attachment; filename=", "inline; name=x; =y"] {
            assert_eq!(from_disposition(header.as_bytes()), None, "{header}");
        }
    }

    #[test]
    fn safe_name_is_one_path_component() {
        for (name, wanted) in [
            ("a b.pdf", "a b.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..", "file"),
            (".", "file"),
            ("...", "file"),
            ("", "file"),
            ("/", "file"),
            ("a/", "a"),
            (r"C:\dir\a.txt", "a.txt"),
            ("a\0b", "a_b"),
            ("a.txt:stream", "a.txt_stream"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("con .txt", "_con .txt"),
            ("COM1.log", "_COM1.log"),
            ("lpt\u{b9}", "_lpt\u{b9}"),
            ("console.txt", "console.txt"),
            ("COM10", "COM10"),
            ("a.txt. . ", "a.txt"),
            ("¡\u{a0}.", "¡"),
            ("exe\u{202e}fdp.txt", "exefdp.txt"),
            (".bashrc", ".bashrc"),
        ] {
            assert_eq!(safe(name), wanted, "{name:?}");
        }
        let long = format!("{}.pdf", "ä".repeat(400));
        let short = safe(&long);
        assert!(short.len() <= 200 && short.ends_with("ä.pdf"), "{}", short.len());
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_path_component(name in "(?s).{0,300}") {
            let safe = safe(&name);
            let components: Vec<_> = Path::new(&safe).components().collect();
            prop_assert!(matches!(components[..], [Component::Normal(_)]), "{safe:?}");
            prop_assert!(safe.len() <= 201);
            prop_assert!(!safe.contains(['/', '\\', '\0', ':']));
            prop_assert!(!safe.ends_with(|c: char| c == '.' || c.is_whitespace()));
            prop_assert_eq!(super::safe(&safe), safe);
        }

        #[test]
        fn parses_any_header_without_a_panic(header in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = from_disposition(&header);
        }

        #[test]
        fn reads_an_encoded_name(name in "\\PC{1,40}") {
            let encoded =
                percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
            let header = format!("attachment; filename*=UTF-8''{encoded}");
            prop_assert_eq!(from_disposition(header.as_bytes()), Some(name));
        }
    }
}
