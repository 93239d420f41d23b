//! Reads settings from maps, files and the environment.

use std::path::Path;

use zcrm_core::{Error, SecretString, escaped};

use super::{
    Config, keys,
    setting::{ConfigSource, PREFIX, Setting, variable},
    value,
};

/// Prefixes of the variables of zcrm's own tests and tools; they are never settings.
const RESERVED: [&str; 2] = ["ZCRM_TEST_", "ZCRM_REQUIRE_"];

impl Config {
    /// Reads a map, for example one that the application loaded itself. For a map of the Ruby SDK,
    /// use [`from_ruby_map`](Self::from_ruby_map).
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use zcrm::Config;
    ///
    /// let map = HashMap::from([("client_id", "1000.ABC"), ("sandbox", "true")]);
    /// let config = Config::from_map(map)?;
    /// # let _ = config;
    /// # Ok::<(), zcrm::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](crate::ErrorKind::Config) if the map contains an unknown
    /// setting, or a setting and its alias with different values.
    pub fn from_map<N, V>(map: impl IntoIterator<Item = (N, V)>) -> Result<Self, Error>
    where
        N: AsRef<str>,
        V: Into<SecretString>,
    {
        let entries =
            map.into_iter().map(|(name, value)| (name, Some(SettingValue::One(value.into()))));
        dictionary("in the map", entries)
    }

    /// Reads the configuration dictionary of the Ruby SDK from a map. Like
    /// [`from_map`](Self::from_map), except that the version of the API is `v2` if the dictionary
    /// does not name one.
    ///
    /// ```
    /// use zcrm::{ApiVersion, Client, Config, stores::MemoryStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> zcrm::Result<()> {
    /// let dictionary = [
    ///     ("client_id", "1000.ABC"),
    ///     ("client_secret", "secret"),
    ///     ("redirect_uri", "https://example.com/callback"),
    ///     ("api_base_url", "www.zohoapis.eu"),
    ///     ("current_user_email", "patricia@example.com"),
    /// ];
    /// let config = Config::from_ruby_map(dictionary)?;
    /// let client = Client::builder().config(config).store(MemoryStore::new()).build()?;
    /// assert_eq!(client.version(), ApiVersion::V2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`from_map`](Self::from_map).
    pub fn from_ruby_map<N, V>(map: impl IntoIterator<Item = (N, V)>) -> Result<Self, Error>
    where
        N: AsRef<str>,
        V: Into<SecretString>,
    {
        Ok(Self::from_map(map)?.of_ruby())
    }

    /// Reads a file with the configuration dictionary of the Ruby SDK. Like
    /// [`from_file`](Self::from_file), except that the version of the API is `v2` if the file does
    /// not name one.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_ruby_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self::from_file(path)?.of_ruby())
    }

    /// Reads the configuration dictionary of the Ruby SDK from TOML. Like
    /// [`from_toml`](Self::from_toml), except that the version of the API is `v2` if the text does
    /// not name one.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_ruby_toml(text: &str) -> Result<Self, Error> {
        Ok(Self::from_toml(text)?.of_ruby())
    }

    /// Reads the configuration dictionary of the Ruby SDK from JSON. Like
    /// [`from_json`](Self::from_json), except that the version of the API is `v2` if the text does
    /// not name one.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_ruby_json(text: &str) -> Result<Self, Error> {
        Ok(Self::from_json(text)?.of_ruby())
    }

    fn of_ruby(self) -> Self {
        Self { ruby: true, ..self }
    }

    /// Reads a file: as TOML if its name ends in `.toml`, as JSON if it ends in `.json`. Relative
    /// paths in it are relative to the working directory.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](crate::ErrorKind::Config) if the file cannot be read,
    /// has another extension, is not valid TOML or JSON, or contains an unknown setting or a value
    /// that is not a text, number or boolean.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let shown = escaped(&path.to_string_lossy()).to_string();
        let place = format!("in {shown}");
        let read = value::read(path).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| std::io::Error::other("it is not UTF-8"))
        });
        let text = read.map_err(|error| {
            Error::config(format!("the settings file {shown} cannot be read: {error}"))
        })?;
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("toml") => toml(&text, &place),
            Some("json") => json(&text, &place),
            _ => Err(Error::config(format!(
                "unsupported settings file {shown}: its name must end in `.toml` or `.json`"
            ))),
        }
    }

    /// Reads settings from TOML: keys and values, without tables.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        toml(text, "in TOML")
    }

    /// Reads settings from JSON: one object.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_json(text: &str) -> Result<Self, Error> {
        json(text, "in JSON")
    }

    /// Reads the environment: `ZCRM_CLIENT_ID`, `ZCRM_DATA_CENTER` and so on, each name in
    /// capitals. An empty variable counts as not set, so it does not remove a value that a file
    /// set.
    ///
    /// Other variables that begin with `ZCRM_` are not read and are logged as a warning, except
    /// `ZCRM_TEST_…` and `ZCRM_REQUIRE_…`. If such a name is similar to a setting that is missing,
    /// the error of [`ClientBuilder::build`](crate::ClientBuilder::build) names the variable. The
    /// same applies to a setting that has its default, if the names differ by at most two
    /// characters.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](crate::ErrorKind::Config) if a value is not valid
    /// Unicode.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_vars(std::env::vars_os())
    }

    /// Reads a list of names and values in the same way as [`from_env`](Self::from_env) reads the
    /// environment.
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
                Ok((key, name)) => {
                    let value = value.into().into_string().map_err(|_| {
                        Error::config(format!(
                            "the environment variable `{}` is not valid Unicode",
                            variable(name)
                        ))
                    })?;
                    if !value.trim().is_empty() {
                        let value = value.into();
                        config.insert(
                            key,
                            Setting { value, name, place: ConfigSource::Environment },
                        )?;
                    }
                }
                Err(unknown) => {
                    tracing::warn!(
                        target: "zcrm::config", variable = %escaped(&name),
                        nearest = unknown.nearest.map(variable),
                        "unknown environment variable ignored",
                    );
                    let nearest = unknown.nearest.and_then(|nearest| keys::find(nearest).ok());
                    config.unread.extend(nearest.map(|(key, _)| (name, key.name)));
                }
            }
        }
        Ok(config)
    }
}

/// Removes the byte order mark that some editors write at the start of a file.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn toml(text: &str, place: &str) -> Result<Config, Error> {
    // the parser's message quotes the line, which may contain the secret
    let table: toml::Table = without_mark(text).parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| format!(" at line {}", before.matches('\n').count() + 1));
        Error::config(format!("invalid TOML ({place}){}", line.unwrap_or_default()))
    })?;
    dictionary(place, table.into_iter().map(|(key, value)| (key, of_toml(value))))
}

fn json(text: &str, place: &str) -> Result<Config, Error> {
    let text = without_mark(text);
    // an empty file, for example from `touch`, has no settings; in TOML it is valid anyway
    let text = if text.trim().is_empty() { "{}" } else { text };
    let map: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| {
            Error::config(format!("invalid JSON object ({place}) at line {}", error.line()))
        })?;
    dictionary(place, map.into_iter().map(|(key, value)| (key, of_json(value))))
}

/// A value in a file or map.
enum SettingValue {
    One(SecretString),
    Many(Vec<String>),
}

fn dictionary<N: AsRef<str>>(
    place: &str,
    entries: impl Iterator<Item = (N, Option<SettingValue>)>,
) -> Result<Config, Error> {
    let mut config = Config { dictionary: true, ..Config::new() };
    // report all errors together
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for (name, value) in entries {
        let (key, name) = match keys::find(name.as_ref()) {
            Ok(found) => found,
            Err(error) => {
                unknown.push(error);
                continue;
            }
        };
        let value = match value {
            Some(SettingValue::One(value)) => value,
            Some(SettingValue::Many(values)) if key.list => values.join(",").into(),
            _ => {
                let list = if key.list { ", or a list of texts" } else { "" };
                wrong.push(format!(
                    "the setting `{name}` ({place}) must be text, a number or a boolean{list}"
                ));
                continue;
            }
        };
        let setting = Setting { value, name, place: ConfigSource::Text(place.to_owned()) };
        wrong.extend(config.insert(key, setting).err().map(|error| error.to_string()));
    }
    wrong.extend(keys::all_unknown(&unknown, place));
    if wrong.is_empty() { Ok(config) } else { Err(Error::config(wrong.join("; "))) }
}

fn of_toml(value: toml::Value) -> Option<SettingValue> {
    let text = match value {
        toml::Value::String(text) => text,
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(truth) => truth.to_string(),
        toml::Value::Array(values) => {
            let text = |value: toml::Value| value.as_str().map(str::to_owned);
            return values.into_iter().map(text).collect::<Option<_>>().map(SettingValue::Many);
        }
        _ => return None,
    };
    Some(SettingValue::One(text.into()))
}

fn of_json(value: serde_json::Value) -> Option<SettingValue> {
    let text = match value {
        // `nil` of Ruby counts as a missing key
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Bool(truth) => truth.to_string(),
        serde_json::Value::Array(values) => {
            let text = |value: serde_json::Value| value.as_str().map(str::to_owned);
            return values.into_iter().map(text).collect::<Option<_>>().map(SettingValue::Many);
        }
        serde_json::Value::Object(_) => return None,
    };
    Some(SettingValue::One(text.into()))
}
