//! Modules of the CRM: their names, and their records as Rust types.

use std::{borrow::Cow, fmt, ops::Deref, str::FromStr};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use smol_str::SmolStr;

use crate::Id;

/// The API name of a module, such as `Leads` or `Custom_Module_1`.
///
/// A module name is made from any text and is cheap to clone. It is checked when a request is
/// built: text that cannot be a name is then an error of kind [`Input`](crate::ErrorKind::Input).
///
/// ```
/// use zcrm_core::ModuleName;
///
/// let typed_in = String::from("Leads");
/// let names = [ModuleName::from("Leads"), ModuleName::from(&typed_in), typed_in.into()];
/// assert!(names.iter().all(|name| name == "Leads"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModuleName(SmolStr);

impl ModuleName {
    /// Wraps a name that is known at compile time, without copying it.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(SmolStr::new_static(name))
    }

    /// Returns the name as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ModuleName {
    fn from(name: &str) -> Self {
        Self(SmolStr::new(name))
    }
}

impl From<&&str> for ModuleName {
    fn from(name: &&str) -> Self {
        Self(SmolStr::new(name))
    }
}

impl From<String> for ModuleName {
    fn from(name: String) -> Self {
        Self(SmolStr::from(name))
    }
}

impl From<&String> for ModuleName {
    fn from(name: &String) -> Self {
        Self(SmolStr::new(name))
    }
}

impl From<Cow<'_, str>> for ModuleName {
    fn from(name: Cow<'_, str>) -> Self {
        Self(SmolStr::from(name))
    }
}

impl From<&Cow<'_, str>> for ModuleName {
    fn from(name: &Cow<'_, str>) -> Self {
        Self(SmolStr::new(name))
    }
}

impl From<Box<str>> for ModuleName {
    fn from(name: Box<str>) -> Self {
        Self(SmolStr::from(name))
    }
}

impl From<&Self> for ModuleName {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl From<ModuleName> for String {
    fn from(name: ModuleName) -> Self {
        name.0.into()
    }
}

impl FromStr for ModuleName {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(name))
    }
}

impl Deref for ModuleName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for ModuleName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ModuleName {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for ModuleName {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for ModuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ModuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A type for the records of one module.
///
/// `FIELDS` holds the API names of the fields that a list requests. With more than 50 fields each
/// page takes several calls. Zoho always sends `id`, so it need not be in `FIELDS`. With the
/// facade's feature `derive`, `#[derive(Module)]` writes this implementation from serde's
/// attributes.
///
/// ```
/// use serde::Deserialize;
/// use zcrm_core::{Id, Module};
///
/// #[derive(Deserialize)]
/// struct Lead {
///     id: Id,
///     #[serde(rename = "Last_Name")]
///     last_name: String,
///     #[serde(rename = "Email")]
///     email: Option<String>,
/// }
///
/// impl Module for Lead {
///     const API_NAME: &'static str = "Leads";
///     const FIELDS: &'static [&'static str] = &["Last_Name", "Email"];
/// }
/// ```
///
/// # Subforms and line items
///
/// Lists do not return rows: subforms, line items and the targets of multi-select lookups. So
/// `FIELDS` does not name them; a list that requests line items is an error before it is sent. A
/// read of one record returns them. In the struct such a field is an `Option`: `None` means that
/// the rows were not read, and an empty list means that there are no rows.
///
/// The line items of quotes, orders and invoices are `Product_Details` in v2, and `Quoted_Items`,
/// `Ordered_Items`, `Purchase_Items` or `Invoiced_Items` in later versions. An alias accepts both
/// names:
///
/// ```
/// use serde::Deserialize;
/// use zcrm_core::{LineItem, Module};
///
/// #[derive(Deserialize)]
/// struct Quote {
///     #[serde(rename = "Subject")]
///     subject: Option<String>,
///     #[serde(rename = "Quoted_Items", alias = "Product_Details")]
///     lines: Option<Vec<LineItem>>,
/// }
///
/// impl Module for Quote {
///     const API_NAME: &'static str = "Quotes";
///     const FIELDS: &'static [&'static str] = &["Subject"];
/// }
///
/// // one record, in v2 and in v8
/// let v2: Quote = serde_json::from_str(r#"{"Product_Details":[{"quantity":1.50}]}"#)?;
/// let v8: Quote = serde_json::from_str(r#"{"Quoted_Items":[{"Quantity":1.50}]}"#)?;
/// for quote in [v2, v8] {
///     assert_eq!(quote.lines.unwrap()[0].quantity()?.unwrap().as_str(), "1.50");
/// }
/// // one record of a list
/// let listed: Quote = serde_json::from_str(r#"{"id":"1","Subject":"Pumps"}"#)?;
/// assert!(listed.lines.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Module: DeserializeOwned {
    /// The module's API name, such as `Leads`.
    const API_NAME: &'static str;
    /// The API names of the fields that a list requests.
    const FIELDS: &'static [&'static str];
}

/// A reference to another record or to a user, such as `Account_Name` or `Owner`.
///
/// `Debug` shows only the id, because names and addresses are people's data.
///
/// ```
/// use zcrm_core::Lookup;
///
/// let owner: Lookup = serde_json::from_str(r#"{"id":"111","name":"Patricia Boyle"}"#)?;
/// assert_eq!(owner.name.as_deref(), Some("Patricia Boyle"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lookup {
    /// The id of the record or user.
    pub id: Id,
    /// The name of the record or user, if Zoho sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address of the user, if Zoho sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Lookup {
    /// Creates a reference by its id only, as a write needs it.
    #[must_use]
    pub fn to(id: impl Into<Id>) -> Self {
        Self { id: id.into(), name: None, email: None }
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Lookup;

    #[test]
    fn debug_shows_the_id_and_no_names() {
        let json = r#"{"id":"111","name":"Patricia Boyle","email":"patricia@example.com"}"#;
        let owner: Lookup = serde_json::from_str(json).unwrap();
        let text = format!("{owner:?}");
        assert!(text.contains("111"), "{text}");
        assert!(!text.contains("Boyle") && !text.contains("patricia"), "{text}");
    }
}
