//! The rows of the token table, and the choice of a user's row.

use chrono::DateTime;
use diesel::{
    deserialize::{self, QueryableByName},
    mysql::Mysql,
    row::{Field as _, NamedRow},
    sql_types::{BigInt, Nullable, Text},
};
use zcrm_core::SecretString;
use zcrm_oauth::{StoreError, StoredToken};

diesel::table! {
    /// The table after `migrate()`. diesel needs a primary key here. The Ruby SDK's table may have
    /// none, and no statement relies on it.
    oauthtokens (useridentifier) {
        useridentifier -> Text,
        accesstoken -> Nullable<Text>,
        refreshtoken -> Nullable<Text>,
        expirytime -> Nullable<BigInt>,
        apidomain -> Nullable<Text>,
        accountsserver -> Nullable<Text>,
        scope -> Nullable<Text>,
        environment -> Nullable<Text>,
        clientid -> Nullable<Text>,
    }
}

/// All columns. The Ruby SDK's table has the first four.
pub(crate) const COLUMNS: &[&str] = &[
    "useridentifier",
    "accesstoken",
    "refreshtoken",
    "expirytime",
    "apidomain",
    "accountsserver",
    "scope",
    "environment",
    "clientid",
];

/// A row of the Ruby SDK's table or of a migrated one.
#[derive(Clone)]
pub(crate) struct TokenRow {
    pub(crate) user: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    /// The expiry in milliseconds since 1970.
    pub(crate) expiry: i64,
    pub(crate) api_domain: Option<String>,
    pub(crate) accounts_server: Option<String>,
    pub(crate) scope: Option<String>,
    /// The owner, or `None` if Ruby wrote the row or the table has no such column.
    pub(crate) owner: Option<Owner>,
}

/// The client and environment that a row belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) client_id: String,
    pub(crate) environment: String,
}

impl QueryableByName<Mysql> for TokenRow {
    fn build<'a>(row: &impl NamedRow<'a, Mysql>) -> deserialize::Result<Self> {
        let text = |name: &str| -> deserialize::Result<Option<String>> {
            let exists = (0..row.field_count())
                .filter_map(|at| diesel::row::Row::get(row, at))
                .any(|field| field.field_name() == Some(name));
            if exists {
                NamedRow::get::<Nullable<Text>, Option<String>>(row, name)
            } else {
                Ok(None)
            }
        };
        let client_id = text("clientid")?;
        let environment = text("environment")?.unwrap_or_default();
        Ok(Self {
            user: text("useridentifier")?.unwrap_or_default(),
            access: text("accesstoken")?.unwrap_or_default(),
            refresh: text("refreshtoken")?.unwrap_or_default(),
            expiry: NamedRow::get::<Nullable<BigInt>, Option<i64>>(row, "expirytime")?
                .unwrap_or_default(),
            api_domain: text("apidomain")?,
            accounts_server: text("accountsserver")?,
            scope: text("scope")?,
            owner: client_id.map(|client_id| Owner { client_id, environment }),
        })
    }
}

impl TokenRow {
    /// Returns the token of the row. An expiry outside the supported range becomes the nearest
    /// supported time.
    pub(crate) fn into_token(self) -> StoredToken {
        let expires = DateTime::from_timestamp_millis(self.expiry).unwrap_or(if self.expiry < 0 {
            DateTime::UNIX_EPOCH
        } else {
            DateTime::<chrono::Utc>::MAX_UTC
        });
        let mut token = StoredToken::new(self.access, expires);
        token.refresh = Some(self.refresh).filter(|it| !it.is_empty()).map(SecretString::from);
        token.api_domain = self.api_domain;
        token.accounts_server = self.accounts_server;
        token.scope = self.scope;
        token
    }
}

/// Chooses the row of `user` among the rows that the database treats as the user's.
///
/// The row with the exact name is chosen, or else the only one that differs only in case. Of
/// several rows with one name, the one with the newest expiry is chosen.
///
/// # Errors
/// Returns an error if several names differ only in case.
pub(crate) fn choose(rows: Vec<TokenRow>, user: &str) -> Result<Option<TokenRow>, StoreError> {
    let newest = |rows: Vec<TokenRow>| rows.into_iter().max_by_key(|row| row.expiry);
    let (exact, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.user == user);
    if !exact.is_empty() {
        return Ok(newest(exact));
    }
    let folded = user.to_lowercase();
    let alike: Vec<_> =
        others.into_iter().filter(|row| row.user.to_lowercase() == folded).collect();
    let Some(first) = alike.first().map(|row| row.user.clone()) else {
        return Ok(None);
    };
    if alike.iter().any(|row| row.user != first) {
        return Err(StoreError::new(format!(
            "the token table has several users that differ from `{user}` only in case: use the \
             exact name of one of them"
        )));
    }
    tracing::warn!(target: "zcrm::store", wanted = user, stored = first, "using a stored user that differs in case");
    Ok(newest(alike))
}

#[cfg(test)]
mod tests {
    use super::{TokenRow, choose};

    fn rows(users: &[(&str, i64)]) -> Vec<TokenRow> {
        let row = |&(user, expiry): &(&str, i64)| TokenRow {
            user: user.into(),
            access: format!("{user}{expiry}"),
            refresh: String::new(),
            expiry,
            api_domain: None,
            accounts_server: None,
            scope: None,
            owner: None,
        };
        users.iter().map(row).collect()
    }

    fn chosen(users: &[(&str, i64)], user: &str) -> Option<String> {
        choose(rows(users), user).unwrap().map(|row| row.access)
    }

    #[test]
    fn prefers_the_newest_row_of_the_exact_name() {
        assert_eq!(chosen(&[("A", 9), ("a", 1), ("a", 3), ("a", 2)], "a").unwrap(), "a3");
        assert_eq!(chosen(&[("A", 2), ("A", 1)], "a").unwrap(), "A2");
        assert_eq!(chosen(&[("É", 1)], "é").unwrap(), "É1");
    }

    #[test]
    fn ignores_names_that_are_equal_only_by_collation() {
        assert_eq!(chosen(&[("a ", 1), ("á", 2), (" a", 3)], "a"), None);
        assert_eq!(chosen(&[("a", 1)], "a "), None);
        assert!(choose(rows(&[("AB", 1), ("Ab", 2)]), "ab").is_err());
    }
}
