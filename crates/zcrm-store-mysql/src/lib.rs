//! A token store on MySQL and MariaDB: one table for any number of processes and machines, and for
//! the Ruby SDK.
//!
//! [`MySqlStore`] uses the default table of the Ruby SDK, `oauthtokens` in the database
//! `zohooauth`, as it is: with a key or without, and while a Ruby program uses it too. Each save is
//! one transaction. Each refresh holds a lock of the server (`GET_LOCK`), which ends with the
//! connection of its holder, so many processes refresh a login only once. If the server is down,
//! operations fail within the [timeout](MySqlStoreBuilder::timeout), and succeed again when it is
//! back. The store supports MySQL from 5.7 on and MariaDB. It is tested on MariaDB 10.11 and MySQL
//! 9.7. It needs no client library of MySQL.
//!
//! # The Ruby SDK's table
//!
//! The table holds the user, both tokens and the expiry, with 100 characters each. So it serves one
//! client and one environment, in the configured data centre. Another client in the same process is
//! an error. A value that is too long or does not fit the column's character set is an error too;
//! values are never cut.
//!
//! The database compares users without case, accents and trailing spaces, and the store compares
//! them again. The row with the exact name is used. Without one, the only row whose name differs
//! only in case is used, with a warning, and keeps its spelling. If one user has several rows,
//! which a killed Ruby program may leave behind, the one with the newest expiry is used, and the
//! next save leaves only one. Ruby deletes a row before it inserts the new one, so a missing row is
//! looked for again for half a second. Only then the store returns that the user has no token.
//!
//! # After `migrate()`
//!
//! [`MySqlStore::migrate`] changes the table: a primary key (one row for each user), longer columns
//! with UTF-8, and columns for API domain, accounts server, scope, environment and client. The Ruby
//! SDK's statements still work, and leave these columns empty. Each token then belongs to a client
//! and an environment, and other clients do not use it. Users that differ in case are then
//! different users. A user with tokens of several clients, environments or organisations needs a
//! separate database for each.
//!
//! # Limits of the lock
//!
//! `GET_LOCK` locks in one server only. Galera clusters and several primaries take such locks in
//! each server separately, and proxies that share a connection among sessions (ProxySQL with
//! multiplexing) lose them. Different processes may then refresh the same login, which costs only
//! additional access tokens. Connect all processes to one primary. If a machine vanishes, its locks
//! are released within 60 s. A stopped process keeps its locks, and the other processes continue
//! without a lock after their wait.
//!
//! # Leases
//!
//! [`MySqlLeases`] keeps leases in the table `zcrm_leases` of the same database. Their terms end by the
//! clock of the server.
//!
//! # Security
//!
//! Tokens are stored in plain text. Grant the database user only this table (`SELECT`, `INSERT`,
//! `DELETE`; for [`create_schema`](MySqlStore::create_schema) and `migrate` also `CREATE`, `ALTER`,
//! `INDEX`, `UPDATE`), and `zcrm_leases` if you use leases (`SELECT`, `INSERT`, `UPDATE`; to create it
//! `CREATE`). A connection to another machine is encrypted, and the server's certificate
//! is verified, both chain and name, unless [TLS is
//! disabled](MySqlStoreBuilder::dangerously_without_tls). Encryption uses the process's default
//! provider of rustls. If there is none, the first such connection makes ring the default. No
//! error, log or `Debug` shows a token or the password.

mod builder;
mod connect;
mod error;
mod leases;
mod lock;
mod migrate;
mod pool;
mod row;
mod single_client;
mod store;
mod table;

pub use builder::MySqlStoreBuilder;
pub use leases::MySqlLeases;
pub use store::MySqlStore;
