//! Queries that are built: `select`, `filter`, `group_by`, `order_by`.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use zcrm_core::{ApiVersion, Error, Id, escaped};

use super::{
    limits::{
        MOST_AGGREGATES, MOST_DEPTH, MOST_GROUPS, MOST_JOINS_IN_SELECT, MOST_JOINS_IN_WHERE,
        MOST_ORDERS, MOST_TESTS, at_most, has_views, most_by_offset, most_columns, most_joins,
        most_rows,
    },
    text::{QueryPaging, QueryText},
};
use crate::{
    Call, Condition, check,
    condition::{KnownFields, is_column, write_column},
    list::{List, Source},
    metadata::FieldInfo,
    operations,
    records::CountRecords,
    request::{Request, sealed::Sealed},
};

/// The [`List`] source of a built query: [`Records::query`](crate::Records::query).
#[derive(Clone, Debug)]
pub struct Query {
    module: String,
    /// The fields of a typed module, if the caller selects none.
    default_fields: &'static [&'static str],
    fields: Vec<String>,
    aggregates: Vec<(&'static str, String)>,
    condition: Option<Condition>,
    groups: Vec<String>,
    /// Fields, and whether the largest value comes first.
    orders: Vec<(String, bool)>,
    view: Option<Id>,
    limit: Option<u64>,
    offset: u64,
    per_page: Option<u64>,
    known: Option<KnownFields>,
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

    fn text(&self, version: ApiVersion) -> Result<QueryText, Error> {
        self.check_known()?;
        let mut text = QueryText::new(self.select(version)?, self.from(version)?, version);
        if let Some(condition) = &self.condition {
            text.condition = Some(condition.to_coql(version)?);
        }
        self.write_tail(&mut text.tail)?;
        self.check_relations(version)?;
        text.paging = self.paging(version)?;
        text.most = self.limit;
        text.per_page = match self.per_page {
            Some(rows) => {
                check::in_range("per_page", rows, text.most_per_page)?;
                Some(rows)
            }
            None => None,
        };
        Ok(text)
    }

    /// Checks the names of fields, if the metadata of the module is known.
    fn check_known(&self) -> Result<(), Error> {
        let Some(known) = &self.known else { return Ok(()) };
        let in_functions = self.aggregates.iter().map(|(_, field)| field);
        let in_orders = self.orders.iter().map(|(field, _)| field);
        let columns = self.fields.iter().chain(in_functions).chain(&self.groups).chain(in_orders);
        columns.map(String::as_str).try_for_each(|column| known.check_column(column))?;
        self.condition.as_ref().map_or(Ok(()), |condition| known.check(condition))
    }

    fn select(&self, version: ApiVersion) -> Result<String, Error> {
        let mut fields: Vec<&str> =
            self.selected().map(|field| version.field_name(&self.module, field)).collect();
        let mut functions: Vec<&(&str, String)> = self.aggregates.iter().collect();
        // Zoho refuses a column that is selected twice
        let mut seen = BTreeSet::new();
        fields.retain(|field| seen.insert(*field));
        let mut seen = BTreeSet::new();
        functions.retain(|function| seen.insert(*function));
        let count = fields.len().saturating_add(functions.len());
        if count == 0 {
            return Err(Error::input(format!(
                "a query of `{}` must select fields: add `.select([…])`",
                escaped(&self.module)
            )));
        }
        at_most("selected columns", count, most_columns(version))?;
        at_most("functions such as `sum`", functions.len(), MOST_AGGREGATES)?;
        let mut text = String::with_capacity(16 * count);
        for field in fields {
            separate(&mut text);
            write_column(field, &mut text);
        }
        for (function, field) in functions {
            separate(&mut text);
            text.push_str(function);
            text.push('(');
            write_column(field, &mut text);
            text.push(')');
        }
        Ok(text)
    }

    /// Returns the selected columns; by default, the fields of a typed module.
    fn selected(&self) -> impl Iterator<Item = &str> {
        let by_default = self.fields.is_empty() && self.aggregates.is_empty();
        let defaults = self.default_fields.iter().copied().filter(move |_| by_default);
        self.fields.iter().map(String::as_str).chain(defaults)
    }

    /// Checks the columns, and the number of relations that they follow.
    fn check_relations(&self, version: ApiVersion) -> Result<(), Error> {
        let in_functions = self.aggregates.iter().map(|(_, field)| field.as_str());
        let mut all = relations(self.selected().chain(in_functions))?;
        at_most("relations in `select`", all.len(), MOST_JOINS_IN_SELECT)?;
        let tested = self.condition.as_ref().map(Condition::fields).unwrap_or_default();
        let groups = self.groups.iter().map(String::as_str);
        let orders = self.orders.iter().map(|(field, _)| field.as_str());
        let mut others = relations(tested.into_iter().chain(groups).chain(orders))?;
        let place = "relations in the condition, `group_by` and `order_by`";
        at_most(place, others.len(), MOST_JOINS_IN_WHERE)?;
        all.append(&mut others);
        at_most(&format!("relations in {version}"), all.len(), most_joins(version))
    }

    fn from(&self, version: ApiVersion) -> Result<String, Error> {
        match &self.view {
            None => Ok(self.module.clone()),
            Some(_) if !has_views(version) => Err(Error::input(format!(
                "a query cannot read a custom view in {version}: use v7 or later, or `list().view(…)`"
            ))),
            Some(view) => Ok(format!("{}#{}", self.module, view.check()?)),
        }
    }

    fn write_tail(&self, out: &mut String) -> Result<(), Error> {
        at_most("columns of `group_by`", self.groups.len(), MOST_GROUPS)?;
        at_most("columns of `order_by`", self.orders.len(), MOST_ORDERS)?;
        let groups = self.groups.iter().map(String::as_str);
        let orders = self.orders.iter().map(|(field, _)| field.as_str());
        groups.chain(orders).try_for_each(check_column)?;
        self.check_groups()?;
        // Zoho refuses a column that a clause names twice
        let mut seen = BTreeSet::new();
        for (index, field) in self.groups.iter().filter(|field| seen.insert(*field)).enumerate() {
            out.push_str(if index == 0 { " group by " } else { ", " });
            write_column(field, out);
        }
        // a keyset writes its own order
        if self.orders.is_empty() || self.is_keyset() {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        let orders = self.orders.iter().map(|(field, descends)| (field.as_str(), *descends));
        let orders: Vec<_> = orders.filter(|(field, _)| seen.insert(*field)).collect();
        // rows with equal values would otherwise come in any order, and pages would not fit together
        let last = (!self.is_grouped() && !seen.contains("id") && orders.len() < MOST_ORDERS)
            .then_some(("id", false));
        for (index, (field, descends)) in orders.into_iter().chain(last).enumerate() {
            out.push_str(if index == 0 { " order by " } else { ", " });
            write_column(field, out);
            out.push_str(if descends { " desc" } else { " asc" });
        }
        Ok(())
    }

    /// Returns `true` if a row is a summary of several records.
    fn is_grouped(&self) -> bool {
        !self.groups.is_empty() || !self.aggregates.is_empty()
    }

    /// Checks that a query with groups or functions has no columns but those of its groups.
    fn check_groups(&self) -> Result<(), Error> {
        if !self.is_grouped() {
            return Ok(());
        }
        let orders = self.orders.iter().map(|(field, _)| (field.as_str(), "`order_by`"));
        let mut columns = self.selected().map(|field| (field, "`select`")).chain(orders);
        let other = columns.find(|(column, _)| !self.groups.iter().any(|group| group == column));
        other.map_or(Ok(()), |(column, place)| {
            Err(Error::input(format!(
                "the column `{}` of {place} is not in `group_by`: a query with functions or groups has no \
                 other columns; add it to `group_by`, or leave it out",
                escaped(column)
            )))
        })
    }

    /// Returns `true` if each page can begin after the last id of the previous one.
    fn is_keyset(&self) -> bool {
        let by_id = match self.orders.as_slice() {
            [] => true,
            [(field, _)] => field == "id",
            _ => false,
        };
        let tests = self.condition.as_ref().map_or(0, Condition::tests);
        // the position is one more comparison
        by_id && self.offset == 0 && !self.is_grouped() && tests < MOST_TESTS
    }

    fn paging(&self, version: ApiVersion) -> Result<QueryPaging, Error> {
        if self.is_keyset() {
            let descending = self.orders.first().is_some_and(|(_, descends)| *descends);
            return Ok(QueryPaging::Keyset { descending });
        }
        let wall = most_by_offset(version);
        match self.offset < wall {
            true => Ok(QueryPaging::Offset(self.offset)),
            false => Err(Error::input(format!(
                "invalid `offset` {}: Zoho skips fewer than {wall} rows in {version}; a condition on `id` \
                 skips any number",
                self.offset
            ))),
        }
    }
}

fn separate(text: &mut String) {
    if !text.is_empty() {
        text.push_str(", ");
    }
}

fn check_column(name: &str) -> Result<(), Error> {
    match is_column(name) {
        true => Ok(()),
        false => Err(Error::input(format!(
            "invalid column `{}`: expected the API name of a field, with dots for fields of related records, \
             for example `Account_Name.Industry`",
            escaped(name)
        ))),
    }
}

/// Checks the names of columns, and returns the relations that they follow.
fn relations<'a>(columns: impl Iterator<Item = &'a str>) -> Result<BTreeSet<&'a str>, Error> {
    let mut relations = BTreeSet::new();
    for column in columns {
        check_column(column)?;
        if let Some((relation, _)) = column.rsplit_once('.') {
            if relation.split('.').count() > MOST_DEPTH {
                return Err(Error::input(format!(
                    "the column `{}` is too deep: Zoho follows at most {MOST_DEPTH} relations, such as \
                     `Account_Name.Parent_Account.Industry`",
                    escaped(column)
                )));
            }
            relations.insert(relation);
        }
    }
    Ok(relations)
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
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        self.set(|kind| kind.source.fields.extend(columns))
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
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        self.set(|kind| kind.source.groups.extend(columns))
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
