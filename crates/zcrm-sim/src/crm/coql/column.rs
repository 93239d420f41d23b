//! Columns: names with dots that follow relations.

use std::sync::Arc;

use super::limits::RELATIONS;
use super::refusals::{limit_exceeded, unknown_column, unsupported_column};
use super::scalar::Class;
use crate::crm::call::{Context, Refusal};
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::version::Version;

/// The rows that a query reads, or that a relation leads to.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Records(Arc<ModuleSpec>),
    Users,
    Roles,
    Profiles,
    Attachments,
    /// The rows of a subform, with the module of their records.
    Lines(Arc<ModuleSpec>, Arc<FieldSpec>),
    /// The module of the record that a lookup to several modules points at.
    LookupModule,
}

impl Source {
    /// Returns the module whose records have the rows; `None` for rows that are not of records.
    pub(super) fn module(&self) -> Option<&str> {
        match self {
            Self::Records(module) | Self::Lines(module, _) => Some(module.api_name()),
            Self::Users | Self::Roles | Self::Profiles | Self::Attachments | Self::LookupModule => {
                None
            }
        }
    }
}

/// A relation of a row to another row.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) field: FieldSpec,
    pub(super) target: Source,
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The name in the query, which is the key in the answer.
    pub(super) name: String,
    pub(super) relations: Vec<Relation>,
    pub(super) field: FieldSpec,
    pub(super) class: Class,
}

impl Column {
    /// Returns whether it is the id of the rows.
    pub(super) fn is_id(&self) -> bool {
        self.relations.is_empty() && self.field.api_name == "id"
    }

    /// Returns the relations as texts that are equal for equal relations.
    pub(super) fn joins(&self) -> impl Iterator<Item = String> {
        let mut path = String::new();
        self.relations.iter().map(move |relation| {
            path.push('.');
            path.push_str(&relation.field.api_name);
            if let Source::Records(module) = &relation.target {
                path.push_str("->");
                path.push_str(module.api_name());
            }
            path.clone()
        })
    }
}

/// Finds the rows named in `FROM`; `None` if there are none of this name.
pub(super) fn source(cx: &Context<'_>, name: &str) -> Option<Source> {
    match name {
        "Users" => return Some(Source::Users),
        "Attachments" => return Some(Source::Attachments),
        _ => {}
    }
    if let Some(module) = cx.state.module(name) {
        return Some(Source::Records(module));
    }
    cx.state.modules.values().find_map(|module| {
        let field = module.find(name).filter(|field| field.kind == FieldKind::Subform)?;
        Some(Source::Lines(Arc::clone(module), Arc::new(field.clone())))
    })
}

/// Finds a column of the rows.
pub(super) fn column(cx: &Context<'_>, source: &Source, name: &str) -> Result<Column, Refusal> {
    let unknown = || unknown_column(name);
    let mut path = name;
    if let (Some(own), Source::Records(module)) = (name.strip_prefix('!'), source) {
        path = own
            .strip_prefix(module.api_name())
            .and_then(|rest| rest.strip_prefix('.'))
            .ok_or_else(unknown)?;
    }
    let mut here = source.clone();
    let mut relations: Vec<Relation> = Vec::new();
    loop {
        let (step, rest) = match path.split_once('.') {
            Some((step, rest)) => (step, Some(rest)),
            None => (path, None),
        };
        let (step, module) = match step.split_once("->") {
            Some((step, module)) => (step, Some(module)),
            None => (step, None),
        };
        let field = field(cx, &here, step).ok_or_else(unknown)?;
        if is_hidden(cx, &here, step) {
            return Err(unsupported_column(name));
        }
        let Some(rest) = rest else {
            let class = Class::of(&field);
            if module.is_some() {
                return Err(unknown());
            }
            if class == Class::Unsupported {
                return Err(unsupported_column(name));
            }
            return Ok(Column { name: name.to_owned(), relations, field, class });
        };
        let target = target(cx, &here, &field, module).ok_or_else(unknown)?;
        relations.push(Relation { field, target: target.clone() });
        if relations.len() > RELATIONS {
            return Err(limit_exceeded("the maximum number of relations of a column is exceeded"));
        }
        here = target;
        path = rest;
    }
}

/// Returns whether queries do not have a field that lists have.
fn is_hidden(cx: &Context<'_>, source: &Source, field: &str) -> bool {
    let Source::Records(module) = source else { return false };
    let hidden = &cx.config.coql.unsupported;
    hidden.iter().any(|(name, hidden)| name == module.api_name() && hidden == field)
}

/// Returns the rows that a field leads to; `module` is the module after `->`.
fn target(
    cx: &Context<'_>,
    source: &Source,
    field: &FieldSpec,
    module: Option<&str>,
) -> Option<Source> {
    let records = |name: &str| cx.state.module(name).map(Source::Records);
    match (field.kind, &field.lookup, module) {
        (FieldKind::Lookup, Some(target), None) => records(target),
        (FieldKind::Lookup, Some(target), Some(module)) if target == module => records(target),
        (FieldKind::Lookup, None, Some(module)) => records(module),
        (FieldKind::Lookup, None, None) => Some(Source::LookupModule),
        (FieldKind::Owner, _, None) => Some(Source::Users),
        (FieldKind::Other, _, None) => match (source, field.api_name.as_str()) {
            (Source::Users, "role") => Some(Source::Roles),
            (Source::Users, "profile") => Some(Source::Profiles),
            (Source::LookupModule, "module") => Some(Source::LookupModule),
            _ => None,
        },
        _ => None,
    }
}

/// Returns a field of the rows.
fn field(cx: &Context<'_>, source: &Source, name: &str) -> Option<FieldSpec> {
    use FieldKind::{BigInt, Boolean, DateTime, Other, Owner, Text};
    let text = || FieldSpec::new(name, Text);
    let one_of = |kind: FieldKind| Some(FieldSpec::new(name, kind));
    match source {
        Source::Records(module) => {
            module.find(name).cloned().or_else(|| version_field(cx, module, name))
        }
        Source::Users => match name {
            "id" => one_of(BigInt),
            "full_name" => one_of(Text),
            "created_time" | "Modified_Time" => one_of(DateTime),
            _ => cx.state.user_fields.find(name).cloned(),
        },
        Source::Roles => match name {
            "id" => one_of(BigInt),
            "name" | "description" => Some(text()),
            "share_data_with_peers" => one_of(Boolean),
            "reporting_to" => one_of(Other),
            _ => None,
        },
        Source::Profiles => match name {
            "id" => one_of(BigInt),
            "name" | "description" => Some(text()),
            "created_by" | "modified_by" => one_of(Other),
            "created_time" | "modified_time" => one_of(DateTime),
            _ => None,
        },
        Source::Attachments => match name {
            "id" => one_of(BigInt),
            "File_Name" | "Size" => Some(text()),
            "Created_Time" | "Modified_Time" => one_of(DateTime),
            "Owner" | "Created_By" | "Modified_By" => one_of(Owner),
            "Parent_Id" => one_of(FieldKind::Lookup),
            _ => None,
        },
        Source::Lines(module, subform) => match name {
            "id" => one_of(BigInt),
            "Parent_Id" => Some(FieldSpec::lookup(name, module.api_name())),
            _ => subform.columns.iter().find(|column| column.api_name == name).cloned(),
        },
        Source::LookupModule => match name {
            "module" => one_of(Other),
            "api_name" => Some(text()),
            _ => None,
        },
    }
}

/// Returns a field that only some versions have.
fn version_field(cx: &Context<'_>, module: &ModuleSpec, name: &str) -> Option<FieldSpec> {
    match name {
        "Converted__s"
            if module.api_name() == "Leads"
                && cx.version >= Version::V4
                && cx.config.coql.converted_field =>
        {
            Some(FieldSpec::new(name, FieldKind::Boolean).system())
        }
        "Record_Status__s" if cx.version >= Version::V6 => {
            Some(FieldSpec::new(name, FieldKind::Picklist).system())
        }
        _ => None,
    }
}
