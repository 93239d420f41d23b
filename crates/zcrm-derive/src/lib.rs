//! `#[derive(Module)]`: the struct that reads a module's records says which fields it reads.
//!
//! The facade `zcrm` exports it with the feature `derive`; see [`Module`](macro@Module).

mod attributes;
mod module;
mod rename;

use proc_macro::TokenStream;

/// Implements `zcrm::Module`: the module's name, and the API names of the struct's fields, which a
/// list then asks for by itself.
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
/// The struct also derives serde's `Deserialize`, whose attributes say what a field is called in
/// JSON: `rename` and `rename_all` (for reading, where the two differ), `skip` and
/// `skip_deserializing`. `id` comes along by itself and is not asked for. A field that is `flatten`ed
/// has no name and is refused; so are structs that are read by way of another type (`from`,
/// `try_from`, `transparent`).
///
/// A list of records gives no subforms and no line items. Such a field is an `Option` with
/// `#[module(not_listed)]`: a list does not ask for it and leaves it `None`, a read of one record gives it.
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
/// `#[module("Leads")]` names the module, as Zoho's API does. A crate that uses the layers without the
/// facade adds where the trait is: `#[module("Leads", crate = "zcrm_core")]`.
#[proc_macro_derive(Module, attributes(module, serde))]
pub fn derive_module(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    module::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
