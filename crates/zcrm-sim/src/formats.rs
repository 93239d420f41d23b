//! Formats of text values.

use chrono::NaiveDate;

/// Returns the number in a percentage such as `12.5%`.
pub(crate) fn percentage(text: &str) -> Option<f64> {
    text.strip_suffix('%')?.trim().parse().ok()
}

pub(crate) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && c != '@' && c != ',';
    !name.is_empty()
        && name.chars().all(plain)
        && host.chars().all(plain)
        && host.split_once('.').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
}

/// Returns whether the text has only digits and the separators of telephone numbers.
pub(crate) fn is_phone(text: &str) -> bool {
    let written = |c: char| c.is_ascii_digit() || " +-()./,;*#".contains(c);
    text.chars().any(|c| c.is_ascii_digit()) && text.chars().all(written)
}

pub(crate) fn is_date(text: &str) -> bool {
    text.len() == "2019-07-25".len() && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}
