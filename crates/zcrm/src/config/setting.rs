//! A setting, and where it was set.

use zcrm_core::{ExposeSecret, SecretString};

/// What every variable of ours begins with.
pub(super) const PREFIX: &str = "ZCRM_";

/// The variable of a setting.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase())
}

/// The name of a setting in that of a variable.
pub(super) fn bare(variable: &str) -> &str {
    variable.strip_prefix(PREFIX).unwrap_or(variable)
}

#[derive(Clone)]
pub(super) struct Setting {
    pub(super) value: SecretString,
    /// The name under which it was set: the key's own, or an alias.
    pub(super) name: &'static str,
    pub(super) place: ConfigSource,
}

/// Where a setting was set, for errors.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ConfigSource {
    Code,
    Environment,
    /// A file or a text, in words.
    Text(String),
}

impl Setting {
    pub(super) fn is_empty(&self) -> bool {
        self.value.expose_secret().trim().is_empty()
    }

    pub(super) fn place(&self) -> String {
        match &self.place {
            ConfigSource::Code => "in code".to_owned(),
            ConfigSource::Environment => format!("variable {}", variable(self.name)),
            ConfigSource::Text(words) => words.clone(),
        }
    }
}
