//! Currencies of the organisation.

use zcrm_core::{Id, Timestamp};

use crate::{MetaRef, model::model};

model! {
    /// A currency of the organisation.
    Currency {
        /// The currency's id.
        id, with_id: Option<Id> = "id";
        /// The code of the currency by ISO 4217, such as `EUR`.
        iso_code, with_iso_code: String = "iso_code";
        /// The currency's name, such as `Euro - EUR`.
        name, with_name: Option<String> = "name";
        /// The symbol, such as `€`.
        symbol, with_symbol: Option<String> = "symbol";
        /// How many units of the currency are worth one of the base currency, as text with all
        /// digits.
        exchange_rate, with_exchange_rate: Option<String> = "exchange_rate";
        /// Whether Zoho updates the exchange rate.
        exchange_rate_auto_update, with_exchange_rate_auto_update: Option<bool> = "exchange_rate_auto_update";
        /// Whether the symbol is in front of amounts.
        prefix_symbol, with_prefix_symbol: Option<bool> = "prefix_symbol";
        /// Whether records can use the currency.
        is_active, with_is_active: Option<bool> = "is_active";
        /// Whether it is the base currency.
        is_base: Option<bool> = "is_base";
        /// How amounts are written.
        format, with_format: Option<CurrencyFormat> = "format";
        /// The user who added the currency.
        created_by: Option<MetaRef> = "created_by";
        /// The time at which the currency was added.
        created_time: Option<Timestamp> = "created_time";
        /// The user who last modified the currency.
        modified_by: Option<MetaRef> = "modified_by";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "modified_time";
    }
}

impl Currency {
    /// Creates a currency with its code, its symbol and the rate to the base currency, such as
    /// `0.92`.
    #[must_use]
    pub fn new(
        iso_code: impl Into<String>,
        symbol: impl Into<String>,
        exchange_rate: impl Into<String>,
    ) -> Self {
        let currency = Self::default().with_iso_code(iso_code).with_symbol(symbol);
        currency.with_exchange_rate(exchange_rate)
    }
}

model! {
    /// How amounts of a currency are written.
    CurrencyFormat {
        /// The separator of decimal places: `Period` or `Comma`.
        decimal_separator, with_decimal_separator: Option<String> = "decimal_separator";
        /// The separator of thousands: `Comma`, `Period` or `Space`.
        thousand_separator, with_thousand_separator: Option<String> = "thousand_separator";
        /// The number of decimal places, as text.
        decimal_places, with_decimal_places: Option<String> = "decimal_places";
        /// The grouping of digits: `Indian` or `International`.
        numeral_system, with_numeral_system: Option<String> = "numeral_system";
    }
}

model! {
    /// A currency that can be added to the organisation.
    AvailableCurrency {
        /// The code of the currency by ISO 4217.
        iso_code: String = "iso_code";
        /// The currency's name.
        display_name: Option<String> = "display_name" or "display_value";
        /// The symbol.
        symbol: Option<String> = "symbol";
        /// The usual separator of decimal places.
        decimal_separator: Option<String> = "decimal_separator";
        /// The usual separator of thousands.
        thousand_separator: Option<String> = "thousand_separator";
        /// The usual number of decimal places, as text.
        decimal_places: Option<String> = "decimal_places";
    }
}
