//! Variables of the organisation, and their groups.

use serde::Serialize;
use zcrm_core::{Id, words};

use crate::{MetaRef, RawJson, model::model};

words! {
    /// What a variable holds.
    ///
    /// v2 knows `decimal` and `url`. Later versions know them too, and have `double` and `website`
    /// beside them, which v2 refuses: there they are an error before anything is sent.
    VariableKind {
        TEXT = "text": "A line of text.";
        TEXTAREA = "textarea": "Text of several lines.";
        INTEGER = "integer": "A whole number.";
        LONG = "long": "A large whole number.";
        DECIMAL = "decimal": "A decimal number, in every version.";
        DOUBLE = "double": "A decimal number, from v2.1 on.";
        PERCENT = "percent": "A number in per cent.";
        CURRENCY = "currency": "An amount of money.";
        DATE = "date": "A day.";
        DATETIME = "datetime": "An instant.";
        CHECKBOX = "checkbox": "Yes or no.";
        EMAIL = "email": "An e-mail address.";
        PHONE = "phone": "A telephone number.";
        URL = "url": "The address of a site, in every version.";
        WEBSITE = "website": "The address of a site, from v2.1 on.";
    }
}

model! {
    /// A variable: a value that the organisation's own code and templates read.
    Variable {
        /// Its id.
        id, with_id: Option<Id> = "id";
        /// Its API name.
        api_name, with_api_name: String = "api_name";
        /// Its name.
        name, with_name: String = "name";
        /// What it is for.
        description, with_description: Option<String> = "description";
        /// What it holds.
        kind, with_kind: Option<VariableKind> = "type";
        /// What it holds now: text, a number, or yes or no.
        value: Option<RawJson> = "value";
        /// The group that it is in.
        group, with_group: Option<MetaRef> = "variable_group";
        /// Where it comes from.
        source: Option<String> = "source";
        /// Whether it cannot be changed.
        read_only: Option<bool> = "read_only";
    }
}

impl Variable {
    /// A new variable.
    #[must_use]
    pub fn named(name: impl Into<String>, api_name: impl Into<String>, kind: VariableKind) -> Self {
        Self::default().with_name(name).with_api_name(api_name).with_kind(kind)
    }

    /// Sets [`value`](Self#structfield.value) to anything that serialises.
    #[must_use]
    pub fn with_value(self, value: impl Serialize) -> Self {
        self.with("value", value)
    }
}

model! {
    /// A group of variables.
    VariableGroup {
        /// Its id.
        id: Option<Id> = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// What it is for.
        description: Option<String> = "description";
        /// Where it comes from.
        source: Option<String> = "source";
    }
}
