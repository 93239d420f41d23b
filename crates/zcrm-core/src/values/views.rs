//! A record's values, typed.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Alarm, Decimal, FileField, LineItem, LineTax, Link, Participant, PriceRange, Recurrence,
    Reminder, Tag, Tax, Timestamp, line_item,
};
use crate::{Error, Lookup, Patch, Record};

/// Values of fields. Each is read as it is and written by [`set`](Record::set). Lists that are absent,
/// null or empty are read as empty, and [`member`](Record::member) says which; but rows that a list of
/// records leaves out (subforms, line items, links) are an error where they were not read.
impl Record {
    /// A member as it stands: absent, null, or a value.
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
    /// Of kind [`Decode`](crate::ErrorKind::Decode), naming the member, where it does not fit `T`.
    pub fn member<T: DeserializeOwned>(&self, name: &str) -> Result<Patch<T>, Error> {
        if !self.contains(name) {
            return Ok(Patch::Absent);
        }
        Ok(self.get(name)?.map_or(Patch::Null, Patch::Value))
    }

    /// A number, digit for digit.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is none.
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, Error> {
        self.get(name)
    }

    /// A date, such as `Closing_Date`.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is none.
    pub fn date(&self, name: &str) -> Result<Option<NaiveDate>, Error> {
        self.get(name)
    }

    /// An instant with its offset, such as `Modified_Time`.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is none.
    pub fn timestamp(&self, name: &str) -> Result<Option<Timestamp>, Error> {
        self.get(name)
    }

    /// The choices of a multi-select picklist.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is no list of texts.
    pub fn choices(&self, name: &str) -> Result<Vec<String>, Error> {
        self.list(name)
    }

    /// The ISO code of the record's currency, in organisations that have several.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is no text.
    pub fn currency(&self) -> Result<Option<String>, Error> {
        self.get("Currency")
    }

    /// The record's layout.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is no reference.
    pub fn layout(&self) -> Result<Option<Lookup>, Error> {
        self.get("Layout")
    }

    /// The record's tags.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where they are no list of objects.
    pub fn tags(&self) -> Result<Vec<Tag>, Error> {
        self.list("Tag")
    }

    /// The taxes of a product, in v2's form or the later one.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where they are neither.
    pub fn taxes(&self) -> Result<Vec<Tax>, Error> {
        self.list("Tax")
    }

    /// The taxes of all lines together (`$line_tax`).
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where they are no list of objects.
    pub fn line_taxes(&self) -> Result<Vec<LineTax>, Error> {
        self.list("$line_tax")
    }

    /// The lines of a quote, an order or an invoice, of any version.
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input) where the record was read without them, as lists do,
    /// and of kind [`Decode`](crate::ErrorKind::Decode) where they are no list of objects.
    pub fn line_items(&self) -> Result<Vec<LineItem>, Error> {
        Ok(self.subform(&self.line_items_name())?.into_iter().map(LineItem::from).collect())
    }

    /// Sets the lines as a whole. To add or take away some of those that stand there, name
    /// [`line_items_name`](Self::line_items_name) to [`append_rows`](Self::append_rows) and its like.
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input) where a line cannot be written as JSON.
    pub fn set_line_items(
        &mut self,
        lines: impl IntoIterator<Item = LineItem>,
    ) -> Result<(), Error> {
        let lines: Vec<LineItem> = lines.into_iter().collect();
        self.set(self.line_items_name().into_owned(), lines)
    }

    /// The member that holds the lines: the one that is there, else `Product_Details`. A write puts
    /// them where module and version have them.
    #[must_use]
    pub fn line_items_name(&self) -> Cow<'static, str> {
        let found = self.names().find(|name| LineItem::is_member(name)).map(Cow::into_owned);
        found.map_or(Cow::Borrowed(line_item::V2), Cow::Owned)
    }

    /// Who takes part in an event.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where they are no list of objects.
    pub fn participants(&self) -> Result<Vec<Participant>, Error> {
        self.list("Participants")
    }

    /// The ranges of a price book.
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input) where the record was read without them, as lists do,
    /// and of kind [`Decode`](crate::ErrorKind::Decode) where they are no list of objects.
    pub fn price_ranges(&self) -> Result<Vec<PriceRange>, Error> {
        self.must_be_read("Pricing_Details")?;
        self.list("Pricing_Details")
    }

    /// How the activity comes again.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is no object.
    pub fn recurrence(&self) -> Result<Option<Recurrence>, Error> {
        self.get("Recurring_Activity")
    }

    /// When Zoho reminds of a task: `Remind_At` as an alarm.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is no object.
    pub fn alarm(&self) -> Result<Option<Alarm>, Error> {
        self.get("Remind_At")
    }

    /// When Zoho reminds of an event: `Remind_At` as a list.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is no list of objects.
    pub fn reminders(&self) -> Result<Vec<Reminder>, Error> {
        self.list("Remind_At")
    }

    /// The files of a field.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where they are no list of objects.
    pub fn files(&self, name: &str) -> Result<Vec<FileField>, Error> {
        self.list(name)
    }

    /// What a multi-select lookup, or one of several users, points to.
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input) where the record was read without it, as lists do,
    /// and of kind [`Decode`](crate::ErrorKind::Decode) where they are no list of objects.
    pub fn links(&self, name: &str) -> Result<Vec<Link>, Error> {
        Ok(self.subform(name)?.into_iter().map(Link::from).collect())
    }

    fn list<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Vec<T>, Error> {
        self.get(name).map(Option::unwrap_or_default)
    }
}
