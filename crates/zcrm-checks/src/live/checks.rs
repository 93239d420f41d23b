//! Reads the checks of `live-checks.toml` and runs them.

use std::collections::BTreeMap;

use serde::Deserialize;
use zcrm_core::BoxError;

use super::{
    code,
    fixture::Fixture,
    report::{LiveReport, ReportLine, Verdict},
};
use crate::steps::{Call, Caller as _, Step, Stop, Values};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Named steps that several checks start with.
    before: BTreeMap<String, Vec<Step>>,
    check: BTreeMap<String, Check>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    assumes: String,
    #[serde(default)]
    before: Vec<String>,
    #[serde(default)]
    steps: Vec<Step>,
    /// Calls that clean up after the steps, even if a step fails.
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    code: bool,
    sandbox: Option<String>,
    #[serde(default)]
    held: Vec<String>,
    never: Option<String>,
}

fn table() -> Result<Table, BoxError> {
    Ok(toml::from_str(include_str!("../../live-checks.toml"))?)
}

/// Returns the tests of the simulator for assumptions that a sandbox cannot show.
///
/// # Errors
/// Returns an error if `live-checks.toml` cannot be read.
pub fn held() -> Result<Vec<String>, BoxError> {
    Ok(table()?.check.into_values().flat_map(|check| check.held).collect())
}

/// Runs the checks one after the other, then deletes the records that they wrote.
///
/// # Errors
/// Returns an error if `live-checks.toml` cannot be read.
pub async fn run(fixture: &Fixture) -> Result<LiveReport, BoxError> {
    let table = table()?;
    let mut lines = Vec::new();
    for (name, check) in &table.check {
        let verdict = match check {
            Check { never: Some(why), .. } => Verdict::NotHere(why.clone()),
            Check { sandbox: Some(why), held, .. } => {
                let held = held.join("`, `");
                Verdict::NotHere(format!("{why}; covered by tests of the simulator: `{held}`"))
            }
            _ => one(fixture, &table, name, check).await.unwrap_or_else(Verdict::from),
        };
        lines.push(ReportLine { name: name.clone(), assumes: check.assumes.clone(), verdict });
    }
    Ok(LiveReport { lines, left: fixture.clean().await })
}

async fn one(fixture: &Fixture, table: &Table, name: &str, check: &Check) -> Result<Verdict, Stop> {
    let mut values = fixture
        .values()
        .with("random", format!("{:016x}", fastrand::u64(..)))
        .with("channel", fastrand::u64(1_000_000_000_000_000..2_000_000_000_000_000));
    let verdict = steps(fixture, table, name, check, &mut values).await;
    for call in &check.after {
        let (method, target) = call.split_once(' ').unwrap_or_default();
        let (method, target) = (method.to_owned(), values.text(target)?);
        fixture.send(Call { method, target, ..Call::default() }).await?;
    }
    verdict
}

async fn steps(
    fixture: &Fixture,
    table: &Table,
    name: &str,
    check: &Check,
    values: &mut Values,
) -> Result<Verdict, Stop> {
    let mut before = Vec::new();
    for name in &check.before {
        before.extend(table.before.get(name).ok_or_else(|| format!("unknown steps `{name}`"))?);
    }
    let mut seen = Vec::new();
    for step in before.into_iter().chain(&check.steps) {
        seen.push(values.run(step, fixture).await?.to_string());
    }
    if check.code {
        return code::run(name, fixture).await;
    }
    if check.steps.is_empty() {
        return Err(Stop::Failed(format!("`{name}` has no steps").into()));
    }
    Ok(Verdict::Agrees(seen.join("; ")))
}
