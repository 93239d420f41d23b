//! What can go wrong when a simulator is built or fed.

use std::path::PathBuf;

/// The format of the snapshots that are written. It goes up whenever an older one cannot be read any more.
pub(crate) const SNAPSHOT_FORMAT: u64 = 2;

/// What a snapshot is called in an error.
fn snapshot(path: &Option<PathBuf>) -> String {
    path.as_ref()
        .map_or_else(|| String::from("the snapshot"), |path| format!("`{}`", path.display()))
}

/// A record's id behind its module, in an error.
fn named(id: &Option<String>) -> String {
    id.as_ref().map(|id| format!(" {id}")).unwrap_or_default()
}

/// An error of the simulator itself, not of a simulated call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A loopback port could not be opened.
    #[error("could not listen on the loopback port {port}")]
    Listen {
        /// The port that was asked for; 0 means any free one.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate authority or the server's certificate could not be made.
    #[error("could not make the TLS certificate")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A module was named that the organisation does not have.
    #[error("the organisation has no module `{0}`")]
    UnknownModule(String),
    /// A field was named that the module does not have.
    #[error("the module `{module}` has no field `{field}`")]
    UnknownField {
        /// The module's API name.
        module: String,
        /// The field's API name.
        field: String,
    },
    /// A record that a test wrote is one that Zoho would refuse.
    #[error("the {module} record{} was refused: {code} {details}", named(.id))]
    Refused {
        /// The module's API name.
        module: String,
        /// The record's id; none for an insert.
        id: Option<String>,
        /// Zoho's code, such as `MANDATORY_NOT_FOUND`.
        code: String,
        /// Zoho's details: mostly the field that is meant.
        details: serde_json::Value,
    },
    /// A file could not be read or written.
    #[error("could not read or write `{}`", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A user was named that the organisation does not have.
    #[error("the organisation has no user `{0}`")]
    UnknownUser(String),
    /// A profile was named that the organisation does not have, or a permission that no profile has.
    #[error("there is no profile `{profile}`, or no permission `{permission}`")]
    UnknownPermission {
        /// The profile's name.
        profile: String,
        /// The permission's name, such as `Crm_Implied_Api_Access`.
        permission: String,
    },
    /// The name of an edition that does not exist.
    #[error("`{0}` is no edition: it is free, standard, professional, enterprise or ultimate")]
    UnknownEdition(String),
    /// No device waits with that code, or no user has that address.
    #[error("no device waits with the code `{user_code}`, or there is no user `{email}`")]
    UnknownDevice {
        /// The code that the device shows.
        user_code: String,
        /// The user's e-mail address; empty for a refusal.
        email: String,
    },
    /// A seed file is not JSON, or holds something unknown.
    #[error("this is no seed file: {0}")]
    Seed(serde_json::Error),
    /// A value is not a snapshot, or is damaged.
    #[error("{} is no snapshot of a simulator, or is damaged: delete it and begin anew", snapshot(.path))]
    Snapshot {
        /// The file that it came from, if it came from one.
        path: Option<PathBuf>,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A snapshot was written by another version of the simulator.
    #[error(
        "{} was written by another version of the simulator (its format is {found}, this one reads \
         {SNAPSHOT_FORMAT}): delete it and begin anew",
        snapshot(.path)
    )]
    SnapshotFormat {
        /// The file that it came from, if it came from one.
        path: Option<PathBuf>,
        /// Its format; 0 if it says none.
        found: u64,
    },
}
