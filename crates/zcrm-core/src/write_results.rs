//! What became of each record of a write.

use std::{fmt, slice, vec};

use http::StatusCode;
use serde_json::{Map, Value, value::RawValue};

use crate::{ApiError, Code, Error, ErrorKind, Id, Outcome, escaped, json::Members, said::Said};

/// What became of each record of a write, in the caller's order. Partial success is a value.
///
/// Zoho writes the good records of a batch and refuses the others, so look at each of them, or
/// ask for [`all`](Self::all).
///
/// ```
/// use zcrm_core::WriteResults;
///
/// fn report(outcomes: WriteResults) {
///     for (index, outcome) in outcomes.iter().enumerate() {
///         match outcome {
///             Ok(done) => println!("record {index} has id {:?}", done.id),
///             Err(error) => println!("record {index}: {error}"),
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "some of the records may have been refused: look at each, or ask for `.all()`"]
pub struct WriteResults(Vec<Result<ItemSuccess, ItemError>>);

/// A record that was written.
///
/// `Debug` names the details and does not show them: they name people.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ItemSuccess {
    /// The record's id.
    pub id: Option<Id>,
    /// Zoho's code, mostly `SUCCESS`.
    pub code: Code,
    /// Zoho's sentence, such as `record added`.
    pub message: String,
    /// What an upsert did: `insert` or `update`.
    pub action: Option<String>,
    /// The field by which an upsert found its record.
    pub duplicate_field: Option<String>,
    /// All that Zoho gave beside: `Created_Time`, `Modified_By` and the like.
    pub details: Map<String, Value>,
}

impl fmt::Debug for ItemSuccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemSuccess")
            .field("id", &self.id)
            .field("code", &self.code)
            .field("action", &self.action)
            .field("details", &self.details.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A record that was not written, or of which that is not known.
///
/// Each holds an error that knows the operation, the host, the status and the attempts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ItemError {
    /// Zoho refused it.
    Refused(Error),
    /// It was never sent, for this reason; it can be written again.
    NotSent(Error),
    /// Zoho answered with a success (2xx), but what it says of this record could not be used: do not
    /// write it again.
    Executed(Error),
    /// It may have been written; look before writing it again.
    Unknown(Error),
}

impl ItemError {
    /// What an error of a whole call means for each of its records.
    #[must_use]
    pub fn of_call(error: Error) -> Self {
        match error.outcome() {
            Outcome::Refused => Self::Refused(error),
            Outcome::NotSent | Outcome::Local => Self::NotSent(error),
            Outcome::Executed => Self::Executed(error),
            Outcome::Unknown => Self::Unknown(error),
        }
    }

    /// The error itself.
    #[must_use]
    pub fn error(&self) -> &Error {
        match self {
            Self::Refused(error)
            | Self::NotSent(error)
            | Self::Executed(error)
            | Self::Unknown(error) => error,
        }
    }

    /// What became of the record. It can differ from the outcome of the [`error`](Self::error): a
    /// record that was not sent because another call was refused is [`Outcome::NotSent`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(_) => Outcome::Refused,
            Self::NotSent(_) => Outcome::NotSent,
            Self::Executed(_) => Outcome::Executed,
            Self::Unknown(_) => Outcome::Unknown,
        }
    }

    /// Whether writing this record again cannot write it twice.
    #[must_use]
    pub fn is_safe_to_repeat(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NotSent(_))
    }

    /// Zoho's refusal, where it is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.error().api()
    }

    /// Whether the record was changed after the instant that the write named.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.error().is_conflict()
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(error) => write!(f, "not sent: {error}"),
            // the error says what became of it, if it knows its call
            Self::Unknown(error) if error.operation().is_none() => {
                write!(f, "outcome unknown: {error}")
            }
            Self::Executed(error) if error.operation().is_none() => write!(f, "executed: {error}"),
            Self::Refused(error) | Self::Executed(error) | Self::Unknown(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ItemError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error().source()
    }
}

/// The same failure as zcrm's one error. Its outcome is the record's.
impl From<ItemError> for Error {
    fn from(error: ItemError) -> Self {
        let outcome = error.outcome();
        let (ItemError::Refused(inner)
        | ItemError::NotSent(inner)
        | ItemError::Executed(inner)
        | ItemError::Unknown(inner)) = error;
        if inner.outcome() == outcome { inner } else { inner.with_outcome(outcome) }
    }
}

/// How much of a write failed, behind the error of its first failure: [`WriteResults::all`].
#[derive(Debug)]
struct NotAll {
    failed: usize,
    of: usize,
    index: usize,
    first: ItemError,
}

impl fmt::Display for NotAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failed, of, index, .. } = self;
        write!(f, "{failed} of {of} records failed, the first of them record {index}")
    }
}

impl std::error::Error for NotAll {
    /// What the first failure itself was caused by; its text stands in the error above.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.first.source()
    }
}

impl WriteResults {
    /// How many records the write had.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the write had no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The outcomes, in the caller's order.
    pub fn iter(&self) -> slice::Iter<'_, Result<ItemSuccess, ItemError>> {
        self.0.iter()
    }

    /// The records that were written, with their index.
    pub fn successes(&self) -> impl Iterator<Item = (usize, &ItemSuccess)> {
        self.0.iter().enumerate().filter_map(|(index, item)| Some((index, item.as_ref().ok()?)))
    }

    /// The records that were not, or of which it is not known, with their index.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &ItemError)> {
        self.0.iter().enumerate().filter_map(|(index, item)| Some((index, item.as_ref().err()?)))
    }

    /// All successes, or an error if anything failed.
    ///
    /// # Errors
    /// That of the first failure; where the write had several records, its source says how many of
    /// them failed. What was written stays written.
    pub fn all(self) -> Result<Vec<ItemSuccess>, Error> {
        let failed = self.failures().count();
        let Some((index, first)) = self.failures().next() else {
            return Ok(self.0.into_iter().filter_map(Result::ok).collect());
        };
        let first = first.clone();
        let error = Error::from(first.clone());
        if self.len() == 1 {
            return Err(error);
        }
        Err(error.with_source(NotAll { failed, of: self.len(), index, first }))
    }

    /// The outcome of a write of one record.
    ///
    /// # Errors
    /// Where it failed; of kind [`Input`](crate::ErrorKind::Input) where the write had no record.
    pub fn one(self) -> Result<ItemSuccess, Error> {
        let nothing = || Error::input("there is nothing to write: the list of records is empty");
        self.all()?.pop().ok_or_else(nothing)
    }

    /// `count` records with one and the same failure.
    pub fn failed(count: usize, failure: &ItemError) -> Self {
        Self((0..count).map(|_| Err(failure.clone())).collect())
    }

    /// Appends the outcomes of the records that follow these.
    pub fn append(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
    }
}

/// One outcome for each record that was `sent`, with its id where that is known; `context` adds to an
/// error what is known of the call.
pub(crate) fn decode(
    status: StatusCode,
    elements: &[&RawValue],
    sent: &[Option<Id>],
    context: impl Fn(Error) -> Error,
) -> WriteResults {
    if elements.len() != sent.len() {
        return wrong_number(status, elements, sent.len(), context);
    }
    let problem = |outcome, message: String| {
        ItemError::of_call(context(Error::new(ErrorKind::Decode, outcome, message)))
    };
    let one = |(element, sent): (&&RawValue, &Option<Id>)| {
        let text = element.get();
        if let Some(api) = ApiError::from_json(status, text.as_bytes()) {
            return Err(ItemError::of_call(context(Error::from_api(api))));
        }
        let Some(success) = success(text) else {
            // a 207 has refusals too, and an object with a code may be one
            let outcome = match status.is_success() && status != StatusCode::MULTI_STATUS {
                true if !has_code(text) => Outcome::Executed,
                _ => Outcome::Unknown,
            };
            let what = match has_code(text) {
                true => "has a code, but is neither a success nor a refusal",
                false => "is not an outcome",
            };
            return Err(problem(outcome, format!("this element of the answer {what}")));
        };
        if !status.is_success() {
            let message =
                format!("the answer says {} and has the status of a failure", success.code);
            return Err(problem(Outcome::Unknown, message));
        }
        match (sent, &success.id) {
            (Some(sent), Some(id)) if sent != id => Err(problem(
                Outcome::Unknown,
                format!(
                    "the answer is about the id {}, and {} was sent",
                    escaped(id.as_str()),
                    escaped(sent.as_str())
                ),
            )),
            _ => Ok(success),
        }
    };
    WriteResults(elements.iter().zip(sent).map(one).collect())
}

/// Which outcome belongs to which record cannot be said: none of them is known.
fn wrong_number(
    status: StatusCode,
    elements: &[&RawValue],
    sent: usize,
    context: impl Fn(Error) -> Error,
) -> WriteResults {
    let message = format!(
        "the answer has {} outcomes and the request had {sent} records, so it is not known which \
         belongs to which",
        elements.len()
    );
    let mut error = Error::new(ErrorKind::Decode, Outcome::Unknown, message);
    let refusal = |element: &&RawValue| ApiError::from_json(status, element.get().as_bytes());
    if let Some(refusal) = elements.iter().find_map(refusal) {
        error = error.with_source(refusal);
    }
    WriteResults::failed(sent, &ItemError::Unknown(context(error)))
}

fn has_code(text: &str) -> bool {
    Members::parse(text).is_ok_and(|members| members.get("code").is_some())
}

/// Whether a text is one success: an object that says so, at the top or under one of its members, or
/// the only element of a list there.
pub(crate) fn sole_success(text: &str) -> bool {
    if success(text).is_some() {
        return true;
    }
    let Ok(members) = Members::parse(text) else { return false };
    let mut lists =
        members.0.iter().filter_map(|(_, value)| match serde_json::from_str(value.get()) {
            Ok(list) => Some::<Vec<&RawValue>>(list),
            Err(_) => has_code(value.get()).then(|| vec![*value]),
        });
    match (lists.next().as_deref(), lists.next()) {
        (Some([only]), None) => success(only.get()).is_some(),
        _ => false,
    }
}

/// A success, where the text is one.
pub(crate) fn success(text: &str) -> Option<ItemSuccess> {
    let said = Said::read(text.as_bytes()).filter(Said::is_success)?;
    let id = said.details.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
    Some(ItemSuccess {
        id,
        code: said.code,
        message: said.message,
        action: said.action,
        duplicate_field: said.duplicate_field,
        details: said.details,
    })
}

impl IntoIterator for WriteResults {
    type Item = Result<ItemSuccess, ItemError>;
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a WriteResults {
    type Item = &'a Result<ItemSuccess, ItemError>;
    type IntoIter = slice::Iter<'a, Result<ItemSuccess, ItemError>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
