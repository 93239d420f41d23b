//! The encodings in which a secret may appear.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters that URLs and forms may leave unescaped.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');

/// A secret in one encoding.
pub(crate) struct Form {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Returns the secret unchanged and in all encodings.
pub(crate) fn forms(secret: &str) -> Vec<Form> {
    let mut forms = vec![Form { name: "as it is".to_owned(), text: secret.to_owned() }];
    let mut add = |name: &str, text: String| forms.push(Form { name: name.to_owned(), text });
    for (name, set) in [("all", NON_ALPHANUMERIC), ("URL", UNRESERVED), ("form", FORM)] {
        let percent = utf8_percent_encode(secret, set).to_string();
        add(&format!("percent, {name}, with plus"), percent.replace("%20", "+"));
        add(&format!("percent, {name}, in lower case"), lower_escapes(&percent));
        add(&format!("percent, {name}"), percent);
    }
    let json = serde_json::to_string(secret).unwrap().trim_matches('"').to_owned();
    // remove the quotes that JSON adds, but not a quote at the end of the secret
    let json = if secret.ends_with('"') { format!("{json}\"") } else { json };
    add("JSON in Rust's quotes", json.escape_debug().to_string());
    add("JSON with slashes escaped", json.replace('/', "\\/"));
    add("JSON in ASCII", ascii_json(&json));
    add("JSON", json);
    add("in Rust's quotes", secret.escape_debug().to_string());
    add("as Rust's bytes", secret.as_bytes().escape_ascii().to_string());
    let hex = |upper: bool| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
            text
        })
    };
    add("hexadecimal", hex(false));
    add("hexadecimal, in capitals", hex(true));
    let list = format!("{:?}", secret.as_bytes());
    add("as a list of bytes", list.trim_matches(['[', ']']).to_owned());
    for (name, engine) in [("base64", STANDARD_NO_PAD), ("base64 of URLs", URL_SAFE_NO_PAD)] {
        for before in 0..3 {
            let text = engine.encode([&vec![0; before], secret.as_bytes()].concat());
            // leave out the characters whose encoding depends on the neighbouring text
            let first = [0, 2, 3][before];
            let partial = usize::from(!(before + secret.len()).is_multiple_of(3));
            let core = &text[first..text.len() - partial];
            add(&format!("{name}, {before} bytes in"), core.to_owned());
        }
    }
    forms.sort_by(|one, other| one.text.cmp(&other.text));
    forms.dedup_by(|one, other| one.text == other.text);
    forms
}

fn lower_escapes(percent: &str) -> String {
    let mut parts = percent.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at(2);
        let _ = write!(text, "%{}{rest}", escape.to_ascii_lowercase());
    }
    text
}

fn ascii_json(json: &str) -> String {
    json.encode_utf16().fold(String::new(), |mut text, unit| {
        match u8::try_from(unit).ok().filter(u8::is_ascii) {
            Some(byte) => text.push(char::from(byte)),
            None => {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
        text
    })
}
