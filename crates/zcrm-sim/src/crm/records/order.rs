//! The order of a list, and the records of one page.

use std::cmp::Ordering;
use std::ops::Bound;

use serde_json::Value;

use crate::crm::call::{Refusal, ambiguous};
use crate::crm::render::View;
use crate::http::IncomingCall;
use crate::schema::ModuleSpec;
use crate::state::{CustomView, PagePosition, Record, Table};
use crate::version::Version;

const SORTABLE: [&str; 3] = ["id", "Created_Time", "Modified_Time"];

/// The range of a sorted list that forms one page.
pub(crate) struct Window {
    /// The sort keys and ids of the records.
    pub(crate) keys: Vec<(i64, u64)>,
    /// Whether more records follow.
    pub(crate) more: bool,
    /// The last record before the previous page.
    pub(crate) before: Option<(i64, u64)>,
}

/// The order of a list.
pub(crate) struct SortKey {
    pub(crate) field: String,
    pub(crate) descending: bool,
}

impl SortKey {
    /// Returns the order given by the call, else the view's, else the order of the ids.
    pub(crate) fn of(
        call: &IncomingCall,
        module: &ModuleSpec,
        version: Version,
        custom_view: Option<&CustomView>,
    ) -> Result<Self, Refusal> {
        let asked = call.param("sort_by").filter(|field| !field.is_empty());
        if let (Some(_), Some(_), true) = (asked, custom_view, version > Version::V2) {
            return Err(ambiguous("sort_by cannot be given along with cvid", ["cvid", "sort_by"]));
        }
        let of_view = custom_view.and_then(|view| Some((view.sort_by.clone()?, view.descending)));
        if let (None, Some((field, descending))) = (asked, of_view) {
            return Ok(Self { field, descending });
        }
        let field = asked.unwrap_or("id").to_owned();
        // v2 also sorts by other fields.
        let known = SORTABLE.contains(&field.as_str())
            || version == Version::V2 && module.find(&field).is_some();
        if !known {
            return Err(Refusal::unsupported_param("sort_by", &SORTABLE));
        }
        let descending = match call.param("sort_order").filter(|order| !order.is_empty()) {
            None | Some("desc") => true,
            Some("asc") => false,
            Some(_) => return Err(Refusal::unsupported_param("sort_order", &["asc", "desc"])),
        };
        Ok(Self { field, descending })
    }

    pub(crate) fn is_by_id(&self) -> bool {
        self.field == "id"
    }

    /// Returns a page of the given records.
    pub(crate) fn window(
        &self,
        view: View<'_>,
        module: &ModuleSpec,
        records: &[&Record],
        position: &PagePosition,
        per_page: usize,
    ) -> Window {
        let keys = self.sort(view, module, records);
        let start = match position.after {
            Some(after) => self.start(&keys, after),
            None => position.offset,
        };
        let rest = keys.get(start..).unwrap_or_default();
        let before = start.checked_sub(per_page + 1).and_then(|index| keys.get(index).copied());
        Window {
            keys: rest.iter().take(per_page).copied().collect(),
            more: rest.len() > per_page,
            before,
        }
    }

    /// Returns a page of all records by id, without sorting.
    pub(crate) fn window_by_id(
        &self,
        table: &Table,
        position: &PagePosition,
        per_page: usize,
    ) -> Window {
        let records = &table.records;
        let above = |id: u64| records.range((Bound::Excluded(id), Bound::Unbounded));
        let after = position.after.map(|(_, id)| id);
        let rest: Box<dyn Iterator<Item = (&u64, &Record)>> = match (self.descending, after) {
            (true, Some(id)) => Box::new(records.range(..id).rev()),
            (true, None) => Box::new(records.iter().rev().skip(position.offset)),
            (false, Some(id)) => Box::new(above(id)),
            (false, None) => Box::new(records.iter().skip(position.offset)),
        };
        let mut keys: Vec<(i64, u64)> = rest.take(per_page + 1).map(|(id, _)| (0, *id)).collect();
        let more = keys.len() > per_page;
        keys.truncate(per_page);
        let before = keys.first().and_then(|(_, first)| {
            let before = if self.descending {
                above(*first).nth(per_page)
            } else {
                records.range(..*first).rev().nth(per_page)
            };
            before.map(|(id, _)| (0, *id))
        });
        Window { keys, more, before }
    }

    /// Returns the records' sort keys and ids, sorted.
    fn sort(&self, view: View<'_>, module: &ModuleSpec, records: &[&Record]) -> Vec<(i64, u64)> {
        let key = |record: &Record| match self.field.as_str() {
            "Created_Time" => record.created.timestamp(),
            "Modified_Time" => record.modified.timestamp(),
            _ => 0,
        };
        let mut keys: Vec<(i64, u64)> = if SORTABLE.contains(&self.field.as_str()) {
            let mut keys: Vec<_> = records.iter().map(|r| (key(r), r.id)).collect();
            keys.sort_unstable();
            keys
        } else {
            let value = |r: &Record| module.find(&self.field).map(|field| view.value(field, r));
            let mut keyed: Vec<_> = records.iter().map(|r| (value(r), r.id)).collect();
            keyed.sort_by(|(a, a_id), (b, b_id)| by_value(a, b).then(a_id.cmp(b_id)));
            keyed.into_iter().map(|(_, id)| (0, id)).collect()
        };
        keys.dedup();
        if self.descending {
            keys.reverse();
        }
        keys
    }

    /// Returns how many of the sorted keys come up to and including `after`.
    fn start(&self, keys: &[(i64, u64)], after: (i64, u64)) -> usize {
        keys.partition_point(|key| if self.descending { *key >= after } else { *key <= after })
    }
}

fn by_value(a: &Option<Value>, b: &Option<Value>) -> Ordering {
    match (a.as_ref().and_then(Value::as_f64), b.as_ref().and_then(Value::as_f64)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => text(a).cmp(&text(b)),
    }
}

fn text(value: &Option<Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.get("name").unwrap_or(other).to_string(),
    }
}
