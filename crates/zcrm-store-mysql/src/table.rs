//! The statements on the token table. All values are bound parameters.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use tracing::{instrument::WithSubscriber as _, subscriber::NoSubscriber};
use zcrm_core::ExposeSecret as _;
use zcrm_oauth::{StoreError, StoredToken, TokenKey};

use crate::{
    connect::Connection,
    error::OperationError,
    row::{Owner, TokenRow, choose, oauthtokens},
};

/// Finds the rows that the database treats as the user's, in the Ruby SDK's table or a migrated
/// one.
const FIND: &str = "SELECT * FROM oauthtokens WHERE useridentifier = ?";

/// Finds them and locks them until the end of the transaction.
const FIND_AND_LOCK: &str = "SELECT * FROM oauthtokens WHERE useridentifier = ? FOR UPDATE";

/// Deletes a user's rows. The first condition can use a key; the second keeps rows with another
/// spelling.
const DELETE: &str = "DELETE FROM oauthtokens WHERE useridentifier = ? \
     AND CAST(CONVERT(useridentifier USING utf8mb4) AS BINARY) = CAST(? AS BINARY)";

/// Lists the names of the columns and their maximum lengths.
const SHAPE: &str = "SELECT LOWER(column_name) AS name, \
     CAST(character_maximum_length AS SIGNED) AS length \
     FROM information_schema.columns \
     WHERE table_schema = DATABASE() AND table_name = 'oauthtokens'";

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    length: Option<i64>,
}

/// The columns of the table.
pub(crate) struct Shape(Vec<Column>);

impl Shape {
    pub(crate) async fn read(
        connection: &mut Connection,
        place: &str,
    ) -> Result<Self, OperationError> {
        let columns: Vec<Column> = sql_query(SHAPE).load(connection).await?;
        if columns.is_empty() {
            return Err(OperationError::Own(StoreError::new(format!(
                "there is no table `oauthtokens` in the {place}: create it with `create_schema()`"
            ))));
        }
        Ok(Self(columns))
    }

    pub(crate) fn is_migrated(&self) -> bool {
        self.0.iter().any(|column| column.name == "clientid")
    }

    /// Checks that a value is not longer than its column.
    fn check(&self, column: &str, what: &str, value: &str) -> Result<(), StoreError> {
        let column = self.0.iter().find(|it| it.name == column);
        let Some(length) = column.and_then(|it| it.length) else {
            return Ok(());
        };
        let characters = value.chars().count();
        if usize::try_from(length).is_ok_and(|length| characters > length) {
            let advice = if self.is_migrated() {
                "widen the column"
            } else {
                "run `migrate()`, which widens it"
            };
            return Err(StoreError::new(format!(
                "{what} has {characters} characters, but its column holds only {length}: {advice}"
            )));
        }
        Ok(())
    }

    fn check_all(&self, user: &str, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.check("useridentifier", "the user", user)?;
        self.check("accesstoken", "the access token", token.access.expose_secret())?;
        let refresh = token.refresh.as_ref().map_or("", |refresh| refresh.expose_secret());
        self.check("refreshtoken", "the refresh token", refresh)?;
        if self.is_migrated() {
            let extras = [
                ("apidomain", "the API domain", token.api_domain.as_deref()),
                ("accountsserver", "the accounts server", token.accounts_server.as_deref()),
                ("scope", "the scope", token.scope.as_deref()),
                ("clientid", "the client id", Some(key.client_id())),
            ];
            for (column, what, value) in extras {
                self.check(column, what, value.unwrap_or_default())?;
            }
        }
        Ok(())
    }
}

/// Decides whether rows without an owner may be used for a key.
pub(crate) trait Unowned: Fn(&TokenKey) -> Result<(), StoreError> + Send + Sync {}
impl<F: Fn(&TokenKey) -> Result<(), StoreError> + Send + Sync> Unowned for F {}

/// Returns the user's row, if there is one and it belongs to the key.
pub(crate) async fn find(
    connection: &mut Connection,
    key: &TokenKey,
    unowned: &impl Unowned,
) -> Result<Option<TokenRow>, OperationError> {
    find_with(FIND, connection, key, unowned).await
}

async fn find_with(
    statement: &str,
    connection: &mut Connection,
    key: &TokenKey,
    unowned: &impl Unowned,
) -> Result<Option<TokenRow>, OperationError> {
    let rows: Vec<TokenRow> =
        sql_query(statement).bind::<Text, _>(key.user()).load(connection).await?;
    let Some(row) = choose(rows, key.user())? else {
        return Ok(None);
    };
    match &row.owner {
        None => unowned(key)?,
        Some(owner) if *owner == owner_of(key) => {}
        Some(owner) => {
            return Err(OperationError::Own(StoreError::new(format!(
                "the token table holds one token for each user, and that of `{}` belongs to the client \
                 `{}` in {}: use another database for `{}` in {}",
                key.user(),
                owner.client_id,
                owner.environment,
                key.client_id(),
                key.environment()
            ))));
        }
    }
    Ok(Some(row))
}

fn owner_of(key: &TokenKey) -> Owner {
    let environment = key.environment().as_str().to_owned();
    Owner { client_id: key.client_id().to_owned(), environment }
}

/// Replaces all rows of the user with one, in one transaction. With `old`, only if the row still has the login
/// of that token. Returns `true` if it did.
pub(crate) async fn save(
    connection: &mut Connection,
    place: &str,
    key: &TokenKey,
    old: Option<&StoredToken>,
    token: &StoredToken,
    unowned: &impl Unowned,
) -> Result<bool, OperationError> {
    connection
        .transaction(async |connection| {
            let shape = Shape::read(connection, place).await?;
            if !shape.is_migrated() {
                unowned(key)?;
            }
            let statement = if old.is_some() { FIND_AND_LOCK } else { FIND };
            let found = find_with(statement, connection, key, unowned).await?;
            if let Some(old) = old
                && !found.as_ref().is_some_and(|row| row.clone().into_token().is_same_login(old))
            {
                return Ok(false);
            }
            let user = found.as_ref().map_or(key.user(), |row| row.user.as_str());
            shape.check_all(user, key, token)?;
            if found.is_some() {
                delete_exactly(connection, user).await?;
            }
            let row = TokenRow {
                user: user.to_owned(),
                access: token.access.expose_secret().to_owned(),
                refresh: token
                    .refresh
                    .as_ref()
                    .map_or_else(String::new, |refresh| refresh.expose_secret().to_owned()),
                expiry: token.expires_at.timestamp_millis(),
                api_domain: token.api_domain.clone(),
                accounts_server: token.accounts_server.clone(),
                scope: token.scope.clone(),
                owner: Some(owner_of(key)),
            };
            match insert(connection, &row, shape.is_migrated()).await {
                Err(failure) if failure.is_unnamed_charset() => {
                    Err(OperationError::Charset(column_of_unfit_value(connection, &row).await))
                }
                inserted => inserted.map(|()| true),
            }
        })
        .await
}

/// Returns the column whose character set cannot hold its value: the first that the server refuses
/// to compare with it.
async fn column_of_unfit_value(connection: &mut Connection, row: &TokenRow) -> &'static str {
    for (column, value) in [("accesstoken", &row.access), ("refreshtoken", &row.refresh)] {
        let probe = sql_query(format!("SELECT * FROM oauthtokens WHERE {column} = ? LIMIT 0"));
        if probe.bind::<Text, _>(value).load::<TokenRow>(connection).await.is_err() {
            return column;
        }
    }
    "useridentifier"
}

/// Inserts a row. The Ruby SDK's table gets only the columns that it has.
pub(crate) async fn insert(
    connection: &mut Connection,
    row: &TokenRow,
    migrated: bool,
) -> Result<(), OperationError> {
    use diesel::ExpressionMethods as _;
    use oauthtokens::dsl;
    let inherited = (
        dsl::useridentifier.eq(&row.user),
        dsl::accesstoken.eq(&row.access),
        dsl::refreshtoken.eq(&row.refresh),
        dsl::expirytime.eq(row.expiry),
    );
    let into = diesel::insert_into(oauthtokens::table);
    // The driver's feature `tracing`, which another crate may enable, logs the values of statements
    // at DEBUG. These values are tokens, so their log is suppressed.
    let no_log = NoSubscriber::default();
    if migrated {
        let more = (
            dsl::apidomain.eq(row.api_domain.as_deref()),
            dsl::accountsserver.eq(row.accounts_server.as_deref()),
            dsl::scope.eq(row.scope.as_deref()),
            dsl::environment.eq(row.owner.as_ref().map(|owner| owner.environment.as_str())),
            dsl::clientid.eq(row.owner.as_ref().map(|owner| owner.client_id.as_str())),
        );
        into.values((inherited, more)).execute(connection).with_subscriber(no_log).await?;
    } else {
        into.values(inherited).execute(connection).with_subscriber(no_log).await?;
    }
    Ok(())
}

/// Deletes all rows with exactly this spelling. Returns `true` if there was one.
pub(crate) async fn delete_exactly(
    connection: &mut Connection,
    user: &str,
) -> Result<bool, OperationError> {
    let statement = sql_query(DELETE).bind::<Text, _>(user).bind::<Text, _>(user);
    Ok(statement.execute(connection).await? > 0)
}

/// Deletes the key's token. Returns `true` if there was one.
pub(crate) async fn delete(
    connection: &mut Connection,
    key: &TokenKey,
    unowned: &impl Unowned,
) -> Result<bool, OperationError> {
    connection
        .transaction(async |connection| {
            let Some(row) = find(connection, key, unowned).await? else {
                return Ok(false);
            };
            delete_exactly(connection, &row.user).await
        })
        .await
}

/// Returns all rows.
pub(crate) async fn all(connection: &mut Connection) -> Result<Vec<TokenRow>, OperationError> {
    Ok(sql_query("SELECT * FROM oauthtokens").load(connection).await?)
}
