//! A real Ruby and zcrm on the same file. `cargo xtask test` installs Ruby if it may.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use zcrm_core::ExposeSecret as _;
use zcrm_oauth::{StoredToken, TokenStore as _};

use crate::{Fixture, key};

/// The class that the Ruby SDK saves, with its instance variables in order.
const CLASS: &str = r#"
module ZCRMSDK
  module OAuthClient
    class ZohoOAuthTokens
      def initialize(refresh, access, expiry, user, more = {})
        @refresh_token = refresh
        @access_token = access
        @expiry_time = expiry
        @user_identifier = user
        more.each { |name, value| instance_variable_set(name, value) }
      end
    end
  end
end
T = ZCRMSDK::OAuthClient::ZohoOAuthTokens
FILE = ARGV[0]
"#;

/// Runs a script on the token file and returns its output.
fn ruby(file: &Path, script: &str) -> String {
    let output = Command::new("ruby")
        .args(["-E", "UTF-8:UTF-8", "-e", &format!("{CLASS}\n{script}")])
        .arg(file)
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| {
            panic!("this test needs `ruby`, which `cargo xtask test` installs: {error}")
        });
    assert!(output.status.success(), "{script}");
    String::from_utf8(output.stdout).unwrap()
}

async fn loaded(fixture: &Fixture, user: &str) -> StoredToken {
    fixture.store.load(&key(user)).await.unwrap().unwrap_or_else(|| panic!("{user} is absent"))
}

#[tokio::test]
async fn reads_files_of_a_real_ruby() {
    let fixture = Fixture::new();
    let script = r#"
      numbers = [0, 1, -1, 2**30 - 1, 2**30, -2**30, -2**30 - 1, 1700000000123, 2**62 - 1, 2**62,
                 -2**62, -2**62 - 1, 2**70]
      all = numbers.each_with_index.map { |n, at| T.new("r", "a", n, "number#{at}") }
      all << T.new("r", "a", 1700000000123.75, "float")
      all << T.new("bär".b, "ä".b, 1, "müller".b)
      all << T.new("bär", "日本", 1, "日本@example.com", :@user_email => "x")
      all << T.new("ascii".encode("US-ASCII"), "a", 1, "us-ascii".encode("US-ASCII"))
      all << T.new(nil, nil, nil, "nothing")
      all << T.new("r", "a", 1, nil)
      shared = "one string"
      all << T.new(shared, shared, 1, "shared")
      300.times { |at| all << T.new("refresh-#{at}", "access-#{at}", 1700000000000 + at, "user#{at}") }
      File.binwrite(FILE, Marshal.dump(all))
    "#;
    ruby(&fixture.file(), script);
    let last = 253_402_300_799_999;
    let far = 1_i64 << 30;
    let numbers =
        [0, 1, -1, far - 1, far, -far, -far - 1, 1_700_000_000_123, last, last, -last, -last, last];
    for (at, number) in numbers.iter().enumerate() {
        let token = loaded(&fixture, &format!("number{at}")).await;
        assert_eq!(token.expires_at.timestamp_millis(), *number, "number {at}");
    }
    let float = loaded(&fixture, "float").await;
    assert_eq!(float.expires_at.timestamp_millis(), 1_700_000_000_123);
    for (user, refresh, access) in [
        ("müller", "bär", "ä"),
        ("日本@example.com", "bär", "日本"),
        ("us-ascii", "ascii", "a"),
        ("shared", "one string", "one string"),
        ("", "r", "a"),
    ] {
        let token = loaded(&fixture, user).await;
        assert_eq!(token.refresh.unwrap().expose_secret(), refresh, "{user}");
        assert_eq!(token.access.expose_secret(), access, "{user}");
    }
    let nothing = loaded(&fixture, "nothing").await;
    assert!(nothing.refresh.is_none() && nothing.access.expose_secret().is_empty());
    assert_eq!(
        nothing.expires_at.timestamp(),
        0,
        "a token without an access token counts as expired"
    );
    for at in 0..300 {
        let token = loaded(&fixture, &format!("user{at}")).await;
        assert_eq!(token.access.expose_secret(), format!("access-{at}"));
        assert_eq!(token.expires_at.timestamp_millis(), 1_700_000_000_000 + at);
    }
    assert_eq!(fixture.store.keys().await.unwrap().len(), numbers.len() + 7 + 300);
}

#[tokio::test]
async fn writes_the_same_bytes_as_ruby() {
    let fixture = Fixture::new();
    ruby(&fixture.file(), "File.binwrite(FILE, Marshal.dump([]))");
    let far = 1_i64 << 30;
    let numbers = [0, 1, -1, 255, 256, far - 1, far, -far, -far - 1, 1_700_000_000_123];
    let users: Vec<String> = numbers.iter().map(|number| format!("ü日{number}")).collect();
    for (user, number) in users.iter().zip(numbers) {
        let end = chrono::DateTime::from_timestamp_millis(number).unwrap();
        let token = StoredToken::new(format!("äccess{number}"), end)
            .with_refresh(format!("refresh{number}"));
        fixture.store.save(&key(user), &token).await.unwrap();
    }
    let bare = StoredToken::new("bare", chrono::DateTime::UNIX_EPOCH);
    fixture.store.save(&key("bare"), &bare).await.unwrap();
    let script = r#"
      bytes = File.binread(FILE)
      all = Marshal.load(bytes)
      all.each do |token|
        values = token.instance_variables.map { |name| token.instance_variable_get(name) }
        raise "encoding" unless values.grep(String).all? { |it| it.encoding == Encoding::UTF_8 }
        puts values.inspect
      end
      puts Marshal.dump(all) == bytes
      fresh = all.map { |it| T.new(*it.instance_variables.map { |n| it.instance_variable_get(n).dup }) }
      puts Marshal.dump(fresh) == bytes
    "#;
    let mut expected = String::new();
    for (user, number) in users.iter().zip(numbers) {
        let line = format!("[\"refresh{number}\", \"äccess{number}\", {number}, \"{user}\"]\n");
        expected.push_str(&line);
    }
    expected.push_str("[nil, \"bare\", 0, \"bare\"]\ntrue\ntrue\n");
    assert_eq!(ruby(&fixture.file(), script), expected);
}

#[tokio::test]
async fn shares_one_file_with_ruby() {
    let fixture = Fixture::new();
    let save = |user: &str, access: &str| {
        // the Ruby SDK saves by removing the user's object and appending the new one
        let script = format!(
            r#"
            all = File.exist?(FILE) ? Marshal.load(File.binread(FILE)) : []
            all.reject! {{ |it| it.instance_variable_get(:@user_identifier) == "{user}" }}
            all << T.new("r-{user}", "{access}", 1700000000123, "{user}")
            File.open(FILE, "wb") {{ |file| Marshal.dump(all, file) }}
            "#
        );
        ruby(&fixture.file(), &script)
    };
    save("ruby", "a1");
    let mut token = loaded(&fixture, "ruby").await;
    assert_eq!(token.access.expose_secret(), "a1");
    token.access = "a2".to_owned().into();
    fixture.store.save(&key("ruby"), &token).await.unwrap();
    fixture.store.save(&key("zcrm"), &token).await.unwrap();
    save("third", "a3");
    for (user, access) in [("ruby", "a2"), ("zcrm", "a2"), ("third", "a3")] {
        assert_eq!(loaded(&fixture, user).await.access.expose_secret(), access);
    }
    assert_eq!(fs::read(fixture.file()).unwrap()[..2], [4, 8], "still in Ruby's format");
}
