//! Measures load, save and lock, and as a baseline the same statements on an open connection.
//! `cargo bench -p zcrm-store-mysql` prints medians in µs. It fills a separate database on the
//! server that `ZCRM_TEST_MYSQL_URL` names. With `--json` it prints the figures for `cargo xtask
//! bench`.
#![allow(clippy::print_stdout, reason = "the benchmark prints its results")]
#![allow(clippy::disallowed_methods, reason = "the benchmark measures real time")]

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use mysql_async::{Conn, Opts, OptsBuilder, prelude::Queryable as _};
use zcrm_core::Environment;
use zcrm_oauth::{StoredToken, TokenKey, TokenStore as _};
use zcrm_store_mysql::MySqlStore;

const RUNS: usize = 500;
const USERS: usize = 300;
const DATABASE: &str = "zcrm_bench";

/// The name and the median of a measurement.
type Figure = (&'static str, Duration);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Ok(url) = std::env::var("ZCRM_TEST_MYSQL_URL") else {
        println!("not measured: ZCRM_TEST_MYSQL_URL names no server");
        return Ok(());
    };
    let store = MySqlStore::builder().url(&url)?.database(DATABASE).build()?;
    let options = OptsBuilder::from_opts(Opts::from_url(&url)?).prefer_socket(Some(false));
    let mut bare = Conn::new(options).await?;
    bare.query_drop(format!("DROP DATABASE IF EXISTS {DATABASE}")).await?;
    store.create_schema().await?;
    bare.query_drop(format!("USE {DATABASE}")).await?;
    let inherited = measure(&store, &mut bare).await?;
    store.migrate().await?;
    let migrated = measure(&store, &mut bare).await?;
    if std::env::args().any(|argument| argument == "--json") {
        print_json(&[("inherited", inherited), ("migrated", migrated)]);
    } else {
        print_table(&inherited, &migrated);
    }
    bare.query_drop(format!("DROP DATABASE {DATABASE}")).await?;
    bare.disconnect().await?;
    Ok(())
}

fn print_table(inherited: &[Figure], migrated: &[Figure]) {
    println!("{:<34} {:>9} {:>9}", "", "inherited", "migrated");
    for ((name, one), (_, other)) in inherited.iter().zip(migrated) {
        println!("{name:<34} {:>9} {:>9}", one.as_micros(), other.as_micros());
    }
}

/// Prints each figure with its baseline, which is before it in the list.
fn print_json(tables: &[(&str, Vec<Figure>)]) {
    let mut rows = Vec::new();
    for (table, figures) in tables {
        for pair in figures.chunks(2) {
            let [(_, baseline), (name, ours)] = pair else { continue };
            let micros = |time: &Duration| time.as_secs_f64() * 1e6;
            rows.push(serde_json::json!({
                "name": format!("MySQL store, {table} table: {name}"),
                "unit": "µs",
                "ours": micros(ours),
                "baseline": micros(baseline),
                "ratio": micros(ours) / micros(baseline),
                "aim": null,
            }));
        }
    }
    println!("{}", serde_json::Value::from(rows));
}

async fn measure(store: &MySqlStore, bare: &mut Conn) -> Result<Vec<Figure>, Box<dyn Error>> {
    let key = |at: usize| {
        TokenKey::new(format!("user{at}@example.com"), "1000.CLIENT", Environment::Production)
    };
    let token = StoredToken::new("1000.".repeat(14), "2026-05-24T17:05:12Z".parse()?)
        .with_refresh("1000.".repeat(14));
    for at in 0..USERS {
        store.save(&key(at), &token).await?;
    }
    let key = key(USERS / 2);
    let user = key.user();
    let access = "1000.".repeat(14);

    let mut times: [Vec<Duration>; 6] = Default::default();
    // in turns, so that a slow moment of the machine affects all of them
    for _ in 0..RUNS {
        let [baseline_load, load, baseline_save, save, baseline_lock, lock] = &mut times;
        let begin = Instant::now();
        let select = "SELECT * FROM oauthtokens WHERE useridentifier = ?";
        black_box(bare.exec::<mysql_async::Row, _, _>(select, (user,)).await?);
        baseline_load.push(begin.elapsed());
        let begin = Instant::now();
        black_box(store.load(&key).await?);
        load.push(begin.elapsed());

        let begin = Instant::now();
        bare.query_drop("BEGIN").await?;
        bare.exec_drop("DELETE FROM oauthtokens WHERE useridentifier = ?", (user,)).await?;
        let insert = "INSERT INTO oauthtokens(useridentifier,accesstoken,refreshtoken,expirytime) \
                      VALUES (?, ?, ?, ?)";
        bare.exec_drop(insert, (user, &access, &access, 1_779_642_312_345_i64)).await?;
        bare.query_drop("COMMIT").await?;
        baseline_save.push(begin.elapsed());
        let begin = Instant::now();
        store.save(&key, &token).await?;
        save.push(begin.elapsed());

        let begin = Instant::now();
        bare.exec_drop("SELECT GET_LOCK(?, 0)", ("zcrm bench",)).await?;
        bare.exec_drop("SELECT RELEASE_LOCK(?)", ("zcrm bench",)).await?;
        baseline_lock.push(begin.elapsed());
        let begin = Instant::now();
        let held = store.lock(&key, Duration::ZERO).await?.ok_or("the lock is held")?;
        held.release().await?;
        lock.push(begin.elapsed());
    }
    let names = [
        "baseline: select",
        "load",
        "baseline: begin, delete, insert, commit",
        "save",
        "baseline: get_lock, release_lock",
        "lock and release",
    ];
    Ok(names
        .into_iter()
        .zip(times)
        .map(|(name, mut times)| {
            times.sort();
            (name, times.get(RUNS / 2).copied().unwrap_or_default())
        })
        .collect())
}
