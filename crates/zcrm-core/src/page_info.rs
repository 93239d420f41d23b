//! The position of a page in its list (Zoho's `info`).

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json::Members;

/// The position of a page in its list (Zoho's `info`).
///
/// Members that are null, missing or of another type are `None` and not an error, because Zoho's
/// own description allows null for most of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageInfo {
    /// Whether the answer says that more items follow.
    ///
    /// It is `false` also if the answer does not say; see [`more`](Self::more).
    pub more_records: bool,
    /// The number of the page, from 1.
    pub page: Option<u64>,
    /// The largest number of items on a page.
    pub per_page: Option<u64>,
    /// The number of items on this page.
    pub count: Option<u64>,
    /// The token of the next page, valid for 24 hours, for this user and this query.
    pub next_page_token: Option<String>,
    /// The token of the previous page.
    pub previous_page_token: Option<String>,
    /// The time at which the tokens expire, as ISO 8601 with an offset.
    pub page_token_expiry: Option<String>,
    more: More,
}

/// The answer's statement on whether items follow its page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum More {
    /// More items follow.
    Yes,
    /// No items follow.
    No,
    /// `info.more_records` is null.
    Null,
    /// There is no `info` or no `more_records` in it, or it is not a boolean.
    #[default]
    NotStated,
}

impl PageInfo {
    /// Returns whether the answer says that items follow its page.
    ///
    /// ```
    /// use zcrm_core::{More, PageInfo};
    ///
    /// let info: PageInfo = serde_json::from_str(r#"{"more_records":null,"count":7}"#)?;
    /// assert_eq!((info.more(), info.count), (More::Null, Some(7)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn more(&self) -> More {
        self.more
    }

    /// Returns the `info` for an answer without content: no items follow.
    pub(crate) fn of_no_content() -> Self {
        Self { more: More::No, ..Self::default() }
    }

    /// Reads an `info` of any shape.
    pub(crate) fn read(text: &str) -> Self {
        let Ok(members) = Members::parse(text) else { return Self::default() };
        let more = members.get("more_records").map_or(More::NotStated, more_of);
        let number = |name: &str| members.get(name).and_then(number_of);
        let text = |name: &str| members.get(name).and_then(text_of);
        Self {
            more_records: more == More::Yes,
            page: number("page"),
            per_page: number("per_page"),
            count: number("count"),
            next_page_token: text("next_page_token"),
            previous_page_token: text("previous_page_token"),
            page_token_expiry: text("page_token_expiry"),
            more,
        }
    }
}

impl<'de> Deserialize<'de> for PageInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self::read(raw.get()))
    }
}

fn more_of(raw: &RawValue) -> More {
    let text = text_of(raw).map(|text| text.to_ascii_lowercase());
    match text.as_deref().unwrap_or(raw.get()) {
        "true" | "1" => More::Yes,
        "false" | "0" => More::No,
        "null" => More::Null,
        _ => More::NotStated,
    }
}

/// Returns an integer, which may be written as text.
fn number_of(raw: &RawValue) -> Option<u64> {
    text_of(raw)?.parse().ok()
}

/// Returns a text that is not empty, or a number's digits.
fn text_of(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Some(json.to_owned());
    }
    let text: String = serde_json::from_str(json).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{More, PageInfo};

    #[test]
    fn reads_all_members_of_an_info() {
        let info = PageInfo::read(
            r#"{"per_page":200,"count":7,"page":3,"more_records":true,"sort_by":"id",
                "next_page_token":"n","previous_page_token":"p","page_token_expiry":"e"}"#,
        );
        assert_eq!((info.per_page, info.count, info.page), (Some(200), Some(7), Some(3)));
        assert!(info.more_records && info.more() == More::Yes);
        assert_eq!(info.next_page_token.as_deref(), Some("n"));
        assert_eq!(info.previous_page_token.as_deref(), Some("p"));
        assert_eq!(info.page_token_expiry.as_deref(), Some("e"));
    }

    #[test]
    fn reads_numbers_and_booleans_that_are_written_as_text() {
        let info = PageInfo::read(r#"{"page":"3","more_records":"TRUE","next_page_token":17}"#);
        assert_eq!((info.page, info.more()), (Some(3), More::Yes));
        assert_eq!(info.next_page_token.as_deref(), Some("17"));
    }

    #[test]
    fn ignores_members_of_another_type() {
        for odd in ["null", "[]", "{}", "[1]", r#"{"a":1}"#, "1.5", "-1", "1e999", "\"\"", "\" \""]
        {
            let text = format!(
                r#"{{"page":{odd},"per_page":{odd},"count":{odd},"more_records":{odd},
                    "next_page_token":"kept"}}"#
            );
            let info = PageInfo::read(&text);
            assert_eq!((info.page, info.per_page, info.count), (None, None, None), "{odd}");
            assert!(!info.more_records, "{odd}");
            let wanted = if odd == "null" { More::Null } else { More::NotStated };
            assert_eq!(info.more(), wanted, "{odd}");
            assert_eq!(info.next_page_token.as_deref(), Some("kept"), "{odd}");
        }
        for odd in ["null", "[]", "{}", "true", "\"\""] {
            let text = format!(r#"{{"more_records":true,"next_page_token":{odd}}}"#);
            let info = PageInfo::read(&text);
            assert_eq!((info.more(), info.next_page_token), (More::Yes, None), "{odd}");
        }
    }

    #[test]
    fn reads_an_info_of_another_type_as_the_default() {
        for text in ["null", "[]", "[{\"more_records\":true}]", "1", "\"x\"", "true", "{}"] {
            assert_eq!(PageInfo::read(text), PageInfo::default(), "{text}");
        }
    }
}
