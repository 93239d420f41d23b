//! A setting and its source.

use zcrm_core::{ExposeSecret, SecretString};

/// The prefix of zcrm's environment variables.
pub(super) const PREFIX: &str = "ZCRM_";

/// Returns the environment variable of a setting.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase())
}

/// Removes the prefix from the name of an environment variable.
pub(super) fn bare(variable: &str) -> &str {
    variable.strip_prefix(PREFIX).unwrap_or(variable)
}

#[derive(Clone)]
pub(super) struct Setting {
    pub(super) value: SecretString,
    /// The name under which it was set: the setting's name, or an alias.
    pub(super) name: &'static str,
    pub(super) place: ConfigSource,
}

/// The source of a setting, for error messages.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ConfigSource {
    Code,
    Environment,
    /// A file or a text, described in words.
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
