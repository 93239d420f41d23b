//! Errors: what went wrong in the database's words or in ours, and what to do about it.
//!
//! A server quotes values in its messages, and a value may be a token. So its own words are passed
//! on only where they quote nothing, and no cause is attached to an error of a statement.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error};
use zcrm_core::escaped;
use zcrm_oauth::StoreError;

use crate::row::COLUMNS;

/// Why an operation failed.
#[derive(Debug)]
pub(crate) enum OperationError {
    /// Something that the store itself found.
    Own(StoreError),
    /// A statement failed.
    Statement(Error),
    /// The character set of this column cannot hold a value.
    Charset(&'static str),
}

impl From<Error> for OperationError {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        Self::Own(error)
    }
}

impl OperationError {
    /// Whether another try may succeed, since another transaction was in the way. A name that
    /// stands there already may have been put there a moment ago.
    pub(crate) fn is_passing(&self) -> bool {
        let Self::Statement(error) = self else {
            return false;
        };
        matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
            || said(error, "Deadlock found")
            || said(error, "Lock wait timeout exceeded")
            || said(error, "Record has changed since last read")
    }

    /// Whether a value did not fit a character set, and the server does not say of which column:
    /// so MySQL from 8.0 on, of values that are bound.
    pub(crate) fn is_nameless_charset(&self) -> bool {
        matches!(self, Self::Statement(error) if said(error, CONVERSION))
    }

    /// What to tell the caller. `what` completes "cannot … the token table".
    pub(crate) fn into_error(self, what: &str, place: &str) -> StoreError {
        match self {
            Self::Own(error) => error,
            Self::Statement(error) => cannot(what, place, &why(&error)),
            Self::Charset(column) => {
                cannot(what, place, &CHARSET.replace("{}", &format!("the column `{column}`")))
            }
        }
    }
}

fn cannot(what: &str, place: &str, why: &str) -> StoreError {
    StoreError::new(format!("cannot {what} the token table in {place}: {why}"))
}

fn said(error: &Error, text: &str) -> bool {
    matches!(error, Error::DatabaseError(_, info) if info.message().contains(text))
}

/// What the server means.
fn why(error: &Error) -> String {
    let Error::DatabaseError(kind, info) = error else {
        return match error {
            Error::DeserializationError(_) => {
                "it holds something that cannot be understood: is it the right table?".into()
            }
            _ => "the connection broke or is in disorder".into(),
        };
    };
    let message = info.message();
    let known: &[(&str, &str)] = &[
        ("Data too long", "{} is too long for its column: run `migrate()`, which widens it"),
        ("Incorrect string value", CHARSET),
        ("Cannot convert string", CHARSET),
        ("Illegal mix of collations", CHARSET),
        (CONVERSION, CHARSET),
        ("Unknown database", "there is no such database: `create_schema()` makes it"),
        ("command denied", "the database user may not: grant SELECT, INSERT and DELETE on it"),
        ("Access denied", "the database user may not use this database"),
        ("read-only", "the server is read-only: name the primary server"),
        ("read only", "the server is read-only: name the primary server"),
        ("BINLOG_FORMAT", "the server logs statements, and needs `binlog_format = ROW` or `MIXED`"),
        ("binlog", "the server logs statements, and needs `binlog_format = ROW` or `MIXED`"),
        ("Deadlock found", "other writers were in the way each time: try again"),
        ("Lock wait timeout", "another writer held a row for too long: try again"),
        ("Record has changed", "other writers were in the way each time: try again"),
    ];
    // another spelling of the place is "Table 'db.oauthtokens' doesn't exist"
    if message.contains("exist") && message.contains("oauthtokens") && message.contains("Table") {
        return "there is no table `oauthtokens`: `create_schema()` makes it".into();
    }
    if *kind == DatabaseErrorKind::UniqueViolation {
        return "its key takes two users for one that differ in case, accents or trailing spaces \
                alone"
            .into();
    }
    if let Some((_, text)) = known.iter().find(|(part, _)| message.contains(part)) {
        return text.replace("{}", &column(message));
    }
    if message.contains(['\'', '"', '`']) {
        "the server refused the statement".into()
    } else {
        message.into()
    }
}

const CONVERSION: &str = "Conversion from collation";

const CHARSET: &str = "the character set of {} cannot hold such characters: convert the column \
                       (`migrate()` converts all)";

/// The column that a message ends with; without one it is the user's, the only one compared.
fn column(message: &str) -> String {
    let end = message.rsplit_once("for column").map_or("", |(_, end)| end);
    let named = COLUMNS.iter().find(|column| end.contains(**column));
    format!("the column `{}`", named.unwrap_or(&"useridentifier"))
}

/// A connection that could not be opened.
pub(crate) fn connect(place: &str, error: &mysql_async::Error) -> String {
    use mysql_async::{DriverError, Error, IoError};
    let why = match error {
        Error::Server(error) => match error.code {
            1044 => "the database user may not use this database".into(),
            1045 | 1698 => "the server refused the user or the password".into(),
            1049 => "there is no such database: `create_schema()` makes it".into(),
            1040 | 1203 | 1226 => {
                "the server has no connection left: lower the pool's size, or raise its limit"
                    .into()
            }
            1129 | 1130 => "the server takes no connection from this machine".into(),
            code => format!("the server refused the connection (error {code})"),
        },
        // the handshake's own error, in the wrapping of the socket's
        Error::Io(IoError::Io(error)) if matches!(error.get_ref(), Some(it) if it.is::<rustls::Error>()) => {
            untrusted(error)
        }
        Error::Io(IoError::Io(error)) => error.to_string(),
        Error::Io(IoError::Tls(error)) => untrusted(error),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "the server offers no TLS, and passwords and tokens are sent to another machine \
             over TLS alone"
                .into()
        }
        // MySQL answers so for a user that it does not know, lest one could tell
        Error::Driver(DriverError::UnknownAuthPlugin { name }) => format!(
            "the server refused the user or the password, or wants the login method `{}`, which is \
             not spoken here: use `caching_sha2_password` or `mysql_native_password`",
            escaped(name)
        ),
        // our texts, which quote nothing
        Error::Driver(_) => "the server speaks another protocol, or broke off".into(),
        _ => "the settings are wrong".into(),
    };
    format!("cannot reach the {place}: {why}")
}

fn untrusted(error: &impl std::fmt::Display) -> String {
    format!("no trusted TLS connection: {error}; name the authority of its certificate (`ca_file`)")
}

/// The same, for what the pool passes on.
pub(crate) fn opening(place: &str, error: &ConnectionError) -> String {
    match error {
        // made by `connect`
        ConnectionError::BadConnection(text) => text.clone(),
        _ => format!("cannot reach the {place}: the session could not be set up"),
    }
}

pub(crate) fn too_slow(what: &str, place: &str, seconds: f64) -> StoreError {
    cannot(what, place, &format!("no answer in {seconds} s"))
}

/// The runtime is missing or has ended.
pub(crate) fn runtime(source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::new("the MySQL store needs a running tokio runtime").with_source(source)
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error};

    use super::OperationError;

    fn text(message: &str) -> String {
        let error = Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned()));
        let error = OperationError::from(error).into_error("write to", "database `d` at h:1");
        assert!(std::error::Error::source(&error).is_none());
        error.to_string()
    }

    #[test]
    fn hides_values_quoted_by_the_server() {
        for message in [
            "Incorrect string value: '\\xE2marked' for column `d`.`oauthtokens`.`accesstoken` at row 1",
            "Incorrect string value: 'marked' for column 'accesstoken' at row 1",
            "Data too long for column 'accesstoken' at row 1, near 'marked'",
            "Something new about 'marked'",
            "Something new about \"marked\"",
        ] {
            assert!(!text(message).contains("marked"), "{}", text(message));
        }
        assert!(
            text("Incorrect string value: '?' for column 'accesstoken'").contains("accesstoken")
        );
        assert!(text("Data too long for column 'refreshtoken' at row 1").contains("refreshtoken"));
        assert!(text("The table is full").ends_with("The table is full"));
    }
}
