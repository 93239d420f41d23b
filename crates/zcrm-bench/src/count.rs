//! Counts the instructions and allocations of the client with valgrind's callgrind.

use std::{
    hint::black_box,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    BoxError, baseline,
    baseline::Baseline,
    child::{Server, ServerAddress},
    data,
    report::ReportRow,
    sdk,
};

/// The number of calls before the counted ones, so that the connection is open and the buffers have
/// grown.
const WARM: usize = 10;

/// The allocating functions of the C library.
const ALLOCATE: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];

/// The cases: command, name, repetitions in one run, and the largest allowed ratio.
const CASES: &[(&str, &str, usize, f64)] = &[
    ("get1", "small GET, HTTP/1.1", 50, 1.25),
    ("get2", "small GET, HTTP/2", 50, 1.25),
    ("typed", "page of 200 × 48, typed: decode", 3, 1.10),
    ("create", "create of 100 × 20", 20, 0.90),
    ("query", "page of 2,000 × 48 of a query, by keyset", 2, 1.15),
];

/// The largest number of instructions of a built query's text, and of its request.
const QUERY_TEXT: f64 = 12_500.0;
const QUERY_REQUEST: f64 = 21_000.0;

/// Runs the counted work; callgrind counts only inside this function, which it finds by its name.
#[inline(never)]
fn the_measured_work(work: &mut dyn FnMut()) {
    work();
    // not a tail call, so that callgrind sees this function return after the work
    black_box(());
}

/// Counts `times` runs of the work, after one uncounted run.
fn measure<T>(times: usize, mut work: impl FnMut() -> Result<T, BoxError>) -> Result<(), BoxError> {
    let mut once = || black_box(work()).map(drop);
    once()?;
    let mut done = Ok(());
    the_measured_work(&mut || {
        for _ in 0..times {
            if let Err(error) = once() {
                done = Err(error);
            }
        }
    });
    done
}

/// Does the work of one case, for valgrind to count.
///
/// # Errors
/// Returns an error if the work fails or the case is unknown.
pub fn run_case(
    case: &str,
    ours: bool,
    times: usize,
    place: &ServerAddress,
) -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    let client = runtime.block_on(sdk::client(place))?;
    let baseline = Baseline::new(place)?;
    let leads = data::new_leads();
    let page = data::page()?;
    match (case, ours) {
        ("get1" | "get2", true) => {
            runtime.block_on(warm(|| sdk::get(&client)))?;
            measure(times, || runtime.block_on(sdk::get(&client)))
        }
        ("get1" | "get2", false) => {
            runtime.block_on(warm(|| baseline.get()))?;
            measure(times, || runtime.block_on(baseline.get()))
        }
        ("timed1" | "timed2", _) => {
            runtime.block_on(warm(|| baseline.get_in_time()))?;
            measure(times, || runtime.block_on(baseline.get_in_time()))
        }
        ("typed", true) => {
            let answer = sdk::answer(page)?;
            measure(times, || sdk::typed(&answer))
        }
        ("typed", false) => measure(times, || baseline::typed(&page)),
        ("record", _) => {
            let answer = sdk::answer(page)?;
            measure(times, || sdk::dynamic(&answer))
        }
        ("create", true) => {
            runtime.block_on(warm(|| sdk::create(&client, &leads)))?;
            measure(times, || runtime.block_on(sdk::create(&client, &leads)))
        }
        ("create", false) => {
            runtime.block_on(warm(|| baseline.create(&leads)))?;
            measure(times, || runtime.block_on(baseline.create(&leads)))
        }
        // one stream of several pages
        ("query", true) => {
            runtime.block_on(warm(|| sdk::get(&client)))?;
            measure(1, || runtime.block_on(sdk::query(&client, times)))
        }
        ("query", false) => {
            runtime.block_on(warm(|| baseline.get()))?;
            measure(1, || runtime.block_on(baseline.query(times)))
        }
        ("text", true) => measure(times, || sdk::query_text(&client)),
        ("text", false) => measure(times, || Ok(Baseline::query_text())),
        ("request", _) => measure(times, || sdk::query_request(&client)),
        ("cached", true) => {
            let authorizer = sdk::authorizer(&client);
            measure(times, || authorizer.cached().ok_or_else(|| "there is no token".into()))
        }
        ("cached", false) => measure(times, || Ok(baseline.authorization().clone())),
        _ => Err(format!("there is no case `{case}`").into()),
    }
}

async fn warm<T, F: Future<Output = Result<T, BoxError>>>(
    call: impl Fn() -> F,
) -> Result<(), BoxError> {
    for _ in 0..WARM {
        call().await?;
    }
    Ok(())
}

/// The counts of callgrind for one run of the work.
#[derive(Clone, Copy)]
struct Counted {
    instructions: f64,
    allocations: f64,
}

/// Counts all cases and compares each with its baseline. `program` is `zcrm-bench` itself.
///
/// # Errors
/// Returns an error if valgrind is missing or a case fails.
pub fn count(program: &Path) -> Result<Vec<ReportRow>, BoxError> {
    let server = Server::start(program, None)?;
    let counted = |case: &str, times, who| one(program, &server, case, times, who);
    let mut rows = Vec::new();
    for (case, name, times, aim) in CASES {
        let (ours, baseline) = (counted(case, *times, "ours")?, counted(case, *times, "baseline")?);
        rows.push(
            ReportRow::compared(*name, INSTRUCTIONS, ours.instructions, baseline.instructions)
                .aim(*aim),
        );
        if let Some(protocol) = case.strip_prefix("get") {
            let timed = counted(&format!("timed{protocol}"), *times, "baseline")?;
            let name = format!("{name}, compared with a baseline with a time limit");
            let (ours, timed) = (ours.instructions, timed.instructions);
            rows.push(ReportRow::compared(name, INSTRUCTIONS, ours, timed));
        }
        if *case == "typed" {
            let record = counted("record", *times, "ours")?;
            let name = "the same page as `Record`, compared with typed";
            rows.push(
                ReportRow::compared(name, INSTRUCTIONS, record.instructions, ours.instructions)
                    .aim(2.0),
            );
        }
    }
    let (ours, baseline) = (counted("cached", 1000, "ours")?, counted("cached", 1000, "baseline")?);
    let name = "cached(), compared with a clone of the header";
    rows.push(ReportRow::compared(name, INSTRUCTIONS, ours.instructions, baseline.instructions));
    rows.push(ReportRow::single("cached()", "allocations", ours.allocations).aim(0.0));
    let (ours, baseline) = (counted("text", 1000, "ours")?, counted("text", 1000, "baseline")?);
    let (ours, baseline) = (ours.instructions, baseline.instructions);
    let name = "text of a built query, compared with `format!`";
    rows.push(ReportRow::compared(name, INSTRUCTIONS, ours, baseline));
    rows.push(ReportRow::single("text of a built query", INSTRUCTIONS, ours).aim(QUERY_TEXT));
    let request = counted("request", 1000, "ours")?.instructions;
    let name = "request of a built query";
    rows.push(ReportRow::single(name, INSTRUCTIONS, request).aim(QUERY_REQUEST));
    Ok(rows)
}

const INSTRUCTIONS: &str = "instructions";

/// Counts one case in a separate process.
fn one(
    program: &Path,
    server: &Server,
    case: &str,
    times: usize,
    who: &str,
) -> Result<Counted, BoxError> {
    let out = server.folder().join(format!("{case}.{who}"));
    let port = if case.ends_with('2') { server.http2() } else { server.http1() };
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--compress-strings=no"])
        .arg("--toggle-collect=*the_measured_work*")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["case", case, who, &times.to_string(), port])
        .arg(server.pem())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("{case} failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = std::fs::read_to_string(&out)?;
    if let Some(folder) = std::env::var_os("ZCRM_BENCH_PROFILES") {
        std::fs::copy(&out, Path::new(&folder).join(format!("{case}.{who}.callgrind")))?;
    }
    let (instructions, allocations) =
        read(&text).ok_or("the output of callgrind contains no sums")?;
    if instructions == 0 {
        return Err(format!("callgrind counted no instructions of {case}").into());
    }
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let each = |sum: u64| sum as f64 / times as f64;
    Ok(Counted { instructions: each(instructions), allocations: each(allocations) })
}

/// Reads the number of instructions and of allocations from callgrind's output. Its call counts
/// start with the process, but calls before the work have a cost of zero.
fn read(text: &str) -> Option<(u64, u64)> {
    let mut instructions = None;
    let mut allocations = 0;
    let mut callee = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("cfn=") {
            callee = name;
        } else if let Some(calls) = line.strip_prefix("calls=") {
            let cost = lines.next()?.split(' ').nth(1)?;
            if ALLOCATE.contains(&callee) && cost != "0" {
                allocations += calls.split(' ').next()?.parse::<u64>().ok()?;
            }
        } else if let Some(sum) = line.strip_prefix("totals: ") {
            instructions = sum.trim().parse().ok();
        }
    }
    Some((instructions?, allocations))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_instructions_and_allocations() {
        let text = "events: Ir\nfn=work\n1 5\ncfn=malloc\ncalls=3 0\n1 90\ncfn=free\ncalls=2 0\n1 \
                    20\ncfn=realloc\ncalls=1 0\n1 7\nfn=before\ncfn=malloc\ncalls=9 0\n2 0\n\n\
                    totals: 122\n";
        assert_eq!(read(text), Some((122, 4)));
        assert_eq!(read("events: Ir\n"), None);
    }
}
