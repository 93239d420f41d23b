//! Errors of a token file's content.

/// The error of a content that cannot be used. It completes "the token file `path` …" and has no
/// secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormatError {
    pub(crate) what: String,
    /// Whether the content may be incomplete because another program is writing it now.
    pub(crate) transient: bool,
}

impl FormatError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), transient: false }
    }

    /// Marks the error as one that reading again may resolve.
    pub(crate) fn transient(mut self) -> Self {
        self.transient = true;
        self
    }
}
