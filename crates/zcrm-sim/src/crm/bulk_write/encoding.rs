//! The encodings of CSV files.

/// An encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// One byte for each character.
    Latin1,
}

impl Encoding {
    /// Returns the encoding of this name, if it is supported.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "utf8" | "usascii" | "ascii" => Self::Utf8,
            "utf16" | "utf16be" => Self::Utf16Be,
            "utf16le" => Self::Utf16Le,
            "iso88591" | "latin1" => Self::Latin1,
            _ => return None,
        })
    }
}

const MARKS: [(&[u8], Encoding); 3] = [
    (b"\xef\xbb\xbf", Encoding::Utf8),
    (b"\xff\xfe", Encoding::Utf16Le),
    (b"\xfe\xff", Encoding::Utf16Be),
];

/// Decodes a text without its byte order mark, which takes precedence over the named encoding.
/// Without both, it is UTF-8, or Latin-1 if it is not valid UTF-8. Returns `None` if the bytes are
/// invalid.
pub(super) fn decode(bytes: &[u8], named: Option<Encoding>) -> Option<String> {
    let mark = MARKS.iter().find_map(|(mark, kind)| Some((bytes.strip_prefix(*mark)?, *kind)));
    let (bytes, encoding) = match (mark, named) {
        (Some((rest, encoding)), _) => (rest, encoding),
        (None, Some(encoding)) => (bytes, encoding),
        (None, None) if std::str::from_utf8(bytes).is_ok() => (bytes, Encoding::Utf8),
        (None, None) => (bytes, Encoding::Latin1),
    };
    let units = |unit: fn([u8; 2]) -> u16| {
        let pairs = bytes.chunks(2).map(|pair| Some(unit(pair.try_into().ok()?)));
        String::from_utf16(&pairs.collect::<Option<Vec<u16>>>()?).ok()
    };
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
        Encoding::Latin1 => Some(bytes.iter().copied().map(char::from).collect()),
        Encoding::Utf16Le => units(u16::from_le_bytes),
        Encoding::Utf16Be => units(u16::from_be_bytes),
    }
}
