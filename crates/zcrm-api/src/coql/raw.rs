//! Queries in the caller's own text.

use serde::de::DeserializeOwned;
use zcrm_core::{ApiVersion, Error, Record};

use super::{
    binding::Bindings,
    clauses::Clauses,
    limits::{MOST_TESTS, at_most, most_rows},
    text::{QueryPaging, QueryText},
};
use crate::{
    Api, Call, Operand, check,
    list::{List, Source},
    operations,
    request::{Request, sealed::Sealed},
};

/// The [`List`] source of a query in COQL: [`Api::coql`].
#[derive(Clone, Debug)]
pub struct Coql {
    text: RawText,
    bindings: Bindings,
    per_page: Option<u64>,
}

/// The caller's text, which `Debug` does not show.
#[derive(Clone)]
struct RawText(String);

impl std::fmt::Debug for RawText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Api {
    /// Queries records in COQL, Zoho's query language.
    ///
    /// Values are bound to placeholders, such as `:email`, and written as literals, so a value is never
    /// read as a part of the query. Source of the language:
    /// <https://www.zoho.com/crm/developer/docs/api/v8/COQL-Overview.html>.
    ///
    /// Awaiting the request returns one page. [`stream`](Request::stream), [`pages`](Request::pages) and
    /// [`all`](Request::all) return the rows of all pages:
    ///
    /// - A query without functions, `group by`, `order by` and `limit` is read in the order of `id`, each
    ///   page after the last id of the previous one, without a limit of rows.
    /// - A query with `order by` or `group by` is read by offset, to 10,000 rows, from v7 on to 100,000.
    ///   If more rows are left, the stream ends with an error of kind
    ///   [`Wall`](zcrm_core::ErrorKind::Wall).
    ///   Sort by `id` last, so that rows with equal values keep their order from page to page.
    /// - A query with its own `limit` is one page, of at most 2,000 rows (200 before v4).
    ///
    /// An `and` or `or` joins two comparisons; more are bracketed in pairs: `((a = 1 and b = 2) and c = 3)`.
    /// A query has at most 25 comparisons and no `;`. A name that is a keyword is in quotes: `'Order'`.
    ///
    /// [`Records::query`](crate::Records::query) builds a query without text.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api, email: &str) -> Result<(), zcrm_core::Error> {
    /// let query = "select Last_Name, Account_Name.Industry from Contacts where Email = :email";
    /// for contact in api.coql(query).bind("email", email).all().await? {
    ///     println!("{:?}", contact.get::<String>("Last_Name")?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "sql")]
    pub fn coql(&self, text: impl Into<String>) -> Request<List<Record, Coql>> {
        self.coql_of(text)
    }

    /// Queries records in COQL and reads the rows as a type of the caller. See [`coql`](Self::coql).
    ///
    /// A key of a row is the text of its column: `Account_Name.Industry`, `COUNT(id)`, or an alias.
    pub fn coql_of<T: DeserializeOwned + Send + 'static>(
        &self,
        text: impl Into<String>,
    ) -> Request<List<T, Coql>> {
        let call = self.call(&operations::COQL_QUERY);
        let text = RawText(text.into());
        List::request(call, Coql { text, bindings: Bindings::default(), per_page: None })
    }
}

impl Coql {
    fn text(&self, version: ApiVersion) -> Result<QueryText, Error> {
        let clauses = Clauses::parse(&self.bindings.fill(&self.text.0)?)?;
        at_most("comparisons", clauses.own_tests, MOST_TESTS)?;
        if let Some(limit) = &clauses.limit {
            check_limit(limit, version)?;
        }
        let mut text = QueryText::new(clauses.select, clauses.from, version);
        let plain = clauses.group.is_none()
            && clauses.order.is_none()
            && !clauses.aggregates
            && !clauses.renames_id;
        text.paging = match clauses.limit {
            Some(_) => QueryPaging::Once,
            // the position is one more comparison
            None if plain && clauses.tests < MOST_TESTS => {
                QueryPaging::Keyset { descending: false }
            }
            None => QueryPaging::Offset(0),
        };
        let keyset = text.paging == QueryPaging::Keyset { descending: false };
        text.condition = Some(match keyset && clauses.loose {
            true => format!("({})", clauses.condition),
            false => clauses.condition,
        });
        for (keyword, clause) in
            [("group by", clauses.group), ("order by", clauses.order), ("limit", clauses.limit)]
        {
            if let Some(clause) = clause {
                text.tail.push_str(&format!(" {keyword} {clause}"));
            }
        }
        if let Some(rows) = self.per_page {
            if text.paging == QueryPaging::Once {
                return Err(Error::input(
                    "`per_page` and the query's own `limit` cannot be combined: leave one of them out",
                ));
            }
            check::in_range("per_page", rows, text.most_per_page)?;
            text.per_page = Some(rows);
        }
        Ok(text)
    }
}

/// Checks the number of rows of a text's `limit`, if it is a number.
fn check_limit(limit: &str, version: ApiVersion) -> Result<(), Error> {
    let rows = match limit.split_once(',') {
        Some((_, rows)) => rows.trim(),
        None => limit.split_whitespace().next().unwrap_or_default(),
    };
    let most = most_rows(version);
    match rows.parse::<u64>() {
        Ok(rows) if !(1..=most).contains(&rows) => Err(Error::input(format!(
            "invalid `limit` {rows}: expected 1 to {most} rows in {version}; without a `limit`, `stream` and \
             `all` read all rows"
        ))),
        _ => Ok(()),
    }
}

impl Sealed for Coql {}

impl Source for Coql {
    fn query(&self, call: &Call) -> Result<Option<QueryText>, Error> {
        self.text(call.api().version()).map(Some)
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<List<T, Coql>> {
    /// Binds a value to the placeholder `:name`.
    ///
    /// A name begins with a letter. A colon inside a string, or before a digit, is not a placeholder: for
    /// `like '%x%'`, bind the string with its `%`. A placeholder has spaces, brackets or operators around it, such as in `(A = :a)`.
    ///
    /// # Errors
    /// Sending returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the text has no such
    /// placeholder, if the value is empty, or if the placeholder touches other text.
    pub fn bind(self, name: &str, value: impl Into<Operand>) -> Self {
        let mut this = self;
        let bound = this.kind.source.bindings.bind(name, value.into());
        this.map(|call| call.check(bound))
    }

    /// Binds several values to the placeholder `:name` after `in`: `where Stage in :stages`.
    ///
    /// Zoho takes 50 values, from v7 on 100.
    pub fn bind_list<V: Into<Operand>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let mut this = self;
        let values = values.into_iter().map(Into::into).collect();
        let version = this.call.api().version();
        let bound = this.kind.source.bindings.bind_list(name, values, version);
        this.map(|call| call.check(bound))
    }

    /// Returns the text of the query with the bound values, for the page that awaiting the request
    /// returns.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the query or a bound value is
    /// invalid.
    pub fn to_coql(&self) -> Result<String, Error> {
        self.call.must_be_right()?;
        Ok(self.kind.source.text(self.call.api().version())?.asked())
    }

    /// Sets the number of rows per page, from 1 to 2,000 (200 before v4).
    ///
    /// A page costs one API credit up to 200 rows, two up to 1,000 and three up to 2,000. The default is
    /// 200 for a single page, and the largest number for [`pages`](Self::pages),
    /// [`stream`](Self::stream) and [`all`](Self::all).
    pub fn per_page(self, rows: u64) -> Self {
        self.set(|kind| kind.source.per_page = Some(rows))
    }
}
