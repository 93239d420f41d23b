//! The results of the checks.

use std::fmt;

use crate::{answer::Answer, steps::Stop};

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The observation agrees with the assumption.
    Agrees(String),
    /// The observation disagrees with the assumption.
    Disagrees(String),
    /// The check could not be made, with the reason.
    NotHere(String),
}

/// Codes of features that an organisation lacks, which prevent a check.
const LACKS: [&str; 5] = [
    "FEATURE_NOT_ENABLED",
    "INVALID_MODULE",
    "LICENSE_LIMIT_EXCEEDED",
    "NO_PERMISSION",
    "OAUTH_SCOPE_MISMATCH",
];

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        let lacks = |answer: &Answer| answer.status == 501 || LACKS.contains(&answer.code());
        let is_lack = match &stop {
            Stop::Answer(_, answer, _) => lacks(answer),
            Stop::Lack(_) => true,
            Stop::Failed(_) => false,
        };
        if is_lack { Self::NotHere(stop.into()) } else { Self::Disagrees(stop.into()) }
    }
}

/// Returns the verdict for an observation.
pub(super) fn judge(agrees: bool, saw: impl fmt::Display) -> Verdict {
    if agrees { Verdict::Agrees(saw.to_string()) } else { Verdict::Disagrees(saw.to_string()) }
}

/// A line of the report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReportLine {
    /// The name of the check.
    pub name: String,
    /// The assumption.
    pub assumes: String,
    /// The result.
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

/// The results of all checks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LiveReport {
    /// One line for each check.
    pub lines: Vec<ReportLine>,
    /// Written records that could not be deleted.
    pub left: Vec<String>,
}

impl LiveReport {
    /// Returns `true` if no check disagrees and no record was left behind.
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
