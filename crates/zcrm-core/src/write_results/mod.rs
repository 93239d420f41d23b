//! The results of the items of a write.

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

/// The results of a write: a success or an error for each item, in the caller's order.
///
/// Zoho may write some records of a batch and refuse the others, so check each result or call
/// [`all`](Self::all). `T` is [`Written`], which has an id. The results of a raw call are
/// [`ItemSuccess`], which has an id only if Zoho sent one.
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
#[must_use = "some records may have been refused: check each result, or call `.all()`"]
pub struct WriteResults<T = Written>(Vec<Result<T, ItemError>>);

impl<T> WriteResults<T> {
    /// Returns the number of items of the write.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if the write had no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the results, in the caller's order.
    pub fn iter(&self) -> slice::Iter<'_, Result<T, ItemError>> {
        self.0.iter()
    }

    /// Returns the items that were written, with their index.
    pub fn successes(&self) -> impl Iterator<Item = (usize, &T)> {
        self.0.iter().enumerate().filter_map(|(index, item)| Some((index, item.as_ref().ok()?)))
    }

    /// Returns the errors of the items that were not or may not have been written, with their
    /// index.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &ItemError)> {
        self.0.iter().enumerate().filter_map(|(index, item)| Some((index, item.as_ref().err()?)))
    }

    /// Returns all successes, or an error if any item failed.
    ///
    /// # Errors
    /// Returns the error of the first failed item. If the write had several items, the error's source reports
    /// how many failed. Items that were written stay written.
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

    /// Returns the result of a write of one item.
    ///
    /// # Errors
    /// Returns the error of the item if it failed, or one of kind
    /// [`Input`](crate::ErrorKind::Input) if the write had no item.
    pub fn one(self) -> Result<T, Error> {
        let empty = || Error::input("the list of records to write is empty");
        self.all()?.pop().ok_or_else(empty)
    }

    /// Creates results of `count` items with the same error.
    pub fn failed(count: usize, failure: &ItemError) -> Self {
        (0..count).map(|_| Err(failure.clone())).collect()
    }

    /// Appends the results of the items that follow these.
    pub fn append(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
    }
}

impl WriteResults {
    /// Returns the ids of the items that were written, in the caller's order.
    pub fn ids(&self) -> impl Iterator<Item = &Id> {
        self.successes().map(|(_, written)| &written.id)
    }
}

impl WriteResults<ItemSuccess> {
    /// Adds to each success its id: the one in the answer, or else the one that was `sent` for this
    /// item.
    ///
    /// A success without an id becomes an error, as in [`Written::new`].
    /// [`Reply::written`](crate::Reply::written) does this too, with errors that name the call.
    pub fn written(self, sent: &[Option<Id>]) -> WriteResults {
        self.written_with(sent, |error| error)
    }

    /// Does the same as [`written`](Self::written). `context` adds facts about the call to an
    /// error.
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

/// The number of failed items, as the source of the error of the first one: [`WriteResults::all`].
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
        write!(f, "{failed} of {of} records failed, the first one is record {index}")
    }
}

impl StdError for NotAll {
    /// Returns the source of the first error, whose text is in the error above.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.first.source()
    }
}
