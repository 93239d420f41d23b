//! Criteria of a search.

use std::fmt;

use chrono::{DateTime, NaiveDate, TimeZone};
use zcrm_core::{Decimal, Error, Id, Timestamp};

/// Zoho's search page: at most ten conditions.
const MOST_CONDITIONS: usize = 10;

/// A condition on records, for [`search`](crate::Records::search). Names and values are escaped, so
/// that parentheses, commas and backslashes in them mean themselves; dates and instants are written
/// as Zoho reads them.
///
/// Zoho takes at most ten conditions in one search; more are an error before anything is sent. So is an
/// empty field or value, which Zoho refuses: a search cannot find what is empty, COQL can (`is null`).
///
/// ```
/// use zcrm_api::Criteria;
///
/// let criteria = Criteria::equals("Company", "Zylker (India), Ltd")
///     .and(Criteria::starts_with("Last_Name", "B").or(Criteria::equals("City", "Chennai")));
/// assert_eq!(
///     criteria.to_string(),
///     r"((Company:equals:Zylker \(India\)\, Ltd)and((Last_Name:starts_with:B)or(City:equals:Chennai)))"
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Criteria {
    text: String,
    conditions: usize,
    mistake: Option<String>,
}

/// Shows nothing of the criteria: their values are people's data. `Display` does.
impl fmt::Debug for Criteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Criteria").field("conditions", &self.conditions).finish_non_exhaustive()
    }
}

/// What a field is compared with: text, a number, a truth, a date, an instant or an id.
#[derive(Clone)]
pub struct Operand {
    text: String,
    /// What is wrong with it.
    mistake: Option<&'static str>,
}

impl Operand {
    fn new(text: String) -> Self {
        let empty = text.trim().is_empty().then_some(
            "an empty value, which Zoho refuses: give it a value, or leave the condition out; what is \
             empty is found by COQL (`is null`)",
        );
        Self { text, mistake: empty }
    }
}

/// Shows nothing of the value, which is people's data.
impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operand").finish_non_exhaustive()
    }
}

macro_rules! operands {
    ($($kind:ty)*) => {
        $(
            impl From<$kind> for Operand {
                fn from(value: $kind) -> Self {
                    Self::new(value.to_string())
                }
            }
        )*
    };
}

operands!(&str String &String i32 i64 u32 u64 bool Decimal &Decimal Id &Id NaiveDate Timestamp);

impl From<f64> for Operand {
    fn from(value: f64) -> Self {
        let odd = (!value.is_finite()).then_some("NaN or infinity: give it a finite number");
        Self { text: value.to_string(), mistake: odd }
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Operand {
    fn from(time: DateTime<Z>) -> Self {
        Timestamp::from(time).into()
    }
}

macro_rules! comparisons {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {
        $(
            $(#[doc = $doc])*
            #[must_use]
            pub fn $name(field: &str, value: impl Into<Operand>) -> Self {
                Self::condition(field, stringify!($name), &[value.into()])
            }
        )*
    };
}

impl Criteria {
    comparisons! {
        /// The field has this value.
        equals;
        /// The field has another value.
        not_equal;
        /// The text begins with this.
        starts_with;
        /// The number or time is greater.
        greater_than;
        /// The number or time is greater or the same.
        greater_equal;
        /// The number or time is less.
        less_than;
        /// The number or time is less or the same.
        less_equal;
    }

    /// The number or time lies between the two, or is one of them.
    #[must_use]
    pub fn between(field: &str, from: impl Into<Operand>, to: impl Into<Operand>) -> Self {
        Self::condition(field, "between", &[from.into(), to.into()])
    }

    /// The field has one of these values.
    #[must_use]
    pub fn one_of<V: Into<Operand>>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<Operand> = values.into_iter().map(Into::into).collect();
        Self::condition(field, "in", &values)
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.joined("and", other)
    }

    /// One of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.joined("or", other)
    }

    /// Criteria in Zoho's own words, sent as they are and not checked.
    #[must_use]
    pub fn raw(text: impl Into<String>) -> Self {
        Self { text: text.into(), conditions: 0, mistake: None }
    }

    /// The criteria as Zoho reads them.
    pub(crate) fn checked(self) -> Result<String, Error> {
        if let Some(mistake) = self.mistake {
            return Err(Error::input(mistake));
        }
        if self.text.trim().is_empty() {
            return Err(Error::input("the criteria are empty: there is nothing to search for"));
        }
        if self.conditions > MOST_CONDITIONS {
            return Err(Error::input(format!(
                "the criteria have {} conditions, and Zoho takes at most {MOST_CONDITIONS} in one \
                 search: make several, or ask in COQL",
                self.conditions
            )));
        }
        Ok(self.text)
    }

    fn condition(field: &str, comparator: &str, values: &[Operand]) -> Self {
        let field_text = field.escape_debug();
        let mistake = if field.trim().is_empty() {
            Some("a condition of the criteria names no field".to_owned())
        } else if values.is_empty() {
            Some(format!("the condition on `{field_text}` has no value to compare with"))
        } else {
            let odd = values.iter().find_map(|value| value.mistake);
            odd.map(|what| format!("the condition on `{field_text}` compares with {what}"))
        };
        let values: Vec<String> = values.iter().map(|value| escape(&value.text)).collect();
        let text = format!("({}:{comparator}:{})", escape(field), values.join(","));
        Self { text, conditions: 1, mistake }
    }

    fn joined(self, word: &str, other: Self) -> Self {
        let empty = [&self, &other].iter().any(|side| side.text.trim().is_empty());
        let empty = empty.then(|| format!("one side of `{word}` is empty: leave it out"));
        Self {
            text: format!("({}{word}{})", self.text, other.text),
            conditions: self.conditions + other.conditions,
            mistake: self.mistake.or(other.mistake).or(empty),
        }
    }
}

/// Zoho's search page: `(`, `)`, `,` and the backslash are escaped by a backslash.
pub(crate) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '(' | ')' | ',' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

impl fmt::Display for Criteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Criteria;

    #[test]
    fn dates_and_instants_are_written_as_zoho_reads_them() {
        let date = chrono::NaiveDate::from_ymd_opt(2026, 5, 24).unwrap();
        let time = date.and_hms_opt(11, 35, 12).unwrap().and_utc();
        let criteria = Criteria::less_than("Closing_Date", date)
            .and(Criteria::greater_equal("Modified_Time", time))
            .and(Criteria::equals("Active", true));
        assert_eq!(
            criteria.to_string(),
            "(((Closing_Date:less_than:2026-05-24)and(Modified_Time:greater_equal:\
             2026-05-24T11:35:12+00:00))and(Active:equals:true))"
        );
    }

    #[test]
    fn every_part_of_a_condition_is_escaped() {
        for (criteria, text) in [
            (Criteria::equals("A)or(B", "1"), r"(A\)or\(B:equals:1)"),
            (Criteria::not_equal("A", "a,b"), r"(A:not_equal:a\,b)"),
            (Criteria::between("A", "1,0", r"2\"), r"(A:between:1\,0,2\\)"),
            (Criteria::one_of("A", ["x,y", "(z)"]), r"(A:in:x\,y,\(z\))"),
            (
                Criteria::greater_equal("A", 1).and(Criteria::less_than("A", 2.5)),
                "((A:greater_equal:1)and(A:less_than:2.5))",
            ),
        ] {
            assert_eq!(criteria.to_string(), text);
        }
    }
}
