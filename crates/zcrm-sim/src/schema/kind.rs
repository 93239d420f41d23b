//! What a field can hold.

use serde::{Deserialize, Serialize};

/// What a field holds.
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
    /// An instant with its offset.
    DateTime,
    /// A whole number of up to nine digits.
    Integer,
    /// A whole number that is sent as a string.
    BigInt,
    /// A number.
    Double,
    /// An amount of money.
    Currency,
    /// A percentage.
    Percent,
    /// Yes or no.
    Boolean,
    /// A record of another module.
    Lookup,
    /// The user who owns the record, or another user.
    Owner,
    /// Rows that belong to the record.
    Subform,
    /// Labels on the record.
    Tags,
    /// Records of another module, each over a row of its own.
    MultiLookup,
    /// Some of the organisation's users.
    MultiUserLookup,
    /// A number that the system counts up.
    AutoNumber,
    /// A value that the system works out.
    Formula,
    /// Files that were uploaded before.
    File,
    /// Pictures that were uploaded before.
    Image,
    /// A reminder: `{"ALARM": …}` or an instant.
    Reminder,
    /// How an activity comes again: `{"RRULE": …}`.
    Recurrence,
    /// The people at an event.
    Participants,
    /// Taxes of the organisation.
    Taxes,
    /// An amount, or a percentage such as `12.5%`.
    Discount,
    /// Territories that the record belongs to.
    Territories,
    /// The layout of the record's form.
    Layout,
    /// A value of any shape that is kept as it is.
    Other,
}

impl FieldKind {
    /// The kind of a `data_type`, of those that a field can be made with.
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

    /// Whether only the system writes it.
    pub(crate) fn is_computed(self) -> bool {
        matches!(self, Self::AutoNumber | Self::Formula)
    }

    /// Whether it holds a list.
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

    /// Whether it holds rows that have ids of their own.
    pub(crate) fn has_rows(self) -> bool {
        matches!(self, Self::Subform | Self::MultiLookup | Self::File | Self::Image)
    }

    /// Zoho's `data_type`.
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

    /// Zoho's `json_type`.
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

    /// The name of the type in an `expected_data_type`.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Lookup | Self::Owner | Self::Reminder | Self::Recurrence | Self::Layout => {
                "jsonobject"
            }
            other if other.is_list() => "jsonarray",
            other => other.data_type(),
        }
    }

    /// The longest value of a field that does not say otherwise, in characters.
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
