//! Searches for records.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::span;
use crate::crm::call::{
    Context, PAGED_RECORDS_LIMIT, PageParams, Refusal, either, fields, page_info,
};
use crate::crm::criteria;
use crate::crm::criteria::{
    Comparable, ComparisonKind, Criteria, Operator, check, contains, equals, holds, wrong_criteria,
};
use crate::crm::render::View;
use crate::http::Answer;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{IndexMatch, PastRecords, Record, Table};

/// The maximum number of records taken from an index. With more matches, a scan from the newest
/// record fills a page soon enough.
const INDEX_MATCHES_LIMIT: usize = 2_000;

/// Conditions on indexed fields. Each matching record meets at least one of them.
type IndexLookups<'a> = Vec<(&'a str, IndexMatch<'a>)>;

/// The query of a search.
pub(super) enum SearchQuery {
    Criteria(Criteria),
    /// A value of any field of this kind, in lower case.
    Kind(FieldKind, String),
    /// A text in any field, in lower case.
    Word(String),
}

impl SearchQuery {
    /// Parses the parameters; returns `None` without any.
    pub(super) fn of(cx: &Context<'_>, module: &ModuleSpec) -> Result<Option<Self>, Refusal> {
        let given = ["criteria", "email", "phone", "word"]
            .into_iter()
            .find_map(|name| Some((name, cx.call.param(name)?)));
        let Some((name, text)) = given else { return Ok(None) };
        Ok(Some(match name {
            "criteria" => {
                let criteria = criteria::parse(text).map_err(wrong_criteria)?;
                check(&criteria, module)?;
                Self::Criteria(criteria)
            }
            "email" => Self::Kind(FieldKind::Email, text.to_lowercase()),
            "phone" => Self::Kind(FieldKind::Phone, text.to_lowercase()),
            _ if text.chars().count() < 2 => {
                return Err(Refusal::bad(
                    "INVALID_DATA",
                    "a word has at least two characters",
                    json!({ "param_name": "word" }),
                ));
            }
            _ => Self::Word(text.to_lowercase()),
        }))
    }

    /// Returns alternative lookups: each one finds all matching records. Empty if all records
    /// must be scanned.
    fn index_lookups<'w>(&'w self, module: &'w ModuleSpec) -> Vec<IndexLookups<'w>> {
        match self {
            Self::Criteria(criteria) => index_lookups(criteria, module),
            Self::Kind(kind, text) => {
                let fields = module.fields.iter().filter(|field| field.kind == *kind);
                let look =
                    |field: &'w FieldSpec| (field.api_name.as_str(), IndexMatch::Equals(text));
                vec![fields.map(look).collect()]
            }
            Self::Word(_) => Vec::new(),
        }
    }

    pub(super) fn holds(&self, view: View<'_>, module: &ModuleSpec, record: &Record) -> bool {
        match self {
            Self::Criteria(criteria) => holds(criteria, view, module, record),
            Self::Kind(kind, wanted) => module
                .fields
                .iter()
                .filter(|field| field.kind == *kind)
                .filter_map(|field| record.values.get(&field.api_name)?.as_str())
                .any(|text| equals(text, wanted)),
            Self::Word(word) => {
                record.values.values().filter_map(Value::as_str).any(|text| contains(text, word))
            }
        }
    }
}

pub(crate) fn search(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = &*cx.path_module()?;
    let fields = fields(cx.call, cx.version)?;
    let paging = PageParams::of(cx.call)?;
    let wanted = SearchQuery::of(cx, module)?.ok_or_else(|| Refusal::missing_param("criteria"))?;
    let converted = either(cx.call, "converted", false)?;
    let approved = either(cx.call, "approved", true)?;
    if paging.exceeds_limit() {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "You can only get the first 2000 records of a search",
            json!({ "limit": PAGED_RECORDS_LIMIT }),
        ));
    }
    let candidates = candidates(cx, module, &wanted);
    let view = cx.view();
    let table = cx.store().table(module.api_name());
    let lag = span(cx.config.search_lag).max(cx.call.stale);
    let mut found = in_index(cx, module, lag, newest(table, candidates.as_ref()))
        .filter(|record| converted.is_none_or(|wanted| record.converted == wanted))
        .filter(|record| approved.is_none_or(|wanted| record.approved == wanted))
        .filter(|record| wanted.holds(view, module, record))
        .skip(paging.offset());
    let data: Vec<Value> = found
        .by_ref()
        .take(paging.per_page)
        .map(|record| view.record(module, record, fields.as_deref(), false))
        .collect();
    if data.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let more = found.next().is_some();
    let info = page_info(paging.per_page, data.len(), paging.page, more);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": data, "info": info })))
}

/// Returns candidates, a superset of the matching records, if an index finds few enough of them.
pub(super) fn candidates(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    wanted: &SearchQuery,
) -> Option<BTreeSet<u64>> {
    let table = cx.store_mut().table_mut(module.api_name());
    wanted.index_lookups(module).iter().find_map(|lookups| table.find(lookups, INDEX_MATCHES_LIMIT))
}

/// Returns the candidates, or all records, the newest first.
pub(super) fn newest<'t>(
    table: &'t Table,
    candidates: Option<&'t BTreeSet<u64>>,
) -> Box<dyn Iterator<Item = &'t Record> + 't> {
    match candidates {
        Some(ids) => Box::new(ids.iter().rev().filter_map(|id| table.records.get(id))),
        None => Box::new(table.records.values().rev()),
    }
}

/// Returns the records as an index knows them, the newest first: without the writes of the time
/// `lag`, and with the values before them.
pub(super) fn in_index<'a>(
    cx: &'a Context<'_>,
    module: &ModuleSpec,
    lag: TimeDelta,
    newest: Box<dyn Iterator<Item = &'a Record> + 'a>,
) -> Box<dyn Iterator<Item = &'a Record> + 'a> {
    let then = cx.now.checked_sub_signed(lag).unwrap_or(DateTime::<Utc>::MIN_UTC);
    with_past(&cx.store().history.as_of(module.api_name(), then), newest)
}

/// Returns the records with the values of an earlier time, the newest first.
pub(super) fn with_past<'a>(
    past: &PastRecords<'a>,
    newest: Box<dyn Iterator<Item = &'a Record> + 'a>,
) -> Box<dyn Iterator<Item = &'a Record> + 'a> {
    if past.is_empty() {
        return newest;
    }
    let mut known: Vec<&Record> = newest.filter(|record| !past.contains_key(&record.id)).collect();
    known.extend(past.values().copied().flatten());
    known.sort_unstable_by_key(|record| std::cmp::Reverse(record.id));
    Box::new(known.into_iter())
}

/// Returns alternative lookups: each one finds all records that meet the criteria.
fn index_lookups<'c>(criteria: &'c Criteria, module: &ModuleSpec) -> Vec<IndexLookups<'c>> {
    match criteria {
        Criteria::And(left, right) => {
            let mut lookups = index_lookups(left, module);
            lookups.extend(index_lookups(right, module));
            lookups
        }
        Criteria::Or(left, right) => {
            let (left, right) = (index_lookups(left, module), index_lookups(right, module));
            let (left, right) = (left.into_iter().next(), right.into_iter().next());
            let both = left.zip(right).map(|(left, right)| left.into_iter().chain(right).collect());
            both.into_iter().collect()
        }
        Criteria::Condition(condition) => {
            let look: fn(&'c str) -> IndexMatch<'c> = match condition.operator {
                Operator::Equals | Operator::In => IndexMatch::Equals,
                Operator::StartsWith => IndexMatch::StartsWith,
                Operator::Contains => IndexMatch::Contains,
                _ => return Vec::new(),
            };
            let plain = module.find(&condition.field).is_some_and(|field| {
                field.is_shown_as_stored()
                    && matches!(Comparable::kind(field.kind), ComparisonKind::Text)
            });
            let each = |text: &'c String| (condition.field.as_str(), look(text));
            if plain { vec![condition.folded.iter().map(each).collect()] } else { Vec::new() }
        }
    }
}
