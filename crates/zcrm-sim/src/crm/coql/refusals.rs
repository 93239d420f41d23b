//! The errors of queries, with the details that Zoho sends.
//!
//! Source: the examples of `executeCOQLQuery` in <https://github.com/zoho/crm-oas> (v8.0).

use serde_json::{Value, json};

use super::parse::SyntaxError;
use super::syntax::Operator;
use crate::crm::call::Refusal;

const INVALID: &str = "Invalid query formed";

impl From<SyntaxError> for Refusal {
    fn from(error: SyntaxError) -> Self {
        let (details, message) = match error {
            SyntaxError::NotSupported => return not_supported(),
            SyntaxError::MissingClause(clause) => (json!({ "clause": clause }), "missing clause"),
            SyntaxError::Operator(operator) => {
                (json!({ "operator": operator }), "operator not supported")
            }
            SyntaxError::Conditions => {
                (json!({ "near": "where" }), "error occured while parsing the query")
            }
            SyntaxError::End(clause) => {
                (json!({ "near": clause }), "error occured while parsing the query")
            }
            SyntaxError::Unexpected { line, column, near } => {
                (json!({ "line": line, "column": column, "near": near }), "unexpected token")
            }
        };
        Self::bad("SYNTAX_ERROR", message, details)
    }
}

/// Refuses a text that is not a query, or a query that the version does not have.
pub(super) fn not_supported() -> Refusal {
    Refusal::bad("SYNTAX_ERROR", "given coql query not supported", json!({}))
}

fn invalid_query(message: &str, details: Value) -> Refusal {
    Refusal::bad("INVALID_QUERY", message, details)
}

/// Refuses a query whose parts do not fit together.
pub(super) fn invalid() -> Refusal {
    invalid_query(INVALID, json!({}))
}

pub(super) fn unknown_module(module: &str) -> Refusal {
    invalid_query("module given seems to be invalid", json!({ "module": module }))
}

pub(super) fn unknown_view(cvid: &str) -> Refusal {
    invalid_query("cvid given seems to be invalid", json!({ "cvid": cvid }))
}

pub(super) fn unknown_column(column: &str) -> Refusal {
    invalid_query("column given seems to be invalid", json!({ "column_name": column }))
}

pub(super) fn unsupported_column(column: &str) -> Refusal {
    invalid_query("unsupported column", json!({ "column_name": column }))
}

/// Refuses a column in a clause that does not take it.
pub(super) fn misplaced_column(column: &str, clause: &str) -> Refusal {
    let details = json!({ "column_name": column, "clause": clause });
    invalid_query("unsupported column in the clause", details)
}

/// Refuses a column whose kind has no tests.
pub(super) fn untestable_column(column: &str, operator: Operator, value: Option<&str>) -> Refusal {
    let (operator, value) = match operator {
        Operator::IsNull => ("=", "${EMPTY}"),
        Operator::IsNotNull => ("!=", "${EMPTY}"),
        other => (other.name(), value.unwrap_or_default()),
    };
    let details = json!({
        "cv_criteria": false, "column_name": column, "value": value, "operator": operator,
    });
    invalid_query("unsupported column in criteria", details)
}

pub(super) fn invalid_operator(column: &str, operator: Operator) -> Refusal {
    let details = json!({
        "reason": "invalid operator found", "column_name": column, "operator": operator.name(),
    });
    invalid_query(INVALID, details)
}

pub(super) fn invalid_value(column: &str) -> Refusal {
    let details = json!({ "column_name": column });
    invalid_query("value given seems to be invalid for the column", details)
}

pub(super) fn invalid_limit(text: &str) -> Refusal {
    invalid_query("limit given seems to be invalid", json!({ "limit": text }))
}

pub(super) fn limit_of_zero() -> Refusal {
    Refusal::bad("INVALID_DATA", "limit should be greater than 0", json!({}))
}

/// Refuses a query that exceeds a limit. Zoho does not send the limit.
pub(super) fn limit_exceeded(message: &str) -> Refusal {
    Refusal::bad("LIMIT_EXCEEDED", message, json!({}))
}

pub(super) fn unknown_aggregate(function: &str, column: &str) -> Refusal {
    let column = format!("{function}({column})");
    let details = json!({ "reason": "unsupported aggregate function", "column": column });
    Refusal::bad("INVALID_DATA", "invalid data", details)
}

pub(super) fn empty_alias(column: &str) -> Refusal {
    let details = json!({ "column_name": column, "alias": "" });
    Refusal::bad("INVALID_ALIAS", "alias name cannot be an empty string", details)
}

/// Refuses an alias that is also the name of a column in the answer.
pub(super) fn alias_of_column(column: &str, alias: &str) -> Refusal {
    let message = "column name or property name given in select columns without alias name \
                   cannot be an alias name for other select columns";
    invalid_query(message, json!({ "column_name": column, "alias": alias }))
}

pub(super) fn duplicate_alias(columns: [&str; 2], alias: &str) -> Refusal {
    let details = json!({ "referred_columns": columns, "alias": alias });
    Refusal::bad("DUPLICATE_ALIAS", "same alias cannot refer more than one column", details)
}

pub(super) fn duplicate_column(column: &str, message: &str) -> Refusal {
    Refusal::bad("DUPLICATE_DATA", message, json!({ "column_name": column }))
}

pub(super) fn duplicate_aggregate(column: &str, function: &str) -> Refusal {
    let details = json!({ "column_name": column, "aggregate": function });
    Refusal::bad("DUPLICATE_DATA", "duplicate aggregate function", details)
}

pub(super) fn subquery_operator(sequence: usize, operator: Operator) -> Refusal {
    let message = "subquery return more than one values which is incompatible for the operator";
    let details = json!({ "sub_query_sequence": sequence, "operator": operator.name() });
    invalid_query(message, details)
}

pub(super) fn subquery_columns(sequence: usize, columns: &[String]) -> Refusal {
    let details = json!({ "sub_query_sequence": sequence, "column_name": columns });
    invalid_query("subquery should contains only one column", details)
}

pub(super) fn missing_scope() -> Refusal {
    Refusal::unauthorized("OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")
}
