//! What zcrm and the simulator take for granted about Zoho, one check for each, run on a simulator
//! or on a sandbox. Some run on a simulator alone, each with the reason: they turn its clock, meet its
//! limits, or play the people of its pages.
//!
//! On a sandbox it writes only records that bear its mark, and deletes them. Nobody has run that
//! half against Zoho yet.

mod accounts;
mod answer;
mod channels;
mod check;
mod consent;
mod fixture;
mod limits;
mod lists;
mod metadata;
mod not_checkable;
mod people;
mod related;
mod relations;
mod search;
mod settings;
mod shapes;
mod spans;
mod verdict;
mod writes;

use std::fmt;

pub use fixture::{Fixture, simulator};
pub use verdict::Verdict;

use self::{
    check::{Check, CheckKind},
    verdict::{CheckResult, Stop},
};

/// One line of the report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReportLine {
    /// The check's name.
    pub name: &'static str,
    /// What is assumed.
    pub assumes: &'static str,
    /// What it came to.
    pub verdict: Verdict,
}

impl fmt::Display for ReportLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, assumes, verdict } = self;
        match verdict {
            Verdict::Agrees(saw) => write!(f, "agrees         {name}: {assumes}; saw: {saw}"),
            Verdict::Disagrees(saw) => {
                write!(f, "DISAGREES      {name}\n    assumed: {assumes}\n    saw:     {saw}")
            }
            Verdict::NotHere(why) => {
                write!(f, "not checkable  {name}: {assumes}; not checkable here: {why}")
            }
        }
    }
}

/// What all checks came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LiveReport {
    /// A line for each check.
    pub lines: Vec<ReportLine>,
    /// Records that were written and could not be deleted.
    pub left: Vec<String>,
}

impl LiveReport {
    /// Whether nothing disagrees and nothing is left behind.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let disagrees = |line: &ReportLine| matches!(line.verdict, Verdict::Disagrees(_));
        self.left.is_empty() && !self.lines.iter().any(disagrees)
    }
}

impl fmt::Display for LiveReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = [0_usize; 3];
        for line in &self.lines {
            writeln!(f, "{line}")?;
            let [agree, disagree, not_here] = &mut counts;
            *match line.verdict {
                Verdict::Agrees(_) => agree,
                Verdict::Disagrees(_) => disagree,
                Verdict::NotHere(_) => not_here,
            } += 1;
        }
        for left in &self.left {
            writeln!(f, "left behind: {left}")?;
        }
        let [agree, disagree, not_here] = counts;
        write!(f, "{agree} agree, {disagree} disagree, {not_here} not checkable here")
    }
}

fn all() -> impl Iterator<Item = &'static Check> {
    let lists = [
        accounts::CHECKS,
        consent::CHECKS,
        spans::CHECKS,
        limits::CHECKS,
        lists::CHECKS,
        search::CHECKS,
        writes::CHECKS,
        people::CHECKS,
        settings::CHECKS,
        metadata::CHECKS,
        shapes::CHECKS,
        related::CHECKS,
        relations::CHECKS,
        channels::CHECKS,
        not_checkable::CHECKS,
    ];
    lists.into_iter().flatten()
}

/// The name of every check.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|check| check.name)
}

fn seen(seen: CheckResult) -> Verdict {
    match seen {
        Ok(verdict) | Err(Stop::Verdict(verdict)) => verdict,
        Err(Stop::Failed(error)) => Verdict::Disagrees(format!("it failed: {error}")),
    }
}

/// Runs every check, one after the other, then deletes what they wrote.
pub async fn run(fixture: &Fixture) -> LiveReport {
    let mut lines = Vec::new();
    for Check { name, assumes, how } in all() {
        let verdict = match how {
            CheckKind::Not(why) => Verdict::NotHere((*why).to_owned()),
            CheckKind::Run(run) => seen(run(fixture).await),
            CheckKind::Simulated(why, run) => match fixture.simulator() {
                Some(sim) => seen(run(fixture, sim).await),
                None => Verdict::NotHere((*why).to_owned()),
            },
        };
        lines.push(ReportLine { name, assumes, verdict });
    }
    LiveReport { lines, left: fixture.clean().await }
}
