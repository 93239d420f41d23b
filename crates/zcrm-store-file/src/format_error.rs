//! Why the content of a token file cannot be used.

/// Why a content cannot be used; completes "the token file `path` …" and holds no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormatError {
    pub(crate) what: String,
    /// Whether it may be the half of what another program is writing now.
    pub(crate) passing: bool,
}

impl FormatError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), passing: false }
    }

    /// The same, where the next look may find it whole.
    pub(crate) fn passing(mut self) -> Self {
        self.passing = true;
        self
    }
}
