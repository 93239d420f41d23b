//! The types of a record's list fields: tags, participants, files, links and others.

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
        /// Returns the tag's id.
        id, with_id: Id = "id";
        /// Returns the tag's name, of at most 25 characters.
        name, with_name: String = "name";
        /// Returns the tag's colour, such as `#57B1FD`, or `None` if it has no colour.
        color_code, with_color_code: String = "color_code";
        /// Returns the user who created the tag. A record does not include it.
        created_by: Lookup = "created_by";
        /// Returns the user who last modified the tag. A record does not include it.
        modified_by: Lookup = "modified_by";
        /// Returns the time at which the tag was created. A record does not include it.
        created_time: Timestamp = "created_time";
        /// Returns the time at which the tag was last modified. A record does not include it.
        modified_time: Timestamp = "modified_time";
    }
}

impl Tag {
    /// Creates a tag with this name.
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
    /// The kind of a participant of an event.
    ParticipantKind {
        USER = "user": "A user of the organisation.";
        CONTACT = "contact": "A contact.";
        LEAD = "lead": "A lead.";
        EMAIL = "email": "An e-mail address without a record.";
    }
}

object! {
    /// A participant of an event, in the field `Participants`.
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
        /// Returns the id of the row.
        id, with_id: Id = "id";
        /// Returns the kind of the participant.
        kind, with_kind: ParticipantKind = "type";
        /// Returns the id of the user, contact or lead, or the e-mail address.
        participant, with_participant: String = "participant";
        /// Returns the name of the participant.
        name, with_name: String = "name";
        /// Returns the e-mail address of the participant.
        email, with_email: String = "Email";
        /// Returns whether an invitation was sent.
        invited, with_invited: bool = "invited";
        /// Returns the status of the invitation, such as `not_known`.
        status, with_status: String = "status";
    }
}

impl Participant {
    /// Creates a participant from a user of the organisation.
    #[must_use]
    pub fn user(id: impl Into<Id>) -> Self {
        Self::of(ParticipantKind::USER, id.into().as_str())
    }

    /// Creates a participant from a contact.
    #[must_use]
    pub fn contact(id: impl Into<Id>) -> Self {
        Self::of(ParticipantKind::CONTACT, id.into().as_str())
    }

    /// Creates a participant from a lead.
    #[must_use]
    pub fn lead(id: impl Into<Id>) -> Self {
        Self::of(ParticipantKind::LEAD, id.into().as_str())
    }

    /// Creates a participant from an e-mail address without a record.
    #[must_use]
    pub fn address(address: &str) -> Self {
        Self::of(ParticipantKind::EMAIL, address)
    }

    fn of(kind: ParticipantKind, participant: &str) -> Self {
        Self::default().with_kind(kind).with_participant(participant)
    }
}

object! {
    /// A row of a price book, in the field `Pricing_Details`.
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
        /// Returns the id of the row.
        id, with_id: Id = "id";
        /// Returns the lowest quantity or amount of the range.
        from, with_from: Decimal = "from_range";
        /// Returns the highest quantity or amount of the range.
        to, with_to: Decimal = "to_range";
        /// Returns the discount in the range, in percent.
        discount, with_discount: Decimal = "discount";
    }
}

impl PriceRange {
    /// Creates a discount in percent for the quantities from `from` to `to`, both included.
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
    /// The recurrence of an activity, in the field `Recurring_Activity`.
    ///
    /// ```
    /// use zcrm_core::Recurrence;
    ///
    /// let daily = Recurrence::new("FREQ=DAILY;INTERVAL=2;DTSTART=2026-08-29;UNTIL=2026-09-29");
    /// assert_eq!(daily.part("INTERVAL")?.as_deref(), Some("2"));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    Recurrence {
        /// Returns the recurrence rule, in the syntax of RFC 5545.
        rule, with_rule: String = "RRULE";
        /// Returns the dates that are excluded.
        exceptions, with_exceptions: String = "EXDATE";
    }
}

impl Recurrence {
    /// Creates a recurrence from its rule.
    #[must_use]
    pub fn new(rule: impl Into<String>) -> Self {
        Self::default().with_rule(rule)
    }

    /// Returns a part of the rule, such as `FREQ`.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the rule is not a string.
    pub fn part(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(part(self.rule()?, name))
    }
}

object! {
    /// The reminder of a task, in the field `Remind_At`.
    ///
    /// ```
    /// use zcrm_core::Alarm;
    ///
    /// let alarm = Alarm::new("FREQ=NONE;ACTION=EMAIL;TRIGGER=DATE-TIME:2026-08-26T17:02:00+05:30");
    /// assert_eq!(alarm.part("ACTION")?.as_deref(), Some("EMAIL"));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    Alarm {
        /// Returns the alarm, in the syntax of RFC 5545.
        alarm, with_alarm: String = "ALARM";
    }
}

impl Alarm {
    /// Creates an alarm from its text.
    #[must_use]
    pub fn new(alarm: impl Into<String>) -> Self {
        Self::default().with_alarm(alarm)
    }

    /// Returns a part of the alarm, such as `ACTION`.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the alarm is not a string.
    pub fn part(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(part(self.alarm()?, name))
    }
}

/// Returns the value of a name in a text such as `FREQ=DAILY;INTERVAL=2`.
fn part(text: Option<String>, name: &str) -> Option<String> {
    let text = text?;
    let mut parts = text.split(';').filter_map(|part| part.split_once('='));
    parts.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

object! {
    /// A reminder before an event begins, in the list field `Remind_At`.
    Reminder {
        /// Returns the number of periods before the event.
        unit, with_unit: u32 = "unit";
        /// Returns the period: `minutes`, `hours`, `days` or `weeks`.
        period, with_period: String = "period";
        /// Returns the time of day, if the period is days or weeks.
        time, with_time: String = "time";
    }
}

impl Reminder {
    /// Creates a reminder `unit` periods (`minutes`, `hours`, `days` or `weeks`) before the event.
    #[must_use]
    pub fn before(unit: u32, period: &str) -> Self {
        Self::default().with_unit(unit).with_period(period)
    }
}

object! {
    /// A file in a file or image field of a record.
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
        /// Returns the id of the row, or in v2 that of the attachment.
        id, with_id: Id = "id" or "attachment_Id";
        /// Returns the id of the file, which the upload returned.
        file_id, with_file_id: String = "File_Id__s" or "file_Id";
        /// Returns the name of the file.
        name, with_name: String = "File_Name__s" or "file_Name";
        /// Returns the size in bytes. In v2 it is formatted text.
        size, with_size: String = "Size__s" or "file_Size";
        /// Returns the description of an image.
        description, with_description: String = "Description__s";
    }
}

impl FileField {
    /// Creates a value from the id of an uploaded file.
    #[must_use]
    pub fn uploaded(file_id: impl Into<String>) -> Self {
        Self::default().with_file_id(file_id)
    }
}

object! {
    /// A row of a multi-select lookup, which refers to a record or a user.
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
        /// Returns the id of the link, by which it can be deleted.
        id, with_id: Id = "id";
    }
}

impl Link {
    /// Creates a link to a record. `name` is the lookup's name in the linking module.
    #[must_use]
    pub fn to(name: &str, id: impl Into<Id>) -> Self {
        let mut link = Record::new();
        link.put(name, &Lookup::to(id));
        Self(link)
    }

    /// Returns the record that the lookup of this name refers to.
    ///
    /// # Errors
    /// Returns an error of kind [`Decode`](crate::ErrorKind::Decode) if the member is not a
    /// reference.
    pub fn target(&self, name: &str) -> Result<Option<Lookup>, Error> {
        self.0.lookup(name)
    }
}

/// A tax of a product, in the field `Tax`.
///
/// v2 sends only its name. Later versions send an object with a text such as `Vat - 4.0 %`. A tax
/// is written in the form in which it was read; a new one is written in the form of the version in
/// use.
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
    /// Creates a tax with this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self(TaxRepr::Name(name.into()))
    }

    /// Returns the name of the tax, with its rate if Zoho sent it.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.0 {
            TaxRepr::Name(name) | TaxRepr::Object(_, name) => name,
        }
    }

    /// Returns the id of the tax, if Zoho sent it.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        match &self.0 {
            TaxRepr::Name(_) => None,
            TaxRepr::Object(record, _) => record.id(),
        }
    }

    /// Converts the tax to v2's form, or to the form of later versions.
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
        let wrong = || de::Error::custom("a tax must be a name or an object with `value`");
        if let Ok(name) = serde_json::from_str::<Cow<'_, str>>(raw.get()) {
            return Ok(Self(TaxRepr::Name(name.into_owned())));
        }
        let record = Record::from_json(raw.get().to_owned()).map_err(|_| wrong())?;
        let name = ["value", "name"].iter().find_map(|key| record.get(key).ok().flatten());
        Ok(Self(TaxRepr::Object(record, name.unwrap_or_default())))
    }
}
