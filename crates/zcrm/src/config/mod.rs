//! Settings by name.

pub(crate) mod keys;
mod setting;
mod source;
mod value;

use std::{collections::BTreeMap, fmt, str::FromStr};

use zcrm_core::{
    ApiVersion, Environment, Error, ExposeSecret, Origin, SecretString, escaped, escaped_url,
};
use zcrm_http::{ConnectorBuilder, Limits, Timeouts};

use self::{
    keys::Key,
    setting::{ConfigSource, Setting},
};

/// Settings by name, from code, a map, a TOML or JSON file, or the environment.
///
/// The names are those of the Ruby SDK's configuration, and a few that zcrm adds:
///
/// | key | meaning |
/// | --- | --- |
/// | `client_id`, `client_secret` | the client, from Zoho's API console |
/// | `redirect_uri` | the redirect URI registered there; only a login in a browser needs it |
/// | `current_user_email` | the name under which the tokens are stored, usually an e-mail address; `default` by default |
/// | `scopes` | the scopes to ask the user for: a list, or text separated by commas or spaces |
/// | `access_type` | must be `offline` |
/// | `persistence_handler_class` | the name of a store registered with [`register_store`](crate::ClientBuilder::register_store), or `MemoryStore` |
/// | `persistence_handler_class_path` | a Ruby file; accepted together with `persistence_handler_class`, but not read |
/// | `token_persistence_path` | the folder of the token file `zcrm_oauthtokens.txt`, or that file |
/// | `db_host` (or `db_address`), `db_port` (`mysql_port`), `db_username` (`mysql_username`), `db_password` (`mysql_password`), `db_name`, `db_ca_file` | the database of the tokens, used if no file is named; by default `127.0.0.1`, 3306, `root`, no password, `zohooauth` |
/// | `data_center` | `us` (default), `eu`, `in`, `au`, `cn`, `jp`, `ca`, `sa`, `uk`, `ae` |
/// | `environment` | `production` (default), `sandbox`, `developer` |
/// | `sandbox` | `true` is the same as `environment = "sandbox"` |
/// | `accounts_url`, `api_base_url` | servers to use instead of those of the data centre: `https://host`, or only the host |
/// | `content_base_url` | the server for uploads, instead of that of the data centre |
/// | `download_base_url` | a server from which the results of bulk writes are downloaded, besides those of the data centre |
/// | `api_version` | `v8` (default), `v2`, `v2.1`, `v3` …, or a newer one; `v2` by default in a dictionary of the Ruby SDK ([`from_ruby_file`](Config::from_ruby_file)) |
/// | `user_agent` | the application's product, such as `zylker-sync/1.2`, in front of zcrm's in every request |
/// | `ca_file`, `ca_pem` | additional certificates (PEM) to trust: a file, or the text itself |
/// | `application_log_file_path`, `log_in_console` | a file for logs, and `true` for logs on standard error; needs the feature `logging` and a call of its `install` |
/// | `timeout_total`, `timeout_head`, `timeout_idle` | as in [`Timeouts`]: 120, 60 and 30 seconds |
/// | `timeout_connect` | how long TCP may take to connect: 10 seconds |
/// | `limit_concurrent`, `limit_concurrent_heavy`, `limit_answer_bytes` | as in [`Limits`]: 10, 10 and 67108864 |
/// | `limit_attempts` | how often a call is sent at most: 4 |
/// | `limit_attempts` | the maximum number of times a call is sent: 4 |
/// A boolean is `true` or `false`. A duration is in seconds (`30`, `2.5`) or in milliseconds
/// (`500ms`). Both may also be written as text. A value that is empty, or `null` in JSON, counts as
/// not set. If one source gives a setting and its alias different values, that is an error.
///
/// # Precedence
///
/// Later values override earlier ones. [`overlaid_by`](Self::overlaid_by) puts one source over
/// another; each [`ClientBuilder::config`](crate::ClientBuilder::config) and every other method of
/// the builder overrides the values set before it. The usual order, from the weakest to the
/// strongest, is defaults, file, environment, code:
///
/// ```no_run
/// use zcrm::{Client, Config};
///
/// # fn main() -> zcrm::Result<()> {
/// let builder = Client::builder()
///     .config(Config::from_file("zcrm.toml")?)
///     .config(Config::from_env()?)
///     .user("patricia@example.com");
/// # let _ = builder;
/// # Ok(())
/// # }
/// ```
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
    /// Whether any setting came from a dictionary, so that MySQL is the default store, as in the
    /// Ruby SDK.
    dictionary: bool,
    /// Whether any setting came from a dictionary of the Ruby SDK, so that v2 is the default
    /// version.
    ruby: bool,
    /// Environment variables that are not read, each with the setting that was probably meant.
    unread: Vec<(String, &'static str)>,
}

/// The settings that every client needs.
const MANDATORY: [&str; 2] = ["client_id", "client_secret"];

/// The settings that most clients need, but a self client does not.
const USUAL: [&str; 2] = ["redirect_uri", USER];

/// The setting that names the user.
const USER: &str = "current_user_email";
const DEFAULT_USER: &str = "default";

/// The names of the fields of [`Timeouts`], in its order.
pub(crate) const TIMEOUTS: [&str; 3] = ["timeout_total", "timeout_head", "timeout_idle"];

/// The names of the fields of [`Limits`], in its order.
pub(crate) const LIMITS: [&str; 3] =
    ["limit_concurrent", "limit_concurrent_heavy", "limit_answer_bytes"];

pub(crate) const TIMEOUT_CONNECT: &str = "timeout_connect";
pub(crate) const LIMIT_ATTEMPTS: &str = "limit_attempts";

impl Config {
    /// Returns a configuration without settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns these settings, overridden by those of `other`. Empty values of `other` override
    /// nothing.
    #[must_use]
    pub fn overlaid_by(mut self, other: Self) -> Self {
        // tokens in memory are for tests and trials: any setting that names another store replaces
        // them
        let names_store = other.values.keys().any(|key| keys::is_store(key) && other.is_set(key));
        if names_store && self.text(keys::HANDLER) == keys::MEMORY {
            self.unset(&[keys::HANDLER, keys::HANDLER_PATH]);
        }
        let said = ["environment", "sandbox"].map(|key| (key, other.is_set(key)));
        self.values.extend(other.values.into_iter().filter(|(_, setting)| !setting.is_empty()));
        self.dictionary |= other.dictionary;
        self.ruby |= other.ruby;
        self.unread.extend(other.unread);
        // two settings mean the same: if they contradict each other, the later one wins too
        if let [(old, false), (_, true)] | [(_, true), (old, false)] = said
            && self.environment().is_err()
        {
            self.unset(&[old]);
        }
        self
    }

    /// Returns every accepted name: those of the settings, and their aliases.
    pub fn names() -> impl Iterator<Item = &'static str> {
        keys::names()
    }

    /// Sets one setting by its name.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](crate::ErrorKind::Config) if there is no such setting
    /// (the error suggests the nearest name), or if code already set its alias to another value.
    pub fn with(mut self, key: &str, value: impl Into<SecretString>) -> Result<Self, Error> {
        let (key, name) = keys::find(key).map_err(|error| keys::unknown(&error, "in code"))?;
        self.insert(key, Setting { value: value.into(), name, place: ConfigSource::Code })?;
        Ok(self)
    }

    pub(crate) fn set_text(&mut self, key: &'static str, value: String) {
        self.set_secret(key, value.into());
    }

    pub(crate) fn set_secret(&mut self, key: &'static str, value: SecretString) {
        self.values.insert(key, Setting { value, name: key, place: ConfigSource::Code });
    }

    /// Removes settings that something else now overrides.
    pub(crate) fn unset(&mut self, keys: &[&str]) {
        self.values.retain(|key, _| !keys.contains(key));
    }

    /// Adds a setting. If the same source also set it under another name, the values must be equal
    /// or one of them empty.
    fn insert(&mut self, key: &Key, setting: Setting) -> Result<(), Error> {
        if let Some(other) = self.values.get(key.name)
            && other.name != setting.name
            && other.place == setting.place
        {
            if setting.is_empty() {
                return Ok(());
            }
            let [old, new] = [other, &setting].map(|it| it.value.expose_secret().trim());
            if !other.is_empty() && old != new {
                return Err(Error::config(format!(
                    "`{}` ({}) and `{}` ({}) are the same setting and have different values: keep \
                     only one of them",
                    other.name,
                    other.place(),
                    setting.name,
                    setting.place()
                )));
            }
        }
        self.values.insert(key.name, setting);
        Ok(())
    }

    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|setting| !setting.is_empty())
    }

    /// Returns whether any setting came from a map, a file or the environment.
    pub(crate) fn is_dictionary(&self) -> bool {
        self.dictionary
    }

    /// Returns the value of a setting without surrounding spaces; empty if it is not set.
    pub(crate) fn text(&self, key: &str) -> String {
        self.get(key).map(str::trim).unwrap_or_default().to_owned()
    }

    /// Like [`text`](Self::text), but the value is never shown.
    pub(crate) fn secret(&self, key: &str) -> SecretString {
        SecretString::from(self.text(key))
    }

    /// Returns an error for each invalid value, with the name of the setting and its source.
    pub(crate) fn wrong_values(&self) -> Vec<Error> {
        let look = |key: &Key| {
            let text = self.text(key.name);
            if text.is_empty() {
                return None;
            }
            (key.check)(&text).err().map(|why| self.wrong(key.name, &why))
        };
        keys::ALL.iter().filter_map(look).collect()
    }

    /// Returns an error that names the mandatory settings that are missing, and how to set each. It
    /// also names environment variables that look like a mistyped setting, even if that setting has
    /// a default.
    pub(crate) fn missing(&self, is_given: impl Fn(&str) -> bool) -> Option<Error> {
        let near = |key: &str| -> Vec<&String> {
            self.unread
                .iter()
                .filter(|(_, nearest)| *nearest == key)
                .map(|(name, _)| name)
                .collect()
        };
        let is_missing = |key: &&str| !self.is_set(key) && !is_given(key);
        let mandatory = MANDATORY.into_iter().filter(is_missing);
        let mistyped = USUAL.into_iter().filter(is_missing).filter(|key| !near(key).is_empty());
        let missing: Vec<&str> = mandatory.chain(mistyped).collect();
        let unread = |name: &str, key: &str| {
            let (name, meant) = (escaped(name), setting::variable(key));
            format!("unknown environment variable {name}: did you mean {meant}?")
        };
        // a setting with a default may have been mistyped too
        let slips = self.unread.iter().filter(|(name, key)| {
            is_missing(key) && !missing.contains(key) && keys::is_slip(setting::bare(name), key)
        });
        let slips: Vec<String> = slips.map(|(name, key)| unread(name, key)).collect();
        if missing.is_empty() {
            return (!slips.is_empty()).then(|| Error::config(slips.join("; ")));
        }
        let names = |name: &dyn Fn(&str) -> String| {
            missing.iter().map(|key| name(key)).collect::<Vec<_>>().join(", ")
        };
        let (verb, all) = if missing.len() == 1 { ("is", "") } else { ("are", "all of ") };
        let mut text = format!(
            "{} {verb} missing: set {all}{} in the environment, name {} in a file, or call {}",
            names(&|key| format!("`{key}`")),
            names(&setting::variable),
            if missing.len() == 1 { "it" } else { "them" },
            names(&|key| format!(".{}(…)", if key == USER { "user" } else { key })),
        );
        for key in &missing {
            for name in near(key) {
                text.push_str(&format!("; {}", unread(name, key)));
            }
        }
        for slip in slips {
            text.push_str(&format!("; {slip}"));
        }
        Some(Error::config(text))
    }

    /// Returns the name under which the tokens are stored.
    pub(crate) fn user(&self) -> String {
        if self.is_set(USER) { self.text(USER) } else { DEFAULT_USER.to_owned() }
    }

    /// Parses the origin of a server.
    pub(crate) fn origin(&self, key: &str) -> Result<Option<Origin>, Error> {
        self.read(key, Origin::from_setting)
    }

    /// Parses the value of a setting; returns `None` if it is empty.
    pub(crate) fn parsed<T: FromStr<Err = Error>>(&self, key: &str) -> Result<Option<T>, Error> {
        self.read(key, str::parse)
    }

    /// Parses the value of a setting with a function, usually of the module `value`.
    fn read<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let text = self.text(key);
        if text.is_empty() {
            return Ok(None);
        }
        parse(&text).map(Some).map_err(|why| self.wrong(key, &why))
    }

    /// Returns the scopes to ask a user for; none if they are not set.
    ///
    /// ```
    /// use zcrm::Config;
    ///
    /// let config = Config::from_toml("scopes = ['ZohoCRM.modules.ALL', 'ZohoCRM.users.READ']")?;
    /// assert_eq!(config.scopes()?, ["ZohoCRM.modules.ALL", "ZohoCRM.users.READ"]);
    /// # Ok::<(), zcrm::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](crate::ErrorKind::Config) if one does not have the form
    /// of a scope.
    pub fn scopes(&self) -> Result<Vec<String>, Error> {
        Ok(self.read("scopes", value::scopes)?.unwrap_or_default())
    }

    #[cfg(feature = "mysql-store")]
    pub(crate) fn port(&self, key: &str) -> Result<Option<u16>, Error> {
        self.read(key, value::port)
    }

    /// Returns the path of the log file.
    #[cfg(feature = "logging")]
    pub(crate) fn log_file(&self) -> Result<Option<std::path::PathBuf>, Error> {
        let key = "application_log_file_path";
        self.read(key, |path| value::log_file(path).map(|()| path.into()))
    }

    #[cfg(feature = "logging")]
    pub(crate) fn log_in_console(&self) -> Result<bool, Error> {
        Ok(self.read("log_in_console", value::boolean)?.unwrap_or_default())
    }

    /// Returns these timeouts, overridden by those of the settings.
    pub(crate) fn timeouts(&self, mut timeouts: Timeouts) -> Result<Timeouts, Error> {
        for (key, time) in
            TIMEOUTS.into_iter().zip([&mut timeouts.total, &mut timeouts.head, &mut timeouts.idle])
        {
            *time = self.read(key, value::duration)?.unwrap_or(*time);
        }
        Ok(timeouts)
    }

    /// Returns these limits, overridden by those of the settings.
    pub(crate) fn limits(&self, mut limits: Limits) -> Result<Limits, Error> {
        for (key, limit) in LIMITS.into_iter().zip([
            &mut limits.concurrent,
            &mut limits.concurrent_heavy,
            &mut limits.answer_bytes,
        ]) {
            *limit = self.read(key, value::count)?.unwrap_or(*limit);
        }
        Ok(limits)
    }

    /// Applies the settings to a connector.
    pub(crate) fn connector(&self, connector: ConnectorBuilder) -> Result<ConnectorBuilder, Error> {
        let mut connector = connector;
        if let Some(time) = self.read(TIMEOUT_CONNECT, value::duration)? {
            connector = connector.connect_timeout(time);
        }
        if let Some(pem) = self.read("ca_file", value::file)? {
            connector = connector.root_pem(pem);
        }
        if self.is_set("ca_pem") {
            connector = connector.root_pem(self.text("ca_pem"));
        }
        Ok(connector)
    }

    /// Returns the maximum number of times a call is sent.
    pub(crate) fn attempts(&self) -> Result<Option<u32>, Error> {
        let attempts = self.read(LIMIT_ATTEMPTS, value::count)?;
        Ok(attempts.map(|number| number.try_into().unwrap_or(u32::MAX)))
    }

    pub(crate) fn api_version(&self) -> Result<ApiVersion, Error> {
        let default = if self.ruby { ApiVersion::V2 } else { ApiVersion::V8 };
        Ok(self.parsed("api_version")?.unwrap_or(default))
    }

    pub(crate) fn environment(&self) -> Result<Environment, Error> {
        let named: Option<Environment> = self.parsed("environment")?;
        let sandbox = self.read("sandbox", value::boolean)?;
        match (named, sandbox) {
            (Some(environment), Some(sandbox))
                if sandbox != (environment == Environment::Sandbox) =>
            {
                let why =
                    format!("`{sandbox}` contradicts `environment`, which is `{environment}`");
                Err(self.wrong("sandbox", &why))
            }
            (Some(environment), _) => Ok(environment),
            (None, Some(true)) => Ok(Environment::Sandbox),
            (None, _) => Ok(Environment::Production),
        }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|setting| setting.value.expose_secret())
    }

    /// Returns the error for an invalid setting.
    pub(crate) fn wrong(&self, key: &str, why: &dyn fmt::Display) -> Error {
        let set = self.values.get(key);
        let name = set.map_or(key, |setting| setting.name);
        let place = set.map(|setting| format!(" ({})", setting.place())).unwrap_or_default();
        Error::config(format!("invalid setting `{name}`{place}: {why}"))
    }
}

/// Shows the names of the settings, and all values except the secret ones.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for Key { name, secret, url, .. } in keys::ALL {
            match self.get(name) {
                Some(_) if *secret => map.entry(name, &"[redacted]"),
                Some(value) if *url => map.entry(name, &escaped_url(value)),
                Some(value) => map.entry(name, &value),
                None => continue,
            };
        }
        map.finish()
    }
}
