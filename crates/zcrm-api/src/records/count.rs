//! Counts of records.

use zcrm_core::{Error, Id, Reply};

use super::{Include, Records};
use crate::{
    Call, Condition, operations,
    request::{Count, Request, SingleCall, sealed::Sealed},
};

/// The parameters that choose the records. Zoho takes one of them.
const CHOICES: [(&str, &str); 5] = [
    ("cvid", "view"),
    ("criteria", "filter"),
    ("email", "email"),
    ("phone", "phone"),
    ("word", "word"),
];

/// A [`Request`] kind that counts records: [`Records::count`].
#[derive(Clone, Debug, Default)]
pub struct CountRecords {
    /// A parameter that was set a second time.
    twice: Option<&'static str>,
}

impl<T> Records<T> {
    /// Counts the records of the module, or those that one of the options chooses.
    ///
    /// Available from v2.1 on. A count costs 50 API credits. The number lags behind writes by up to ten minutes. Without
    /// [`filter`](Request::filter), [`view`](Request::view), [`email`](Request::email),
    /// [`phone`](Request::phone) or [`word`](Request::word), all records are counted; two of them
    /// contradict each other. A filter has at most 15 comparisons with at most 100 values each.
    ///
    /// Source: <https://www.zoho.com/crm/developer/docs/api/v8/module-record-count.html>
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::field;
    ///
    /// let leads = api.records("Leads");
    /// let all = leads.count().await?;
    /// let local = leads.count().filter(field("City").eq("Chennai")).await?;
    /// println!("{local} of {all} leads");
    /// # Ok(())
    /// # }
    /// ```
    pub fn count(&self) -> Request<CountRecords> {
        Request::new(self.call(&operations::RECORDS_COUNT), CountRecords::default())
    }
}

impl Request<CountRecords> {
    /// Counts only records that fulfil a condition.
    pub fn filter(self, condition: Condition) -> Self {
        match condition.to_count() {
            Ok(text) => self.choose("criteria", "filter", &text),
            Err(mistake) => self.map(|call| call.fail(mistake)),
        }
    }

    /// Counts only the records of a custom view (`cvid`).
    pub fn view(self, id: impl Into<Id>) -> Self {
        let id = id.into();
        let right = id.check().map(drop);
        self.map(|call| call.check(right)).choose("cvid", "view", id.as_str())
    }

    /// Counts only records with this address in an e-mail field.
    pub fn email(self, address: &str) -> Self {
        self.choose("email", "email", address)
    }

    /// Counts only records with this number in a phone field.
    pub fn phone(self, number: &str) -> Self {
        self.choose("phone", "phone", number)
    }

    /// Counts only records with this word in any field.
    pub fn word(self, word: &str) -> Self {
        self.choose("word", "word", word)
    }

    /// Filters leads by whether they were converted.
    pub fn converted(self, include: Include) -> Self {
        self.param("converted", include.as_str())
    }

    /// Filters records by whether they were approved.
    pub fn approved(self, include: Include) -> Self {
        self.param("approved", include.as_str())
    }

    fn choose(self, name: &'static str, option: &'static str, value: &str) -> Self {
        let given = match value.trim().is_empty() {
            true => Err(Error::input(format!("empty `{option}` of a count: give it a value"))),
            false => Ok(()),
        };
        match self.call.has_param(name) {
            true => self.set(|kind| kind.twice = Some(option)),
            false => self.map(|call| call.check(given).param(name, value)),
        }
    }
}

impl Sealed for CountRecords {}

impl SingleCall for CountRecords {
    type Answer = u64;

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        call.must_be_right()?;
        if let Some(option) = self.twice {
            return Err(Error::input(format!(
                "`{option}` of a count is set twice: join conditions with `and` or `or`, or count twice"
            )));
        }
        let mut given = CHOICES.iter().filter(|(name, _)| call.has_param(name));
        match (given.next(), given.next()) {
            (Some((_, one)), Some((_, other))) => Err(Error::input(format!(
                "`{one}` and `{other}` of a count cannot be combined: leave one of them out"
            ))),
            _ => Ok(call),
        }
    }

    fn read(self, reply: &Reply) -> Result<u64, Error> {
        Count::of(reply)
    }
}
