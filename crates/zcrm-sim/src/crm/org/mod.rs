//! The organisation and its users, taxes and currencies.

pub(crate) mod currencies;
pub(crate) mod organisation;
pub(crate) mod taxes;
pub(crate) mod users;
