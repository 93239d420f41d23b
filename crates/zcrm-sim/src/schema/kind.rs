//! The kinds of fields.

use serde::{Deserialize, Serialize};

/// The kind of a field: the type of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// Several lines of text.
    Textarea,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The address of a website.
    Website,
    /// One of several values.
    Picklist,
    /// Some of several values.
    MultiPicklist,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A date and time with its UTC offset.
    DateTime,
    /// An integer of up to nine digits.
    Integer,
    /// An integer that is sent as a string.
    BigInt,
    /// A number.
    Double,
    /// An amount of money.
    Currency,
    /// A percentage.
    Percent,
    /// A boolean.
    Boolean,
    /// A reference to a record of another module.
    Lookup,
    /// A user: the record's owner or another one.
    Owner,
    /// Rows that belong to the record.
    Subform,
    /// Labels on the record.
    Tags,
    /// References to records of another module, each in its own row.
    MultiLookup,
    /// Some of the organisation's users.
    MultiUserLookup,
    /// A number that the system increments.
    AutoNumber,
    /// A value that the system computes.
    Formula,
    /// Files that were uploaded earlier.
    File,
    /// Pictures that were uploaded earlier.
    Image,
    /// A reminder: `{"ALARM": …}` or a date and time.
    Reminder,
    /// The recurrence of an activity: `{"RRULE": …}`.
    Recurrence,
    /// The participants of an event.
    Participants,
    /// Taxes of the organisation.
    Taxes,
    /// An amount, or a percentage such as `12.5%`.
    Discount,
    /// The territories of the record.
    Territories,
    /// The layout of the record's form.
    Layout,
    /// Any value; it is stored unchanged.
    Other,
}

impl FieldKind {
    /// Returns the kind of a `data_type`, if a field can be created with it.
    pub(crate) fn named(data_type: &str) -> Option<Self> {
        const KINDS: [FieldKind; 25] = [
            FieldKind::Text,
            FieldKind::Textarea,
            FieldKind::Email,
            FieldKind::Phone,
            FieldKind::Website,
            FieldKind::Picklist,
            FieldKind::MultiPicklist,
            FieldKind::Date,
            FieldKind::DateTime,
            FieldKind::Integer,
            FieldKind::BigInt,
            FieldKind::Double,
            FieldKind::Currency,
            FieldKind::Percent,
            FieldKind::Boolean,
            FieldKind::Lookup,
            FieldKind::Owner,
            FieldKind::MultiLookup,
            FieldKind::MultiUserLookup,
            FieldKind::Subform,
            FieldKind::AutoNumber,
            FieldKind::Formula,
            FieldKind::File,
            FieldKind::Image,
            FieldKind::Recurrence,
        ];
        let data_type = if data_type == "userlookup" { "ownerlookup" } else { data_type };
        KINDS.into_iter().find(|kind| kind.data_type() == data_type)
    }

    /// Returns whether only the system writes the field.
    pub(crate) fn is_computed(self) -> bool {
        matches!(self, Self::AutoNumber | Self::Formula)
    }

    /// Returns whether the value is a list.
    pub(crate) fn is_list(self) -> bool {
        matches!(
            self,
            Self::MultiPicklist
                | Self::Subform
                | Self::Tags
                | Self::MultiLookup
                | Self::MultiUserLookup
                | Self::File
                | Self::Image
                | Self::Participants
                | Self::Taxes
                | Self::Territories
        )
    }

    /// Returns whether the value is a list of rows with ids.
    pub(crate) fn has_rows(self) -> bool {
        matches!(self, Self::Subform | Self::MultiLookup | Self::File | Self::Image)
    }

    /// Returns Zoho's `data_type`.
    pub(crate) fn data_type(self) -> &'static str {
        match self {
            Self::Text | Self::Tags | Self::Other | Self::Participants => "text",
            Self::MultiLookup => "multiselectlookup",
            Self::MultiUserLookup => "multiuserlookup",
            Self::AutoNumber => "autonumber",
            Self::Formula => "formula",
            Self::File => "fileupload",
            Self::Image => "imageupload",
            Self::Reminder => "ALARM",
            Self::Recurrence => "RRULE",
            Self::Taxes => "multiselectpicklist",
            Self::Discount => "double",
            Self::Territories => "bigint",
            Self::Layout => "layout",
            Self::Textarea => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Website => "website",
            Self::Picklist => "picklist",
            Self::MultiPicklist => "multiselectpicklist",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Integer => "integer",
            Self::BigInt => "bigint",
            Self::Double => "double",
            Self::Currency => "currency",
            Self::Percent => "percent",
            Self::Boolean => "boolean",
            Self::Lookup => "lookup",
            Self::Owner => "ownerlookup",
            Self::Subform => "subform",
        }
    }

    /// Returns Zoho's `json_type`.
    pub(crate) fn json_type(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Discount | Self::Formula | Self::Double | Self::Currency | Self::Percent => {
                "double"
            }
            Self::Boolean => "boolean",
            Self::Lookup
            | Self::Owner
            | Self::Other
            | Self::Reminder
            | Self::Recurrence
            | Self::Layout => "jsonobject",
            other if other.is_list() => "jsonarray",
            _ => "string",
        }
    }

    /// Returns the name of the type in an `expected_data_type`.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Lookup | Self::Owner | Self::Reminder | Self::Recurrence | Self::Layout => {
                "jsonobject"
            }
            other if other.is_list() => "jsonarray",
            other => other.data_type(),
        }
    }

    /// Returns the default maximum length, in characters.
    pub(super) fn default_length(self) -> u32 {
        match self {
            Self::Textarea => 32_000,
            Self::Phone => 30,
            Self::Email => 100,
            Self::Website => 450,
            Self::Integer => 9,
            Self::Double | Self::Currency => 16,
            Self::Percent => 5,
            Self::BigInt => 18,
            Self::Text | Self::Picklist | Self::Owner | Self::Lookup => 120,
            _ => 50,
        }
    }
}
