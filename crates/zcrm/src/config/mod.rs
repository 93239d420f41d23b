//! Settings by name: the dictionary.

mod keys;
mod source;

use std::{collections::BTreeMap, fmt, str::FromStr};

use zcrm_core::{ApiVersion, Environment, Error, ExposeSecret, SecretString};

use keys::Key;

/// Settings by name, from code, a TOML or JSON file, or the environment.
///
/// The names are those of the Ruby SDK's configuration, and a few of ours:
///
/// | key | meaning |
/// | --- | --- |
/// | `client_id`, `client_secret`, `redirect_uri` | the client, from Zoho's API console |
/// | `current_user_email` | whose tokens to use |
/// | `token_persistence_path` | the folder of the token file |
/// | `db_host`, `db_port`, `db_username`, `db_password`, `db_name`, `db_ca_file` | the database of the tokens, where no file is named; `127.0.0.1`, 3306, `root`, no password, `zohooauth` unless told |
/// | `data_center` | `us` (default), `eu`, `in`, `au`, `cn`, `jp`, `ca`, `sa`, `uk`, `ae` |
/// | `environment` | `production` (default), `sandbox`, `developer` |
/// | `sandbox` | `true` is the same as `environment = "sandbox"` |
/// | `accounts_url`, `api_base_url` | servers of one's own, as origins |
/// | `content_base_url` | a server of one's own that takes uploads |
/// | `api_version` | `v2` (default here), `v2.1`, `v3` … `v8` |
/// | `ca_file` | a PEM file of certificates to trust as well |
///
/// ```
/// use zcrm::Config;
///
/// let config = Config::from_toml(
///     r#"
///     client_id = "1000.ABC"
///     client_secret = "secret"
///     sandbox = true
///     "#,
/// )?;
/// assert!(!format!("{config:?}").contains("\"secret\""));
///
/// let error = Config::from_toml("clientid = '1000.ABC'").unwrap_err();
/// assert!(error.to_string().contains("client_id"));
/// # Ok::<(), zcrm::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Config {
    values: BTreeMap<&'static str, Setting>,
    /// Whether anything came from a file or the environment, where the Ruby SDK's defaults hold.
    dictionary: bool,
}

#[derive(Clone)]
struct Setting {
    value: SecretString,
    /// Where it was set, for errors.
    place: String,
}

impl Config {
    /// No settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These settings, with all that `other` says laid over them.
    #[must_use]
    pub fn overlaid_by(mut self, other: Self) -> Self {
        self.values.extend(other.values);
        self.dictionary |= other.dictionary;
        self
    }

    /// Sets one key, by its name.
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config) where there is no such key; it names the
    /// nearest.
    pub fn with(mut self, key: &str, value: impl Into<SecretString>) -> Result<Self, Error> {
        let key = keys::find(key).map_err(|error| keys::unknown(&error, "in code"))?;
        self.set_secret(key.name, value.into());
        Ok(self)
    }

    pub(crate) fn set_text(&mut self, key: &'static str, value: String) {
        self.set_secret(key, value.into());
    }

    pub(crate) fn set_secret(&mut self, key: &'static str, value: SecretString) {
        self.insert(key, value, "in code".to_owned());
    }

    fn insert(&mut self, key: &'static str, value: SecretString, place: String) {
        self.values.insert(key, Setting { value, place });
    }

    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether anything came from a file or the environment.
    pub(crate) fn is_dictionary(&self) -> bool {
        self.dictionary
    }

    /// The value of a key, without blanks around it; empty where it is not set.
    pub(crate) fn text(&self, key: &str) -> String {
        self.get(key).map(str::trim).unwrap_or_default().to_owned()
    }

    /// As [`text`](Self::text), and never shown.
    pub(crate) fn secret(&self, key: &str) -> SecretString {
        SecretString::from(self.text(key))
    }

    /// The value of a key as another type; empty counts as not set.
    pub(crate) fn parsed<T: FromStr<Err = Error>>(&self, key: &str) -> Result<Option<T>, Error> {
        let text = self.text(key);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error: Error| self.wrong(key, &error.to_string()))
    }

    pub(crate) fn api_version(&self) -> Result<ApiVersion, Error> {
        let default = if self.dictionary { ApiVersion::V2 } else { ApiVersion::V8 };
        Ok(self.parsed("api_version")?.unwrap_or(default))
    }

    pub(crate) fn environment(&self) -> Result<Environment, Error> {
        let named: Option<Environment> = self.parsed("environment")?;
        let sandbox = match self.text("sandbox").as_str() {
            "" => None,
            "true" => Some(true),
            "false" => Some(false),
            _ => return Err(self.wrong("sandbox", "it is `true` or `false`")),
        };
        match (named, sandbox) {
            (Some(environment), Some(true)) if environment != Environment::Sandbox => Err(self
                .wrong(
                    "sandbox",
                    &format!("`true` contradicts `environment`, which is `{environment}`"),
                )),
            (Some(Environment::Sandbox), Some(false)) => {
                Err(self.wrong("sandbox", "`false` contradicts `environment`, which is `sandbox`"))
            }
            (Some(environment), _) => Ok(environment),
            (None, Some(true)) => Ok(Environment::Sandbox),
            (None, _) => Ok(Environment::Production),
        }
    }

    /// The PEM text of `ca_file`.
    pub(crate) fn ca_pem(&self) -> Result<Option<Vec<u8>>, Error> {
        let path = self.text("ca_file");
        if path.is_empty() {
            return Ok(None);
        }
        std::fs::read(&path).map(Some).map_err(|error| {
            self.wrong("ca_file", &format!("`{path}` cannot be read")).with_source(error)
        })
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|setting| setting.value.expose_secret())
    }

    pub(crate) fn wrong(&self, key: &str, why: &str) -> Error {
        let place = self.values.get(key).map_or("", |setting| setting.place.as_str());
        Error::config(format!("the setting `{key}` ({place}) is wrong: {why}"))
    }
}

/// Shows the names of what is set, and the values that are no secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for Key { name, secret, .. } in keys::ALL {
            if let Some(value) = self.get(name) {
                map.entry(name, if *secret { &"[redacted]" } else { &value });
            }
        }
        map.finish()
    }
}
