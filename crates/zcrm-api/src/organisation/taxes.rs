//! Requests for the taxes of the organisation.

use serde::Serialize;
use serde_json::value::RawValue;
use zcrm_core::{ApiVersion, Error, Id, ItemSuccess, Operation, Record, ResponseShape};

use super::tax::{DELETE, OrgTax, OrgTaxes};
use crate::Call;
use crate::list::{List, Whole};
use crate::request::{GetItem, Request, WriteItem, WriteItems};
use crate::{Api, check, operations};

/// The taxes of the organisation: [`Api::taxes`].
///
/// v2 and v2.1 have separate operations to create, update and delete taxes. Later versions have one
/// operation for all changes (`PUT /org/taxes`): it writes all taxes of a call or none. After the
/// creation of several taxes its response does not have their ids.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::organisation::OrgTax;
///
/// let made = api.taxes().create(&OrgTax::named("Vat").with_value("19.00")).await?;
/// let taxes = api.taxes().list().all().await?;
/// # let _ = (made, taxes);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Taxes {
    api: Api,
}

impl Taxes {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Returns `true` if the API version has the operations of v2.
    fn is_v2(&self) -> bool {
        self.api.version() < ApiVersion::V3
    }

    /// Begins a call of the operation for the API version.
    fn call(&self, v2: &Operation, later: &Operation) -> Call {
        self.api.call(if self.is_v2() { v2 } else { later })
    }

    /// Lists all taxes in one page.
    pub fn list(&self) -> Request<List<OrgTax>> {
        List::request(self.call(&operations::TAXES_LIST_V2, &operations::TAXES_LIST), Whole)
    }

    /// Reads one tax.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<OrgTax>> {
        let call = self.call(&operations::TAXES_GET_V2, &operations::TAXES_GET);
        GetItem::request(call.path_id("id", id))
    }

    /// Reads all taxes and the organisation's preferences for them.
    pub fn settings(&self) -> Request<GetItem<OrgTaxes>> {
        let shape = match self.is_v2() {
            true => ResponseShape::Bare,
            false => ResponseShape::Object("org_taxes"),
        };
        let call = self.call(&operations::TAXES_LIST_V2, &operations::TAXES_LIST);
        GetItem::request(call.returning(shape))
    }

    /// Creates a tax. It must not have an `id`.
    pub fn create(&self, tax: &impl Serialize) -> Request<WriteItem<ItemSuccess>> {
        self.create_many([tax]).single()
    }

    /// Updates a tax. Members that `change` does not name are left unchanged.
    pub fn update(
        &self,
        id: impl Into<Id>,
        change: &impl Serialize,
    ) -> Request<WriteItem<ItemSuccess>> {
        let row = check::row(0, change).map(|row| vec![row.with("id", id.into())]);
        match row {
            Ok(rows) => self.update_many(rows).single(),
            Err(mistake) => {
                self.update_many(Vec::<Record>::new()).single().map(|call| call.fail(mistake))
            }
        }
    }

    /// Creates taxes. They must not have an `id`.
    pub fn create_many<R: Serialize>(
        &self,
        taxes: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems<ItemSuccess>> {
        if self.is_v2() {
            return WriteItems::rows(self.api.call(&operations::TAXES_CREATE), taxes);
        }
        self.put(check::rows_without_ids(taxes).and_then(records))
    }

    /// Updates taxes. Each must have its `id`. Members that a tax does not name are left unchanged.
    pub fn update_many<R: Serialize>(
        &self,
        taxes: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems<ItemSuccess>> {
        if self.is_v2() {
            let call = self.api.call(&operations::TAXES_UPDATE_V2);
            return WriteItems::rows_with_ids(call, taxes);
        }
        self.put(check::rows_with_ids(taxes).and_then(records))
    }

    /// Deletes taxes.
    pub fn delete_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems<ItemSuccess>> {
        if self.is_v2() {
            return WriteItems::ids(self.api.call(&operations::TAXES_DELETE), ids);
        }
        let deleted = |id: I| {
            let id = id.into();
            id.check()?;
            Ok(Record::new().with("id", &id).with(DELETE, true))
        };
        self.put(ids.into_iter().map(deleted).collect())
    }

    /// Deletes one tax.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem<ItemSuccess>> {
        let id = id.into();
        if self.is_v2() {
            let call = self.api.call(&operations::TAXES_DELETE_ONE);
            return WriteItem::request(call.path_id("id", id));
        }
        self.delete_many([id]).single()
    }

    /// Creates, updates and deletes taxes and sets preferences in one call (from v3 on).
    ///
    /// A tax without an `id` is created, a tax with an `id` is updated, and a tax made by
    /// [`deleted`](OrgTax::deleted) is deleted. Other taxes and preferences are left unchanged.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::organisation::{OrgTax, OrgTaxes, TaxPreference};
    ///
    /// let change = OrgTaxes::default()
    ///     .with_taxes([
    ///         OrgTax::named("Duty").with_value("3"),
    ///         OrgTax::deleted("3652397000000654321"),
    ///     ])
    ///     .with_preference(TaxPreference::default().with_auto_populate_tax(true));
    /// api.taxes().save(&change).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn save(&self, change: &OrgTaxes) -> Request<WriteItem<ItemSuccess>> {
        let call = self.api.call(&operations::TAXES_UPDATE);
        WriteItem::request(call.body(&Body { org_taxes: change }))
    }

    /// Creates a write of these rows, in the form of v3 and later.
    fn put(&self, rows: Result<Vec<Record>, Error>) -> Request<WriteItems<ItemSuccess>> {
        let call = self.api.call(&operations::TAXES_UPDATE);
        let (call, rows) = match rows {
            Ok(rows) => (call, rows),
            // report this error rather than that of an empty list
            Err(mistake) => (call.check(Err(mistake)), Vec::new()),
        };
        let count = rows.len();
        let taxes = Record::new().with("taxes", rows);
        WriteItems::request(call.body(&Body { org_taxes: &taxes }), count)
    }
}

fn records(rows: Vec<Box<RawValue>>) -> Result<Vec<Record>, Error> {
    rows.into_iter().map(|row| Record::from_json(row.get().to_owned())).collect()
}

#[derive(Serialize)]
struct Body<'a, T> {
    org_taxes: &'a T,
}
