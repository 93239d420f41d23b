//! Variables of the organisation and their groups.

use serde::Serialize;
use zcrm_core::{Id, words};

use crate::{MetaRef, RawJson, model::model};

words! {
    /// The type of a variable's value.
    ///
    /// `double` and `website` exist from v2.1 on. In v2 they are refused before anything is sent;
    /// use `decimal` and `url`, which all versions have.
    VariableKind {
        TEXT = "text": "Text on a single line.";
        TEXTAREA = "textarea": "Text on several lines.";
        INTEGER = "integer": "A whole number.";
        LONG = "long": "A large whole number.";
        DECIMAL = "decimal": "A decimal number, in every version.";
        DOUBLE = "double": "A decimal number, from v2.1 on.";
        PERCENT = "percent": "A percentage.";
        CURRENCY = "currency": "An amount of money.";
        DATE = "date": "A date.";
        DATETIME = "datetime": "A date and time.";
        CHECKBOX = "checkbox": "A boolean.";
        EMAIL = "email": "An e-mail address.";
        PHONE = "phone": "A telephone number.";
        URL = "url": "The address of a website, in every version.";
        WEBSITE = "website": "The address of a website, from v2.1 on.";
    }
}

model! {
    /// A variable: a value that the organisation's code and templates can read.
    Variable {
        /// The variable's id.
        id, with_id: Option<Id> = "id";
        /// The variable's API name.
        api_name, with_api_name: String = "api_name";
        /// The variable's name.
        name, with_name: String = "name";
        /// The description of the variable.
        description, with_description: Option<String> = "description";
        /// The type of the variable's value.
        kind, with_kind: Option<VariableKind> = "type";
        /// The value: text, a number or a boolean.
        value: Option<RawJson> = "value";
        /// The group of the variable.
        group, with_group: Option<MetaRef> = "variable_group";
        /// The origin of the variable.
        source: Option<String> = "source";
        /// Whether the variable is read-only.
        read_only: Option<bool> = "read_only";
    }
}

impl Variable {
    /// Creates a variable.
    #[must_use]
    pub fn named(name: impl Into<String>, api_name: impl Into<String>, kind: VariableKind) -> Self {
        Self::default().with_name(name).with_api_name(api_name).with_kind(kind)
    }

    /// Sets [`value`](Self#structfield.value) to any value that can be serialised.
    #[must_use]
    pub fn with_value(self, value: impl Serialize) -> Self {
        self.with("value", value)
    }
}

model! {
    /// A group of variables.
    VariableGroup {
        /// The group's id.
        id: Option<Id> = "id";
        /// The group's API name.
        api_name: String = "api_name";
        /// The group's name.
        name: String = "name";
        /// The group's name in the user's language.
        display_label: Option<String> = "display_label";
        /// The description of the group.
        description: Option<String> = "description";
        /// The origin of the group.
        source: Option<String> = "source";
    }
}
