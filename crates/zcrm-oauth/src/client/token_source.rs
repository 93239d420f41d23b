//! The credentials with which the access token of an entry is fetched.

/// The credentials with which an access token is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenSource {
    /// The refresh token of a login.
    Login,
    /// Client credentials, for the organisation that the key names as its user.
    ClientCredentials { scopes: Vec<String> },
}
