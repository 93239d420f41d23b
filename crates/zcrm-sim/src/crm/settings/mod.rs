//! Settings: modules and fields, layouts, views, tags, variables, roles, territories.

pub(crate) mod assignment_rules;
pub(crate) mod custom_views;
mod describe;
pub(crate) mod layouts;
pub(crate) mod modules;
mod newer_members;
pub(crate) mod profiles;
pub(crate) mod roles;
pub(crate) mod tags;
pub(crate) mod territories;
pub(crate) mod variables;
pub(crate) mod view_writes;

pub(crate) use describe::field_json;
