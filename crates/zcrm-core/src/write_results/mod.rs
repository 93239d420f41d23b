//! What became of each item of a write.

mod action;
mod decode;
mod item_error;
mod item_success;
mod ordinary;
mod success_text;
mod written;

use std::{error::Error as StdError, fmt, iter, slice, vec};

pub use action::Action;
pub(crate) use decode::{decode, is_success, sole_success};
pub use item_error::ItemError;
pub use item_success::ItemSuccess;
pub(crate) use ordinary::all_ordinary;
pub use written::Written;

use crate::{Error, Id};

/// What became of each item of a write, in the caller's order. Partial success is a value.
///
/// Zoho writes the good records of a batch and refuses the others, so look at each of them, or
/// ask for [`all`](Self::all). `T` is [`Written`], whose id is known; a raw call gives
/// [`ItemSuccess`], which has one where Zoho gave it.
///
/// ```
/// use zcrm_core::WriteResults;
///
/// fn report(results: WriteResults) {
///     for (index, result) in results.iter().enumerate() {
///         match result {
///             Ok(done) => println!("record {index} has id {}", done.id),
///             Err(error) => println!("record {index}: {error}"),
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "some of the records may have been refused: look at each, or ask for `.all()`"]
pub struct WriteResults<T = Written>(Vec<Result<T, ItemError>>);

impl<T> WriteResults<T> {
    /// How many items the write had.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the write had no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The results, in the caller's order.
    pub fn iter(&self) -> slice::Iter<'_, Result<T, ItemError>> {
        self.0.iter()
    }

    /// The items that were written, with their index.
    pub fn successes(&self) -> impl Iterator<Item = (usize, &T)> {
        self.0.iter().enumerate().filter_map(|(index, item)| Some((index, item.as_ref().ok()?)))
    }

    /// The items that were not, or of which it is not known, with their index.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &ItemError)> {
        self.0.iter().enumerate().filter_map(|(index, item)| Some((index, item.as_ref().err()?)))
    }

    /// All successes, or an error if anything failed.
    ///
    /// # Errors
    /// That of the first failure; where the write had several items, its source says how many of
    /// them failed. What was written stays written.
    pub fn all(self) -> Result<Vec<T>, Error> {
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

    /// The result of a write of one item.
    ///
    /// # Errors
    /// Where it failed; of kind [`Input`](crate::ErrorKind::Input) where the write had no item.
    pub fn one(self) -> Result<T, Error> {
        let nothing = || Error::input("there is nothing to write: the list of records is empty");
        self.all()?.pop().ok_or_else(nothing)
    }

    /// `count` items with one and the same failure.
    pub fn failed(count: usize, failure: &ItemError) -> Self {
        (0..count).map(|_| Err(failure.clone())).collect()
    }

    /// Appends the results of the items that follow these.
    pub fn append(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
    }
}

impl WriteResults {
    /// The ids of the items that were written, in the caller's order.
    pub fn ids(&self) -> impl Iterator<Item = &Id> {
        self.successes().map(|(_, written)| &written.id)
    }
}

impl WriteResults<ItemSuccess> {
    /// Gives each success its id: the one that Zoho gave, else the one that was `sent` for this item. A
    /// success without either becomes an error, as [`Written::new`] says.
    ///
    /// [`Reply::written`](crate::Reply::written) does this too, and its errors know the call.
    pub fn written(self, sent: &[Option<Id>]) -> WriteResults {
        self.written_with(sent, |error| error)
    }

    /// The same; `context` adds to an error what is known of the call.
    pub(crate) fn written_with(
        self,
        sent: &[Option<Id>],
        context: impl Fn(Error) -> Error,
    ) -> WriteResults {
        let sent = sent.iter().map(Option::as_ref).chain(iter::repeat(None));
        let one = |(result, sent): (Result<ItemSuccess, ItemError>, _)| {
            Written::new(result?, sent)
                .map_err(|failure| ItemError::of_call(context(Error::from(failure))))
        };
        self.into_iter().zip(sent).map(one).collect()
    }
}

impl<T> Default for WriteResults<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<Result<T, ItemError>> for WriteResults<T> {
    fn from_iter<I: IntoIterator<Item = Result<T, ItemError>>>(results: I) -> Self {
        Self(results.into_iter().collect())
    }
}

impl<T> IntoIterator for WriteResults<T> {
    type Item = Result<T, ItemError>;
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a WriteResults<T> {
    type Item = &'a Result<T, ItemError>;
    type IntoIter = slice::Iter<'a, Result<T, ItemError>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
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

impl StdError for NotAll {
    /// What the first failure itself was caused by; its text is in the error above.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.first.source()
    }
}
