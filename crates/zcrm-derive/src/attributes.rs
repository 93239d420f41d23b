//! The attributes `#[module(…)]` and `#[serde(…)]` of a struct and its fields.

use proc_macro2::Span;
use syn::{
    Attribute, Error, LitStr, Path, Result, Token, ext::IdentExt as _, meta::ParseNestedMeta,
    spanned::Spanned as _,
};

use crate::rename::RULES;

/// The attribute of a struct: `#[module("Leads", crate = "…")]`.
pub(crate) struct ModuleAttribute {
    pub(crate) name: LitStr,
    pub(crate) path: Path,
}

impl ModuleAttribute {
    pub(crate) fn of(attributes: &[Attribute], derive: Span) -> Result<Self> {
        let mut name: Option<LitStr> = None;
        let mut path: Option<Path> = None;
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("module")) {
            attribute.parse_args_with(|input: syn::parse::ParseStream<'_>| {
                while !input.is_empty() {
                    if input.peek(LitStr) {
                        let given: LitStr = input.parse()?;
                        if name.is_some() {
                            return Err(Error::new(
                                given.span(),
                                "the module has a second name: remove one of them",
                            ));
                        }
                        name = Some(given);
                    } else {
                        let word = input.call(syn::Ident::parse_any)?;
                        if word != "crate" {
                            let message = format!(
                                "unknown option `{word}`: expected the module's API name, as in \
                                 `#[module(\"Leads\")]`, and optionally `crate = \"…\"`"
                            );
                            return Err(Error::new(word.span(), message));
                        }
                        input.parse::<Token![=]>()?;
                        path = Some(input.parse::<LitStr>()?.parse()?);
                    }
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            })?;
        }
        let Some(name) = name else {
            let message = "the module has no name: add `#[module(\"Leads\")]`, with the API name that \
                           Zoho lists under Settings, Developer Hub, APIs & SDKs";
            return Err(Error::new(derive, message));
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.value().is_empty() || !name.value().chars().all(plain) {
            let message = format!(
                "invalid module name `{}`: expected only letters, digits and `_`, for example `Leads` or \
                 `Custom_Module_1`",
                name.value().escape_debug()
            );
            return Err(Error::new(name.span(), message));
        }
        let path = match path {
            Some(path) => path,
            None => syn::parse_str("::zcrm")?,
        };
        Ok(Self { name, path })
    }
}

/// The attributes of serde on a struct.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) rename_all: Option<String>,
}

impl Container {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut container = Self::default();
        each(attributes, |meta| {
            let word = word(&meta);
            match word.as_str() {
                "rename_all" => {
                    if let Some(rule) = for_reading(&meta)? {
                        if !RULES.contains(&rule.value().as_str()) {
                            let message = format!(
                                "unknown rule `{}`: expected one of `{}`",
                                rule.value().escape_debug(),
                                RULES.join("`, `")
                            );
                            return Err(Error::new(rule.span(), message));
                        }
                        container.rename_all = Some(rule.value());
                    }
                    Ok(())
                }
                "from" | "try_from" | "transparent" => Err(meta.error(format!(
                    "a struct with `{word}` is read as another type, whose fields this macro cannot \
                     see: implement `Module` by hand"
                ))),
                _ => skip(&meta),
            }
        })?;
        Ok(container)
    }
}

/// The attributes of serde and of this macro on a field.
#[derive(Default)]
pub(crate) struct Field {
    pub(crate) rename: Option<LitStr>,
    pub(crate) skipped: bool,
    /// Whether a list of records leaves out the field.
    pub(crate) not_listed: bool,
}

impl Field {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut field = Self::default();
        each(attributes, |meta| {
            match word(&meta).as_str() {
            "rename" => {
                if let Some(name) = for_reading(&meta)? {
                    field.rename = Some(name);
                }
                Ok(())
            }
            "skip" | "skip_deserializing" => {
                field.skipped = true;
                Ok(())
            }
            "flatten" => Err(meta.error(
                "a flattened field has no name that a list could request: move its fields into this \
                 struct, or implement `Module` by hand",
            )),
            _ => skip(&meta),
        }
        })?;
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("module")) {
            attribute.parse_nested_meta(|meta| {
                if !meta.path.is_ident("not_listed") {
                    return Err(meta.error(
                        "unknown option: expected `not_listed`, for a field that a list leaves out",
                    ));
                }
                field.not_listed = true;
                Ok(())
            })?;
        }
        Ok(field)
    }
}

fn each(
    attributes: &[Attribute],
    mut read: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(&mut read)?;
    }
    Ok(())
}

fn word(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

/// Returns `x` from `= "x"` or from `(serialize = "…", deserialize = "x")`: the name for reading.
fn for_reading(meta: &ParseNestedMeta<'_>) -> Result<Option<LitStr>> {
    if meta.input.peek(Token![=]) {
        return meta.value()?.parse().map(Some);
    }
    let mut found = None;
    meta.parse_nested_meta(|inner| {
        let text: LitStr = inner.value()?.parse()?;
        if inner.path.is_ident("deserialize") {
            found = Some(text);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Skips an attribute that does not change names. serde checks it.
fn skip(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<syn::Expr>().map(drop)
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|inner| skip(&inner))
    } else if meta.input.is_empty() || meta.input.peek(Token![,]) {
        Ok(())
    } else {
        Err(Error::new(meta.path.span(), "this attribute of serde is malformed"))
    }
}
