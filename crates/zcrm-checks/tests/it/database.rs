//! A separate database for a test, on the server that `cargo xtask test` starts.

use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::{Conn, Opts, prelude::Queryable as _};
use zcrm::stores::MySqlStore;

pub(crate) struct Database {
    server: Opts,
    pub(crate) name: String,
}

impl Database {
    /// Creates a database with the table in the Ruby SDK's guide.
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("ZCRM_TEST_MYSQL_URL").unwrap_or_else(|_| {
            panic!(
                "this test needs a server: `cargo xtask test` starts one, and \
                 ZCRM_TEST_MYSQL_URL names another that may be filled"
            )
        });
        let at = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("zcrm_tests_{}_{at}", std::process::id());
        let store = MySqlStore::builder().url(&url).unwrap().database(&name).build().unwrap();
        store.create_schema().await.unwrap();
        Self { server: Opts::from_url(&url).unwrap(), name }
    }

    pub(crate) fn port(&self) -> String {
        self.server.tcp_port().to_string()
    }

    /// Creates a user who may use this database.
    pub(crate) async fn user(&self, name: &str, password: &str) {
        let password = password.replace('\\', "\\\\").replace('\'', "\\'");
        self.sql(&format!("CREATE OR REPLACE USER '{name}'@'%' IDENTIFIED BY '{password}'")).await;
        self.sql(&format!("GRANT ALL ON {}.* TO '{name}'@'%'", self.name)).await;
    }

    /// Removes the database and these users.
    pub(crate) async fn remove(self, users: &[&str]) {
        for user in users {
            self.sql(&format!("DROP USER '{user}'@'%'")).await;
        }
        self.sql(&format!("DROP DATABASE {}", self.name)).await;
    }

    async fn sql(&self, statement: &str) {
        let options = mysql_async::OptsBuilder::from_opts(self.server.clone());
        let mut connection = Conn::new(options.prefer_socket(Some(false))).await.unwrap();
        connection.query_drop(statement).await.unwrap();
        connection.disconnect().await.unwrap();
    }
}
