//! `#[derive(Module)]`, which takes the fields that a list requests from a struct's fields.
//!
//! The facade `zcrm` exports it with the feature `derive`; see [`Module`](macro@Module).

mod attributes;
mod module;
mod rename;

use proc_macro::TokenStream;

/// Implements `zcrm::Module` with the module's name and the API names of the struct's fields.
///
/// A list of these structs then requests exactly these fields.
///
/// ```
/// # mod zcrm { pub trait Module { const API_NAME: &'static str; const FIELDS: &'static [&'static str]; } }
/// # use zcrm_derive::Module;
/// #[derive(Module)]
/// # #[module(crate = "zcrm")]
/// #[module("Leads")]
/// struct Lead {
///     id: String,
///     #[serde(rename = "Last_Name")]
///     last_name: String,
///     #[serde(rename = "Email")]
///     email: Option<String>,
///     #[serde(skip)]
///     seen: bool,
/// }
/// # use zcrm::Module as _;
/// assert_eq!(Lead::API_NAME, "Leads");
/// assert_eq!(Lead::FIELDS, ["Last_Name", "Email"]);
/// ```
///
/// The struct must also derive serde's `Deserialize`. The macro reads a field's name in JSON from
/// serde's attributes: `rename` and `rename_all` (the name for reading, if there are two), `skip` and
/// `skip_deserializing`. Zoho always sends `id`, so it is not requested. Fields with `flatten` have no
/// name and are an error. So are structs that are read as another type (`from`, `try_from`,
/// `transparent`).
///
/// Lists of records do not return subforms and line items. Such a field must be an `Option` with
/// `#[module(not_listed)]`: a list does not request it and leaves it `None`, and a read of one record
/// returns it.
///
/// ```
/// # mod zcrm { pub trait Module { const API_NAME: &'static str; const FIELDS: &'static [&'static str]; } }
/// # use zcrm_derive::Module;
/// # type LineItem = ();
/// #[derive(Module)]
/// # #[module(crate = "zcrm")]
/// #[module("Quotes")]
/// struct Quote {
///     #[serde(rename = "Subject")]
///     subject: Option<String>,
///     #[module(not_listed)]
///     #[serde(rename = "Quoted_Items", alias = "Product_Details")]
///     lines: Option<Vec<LineItem>>,
/// }
/// # use zcrm::Module as _;
/// assert_eq!(Quote::FIELDS, ["Subject"]);
/// ```
///
/// `#[module("Leads")]` sets the module's API name. A crate that does not depend on `zcrm` adds the
/// crate that has the trait: `#[module("Leads", crate = "zcrm_core")]`.
#[proc_macro_derive(Module, attributes(module, serde))]
pub fn derive_module(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    module::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
