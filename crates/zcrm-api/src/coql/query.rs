//! Queries that are built: `select`, `filter`, `group_by`, `order_by`.

use serde::de::DeserializeOwned;
use zcrm_core::{ApiVersion, Error, Id};

use super::{limits::most_rows, text::QueryText};
use crate::{
    Call, Condition, check,
    condition::KnownFields,
    list::{List, Source},
    metadata::FieldInfo,
    operations,
    records::CountRecords,
    request::{Request, sealed::Sealed},
};

/// The [`List`] source of a built query: [`Records::query`](crate::Records::query).
#[derive(Clone, Debug)]
pub struct Query {
    pub(super) module: String,
    /// The fields of a typed module, if the caller selects none.
    pub(super) default_fields: &'static [&'static str],
    pub(super) fields: Vec<String>,
    pub(super) aggregates: Vec<(&'static str, String)>,
    pub(super) condition: Option<Condition>,
    pub(super) groups: Vec<String>,
    /// Fields, and whether the largest value comes first.
    pub(super) orders: Vec<(String, bool)>,
    pub(super) view: Option<Id>,
    pub(super) limit: Option<u64>,
    pub(super) offset: u64,
    pub(super) per_page: Option<u64>,
    pub(super) known: Option<KnownFields>,
}

impl Query {
    /// Begins a query of a module.
    pub(crate) fn request<T: DeserializeOwned + Send + 'static>(
        api: &crate::Api,
        module: &str,
        default_fields: &'static [&'static str],
    ) -> Request<List<T, Self>> {
        let call = api.call(&operations::COQL_QUERY).check(check::module(module));
        let query = Self {
            module: module.to_owned(),
            default_fields,
            fields: Vec::new(),
            aggregates: Vec::new(),
            condition: None,
            groups: Vec::new(),
            orders: Vec::new(),
            view: None,
            limit: None,
            offset: 0,
            per_page: None,
            known: None,
        };
        List::request(call, query)
    }

    /// Returns Zoho's count of the records of this query.
    pub(super) fn to_count(&self, call: &Call) -> Result<Request<CountRecords>, Error> {
        self.check_countable()?;
        let count = call.api().records(self.module.as_str()).count();
        let count = count.map(|count| count.with_settings_of(call));
        let count = match &self.condition {
            Some(condition) => count.filter(condition.clone()),
            None => count,
        };
        let count = match &self.view {
            Some(view) => count.view(view),
            None => count,
        };
        count.preview().map(|_| count)
    }

    /// Returns the query of the ids, in pages of `rows`.
    pub(super) fn ids(self, rows: u64) -> Result<Self, Error> {
        self.check_countable()?;
        let fields = vec!["id".to_owned()];
        Ok(Self { fields, orders: Vec::new(), per_page: Some(rows), ..self })
    }

    /// Returns the largest number of rows of a page.
    pub(super) fn most_rows(&self, version: ApiVersion) -> u64 {
        most_rows(version)
    }

    fn check_countable(&self) -> Result<(), Error> {
        let option = match self {
            Self { groups, .. } if !groups.is_empty() => "group_by",
            Self { aggregates, .. } if !aggregates.is_empty() => "a function such as `sum`",
            Self { limit: Some(_), .. } => "limit",
            Self { offset: 1.., .. } => "offset",
            _ => return Ok(()),
        };
        Err(Error::input(format!(
            "`total` counts records, so `{option}` has no meaning for it: leave it out"
        )))
    }
}

impl Sealed for Query {}

impl Source for Query {
    fn query(&self, call: &Call) -> Result<Option<QueryText>, Error> {
        self.text(call.api().version()).map(Some)
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<List<T, Query>> {
    /// Selects these columns. Further calls add columns.
    ///
    /// A column is the API name of a field, a field of a related record with a dot
    /// (`Account_Name.Industry`, at most two relations deep), or a field of one of the modules that a lookup
    /// leads to (`What_Id->Leads.Last_Name`). The name of the column is its key in the row. `id` is
    /// always included, except in queries with functions. A column named twice is selected once. Zoho
    /// takes 50 columns, from v7 on 500; the columns follow at most 15 relations, and those of the other
    /// clauses 5 (before v7, 2 in the entire query).
    ///
    /// A typed module selects its own fields by default.
    pub fn select<N: Into<String>>(self, columns: impl IntoIterator<Item = N>) -> Self {
        self.set(|kind| kind.source.fields.extend(columns.into_iter().map(Into::into)))
    }

    /// Finds only records that fulfil this condition. Further calls add conditions, which must hold
    /// too. Without a condition all records are found.
    pub fn filter(self, condition: Condition) -> Self {
        self.set(|kind| {
            let source = &mut kind.source;
            source.condition = Some(match source.condition.take() {
                Some(first) => first.and(condition),
                None => condition,
            });
        })
    }

    /// Sorts by a column, smallest or oldest first. Further calls sort rows of equal values.
    ///
    /// A query that is sorted by `id`, or not sorted, has no limit of rows: each page begins after the
    /// last id of the previous one. Any other order is read by offset, which ends at 10,000 rows, from
    /// v7 on at 100,000. Rows with equal values are then sorted by `id`, so that the pages fit together.
    /// By offset, records that are created, changed or deleted meanwhile can move to another page: a row
    /// may be repeated or missed.
    ///
    /// The columns of a query with groups are those of [`group_by`](Self::group_by). The text of a query
    /// can also sort by a sum: [`Api::coql`](crate::Api::coql).
    pub fn order_by(self, column: impl Into<String>) -> Self {
        self.set(|kind| kind.source.orders.push((column.into(), false)))
    }

    /// Sorts by a column, largest or newest first. See [`order_by`](Self::order_by).
    pub fn order_by_desc(self, column: impl Into<String>) -> Self {
        self.set(|kind| kind.source.orders.push((column.into(), true)))
    }

    /// Returns one row for all records that have the same values in these columns. Use it with
    /// [`sum`](Self::sum) and the other functions.
    pub fn group_by<N: Into<String>>(self, columns: impl IntoIterator<Item = N>) -> Self {
        self.set(|kind| kind.source.groups.extend(columns.into_iter().map(Into::into)))
    }

    /// Selects the number of records with a value in this column, under the key `COUNT(column)`.
    ///
    /// Some organisations refuse it without [`group_by`](Self::group_by).
    pub fn count(self, column: impl Into<String>) -> Self {
        self.aggregate("COUNT", column.into())
    }

    /// Selects the sum of a column, under the key `SUM(column)`.
    pub fn sum(self, column: impl Into<String>) -> Self {
        self.aggregate("SUM", column.into())
    }

    /// Selects the average of a column, under the key `AVG(column)`.
    pub fn avg(self, column: impl Into<String>) -> Self {
        self.aggregate("AVG", column.into())
    }

    /// Selects the smallest value of a column, under the key `MIN(column)`.
    pub fn min(self, column: impl Into<String>) -> Self {
        self.aggregate("MIN", column.into())
    }

    /// Selects the largest value of a column, under the key `MAX(column)`.
    pub fn max(self, column: impl Into<String>) -> Self {
        self.aggregate("MAX", column.into())
    }

    fn aggregate(self, function: &'static str, column: String) -> Self {
        self.set(|kind| kind.source.aggregates.push((function, column)))
    }

    /// Finds only records of this custom view (from v7 on).
    pub fn view(self, id: impl Into<Id>) -> Self {
        self.set(|kind| kind.source.view = Some(id.into()))
    }

    /// Returns at most this number of rows, over all pages.
    ///
    /// Awaiting the request returns one page, of 200 rows unless [`per_page`](Self::per_page) sets another
    /// number: [`all`](Self::all) and [`stream`](Self::stream) return a larger limit.
    pub fn limit(self, rows: u64) -> Self {
        let right = check::in_range("limit", rows, u64::MAX);
        self.map(|call| call.check(right)).set(|kind| kind.source.limit = Some(rows))
    }

    /// Skips this number of rows. Such a query is read by offset, which ends at 10,000 rows, from v7 on
    /// at 100,000.
    pub fn offset(self, rows: u64) -> Self {
        self.set(|kind| kind.source.offset = rows)
    }

    /// Sets the number of rows per page, from 1 to 2,000 (200 before v4).
    ///
    /// A page costs one API credit up to 200 rows, two up to 1,000 and three up to 2,000. The default is
    /// 200 for a single page, and the largest number for [`pages`](Self::pages),
    /// [`stream`](Self::stream) and [`all`](Self::all).
    pub fn per_page(self, rows: u64) -> Self {
        self.set(|kind| kind.source.per_page = Some(rows))
    }

    /// Checks the query against these fields of the module before it is sent: the names of its columns,
    /// the comparisons that COQL supports for their types, and the types of values.
    ///
    /// See [`Condition::check_fields`].
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::field;
    ///
    /// let fields = api.module("Deals").fields().list().all().await?;
    /// let deals = api.records("Deals").query().check_fields(&fields).select(["Deal_Name"]);
    /// let won = deals.filter(field("Stage").eq("Closed Won")).all().await?;
    /// # let _ = won;
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_fields(self, fields: &[FieldInfo]) -> Self {
        self.set(|kind| kind.source.known = Some(KnownFields::new(fields)))
    }

    /// Returns the text of the query, for the page that awaiting the request returns.
    ///
    /// ```no_run
    /// # fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::field;
    ///
    /// let query = api.records("Deals").query().select(["Stage"]).filter(field("Amount").gt(5));
    /// let text = "select Stage from Deals where Amount > 5 order by id asc limit 200";
    /// assert_eq!(query.to_coql()?, text);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if Zoho would refuse the query.
    pub fn to_coql(&self) -> Result<String, Error> {
        self.call.must_be_right()?;
        Ok(self.kind.source.text(self.call.api().version())?.asked())
    }

    /// Reads the rows as another type, such as a struct for the columns of a join or of functions.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Total {
    ///     #[serde(rename = "Stage")]
    ///     stage: String,
    ///     #[serde(rename = "SUM(Amount)")]
    ///     amount: Option<f64>,
    /// }
    ///
    /// let totals = api.records("Deals").query().select(["Stage"]).sum("Amount").group_by(["Stage"]);
    /// for total in totals.rows_as::<Total>().all().await? {
    ///     println!("{}: {:?}", total.stage, total.amount);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn rows_as<U: DeserializeOwned + Send + 'static>(self) -> Request<List<U, Query>> {
        List::request(self.call, self.kind.source)
    }
}
