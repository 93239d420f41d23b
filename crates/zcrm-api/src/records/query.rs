//! Queries of a module's records.

use serde::de::DeserializeOwned;

use super::Records;
use crate::{List, coql::Query, request::Request};

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Builds a query of the records in COQL, Zoho's query language.
    ///
    /// A query filters by any condition, follows lookups to related records, sorts by any field and
    /// computes sums. Awaiting it returns one page; [`stream`](Request::stream), [`pages`](Request::pages)
    /// and [`all`](Request::all) return the rows of all pages. A query that is not sorted has no limit of
    /// rows.
    ///
    /// [`Api::coql`](crate::Api::coql) takes the text of a query.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::field;
    ///
    /// let mut won = api
    ///     .records("Deals")
    ///     .query()
    ///     .select(["Deal_Name", "Amount", "Account_Name.Industry"])
    ///     .filter(field("Stage").eq("Closed Won").and(field("Amount").gt(10_000)))
    ///     .stream();
    /// while let Some(deal) = won.next().await {
    ///     println!("{:?}", deal?.get::<String>("Account_Name.Industry")?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "coql")]
    #[doc(alias = "sql")]
    pub fn query(&self) -> Request<List<T, Query>> {
        Query::request(&self.api, self.module(), self.fields)
    }
}
