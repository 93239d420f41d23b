//! Measures time, CPU, memory and cold start, compared with the baseline and with a hand-written
//! client.
//!
//! Each client runs in a separate process, in turns, so that a slow moment of the machine affects
//! all of them. The fastest round counts, because other load only adds time. The figures are
//! printed as JSON; `cargo xtask bench` shows them.
#![allow(clippy::print_stdout, reason = "it prints the measurements")]
#![allow(clippy::disallowed_methods, reason = "it measures the system's time")]

mod client;
mod hand;

use std::{
    hint::black_box,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use zcrm::Client;
use zcrm_bench::{
    BoxError,
    child::{Server, ServerAddress},
    report::ReportRow,
    runtime, sdk,
};

const ROUNDS: usize = 15;

/// The scenarios: command, repetitions in a round, and name.
const SCENARIOS: &[(&str, u64, &str)] = &[
    ("get", 2000, "sequential GET, HTTP/1.1"),
    ("get2", 2000, "sequential GET, HTTP/2"),
    ("page", 40, "sequential page of 200 × 48"),
    ("create", 100, "sequential create of 100 × 20"),
    ("slow", 40, "40 pages at 50 ms, 8 in flight"),
];

/// The number of starts of the small program.
const STARTS: usize = 31;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["client", who, scenario, times, port, pem] = arguments.as_slice() {
        return client::run(who, scenario, times.parse()?, port, Path::new(pem));
    }
    let server = Server::start(Path::new(env!("CARGO_BIN_EXE_zcrm-bench")), None)?;
    let mut rows = Vec::new();
    for (scenario, times, name) in SCENARIOS {
        rows.extend(side_by_side(&server, scenario, *times, name)?);
    }
    rows.extend(cold(&server)?);
    rows.push(cached(&server)?);
    rows.push(query_text(&server)?);
    println!("{}", serde_json::to_string(&rows)?);
    Ok(())
}

/// Seconds, CPU seconds, MiB.
type Measured = [f64; 3];

/// Runs one scenario with all three clients.
fn side_by_side(
    server: &Server,
    scenario: &str,
    times: u64,
    name: &str,
) -> Result<Vec<ReportRow>, BoxError> {
    let mut all: [Vec<Measured>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for (rounds, who) in all.iter_mut().zip(["zcrm", "baseline", "hand"]) {
            rounds.push(one(server, who, scenario, times)?);
        }
    }
    let [zcrm, baseline, hand] = all.map(|rounds| [0, 1, 2].map(|at| least(&rounds, at)));
    let [wall, cpu, memory] = [0, 1, 2].map(|at| {
        let pick = |measured: &Measured| measured.get(at).copied().unwrap_or_default();
        (pick(&zcrm), pick(&baseline), pick(&hand))
    });
    if scenario == "slow" {
        let (ours, baseline, hand) = wall;
        return Ok(vec![
            ReportRow::single(name, "s", ours).aim(0.40),
            ReportRow::compared(format!("{name}: compared with the baseline"), "s", ours, baseline),
            ReportRow::compared(
                format!("{name}: compared with reqwest and Value"),
                "s",
                ours,
                hand,
            ),
        ]);
    }
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let each = 1e6 / times as f64;
    let mut rows = Vec::new();
    for (unit, (ours, baseline, hand)) in [("µs", wall), ("µs of CPU", cpu)] {
        rows.push(ReportRow::compared(name, unit, ours * each, baseline * each));
        let name = format!("{name}: compared with reqwest and Value");
        rows.push(ReportRow::compared(name, unit, ours * each, hand * each));
    }
    if scenario == "page" {
        let (ours, baseline, hand) = memory;
        let name = "peak memory, pages";
        rows.push(ReportRow::compared(name, "MiB", ours, baseline));
        let above = format!("{name}: above the baseline");
        rows.push(ReportRow::single(above, "MiB", ours - baseline).aim(4.0));
        let name = format!("{name}: compared with reqwest and Value");
        rows.push(ReportRow::compared(name, "MiB", ours, hand));
    }
    Ok(rows)
}

/// Runs one round of one client.
fn one(server: &Server, who: &str, scenario: &str, times: u64) -> Result<Measured, BoxError> {
    let port = if scenario == "get2" { server.http2() } else { server.http1() };
    let output = Command::new(std::env::current_exe()?)
        .args(["client", who, scenario, &times.to_string(), port])
        .arg(server.pem())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    numbers.try_into().map_err(|_| format!("{who} failed at {scenario}").into())
}

fn least(rounds: &[Measured], at: usize) -> f64 {
    rounds.iter().filter_map(|round| round.get(at)).copied().fold(f64::INFINITY, f64::min)
}

fn median(rounds: &[Measured], at: usize) -> f64 {
    let mut values: Vec<f64> = rounds.iter().filter_map(|round| round.get(at)).copied().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Measures a small program from start to end: one client, one call over TLS.
fn cold(server: &Server) -> Result<Vec<ReportRow>, BoxError> {
    let programs = [env!("CARGO_BIN_EXE_cold-zcrm"), env!("CARGO_BIN_EXE_cold-baseline")];
    let mut times: [Vec<Measured>; 2] = Default::default();
    for _ in 0..STARTS {
        for (times, program) in times.iter_mut().zip(programs) {
            let begin = Instant::now();
            let status = Command::new(program).arg(server.http1()).arg(server.pem()).status()?;
            times.push([begin.elapsed().as_secs_f64() * 1e3, 0.0, 0.0]);
            if !status.success() {
                return Err(format!("{program} failed").into());
            }
        }
    }
    let [ours, baseline] = times.map(|times| median(&times, 0));
    Ok(vec![ReportRow::compared("cold start of a small program", "ms", ours, baseline).aim(1.5)])
}

/// Measures `cached`, which every call runs.
fn cached(server: &Server) -> Result<ReportRow, BoxError> {
    let authorizer = sdk::authorizer(&client(server)?);
    let each = nanoseconds(|| Ok(authorizer.cached().ok_or("there is no token")?))?;
    Ok(ReportRow::single("cached()", "ns", each).aim(200.0))
}

/// Measures the building of a query, to its text.
fn query_text(server: &Server) -> Result<ReportRow, BoxError> {
    let client = client(server)?;
    let each = nanoseconds(|| sdk::query_text(&client))?;
    Ok(ReportRow::single("text of a built query", "ns", each).aim(2_000.0))
}

fn client(server: &Server) -> Result<Client, BoxError> {
    runtime()?.block_on(sdk::client(&ServerAddress::new(server.http1(), &server.pem())?))
}

/// Returns the median of the times of one run of the work, in nanoseconds.
fn nanoseconds<T>(mut work: impl FnMut() -> Result<T, BoxError>) -> Result<f64, BoxError> {
    const TIMES: u32 = 100_000;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        for _ in 0..TIMES {
            black_box(work()?);
        }
        rounds.push([begin.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES), 0.0, 0.0]);
    }
    Ok(median(&rounds, 0))
}
