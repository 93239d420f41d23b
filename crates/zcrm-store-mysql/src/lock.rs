//! The refresh lock: the server's `GET_LOCK`, which lasts as long as its session. So each lock has
//! a separate connection, and the end of that connection releases it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use diesel::{
    define_sql_function,
    sql_types::{Integer, Text},
};
use diesel_async::RunQueryDsl as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zcrm_core::within;
use zcrm_oauth::{Release, StoreError};

use crate::{
    connect::{Connection, MySqlConnector, Purpose},
    error,
};

define_sql_function! { fn get_lock(name: Text, seconds: Integer) -> Nullable<BigInt>; }
define_sql_function! { fn release_lock(name: Text) -> Nullable<BigInt>; }

/// The first and the longest pause between two attempts. Each pause is a random part of it, at
/// least a half.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(160);

/// The largest number of unused connections that are kept for later refreshes.
const IDLE: usize = 4;

/// The connections for locks.
#[derive(Debug)]
pub(crate) struct Locks {
    connector: MySqlConnector,
    /// One permit for each connection in use.
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<IdleConnection>>,
}

/// A connection without a lock.
struct IdleConnection(Connection);

impl std::fmt::Debug for IdleConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdleConnection")
    }
}

/// A lock that is held. Dropping it closes the connection, which releases the lock.
struct HeldLock {
    locks: Arc<Locks>,
    name: String,
    /// Never locked. The mutex only makes the connection `Sync`.
    connection: Mutex<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Locks {
    pub(crate) fn new(connector: MySqlConnector) -> Self {
        let permits = Arc::new(Semaphore::new(connector.settings.lock_connections));
        Self { connector, permits, idle: Mutex::default() }
    }

    /// Takes the lock. Returns `None` if it was not free within `wait`. No connection is held
    /// between two attempts.
    pub(crate) async fn take(
        self: &Arc<Self>,
        name: &str,
        wait: Duration,
    ) -> Result<Option<impl Release + use<>>, StoreError> {
        let clock = &*self.connector.settings.clock;
        let begin = clock.monotonic();
        let left = || wait.saturating_sub(clock.monotonic().saturating_sub(begin));
        let mut pause = PAUSE;
        loop {
            let permit = Arc::clone(&self.permits).acquire_owned();
            let Some(permit) = within(left(), clock, permit).await else {
                return Ok(None);
            };
            let permit = permit.map_err(error::runtime)?;
            // a separate task, so that a caller who stops waiting leaves no answer half-read
            let (locks, name) = (Arc::clone(self), name.to_owned());
            let trying = async move { locks.try_once(name, permit).await };
            let runtime = tokio::runtime::Handle::try_current().map_err(error::runtime)?;
            if let Some(held) = runtime.spawn(trying).await.map_err(error::runtime)?? {
                return Ok(Some(held));
            }
            let left = left();
            if left.is_zero() {
                return Ok(None);
            }
            let random = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            clock.sleep(random.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_once(
        self: Arc<Self>,
        name: String,
        permit: OwnedSemaphorePermit,
    ) -> Result<Option<HeldLock>, StoreError> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let was_idle = idle.is_some();
            let mut connection = match idle {
                Some(IdleConnection(connection)) => connection,
                None => self.connector.open(Purpose::Lock).await?,
            };
            let query = diesel::select(get_lock(name.as_str(), 0)).get_result(&mut connection);
            match self.in_time(query).await {
                Ok(Some(1)) => {
                    let connection = Mutex::new(connection);
                    return Ok(Some(HeldLock { locks: self, name, connection, _permit: permit }));
                }
                Ok(Some(0)) => {
                    self.keep(connection);
                    return Ok(None);
                }
                // the server ends idle sessions, or was restarted
                Err(_) if was_idle => {}
                Ok(_) => return Err(self.failed("the server could not take the lock")),
                Err(why) => return Err(self.failed(&why)),
            }
        }
    }

    /// Returns the answer, unless it takes too long or the connection is broken.
    async fn in_time(
        &self,
        query: impl Future<Output = diesel::QueryResult<Option<i64>>>,
    ) -> Result<Option<i64>, String> {
        let limit = self.connector.settings.timeout;
        match within(limit, &*self.connector.settings.clock, query).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) => Err("the connection broke".into()),
            None => Err(format!("no answer within {} s", limit.as_secs_f64())),
        }
    }

    fn failed(&self, why: &str) -> StoreError {
        StoreError::new(format!("cannot lock a refresh in the {}: {why}", self.connector.place))
    }

    /// Keeps a connection without a lock.
    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(IdleConnection(connection));
        }
    }
}

#[async_trait]
impl Release for HeldLock {
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        let Self { locks, name, connection, _permit } = *self;
        let mut connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        let runtime = tokio::runtime::Handle::try_current().map_err(error::runtime)?;
        let releasing = async move {
            let query = diesel::select(release_lock(name.as_str())).get_result(&mut connection);
            match locks.in_time(query).await {
                Ok(Some(1)) => {
                    locks.keep(connection);
                    Ok(())
                }
                Ok(_) => Err(locks.failed("the session did not hold the lock any more")),
                Err(why) => Err(locks.failed(&why)),
            }
        };
        runtime.spawn(releasing).await.map_err(error::runtime)?
    }
}

/// Returns the name of a user's lock.
///
/// It is the same for all processes and versions, has at most 64 characters, and does not contain
/// the user's name. Users that differ only in case have the same lock, because they may share a
/// row.
pub(crate) fn name(database: &str, user: &str) -> String {
    let user = user.to_lowercase();
    let mut text = Vec::new();
    for part in [database, "oauthtokens", &user] {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    format!("zcrm.{:032x}", fnv(&text))
}

/// The 128-bit FNV-1a hash.
fn fnv(bytes: &[u8]) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    bytes.iter().fold(START, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::{fnv, name};

    #[test]
    fn computes_the_published_fnv_hash() {
        assert_eq!(fnv(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn names_a_lock_for_each_user_without_the_user() {
        let names = [name("d", "patricia"), name("d", "patricia "), name("dp", "atricia")];
        assert!(names[0] != names[1] && names[0] != names[2]);
        assert_eq!(name("d", "Patricia"), names[0]);
        assert!(names.iter().all(|name| name.len() <= 64 && !name.contains("patricia")));
    }
}
