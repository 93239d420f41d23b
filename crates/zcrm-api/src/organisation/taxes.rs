//! Taxes of the organisation.

use serde::Serialize;
use serde_json::{Number, Value};
use zcrm_core::{Error, Id, object};

use crate::{Api, GetItem, ListItems, WriteItem, WriteItems, ask::Ask, operations};

/// The taxes of the organisation: [`Api::taxes`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::organisation::OrgTax;
///
/// let made = api.taxes().create([OrgTax::named("Vat").with_value("19.00")]).send().await?.all()?;
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

    /// Reads all taxes; the list comes whole.
    pub fn list(&self) -> ListItems<OrgTax> {
        ListItems::new(Ask::new(&self.api, &operations::TAXES_LIST))
    }

    /// Reads one tax.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<OrgTax> {
        GetItem::new(Ask::new(&self.api, &operations::TAXES_GET).path_id("id", id))
    }

    /// Makes taxes.
    pub fn create<R: Serialize>(&self, taxes: impl IntoIterator<Item = R>) -> WriteItems {
        WriteItems::rows(Ask::new(&self.api, &operations::TAXES_CREATE), taxes)
    }

    /// Changes taxes. Each must hold its `id`; what it does not name stays as it is.
    pub fn update<R: Serialize>(&self, taxes: impl IntoIterator<Item = R>) -> WriteItems {
        WriteItems::rows_with_ids(Ask::new(&self.api, &operations::TAXES_UPDATE), taxes)
    }

    /// Deletes taxes.
    pub fn delete<I: Into<Id>>(&self, ids: impl IntoIterator<Item = I>) -> WriteItems {
        WriteItems::ids(Ask::new(&self.api, &operations::TAXES_DELETE), ids)
    }

    /// Deletes one tax.
    pub fn delete_one(&self, id: impl Into<Id>) -> WriteItem {
        WriteItem::new(Ask::new(&self.api, &operations::TAXES_DELETE_ONE).path_id("id", id))
    }
}

object! {
    /// A tax of the organisation, which line items name.
    OrgTax {
        /// Its id.
        id, with_id: Id = "id";
        /// Its name.
        name, with_name: String = "name";
        /// Its name in the user's language.
        display_label, with_display_label: String = "display_label";
        /// Where it stands among the others.
        sequence_number, with_sequence_number: i64 = "sequence_number";
    }
}

impl OrgTax {
    /// A new tax of this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::default().with_name(name)
    }

    /// How much it is, in per cent, with all of its digits.
    ///
    /// # Errors
    /// Of kind [`Decode`](zcrm_core::ErrorKind::Decode) where it is no number.
    pub fn value(&self) -> Result<Option<String>, Error> {
        if self.record().get::<Value>("value")?.is_some_and(|value| value.is_string()) {
            return self.record().get("value");
        }
        self.record().get::<Number>("value")?;
        Ok(self.record().raw("value").filter(|raw| *raw != "null").map(str::to_owned))
    }

    /// Sets how much it is, in per cent, such as `19` or `12.50`: a number where it can be read as
    /// one.
    #[must_use]
    pub fn with_value(mut self, per_cent: impl AsRef<str>) -> Self {
        let text = per_cent.as_ref();
        match serde_json::from_str::<&serde_json::value::RawValue>(text) {
            Ok(raw) if serde_json::from_str::<Number>(text).is_ok() => {
                self.record_mut().put("value", &raw);
            }
            _ => self.record_mut().put("value", &text),
        }
        self
    }
}
