//! Where settings come from: maps, files and the environment.

use std::path::Path;

use zcrm_core::{Error, SecretString, escaped};

use super::{
    Config, keys,
    setting::{ConfigSource, PREFIX, Setting, variable},
    value,
};

/// Variables of our own tests and tools; never settings.
const RESERVED: [&str; 2] = ["ZCRM_TEST_", "ZCRM_REQUIRE_"];

impl Config {
    /// Takes a map, such as one that the application read itself. One that belongs to the Ruby SDK
    /// is taken by [`from_ruby_map`](Self::from_ruby_map).
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
    /// Of kind [`Config`](crate::ErrorKind::Config) where it holds an unknown key, or a setting and
    /// its alias with different values.
    pub fn from_map<N, V>(map: impl IntoIterator<Item = (N, V)>) -> Result<Self, Error>
    where
        N: AsRef<str>,
        V: Into<SecretString>,
    {
        let entries =
            map.into_iter().map(|(name, value)| (name, Some(SettingValue::One(value.into()))));
        dictionary("in the map", entries)
    }

    /// Takes the configuration dictionary of the Ruby SDK as a map: as [`from_map`](Self::from_map),
    /// and the API's version is `v2` where the dictionary does not name one.
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

    /// Reads a file with the configuration dictionary of the Ruby SDK: as
    /// [`from_file`](Self::from_file), and the API's version is `v2` where the file does not name
    /// one.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_ruby_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self::from_file(path)?.of_ruby())
    }

    /// Reads the configuration dictionary of the Ruby SDK as TOML: as
    /// [`from_toml`](Self::from_toml), and the API's version is `v2` where it does not name one.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_ruby_toml(text: &str) -> Result<Self, Error> {
        Ok(Self::from_toml(text)?.of_ruby())
    }

    /// Reads the configuration dictionary of the Ruby SDK as JSON: as
    /// [`from_json`](Self::from_json), and the API's version is `v2` where it does not name one.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_ruby_json(text: &str) -> Result<Self, Error> {
        Ok(Self::from_json(text)?.of_ruby())
    }

    fn of_ruby(self) -> Self {
        Self { ruby: true, ..self }
    }

    /// Reads a file: TOML if its name ends in `.toml`, JSON if in `.json`. Relative paths in it are
    /// relative to the working folder.
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config): the file cannot be read, has an unknown
    /// ending, is no TOML or JSON, or holds an unknown key or a value that is no text, number or
    /// boolean.
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
                "the settings file {shown} is neither `.toml` nor `.json`"
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
    /// (`ZCRM_TEST_…` is left alone), and where a setting is missing that one of them is close to, the
    /// error names it; so it does where a setting has its default and one of them differs from its
    /// name by two characters at most. An empty variable counts as not set, and so takes nothing back
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
                Ok((key, name)) => {
                    let value = value.into().into_string().map_err(|_| {
                        Error::config(format!("the variable `{}` is not Unicode", variable(name)))
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
                        "this variable names no setting and is not read",
                    );
                    let nearest = unknown.nearest.and_then(|nearest| keys::find(nearest).ok());
                    config.unread.extend(nearest.map(|(key, _)| (name, key.name)));
                }
            }
        }
        Ok(config)
    }
}

/// A text without the byte order mark that some editors begin a file with.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn toml(text: &str, place: &str) -> Result<Config, Error> {
    // the parser's own message quotes the line, and the line may hold the secret
    let table: toml::Table = without_mark(text).parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| format!(" at line {}", before.matches('\n').count() + 1));
        Error::config(format!("no TOML ({place}){}", line.unwrap_or_default()))
    })?;
    dictionary(place, table.into_iter().map(|(key, value)| (key, of_toml(value))))
}

fn json(text: &str, place: &str) -> Result<Config, Error> {
    let text = without_mark(text);
    // an empty file, as `touch` makes it, holds no settings; in TOML it is valid by itself
    let text = if text.trim().is_empty() { "{}" } else { text };
    let map: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| {
            Error::config(format!("no JSON object ({place}) at line {}", error.line()))
        })?;
    dictionary(place, map.into_iter().map(|(key, value)| (key, of_json(value))))
}

/// A value of a file or map.
enum SettingValue {
    One(SecretString),
    Many(Vec<String>),
}

fn dictionary<N: AsRef<str>>(
    place: &str,
    entries: impl Iterator<Item = (N, Option<SettingValue>)>,
) -> Result<Config, Error> {
    let mut config = Config { dictionary: true, ..Config::new() };
    // all that is wrong is said at once
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
        // Ruby's `nil`: as if the key were not there
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
