//! Requests for the currencies of the organisation.

use serde::Serialize;
use zcrm_core::{Id, Record, ResponseShape};

use super::currency::{AvailableCurrency, Currency};
use crate::Call;
use crate::list::{List, Whole};
use crate::request::{GetItem, Request, WriteItem, WriteItems};
use crate::{Api, check, operations};

/// The maximum number of currencies in one call, by Zoho's page.
const MOST_CURRENCIES: usize = 10;

/// The key of the base currency in a request and its response.
const BASE: &str = "base_currency";

/// The currencies of the organisation: [`Api::currencies`].
///
/// A currency cannot be deleted, only [deactivated](Currency::with_is_active).
///
/// Source: <https://www.zoho.com/crm/developer/docs/api/v8/get-currency.html>
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::organisation::Currency;
///
/// let currencies = api.currencies();
/// let made = currencies.create(&Currency::new("CHF", "CHF", "0.88")).await?;
/// currencies.update(&made.id, &Currency::default().with_exchange_rate("0.9")).await?;
/// for currency in currencies.list().all().await? {
///     println!("{} {:?}", currency.iso_code, currency.exchange_rate);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Currencies {
    api: Api,
}

impl Currencies {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Lists the currencies of the organisation in one page.
    pub fn list(&self) -> Request<List<Currency>> {
        List::request(self.api.call(&operations::CURRENCIES_LIST), Whole)
    }

    /// Reads one currency.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<Currency>> {
        GetItem::request(self.api.call(&operations::CURRENCIES_GET).path_id("id", id))
    }

    /// Lists the currencies that can be added, in one page.
    pub fn available(&self) -> Request<List<AvailableCurrency>> {
        List::request(self.api.call(&operations::CURRENCIES_LIST_AVAILABLE), Whole)
    }

    /// Adds a currency.
    pub fn create(&self, currency: &impl Serialize) -> Request<WriteItem> {
        self.create_many([currency]).single()
    }

    /// Adds at most 10 currencies.
    pub fn create_many<R: Serialize>(
        &self,
        currencies: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.api.call(&operations::CURRENCIES_CREATE);
        WriteItems::rows(call, currencies).at_most(MOST_CURRENCIES)
    }

    /// Updates one currency. Members that `change` does not name are left unchanged.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let id = id.into();
        let call = self.api.call(&operations::CURRENCIES_UPDATE_ONE).path_id("id", &id);
        WriteItem::row(call, change).about(&id)
    }

    /// Updates at most 10 currencies. Each must have its `id`.
    pub fn update_many<R: Serialize>(
        &self,
        currencies: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.api.call(&operations::CURRENCIES_UPDATE);
        WriteItems::rows_with_ids(call, currencies).at_most(MOST_CURRENCIES)
    }

    /// Enables several currencies, with this one as the base currency. This cannot be undone.
    pub fn enable(&self, base: &impl Serialize) -> Request<WriteItem> {
        let row = check::row(0, base);
        Self::base(self.api.call(&operations::CURRENCIES_ENABLE_BASE), row)
    }

    /// Updates the base currency. Members that `change` does not name are left unchanged.
    pub fn update_base(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let id = id.into();
        let row = id.check().and_then(|_| Ok(check::row(0, change)?.with("id", id.as_str())));
        Self::base(self.api.call(&operations::CURRENCIES_UPDATE_BASE), row).about(&id)
    }

    fn base(call: Call, row: Result<Record, zcrm_core::Error>) -> Request<WriteItem> {
        let call = call.returning(ResponseShape::WriteResult(BASE));
        WriteItem::request(match row {
            Ok(row) => call.body(&Record::new().with(BASE, row)),
            Err(mistake) => call.fail(mistake),
        })
    }
}
