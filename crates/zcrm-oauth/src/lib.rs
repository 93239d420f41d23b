//! Tokens of Zoho's OAuth: how they are got, where they are kept, and how they stay fresh.
//!
//! [`StoredToken`], [`TokenKey`] and [`TokenStore`] are all that your own store needs; with
//! `default-features = false` the crate is nothing else. The feature `client` (on by default) adds
//! [`TokenManager`], which exchanges grant tokens and refreshes access tokens once for all who
//! wait, and which is the [`Authorizer`](zcrm_http::Authorizer) of zcrm's HTTP stack.
//!
//! The feature `conformance` adds `store::conformance`, a suite that checks your own store
//! against the contract of [`TokenStore`], with its races.

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
