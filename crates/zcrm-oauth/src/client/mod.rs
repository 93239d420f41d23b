//! The flows and the token manager: everything that calls an accounts server.
//!
//! The modules depend on each other in one direction. `accounts` sends requests. `context` holds it
//! with the store and the clock. `token_entry`, `refresh` and `login` work on one user with a
//! `TokenContext`. `user` and `manager` are the public API. The remaining flows add methods to the
//! manager.

mod accounts;
mod active_token;
mod authorize;
mod builder;
mod client_secret;
mod context;
mod device;
mod entries;
mod fault;
mod grant;
mod issued_token;
mod login;
mod manager;
mod observer;
mod redirect;
mod refresh;
mod refresh_budget;
mod refusals;
mod revoke;
mod scopes;
mod server_time;
mod states;
mod store_lock;
mod task;
mod tenant;
mod timeout_store;
mod token_entry;
mod token_response;
mod token_source;
mod unsaved;
mod user;
mod user_lookup;

pub use accounts::{Accounts, ClientCredentials};
pub use authorize::AuthorizeUrl;
pub use builder::TokenManagerBuilder;
pub use client_secret::{ClientSecret, CredentialsProvider};
pub use device::DeviceLogin;
pub use fault::TokenFault;
pub use grant::{Grant, GrantToken};
pub use manager::TokenManager;
pub use observer::TokenObserver;
pub use redirect::Redirect;
pub use revoke::RevokeBy;
pub use unsaved::UnsavedToken;
pub use user::UserTokens;
pub use user_lookup::{UserInfo, UserLookup};
