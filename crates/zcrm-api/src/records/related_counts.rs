//! Counts of the records in related lists of a record.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use zcrm_core::{ApiError, Error, Operation, Reply};

use super::RecordHandle;
use crate::{
    Call, check, model, operations,
    request::{Request, SingleCall, sealed::Sealed},
};

/// The maximum number of related lists in one call, by Zoho's OpenAPI file
/// `get-related-records-count` of 2026.
const MOST_LISTS: usize = 20;

const COUNT: &Operation = &operations::RELATED_RECORDS_COUNT;

/// The key of the lists in the request and of the counts in the response.
const KEY: &str = "get_related_records_count";

/// A [`Request`] kind that counts the records in related lists:
/// [`RecordHandle::related_counts`].
#[derive(Clone, Debug)]
pub struct RelatedCounts {
    lists: Vec<String>,
}

/// The number of records in one related list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelatedCount {
    /// The API name of the related list, as it was given.
    pub related_list: String,
    /// The number of records, or the error of this list.
    pub count: Result<u64, Error>,
}

impl<T> RecordHandle<T> {
    /// Counts the records in related lists, given by their API names. Available from v8 on, for at
    /// most 20 lists.
    ///
    /// It returns one result for each list, in the caller's order.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if there is no list, if there are
    /// more than 20, or if a name cannot be one of a related list.
    ///
    /// Source: Zoho's OpenAPI file `get-related-records-count` of 2026
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let account = api.record("Accounts", "3652397000000649013");
    /// for list in account.related_counts(["Contacts", "Deals"]).await? {
    ///     println!("{}: {}", list.related_list, list.count?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn related_counts<S: Into<String>>(
        &self,
        lists: impl IntoIterator<Item = S>,
    ) -> Request<RelatedCounts> {
        let lists: Vec<String> = lists.into_iter().map(Into::into).collect();
        let call = self.parent().call(COUNT);
        let call = lists.iter().fold(call, |call, list| call.check(check::related_list(list)));
        let call = call.check(match lists.len() {
            0 => Err(Error::input("no related list to count: name at least one")),
            1..=MOST_LISTS => Ok(()),
            count => Err(Error::input(format!(
                "too many related lists: {count} given, and one call counts at most {MOST_LISTS}"
            ))),
        });
        Request::new(call, RelatedCounts { lists })
    }
}

impl Sealed for RelatedCounts {}

impl SingleCall for RelatedCounts {
    type Answer = Vec<RelatedCount>;

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        call.must_be_right()?;
        let list = |name: &String| json!({ "related_list": { "api_name": name } });
        let lists: Vec<Value> = self.lists.iter().map(list).collect();
        Ok(call.body(&json!({ KEY: lists })))
    }

    fn read(self, reply: &Reply) -> Result<Vec<RelatedCount>, Error> {
        let items = items(reply).ok_or_else(|| reply.unexpected("counts of related lists"))?;
        let one = |(index, related_list): (usize, String)| {
            let named = items.iter().find(|item| item.is_of(&related_list));
            let item = named.or_else(|| items.get(index).filter(|item| item.name.is_none()));
            let count = match item {
                Some(item) => item.count(reply),
                None => Err(reply.unusable("the answer has no count for this related list")),
            };
            RelatedCount { related_list, count }
        };
        Ok(self.lists.into_iter().enumerate().map(one).collect())
    }
}

/// The answer for one related list.
struct Item<'a> {
    name: Option<String>,
    text: &'a str,
}

impl<'a> Item<'a> {
    fn new(text: &'a str) -> Self {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let name = value.pointer("/related_list/api_name").and_then(Value::as_str);
        Self { name: name.map(str::to_owned), text }
    }

    fn is_of(&self, list: &str) -> bool {
        self.name.as_deref() == Some(list)
    }

    fn count(&self, reply: &Reply) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct Answer {
            count: model::Count,
        }
        if let Some(refused) = ApiError::from_json(reply.status(), self.text.as_bytes()) {
            return Err(Error::from_api(refused).with_call(reply.call()));
        }
        match serde_json::from_str::<Answer>(self.text) {
            Ok(answer) => Ok(answer.count.0),
            Err(_) => Err(reply.unusable("the answer for a related list has no count")),
        }
    }
}

/// Returns the answers for the related lists, if the response has them: a list of objects, or a list
/// of lists with one object.
fn items(reply: &Reply) -> Option<Vec<Item<'_>>> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(rename = "get_related_records_count", borrow)]
        items: Vec<&'a RawValue>,
    }
    if !reply.status().is_success() && reply.status() != StatusCode::BAD_REQUEST {
        return None;
    }
    let answer: Answer<'_> = serde_json::from_slice(reply.body()).ok()?;
    let mut items = Vec::new();
    for item in answer.items {
        match serde_json::from_str::<Vec<&RawValue>>(item.get()) {
            Ok(inner) => items.extend(inner.into_iter().map(|item| Item::new(item.get()))),
            Err(_) => items.push(Item::new(item.get())),
        }
    }
    Some(items)
}
