//! Conditions in the notation of searches: `((City:equals:Pune)and(Amount:greater_than:5))`.

use zcrm_core::Error;

use super::{Comparison, Condition, Node, Test, check_raw};

/// A call with `criteria`, and its limits.
struct CriteriaTarget {
    name: &'static str,
    most_tests: usize,
    most_values: Option<usize>,
}

/// Zoho's page on searching records: at most ten comparisons in one search.
const SEARCH: CriteriaTarget =
    CriteriaTarget { name: "one search", most_tests: 10, most_values: None };

/// Zoho's OpenAPI file `record-count` of 2026: at most 15 comparisons, of 100 values each.
const COUNT: CriteriaTarget =
    CriteriaTarget { name: "one count", most_tests: 15, most_values: Some(100) };

impl Condition {
    /// Writes the condition as the `criteria` of a search.
    ///
    /// ```
    /// use zcrm_api::field;
    ///
    /// let condition = field("Company").eq("Zylker (India), Ltd").or(field("City").eq("Chennai"));
    /// let expected = r"((Company:equals:Zylker \(India\)\, Ltd)or(City:equals:Chennai))";
    /// assert_eq!(condition.to_search()?, expected);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) if the condition has more than ten comparisons, uses a
    /// comparison that searches do not support, or compares with an empty value.
    pub fn to_search(&self) -> Result<String, Error> {
        self.to_criteria(&SEARCH)
    }

    /// Writes the condition as the `criteria` of a count.
    pub(crate) fn to_count(&self) -> Result<String, Error> {
        self.to_criteria(&COUNT)
    }

    fn to_criteria(&self, target: &CriteriaTarget) -> Result<String, Error> {
        self.at_most(target.most_tests, target.name)?;
        let mut text = String::new();
        write_node(&self.node, target, &mut text)?;
        Ok(text)
    }
}

fn write_node(node: &Node, target: &CriteriaTarget, out: &mut String) -> Result<(), Error> {
    match node {
        Node::Test(test) => {
            if let Some(most) = target.most_values {
                test.at_most(most, target.name)?;
            }
            write_test(test, out)?;
        }
        Node::Raw(text) => out.push_str(check_raw(text)?),
        Node::TooMany => {}
        // Joined in pairs from the left: ((a)and(b)) and c is (((a)and(b))and(c)).
        Node::Group(join, nodes) => {
            out.extend(std::iter::repeat_n('(', nodes.len().saturating_sub(1)));
            for (index, node) in nodes.iter().enumerate() {
                if index > 0 {
                    out.push_str(join.as_str());
                }
                write_node(node, target, out)?;
                if index > 0 {
                    out.push(')');
                }
            }
        }
    }
    Ok(())
}

fn write_test(test: &Test, out: &mut String) -> Result<(), Error> {
    test.check()?;
    let operator = match test.comparison {
        Comparison::Equal => "equals",
        Comparison::NotEqual => "not_equal",
        Comparison::Greater => "greater_than",
        Comparison::GreaterEqual => "greater_equal",
        Comparison::Less => "less_than",
        Comparison::LessEqual => "less_equal",
        Comparison::Between => "between",
        Comparison::In => "in",
        Comparison::StartsWith => "starts_with",
        _ => return Err(test.unsupported("a search", "use it in COQL or in a bulk read")),
    };
    out.push('(');
    out.push_str(&escape(&test.field));
    out.push(':');
    out.push_str(operator);
    for (index, value) in test.values.iter().enumerate() {
        out.push(if index == 0 { ':' } else { ',' });
        out.push_str(&escape(&value.text()));
    }
    out.push(')');
    Ok(())
}

/// Zoho's page on searching records: a backslash escapes parentheses, commas and backslashes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '(' | ')' | ',' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
