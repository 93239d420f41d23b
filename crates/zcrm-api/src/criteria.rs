//! Criteria of a search.

use std::fmt;

/// A condition on records, for [`search`](crate::Records::search). Names and values are escaped, so
/// that parentheses, commas and backslashes in them mean themselves.
///
/// Zoho takes at most ten conditions.
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
pub struct Criteria(String);

/// Shows nothing of the criteria: their values are people's data. `Display` does.
impl fmt::Debug for Criteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Criteria").finish_non_exhaustive()
    }
}

impl Criteria {
    /// The field has this value.
    #[must_use]
    pub fn equals(field: &str, value: impl fmt::Display) -> Self {
        Self::condition(field, "equals", value)
    }

    /// The field has another value.
    #[must_use]
    pub fn not_equal(field: &str, value: impl fmt::Display) -> Self {
        Self::condition(field, "not_equal", value)
    }

    /// The text begins with this.
    #[must_use]
    pub fn starts_with(field: &str, value: impl fmt::Display) -> Self {
        Self::condition(field, "starts_with", value)
    }

    /// The number or time is greater.
    #[must_use]
    pub fn greater_than(field: &str, value: impl fmt::Display) -> Self {
        Self::condition(field, "greater_than", value)
    }

    /// The number or time is greater or the same.
    #[must_use]
    pub fn greater_equal(field: &str, value: impl fmt::Display) -> Self {
        Self::condition(field, "greater_equal", value)
    }

    /// The number or time is less.
    #[must_use]
    pub fn less_than(field: &str, value: impl fmt::Display) -> Self {
        Self::condition(field, "less_than", value)
    }

    /// The number or time is less or the same.
    #[must_use]
    pub fn less_equal(field: &str, value: impl fmt::Display) -> Self {
        Self::condition(field, "less_equal", value)
    }

    /// The number or time lies between the two, or is one of them.
    #[must_use]
    pub fn between(field: &str, from: impl fmt::Display, to: impl fmt::Display) -> Self {
        Self::raw(format!("({}:between:{},{})", escape(&field), escape(&from), escape(&to)))
    }

    /// The field has one of these values.
    #[must_use]
    pub fn one_of<V: fmt::Display>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| escape(&value)).collect();
        Self::raw(format!("({}:in:{})", escape(&field), values.join(",")))
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(format!("({self}and{other})"))
    }

    /// One of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(format!("({self}or{other})"))
    }

    /// Criteria in Zoho's own words, sent as they are.
    #[must_use]
    pub fn raw(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn condition(field: &str, comparator: &str, value: impl fmt::Display) -> Self {
        Self(format!("({}:{comparator}:{})", escape(&field), escape(&value)))
    }
}

/// Zoho's search page: `(`, `)`, `,` and the backslash are escaped by a backslash.
fn escape(value: &dyn fmt::Display) -> String {
    let mut escaped = String::new();
    for character in value.to_string().chars() {
        if matches!(character, '(' | ')' | ',' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

impl fmt::Display for Criteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Criteria;

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
