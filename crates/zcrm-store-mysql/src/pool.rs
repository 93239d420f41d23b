//! The pool of connections, and the operations on them.

use std::time::Duration;

use diesel::result::ConnectionError;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolError as ManagerError, RecyclingMethod,
    deadpool::{Object, Pool, PoolError},
};
use zcrm_core::{Clock, within};
use zcrm_oauth::StoreError;

use crate::{
    connect::{Connection, MySqlConnector, Purpose},
    error::{self, OperationError},
};

/// The largest number of attempts of a write that interferes with another, and the longest pause
/// between them.
const ATTEMPTS: u32 = 16;
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) connector: MySqlConnector,
    pool: Pool<Connection>,
}

impl Connections {
    pub(crate) fn new(connector: MySqlConnector) -> Result<Self, StoreError> {
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Verified;
        let work_connector = connector.clone();
        config.custom_setup = Box::new(move |_| {
            let connector = work_connector.clone();
            Box::pin(async move {
                let opened = connector.open(Purpose::Work).await;
                opened.map_err(|error| ConnectionError::BadConnection(error.to_string()))
            })
        });
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let pool = Pool::builder(manager)
            .max_size(connector.settings.pool_size)
            .build()
            .map_err(error::runtime)?;
        Ok(Self { connector, pool })
    }

    /// Takes a connection of the pool, or opens one.
    pub(crate) async fn take(&self) -> Result<PooledConnection, OperationError> {
        let place = &self.connector.place;
        match self.pool.get().await {
            Ok(object) => Ok(PooledConnection(Some(object))),
            Err(PoolError::Backend(ManagerError::ConnectionError(cause))) => {
                Err(OperationError::Own(StoreError::new(error::opening(place, &cause))))
            }
            Err(_) => Err(OperationError::Own(StoreError::new(format!(
                "cannot reach the {place}: the pool of connections is closed"
            )))),
        }
    }

    /// Runs `work` in a separate task within the timeout, and again if another transaction
    /// interfered.
    ///
    /// The task is completed even if the caller stops waiting. `what` completes "cannot …", such as "read
    /// the token table".
    pub(crate) async fn run<T, F, W>(&self, what: &'static str, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, OperationError>> + Send,
        W: Fn() -> F + Send + Sync + 'static,
    {
        let MySqlConnector { settings, place } = self.connector.clone();
        let task = async move {
            let limit = settings.timeout;
            let done = within(limit, &*settings.clock, with_retries(&*settings.clock, work)).await;
            match done {
                Some(done) => done.map_err(|failure| failure.into_error(what, &place)),
                None => Err(error::too_slow(what, &place, limit.as_secs_f64())),
            }
        };
        let runtime = tokio::runtime::Handle::try_current().map_err(error::runtime)?;
        runtime.spawn(task).await.map_err(error::runtime)?
    }
}

/// Runs `work` again if another transaction interfered.
async fn with_retries<T, F: Future<Output = Result<T, OperationError>>>(
    clock: &dyn Clock,
    work: impl Fn() -> F,
) -> Result<T, OperationError> {
    let mut pause = Duration::from_millis(2);
    let mut attempts = 1;
    loop {
        match work().await {
            Err(failure) if failure.is_transient() && attempts < ATTEMPTS => {
                attempts += 1;
                clock.sleep(pause.mul_f64(fastrand::f64())).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            done => return done,
        }
    }
}

/// A connection of the pool. It returns to the pool only by [`give_back`](Self::give_back). If it
/// is dropped before, it is closed.
pub(crate) struct PooledConnection(Option<Object<Connection>>);

impl PooledConnection {
    pub(crate) fn get(&mut self) -> Result<&mut Connection, OperationError> {
        match &mut self.0 {
            Some(object) => Ok(&mut *object),
            None => Err(OperationError::Own(StoreError::new("the connection was given back"))),
        }
    }

    pub(crate) fn give_back<T>(
        mut self,
        outcome: Result<T, OperationError>,
    ) -> Result<T, OperationError> {
        // after an error of the store itself no statement is running
        if matches!(outcome, Ok(_) | Err(OperationError::Own(_))) {
            drop(self.0.take());
        }
        outcome
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}
