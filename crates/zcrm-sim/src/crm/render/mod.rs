//! Records as the versions show them.

pub(crate) mod line_items;
mod view;

pub(crate) use view::{View, display_name};
