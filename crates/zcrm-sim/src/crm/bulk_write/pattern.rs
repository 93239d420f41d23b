//! Patterns of dates, times and numbers in CSV files, such as `dd.MM.yyyy` and `#,##0.00`.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

use crate::clock::in_organisation;

/// A pattern of dates or of dates and times, in the letters of Java.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DatePattern {
    /// The format for chrono.
    format: String,
    zone: bool,
    time: bool,
    /// Whether years have four digits.
    whole_year: bool,
}

impl DatePattern {
    /// Parses a pattern; returns `None` if it has an unknown letter or no complete date.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let mut format = String::new();
        let (mut zone, mut time) = (false, false);
        let (mut year, mut month, mut day) = (0, false, false);
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let run = rest.chars().take_while(|letter| *letter == first).count();
            let mut taken = run * first.len_utf8();
            match (first, run) {
                ('y', 2 | 4) => {
                    format.push_str(if run == 4 { "%Y" } else { "%y" });
                    year = run;
                }
                ('M', 1..=4) => {
                    format.push_str(match run {
                        1 | 2 => "%m",
                        3 => "%b",
                        _ => "%B",
                    });
                    month = true;
                }
                ('d', 1 | 2) => {
                    format.push_str("%d");
                    day = true;
                }
                ('H', 1 | 2) => {
                    format.push_str("%H");
                    time = true;
                }
                ('h', 1 | 2) => {
                    format.push_str("%I");
                    time = true;
                }
                ('m', 1 | 2) => format.push_str("%M"),
                ('s', 1 | 2) => format.push_str("%S"),
                ('S', 3) => format.push_str("%3f"),
                ('a', 1) => format.push_str("%p"),
                ('X' | 'Z' | 'x', 1..=3) => {
                    format.push_str(if first == 'Z' || run == 2 { "%z" } else { "%#z" });
                    zone = true;
                }
                ('\'', _) => {
                    let (text, after) = rest.get(1..)?.split_once('\'')?;
                    format.push_str(&if text.is_empty() { "'" } else { text }.replace('%', "%%"));
                    taken = rest.len() - after.len();
                }
                ('%', _) => format.push_str(&"%%".repeat(run)),
                (letter, _) if letter.is_ascii_alphabetic() => return None,
                (other, run) => format.extend(std::iter::repeat_n(other, run)),
            }
            rest = rest.get(taken..)?;
        }
        let whole = year > 0 && month && day;
        whole.then_some(Self { format, zone, time, whole_year: year == 4 })
    }

    /// Returns whether the pattern has a time of day.
    pub(super) fn has_time(&self) -> bool {
        self.time
    }

    /// Reads a date. A time in the text is left out.
    pub(super) fn date(&self, text: &str) -> Option<NaiveDate> {
        let date = if self.time {
            NaiveDateTime::parse_from_str(text, &self.format).ok()?.date()
        } else {
            NaiveDate::parse_from_str(text, &self.format).ok()?
        };
        self.is_plausible(date).then_some(date)
    }

    /// Reads a date and time. Without a zone, it is in the organisation's zone.
    pub(super) fn instant(&self, text: &str) -> Option<DateTime<Utc>> {
        if self.zone {
            let at = DateTime::parse_from_str(text, &self.format).ok()?;
            return self.is_plausible(at.date_naive()).then_some(at.to_utc());
        }
        let at = if self.time {
            NaiveDateTime::parse_from_str(text, &self.format).ok()?
        } else {
            NaiveDate::parse_from_str(text, &self.format).ok()?.and_hms_opt(0, 0, 0)?
        };
        self.is_plausible(at.date()).then(|| in_organisation(at))?
    }

    /// Returns whether the year has four digits where the pattern says so.
    fn is_plausible(&self, date: NaiveDate) -> bool {
        !self.whole_year || (1_000..10_000).contains(&date.year())
    }
}

/// A pattern of numbers: its separators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct NumberPattern {
    grouping: Option<char>,
    /// The decimal separator, if the pattern has one.
    decimal: Option<char>,
}

impl NumberPattern {
    /// Parses a pattern of `#` and `0` with separators; returns `None` if it has anything else.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let digit = |c: char| c == '#' || c == '0';
        let marks: Vec<char> = pattern.chars().filter(|c| !digit(*c)).collect();
        if !pattern.chars().any(digit) || !marks.iter().all(|c| ",. '".contains(*c)) {
            return None;
        }
        let (last, before) = match marks.split_last() {
            None => return Some(Self::default()),
            Some((last, before)) => (*last, before),
        };
        // The last mark separates decimals if it appears once and `0` or less than three digits
        // follow.
        let after = pattern.rsplit(last).next().unwrap_or_default();
        let decimal = !before.contains(&last) && (last == '.' || after.len() != 3) && last != ' ';
        let groups = if decimal { before } else { marks.as_slice() };
        let grouping = groups.first().copied();
        if groups.iter().any(|mark| Some(*mark) != grouping) {
            return None;
        }
        Some(Self { grouping, decimal: decimal.then_some(last) })
    }

    /// Returns the text as a number is written in JSON; `None` if its separators differ.
    pub(super) fn plain(self, text: &str) -> Option<String> {
        let mut plain = String::with_capacity(text.len());
        let usual = if self.grouping == Some('.') { ',' } else { '.' };
        let decimal = self.decimal.unwrap_or(usual);
        for c in text.chars() {
            if c == decimal {
                plain.push('.');
            } else if Some(c) != self.grouping {
                plain.push(c);
            } else if plain.contains('.') {
                return None;
            }
        }
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_by_their_pattern() {
        let date = |pattern: &str, text: &str| {
            DatePattern::parse(pattern)?.date(text).map(|date| date.to_string())
        };
        let wanted = Some(String::from("2026-03-09"));
        assert_eq!(date("MM/dd/yyyy", "03/09/2026"), wanted);
        assert_eq!(date("d.M.yy", "9.3.26"), wanted);
        assert_eq!(date("dd MMM yyyy", "09 Mar 2026"), wanted);
        assert_eq!(date("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-03-09T10:00:00+01:00"), wanted);
        assert_eq!(date("MM/dd/yyyy", "13/09/2026"), None);
        assert_eq!(date("MM/dd/yyyy", "03/09/26"), None);
        assert_eq!(date("MM/yyyy", "03/2026"), None);
        assert_eq!(date("yyyy-MM-dd Q", "2026-03-09 1"), None);
    }

    #[test]
    fn reads_times_with_and_without_a_zone() {
        let at = |pattern: &str, text: &str| {
            DatePattern::parse(pattern)?.instant(text).map(|at| at.to_rfc3339())
        };
        let wanted = Some(String::from("2026-03-09T08:00:00+00:00"));
        assert_eq!(at("MM/dd/yyyy HH:mm:ss", "03/09/2026 13:30:00"), wanted);
        assert_eq!(at("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-03-09T09:00:00+01:00"), wanted);
        assert_eq!(at("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-03-09T08:00:00Z"), wanted);
        assert_eq!(at("MM/dd/yyyy hh:mm a", "03/09/2026 01:30 PM"), wanted);
        assert_eq!(at("MM/dd/yyyy HH:mm:ss", "03/09/2026"), None);
    }

    #[test]
    fn reads_numbers_by_their_separators() {
        let number = |pattern: &str, text: &str| NumberPattern::parse(pattern)?.plain(text);
        assert_eq!(number("#,##0.00", "1,234.5").as_deref(), Some("1234.5"));
        assert_eq!(number("#.###,##", "1.234,5").as_deref(), Some("1234.5"));
        assert_eq!(number("#,##,###.##", "12,34,567.8").as_deref(), Some("1234567.8"));
        assert_eq!(number("# ###,00", "1 234,50").as_deref(), Some("1234.50"));
        assert_eq!(number("#,###", "1,234").as_deref(), Some("1234"));
        assert_eq!(number("#.###.###", "1.234,5").as_deref(), Some("1234.5"));
        assert_eq!(number("###", "1234").as_deref(), Some("1234"));
        assert_eq!(number("#x#", "1"), None);
        assert_eq!(number("", "1"), None);
        assert_eq!(number("#.###,##", "1,234.5"), None);
    }
}
