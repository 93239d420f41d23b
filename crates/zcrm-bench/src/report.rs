//! The figures.

use serde::Serialize;

/// One figure beside its baseline. `aim` bounds the ratio where there is one, and else ours; none means
/// that the row is there to be known.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ReportRow {
    /// What was measured.
    pub name: String,
    /// Of what.
    pub unit: &'static str,
    /// zcrm's figure.
    pub ours: f64,
    /// What it is held against.
    pub baseline: Option<f64>,
    /// Ours by the baseline.
    pub ratio: Option<f64>,
    /// The most that it may be.
    pub aim: Option<f64>,
}

impl ReportRow {
    /// A figure beside its baseline.
    #[must_use]
    pub fn beside(name: impl Into<String>, unit: &'static str, ours: f64, baseline: f64) -> Self {
        let ratio = (baseline > 0.0).then(|| ours / baseline);
        Self { name: name.into(), unit, ours, baseline: Some(baseline), ratio, aim: None }
    }

    /// A figure that stands for itself.
    #[must_use]
    pub fn alone(name: impl Into<String>, unit: &'static str, ours: f64) -> Self {
        Self { name: name.into(), unit, ours, baseline: None, ratio: None, aim: None }
    }

    /// The most that it may be.
    #[must_use]
    pub fn aim(self, most: f64) -> Self {
        Self { aim: Some(most), ..self }
    }
}
