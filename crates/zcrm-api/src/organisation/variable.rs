//! Variables of the organisation, and their groups.

use serde::Serialize;
use serde_json::Value;
use zcrm_core::{Id, object, words};

use crate::MetaRef;

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

object! {
    /// A variable: a value that the organisation's own code and templates read.
    Variable {
        /// Its id.
        id, with_id: Id = "id";
        /// Its API name.
        api_name, with_api_name: String = "api_name";
        /// Its name.
        name, with_name: String = "name";
        /// What it is for.
        description, with_description: String = "description";
        /// What it holds.
        kind, with_kind: VariableKind = "type";
        /// What it holds now: text, a number, or yes or no.
        value: Value = "value";
        /// The group that it is in.
        group: MetaRef = "variable_group";
        /// Where it comes from.
        source: String = "source";
        /// Whether it cannot be changed.
        read_only: bool = "read_only";
    }
}

impl Variable {
    /// A new variable.
    #[must_use]
    pub fn named(name: impl Into<String>, api_name: impl Into<String>, kind: VariableKind) -> Self {
        Self::default().with_name(name).with_api_name(api_name).with_kind(kind)
    }

    /// Sets what it holds, to anything that serialises; see [`value`](Self::value).
    #[must_use]
    pub fn with_value(mut self, value: impl Serialize) -> Self {
        *self.record_mut() = std::mem::take(self.record_mut()).with("value", value);
        self
    }

    /// Sets the group that it is in, by the group's API name; see [`group`](Self::group).
    #[must_use]
    pub fn with_group(mut self, api_name: impl Into<String>) -> Self {
        self.record_mut().put("variable_group", &MetaRef::named(api_name));
        self
    }
}

object! {
    /// A group of variables.
    VariableGroup {
        /// Its id.
        id: Id = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// What it is for.
        description: String = "description";
        /// Where it comes from.
        source: String = "source";
    }
}
