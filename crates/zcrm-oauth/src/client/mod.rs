//! The flows and the manager: everything that speaks to an accounts server.

mod accounts;
mod answer;
mod manager;
mod renewal;
mod user;

pub use accounts::{Accounts, ClientCredentials};
pub use manager::{TokenManager, UnsavedToken};
pub use user::UserTokens;
