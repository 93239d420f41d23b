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
                    "the fields must have names, because a list requests them by name",
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
    let mut errors: Option<Error> = None;
    let mut add_error = |error: Error| match &mut errors {
        Some(first) => first.combine(error),
        None => errors = Some(error),
    };
    for field in named {
        let attributes = match Field::of(&field.attrs) {
            Ok(attributes) if attributes.skipped => continue,
            Ok(attributes) => attributes,
            Err(error) => {
                add_error(error);
                continue;
            }
        };
        let not_listed = attributes.not_listed;
        let ident = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
        let (name, span) = match attributes.rename {
            Some(name) => (name.value(), name.span()),
            None => {
                let rule = container.rename_all.as_deref();
                let name = rule.and_then(|rule| renamed(rule, &ident)).unwrap_or(ident);
                (name, field.ident.span())
            }
        };
        if let Err(error) = check(&name, span) {
            add_error(error);
        } else if seen.insert(name.clone(), span).is_some() {
            add_error(Error::new(span, format!("two fields have the name `{name}` in JSON")));
        } else if name != "id" && !not_listed {
            names.push(name);
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    if names.is_empty() {
        let message =
            "the struct has no field to request: add one besides `id`, which Zoho always sends";
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
    Error::new(span, "`Module` can be derived only for structs")
}

/// Checks the characters of a name, because names are joined with commas.
fn check(name: &str, span: Span) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(());
    }
    let message = format!(
        "invalid field name `{}`: expected only letters, digits and `_`, for example `Last_Name`; \
         set it with `#[serde(rename = \"…\")]`",
        name.escape_debug()
    );
    Err(Error::new(span, message))
}
