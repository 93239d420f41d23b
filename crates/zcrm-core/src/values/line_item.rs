//! Line items of quotes, orders and invoices.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use super::{Decimal, object};
use crate::{ApiVersion, Id, Lookup};

/// The modules with line items, and the member that holds them from v2.1 on.
///
/// v2 uses one name for all modules. The later names probably came with v2.1 (Zoho's SDKs for
/// v2.1).
const MODULES: [(&str, &str); 4] = [
    ("Quotes", "Quoted_Items"),
    ("Sales_Orders", "Ordered_Items"),
    ("Invoices", "Invoiced_Items"),
    ("Purchase_Orders", "Purchase_Items"),
];
pub(super) const V2: &str = "Product_Details";

/// The members of a line that have another name in v2.
const MEMBERS: [(&str, &str); 9] = [
    ("Product_Name", "product"),
    ("Quantity", "quantity"),
    ("List_Price", "list_price"),
    ("Description", "product_description"),
    ("Line_Tax", "line_tax"),
    ("Total", "total"),
    ("Total_After_Discount", "total_after_discount"),
    ("Net_Total", "net_total"),
    ("Price_Book_Name", "book"),
];

object! {
    /// A line of a quote, an order or an invoice, for v2 (`Product_Details`) and for later versions
    /// (`Quoted_Items` and others).
    ///
    /// It is read in either form, and written in the form of the version in use. In a struct, an
    /// alias accepts v2's name of the list too; see [`Module`](crate::Module). Amounts are
    /// [`Decimal`]s, which keep all digits.
    ///
    /// ```
    /// use zcrm_core::{Discount, LineItem, Record};
    ///
    /// let half: zcrm_core::Decimal = "1.5".parse()?;
    /// let line = LineItem::new("3652397000000490001", half).with_discount(Discount::Percent(10.into()));
    /// let mut quote = Record::new().with("Subject", "Offer 7");
    /// quote.set_line_items([line])?;
    /// assert_eq!(quote.line_items()?[0].quantity()?.unwrap().as_str(), "1.5");
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    LineItem {
        /// Returns the id of the line.
        id, with_id: Id = "id";
        /// Returns the product.
        product, with_product: Lookup = "Product_Name" or "product";
        /// Returns the quantity, which is often not an integer.
        quantity, with_quantity: Decimal = "Quantity" or "quantity";
        /// Returns the price of one unit.
        list_price, with_list_price: Decimal = "List_Price" or "list_price";
        /// Returns the discount.
        discount, with_discount: Discount = "Discount";
        /// Returns the taxes of the line.
        line_taxes, with_line_taxes: Vec<LineTax> = "Line_Tax" or "line_tax";
        /// Returns the sum of the line's taxes.
        tax, with_tax: Decimal = "Tax";
        /// Returns the quantity times the price.
        total, with_total: Decimal = "Total" or "total";
        /// Returns the total less the discount.
        total_after_discount, with_total_after_discount: Decimal =
            "Total_After_Discount" or "total_after_discount";
        /// Returns the total less the discount, plus the taxes.
        net_total, with_net_total: Decimal = "Net_Total" or "net_total";
        /// Returns the description of the line.
        description, with_description: String = "Description" or "product_description";
        /// Returns the price book that the price comes from.
        price_book, with_price_book: Lookup = "Price_Book_Name" or "book";
    }
}

impl LineItem {
    /// Creates a line with this quantity of a product, at the product's price.
    #[must_use]
    pub fn new(product: impl Into<Id>, quantity: impl Into<Decimal>) -> Self {
        Self::default().with_product(Lookup::to(product)).with_quantity(quantity)
    }

    /// Returns the member that holds a module's lines, or `None` for a module without lines.
    ///
    /// ```
    /// use zcrm_core::{ApiVersion, LineItem};
    ///
    /// assert_eq!(LineItem::member("Quotes", ApiVersion::V2), Some("Product_Details"));
    /// assert_eq!(LineItem::member("Quotes", ApiVersion::V8), Some("Quoted_Items"));
    /// assert_eq!(LineItem::member("Leads", ApiVersion::V8), None);
    /// ```
    #[must_use]
    pub fn member(module: &str, version: ApiVersion) -> Option<&'static str> {
        let (_, later) = MODULES.iter().find(|(known, _)| *known == module)?;
        Some(if version == ApiVersion::V2 { V2 } else { *later })
    }

    /// Returns `true` if a member of this name holds line items in any version.
    pub(super) fn is_member(name: &str) -> bool {
        name == V2 || MODULES.iter().any(|(_, later)| *later == name)
    }

    /// Returns the name of a line's member in v2's form, or in the form of later versions.
    pub(super) fn renamed(name: &str, v2: bool) -> Option<&'static str> {
        let found = MEMBERS.iter().find(|(later, old)| name == if v2 { *later } else { *old })?;
        Some(if v2 { found.1 } else { found.0 })
    }
}

/// The discount of a line: an amount or a percentage.
///
/// Zoho writes an amount as a number and a percentage as a string such as `12.5%`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discount {
    /// An amount in the record's currency.
    Amount(Decimal),
    /// A percentage of the amount: 12.5 means 12.5 %.
    Percent(Decimal),
}

impl Serialize for Discount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Amount(amount) => amount.serialize(serializer),
            Self::Percent(percent) => serializer.collect_str(&format_args!("{percent}%")),
        }
    }
}

impl<'de> Deserialize<'de> for Discount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"').trim();
        let wrong =
            |_| de::Error::custom("a discount must be a number, or a string such as `12.5%`");
        match text.strip_suffix('%') {
            Some(percent) => percent.trim_end().parse().map(Self::Percent).map_err(wrong),
            None => text.parse().map(Self::Amount).map_err(wrong),
        }
    }
}

object! {
    /// A tax of a line, or of all lines together (`$line_tax`).
    LineTax {
        /// Returns the id of the tax.
        id, with_id: Id = "id";
        /// Returns the name of the tax.
        name, with_name: String = "name";
        /// Returns the display name of the tax.
        display_name, with_display_name: String = "display_name";
        /// Returns the rate of the tax, in percent.
        percentage, with_percentage: Decimal = "percentage";
        /// Returns the amount of the tax.
        value, with_value: Decimal = "value";
    }
}

impl LineTax {
    /// Creates a tax with this name and this rate in percent.
    #[must_use]
    pub fn new(name: impl Into<String>, percentage: impl Into<Decimal>) -> Self {
        Self::default().with_name(name).with_percentage(percentage)
    }
}

/// Returns a field's name in the version in use. Only the field of line items has two names.
pub(super) fn field_name<'a>(module: &str, name: &'a str, version: ApiVersion) -> &'a str {
    match LineItem::member(module, version) {
        Some(current) if LineItem::is_member(name) => current,
        _ => name,
    }
}
