//! The rows of a report.

use serde::Serialize;

/// A measured figure, with or without a baseline. `aim` is the upper limit of the ratio, or of our
/// figure if there is no baseline. A row without `aim` is only informative.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ReportRow {
    /// The name of the measurement.
    pub name: String,
    /// The unit.
    pub unit: &'static str,
    /// The figure of zcrm.
    pub ours: f64,
    /// The figure of the baseline.
    pub baseline: Option<f64>,
    /// Our figure divided by the baseline.
    pub ratio: Option<f64>,
    /// The upper limit.
    pub aim: Option<f64>,
}

impl ReportRow {
    /// Returns a figure compared with its baseline.
    #[must_use]
    pub fn compared(name: impl Into<String>, unit: &'static str, ours: f64, baseline: f64) -> Self {
        let ratio = (baseline > 0.0).then(|| ours / baseline);
        Self { name: name.into(), unit, ours, baseline: Some(baseline), ratio, aim: None }
    }

    /// Returns a figure without a baseline.
    #[must_use]
    pub fn single(name: impl Into<String>, unit: &'static str, ours: f64) -> Self {
        Self { name: name.into(), unit, ours, baseline: None, ratio: None, aim: None }
    }

    /// Sets the upper limit.
    #[must_use]
    pub fn aim(self, most: f64) -> Self {
        Self { aim: Some(most), ..self }
    }
}
