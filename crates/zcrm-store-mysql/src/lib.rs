//! The token store on MySQL and MariaDB: one table, shared by any number of processes on any
//! machines, and with the Ruby SDK.
//!
//! [`MySqlStore`] works on the table that the Ruby SDK made its default, `oauthtokens` in the
//! database `zohooauth`, as it is: with a key or without, while a Ruby program uses it too. Each
//! save is one transaction, each refresh holds a lock of the server (`GET_LOCK`) that ends with its
//! holder's connection, so any number of processes refresh a login once. A server that is down is
//! an error within the [timeout](MySqlStoreBuilder::timeout); once it is back the store works
//! again by itself. It is written for MySQL from 5.7 on and MariaDB, and its tests were run on
//! MariaDB 10.11 and MySQL 9.7. Nothing in C is needed to compile.
//!
//! # The inherited table
//!
//! It holds the user, both tokens and the expiry, 100 characters each. So it serves one client and
//! one environment, in the data centre of the configuration: a second one is refused within the
//! process. What is too long, or beyond the column's character set, is refused with an error that
//! says so, and never cut.
//!
//! The database compares users without regard to case, accents and trailing spaces; the store
//! compares again. An exact match comes first; else the only one that differs in case alone is
//! used, with a warning, and keeps its spelling. Several rows of one user, which a Ruby program
//! that was killed may leave, count as the one with the newest expiry, and the next save leaves
//! one. A row that is missing is looked for again for half a second, because Ruby deletes it before
//! it inserts the new one: so is the answer that a user has no token at all.
//!
//! # After `migrate()`
//!
//! [`MySqlStore::migrate`] makes room: a primary key (one row for each user), longer columns of
//! UTF-8, and columns for API domain, accounts server, scope, environment and client. The Ruby
//! SDK's statements work as before, and what Ruby writes has those empty. Each user's token then
//! belongs to its client and environment, and no other process takes it for its own. Case counts
//! from then on. One user with tokens of several clients, environments or organisations needs a
//! database for each.
//!
//! # What the lock cannot do
//!
//! `GET_LOCK` locks in one server. Galera clusters and several primaries take such locks in each
//! server alone, and proxies that share a connection among sessions (ProxySQL with multiplexing)
//! lose them: there, refreshes of different processes may happen more than once, which costs access
//! tokens and nothing else. Point all processes to one primary. A machine that vanishes frees its
//! locks within 60 s; a process that is stopped keeps them, and the others go on without after
//! their wait.
//!
//! # Safety of what is stored
//!
//! Tokens lie in the table as they are: give the database user this table alone (`SELECT`,
//! `INSERT`, `DELETE`; for [`create_schema`](MySqlStore::create_schema) and `migrate` also
//! `CREATE`, `ALTER`, `INDEX`, `UPDATE`). The connection is encrypted and the server's certificate
//! verified, chain and name, unless it stays on this machine or was
//! [told otherwise](MySqlStoreBuilder::dangerously_without_tls). For encryption the process's
//! default provider of rustls is used; where there is none, the first such connection makes ring
//! the default. No error, log or `Debug` shows a token or the password.

mod builder;
mod connect;
mod error;
mod lock;
mod migrate;
mod row;
mod single_client;
mod store;
mod table;

pub use builder::MySqlStoreBuilder;
pub use store::MySqlStore;
