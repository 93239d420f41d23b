//! The lines of quotes, orders and invoices.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use super::{Decimal, object};
use crate::{ApiVersion, Id, Lookup};

/// The modules that have line items, and the member in which each has them. v2 knows one name for
/// all of them; the later names probably came with v2.1 (Zoho's SDKs for v2.1).
const MODULES: [(&str, &str); 4] = [
    ("Quotes", "Quoted_Items"),
    ("Sales_Orders", "Ordered_Items"),
    ("Invoices", "Invoiced_Items"),
    ("Purchase_Orders", "Purchase_Items"),
];
pub(super) const V2: &str = "Product_Details";

/// A line's members where v2 writes them otherwise.
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
    /// A line of a quote, an order or an invoice: one type for v2 (`Product_Details`) and the
    /// versions after it (`Quoted_Items` and its like).
    ///
    /// It is read in the form of either and written in the form of the version that is used; a struct
    /// of one's own takes v2's name of the list by an alias ([`Module`](crate::Module)). Amounts are
    /// [`Decimal`]s and lose no digit.
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
        /// The line's id.
        id, with_id: Id = "id";
        /// The product.
        product, with_product: Lookup = "Product_Name" or "product";
        /// How much of it; parts of a whole are usual.
        quantity, with_quantity: Decimal = "Quantity" or "quantity";
        /// The price of one.
        list_price, with_list_price: Decimal = "List_Price" or "list_price";
        /// What is taken off.
        discount, with_discount: Discount = "Discount";
        /// The taxes of the line.
        line_taxes, with_line_taxes: Vec<LineTax> = "Line_Tax" or "line_tax";
        /// The sum of its taxes.
        tax, with_tax: Decimal = "Tax";
        /// Quantity times price.
        total, with_total: Decimal = "Total" or "total";
        /// That, less the discount.
        total_after_discount, with_total_after_discount: Decimal =
            "Total_After_Discount" or "total_after_discount";
        /// That, and the taxes.
        net_total, with_net_total: Decimal = "Net_Total" or "net_total";
        /// What is said of it.
        description, with_description: String = "Description" or "product_description";
        /// The price book that the price is from.
        price_book, with_price_book: Lookup = "Price_Book_Name" or "book";
    }
}

impl LineItem {
    /// So much of a product, at its own price.
    #[must_use]
    pub fn new(product: impl Into<Id>, quantity: impl Into<Decimal>) -> Self {
        Self::default().with_product(Lookup::to(product)).with_quantity(quantity)
    }

    /// The member in which a module has its lines; `None` for modules without.
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

    /// Whether a member of a record holds line items, in whichever version.
    pub(super) fn is_member(name: &str) -> bool {
        name == V2 || MODULES.iter().any(|(_, later)| *later == name)
    }

    /// The name of a line's member in the other form: v2's where `v2`, else the later one.
    pub(super) fn renamed(name: &str, v2: bool) -> Option<&'static str> {
        let found = MEMBERS.iter().find(|(later, old)| name == if v2 { *later } else { *old })?;
        Some(if v2 { found.1 } else { found.0 })
    }
}

/// What is taken off a line's total.
///
/// Zoho writes an amount as a number and a percentage as a text such as `12.5%`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discount {
    /// So much in the record's currency.
    Amount(Decimal),
    /// So many of a hundred.
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
        let wrong = |_| de::Error::custom("a discount is a number, or a text such as `12.5%`");
        match text.strip_suffix('%') {
            Some(percent) => percent.trim_end().parse().map(Self::Percent).map_err(wrong),
            None => text.parse().map(Self::Amount).map_err(wrong),
        }
    }
}

object! {
    /// A tax of a line, or of all lines together (`$line_tax`).
    LineTax {
        /// Its id.
        id, with_id: Id = "id";
        /// Its name.
        name, with_name: String = "name";
        /// Its name for people.
        display_name, with_display_name: String = "display_name";
        /// Its rate.
        percentage, with_percentage: Decimal = "percentage";
        /// What it comes to.
        value, with_value: Decimal = "value";
    }
}

impl LineTax {
    /// A tax of this name at this rate in percent.
    #[must_use]
    pub fn new(name: impl Into<String>, percentage: impl Into<Decimal>) -> Self {
        Self::default().with_name(name).with_percentage(percentage)
    }
}

/// A field's name in the version that is used: line items alone have two.
pub(super) fn field_name<'a>(module: &str, name: &'a str, version: ApiVersion) -> &'a str {
    match LineItem::member(module, version) {
        Some(own) if LineItem::is_member(name) => own,
        _ => name,
    }
}
