//! The channels that a receiver knows, and their tokens.

use std::{collections::BTreeMap, fmt};

use subtle::ConstantTimeEq;
use zcrm_core::{Error, ExposeSecret, Id, SecretString, escaped};

use crate::notifications::channel::Channel;

/// The tokens of the known channels.
pub(super) struct Tokens(BTreeMap<Id, SecretString>);

impl Tokens {
    pub(super) fn of(channels: impl IntoIterator<Item = Channel>) -> Result<Self, Error> {
        let mut tokens = BTreeMap::new();
        for channel in channels {
            let id = channel.id();
            let token = channel.token().filter(|token| !token.expose_secret().is_empty());
            let Some(token) = token else {
                return Err(Error::input(format!(
                    "the channel {} has no token, so forged notifications cannot be recognised: set one with \
                     `with_token`",
                    escaped(id.as_str())
                )));
            };
            tokens.insert(id, token.clone());
        }
        Ok(Self(tokens))
    }

    /// Returns `true` if the channel is known and this is its token. The time that the comparison takes depends
    /// on the length of the token only.
    pub(super) fn accepts(&self, channel: &Id, token: &str) -> bool {
        let known = self.0.get(channel);
        known.is_some_and(|known| known.expose_secret().as_bytes().ct_eq(token.as_bytes()).into())
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}
