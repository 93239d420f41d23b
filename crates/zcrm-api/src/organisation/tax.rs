//! Taxes of the organisation, and what it prefers for them.

use serde_json::{Number, Value, value::RawValue};
use zcrm_core::{Error, Id, object};

/// Zoho's mark on a row that is to go.
pub(super) const DELETE: &str = "_delete";

object! {
    /// The taxes of the organisation, and what it prefers for them.
    OrgTaxes {
        /// What the organisation prefers.
        preference, with_preference: TaxPreference = "preference";
    }
    lists {
        /// The taxes.
        taxes, with_taxes: OrgTax = "taxes";
    }
}

object! {
    /// What an organisation prefers for its taxes.
    TaxPreference {
        /// Whether a line gets the taxes of its product by itself.
        auto_populate_tax, with_auto_populate_tax: bool = "auto_populate_tax";
        /// Whether users may change the rates of a line.
        modify_tax_rates, with_modify_tax_rates: bool = "modify_tax_rates";
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

    /// The tax of this id as one that is to be deleted: [`Taxes::save`](super::Taxes::save).
    #[must_use]
    pub fn deleted(id: impl Into<Id>) -> Self {
        let mut tax = Self::default().with_id(id);
        tax.record_mut().put(DELETE, &true);
        tax
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
        match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) if serde_json::from_str::<Number>(text).is_ok() => {
                self.record_mut().put("value", &raw);
            }
            _ => self.record_mut().put("value", &text),
        }
        self
    }
}
