//! The store of leases in a table.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use diesel::{
    OptionalExtension as _, QueryableByName,
    mysql::Mysql,
    sql_query,
    sql_types::{BigInt, Binary, Nullable, Text, Unsigned},
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _, SimpleAsyncConnection as _};
use tracing::{instrument::WithSubscriber as _, subscriber::NoSubscriber};
use zcrm_core::lease::{Lease, LeaseStore, check_name, check_value};
use zcrm_oauth::StoreError;

use crate::{connect::Connection, error::OperationError, pool::Connections};

/// The table. Names are bytes, so that they are compared exactly.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS zcrm_leases (\
     name VARBINARY(255) NOT NULL PRIMARY KEY, \
     fence BIGINT UNSIGNED NOT NULL, \
     held_from DATETIME(6) NULL, \
     held_until DATETIME(6) NULL, \
     value MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL) ENGINE = InnoDB";

/// Whether a lease is held. A clock that was set back by more than a second ends it.
const HELD: &str = "(held_until IS NOT NULL AND UTC_TIMESTAMP(6) < held_until \
     AND held_from <= UTC_TIMESTAMP(6) + INTERVAL 1 SECOND)";

/// The beginning of a statement that sets a term.
const SET_TERM: &str = "held_from = UTC_TIMESTAMP(6), \
     held_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND";

/// The longest term, a hundred years, because dates of the server end.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A store of leases in the table `zcrm_leases`, for any number of processes and machines.
///
/// It keeps the [contract](LeaseStore) of leases. Terms end by the clock of the database server, so that the
/// clocks of the machines do not matter. It is made by [`MySqlStore::leases`](crate::MySqlStore::leases), and
/// shares the connections of that store.
///
/// ```no_run
/// use std::time::Duration;
/// use zcrm_core::lease::LeaseStore;
/// use zcrm_store_mysql::MySqlStore;
///
/// # async fn run() -> Result<(), zcrm_core::StoreError> {
/// let leases = MySqlStore::builder().password("a secret").build()?.leases();
/// leases.create_table().await?;
/// if let Some(lease) = leases.take("nightly export", Duration::from_secs(60)).await? {
///     leases.write(&lease, "finished").await?;
///     leases.release(&lease).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MySqlLeases {
    connections: Connections,
}

#[derive(QueryableByName)]
struct LeaseRow {
    #[diesel(sql_type = Unsigned<BigInt>)]
    fence: u64,
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

impl MySqlLeases {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Creates the table `zcrm_leases` in the store's database, if it does not exist. No other method creates
    /// it.
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached, or the database user lacks the permission.
    pub async fn create_table(&self) -> Result<(), StoreError> {
        let connections = self.connections.clone();
        self.connections
            .run("create the table of leases", move || {
                let connections = connections.clone();
                async move {
                    let mut connection = connections.take().await?;
                    let created = connection.get()?.batch_execute(CREATE).await;
                    connection.give_back(created.map_err(OperationError::from))
                }
            })
            .await
    }

    /// Changes the row of a lease if it is held. Returns `false` if it is not.
    async fn change(&self, lease: &Lease, change: Change) -> Result<bool, StoreError> {
        let (connections, lease) = (self.connections.clone(), lease.clone());
        self.connections
            .run("change a lease", move || {
                let (connections, lease, change) =
                    (connections.clone(), lease.clone(), change.clone());
                async move {
                    let mut connection = connections.take().await?;
                    let changed = change_row(connection.get()?, &lease, &change).await;
                    connection.give_back(changed)
                }
            })
            .await
    }
}

/// A change of a lease that is held.
#[derive(Clone)]
enum Change {
    /// A new term, in microseconds.
    Renew(i64),
    Write(String),
    Release,
}

async fn change_row(
    connection: &mut Connection,
    lease: &Lease,
    change: &Change,
) -> Result<bool, OperationError> {
    let set = match change {
        Change::Renew(_) => SET_TERM,
        Change::Write(_) => "value = ?",
        Change::Release => "held_until = NULL",
    };
    let statement = format!("UPDATE zcrm_leases SET {set} WHERE name = ? AND fence = ? AND {HELD}");
    let statement = sql_query(statement).into_boxed::<Mysql>();
    let statement = match change {
        Change::Renew(micros) => statement.bind::<BigInt, _>(*micros),
        Change::Write(value) => statement.bind::<Text, _>(value.as_str()),
        Change::Release => statement,
    };
    let statement = statement
        .bind::<Binary, _>(lease.name().as_bytes())
        .bind::<Unsigned<BigInt>, _>(lease.fence());
    // the driver's log of statements would contain the value, which may be a secret
    let no_log = NoSubscriber::default();
    Ok(statement.execute(connection).with_subscriber(no_log).await? > 0)
}

/// Takes the lease of a name, in one transaction. Returns `None` if it is held.
async fn take_row(
    connection: &mut Connection,
    name: &str,
    micros: i64,
) -> Result<Option<Lease>, OperationError> {
    connection
        .transaction(async |connection| {
            let mut taken = set_holder(connection, name, micros).await?;
            if !taken && row(connection, name).await?.is_none() {
                // a row that another process inserts meanwhile is not an error
                sql_query("INSERT IGNORE INTO zcrm_leases (name, fence) VALUES (?, 0)")
                    .bind::<Binary, _>(name.as_bytes())
                    .execute(connection)
                    .await?;
                taken = set_holder(connection, name, micros).await?;
            }
            if !taken {
                return Ok(None);
            }
            let row = row(connection, name).await?;
            Ok(row.map(|LeaseRow { fence, value }| Lease::new(name, fence, value)))
        })
        .await
}

/// Gives a free lease its next number and a term. Returns `false` if it is held, or if there is no
/// row.
async fn set_holder(
    connection: &mut Connection,
    name: &str,
    micros: i64,
) -> Result<bool, OperationError> {
    let statement = format!(
        "UPDATE zcrm_leases SET fence = fence + 1, {SET_TERM} WHERE name = ? AND NOT {HELD}"
    );
    let statement =
        sql_query(statement).bind::<BigInt, _>(micros).bind::<Binary, _>(name.as_bytes());
    Ok(statement.execute(connection).await? > 0)
}

async fn row(connection: &mut Connection, name: &str) -> Result<Option<LeaseRow>, OperationError> {
    let query = sql_query("SELECT fence, value FROM zcrm_leases WHERE name = ?");
    let row = query.bind::<Binary, _>(name.as_bytes()).get_result(connection).await;
    Ok(row.optional()?)
}

/// Returns a term in microseconds.
fn micros(term: Duration) -> i64 {
    i64::try_from(term.min(LONGEST).as_micros()).unwrap_or(i64::MAX)
}

#[async_trait]
impl LeaseStore for MySqlLeases {
    async fn take(&self, name: &str, term: Duration) -> Result<Option<Lease>, StoreError> {
        check_name(name)?;
        let (connections, name, micros) = (self.connections.clone(), name.to_owned(), micros(term));
        self.connections
            .run("take a lease", move || {
                let (connections, name) = (connections.clone(), name.clone());
                async move {
                    let mut connection = connections.take().await?;
                    let taken = take_row(connection.get()?, &name, micros).await;
                    connection.give_back(taken)
                }
            })
            .await
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError> {
        self.change(lease, Change::Renew(micros(term))).await
    }

    async fn write(&self, lease: &Lease, value: &str) -> Result<bool, StoreError> {
        check_value(lease, value)?;
        self.change(lease, Change::Write(value.to_owned())).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        self.change(lease, Change::Release).await
    }

    async fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        check_name(name)?;
        let (connections, name) = (self.connections.clone(), name.to_owned());
        self.connections
            .run("read a lease", move || {
                let (connections, name) = (connections.clone(), name.clone());
                async move {
                    let mut connection = connections.take().await?;
                    let row = row(connection.get()?, &name).await;
                    connection.give_back(row.map(|row| row.and_then(|row| row.value)))
                }
            })
            .await
    }
}

impl fmt::Debug for MySqlLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.connections.connector.place;
        f.debug_struct("MySqlLeases").field("place", place).finish_non_exhaustive()
    }
}
