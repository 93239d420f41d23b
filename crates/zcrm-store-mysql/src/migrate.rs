//! Creation and migration of the table.

use diesel::{QueryableByName, mysql::Mysql, sql_query, sql_types::BigInt};
use diesel_async::{
    AsyncConnection as _, RunQueryDsl as _, SimpleAsyncConnection as _,
    async_connection_wrapper::AsyncConnectionWrapper,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use zcrm_oauth::StoreError;

use crate::{
    connect::Connection,
    error::{self, OperationError},
    row::TokenRow,
    table,
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The largest number of attempts if another program inserts a second row meanwhile.
const TRIES: u32 = 5;

/// Creates the database and the table of the Ruby SDK's guide, if they do not exist.
pub(crate) async fn create(
    connection: &mut Connection,
    database: &str,
) -> Result<(), OperationError> {
    // a name cannot be a bound parameter
    let name = format!("`{}`", database.replace('`', "``"));
    let statement = format!("CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4");
    connection.batch_execute(&statement).await?;
    let statement = format!(
        "CREATE TABLE IF NOT EXISTS {name}.oauthtokens (useridentifier varchar(100), \
         accesstoken varchar(100), refreshtoken varchar(100), expirytime bigint)"
    );
    Ok(connection.batch_execute(&statement).await?)
}

/// Migrates the table to the newest version. Returns `true` if it was older.
pub(crate) async fn run(connection: Connection, place: &str) -> Result<bool, OperationError> {
    let mut connection = connection;
    let mut changed = false;
    let mut tries = 0;
    loop {
        let before = table::Shape::read(&mut connection, place).await?;
        if before.is_migrated() {
            keep_one_row_for_each_user(&mut connection).await?;
        }
        let (back, outcome) = step(connection).await?;
        connection = back;
        match outcome {
            MigrationStep::Done => changed = true,
            MigrationStep::Nothing => return Ok(changed),
            // another row was inserted after the duplicates were removed
            MigrationStep::Failed(text) if text.contains("Duplicate entry") && tries < TRIES => {
                tries += 1;
            }
            MigrationStep::Failed(text) => return Err(OperationError::Own(refused(&text, place))),
        }
    }
}

enum MigrationStep {
    Done,
    Nothing,
    Failed(String),
}

/// Runs the next migration, on a thread for blocking calls.
async fn step(connection: Connection) -> Result<(Connection, MigrationStep), StoreError> {
    let blocking = tokio::task::spawn_blocking(move || {
        let mut harness = AsyncConnectionWrapper::<_>::from(connection);
        let step = match next(&mut harness) {
            Ok(true) => MigrationStep::Done,
            Ok(false) => MigrationStep::Nothing,
            Err(error) => MigrationStep::Failed(chain(&*error)),
        };
        (harness.into_inner(), step)
    });
    blocking.await.map_err(error::runtime)
}

fn next(
    harness: &mut impl MigrationHarness<Mysql>,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    if !harness.has_pending_migration(MIGRATIONS)? {
        return Ok(false);
    }
    harness.run_next_migration(MIGRATIONS)?;
    Ok(true)
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Returns the error of a failed migration.
///
/// The server's message may quote a user, which is not secret, or a value of a column, which may be
/// one.
fn refused(text: &str, place: &str) -> StoreError {
    let why = if text.contains("Duplicate entry") {
        "two users differ only in trailing spaces, which a key treats as equal: remove one of them"
    } else if text.contains("command denied") || text.contains("Access denied") {
        "permission denied: grant the database user CREATE, ALTER and INDEX on this database"
    } else if text.contains(['\'', '"', '`']) {
        "the server refused the change"
    } else {
        text
    };
    StoreError::new(format!("cannot migrate the token table in {place}: {why}"))
}

#[derive(QueryableByName)]
struct KeyCount {
    #[diesel(sql_type = BigInt)]
    keys: i64,
}

/// Removes all rows of each user except the newest, in one transaction for each user. Names are
/// compared exactly, so no user loses a token of another spelling.
async fn keep_one_row_for_each_user(connection: &mut Connection) -> Result<(), OperationError> {
    const KEYS: &str = "SELECT COUNT(*) AS `keys` FROM information_schema.statistics \
        WHERE table_schema = DATABASE() AND table_name = 'oauthtokens' AND index_name = 'PRIMARY'";
    let keys: KeyCount = sql_query(KEYS).get_result(connection).await?;
    if keys.keys > 0 {
        return Ok(());
    }
    let mut users: Vec<String> =
        table::all(connection).await?.into_iter().map(|row| row.user).collect();
    users.sort();
    let several: std::collections::BTreeSet<String> = users
        .windows(2)
        .filter_map(|pair| match pair {
            [one, other] if one == other => Some(one.clone()),
            _ => None,
        })
        .collect();
    for user in several {
        connection
            .transaction(async |connection| {
                let rows: Vec<TokenRow> =
                    sql_query("SELECT * FROM oauthtokens WHERE useridentifier = ? FOR UPDATE")
                        .bind::<diesel::sql_types::Text, _>(&user)
                        .load(connection)
                        .await?;
                let newest =
                    rows.into_iter().filter(|row| row.user == user).max_by_key(|row| row.expiry);
                if let Some(newest) = newest {
                    table::delete_exactly(connection, &user).await?;
                    table::insert(connection, &newest, true).await?;
                }
                Ok::<(), OperationError>(())
            })
            .await?;
    }
    Ok(())
}
