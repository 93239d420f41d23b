//! The names of settings.

use zcrm_core::Error;

/// One setting.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) secret: bool,
}

const fn plain(name: &'static str) -> Key {
    Key { name, secret: false }
}

/// All settings there are.
pub(super) const ALL: &[Key] = &[
    plain("client_id"),
    Key { name: "client_secret", secret: true },
    plain("redirect_uri"),
    plain("current_user_email"),
    plain("token_persistence_path"),
    plain("db_host"),
    plain("db_port"),
    plain("db_username"),
    Key { name: "db_password", secret: true },
    plain("db_name"),
    plain("db_ca_file"),
    plain("data_center"),
    plain("environment"),
    plain("sandbox"),
    plain("accounts_url"),
    plain("api_base_url"),
    plain("content_base_url"),
    plain("api_version"),
    plain("ca_file"),
];

/// A name that is none, and the one that may have been meant.
pub(super) struct Unknown {
    pub(super) name: String,
    pub(super) nearest: Option<&'static str>,
}

pub(super) fn find(name: &str) -> Result<&'static Key, Unknown> {
    ALL.iter()
        .find(|key| key.name == name)
        .ok_or_else(|| Unknown { name: name.to_owned(), nearest: nearest(name) })
}

/// The key that differs least, if it is near enough to be a slip.
fn nearest(name: &str) -> Option<&'static str> {
    ALL.iter()
        .map(|key| (strsim::damerau_levenshtein(&name.to_ascii_lowercase(), key.name), key.name))
        .filter(|(distance, key)| *distance <= key.len().div_ceil(3))
        .min()
        .map(|(_, key)| key)
}

pub(super) fn unknown(unknown: &Unknown, place: &str) -> Error {
    let name = unknown.name.escape_debug();
    Error::config(match unknown.nearest {
        Some(nearest) => {
            format!("there is no setting `{name}` ({place}): did you mean `{nearest}`?")
        }
        None => {
            let all: Vec<&str> = ALL.iter().map(|key| key.name).collect();
            format!("there is no setting `{name}` ({place}): there are {}", all.join(", "))
        }
    })
}
