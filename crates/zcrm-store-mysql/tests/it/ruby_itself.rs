//! A real Ruby and zcrm on the same table. `cargo xtask test` installs Ruby and its gem `mysql2` if
//! it may.

use std::process::{Command, Stdio};

use zcrm_oauth::TokenStore as _;

use crate::{Fixture, GUIDE, KEYED, full, key, shown, token};

/// Runs a script with the statements of the Ruby SDK's store and returns its output.
fn ruby(fixture: &Fixture, script: &str) -> String {
    const STORE: &str = r##"
require "mysql2"
HOST, PORT, USER, DATABASE = ARGV
def db
  client = Mysql2::Client.new(host: HOST, port: PORT.to_i, username: USER, password: ENV["DB_PASSWORD"].to_s, database: DATABASE)
  yield client
ensure
  client.close if client
end
# as the Ruby SDK does: two statements without a transaction, values pasted
def save(user, access, refresh, expiry)
  db { |it| it.query("delete from oauthtokens where useridentifier='#{user}'") }
  db { |it| it.query("insert into oauthtokens(useridentifier,accesstoken,refreshtoken,expirytime) values('#{user}','#{access}','#{refresh}',#{expiry})") }
end
def load(user)
  row = db { |it| it.query("select * from oauthtokens where useridentifier='#{user}'").first }
  row && [row["useridentifier"], row["accesstoken"], row["refreshtoken"], row["expirytime"]].inspect
end
"##;
    let options = mysql_async::Opts::from_url(&fixture.url).unwrap();
    let output = Command::new("ruby")
        .args(["-E", "UTF-8:UTF-8", "-e", &format!("{STORE}\n{script}")])
        .args([options.ip_or_hostname(), &options.tcp_port().to_string()])
        .args([options.user().unwrap_or("root"), &fixture.database])
        .env("DB_PASSWORD", options.pass().unwrap_or_default())
        .stderr(Stdio::piped())
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "this test needs `ruby` and `mysql2`, which `cargo xtask test` installs: {error}"
            )
        });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn exchanges_rows_with_ruby_around_the_migration() {
    for (table, charset) in [(GUIDE, "utf8mb4"), (GUIDE, "latin1"), (KEYED, "utf8mb4")] {
        let fixture = Fixture::with_charset(charset, table).await;
        let store = fixture.store();
        for migrated in [false, true] {
            if migrated {
                assert!(store.migrate().await.unwrap());
            }
            let script = "save('ruby@example.com', '1000.ä', '1000.r', 1700000000123)\n\
                          save('ruby@example.com', '1000.ä2', '1000.r2', 1700000000124)";
            ruby(&fixture, script);
            let loaded = store.load(&key("ruby@example.com")).await.unwrap().unwrap();
            assert_eq!(
                shown(&loaded),
                "1000.ä2 Some(\"1000.r2\") 2023-11-14 22:13:20.124 UTC None None None"
            );
            // zcrm refreshes a login of Ruby's, and logs in another user
            store.save(&key("ruby@example.com"), &full("ü")).await.unwrap();
            store.save(&key("zcrm@example.com"), &token("z")).await.unwrap();
            let said = ruby(
                &fixture,
                "puts load('ruby@example.com'), load('zcrm@example.com')\n\
                 puts load('unknown').inspect",
            );
            assert_eq!(
                said,
                "[\"ruby@example.com\", \"access-ü\", \"refresh-ü\", 1779642312345]\n\
                 [\"zcrm@example.com\", \"access-z\", \"refresh-z\", 1779642312345]\nnil\n"
            );
            // Ruby refreshes a login of zcrm's
            ruby(&fixture, "save('zcrm@example.com', 'a', 'refresh-z', 1700000000125)");
            let loaded = store.load(&key("zcrm@example.com")).await.unwrap().unwrap();
            assert!(shown(&loaded).starts_with("a Some(\"refresh-z\")"));
            assert_eq!(fixture.rows().await.len(), 2);
        }
    }
}
