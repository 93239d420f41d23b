//! Checks that a module has the fields and operators of criteria.

use serde_json::{Value, json};

use super::matches::{Comparable, ComparisonKind};
use super::parse::{Criteria, CriteriaError, Operator};
use crate::crm::call::Refusal;
use crate::schema::ModuleSpec;

/// Returns the refusal of invalid criteria.
pub(crate) fn wrong_criteria(wrong: CriteriaError) -> Refusal {
    match wrong {
        CriteriaError::Syntax(why) => invalid_query(why, Value::Null),
        CriteriaError::TooMany(limit) => Refusal::param_limit("criteria", limit),
    }
}

fn invalid_query(reason: &str, field: Value) -> Refusal {
    Refusal::bad(
        "INVALID_QUERY",
        "invalid query formed",
        json!({ "reason": reason, "api_name": field, "param_name": "criteria" }),
    )
}

/// Checks that every condition names a field of the module and an operator of the field.
pub(crate) fn check(criteria: &Criteria, module: &ModuleSpec) -> Result<(), Refusal> {
    let condition = match criteria {
        Criteria::And(left, right) | Criteria::Or(left, right) => {
            check(left, module)?;
            return check(right, module);
        }
        Criteria::Condition(condition) => condition,
    };
    let Some(field) = module.find(&condition.field) else {
        return Err(invalid_query("there is no such field", condition.field.as_str().into()));
    };
    let ordered = matches!(
        condition.operator,
        Operator::Between
            | Operator::GreaterThan
            | Operator::GreaterEqual
            | Operator::LessThan
            | Operator::LessEqual
    );
    let textual = matches!(condition.operator, Operator::StartsWith | Operator::Contains);
    let fits = match Comparable::kind(field.kind) {
        ComparisonKind::Text => !ordered,
        ComparisonKind::Ordered => {
            !textual && condition.values.iter().all(|v| Comparable::parse(field.kind, v).is_some())
        }
        ComparisonKind::None => false,
    };
    if fits {
        Ok(())
    } else {
        let reason = "the field does not take that operator or value";
        Err(invalid_query(reason, condition.field.as_str().into()))
    }
}
