//! Errors of building and controlling a simulator.

use std::path::PathBuf;

/// The format version of snapshots. It is increased when older snapshots can no longer be read.
pub(crate) const SNAPSHOT_FORMAT: u64 = 4;

/// Names a snapshot in an error message.
fn snapshot(path: &Option<PathBuf>) -> String {
    path.as_ref()
        .map_or_else(|| String::from("the snapshot"), |path| format!("`{}`", path.display()))
}

/// Formats a record's id for an error message, after the module's name.
fn named(id: &Option<String>) -> String {
    id.as_ref().map(|id| format!(" {id}")).unwrap_or_default()
}

/// An error of the simulator itself, not of a simulated call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A loopback port could not be opened.
    #[error("could not listen on loopback port {port}")]
    Listen {
        /// The requested port; 0 means any free one.
        port: u16,
        /// The system's error.
        source: std::io::Error,
    },
    /// The certificate authority or the server's certificate could not be made.
    #[error("could not make the TLS certificate")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The organisation does not have this module.
    #[error("unknown module `{0}`")]
    UnknownModule(String),
    /// The module does not have this field.
    #[error("unknown field `{field}` in module `{module}`")]
    UnknownField {
        /// The module's API name.
        module: String,
        /// The field's API name.
        field: String,
    },
    /// A record written by the test would be refused by Zoho.
    #[error("the {module} record{} was refused: {code} {details}", named(.id))]
    Refused {
        /// The module's API name.
        module: String,
        /// The record's id; `None` for an insert.
        id: Option<String>,
        /// Zoho's code, such as `MANDATORY_NOT_FOUND`.
        code: String,
        /// Zoho's details, usually the field concerned.
        details: serde_json::Value,
    },
    /// A file could not be read or written.
    #[error("could not read or write `{}`", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The organisation does not have this user.
    #[error("unknown user `{0}`")]
    UnknownUser(String),
    /// The organisation does not have this profile, or the profile does not have this permission.
    #[error(
        "cannot set the permission `{permission}` of the profile `{profile}`: there is no such profile, or no such permission"
    )]
    UnknownPermission {
        /// The profile's name.
        profile: String,
        /// The permission's name, such as `Crm_Implied_Api_Access`.
        permission: String,
    },
    /// There is no edition of this name.
    #[error("unknown edition `{0}`: expected free, standard, professional, enterprise or ultimate")]
    UnknownEdition(String),
    /// There is no such option of changes, or it does not have this value.
    #[error(
        "invalid option `{name}={value}`: expected the name of a method of ChangeOptions, and true, false or a number"
    )]
    ChangeOption {
        /// The option's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// No device is waiting with this code, or no user has this address.
    #[error("no device is waiting with the code `{user_code}`, or there is no user `{email}`")]
    UnknownDevice {
        /// The code shown by the device.
        user_code: String,
        /// The user's e-mail address; empty if the device was rejected.
        email: String,
    },
    /// A seed file is not JSON, or has an unknown member or type.
    #[error("invalid seed file: {0}")]
    Seed(serde_json::Error),
    /// A value is not a snapshot, or is damaged.
    #[error("{} is damaged or is not a snapshot of a simulator: delete it and start again", snapshot(.path))]
    Snapshot {
        /// The file that the snapshot came from, if any.
        path: Option<PathBuf>,
        /// The cause.
        source: serde_json::Error,
    },
    /// A snapshot was written by another version of the simulator.
    #[error(
        "{} was written by another version of the simulator (its format is {found}, this one reads \
         {SNAPSHOT_FORMAT}): delete it and start again",
        snapshot(.path)
    )]
    SnapshotFormat {
        /// The file that the snapshot came from, if any.
        path: Option<PathBuf>,
        /// The snapshot's format version; 0 if it has none.
        found: u64,
    },
}
