//! Failures of bulk jobs given as JSON.

use std::sync::Arc;

use serde::Deserialize;

use super::times::{AlwaysKeyword, Times};
use crate::faults::BulkFaults;
use crate::shared::Shared;
use crate::state::JobKind;

/// A failure of bulk jobs; it is recognised by the member `bulk_jobs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobOrder {
    bulk_jobs: JobFilter,
    #[serde(default)]
    skip: usize,
    #[serde(default)]
    times: Times,
    probability: Option<f64>,
    then: JobEffect,
}

/// A filter of bulk jobs. An empty object matches all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobFilter {
    operation: Option<JobKind>,
    module: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum JobEffect {
    Fail,
    FailWith { code: String, message: String },
    Stick,
    Lose,
    CutResult,
    CorruptResult,
    ExtraFile,
    NoFile,
    Bomb(u64),
    ExtraColumn,
    ExpireResult,
    ExpireToken,
    FailAfter(usize),
    FailAfterWithoutResult(usize),
    NoResult,
    OtherRows,
    ReverseRows,
    MissingRows(usize),
}

impl JobOrder {
    pub(super) fn place(self, shared: &Shared) {
        let mut faults = BulkFaults::new(Arc::clone(&shared.bulk_faults)).skip(self.skip);
        faults = match self.bulk_jobs.operation {
            Some(JobKind::Read) => faults.reads(),
            Some(JobKind::Write) => faults.writes(),
            None => faults,
        };
        if let Some(module) = self.bulk_jobs.module {
            faults = faults.module(module);
        }
        faults = match self.times {
            Times::Calls(jobs) => faults.times(jobs),
            Times::AlwaysKeyword(AlwaysKeyword::Always) => faults.always(),
        };
        if let Some(probability) = self.probability {
            faults = faults.probability(probability);
        }
        match self.then {
            JobEffect::Fail => faults.fail(),
            JobEffect::FailWith { code, message } => faults.fail_with(code, message),
            JobEffect::Stick => faults.stick(),
            JobEffect::Lose => faults.lose(),
            JobEffect::CutResult => faults.cut_result(),
            JobEffect::CorruptResult => faults.corrupt_result(),
            JobEffect::ExtraFile => faults.extra_file(),
            JobEffect::NoFile => faults.no_file(),
            JobEffect::Bomb(size) => faults.bomb(size),
            JobEffect::ExtraColumn => faults.extra_column(),
            JobEffect::ExpireResult => faults.expire_result(),
            JobEffect::ExpireToken => faults.expire_token(),
            JobEffect::FailAfter(rows) => faults.fail_after(rows),
            JobEffect::FailAfterWithoutResult(rows) => faults.fail_after_without_result(rows),
            JobEffect::NoResult => faults.no_result(),
            JobEffect::OtherRows => faults.other_rows(),
            JobEffect::ReverseRows => faults.reverse_rows(),
            JobEffect::MissingRows(rows) => faults.missing_rows(rows),
        }
    }
}
