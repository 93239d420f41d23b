//! What stands in the lists of a record.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Decimal, Timestamp, object, words};
use crate::{Error, Id, Lookup, Record};

object! {
    /// A tag of a record.
    ///
    /// ```
    /// use zcrm_core::{Record, Tag};
    ///
    /// let mut lead = Record::new();
    /// lead.set("Tag", [Tag::named("Hot")])?;
    /// assert_eq!(lead.tags()?[0].name()?.as_deref(), Some("Hot"));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    Tag {
        /// Its id.
        id, with_id: Id = "id";
        /// Its name; at most 25 characters.
        name, with_name: String = "name";
        /// Its colour, such as `#57B1FD`; null where none was chosen.
        color_code, with_color_code: String = "color_code";
        /// Who made it; a record does not tell.
        created_by: Lookup = "created_by";
        /// Who changed it last; a record does not tell.
        modified_by: Lookup = "modified_by";
        /// When it was made; a record does not tell.
        created_time: Timestamp = "created_time";
        /// When it was last changed; a record does not tell.
        modified_time: Timestamp = "modified_time";
    }
}

impl Tag {
    /// The tag of this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::default().with_name(name)
    }
}

impl From<&str> for Tag {
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

impl From<String> for Tag {
    fn from(name: String) -> Self {
        Self::named(name)
    }
}

impl From<&Self> for Tag {
    fn from(tag: &Self) -> Self {
        tag.clone()
    }
}

words! {
    /// What takes part in an event.
    ParticipantKind {
        USER = "user": "A user of the organisation.";
        CONTACT = "contact": "A contact.";
        LEAD = "lead": "A lead.";
        EMAIL = "email": "An address without a record.";
    }
}

object! {
    /// Somebody who takes part in an event: `Participants`.
    ///
    /// ```
    /// use zcrm_core::{Participant, ParticipantKind, Record};
    ///
    /// let mut event = Record::new().with("Event_Title", "Review");
    /// event.set("Participants", [Participant::user("111"), Participant::address("p@example.com")])?;
    /// let all = event.participants()?;
    /// assert_eq!(all[0].kind()?, Some(ParticipantKind::USER));
    /// assert_eq!(all[1].participant()?.as_deref(), Some("p@example.com"));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    Participant {
        /// The row's own id.
        id, with_id: Id = "id";
        /// What it is.
        kind, with_kind: ParticipantKind = "type";
        /// The id of the user, contact or lead, or the address.
        participant, with_participant: String = "participant";
        /// The name.
        name, with_name: String = "name";
        /// The address.
        email, with_email: String = "Email";
        /// Whether an invitation was sent.
        invited, with_invited: bool = "invited";
        /// What came of it, such as `not_known`.
        status, with_status: String = "status";
    }
}

impl Participant {
    /// A user of the organisation.
    #[must_use]
    pub fn user(id: impl Into<Id>) -> Self {
        Self::of(ParticipantKind::USER, id.into().as_str())
    }

    /// A contact.
    #[must_use]
    pub fn contact(id: impl Into<Id>) -> Self {
        Self::of(ParticipantKind::CONTACT, id.into().as_str())
    }

    /// A lead.
    #[must_use]
    pub fn lead(id: impl Into<Id>) -> Self {
        Self::of(ParticipantKind::LEAD, id.into().as_str())
    }

    /// An address without a record.
    #[must_use]
    pub fn address(address: &str) -> Self {
        Self::of(ParticipantKind::EMAIL, address)
    }

    fn of(kind: ParticipantKind, whom: &str) -> Self {
        Self::default().with_kind(kind).with_participant(whom)
    }
}

object! {
    /// A row of a price book: `Pricing_Details`.
    ///
    /// ```
    /// use zcrm_core::{PriceRange, Record};
    ///
    /// let mut book = Record::new().with("Price_Book_Name", "Resellers");
    /// book.set("Pricing_Details", [PriceRange::new(1, 99, "2.50".parse::<zcrm_core::Decimal>()?)])?;
    /// assert_eq!(book.price_ranges()?[0].discount()?.unwrap().as_str(), "2.50");
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    PriceRange {
        /// The row's id.
        id, with_id: Id = "id";
        /// The least quantity or amount of the range.
        from, with_from: Decimal = "from_range";
        /// The greatest.
        to, with_to: Decimal = "to_range";
        /// The discount in it, in percent.
        discount, with_discount: Decimal = "discount";
    }
}

impl PriceRange {
    /// A discount in percent from one quantity to another, both included.
    #[must_use]
    pub fn new(
        from: impl Into<Decimal>,
        to: impl Into<Decimal>,
        discount: impl Into<Decimal>,
    ) -> Self {
        Self::default().with_from(from).with_to(to).with_discount(discount)
    }
}

object! {
    /// How an activity comes again: `Recurring_Activity`.
    ///
    /// ```
    /// use zcrm_core::Recurrence;
    ///
    /// let daily = Recurrence::new("FREQ=DAILY;INTERVAL=2;DTSTART=2026-08-29;UNTIL=2026-09-29");
    /// assert_eq!(daily.part("INTERVAL")?.as_deref(), Some("2"));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    Recurrence {
        /// The rule, in the words of RFC 5545.
        rule, with_rule: String = "RRULE";
        /// The dates that are left out.
        exceptions, with_exceptions: String = "EXDATE";
    }
}

impl Recurrence {
    /// By a rule.
    #[must_use]
    pub fn new(rule: impl Into<String>) -> Self {
        Self::default().with_rule(rule)
    }

    /// A part of the rule, such as `FREQ`.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where the rule is no text.
    pub fn part(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(part(self.rule()?, name))
    }
}

object! {
    /// When Zoho reminds of a task: `Remind_At` as an alarm.
    ///
    /// ```
    /// use zcrm_core::Alarm;
    ///
    /// let alarm = Alarm::new("FREQ=NONE;ACTION=EMAIL;TRIGGER=DATE-TIME:2026-08-26T17:02:00+05:30");
    /// assert_eq!(alarm.part("ACTION")?.as_deref(), Some("EMAIL"));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    Alarm {
        /// The alarm, in the words of RFC 5545.
        alarm, with_alarm: String = "ALARM";
    }
}

impl Alarm {
    /// By its text.
    #[must_use]
    pub fn new(alarm: impl Into<String>) -> Self {
        Self::default().with_alarm(alarm)
    }

    /// A part of the alarm, such as `ACTION`.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where the alarm is no text.
    pub fn part(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(part(self.alarm()?, name))
    }
}

/// `FREQ=DAILY;INTERVAL=2`: the value of a name.
fn part(text: Option<String>, name: &str) -> Option<String> {
    let text = text?;
    let mut parts = text.split(';').filter_map(|part| part.split_once('='));
    parts.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

object! {
    /// When Zoho reminds of an event, before it begins: an element of `Remind_At`.
    Reminder {
        /// How many of the period.
        unit, with_unit: u32 = "unit";
        /// `minutes`, `hours`, `days` or `weeks`.
        period, with_period: String = "period";
        /// The time of day, for days and weeks.
        time, with_time: String = "time";
    }
}

impl Reminder {
    /// So many `minutes`, `hours`, `days` or `weeks` before.
    #[must_use]
    pub fn before(unit: u32, period: &str) -> Self {
        Self::default().with_unit(unit).with_period(period)
    }
}

object! {
    /// A file in a field of the record.
    ///
    /// ```
    /// use zcrm_core::{FileField, Record};
    ///
    /// let mut lead = Record::new();
    /// lead.set("Offer", [FileField::uploaded("ae9c7cefa418aec1d6a5cc2d9ab35c32")])?;
    /// assert!(lead.files("Offer")?[0].file_id()?.is_some());
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    FileField {
        /// The row's id; in v2 that of the attachment.
        id, with_id: Id = "id" or "attachment_Id";
        /// The id of the file, as the upload gave it.
        file_id, with_file_id: String = "File_Id__s" or "file_Id";
        /// Its name.
        name, with_name: String = "File_Name__s" or "file_Name";
        /// Its size in bytes; v2 writes it for people.
        size, with_size: String = "Size__s" or "file_Size";
        /// What the image shows.
        description, with_description: String = "Description__s";
    }
}

impl FileField {
    /// A file that was uploaded.
    #[must_use]
    pub fn uploaded(file_id: impl Into<String>) -> Self {
        Self::default().with_file_id(file_id)
    }
}

object! {
    /// A record that a multi-select lookup points to, or a user, by a row of the linking module.
    ///
    /// ```
    /// use zcrm_core::{Link, Record};
    ///
    /// let mut lead = Record::new();
    /// lead.append_rows("Products_Wanted", [Link::to("Product", "3652397000000490001")])?;
    /// let links = lead.links("Products_Wanted")?;
    /// assert_eq!(links[0].target("Product")?.unwrap().id, "3652397000000490001");
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    Link {
        /// The link's id, by which it can be deleted.
        id, with_id: Id = "id";
    }
}

impl Link {
    /// A link to a record. `name` is the lookup's name in the linking module.
    #[must_use]
    pub fn to(name: &str, id: impl Into<Id>) -> Self {
        let mut link = Record::new();
        link.put(name, &Lookup::to(id));
        Self(link)
    }

    /// What the lookup of this name points to.
    ///
    /// # Errors
    /// Of kind [`Decode`](crate::ErrorKind::Decode) where it is no reference.
    pub fn target(&self, name: &str) -> Result<Option<Lookup>, Error> {
        self.0.lookup(name)
    }
}

/// A tax of a product: `Tax`. v2 writes its name alone; later versions an object with a text such as
/// `Vat - 4.0 %`. It is written in the form in which it was read; a new one in the form of the
/// version that is used.
///
/// ```
/// use zcrm_core::{Record, Tax};
///
/// let old: Record = r#"{"Tax":["Vat"]}"#.parse()?;
/// let new: Record = r#"{"Tax":[{"id":"7","value":"Vat"}]}"#.parse()?;
/// assert_eq!(old.taxes()?[0].name(), new.taxes()?[0].name());
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tax(TaxRepr);

#[derive(Clone, Debug)]
enum TaxRepr {
    Name(String),
    Object(Record, String),
}

impl Tax {
    /// The tax of this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self(TaxRepr::Name(name.into()))
    }

    /// The tax's name, with its rate where Zoho sent that.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.0 {
            TaxRepr::Name(name) | TaxRepr::Object(_, name) => name,
        }
    }

    /// The tax's id, where Zoho sent it.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        match &self.0 {
            TaxRepr::Name(_) => None,
            TaxRepr::Object(record, _) => record.id(),
        }
    }

    /// The same tax in v2's form, or in the later one.
    pub(crate) fn in_form(self, v2: bool) -> Self {
        Self(match self.0 {
            TaxRepr::Object(_, name) if v2 => TaxRepr::Name(name),
            TaxRepr::Name(name) if !v2 => {
                let mut record = Record::new();
                record.put("value", &name);
                TaxRepr::Object(record, name)
            }
            same => same,
        })
    }
}

impl Serialize for Tax {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            TaxRepr::Name(name) => serializer.serialize_str(name),
            TaxRepr::Object(record, _) => record.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Tax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        let wrong = || de::Error::custom("a tax is a name or an object with `value`");
        if let Ok(name) = serde_json::from_str::<Cow<'_, str>>(raw.get()) {
            return Ok(Self(TaxRepr::Name(name.into_owned())));
        }
        let record = Record::from_json(raw.get().to_owned()).map_err(|_| wrong())?;
        let name = ["value", "name"].iter().find_map(|key| record.get(key).ok().flatten());
        Ok(Self(TaxRepr::Object(record, name.unwrap_or_default())))
    }
}
