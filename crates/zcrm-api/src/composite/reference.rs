//! Handles of the parts of a composite request, and references to the records that they write.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    marker::PhantomData,
};

use serde::{Serialize, Serializer, ser::SerializeMap};
use zcrm_core::Written;

use crate::reference_text;

/// A random number that distinguishes a composite request from all others, so that a text from
/// outside cannot look like one of its references.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u128);

impl Mark {
    pub(super) fn random() -> Self {
        // each state is keyed by the operating system's random numbers
        let half = || u128::from(RandomState::new().hash_one(0_u8));
        Self(half() << 64 | half())
    }

    /// Returns the `sub_request_id` of a part.
    pub(super) fn id_of(self, index: usize) -> String {
        reference_text::id_of(self.0, index)
    }
}

/// The position of a part in its composite request, with the type of its answer:
/// [`Request::add`](crate::Request::add).
///
/// It takes the part's answer out of the
/// [`CompositeAnswers`](super::CompositeAnswers::take). It is `Copy`, and belongs to one composite
/// request: another one refuses it.
pub struct Handle<T> {
    pub(super) mark: Mark,
    pub(super) index: usize,
    /// The key of the results in the part's answer.
    key: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T> Handle<T> {
    pub(super) fn new(mark: Mark, index: usize, key: &'static str) -> Self {
        Self { mark, index, key, of: PhantomData }
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("part", &(self.index + 1)).finish_non_exhaustive()
    }
}

impl Handle<Written> {
    /// Returns a reference to the record that this part writes, for a lookup field of a later part
    /// of the same composite request. Only the handle of one written record has it:
    ///
    /// ```compile_fail,E0599
    /// # fn example(api: zcrm_api::Api) {
    /// let mut batch = api.composite();
    /// let lead = batch.add(api.records("Leads").get("3652397000000649013"));
    /// let _ = lead.lookup();
    /// # }
    /// ```
    #[must_use]
    pub fn lookup(self) -> RecordReference {
        RecordReference { mark: self.mark, index: self.index, key: self.key }
    }
}

/// A reference to the record that an earlier part of a composite request writes:
/// [`Handle::lookup`].
///
/// It is not an [`Id`](zcrm_core::Id), because the record has none before the request is sent. It
/// serialises as the value of a lookup field, `{"id": "@{…}"}`, and Zoho replaces it by the id. It
/// is valid only in the same composite request. Another composite request that contains it is refused
/// before sending, and so is a request that is sent by itself.
///
/// Use it as a value of a [`Record`](zcrm_core::Record), or as a field of your own struct:
///
/// ```
/// # use http::{Request, Response};
/// # use zcrm_core::{ApiVersion, BoxError};
/// # use zcrm_http::{ReqBody, ResBody, Transport};
/// # let unused = tower::service_fn(|_: Request<ReqBody>| async {
/// #     Err::<Response<ResBody>, BoxError>("not sent".into())
/// # });
/// # let api = zcrm_api::Api::new(Transport::new(unused), ApiVersion::V8);
/// use serde::Serialize;
/// use zcrm_api::composite::RecordReference;
/// use zcrm_core::{Id, Record};
///
/// #[derive(Serialize)]
/// struct NewContact {
///     #[serde(rename = "Last_Name")]
///     last_name: &'static str,
///     #[serde(rename = "Account_Name")]
///     account: AccountOf,
/// }
///
/// /// An account that exists, or one that the same composite request creates.
/// #[derive(Serialize)]
/// #[serde(untagged)]
/// enum AccountOf {
///     Existing { id: Id },
///     New(RecordReference),
/// }
///
/// let mut batch = api.composite();
/// let account = Record::new().with("Account_Name", "Zylker");
/// let account = batch.add(api.records("Accounts").create(&account));
/// for account in [AccountOf::New(account.lookup()), AccountOf::Existing { id: "17".into() }] {
///     batch.add(api.records("Contacts").create(&NewContact { last_name: "Boyle", account }));
/// }
/// let request = batch.preview()?;
/// assert!(std::str::from_utf8(request.body())?.contains(":$.data[0].details.id}\"}"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecordReference {
    mark: Mark,
    index: usize,
    key: &'static str,
}

impl RecordReference {
    pub(super) fn new(mark: Mark, index: usize, key: &'static str) -> Self {
        Self { mark, index, key }
    }

    /// Returns the text that Zoho replaces by the id.
    pub(super) fn text(self) -> String {
        reference_text::of(&self.mark.id_of(self.index), self.key)
    }
}

impl Serialize for RecordReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut lookup = serializer.serialize_map(Some(1))?;
        lookup.serialize_entry("id", &self.text())?;
        lookup.end()
    }
}

impl fmt::Debug for RecordReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordReference").field("part", &(self.index + 1)).finish_non_exhaustive()
    }
}
