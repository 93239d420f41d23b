//! Taxes of the organisation, and what it prefers for them.

use zcrm_core::{Decimal, Id};

use crate::model::model;

/// Zoho's mark on a row that is to go.
pub(super) const DELETE: &str = "_delete";

model! {
    /// The taxes of the organisation, and what it prefers for them.
    OrgTaxes {
        /// What the organisation prefers.
        preference, with_preference: Option<TaxPreference> = "preference";
        /// The taxes.
        taxes, with_taxes: Vec<OrgTax> = "taxes";
    }
}

model! {
    /// What an organisation prefers for its taxes.
    TaxPreference {
        /// Whether a line gets the taxes of its product by itself.
        auto_populate_tax, with_auto_populate_tax: Option<bool> = "auto_populate_tax";
        /// Whether users may change the rates of a line.
        modify_tax_rates, with_modify_tax_rates: Option<bool> = "modify_tax_rates";
    }
}

model! {
    /// A tax of the organisation, which line items name.
    OrgTax {
        /// Its id.
        id, with_id: Option<Id> = "id";
        /// Its name.
        name, with_name: String = "name";
        /// How much it is, in per cent, with all of its digits.
        value: Option<Decimal> = "value";
        /// Its name in the user's language.
        display_label, with_display_label: Option<String> = "display_label";
        /// Its position among the others.
        sequence_number, with_sequence_number: Option<i64> = "sequence_number";
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
        Self::default().with_id(id).with(DELETE, true)
    }

    /// Sets [`value`](Self#structfield.value), in per cent, such as `19` or `12.50`: a number where it
    /// can be read as one.
    #[must_use]
    pub fn with_value(self, per_cent: impl AsRef<str>) -> Self {
        let text = per_cent.as_ref();
        match text.parse::<Decimal>() {
            Ok(number) => self.with("value", number),
            Err(_) => self.with("value", text),
        }
    }
}
