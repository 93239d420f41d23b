//! The results of writes in an answer.

use serde_json::value::RawValue;

use super::Reply;
use crate::{Error, Id, ItemSuccess, WriteResults, json::Members, write_results};

impl Reply {
    /// Reads one result for each of the `sent` records, from the list under `key`.
    ///
    /// If the list has another length, the outcome of every record is unknown.
    ///
    /// # Errors
    /// Returns an error if Zoho refused the entire request, or the answer is not a list of results.
    pub fn outcomes(&self, key: &str, sent: usize) -> Result<WriteResults<ItemSuccess>, Error> {
        self.outcomes_of(key, &vec![None; sent])
    }

    /// Reads the results of records whose ids are known before the call, as in an update or a
    /// deletion.
    ///
    /// If Zoho reports a success for another id than the one sent, that record's outcome is
    /// unknown.
    ///
    /// ```
    /// use http::StatusCode;
    /// use zcrm_core::{ApiVersion, CallMeta, Operation, Id, Outcome, Reply};
    ///
    /// const DELETE: Operation = Operation::delete("/Leads").id("leads.delete").query(&["ids"]);
    /// let request = DELETE.request(ApiVersion::V8).query("ids", "1").build()?;
    /// let call = request.extensions().get::<CallMeta>().unwrap().clone();
    ///
    /// let body = r#"{"data":[{"code":"SUCCESS","status":"success","details":{"id":"9"}}]}"#;
    /// let reply = Reply::new(StatusCode::OK, body, call);
    /// let outcomes = reply.outcomes_of("data", &[Some(Id::from("1"))])?;
    /// let (_, failure) = outcomes.failures().next().unwrap();
    /// assert_eq!(failure.outcome(), Outcome::Unknown);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error in the same cases as [`outcomes`](Self::outcomes).
    pub fn outcomes_of(
        &self,
        key: &str,
        sent: &[Option<Id>],
    ) -> Result<WriteResults<ItemSuccess>, Error> {
        let expected = format_args!("outcomes under `{key}`");
        let lists = self.status.is_client_error() || self.status.is_server_error();
        let text = match lists {
            // an error status may come with a list of errors, one for each record
            true => self.json_text()?,
            false => match self.content(self.successes(), expected)? {
                Some(text) => text,
                None => {
                    return Err(
                        self.unusable("the answer is empty (204), but results were expected")
                    );
                }
            },
        };
        if !lists && let Some(results) = write_results::all_ordinary(&self.body, text, key, sent) {
            return Ok(results);
        }
        let members = Members::parse(text).ok();
        let value = members.and_then(|members| members.get(key));
        let list = match value.map(|value| serde_json::from_str::<Vec<&RawValue>>(value.get())) {
            Some(Ok(list)) => Some(list),
            // the result of one item may come without a list, under the key or at the top
            _ if sent.len() == 1 && self.status.is_success() => {
                let body = || serde_json::from_str::<&RawValue>(text).ok();
                let success = |value: &&RawValue| write_results::is_success(value.get());
                value.filter(success).or_else(|| body().filter(success)).map(|only| vec![only])
            }
            _ => None,
        };
        let Some(elements) = list else {
            return Err(self.other_than(text, expected));
        };
        let context = |error| self.context(error);
        Ok(write_results::decode(self.status, &self.body, &elements, sent, context))
    }

    /// Reads the results as [`outcomes_of`](Self::outcomes_of) does, with an id in each success:
    /// the one in the answer, or else the one that was `sent`.
    ///
    /// A success without an id becomes an [`ItemError`](crate::ItemError) with the outcome
    /// [`Executed`](crate::Outcome::Executed).
    ///
    /// # Errors
    /// Returns an error in the same cases as [`outcomes`](Self::outcomes).
    pub fn written(&self, key: &str, sent: &[Option<Id>]) -> Result<WriteResults, Error> {
        Ok(self.with_ids(self.outcomes_of(key, sent)?, sent))
    }

    /// Adds to each success of this answer its id: the one in the answer, or else the one that was
    /// `sent`; see [`written`](Self::written).
    pub fn with_ids(
        &self,
        results: WriteResults<ItemSuccess>,
        sent: &[Option<Id>],
    ) -> WriteResults {
        results.written_with(sent, |error| self.context(error))
    }

    /// Reads the one result under `key` of an entire request, as the result of each of the `sent`
    /// records.
    ///
    /// A list is read as by [`outcomes`](Self::outcomes). If several records were sent, their
    /// results have no id, because the answer does not say to which record its id belongs.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`outcomes`](Self::outcomes).
    pub fn outcome(&self, key: &str, sent: usize) -> Result<WriteResults<ItemSuccess>, Error> {
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        let members = Members::parse(text).ok();
        let result = members.and_then(|members| members.get(key)).map(RawValue::get);
        let Some(outcome) = result.filter(|result| result.starts_with('{')) else {
            return self.outcomes(key, sent);
        };
        let outcome = match sent {
            1 => outcome.to_owned(),
            _ => without_id(outcome).unwrap_or_else(|| outcome.to_owned()),
        };
        let list = vec![outcome.as_str(); sent].join(",");
        let body = format!("{{{}:[{list}]}}", serde_json::Value::from(key));
        Self { body: body.into(), ..self.clone() }.outcomes(key, sent)
    }
}

/// Removes `id` from the details of a result.
fn without_id(outcome: &str) -> Option<String> {
    let mut outcome: serde_json::Value = serde_json::from_str(outcome).ok()?;
    outcome.get_mut("details")?.as_object_mut()?.remove("id");
    Some(outcome.to_string())
}
