//! Lists of records without a limit: read by a query instead.

use http::header::{HeaderName, IF_MODIFIED_SINCE};
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, Timestamp};

use super::{AllRecords, list_source::not_complete};
use crate::{Call, Condition, List, coql::Query, field, request::Request};

/// The options of a list that a query does not have, with what to do instead.
const ONLY_IN_LISTS: [(&str, &str); 8] = [
    ("converted", "leave it out"),
    ("approved", "leave it out"),
    ("territory_id", "read the list of one territory without `complete`"),
    ("include_child", "leave it out"),
    ("ids", "a list of at most 100 ids needs no `complete`"),
    ("page", "start at a cursor, with `resume`"),
    ("page_token", "start at a cursor, with `resume`"),
    ("sort_order", "leave it out, or sort by `id`"),
];

impl<T: DeserializeOwned + Send + 'static> Request<List<T, AllRecords>> {
    /// Reads the list by a COQL query, so that it has no limit of records.
    ///
    /// Page tokens end at 100,000 records, and page numbers at 2,000: a longer list ends with an error of
    /// kind [`Wall`](zcrm_core::ErrorKind::Wall). A complete list is read in the order of `id`, oldest
    /// first, each page after the last id of the previous one. So a record that exists during the
    /// entire read is returned exactly once, while others are created, changed and deleted. A stream that
    /// is resumed within a page repeats or misses records as [`Cursor`](crate::Cursor) describes.
    ///
    /// Call it last. Fields, `sort_by("id")`, `per_page`, `view` (from v7 on) and `modified_since` are kept.
    /// Any other option is an error before anything is sent, which names the option. The query reads
    /// 2,000 records (200 before v4) in a call of three API credits.
    ///
    /// A query may also find converted leads, which a list leaves out by default. The user needs the scope
    /// `ZohoCRM.coql.READ`.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let mut leads = api.records("Leads").list().fields(["Last_Name", "Email"]).complete().stream();
    /// while let Some(lead) = leads.next().await {
    ///     println!("{:?}", lead?.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn complete(self) -> Request<List<T, Query>> {
        let Self { call, kind } = self;
        let version = call.api().version();
        let module = call.request().path_pairs().find(|(name, _)| *name == "module");
        let module = module.map_or("", |(_, module)| module).to_owned();
        let names = kind.source.0.names_for_query(version);
        let options = Options::of(&call);
        let query = Query::request::<T>(call.api(), &module, &[]);
        let query = query.map(|query| {
            query.check(call.must_be_right()).with_settings_of(&without_list_headers(call.clone()))
        });
        match names.and_then(|names| Ok((names, options?))) {
            Ok((names, options)) => options.apply(query.select(names)),
            Err(mistake) => query.map(|query| query.fail(mistake)),
        }
    }
}

/// The options of a list that its query keeps.
struct Options {
    descending: bool,
    per_page: Option<u64>,
    view: Option<Id>,
    since: Option<Timestamp>,
}

impl Options {
    fn of(call: &Call) -> Result<Self, Error> {
        let value = |name| call.request().query_value(name);
        let descending = match (value("sort_by"), value("sort_order")) {
            (None | Some("id"), order) => order == Some("desc"),
            (Some(_), _) => {
                return Err(not_complete(
                    "sort_by",
                    "only the order of `id` has no limit; leave it out",
                ));
            }
        };
        let sorted = value("sort_by").is_some();
        let lost = ONLY_IN_LISTS
            .into_iter()
            .find(|(name, _)| call.has_param(name) && !(sorted && *name == "sort_order"));
        if let Some((name, instead)) = lost {
            return Err(not_complete(name, instead));
        }
        let since = headers(call).find(|(name, _)| *name == IF_MODIFIED_SINCE);
        let since = since.map(|(_, text)| text.parse()).transpose()?;
        Ok(Self {
            descending,
            per_page: value("per_page").and_then(|rows| rows.parse().ok()),
            view: value("cvid").map(Id::from),
            since,
        })
    }

    fn apply<T: DeserializeOwned + Send + 'static>(
        self,
        query: Request<List<T, Query>>,
    ) -> Request<List<T, Query>> {
        let query = match self.descending {
            true => query.order_by_desc("id"),
            false => query,
        };
        let query = match self.since {
            Some(since) => query.filter(modified_since(since)),
            None => query,
        };
        let query = match self.per_page {
            Some(rows) => query.per_page(rows),
            None => query,
        };
        match self.view {
            Some(view) => query.view(view),
            None => query,
        }
    }
}

fn modified_since(since: Timestamp) -> Condition {
    field("Modified_Time").ge(since)
}

/// Returns the headers of a call. Callers can only set headers that are text.
fn headers(call: &Call) -> impl Iterator<Item = (&HeaderName, &str)> {
    let pairs = call.request().header_pairs();
    pairs.filter_map(|(name, value)| Some((name, value.to_str().ok()?)))
}

/// Returns the call of a list without the header that a query replaces.
fn without_list_headers(call: Call) -> Call {
    let owned = |(name, value): (&HeaderName, &str)| (name.to_string(), value.to_owned());
    let kept: Vec<(String, String)> =
        headers(&call).filter(|(name, _)| *name != IF_MODIFIED_SINCE).map(owned).collect();
    kept.iter().fold(call.without_headers(), |call, (name, value)| call.header(name, value))
}
