//! The number of records that a query finds.

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use zcrm_core::{Error, ErrorKind, Outcome};

use super::query::Query;
use crate::{
    Call,
    list::List,
    records::CountRecords,
    request::{Kind, Request, sealed::Sealed},
};

/// A [`Request`] kind that returns the number of records that a query finds.
///
/// If it is dropped while it reads ids, the current call is cancelled and no further call is made.
#[derive(Clone, Debug)]
pub struct Total {
    query: Query,
    /// The API credits that reading ids may cost, if the caller wants it.
    credits: Option<u64>,
}

impl<T: DeserializeOwned + Send + 'static> Request<List<T, Query>> {
    /// Returns the number of records that the query's condition and view find.
    ///
    /// Zoho's count of records gives it in one call of 50 API credits, from v2.1 on. Its number lags behind
    /// writes by up to ten minutes, and it takes only conditions that a search supports. Otherwise the request is
    /// an error before anything is sent; [`by_reading_ids`](Request::by_reading_ids) counts with any
    /// condition. A `COUNT` without `group by` is not used, because Zoho refuses it in some
    /// organisations.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::field;
    ///
    /// let deals = api.records("Deals").query();
    /// let won = deals.clone().filter(field("Stage").eq("Closed Won")).total().await?;
    /// // no search finds empty fields: read at most 20,000 ids
    /// let open = deals.filter(field("Closing_Date").is_null()).total().by_reading_ids(30).await?;
    /// println!("{won} won, {open} without a date");
    /// # Ok(())
    /// # }
    /// ```
    pub fn total(self) -> Request<Total> {
        Request::new(self.call, Total { query: self.kind.source, credits: None })
    }
}

impl Request<Total> {
    /// Counts by reading the ids of the records, for at most this number of API credits.
    ///
    /// It reads 2,000 ids for three credits (200 for one credit before v4), so 150,000 records cost 225
    /// credits. The number is exact: writes of the last minutes are counted. If more records are left when
    /// the credits are spent, the error is of kind [`Wall`](ErrorKind::Wall).
    pub fn by_reading_ids(self, most_credits: u64) -> Self {
        self.set(|kind| kind.credits = Some(most_credits))
    }
}

impl Sealed for Total {}

impl Total {
    /// Returns the request of Zoho's count.
    fn count(&self, call: &Call) -> Result<Request<CountRecords>, Error> {
        call.must_be_right()?;
        self.query.to_count(call).map_err(|error| {
            Error::input(format!(
                "{error}; `total().by_reading_ids(…)` counts with any condition, for three API credits for \
                 each 2,000 records"
            ))
        })
    }

    /// Counts pages of ids.
    async fn read_ids(self, call: Call, most_credits: u64) -> Result<u64, Error> {
        let rows = self.query.most_rows(call.api().version());
        let credits_of_a_page = if rows > 1_000 { 3 } else { 1 };
        let mut pages = List::<IgnoredAny, _>::request(call, self.query.ids(rows)?).pages();
        let (mut total, mut left) = (0_u64, most_credits);
        while left >= credits_of_a_page {
            let Some(page) = pages.next().await else { return Ok(total) };
            let page = page?;
            total = total.saturating_add(page.items.len() as u64);
            left = left.saturating_sub(credits_of_a_page);
            if !page.info.more_records {
                return Ok(total);
            }
        }
        let message = format!(
            "{most_credits} API credits are spent after {total} records, and more are left to count: allow more \
             credits, at {credits_of_a_page} for each {rows} records"
        );
        Err(Error::new(ErrorKind::Wall, Outcome::Local, message))
    }
}

impl Kind for Total {
    type Output = u64;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<u64, Error> {
        match self.credits {
            Some(credits) => self.read_ids(call, credits).await,
            None => self.count(&call)?.send().await,
        }
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        match self.credits {
            Some(_) => {
                let rows = self.query.most_rows(call.api().version());
                List::<IgnoredAny, _>::request(call.clone(), self.query.clone().ids(rows)?)
                    .preview()
            }
            None => self.count(call)?.preview(),
        }
    }
}
