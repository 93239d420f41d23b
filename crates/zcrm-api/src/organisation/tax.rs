//! Taxes of the organisation and their preferences.

use zcrm_core::{Decimal, Id};

use crate::model::model;

/// The member that marks a tax for deletion.
pub(super) const DELETE: &str = "_delete";

model! {
    /// The taxes of the organisation and their preferences.
    OrgTaxes {
        /// The preferences for taxes.
        preference, with_preference: Option<TaxPreference> = "preference";
        /// The taxes.
        taxes, with_taxes: Vec<OrgTax> = "taxes";
    }
}

model! {
    /// The preferences of an organisation for taxes.
    TaxPreference {
        /// Whether a line item gets the taxes of its product automatically.
        auto_populate_tax, with_auto_populate_tax: Option<bool> = "auto_populate_tax";
        /// Whether users may change the tax rates of a line item.
        modify_tax_rates, with_modify_tax_rates: Option<bool> = "modify_tax_rates";
    }
}

model! {
    /// A tax of the organisation, used by line items.
    OrgTax {
        /// The tax's id.
        id, with_id: Option<Id> = "id";
        /// The tax's name.
        name, with_name: String = "name";
        /// The rate in per cent, with all digits.
        value: Option<Decimal> = "value";
        /// The tax's name in the user's language.
        display_label, with_display_label: Option<String> = "display_label";
        /// The tax's position among the others.
        sequence_number, with_sequence_number: Option<i64> = "sequence_number";
    }
}

impl OrgTax {
    /// Creates a tax with this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::default().with_name(name)
    }

    /// Creates a tax that [`Taxes::save`](super::Taxes::save) deletes, by its id.
    #[must_use]
    pub fn deleted(id: impl Into<Id>) -> Self {
        Self::default().with_id(id).with(DELETE, true)
    }

    /// Sets [`value`](Self#structfield.value) to a percentage, such as `19` or `12.50`. Text that
    /// is not a number is sent as text.
    #[must_use]
    pub fn with_value(self, per_cent: impl AsRef<str>) -> Self {
        let text = per_cent.as_ref();
        match text.parse::<Decimal>() {
            Ok(number) => self.with("value", number),
            Err(_) => self.with("value", text),
        }
    }
}
