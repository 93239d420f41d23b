//! Conditions in COQL: `(City = 'Pune' and Amount > 5)`.

use zcrm_core::{ApiVersion, Error};

use super::operand::Value;
use super::{Comparison, Condition, Node, Operand, Test, check_raw};

/// Zoho's page on the limits of COQL: at most 25 comparisons in one query.
const MOST_TESTS: usize = 25;

/// Zoho's page on the limits of COQL: the values of `in`, before v7 and from v7 on.
const MOST_VALUES_BEFORE_V7: usize = 50;
const MOST_VALUES: usize = 100;

impl Condition {
    /// Writes the condition for the `where` clause of a COQL query, with the brackets that Zoho requires.
    ///
    /// ```
    /// use zcrm_api::field;
    /// use zcrm_core::ApiVersion;
    ///
    /// let condition = field("Last_Name").eq("O'Brien").and(field("Email").is_not_null());
    /// let expected = "(Last_Name = 'O''Brien' and Email is not null)";
    /// assert_eq!(condition.to_coql(ApiVersion::V8)?, expected);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) if the condition has more than 25 comparisons, more values
    /// in one `is_in` than the version takes (50, from v7 on 100), a field name that is not an API name, an empty
    /// value, a `%` in a value of `starts_with`, `ends_with`, `contains` or `not_contains`, or a pattern of
    /// `not_like` without `%` at both ends.
    pub fn to_coql(&self, version: ApiVersion) -> Result<String, Error> {
        self.at_most(MOST_TESTS, "one COQL query")?;
        let mut text = String::with_capacity(32 * self.tests);
        write_node(&self.node, most_values(version), &mut text)?;
        Ok(text)
    }
}

/// Returns the largest number of values of `in`.
pub(crate) fn most_values(version: ApiVersion) -> usize {
    if version < ApiVersion::V7 { MOST_VALUES_BEFORE_V7 } else { MOST_VALUES }
}

fn write_node(node: &Node, most_values: usize, out: &mut String) -> Result<(), Error> {
    match node {
        Node::Test(test) => write_test(test, most_values, out)?,
        Node::Raw(text) => {
            out.push('(');
            out.push_str(check_raw(text)?);
            out.push(')');
        }
        Node::TooMany => {}
        // Zoho takes two conditions side by side; more are bracketed in pairs: ((a and b) and c).
        Node::Group(join, nodes) => {
            out.extend(std::iter::repeat_n('(', nodes.len().saturating_sub(1)));
            for (index, node) in nodes.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                    out.push_str(join.as_str());
                    out.push(' ');
                }
                write_node(node, most_values, out)?;
                if index > 0 {
                    out.push(')');
                }
            }
        }
    }
    Ok(())
}

fn write_test(test: &Test, most_values: usize, out: &mut String) -> Result<(), Error> {
    test.check()?;
    test.at_most(most_values, "COQL")?;
    if !is_column(&test.field) {
        return Err(test.wrong(
            "cannot be sent in COQL: write the field's API name, with dots for fields of related \
             records, such as `Account_Name.Industry`",
        ));
    }
    write_column(&test.field, out);
    let operator = match test.comparison {
        Comparison::Equal => " = ",
        Comparison::NotEqual => " != ",
        Comparison::Greater => " > ",
        Comparison::GreaterEqual => " >= ",
        Comparison::Less => " < ",
        Comparison::LessEqual => " <= ",
        Comparison::Between => " between ",
        Comparison::NotBetween => " not between ",
        Comparison::In => " in ",
        Comparison::NotIn => " not in ",
        Comparison::StartsWith | Comparison::EndsWith | Comparison::Contains | Comparison::Like => {
            " like "
        }
        Comparison::NotContains | Comparison::NotLike => " not like ",
        Comparison::IsNull => " is null",
        Comparison::IsNotNull => " is not null",
    };
    out.push_str(operator);
    match test.comparison {
        Comparison::Between | Comparison::NotBetween => write_values(&test.values, " and ", out),
        Comparison::In | Comparison::NotIn => {
            out.push('(');
            write_values(&test.values, ", ", out);
            out.push(')');
        }
        Comparison::StartsWith => write_pattern(test, "", "%", out)?,
        Comparison::EndsWith => write_pattern(test, "%", "", out)?,
        Comparison::Contains | Comparison::NotContains => write_pattern(test, "%", "%", out)?,
        Comparison::NotLike if !test.values.iter().all(is_inner_pattern) => {
            return Err(test.wrong(
                "uses `not_like` with a pattern that COQL does not support: expected `%` at both ends, for \
                 example `%ylk%`",
            ));
        }
        _ => write_values(&test.values, "", out),
    }
    Ok(())
}

fn is_inner_pattern(value: &Operand) -> bool {
    let text = value.text();
    text.strip_prefix('%').is_some_and(|rest| rest.len() > 1 && rest.ends_with('%'))
}

fn write_values(values: &[Operand], between: &str, out: &mut String) {
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        write_literal(value, out);
    }
}

/// Writes a value as a literal of COQL.
pub(crate) fn write_literal(value: &Operand, out: &mut String) {
    match &value.value {
        Value::Number(_) | Value::Boolean(_) => out.push_str(&value.text()),
        _ => write_string(&value.text(), out),
    }
}

/// Writes a text as a string of COQL. Zoho's page on the limits of COQL: a quote is doubled.
fn write_string(text: &str, out: &mut String) {
    out.push('\'');
    for (index, part) in text.split('\'').enumerate() {
        if index > 0 {
            out.push_str("''");
        }
        out.push_str(part);
    }
    out.push('\'');
}

fn write_pattern(test: &Test, before: &str, after: &str, out: &mut String) -> Result<(), Error> {
    for value in &test.values {
        let text = value.text();
        if text.contains('%') {
            return Err(test.wrong(
                "has a value with `%`, which COQL always reads as a wildcard: use `like`, in which `%` \
                 matches any text",
            ));
        }
        write_string(&format!("{before}{text}{after}"), out);
    }
    Ok(())
}

/// Returns `true` if the text is a column of COQL: API names joined by dots. A name may begin with `$` or
/// `!`. A lookup that leads to several modules names one of them after an arrow:
/// `What_Id->Leads.Last_Name`.
pub(crate) fn is_column(name: &str) -> bool {
    let path = match name.split_once('>') {
        Some((lookup, path)) if lookup.strip_suffix('-').is_some_and(is_path) => path,
        Some(_) => return false,
        None => name,
    };
    is_path(path)
}

/// Returns `true` if the text is names joined by dots. One pass, because each query checks each column.
fn is_path(path: &str) -> bool {
    let (mut named, mut prefixed) = (false, false);
    for byte in path.bytes() {
        match byte {
            b'.' if named => (named, prefixed) = (false, false),
            b'$' | b'!' if !named && !prefixed => prefixed = true,
            b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => named = true,
            _ => return false,
        }
    }
    named
}

/// Words of SQL. Zoho takes a column with such a name in quotes only, and takes any column in quotes.
///
/// Source: <https://help.zoho.com/portal/en/community/topic/kaizen-171-faqs-on-coql-api>.
const WORDS_OF_SQL: [&str; 73] = [
    "add",
    "all",
    "alter",
    "and",
    "any",
    "as",
    "asc",
    "avg",
    "between",
    "by",
    "case",
    "check",
    "column",
    "constraint",
    "count",
    "create",
    "cross",
    "current",
    "database",
    "default",
    "delete",
    "desc",
    "distinct",
    "drop",
    "else",
    "end",
    "except",
    "exists",
    "external",
    "fetch",
    "for",
    "foreign",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "in",
    "index",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "key",
    "left",
    "like",
    "limit",
    "max",
    "min",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "primary",
    "right",
    "select",
    "set",
    "sum",
    "table",
    "then",
    "to",
    "union",
    "unique",
    "update",
    "values",
    "when",
    "where",
];

fn is_word_of_sql(name: &str) -> bool {
    // most names have an underscore, and need no search
    name.bytes().all(|byte| byte.is_ascii_alphabetic())
        && WORDS_OF_SQL.iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// Writes a column. One with an arrow, or with the name of a keyword, is in quotes.
pub(crate) fn write_column(name: &str, out: &mut String) {
    match name.contains('>') || is_word_of_sql(name) {
        true => write_string(name, out),
        false => out.push_str(name),
    }
}
