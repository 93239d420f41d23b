//! Typed getters for the values of a record's fields.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Alarm, Decimal, FileField, LineItem, LineTax, Link, Participant, PriceRange, Recurrence,
    Reminder, Tag, Tax, Timestamp, line_item,
};
use crate::{Error, Lookup, Patch, Record};

/// Typed getters for field values. Write the values with [`set`](Record::set).
///
/// A list that is absent, null or empty is read as empty; [`member`](Record::member) distinguishes
/// these. But subforms, line items and links that were not read are an error, because lists of
/// records leave them out.
impl Record {
    /// Returns a member's state: absent, null, or a value.
    ///
    /// ```
    /// use zcrm_core::{Patch, Record};
    ///
    /// let lead: Record = r#"{"Tag":[],"Email":null}"#.parse()?;
    /// assert_eq!(lead.member::<Vec<u8>>("Tag")?, Patch::Value(vec![]));
    /// assert_eq!(lead.member::<String>("Email")?, Patch::Null);
    /// assert_eq!(lead.member::<String>("Phone")?, Patch::Absent);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode), with the member's name, if
    /// the member does not fit `T`.
    pub fn member<T: DeserializeOwned>(&self, name: &str) -> Result<Patch<T>, Error> {
        if !self.contains(name) {
            return Ok(Patch::Absent);
        }
        Ok(self.get(name)?.map_or(Patch::Null, Patch::Value))
    }

    /// Returns a number with all its digits.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a number.
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, Error> {
        self.get(name)
    }

    /// Returns a date, such as `Closing_Date`.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a date.
    pub fn date(&self, name: &str) -> Result<Option<NaiveDate>, Error> {
        self.get(name)
    }

    /// Returns a time with its offset, such as `Modified_Time`.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not such a
    /// time.
    pub fn timestamp(&self, name: &str) -> Result<Option<Timestamp>, Error> {
        self.get(name)
    }

    /// Returns the choices of a multi-select picklist.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a list of
    /// strings.
    pub fn choices(&self, name: &str) -> Result<Vec<String>, Error> {
        self.list(name)
    }

    /// Returns the ISO code of the record's currency, if the organisation has several currencies.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a string.
    pub fn currency(&self) -> Result<Option<String>, Error> {
        self.get("Currency")
    }

    /// Returns the record's layout.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a
    /// reference.
    pub fn layout(&self) -> Result<Option<Lookup>, Error> {
        self.get("Layout")
    }

    /// Returns the record's tags.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a list of
    /// objects.
    pub fn tags(&self) -> Result<Vec<Tag>, Error> {
        self.list("Tag")
    }

    /// Returns the taxes of a product, in v2's form or the later one.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member has neither
    /// form.
    pub fn taxes(&self) -> Result<Vec<Tax>, Error> {
        self.list("Tax")
    }

    /// Returns the taxes of all lines together (`$line_tax`).
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a list of
    /// objects.
    pub fn line_taxes(&self) -> Result<Vec<LineTax>, Error> {
        self.list("$line_tax")
    }

    /// Returns the lines of a quote, an order or an invoice, of any version.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if the record was read without
    /// its lines, as by a list, and of kind [`Decode`](crate::ErrorKind::Decode) if the member is
    /// not a list of objects.
    pub fn line_items(&self) -> Result<Vec<LineItem>, Error> {
        Ok(self.subform(&self.line_items_name())?.into_iter().map(LineItem::from).collect())
    }

    /// Sets all lines.
    ///
    /// To add or delete single lines, pass [`line_items_name`](Self::line_items_name) to
    /// [`append_rows`](Self::append_rows) or [`delete_rows`](Self::delete_rows).
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if a line cannot be written as
    /// JSON.
    pub fn set_line_items(
        &mut self,
        lines: impl IntoIterator<Item = LineItem>,
    ) -> Result<(), Error> {
        let lines: Vec<LineItem> = lines.into_iter().collect();
        self.set(self.line_items_name().into_owned(), lines)
    }

    /// Returns the name of the member that holds the lines, or `Product_Details` by default.
    ///
    /// A write uses the name of the module and version.
    #[must_use]
    pub fn line_items_name(&self) -> Cow<'static, str> {
        let found = self.names().find(|name| LineItem::is_member(name)).map(Cow::into_owned);
        found.map_or(Cow::Borrowed(line_item::V2), Cow::Owned)
    }

    /// Returns the participants of an event.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a list of
    /// objects.
    pub fn participants(&self) -> Result<Vec<Participant>, Error> {
        self.list("Participants")
    }

    /// Returns the ranges of a price book.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if the record was read without
    /// the ranges, as by a list, and of kind [`Decode`](crate::ErrorKind::Decode) if the member is
    /// not a list of objects.
    pub fn price_ranges(&self) -> Result<Vec<PriceRange>, Error> {
        self.must_be_read("Pricing_Details")?;
        self.list("Pricing_Details")
    }

    /// Returns the recurrence of an activity.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not an
    /// object.
    pub fn recurrence(&self) -> Result<Option<Recurrence>, Error> {
        self.get("Recurring_Activity")
    }

    /// Returns the reminder of a task: `Remind_At` as an alarm.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not an
    /// object.
    pub fn alarm(&self) -> Result<Option<Alarm>, Error> {
        self.get("Remind_At")
    }

    /// Returns the reminders of an event: `Remind_At` as a list.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a list of
    /// objects.
    pub fn reminders(&self) -> Result<Vec<Reminder>, Error> {
        self.list("Remind_At")
    }

    /// Returns the files of a field.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a list of
    /// objects.
    pub fn files(&self, name: &str) -> Result<Vec<FileField>, Error> {
        self.list(name)
    }

    /// Returns the links of a multi-select lookup, or of a lookup of several users.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if the record was read without
    /// the links, as by a list, and of kind [`Decode`](crate::ErrorKind::Decode) if the member is
    /// not a list of objects.
    pub fn links(&self, name: &str) -> Result<Vec<Link>, Error> {
        Ok(self.subform(name)?.into_iter().map(Link::from).collect())
    }

    fn list<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Vec<T>, Error> {
        self.get(name).map(Option::unwrap_or_default)
    }
}
