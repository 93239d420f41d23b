//! Conditions in COQL: `(City = 'Pune' and Amount > 5)`.

use zcrm_core::{ApiVersion, Error};

use super::operand::Value;
use super::{Column, Comparison, Condition, Join, Node, Operand, Test, check_raw};

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
        self.to_coql_with(version, &mut |_| Ok(()))
    }

    /// Writes the condition like [`to_coql`](Self::to_coql), and shows each of its columns to `check`.
    pub(crate) fn to_coql_with<'a>(
        &'a self,
        version: ApiVersion,
        check: &mut dyn FnMut(Column<'a>) -> Result<(), Error>,
    ) -> Result<String, Error> {
        self.at_most(MOST_TESTS, "one COQL query")?;
        let mut text = String::with_capacity(32 * self.tests);
        CoqlWriter { most_values: most_values(version), check, out: &mut text }.node(&self.node)?;
        Ok(text)
    }
}

/// Returns the largest number of values of `in`.
pub(crate) fn most_values(version: ApiVersion) -> usize {
    if version < ApiVersion::V7 { MOST_VALUES_BEFORE_V7 } else { MOST_VALUES }
}

struct CoqlWriter<'w, 'a> {
    /// The largest number of values of `in`.
    most_values: usize,
    check: &'w mut dyn FnMut(Column<'a>) -> Result<(), Error>,
    out: &'w mut String,
}

impl<'a> CoqlWriter<'_, 'a> {
    fn node(&mut self, node: &'a Node) -> Result<(), Error> {
        match node {
            Node::Test(test) => self.test(test)?,
            Node::Raw(text) => {
                self.out.push('(');
                self.out.push_str(check_raw(text)?);
                self.out.push(')');
            }
            Node::TooMany => {}
            // Zoho takes two conditions side by side; more are bracketed in pairs: ((a and b) and c).
            Node::Group(join, nodes) => {
                (1..nodes.len()).for_each(|_| self.out.push('('));
                for (index, node) in nodes.iter().enumerate() {
                    if index > 0 {
                        self.out.push_str(match join {
                            Join::And => " and ",
                            Join::Or => " or ",
                        });
                    }
                    self.node(node)?;
                    if index > 0 {
                        self.out.push(')');
                    }
                }
            }
        }
        Ok(())
    }

    fn test(&mut self, test: &'a Test) -> Result<(), Error> {
        test.check()?;
        test.at_most(self.most_values, "COQL")?;
        let column = Column::new(&test.field).ok_or_else(|| {
            test.wrong(
                "cannot be sent in COQL: write the field's API name, with dots for fields of related \
                 records, such as `Account_Name.Industry`",
            )
        })?;
        (self.check)(column)?;
        let out = &mut *self.out;
        column.write(out);
        let operator = match test.comparison {
            Comparison::Equal => " = ",
            Comparison::NotEqual => " != ",
            Comparison::Greater => " > ",
            Comparison::GreaterEqual => " >= ",
            Comparison::Less => " < ",
            Comparison::LessEqual => " <= ",
            Comparison::Between => " between ",
            Comparison::NotBetween => " not between ",
            Comparison::In => " in (",
            Comparison::NotIn => " not in (",
            Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Contains
            | Comparison::Like => " like ",
            Comparison::NotContains | Comparison::NotLike => " not like ",
            Comparison::IsNull => " is null",
            Comparison::IsNotNull => " is not null",
        };
        out.push_str(operator);
        match test.comparison {
            Comparison::Between | Comparison::NotBetween => {
                write_values(&test.values, " and ", out);
            }
            Comparison::In | Comparison::NotIn => {
                write_values(&test.values, ", ", out);
                out.push(')');
            }
            Comparison::StartsWith => write_pattern(test, "", "%", out)?,
            Comparison::EndsWith => write_pattern(test, "%", "", out)?,
            Comparison::Contains | Comparison::NotContains => write_pattern(test, "%", "%", out)?,
            Comparison::NotLike if !test.values.iter().all(is_inner_pattern) => {
                return Err(test.wrong(
                    "uses `not_like` with a pattern that COQL does not support: expected `%` at both \
                     ends, for example `%ylk%`",
                ));
            }
            _ => write_values(&test.values, "", out),
        }
        Ok(())
    }
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
        Value::Number(digits) => out.push_str(digits),
        Value::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Text(text) => write_string(text, out),
        _ => write_string(&value.text(), out),
    }
}

/// Writes a text as a string of COQL. Zoho's page on the limits of COQL: a quote is doubled.
fn write_string(text: &str, out: &mut String) {
    out.push('\'');
    write_inside_quotes(text, out);
    out.push('\'');
}

fn write_inside_quotes(text: &str, out: &mut String) {
    // the common case, which needs no search for parts
    if !text.as_bytes().contains(&b'\'') {
        return out.push_str(text);
    }
    for (index, part) in text.split('\'').enumerate() {
        if index > 0 {
            out.push_str("''");
        }
        out.push_str(part);
    }
}

fn write_pattern(test: &Test, before: &str, after: &str, out: &mut String) -> Result<(), Error> {
    for value in test.values.iter() {
        let text = value.text();
        if text.contains('%') {
            return Err(test.wrong(
                "has a value with `%`, which COQL always reads as a wildcard: use `like`, in which `%` \
                 matches any text",
            ));
        }
        out.push('\'');
        out.push_str(before);
        write_inside_quotes(&text, out);
        out.push_str(after);
        out.push('\'');
    }
    Ok(())
}
