//! Tokens of Zoho's OAuth: logins, storage and refreshes.
//!
//! A custom store needs only [`StoredToken`], [`TokenKey`] and [`TokenStore`]. With
//! `default-features = false` the crate contains nothing more.
//!
//! The feature `client` (on by default) adds [`TokenManager`]. It exchanges grant tokens, and
//! refreshes an access token once for all callers that wait for it. Its tokens are an
//! [`Authorizer`](zcrm_http::Authorizer) for zcrm's HTTP stack.
//!
//! The feature `conformance` adds `store::conformance`, a suite of tests for custom stores,
//! including races.

#[cfg(feature = "client")]
mod client;
mod memory;
pub mod store;
mod token;

#[cfg(feature = "client")]
pub use client::{
    Accounts, AuthorizeUrl, ClientCredentials, ClientSecret, CredentialsProvider, DeviceLogin,
    Grant, GrantToken, Redirect, RevokeBy, TokenFault, TokenManager, TokenManagerBuilder,
    TokenObserver, UnsavedToken, UserInfo, UserLookup, UserTokens,
};
pub use memory::MemoryStore;
pub use store::{RefreshLock, Release, StoreError, TokenStore};
pub use token::{StoredToken, TokenKey};
