//! The fixed texts of errors, and excerpts of answers.

/// The beginning of the text of an error object from Zoho, if nothing was executed.
pub(super) const REFUSED: &str = "Zoho refused the request";

/// Returns the beginning of a body as text, with everything that looks like a token of Zoho
/// removed.
pub(super) fn excerpt(body: &[u8]) -> String {
    const LONGEST: usize = 512;
    let text = String::from_utf8_lossy(body);
    let in_token = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let mut excerpt = String::new();
    for part in text.split_inclusive(|c| !in_token(c)) {
        let word = part.trim_end_matches(|c| !in_token(c));
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
