//! Records of a module.

mod list;
mod read;
mod stream;
mod write;

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Endpoint, Error, Id, ItemSuccess, RequestBuilder};

pub use list::{ListRecords, SearchRecords, SortOrder};
pub use read::GetRecord;
pub use stream::{Collected, Cursor, RecordStream};
pub use write::{DeleteRecords, Trigger, WriteRecords};

use crate::{Api, Criteria, operations};

/// The records of one module, as `T`: a [`Record`](zcrm_core::Record) or a struct of the caller's.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let leads = api.records("Leads");
/// let lead = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
/// let id = leads.create_one(&lead).await?.id;
/// let same = leads.get(id.unwrap_or("0".into())).send().await?;
/// # let _ = same;
/// # Ok(())
/// # }
/// ```
pub struct Records<T> {
    api: Api,
    module: Cow<'static, str>,
    /// What a typed module reads; empty for dynamic records.
    fields: &'static [&'static str],
    of: PhantomData<fn() -> T>,
}

impl<T> Records<T> {
    pub(crate) fn new(
        api: Api,
        module: Cow<'static, str>,
        fields: &'static [&'static str],
    ) -> Self {
        Self { api, module, fields, of: PhantomData }
    }

    /// The module's API name.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Begins a request of this module.
    fn request(&self, endpoint: &Endpoint) -> Result<RequestBuilder, Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if self.module.is_empty() || !self.module.bytes().all(plain) {
            return Err(Error::input(format!(
                "`{}` is no module: write its API name, such as `Leads` or `Custom_Module_1`; \
                 Zoho lists them under Settings, Developer Hub, APIs & SDKs",
                self.module.escape_debug()
            )));
        }
        Ok(endpoint.request(self.api.version()).path("module", &self.module))
    }

    /// Writes new records, 100 a call. See [`WriteRecords`].
    pub fn create<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> WriteRecords {
        WriteRecords::new(self.untyped(), &operations::CREATE, records)
    }

    /// Writes one new record.
    ///
    /// # Errors
    /// Of kind [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused it, and as
    /// [`WriteRecords::send`].
    pub async fn create_one(&self, record: &impl Serialize) -> Result<ItemSuccess, Error> {
        write::one(self.create([record])).await
    }

    /// Changes records, 100 a call. Each must hold its `id`; fields that it does not name stay as
    /// they are. See [`WriteRecords`].
    pub fn update<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> WriteRecords {
        WriteRecords::new(self.untyped(), &operations::UPDATE, records).requiring_ids()
    }

    /// Changes one record.
    ///
    /// # Errors
    /// Of kind [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused it, and as
    /// [`WriteRecords::send`].
    pub async fn update_one(
        &self,
        id: impl Into<Id>,
        change: &impl Serialize,
    ) -> Result<ItemSuccess, Error> {
        let id = id.into();
        id.check()?;
        let mut row = zcrm_core::Record::new();
        row.set("id", &id)?;
        let row = write::merged(row, change)?;
        write::one(self.update([row])).await
    }

    /// Changes the records that are there and writes those that are not, 100 a call. Name the
    /// fields that tell which is which by
    /// [`duplicate_check`](WriteRecords::duplicate_check).
    pub fn upsert<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> WriteRecords {
        WriteRecords::new(self.untyped(), &operations::UPSERT, records)
    }

    /// Moves records to the recycle bin, 100 a call.
    pub fn delete<I: Into<Id>>(&self, ids: impl IntoIterator<Item = I>) -> DeleteRecords {
        DeleteRecords::new(self.untyped(), ids.into_iter().map(Into::into).collect())
    }

    /// Moves one record to the recycle bin.
    ///
    /// # Errors
    /// Of kind [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused it, and as
    /// [`DeleteRecords::send`].
    pub async fn delete_one(&self, id: impl Into<Id>) -> Result<ItemSuccess, Error> {
        write::only(self.delete([id]).send().await?)
    }

    fn untyped(&self) -> Records<()> {
        Records::new(self.api.clone(), self.module.clone(), self.fields)
    }
}

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Reads one record.
    pub fn get(&self, id: impl Into<Id>) -> GetRecord<T> {
        GetRecord::new(self.clone(), id.into())
    }

    /// Reads the records of the module: a page, or a stream of all.
    pub fn list(&self) -> ListRecords<T> {
        ListRecords::new(self.clone())
    }

    /// Finds records. The index lags behind writes by seconds, and ends at 2,000 records.
    pub fn search(&self, criteria: Criteria) -> SearchRecords<T> {
        SearchRecords::new(self.clone(), "criteria", criteria.to_string())
    }

    /// Goes on with a stream where a page's error broke it off; see [`Cursor`].
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where the cursor is of another module.
    pub fn resume(&self, cursor: Cursor) -> Result<RecordStream<T>, Error> {
        RecordStream::resume(self.clone(), cursor)
    }
}

impl<T> Clone for Records<T> {
    fn clone(&self) -> Self {
        Self::new(self.api.clone(), self.module.clone(), self.fields)
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("module", &self.module).finish_non_exhaustive()
    }
}
