//! The implementation of `Module`.

use std::collections::HashMap;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, ext::IdentExt as _, spanned::Spanned as _};

use crate::{
    attributes::{Container, Field, ModuleAttribute},
    rename::renamed,
};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            other => {
                let span = if other.is_empty() { input.ident.span() } else { other.span() };
                return Err(Error::new(
                    span,
                    "the fields must have names, for Zoho is asked for them by name",
                ));
            }
        },
        Data::Enum(data) => return Err(only_structs(data.enum_token.span)),
        Data::Union(data) => return Err(only_structs(data.union_token.span)),
    };
    let ModuleAttribute { name: module, path } =
        ModuleAttribute::of(&input.attrs, input.ident.span())?;
    let container = Container::of(&input.attrs)?;

    let mut names: Vec<String> = Vec::new();
    let mut seen: HashMap<String, Span> = HashMap::new();
    let mut mistakes: Option<Error> = None;
    let mut mistake = |error: Error| match &mut mistakes {
        Some(first) => first.combine(error),
        None => mistakes = Some(error),
    };
    for field in named {
        let said = match Field::of(&field.attrs) {
            Ok(said) if said.skipped => continue,
            Ok(said) => said,
            Err(error) => {
                mistake(error);
                continue;
            }
        };
        let not_listed = said.not_listed;
        let ident = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
        let (name, span) = match said.rename {
            Some(name) => (name.value(), name.span()),
            None => {
                let rule = container.rename_all.as_deref();
                let name = rule.and_then(|rule| renamed(rule, &ident)).unwrap_or(ident);
                (name, field.ident.span())
            }
        };
        if let Err(error) = check(&name, span) {
            mistake(error);
        } else if seen.insert(name.clone(), span).is_some() {
            mistake(Error::new(span, format!("two fields are called `{name}` in JSON")));
        } else if name != "id" && !not_listed {
            names.push(name);
        }
    }
    if let Some(mistakes) = mistakes {
        return Err(mistakes);
    }
    if names.is_empty() {
        let message = "there is no field to ask Zoho for: `id` comes along by itself";
        return Err(Error::new(input.ident.span(), message));
    }

    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics #path::Module for #ident #arguments #bounds {
            const API_NAME: &'static str = #module;
            const FIELDS: &'static [&'static str] = &[#(#names),*];
        }
    })
}

fn only_structs(span: Span) -> Error {
    Error::new(span, "only a struct can stand for the records of a module")
}

/// A name is one among many in a list with commas.
fn check(name: &str, span: Span) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(());
    }
    let message = format!(
        "`{}` is no field of Zoho's: an API name has letters, digits and `_` alone, such as \
         `Last_Name`; name it by `#[serde(rename = \"…\")]`",
        name.escape_debug()
    );
    Err(Error::new(span, message))
}
