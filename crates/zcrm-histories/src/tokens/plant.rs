//! Faults that are planted on purpose, to prove that the promises are checked.

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// The token is not read again under the lock.
    NoSecondRead,
    /// A refreshed token is saved after another look at the store, instead of in one step.
    LoadThenSave,
    /// The lock excludes no other process.
    NoLock,
    /// A lock is never released, not even when its holder dies.
    KeptLock,
    /// A refresh overwrites the refresh token with nothing.
    LostRefreshToken,
    /// A save reports success before it is done, and is sometimes lost.
    LostSave,
    /// A save also overwrites the token of another user.
    OtherUser,
    /// A logout leaves the login in the store.
    KeptLogin,
    /// An exchange whose answer was lost is sent again.
    RetriedExchange,
    /// A refusal in a token's first minute blocks its user for a minute.
    FirstMinute,
    /// A refused token is not reported, so that it is used again.
    UnreportedRefusal,
    /// A store that cannot be read answers that there is no token.
    EmptyOnError,
    /// A caller waits for an answer of the accounts server without a limit.
    NoTimeout,
}

impl Plant {
    pub(crate) const ALL: [(&'static str, Self); 13] = [
        ("no-second-read", Self::NoSecondRead),
        ("load-then-save", Self::LoadThenSave),
        ("no-lock", Self::NoLock),
        ("kept-lock", Self::KeptLock),
        ("lost-refresh-token", Self::LostRefreshToken),
        ("lost-save", Self::LostSave),
        ("other-user", Self::OtherUser),
        ("kept-login", Self::KeptLogin),
        ("retried-exchange", Self::RetriedExchange),
        ("first-minute", Self::FirstMinute),
        ("unreported-refusal", Self::UnreportedRefusal),
        ("empty-on-error", Self::EmptyOnError),
        ("no-timeout", Self::NoTimeout),
    ];

    /// Returns the fault with a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, plant)| *plant)
    }
}
