//! The names of the settings, and the checks of their values.

use zcrm_core::{ApiVersion, DataCenter, Environment, Error, Origin, escaped};

use super::value;

/// The setting that names a registered store.
pub(crate) const HANDLER: &str = "persistence_handler_class";

/// The name of the built-in store in memory, which need not be registered.
pub(crate) const MEMORY: &str = "MemoryStore";

/// The setting that names the Ruby file of the class in `persistence_handler_class`.
pub(crate) const HANDLER_PATH: &str = "persistence_handler_class_path";

/// The setting that names the token file or its folder.
pub(crate) const FILE: &str = "token_persistence_path";

/// The settings of the database.
pub(crate) const DATABASE: [&str; 6] =
    ["db_host", "db_port", "db_username", "db_password", "db_name", "db_ca_file"];

/// Returns whether a setting only selects a store, so that a store set in code makes it
/// unnecessary.
pub(crate) fn is_store(key: &str) -> bool {
    [HANDLER, HANDLER_PATH, FILE].contains(&key) || DATABASE.contains(&key)
}

/// A setting that can be configured by name.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Other accepted names, such as those of older SDKs.
    pub(super) aliases: &'static [&'static str],
    pub(super) secret: bool,
    /// Whether files may write the value as a list.
    pub(super) list: bool,
    /// Whether the value is a URL or a host, which may contain a password by mistake.
    pub(super) url: bool,
    /// Checks a value that is not empty.
    pub(super) check: fn(&str) -> Result<(), Error>,
}

const fn text(name: &'static str) -> Key {
    Key { name, aliases: &[], secret: false, list: false, url: false, check: value::anything }
}

impl Key {
    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    const fn list(self) -> Self {
        Self { list: true, ..self }
    }

    /// Accepts the URL of a server.
    const fn server(self) -> Self {
        self.url().is(|text| Origin::from_setting(text).map(drop))
    }

    /// Marks the value as a URL, or as a text that may contain one.
    const fn url(self) -> Self {
        Self { url: true, ..self }
    }

    const fn is(self, check: fn(&str) -> Result<(), Error>) -> Self {
        Self { check, ..self }
    }

    /// Returns the name and its aliases.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// All settings.
pub(super) const ALL: &[Key] = &[
    text("client_id"),
    text("client_secret").secret(),
    text("redirect_uri").url(),
    text("current_user_email"),
    text("scopes").list().is(|text| value::scopes(text).map(drop)),
    text("access_type").is(value::access_type),
    text("persistence_handler_class"),
    text("persistence_handler_class_path"),
    text("token_persistence_path"),
    text("db_host").or(&["db_address"]).url(),
    text("db_port").or(&["mysql_port"]).is(|text| value::port(text).map(drop)),
    text("db_username").or(&["mysql_username"]),
    text("db_password").or(&["mysql_password"]).secret(),
    text("db_name"),
    text("db_ca_file").is(|path| value::file(path).map(drop)),
    text("data_center").is(|text| text.parse::<DataCenter>().map(drop)),
    text("environment").is(|text| text.parse::<Environment>().map(drop)),
    text("sandbox").is(|text| value::boolean(text).map(drop)),
    text("accounts_url").server(),
    text("api_base_url").server(),
    text("content_base_url").server(),
    text("download_base_url").server(),
    text("api_version").is(|text| text.parse::<ApiVersion>().map(drop)),
    text("user_agent").is(|text| zcrm_http::user_agent(Some(text)).map(drop)),
    text("ca_file").is(|path| value::file(path).map(drop)),
    text("ca_pem").is(value::pem),
    text("application_log_file_path").is(value::log_file),
    text("log_in_console").is(value::log_in_console),
    text("timeout_total").is(|text| value::duration(text).map(drop)),
    text("timeout_head").is(|text| value::duration(text).map(drop)),
    text("timeout_idle").is(|text| value::duration(text).map(drop)),
    text("timeout_connect").is(|text| value::duration(text).map(drop)),
    text("limit_concurrent").is(|text| value::count(text).map(drop)),
    text("limit_concurrent_heavy").is(|text| value::count(text).map(drop)),
    text("limit_answer_bytes").is(|text| value::count(text).map(drop)),
    text("limit_attempts").is(|text| value::count(text).map(drop)),
];

/// Returns every accepted name: those of the settings and their aliases.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(Key::names)
}

/// An unknown name, and the known name that was probably meant.
pub(super) struct Unknown {
    pub(super) name: String,
    pub(super) nearest: Option<&'static str>,
}

/// Finds a setting by its name or alias. Also returns that name from the table.
pub(super) fn find(name: &str) -> Result<(&'static Key, &'static str), Unknown> {
    ALL.iter()
        .find_map(|key| key.names().find(|known| *known == name).map(|known| (key, known)))
        .ok_or_else(|| Unknown { name: name.to_owned(), nearest: nearest(name) })
}

/// Returns the name that differs least, if it is close enough to be a typing error.
fn nearest(name: &str) -> Option<&'static str> {
    names()
        .map(|key| (strsim::damerau_levenshtein(&name.to_ascii_lowercase(), key), key))
        .filter(|(distance, key)| *distance <= key.len().div_ceil(3))
        .min()
        .map(|(_, key)| key)
}

/// Returns whether a name is very probably a typing error of this setting: it differs by at most
/// two characters.
pub(super) fn is_slip(name: &str, key: &str) -> bool {
    let differs = |known| strsim::damerau_levenshtein(&name.to_ascii_lowercase(), known);
    ALL.iter().filter(|it| it.name == key).flat_map(Key::names).any(|known| differs(known) <= 2)
}

pub(super) fn unknown(unknown: &Unknown, place: &str) -> Error {
    Error::config(describe(unknown, place, true))
}

/// Describes all unknown names of one source. Only the last description lists the known names.
pub(super) fn all_unknown(unknown: &[Unknown], place: &str) -> Vec<String> {
    let last = unknown.iter().rposition(|it| it.nearest.is_none());
    unknown.iter().enumerate().map(|(at, it)| describe(it, place, last == Some(at))).collect()
}

fn describe(unknown: &Unknown, place: &str, lists: bool) -> String {
    let name = escaped(&unknown.name);
    let text = format!("unknown setting `{name}` ({place})");
    match unknown.nearest {
        Some(nearest) => format!("{text}: did you mean `{nearest}`?"),
        None if lists => {
            let all: Vec<&str> = names().collect();
            format!("{text}: known settings are {}", all.join(", "))
        }
        None => text,
    }
}
