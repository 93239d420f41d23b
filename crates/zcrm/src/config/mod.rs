//! Settings by name: the dictionary.

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
/// The names are those of the Ruby SDK's configuration, and a few of ours:
///
/// | key | meaning |
/// | --- | --- |
/// | `client_id`, `client_secret` | the client, from Zoho's API console |
/// | `redirect_uri` | as registered there; only a login in a browser needs it |
/// | `current_user_email` | the name under which the tokens are kept, mostly an e-mail address: `default` |
/// | `scopes` | what to ask the user for: a list, or text with commas or blanks between |
/// | `access_type` | `offline`, and nothing else |
/// | `persistence_handler_class` | the name of a store that [`register_store`](crate::ClientBuilder::register_store) was told, or `MemoryStore` |
/// | `persistence_handler_class_path` | a Ruby file; may stand beside such a name, and is not read |
/// | `token_persistence_path` | the folder of the token file `zcrm_oauthtokens.txt`, or that file |
/// | `db_host` (or `db_address`), `db_port` (`mysql_port`), `db_username` (`mysql_username`), `db_password` (`mysql_password`), `db_name`, `db_ca_file` | the database of the tokens, where no file is named; `127.0.0.1`, 3306, `root`, no password, `zohooauth` unless told |
/// | `data_center` | `us` (default), `eu`, `in`, `au`, `cn`, `jp`, `ca`, `sa`, `uk`, `ae` |
/// | `environment` | `production` (default), `sandbox`, `developer` |
/// | `sandbox` | `true` is the same as `environment = "sandbox"` |
/// | `accounts_url`, `api_base_url` | other servers than the data centre's: `https://host`, or the host only |
/// | `content_base_url` | another server that takes uploads |
/// | `api_version` | `v8` (default), `v2`, `v2.1`, `v3` …, or a newer one; `v2` by default in a dictionary of the Ruby SDK ([`from_ruby_file`](Config::from_ruby_file)) |
/// | `user_agent` | the application's product, such as `zylker-sync/1.2`, in front of zcrm's in every request |
/// | `ca_file`, `ca_pem` | certificates (PEM) to trust as well: their file, their text |
/// | `application_log_file_path`, `log_in_console` | a file for logs, and `true` for logs on standard error; feature `logging` and its `install` |
/// | `timeout_total`, `timeout_head`, `timeout_idle` | as in [`Timeouts`]: 120, 60 and 30 seconds |
/// | `timeout_connect` | how long TCP may take to connect: 10 seconds |
/// | `limit_concurrent`, `limit_concurrent_heavy`, `limit_answer_bytes` | as in [`Limits`]: 10, 10 and 67108864 |
/// | `limit_attempts` | how often a call is sent at most: 4 |
///
/// A switch is `true` or `false`, a time is in seconds (`30`, `2.5`) or in milliseconds (`500ms`);
/// each may be written as text too. A value that is empty, or `null` in JSON, counts as not set. A
/// setting and its alias with different values in one place are an error.
///
/// # Precedence
///
/// The last word wins: [`overlaid_by`](Self::overlaid_by) lays one source over another, and so does
/// each [`ClientBuilder::config`](crate::ClientBuilder::config) and every other method of the
/// builder over what was said before. The usual order, from the weakest to the strongest, is
/// defaults, file, environment, code:
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
    /// Whether anything came from a dictionary, where the Ruby SDK's default of the store holds.
    dictionary: bool,
    /// Whether it is a dictionary of the Ruby SDK, whose default of the API's version holds.
    ruby: bool,
    /// Variables that are not read, each with the setting that may have been meant.
    unread: Vec<(String, &'static str)>,
}

/// What no client can do without.
const MANDATORY: [&str; 2] = ["client_id", "client_secret"];

/// What most clients need and a self client can do without.
const USUAL: [&str; 2] = ["redirect_uri", USER];

/// The setting that names the user, and the name where it is not set.
const USER: &str = "current_user_email";
const DEFAULT_USER: &str = "default";

/// The keys of [`Timeouts`], in its order.
pub(crate) const TIMEOUTS: [&str; 3] = ["timeout_total", "timeout_head", "timeout_idle"];

/// The keys of [`Limits`], in its order.
pub(crate) const LIMITS: [&str; 3] =
    ["limit_concurrent", "limit_concurrent_heavy", "limit_answer_bytes"];

pub(crate) const TIMEOUT_CONNECT: &str = "timeout_connect";
pub(crate) const LIMIT_ATTEMPTS: &str = "limit_attempts";

impl Config {
    /// No settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These settings, with all that `other` says laid over them. What is empty there says nothing.
    #[must_use]
    pub fn overlaid_by(mut self, other: Self) -> Self {
        // tokens in memory are for tests and trials: whatever names a store takes their place
        let names_store = other.values.keys().any(|key| keys::is_store(key) && other.is_set(key));
        if names_store && self.text(keys::HANDLER) == keys::MEMORY {
            self.unset(&[keys::HANDLER, keys::HANDLER_PATH]);
        }
        let said = ["environment", "sandbox"].map(|key| (key, other.is_set(key)));
        self.values.extend(other.values.into_iter().filter(|(_, setting)| !setting.is_empty()));
        self.dictionary |= other.dictionary;
        self.ruby |= other.ruby;
        self.unread.extend(other.unread);
        // two keys for one thing: where they contradict each other, the last word wins too
        if let [(old, false), (_, true)] | [(_, true), (old, false)] = said
            && self.environment().is_err()
        {
            self.unset(&[old]);
        }
        self
    }

    /// Every name that is read: those of the settings, and their aliases.
    pub fn names() -> impl Iterator<Item = &'static str> {
        keys::names()
    }

    /// Sets one key, by its name.
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config) where there is no such key (it names the
    /// nearest), or where code set the same under another name to another value.
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

    /// Takes settings back: something else says it now.
    pub(crate) fn unset(&mut self, keys: &[&str]) {
        self.values.retain(|key, _| !keys.contains(key));
    }

    /// Takes a setting over. In one place an alias says the same as the name, or only one of them
    /// says anything.
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
                    "`{}` ({}) and `{}` ({}) are one setting and have different values: keep one \
                     of them",
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

    /// Whether anything came from a map, a file or the environment.
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

    /// What is wrong with the values, each error naming key and place.
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

    /// Which of the mandatory settings are missing, and how each is set. Of the settings that have a
    /// default, those that a variable of the environment seems to be meant for are named too.
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
            format!("the environment holds {name}, which is not read: did you mean {meant}?")
        };
        // a default hides no slip
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

    /// The name under which the tokens are kept.
    pub(crate) fn user(&self) -> String {
        if self.is_set(USER) { self.text(USER) } else { DEFAULT_USER.to_owned() }
    }

    /// The origin of a server.
    pub(crate) fn origin(&self, key: &str) -> Result<Option<Origin>, Error> {
        self.read(key, Origin::from_setting)
    }

    /// The value of a key as another type; empty counts as not set.
    pub(crate) fn parsed<T: FromStr<Err = Error>>(&self, key: &str) -> Result<Option<T>, Error> {
        self.read(key, str::parse)
    }

    /// The same, by a function of the module `value`.
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

    /// The scopes to ask a user for; none where they are not set.
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
    /// Of kind [`Config`](crate::ErrorKind::Config) where one does not read like a scope.
    pub fn scopes(&self) -> Result<Vec<String>, Error> {
        Ok(self.read("scopes", value::scopes)?.unwrap_or_default())
    }

    #[cfg(feature = "mysql-store")]
    pub(crate) fn port(&self, key: &str) -> Result<Option<u16>, Error> {
        self.read(key, value::port)
    }

    /// The file for logs.
    #[cfg(feature = "logging")]
    pub(crate) fn log_file(&self) -> Result<Option<std::path::PathBuf>, Error> {
        let key = "application_log_file_path";
        self.read(key, |path| value::log_file(path).map(|()| path.into()))
    }

    #[cfg(feature = "logging")]
    pub(crate) fn log_in_console(&self) -> Result<bool, Error> {
        Ok(self.read("log_in_console", value::boolean)?.unwrap_or_default())
    }

    /// These times, with those of the settings in their place.
    pub(crate) fn timeouts(&self, mut timeouts: Timeouts) -> Result<Timeouts, Error> {
        for (key, time) in
            TIMEOUTS.into_iter().zip([&mut timeouts.total, &mut timeouts.head, &mut timeouts.idle])
        {
            *time = self.read(key, value::duration)?.unwrap_or(*time);
        }
        Ok(timeouts)
    }

    /// These limits, with those of the settings in their place.
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

    /// The connector with what the settings say of it.
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

    /// How often a call is sent at most.
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

    /// A setting that is wrong, and why.
    pub(crate) fn wrong(&self, key: &str, why: &dyn fmt::Display) -> Error {
        let set = self.values.get(key);
        let name = set.map_or(key, |setting| setting.name);
        let place = set.map(|setting| format!(" ({})", setting.place())).unwrap_or_default();
        Error::config(format!("the setting `{name}`{place} is wrong: {why}"))
    }
}

/// Shows the names of what is set, and the values that are no secrets.
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
