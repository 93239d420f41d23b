//! Errors of the MySQL store: the cause, and the remedy.
//!
//! A server quotes values in its messages, and a value may be a token. So a server's message is
//! shown only if it quotes nothing, and the error of a statement has no source.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error};
use zcrm_core::escaped;
use zcrm_oauth::StoreError;

use crate::row::COLUMNS;

/// The error of an operation.
#[derive(Debug)]
pub(crate) enum OperationError {
    /// An error of the store itself.
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
    /// Returns `true` if another attempt may succeed, because another transaction interfered. A
    /// duplicate key may come from a row that was inserted a moment ago.
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Statement(error) = self else {
            return false;
        };
        matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
            || message_contains(error, "Deadlock found")
            || message_contains(error, "Lock wait timeout exceeded")
            || message_contains(error, "Record has changed since last read")
    }

    /// Returns `true` if a value did not fit a character set and the server does not name the
    /// column, as MySQL from 8.0 on for bound values.
    pub(crate) fn is_unnamed_charset(&self) -> bool {
        matches!(self, Self::Statement(error) if message_contains(error, CONVERSION))
    }

    /// Returns the error for the caller. `what` completes "cannot …", such as "read the token table".
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
    StoreError::new(format!("cannot {what} in {place}: {why}"))
}

fn message_contains(error: &Error, text: &str) -> bool {
    matches!(error, Error::DatabaseError(_, info) if info.message().contains(text))
}

/// Returns the cause of a failed statement.
fn why(error: &Error) -> String {
    let Error::DatabaseError(kind, info) = error else {
        return match error {
            Error::DeserializationError(_) => {
                "it has a value of an unexpected type: check that it is the right table".into()
            }
            _ => "the connection broke".into(),
        };
    };
    let message = info.message();
    let known: &[(&str, &str)] = &[
        ("Data too long", "the value is too long for {}: run `migrate()`, which widens it"),
        ("Incorrect string value", CHARSET),
        ("Cannot convert string", CHARSET),
        ("Illegal mix of collations", CHARSET),
        (CONVERSION, CHARSET),
        ("Unknown database", "there is no such database: create it with `create_schema()`"),
        (
            "command denied",
            "permission denied: grant the database user SELECT, INSERT and DELETE on it, and UPDATE on \
             `zcrm_leases`",
        ),
        ("Access denied", "the database user may not use this database"),
        ("read-only", "the server is read-only: use the primary server"),
        ("read only", "the server is read-only: use the primary server"),
        ("BINLOG_FORMAT", "the server logs statements: set `binlog_format = ROW` or `MIXED`"),
        ("binlog", "the server logs statements: set `binlog_format = ROW` or `MIXED`"),
        ("Deadlock found", "other writers interfered with each attempt: try again"),
        ("Lock wait timeout", "another writer held a row for too long: try again"),
        ("Record has changed", "other writers interfered with each attempt: try again"),
    ];
    // the table's name may also have a prefix: "Table 'db.oauthtokens' doesn't exist"
    if message.contains("exist") && message.contains("oauthtokens") && message.contains("Table") {
        return "there is no table `oauthtokens`: create it with `create_schema()`".into();
    }
    if message.contains("exist") && message.contains("zcrm_leases") && message.contains("Table") {
        return "there is no table `zcrm_leases`: create it with `leases().create_table()`".into();
    }
    if *kind == DatabaseErrorKind::UniqueViolation {
        return "the table's key treats two users as equal that differ only in case, accents or \
                trailing spaces"
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

/// Returns the column at the end of a message. Without one it is the user's column, the only one
/// that statements compare.
fn column(message: &str) -> String {
    let end = message.rsplit_once("for column").map_or("", |(_, end)| end);
    let named = COLUMNS.iter().find(|column| end.contains(**column));
    format!("the column `{}`", named.unwrap_or(&"useridentifier"))
}

/// Returns the text of the error for a connection that could not be opened.
pub(crate) fn connect(place: &str, error: &mysql_async::Error) -> String {
    use mysql_async::{DriverError, Error, IoError};
    let why = match error {
        Error::Server(error) => match error.code {
            1044 => "the database user may not use this database".into(),
            1045 | 1698 => "the server refused the user or the password".into(),
            1049 => "there is no such database: create it with `create_schema()`".into(),
            1040 | 1203 | 1226 => {
                "the server has no connections left: reduce the pool's size, or raise the server's limit"
                    .into()
            }
            1129 | 1130 => "the server refuses connections from this machine".into(),
            code => format!("the server refused the connection (error {code})"),
        },
        // an error of the handshake, wrapped in an error of the socket
        Error::Io(IoError::Io(error)) if matches!(error.get_ref(), Some(it) if it.is::<rustls::Error>()) => {
            untrusted(error)
        }
        Error::Io(IoError::Io(error)) => error.to_string(),
        Error::Io(IoError::Tls(error)) => untrusted(error),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "the server offers no TLS, and passwords and tokens are sent to another machine \
             only over TLS"
                .into()
        }
        // MySQL answers this for an unknown user too, so that users cannot be guessed
        Error::Driver(DriverError::UnknownAuthPlugin { name }) => format!(
            "the server refused the user or the password, or requires the unsupported login method \
             `{}`: use `caching_sha2_password` or `mysql_native_password`",
            escaped(name)
        ),
        // texts of the driver, which quote no values
        Error::Driver(_) => "the server uses another protocol, or closed the connection".into(),
        _ => "the settings are invalid".into(),
    };
    format!("cannot reach the {place}: {why}")
}

fn untrusted(error: &impl std::fmt::Display) -> String {
    format!(
        "the TLS connection is not trusted: {error}; set the authority of the server's certificate (`ca_file`)"
    )
}

/// Returns the text of an error that the pool returned.
pub(crate) fn opening(place: &str, error: &ConnectionError) -> String {
    match error {
        // created by `connect`
        ConnectionError::BadConnection(text) => text.clone(),
        _ => format!("cannot reach the {place}: the session could not be set up"),
    }
}

pub(crate) fn too_slow(what: &str, place: &str, seconds: f64) -> StoreError {
    cannot(what, place, &format!("no answer within {seconds} s"))
}

/// Creates the error for a missing or ended runtime.
pub(crate) fn runtime(source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::new("the MySQL store needs a running tokio runtime").with_source(source)
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error};

    use super::OperationError;

    fn text(message: &str) -> String {
        let error = Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned()));
        let error = OperationError::from(error)
            .into_error("write to the token table", "database `d` at h:1");
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
