//! What became of each record of a write.

use std::{fmt, slice, vec};

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{ApiError, Code, Error, Id};

/// What became of each record of a write, in the caller's order. Partial success is a value.
///
/// Zoho writes the good records of a batch and refuses the others, so look at each of them, or
/// ask for [`all`](Self::all).
///
/// ```
/// use zcrm_core::Outcomes;
///
/// fn report(outcomes: Outcomes) {
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
pub struct Outcomes(Vec<Result<ItemSuccess, ItemError>>);

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
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ItemError {
    /// Zoho refused it.
    Refused(Box<ApiError>),
    /// It was never sent, for this reason; it can be written again.
    NotSent(Error),
    /// It may have been written; look before writing it again.
    Unknown(Error),
}

impl ItemError {
    /// Zoho's refusal, where it is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Refused(error) => Some(error),
            Self::NotSent(error) | Self::Unknown(error) => error.api(),
        }
    }

    /// Whether the record was changed after the instant that the write named.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        Error::from(self.clone()).is_conflict()
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "refused: {error}"),
            Self::NotSent(error) => write!(f, "not sent: {error}"),
            Self::Unknown(error) => write!(f, "outcome unknown: {error}"),
        }
    }
}

impl std::error::Error for ItemError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::NotSent(error) | Self::Unknown(error) => error.source(),
        }
    }
}

/// The same failure as zcrm's one error, for a record that was written alone.
impl From<ItemError> for Error {
    fn from(error: ItemError) -> Self {
        match error {
            ItemError::Refused(api) => Self::from_api(*api),
            ItemError::NotSent(error) | ItemError::Unknown(error) => error,
        }
    }
}

/// How much of a write failed, behind the error of its first failure: [`Outcomes::all`].
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

impl Outcomes {
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
    /// That of the first failure; its source tells how many there were. What was written stays
    /// written.
    pub fn all(self) -> Result<Vec<ItemSuccess>, Error> {
        let failed = self.failures().count();
        let Some((index, first)) = self.failures().next() else {
            return Ok(self.0.into_iter().filter_map(Result::ok).collect());
        };
        let first = first.clone();
        let error = Error::from(first.clone());
        Err(error.with_source(NotAll { failed, of: self.len(), index, first }))
    }

    /// `count` records with one and the same failure.
    pub fn failed(count: usize, failure: &ItemError) -> Self {
        Self((0..count).map(|_| Err(failure.clone())).collect())
    }

    /// Appends the outcomes of the records that follow these.
    pub fn append(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
    }

    /// Makes the refusals that are an `echo` of an earlier attempt unknown.
    pub(crate) fn doubt(
        &mut self,
        echo: impl Fn(&ApiError) -> bool,
        error: impl Fn(ApiError) -> Error,
    ) {
        for outcome in &mut self.0 {
            if let Err(ItemError::Refused(api)) = outcome
                && echo(api)
            {
                *outcome = Err(ItemError::Unknown(error((**api).clone())));
            }
        }
    }

    /// One outcome an element; elements that Zoho left out are unknown, for the `reason` given.
    pub(crate) fn decode(
        status: StatusCode,
        elements: &[&serde_json::value::RawValue],
        sent: usize,
        reason: impl Fn(&str) -> Error,
    ) -> Self {
        let mut outcomes: Vec<_> = elements
            .iter()
            .take(sent)
            .map(|element| match ApiError::from_json(status, element.get().as_bytes()) {
                Some(error) => Err(ItemError::Refused(Box::new(error))),
                None => success(element.get()).ok_or_else(|| {
                    ItemError::Unknown(reason("this element of the answer is no outcome"))
                }),
            })
            .collect();
        outcomes.resize_with(sent, || {
            Err(ItemError::Unknown(reason(
                "the answer has fewer outcomes than the request had records",
            )))
        });
        Self(outcomes)
    }
}

fn success(text: &str) -> Option<ItemSuccess> {
    #[derive(Deserialize)]
    struct Wire {
        code: Code,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        status: Option<String>,
        #[serde(default)]
        action: Option<String>,
        #[serde(default)]
        duplicate_field: Option<String>,
        #[serde(default)]
        details: Option<Map<String, Value>>,
    }
    // serde would take a list for an object, member by member
    text.starts_with('{').then_some(())?;
    let wire: Wire = serde_json::from_str(text).ok()?;
    let says_success = match wire.status.as_deref() {
        Some(word) => word.eq_ignore_ascii_case("success"),
        None => wire.code == Code::SUCCESS,
    };
    says_success.then_some(())?;
    let details = wire.details.unwrap_or_default();
    let id = details.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
    Some(ItemSuccess {
        id,
        code: wire.code,
        message: wire.message.unwrap_or_default(),
        action: wire.action,
        duplicate_field: wire.duplicate_field,
        details,
    })
}

impl IntoIterator for Outcomes {
    type Item = Result<ItemSuccess, ItemError>;
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Outcomes {
    type Item = &'a Result<ItemSuccess, ItemError>;
    type IntoIter = slice::Iter<'a, Result<ItemSuccess, ItemError>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
