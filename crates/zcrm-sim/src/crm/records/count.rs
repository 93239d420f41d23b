//! The number of records of a module.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::search::{SearchQuery, candidates, in_index, newest};
use crate::clock::span;
use crate::crm::call::{Context, Refusal, ambiguous, either};
use crate::crm::criteria;
use crate::crm::criteria::{Criteria, CriteriaError, Operator, check, holds, wrong_criteria};
use crate::crm::settings::custom_views;
use crate::http::Answer;
use crate::schema::ModuleSpec;
use crate::version::Version;

/// The maximum number of conditions of a count.
const CONDITIONS: usize = 15;
/// The maximum number of values of the operator `in`.
const VALUES: usize = 100;
const SEARCH_PARAMS: [&str; 4] = ["criteria", "email", "phone", "word"];

/// Counts the records of a module that match a view or a search.
pub(crate) fn count(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    if cx.version == Version::V2 {
        return Err(Refusal::unsupported_version("v2.1"));
    }
    let module = &*cx.path_module()?;
    let view = custom_views::view_of_list(cx, module)?;
    let given = SEARCH_PARAMS.into_iter().find(|name| cx.call.param(name).is_some());
    if let (Some(_), Some(name)) = (&view, given) {
        return Err(ambiguous(
            "Please use either Cvid or Search Params. Combination of both the params is not allowed",
            ["cvid", name],
        ));
    }
    let view = view.and_then(|view| custom_views::criteria(cx, &view));
    let wanted = query(cx, module)?;
    let converted = either(cx.call, "converted", false)?;
    let approved = either(cx.call, "approved", true)?;
    let lag = span(cx.config.count_lag);
    let usual = converted == Some(false) && approved == Some(true);
    if view.is_none() && wanted.is_none() && usual && lag.is_zero() {
        let table = cx.store().table(module.api_name());
        return Ok(answer(table.records.len().saturating_sub(table.hidden)));
    }
    let candidates = wanted.as_ref().and_then(|wanted| candidates(cx, module, wanted));
    let shown = cx.view();
    let table = cx.store().table(module.api_name());
    let records = in_index(cx, module, lag, newest(table, candidates.as_ref()));
    let count = records
        .filter(|record| converted.is_none_or(|wanted| record.converted == wanted))
        .filter(|record| approved.is_none_or(|wanted| record.approved == wanted))
        .filter(|record| view.as_ref().is_none_or(|one| holds(one, shown, module, record)))
        .filter(|record| wanted.as_ref().is_none_or(|one| one.holds(shown, module, record)))
        .count();
    Ok(answer(count))
}

fn answer(count: usize) -> Answer {
    Answer::json(StatusCode::OK, &json!({ "count": count }))
}

fn query(cx: &Context<'_>, module: &ModuleSpec) -> Result<Option<SearchQuery>, Refusal> {
    let Some(text) = cx.call.param("criteria") else { return SearchQuery::of(cx, module) };
    let criteria = criteria::parse_within(text, CONDITIONS).map_err(|wrong| match wrong {
        CriteriaError::TooMany(limit) => Refusal::bad(
            "CRITERIA_LIMIT_EXCEEDED",
            format!("no of criterium that can be given exceed the limit {limit}"),
            json!({}),
        ),
        other @ CriteriaError::Syntax(_) => wrong_criteria(other),
    })?;
    check(&criteria, module)?;
    check_values(&criteria)?;
    Ok(Some(SearchQuery::Criteria(criteria)))
}

/// Refuses too many values of the operator `in`.
fn check_values(criteria: &Criteria) -> Result<(), Refusal> {
    match criteria {
        Criteria::And(left, right) | Criteria::Or(left, right) => {
            check_values(left)?;
            check_values(right)
        }
        Criteria::Condition(one) if one.operator == Operator::In && one.values.len() > VALUES => {
            Err(Refusal::bad(
                "INVALID_QUERY",
                format!("Only {VALUES} values are allowed in \"IN\" criteria"),
                json!({ "api_name": Value::from(one.field.as_str()), "param_name": "criteria" }),
            ))
        }
        Criteria::Condition(_) => Ok(()),
    }
}
