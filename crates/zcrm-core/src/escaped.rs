//! Escaping of text from outside in messages.

use std::fmt::{self, Write as _};

/// The largest number of characters of one text that a message shows.
const LONGEST: usize = 512;

/// Shows text from outside (an answer, a user's name, a setting) on one line.
///
/// Control characters, line separators and characters that change the direction of text are
/// escaped. Text after 512 characters is cut off. Such text in a message can neither forge a line
/// of a log nor send commands to a terminal.
///
/// ```
/// let name = "pat\nERROR forged \u{1b}[31m";
/// assert_eq!(zcrm_core::escaped(name).to_string(), r"pat\nERROR forged \u{1b}[31m");
/// ```
#[must_use]
pub fn escaped(text: &str) -> Escaped<'_> {
    Escaped { text, longest: LONGEST }
}

/// The text to be shown; see [`escaped`].
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    text: &'a str,
    longest: usize,
}

impl Escaped<'_> {
    /// Removes the limit of 512 characters, for an entire message or line.
    ///
    /// ```
    /// let long = "x".repeat(1000);
    /// assert_eq!(zcrm_core::escaped(&long).in_full().to_string(), long);
    /// ```
    #[must_use]
    pub fn in_full(self) -> Self {
        Self { longest: usize::MAX, ..self }
    }
}

/// Shows a URL from outside as [`escaped`] does, without its parts that may be secret: user,
/// password, query and fragment.
///
/// ```
/// let url = zcrm_core::escaped_url("https://user:secret@crm.example.com/a?token=secret");
/// assert_eq!(url, "https://[redacted]@crm.example.com/a?[redacted]");
/// ```
#[must_use]
pub fn escaped_url(text: &str) -> String {
    let is_scheme = |scheme: &str| {
        scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    };
    let (scheme, rest) = match text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    // a password may hold any character, even `/`, `?` and `@`, so the host follows the last `@`
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => ("[redacted]@", rest),
        None => ("", rest),
    };
    let (rest, query) = match rest.split_once(['?', '#']) {
        Some((rest, _)) => (rest, "?[redacted]"),
        None => (rest, ""),
    };
    format!("{}{user}{}{query}", escaped(&scheme), escaped(rest))
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, c) in self.text.chars().enumerate() {
            if count == self.longest {
                return f.write_char('…');
            }
            match must_be_escaped(c) {
                true => write!(f, "{}", c.escape_default())?,
                false => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

fn must_be_escaped(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // line and paragraph separators
            '\u{2028}' | '\u{2029}'
            // marks, embeddings and isolates of the text direction
            | '\u{061c}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // invisible: zero width, byte order mark, tags
            | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{escaped, escaped_url};

    #[test]
    fn hides_user_password_and_query_of_a_url() {
        for (url, shown) in [
            ("https://user:marked@host", "https://[redacted]@host"),
            ("https://user:mar/k?e#d@host:1/x", "https://[redacted]@host:1/x"),
            ("https://user:mar@ked@host", "https://[redacted]@host"),
            ("user:marked@host", "[redacted]@host"),
            ("https:/user:marked@host", "[redacted]@host"),
            ("user:marked@host://x", "[redacted]@host://x"),
            ("https://host/a?token=marked", "https://host/a?[redacted]"),
            ("https://host#marked", "https://host?[redacted]"),
            ("https://host\u{1b}[31m", r"https://host\u{1b}[31m"),
            ("www.zohoapis.com", "www.zohoapis.com"),
            ("", ""),
        ] {
            assert_eq!(escaped_url(url), shown, "{url}");
        }
    }

    #[test]
    fn escapes_line_breaks_and_invisible_characters() {
        assert_eq!(
            escaped("a\r\nb\u{7f}\u{9b}\u{2028}\u{202e}\u{feff}").to_string(),
            r"a\r\nb\u{7f}\u{9b}\u{2028}\u{202e}\u{feff}"
        );
    }

    #[test]
    fn leaves_ordinary_text_unchanged() {
        let text = "Zoë Müller `x` \"quoted\" 100 % 中文";
        assert_eq!(escaped(text).to_string(), text);
    }

    #[test]
    fn cuts_long_text() {
        let shown = escaped(&"é".repeat(100_000)).to_string();
        assert_eq!(shown.chars().count(), 513);
        assert!(shown.ends_with('…'));
    }

    proptest! {
        #[test]
        fn never_shows_a_control_character(text in any::<String>()) {
            prop_assert!(!escaped(&text).to_string().chars().any(char::is_control));
        }
    }
}
