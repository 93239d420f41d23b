//! Texts that errors are made of.

/// How the text of a refusal begins, as long as it is known to be one.
pub(super) const REFUSED: &str = "Zoho refused the request";

/// The beginning of a body as text, without anything that looks like one of Zoho's tokens.
pub(super) fn excerpt(body: &[u8]) -> String {
    const LONGEST: usize = 512;
    let text = String::from_utf8_lossy(body);
    let of_a_token = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let mut excerpt = String::new();
    for part in text.split_inclusive(|c| !of_a_token(c)) {
        let word = part.trim_end_matches(|c| !of_a_token(c));
        if word.starts_with("1000.") && word.len() >= 20 {
            excerpt.push_str("[redacted]");
            excerpt.push_str(part.get(word.len()..).unwrap_or_default());
        } else {
            excerpt.push_str(part);
        }
        if excerpt.len() >= LONGEST {
            break;
        }
    }
    excerpt.chars().take(LONGEST).collect()
}
