//! `cargo xtask bench`: the cost of zcrm compared with its baseline.
//!
//! The programs of `zcrm-bench` and the benches of the stores measure; each prints its figures as a
//! JSON array. Counted figures must meet their aim; times are only shown.

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use xshell::{Cmd, cmd};

use crate::shell::{Stopwatch, Workspace};
use crate::{mariadb, needs};

/// Units whose figures are the same in every run on similar machines.
const COUNTED: &[&str] = &["instructions", "allocations"];

/// Figures that miss their aim, or meet it so closely that another C library may change that, with
/// the ratio that they must not exceed.
const SHORT: &[(&str, f64)] = &[("small GET, HTTP/1.1", 1.30), ("small GET, HTTP/2", 1.26)];

/// Runs the measurements, prints them and writes `bench/summary.json` into cargo's target folder.
pub(crate) fn run(workspace: &Workspace, quick: bool) -> Result<()> {
    let sh = &workspace.sh;
    let total = Stopwatch::start();
    needs::install(workspace, &[&needs::VALGRIND])?;
    let bins = if quick { ["--bin", "zcrm-bench"].as_slice() } else { &["--bins"] };
    cmd!(sh, "cargo build --locked --release --package zcrm-bench {bins...}").run()?;
    let target = workspace.target()?;
    let program = target.join("release").join("zcrm-bench");
    let mut rows = figures(cmd!(sh, "{program} count"))?;
    if !quick {
        rows.extend(figures(cmd!(sh, "cargo bench --quiet --package zcrm-bench --bench clock"))?);
        // the database server stops at the end of this function
        let server = mariadb::Server::start(workspace)?;
        let mysql =
            cmd!(sh, "cargo bench --quiet --package zcrm-store-mysql --bench store -- --json");
        rows.extend(figures(mysql.envs(mariadb::Server::variables(Some(&server))))?);
    }
    let file = target.join("bench").join("summary.json");
    sh.write_file(&file, serde_json::to_string_pretty(&rows)? + "\n")?;
    let rows = rows.into_iter().map(serde_json::from_value).collect::<Result<Vec<Row>, _>>()?;
    println!("\n{}", table(&rows));
    println!("xtask bench: {total}; written to {}", file.display());
    let missed: Vec<&str> = rows.iter().filter(|row| row.fails()).map(|row| &*row.name).collect();
    ensure!(missed.is_empty(), "above the aim: {}", missed.join("; "));
    Ok(())
}

/// Runs a program that prints only figures to its standard output.
fn figures(command: Cmd<'_>) -> Result<Vec<Value>> {
    let text = command.read()?;
    serde_json::from_str(&text)
        .with_context(|| format!("the output is not a list of figures: {text}"))
}

/// A figure, with the members that are shown and checked.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    unit: String,
    ours: f64,
    baseline: Option<f64>,
    ratio: Option<f64>,
    /// The upper limit of the ratio, or of our figure if there is no ratio.
    aim: Option<f64>,
}

impl Row {
    /// Returns whether the figure is a regression, or misses its aim unexpectedly.
    fn fails(&self) -> bool {
        let short = SHORT.iter().find(|(name, _)| *name == self.name).map(|(_, most)| *most);
        let within = short.is_some_and(|most| self.ratio.is_some_and(|ratio| ratio <= most));
        COUNTED.contains(&&*self.unit) && self.misses() && !within
    }

    fn misses(&self) -> bool {
        self.aim.is_some_and(|aim| self.ratio.unwrap_or(self.ours) > aim)
    }
}

/// Returns the figures as a table in the form of `docs/performance.md`.
fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "| {:<52} | {:<12} | {:>11} | {:>11} | {:>6} | {:>8} |\n|{:-<54}|{:-<14}|{:->13}|{:->13}|\
         {:->8}|{:->10}|\n",
        "what", "unit", "zcrm", "baseline", "ratio", "aim", "", "", ":", ":", ":", ":"
    );
    for row in rows {
        let cell = |number: Option<f64>| number.map_or_else(String::new, figure);
        let ratio = row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let mark = if row.misses() { " (!)" } else { "" };
        let aim = format!("{}{mark}", cell(row.aim));
        let (name, unit) = (&row.name, &row.unit);
        text += &format!(
            "| {name:<52} | {unit:<12} | {:>11} | {:>11} | {ratio:>6} | {aim:>8} |\n",
            figure(row.ours),
            cell(row.baseline),
        );
    }
    text
}

/// Formats a number with a suitable precision.
fn figure(number: f64) -> String {
    match number {
        _ if number.fract() == 0.0 || number >= 1000.0 => grouped(number),
        _ if number >= 100.0 => format!("{number:.0}"),
        _ => format!("{number:.2}"),
    }
}

/// Formats `1234567` as `1,234,567`.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aim_limits_the_ratio_or_the_figure() {
        let judged = |name: &str, unit: &str, ours: f64, ratio: Option<f64>, aim: Option<f64>| {
            let row =
                Row { name: name.into(), unit: unit.into(), ours, baseline: None, ratio, aim };
            (row.misses(), row.fails())
        };
        let counted = |ratio| judged("a", "instructions", 12.0, Some(ratio), Some(1.2));
        assert_eq!((counted(1.2), counted(1.21)), ((false, false), (true, true)));
        assert_eq!(judged("a", "instructions", 12.0, Some(1.21), None), (false, false));
        assert_eq!(judged("a", "allocations", 1.0, None, Some(0.0)), (true, true));
        assert_eq!(judged("a", "allocations", 0.0, None, Some(0.0)), (false, false));
        assert_eq!(judged("a", "ms", 1.0, Some(9.0), Some(1.2)), (true, false));
        let (name, most) = SHORT[0];
        let short = |ratio| judged(name, "instructions", 1.0, Some(ratio), Some(1.2)).1;
        assert!(!short(most) && short(most + 0.01));
    }

    #[test]
    fn formats_numbers_with_separators() {
        assert_eq!(figure(1_234_567.8), "1,234,568");
        assert_eq!(figure(999.0), "999");
        assert_eq!(figure(154.3), "154");
        assert_eq!(figure(0.4), "0.40");
        assert_eq!(figure(0.0), "0");
    }
}
