//! What a check comes to.

use std::fmt;

use super::answer::Answer;
use crate::BoxError;

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// What was seen is what is assumed.
    Agrees(String),
    /// It is not.
    Disagrees(String),
    /// It could not be seen, and why.
    NotHere(String),
}

/// Why a check ended early.
pub(super) enum Stop {
    Verdict(Verdict),
    Failed(BoxError),
}

impl<E: Into<BoxError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Codes of what an organisation lacks: nothing is said about the assumption then.
const LACKS: [&str; 5] = [
    "FEATURE_NOT_ENABLED",
    "INVALID_MODULE",
    "LICENSE_LIMIT_EXCEEDED",
    "NO_PERMISSION",
    "OAUTH_SCOPE_MISMATCH",
];

impl Stop {
    /// A step before the one that is looked at was refused.
    pub(super) fn because(answer: &Answer) -> Self {
        let said = format!("a step before it was answered with {answer}");
        Self::Verdict(match LACKS.contains(&answer.code()) || answer.status == 501 {
            true => Verdict::NotHere(said),
            false => Verdict::Disagrees(said),
        })
    }
}

/// How a check ends.
pub(super) type CheckResult = Result<Verdict, Stop>;

/// What was seen, and whether that is what is assumed.
pub(super) fn judge(agrees: bool, saw: impl fmt::Display) -> Verdict {
    if agrees { Verdict::Agrees(saw.to_string()) } else { Verdict::Disagrees(saw.to_string()) }
}

/// The same for one answer; what the place lacks altogether says nothing.
pub(super) fn judge_answer(agrees: bool, answer: &Answer) -> Verdict {
    if !agrees && (answer.status == 501 || LACKS.contains(&answer.code())) {
        return Verdict::NotHere(format!("it was answered with {answer}"));
    }
    judge(agrees, answer)
}
