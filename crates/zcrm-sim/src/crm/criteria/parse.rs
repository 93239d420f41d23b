//! The grammar of search criteria: `((Last_Name:equals:Burns)and(Amount:greater_than:5))`.

use std::iter::Peekable;
use std::str::Chars;

/// The maximum number of conditions in a search.
const CONDITIONS: usize = 10;

/// A search's criteria. Conditions are joined from left to right.
#[derive(Debug, PartialEq)]
pub(crate) enum Criteria {
    Condition(Condition),
    And(Box<Criteria>, Box<Criteria>),
    Or(Box<Criteria>, Box<Criteria>),
}

/// A comparison.
#[derive(Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) field: String,
    pub(crate) operator: Operator,
    /// The values, with escapes removed.
    pub(crate) values: Vec<String>,
    /// The values in lower case.
    pub(crate) folded: Vec<String>,
}

impl Condition {
    pub(crate) fn new(field: String, operator: Operator, values: Vec<String>) -> Self {
        let folded = values.iter().map(|text| text.to_lowercase()).collect();
        Self { field, operator, values, folded }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    NotEqual,
    StartsWith,
    Contains,
    In,
    Between,
    GreaterThan,
    GreaterEqual,
    LessThan,
    LessEqual,
}

impl Operator {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "equals" => Self::Equals,
            "not_equal" => Self::NotEqual,
            "starts_with" => Self::StartsWith,
            "contains" => Self::Contains,
            "in" => Self::In,
            "between" => Self::Between,
            "greater_than" => Self::GreaterThan,
            "greater_equal" => Self::GreaterEqual,
            "less_than" => Self::LessThan,
            "less_equal" => Self::LessEqual,
            _ => return None,
        })
    }

    /// Returns whether the operator takes this number of values.
    fn takes(self, values: usize) -> bool {
        match self {
            Self::In => values >= 1,
            Self::Between => values == 2,
            _ => values == 1,
        }
    }
}

/// The reason why criteria are refused.
#[derive(Debug, PartialEq)]
pub(crate) enum CriteriaError {
    /// A syntax error.
    Syntax(&'static str),
    /// Too many conditions.
    TooMany(usize),
}

/// Parses the criteria of a search.
pub(crate) fn parse(text: &str) -> Result<Criteria, CriteriaError> {
    parse_within(text, CONDITIONS)
}

/// Parses criteria of at most `limit` conditions.
pub(crate) fn parse_within(text: &str, limit: usize) -> Result<Criteria, CriteriaError> {
    let mut parser = Parser { rest: text.chars().peekable(), conditions: 0 };
    let criteria = parser.term()?;
    if parser.rest.next().is_some() {
        return Err(CriteriaError::Syntax("text after the last bracket"));
    }
    if parser.conditions > limit {
        return Err(CriteriaError::TooMany(limit));
    }
    Ok(criteria)
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    conditions: usize,
}

impl Parser<'_> {
    /// Parses `(condition)` or `(term and term …)`.
    fn term(&mut self) -> Result<Criteria, CriteriaError> {
        self.expect('(', "an opening bracket is missing")?;
        if self.rest.peek() != Some(&'(') {
            return self.condition().map(Criteria::Condition);
        }
        let mut joined = self.term()?;
        while self.rest.peek() != Some(&')') {
            let word = self.word();
            let next = self.term();
            joined = match word.as_str() {
                "and" => Criteria::And(Box::new(joined), Box::new(next?)),
                "or" => Criteria::Or(Box::new(joined), Box::new(next?)),
                _ => {
                    return Err(CriteriaError::Syntax("expected `and` or `or` between conditions"));
                }
            };
        }
        self.expect(')', "a closing bracket is missing")?;
        Ok(joined)
    }

    fn expect(&mut self, wanted: char, why: &'static str) -> Result<(), CriteriaError> {
        if self.rest.next() == Some(wanted) { Ok(()) } else { Err(CriteriaError::Syntax(why)) }
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(letter) = self.rest.next_if(char::is_ascii_alphabetic) {
            word.push(letter);
        }
        word
    }

    /// Parses the rest of a condition, with its closing bracket.
    fn condition(&mut self) -> Result<Condition, CriteriaError> {
        self.conditions += 1;
        let field = self.name()?;
        let operator =
            Operator::parse(&self.name()?).ok_or(CriteriaError::Syntax("unknown operator"))?;
        let values = self.values()?;
        if values.iter().any(String::is_empty) {
            return Err(CriteriaError::Syntax("a value is empty"));
        }
        if !operator.takes(values.len()) {
            return Err(CriteriaError::Syntax("wrong number of values for the operator"));
        }
        Ok(Condition::new(field, operator, values))
    }

    /// Parses text up to a colon.
    fn name(&mut self) -> Result<String, CriteriaError> {
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some(':') if !name.is_empty() => return Ok(name),
                Some(c) if c.is_alphanumeric() || c == '_' || c == '.' || c == '$' => name.push(c),
                _ => {
                    return Err(CriteriaError::Syntax(
                        "expected a condition: field:operator:value",
                    ));
                }
            }
        }
    }

    /// Parses values up to the closing bracket. A backslash escapes a bracket, a comma or a
    /// backslash in a value.
    fn values(&mut self) -> Result<Vec<String>, CriteriaError> {
        let mut values = Vec::new();
        let mut value = String::new();
        loop {
            match self.rest.next() {
                Some(')') => {
                    values.push(value);
                    return Ok(values);
                }
                Some(',') => values.push(std::mem::take(&mut value)),
                Some('(') => return Err(CriteriaError::Syntax("an unescaped bracket in a value")),
                Some('\\') => match self.rest.next_if(|c| matches!(c, '(' | ')' | ',' | '\\')) {
                    Some(guarded) => value.push(guarded),
                    None => {
                        return Err(CriteriaError::Syntax("a backslash that escapes no character"));
                    }
                },
                Some(c) => value.push(c),
                None => return Err(CriteriaError::Syntax("a closing bracket is missing")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(field: &str, operator: Operator, values: &[&str]) -> Criteria {
        let values = values.iter().map(ToString::to_string).collect();
        Criteria::Condition(Condition::new(field.into(), operator, values))
    }

    #[test]
    fn parses_one_condition_with_and_without_outer_brackets() {
        let one = condition("Last_Name", Operator::Equals, &["Burns"]);
        assert_eq!(parse("(Last_Name:equals:Burns)"), Ok(one));
        let one = condition("Last_Name", Operator::Equals, &["Burns"]);
        assert_eq!(parse("((Last_Name:equals:Burns))"), Ok(one));
    }

    #[test]
    fn joins_conditions_from_left_to_right_and_nests_them() {
        let a = || Box::new(condition("A", Operator::Equals, &["1"]));
        let b = || Box::new(condition("B", Operator::In, &["2", "3"]));
        let c = || Box::new(condition("C", Operator::Between, &["4", "5"]));
        assert_eq!(
            parse("((A:equals:1)and(B:in:2,3)or(C:between:4,5))"),
            Ok(Criteria::Or(Box::new(Criteria::And(a(), b())), c()))
        );
        assert_eq!(
            parse("((A:equals:1)and((B:in:2,3)or(C:between:4,5)))"),
            Ok(Criteria::And(a(), Box::new(Criteria::Or(b(), c()))))
        );
    }

    #[test]
    fn keeps_escaped_characters_in_the_value() {
        assert_eq!(
            parse(r"(Company:equals:A\, B \(C\) \\ D: E)"),
            Ok(condition("Company", Operator::Equals, &[r"A, B (C) \ D: E"]))
        );
    }

    #[test]
    fn rejects_unescaped_characters() {
        for text in [
            "(A:equals:b(c))",
            "(A:equals:b,c)",
            r"(A:equals:b\c)",
            r"(A:equals:b\)",
            "(A:equals:b",
            "(A:equals:b))",
            "(A:like:b)",
            "(A:equals:)",
            "(A:in:b,)",
            "(A:between:,5)",
            "((A:equals:b)and(A:not_equal:))",
            "((A:equals:b)xor(A:equals:c))",
            "",
        ] {
            assert!(matches!(parse(text), Err(CriteriaError::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn rejects_more_than_ten_conditions() {
        let text = format!("({})", ["(A:equals:b)"; 11].join("or"));
        assert_eq!(parse(&text), Err(CriteriaError::TooMany(10)));
    }
}
