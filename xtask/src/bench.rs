//! `cargo xtask bench`: what zcrm costs beside its baseline.
//!
//! Programs of `zcrm-bench` and the benches of the stores do the measuring; each prints its figures as
//! a JSON array. What is counted must keep to its aim, what the clock says is only told.

use std::process::Command;

use serde_json::Value;

use crate::shell::{self, Error, Stopwatch, Workspace};
use crate::{mariadb, metadata, needs};

/// Units that are the same in every run on every machine of a kind.
const COUNTED: &[&str] = &["instructions", "allocations"];

/// What does not keep to its aim yet, or so closely that another machine's C library may change it, and
/// the ratio that it must not exceed.
const SHORT: &[(&str, f64)] = &[("small GET, HTTP/1.1", 1.30), ("small GET, HTTP/2", 1.26)];

/// Runs the measurements, prints them and writes `bench/summary.json` into cargo's target folder.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Error> {
    let quick = match arguments {
        [] => false,
        [flag] if flag == "--quick" => true,
        [flag, ..] => return Err(Error::Usage(format!("`bench` does not know `{flag}`"))),
    };
    let total = Stopwatch::start();
    needs::install(workspace, &[&needs::VALGRIND])?;
    build(workspace, &["--bin", "zcrm-bench"])?;
    let program = metadata::target(workspace)?.join("release").join("zcrm-bench");
    let mut rows = figures(workspace.command(&program).arg("count"))?;
    if !quick {
        build(workspace, &["--bins"])?;
        let mut clock =
            workspace.cargo("bench", &["--quiet", "--package", "zcrm-bench", "--bench", "clock"]);
        rows.extend(figures(&mut clock)?);
        // it ends with this function
        let server = mariadb::Server::start(workspace)?;
        let mut mysql = workspace
            .cargo("bench", &["--quiet", "--package", "zcrm-store-mysql", "--bench", "store"]);
        server.tell(&mut mysql);
        rows.extend(figures(mysql.args(["--", "--json"]))?);
    }
    let folder = metadata::target(workspace)?.join("bench");
    let file = folder.join("summary.json");
    let text = serde_json::to_string_pretty(&rows)
        .map_err(|error| Error::failed(format!("cannot write the figures: {error}")))?;
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, text + "\n"))
        .map_err(|error| Error::failed(format!("cannot write {}: {error}", file.display())))?;
    let rows: Vec<Row<'_>> = rows.iter().filter_map(Row::read).collect();
    println!("\n{}", table(&rows));
    println!("xtask bench: {}; written to {}", shell::time(total.elapsed()), file.display());
    let missed: Vec<&str> = rows.iter().filter(|row| row.fails()).map(|row| row.name).collect();
    if missed.is_empty() {
        return Ok(());
    }
    Err(Error::failed(format!("above the aim: {}", missed.join("; "))))
}

fn build(workspace: &Workspace, targets: &[&str]) -> Result<(), Error> {
    let mut command =
        workspace.cargo("build", &["--locked", "--release", "--package", "zcrm-bench"]);
    shell::run(command.args(targets))
}

/// Runs a program that prints figures, and nothing else, to its standard output.
fn figures(command: &mut Command) -> Result<Vec<Value>, Error> {
    println!("$ {}", shell::shown(command));
    let text = shell::output(command)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::failed(format!("these are no figures ({error}): {text}")))
}

/// A figure, as far as it is shown and judged.
#[derive(Debug)]
struct Row<'a> {
    name: &'a str,
    unit: &'a str,
    ours: f64,
    baseline: Option<f64>,
    ratio: Option<f64>,
    /// Bounds the ratio where there is one, and else ours.
    aim: Option<f64>,
}

impl<'a> Row<'a> {
    fn read(value: &'a Value) -> Option<Self> {
        let number = |key: &str| value.get(key).and_then(Value::as_f64);
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        Some(Self {
            name: text("name")?,
            unit: text("unit")?,
            ours: number("ours")?,
            baseline: number("baseline"),
            ratio: number("ratio"),
            aim: number("aim"),
        })
    }

    /// Whether it is a regression, or an aim missed that is not known to be.
    fn fails(&self) -> bool {
        let short = SHORT.iter().find(|(name, _)| *name == self.name).map(|(_, most)| *most);
        let within = short.is_some_and(|most| self.ratio.is_some_and(|ratio| ratio <= most));
        COUNTED.contains(&self.unit) && self.misses() && !within
    }

    fn misses(&self) -> bool {
        self.aim.is_some_and(|aim| self.ratio.unwrap_or(self.ours) > aim)
    }
}

/// The figures for people, in the form that `docs/performance.md` takes.
fn table(rows: &[Row<'_>]) -> String {
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
        let (name, unit) = (row.name, row.unit);
        text += &format!(
            "| {name:<52} | {unit:<12} | {:>11} | {:>11} | {ratio:>6} | {aim:>8} |\n",
            figure(row.ours),
            cell(row.baseline),
        );
    }
    text
}

/// A number of a size that can be read.
fn figure(number: f64) -> String {
    match number {
        _ if number.fract() == 0.0 || number >= 1000.0 => grouped(number),
        _ if number >= 100.0 => format!("{number:.0}"),
        _ => format!("{number:.2}"),
    }
}

/// `1234567` as `1,234,567`.
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
    use serde_json::json;

    use super::*;

    #[test]
    fn an_aim_bounds_the_ratio_or_the_figure() {
        let misses = |value: &Value| Row::read(value).unwrap().misses();
        let mut row = json!({"name": "a", "unit": "instructions", "ours": 12, "baseline": 10,
            "ratio": 1.2, "aim": 1.2});
        assert!(!misses(&row));
        row["ratio"] = json!(1.21);
        assert!(misses(&row));
        row["aim"] = Value::Null;
        assert!(!misses(&row));
        let mut alone = json!({"name": "a", "unit": "allocations", "ours": 1, "baseline": null,
            "ratio": null, "aim": 0});
        assert!(misses(&alone));
        alone["ours"] = json!(0);
        assert!(!misses(&alone));
    }

    #[test]
    fn what_is_counted_must_keep_to_its_aim_or_to_what_is_known() {
        let fails = |name: &str, unit: &str, ratio: f64| {
            let row = json!({"name": name, "unit": unit, "ours": 1, "baseline": 1, "ratio": ratio,
                "aim": 1.2});
            Row::read(&row).unwrap().fails()
        };
        assert!(fails("a", "instructions", 1.21) && !fails("a", "instructions", 1.2));
        assert!(!fails("a", "ms", 9.0));
        let (name, most) = SHORT[0];
        assert!(!fails(name, "instructions", most) && fails(name, "instructions", most + 0.01));
    }

    #[test]
    fn numbers_can_be_read() {
        assert_eq!(figure(1_234_567.8), "1,234,568");
        assert_eq!(figure(999.0), "999");
        assert_eq!(figure(154.3), "154");
        assert_eq!(figure(0.4), "0.40");
        assert_eq!(figure(0.0), "0");
    }
}
