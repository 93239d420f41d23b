//! Records as the versions of the API show them.

pub(crate) mod line_items;
mod view;

pub(crate) use view::{View, display_name};
