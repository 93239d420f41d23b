//! Where settings come from: files and the environment.

use std::path::Path;

use zcrm_core::{Error, SecretString};

use super::{Config, keys};

/// What every variable of ours begins with.
const PREFIX: &str = "ZCRM_";

/// Variables of our own tests and tools; never settings.
const RESERVED: [&str; 2] = ["ZCRM_TEST_", "ZCRM_REQUIRE_"];

impl Config {
    /// Reads a file: TOML if its name ends in `.toml`, JSON if in `.json`. Relative paths in it are
    /// relative to the working folder.
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config): the file cannot be read, has an unknown
    /// ending, is no TOML or JSON, or holds an unknown key or a value that is no text, number or
    /// boolean.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let place = format!("in {}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::config(format!("the settings file {} cannot be read", path.display()))
                .with_source(error)
        })?;
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("toml") => toml(&text, &place),
            Some("json") => json(&text, &place),
            _ => Err(Error::config(format!(
                "the settings file {} is neither `.toml` nor `.json`",
                path.display()
            ))),
        }
    }

    /// Reads TOML: keys and values, without tables.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        toml(text, "in TOML")
    }

    /// Reads JSON: one object.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_json(text: &str) -> Result<Self, Error> {
        json(text, "in JSON")
    }

    /// Reads the environment: `ZCRM_CLIENT_ID`, `ZCRM_DATA_CENTER` and so on, each key in capitals.
    /// Only known names are read; others that begin with `ZCRM_` get a warning in the log
    /// (`ZCRM_TEST_…` is left alone). An empty variable counts as not set, and so takes nothing back
    /// that a file said.
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config) where a value is not Unicode.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_vars(std::env::vars_os())
    }

    /// Reads variables as [`from_env`](Self::from_env) does, from a list of names and values.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_vars<N, V>(vars: impl IntoIterator<Item = (N, V)>) -> Result<Self, Error>
    where
        N: Into<std::ffi::OsString>,
        V: Into<std::ffi::OsString>,
    {
        let mut config = Self { dictionary: true, ..Self::new() };
        for (name, value) in vars {
            let Ok(name) = name.into().into_string() else { continue };
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            if RESERVED.iter().any(|reserved| name.starts_with(reserved)) {
                continue;
            }
            match keys::find(&key.to_ascii_lowercase()) {
                Ok(key) => {
                    let value = value.into().into_string().map_err(|_| {
                        Error::config(format!("the variable `{name}` is not Unicode"))
                    })?;
                    if !value.trim().is_empty() {
                        config.insert(key.name, value.into(), format!("variable {name}"));
                    }
                }
                Err(unknown) => tracing::warn!(
                    variable = %name,
                    nearest = unknown.nearest.map(|key| format!("{PREFIX}{}", key.to_ascii_uppercase())),
                    "this variable names no setting and is not read",
                ),
            }
        }
        Ok(config)
    }
}

fn toml(text: &str, place: &str) -> Result<Config, Error> {
    // the parser's own message quotes the line, and the line may hold the secret
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| format!(" at line {}", before.matches('\n').count() + 1));
        Error::config(format!("no TOML ({place}){}", line.unwrap_or_default()))
    })?;
    dictionary(place, table.into_iter().map(|(key, value)| (key, scalar_of_toml(value))))
}

fn json(text: &str, place: &str) -> Result<Config, Error> {
    let map: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| {
            Error::config(format!("no JSON object ({place}) at line {}", error.line()))
        })?;
    dictionary(place, map.into_iter().map(|(key, value)| (key, scalar_of_json(value))))
}

fn dictionary(
    place: &str,
    entries: impl Iterator<Item = (String, Option<String>)>,
) -> Result<Config, Error> {
    let mut config = Config { dictionary: true, ..Config::new() };
    for (name, value) in entries {
        let key = keys::find(&name).map_err(|error| keys::unknown(&error, place))?;
        let value = value.ok_or_else(|| {
            Error::config(format!(
                "the setting `{}` ({place}) must be text, a number or a boolean",
                key.name
            ))
        })?;
        config.insert(key.name, SecretString::from(value), place.to_owned());
    }
    Ok(config)
}

fn scalar_of_toml(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn scalar_of_json(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
