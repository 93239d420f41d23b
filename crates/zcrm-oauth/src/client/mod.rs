//! The flows and the manager: everything that speaks to an accounts server.

mod accounts;
mod answer;
mod authorize;
mod bounded;
mod budget;
mod device;
mod entries;
mod fault;
mod grant;
mod held;
mod identify;
mod login;
mod manager;
mod observer;
mod redirect;
mod refusals;
mod renewal;
mod revoke;
mod scopes;
mod secret;
mod server_time;
mod slot;
mod user;

pub use accounts::{Accounts, ClientCredentials};
pub use authorize::AuthorizeUrl;
pub use device::DeviceLogin;
pub use fault::TokenFault;
pub use grant::Grant;
pub use identify::{Identify, UserInfo};
pub use manager::{TokenManager, UnsavedToken};
pub use observer::TokenObserver;
pub use redirect::Redirect;
pub use revoke::RevokeBy;
pub use secret::{ClientSecret, CredentialsProvider};
pub use user::UserTokens;
