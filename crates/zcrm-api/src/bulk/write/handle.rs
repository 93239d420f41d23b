//! The data that finds a job of a bulk write again.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zcrm_core::{Error, Id, escaped};

use super::part::PartRows;

/// The data that finds a job of a bulk write again. It can be serialised and used by another
/// process.
///
/// [`BulkWriteJob::handle`](super::BulkWriteJob::handle) returns it, and
/// [`Records::resume_bulk_write`](crate::Records::resume_bulk_write) takes it. The error of a wait
/// that ends too early has it as an extension ([`of`](Self::of)).
///
/// It has a checksum of four bytes for each record, so that the result can be verified, but no
/// values of the records.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkWriteHandle {
    pub(super) id: Id,
    pub(super) part: u32,
    /// The index of the first record.
    pub(super) first: u64,
    pub(super) created: DateTime<Utc>,
    pub(super) files: Vec<SentFile>,
}

/// A file that was sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SentFile {
    pub(super) module: String,
    /// The checksums of the cells that the result repeats.
    pub(super) sums: Numbers,
    /// The places of the parents; absent for the parents' file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parents: Option<Numbers>,
}

/// Numbers, which are serialised as eight hexadecimal digits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbers(pub(super) Vec<u32>);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(self.0.len().saturating_mul(8));
        for number in &self.0 {
            text.push_str(&format!("{number:08x}"));
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = |digits: &[u8]| {
            let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 8);
            digits.and_then(|digits| u32::from_str_radix(digits, 16).ok())
        };
        let numbers = text.as_bytes().chunks(8).map(number).collect::<Option<_>>();
        numbers.map(Self).ok_or_else(|| de::Error::custom("checksums are eight digits each"))
    }
}

impl SentFile {
    pub(super) fn new(module: &str, rows: PartRows) -> Self {
        let parents = (rows.resource > 0).then_some(Numbers(rows.parents));
        Self { module: module.to_owned(), sums: Numbers(rows.sums), parents }
    }
}

impl BulkWriteHandle {
    /// Returns the handle of an error of [`BulkWriteJob::wait`](super::BulkWriteJob::wait).
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.extension()
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Returns the API name of the module.
    #[must_use]
    pub fn module(&self) -> &str {
        self.files.first().map_or("", |file| &file.module)
    }

    /// Returns the number of the part, from 1.
    #[must_use]
    pub fn part(&self) -> u32 {
        self.part
    }

    /// Returns the indexes of the records in the caller's input, without children.
    #[must_use]
    pub fn records(&self) -> std::ops::Range<u64> {
        let rows = self.files.first().map_or(0, |file| file.sums.0.len());
        self.first..self.first.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX))
    }

    /// Returns the time at which this client created the job.
    #[must_use]
    pub fn created(&self) -> DateTime<Utc> {
        self.created
    }

    pub(super) fn check_module(&self, module: &str) -> Result<(), Error> {
        match self.module() == module {
            true => Ok(()),
            false => Err(Error::input(format!(
                "the job writes `{}` and cannot be resumed as a job of `{}`",
                escaped(self.module()),
                escaped(module)
            ))),
        }
    }
}

/// Does not show the checksums.
impl fmt::Debug for BulkWriteHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkWriteHandle")
            .field("id", &self.id)
            .field("module", &self.module())
            .field("part", &self.part)
            .field("records", &self.records())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn serialises_numbers_as_digits() {
        let numbers = Numbers(vec![0, 0xffff_ffff, 17]);
        let text = serde_json::to_string(&numbers).unwrap();
        assert_eq!(text, r#""00000000ffffffff00000011""#);
        assert_eq!(serde_json::from_str::<Numbers>(&text).unwrap(), numbers);
        for wrong in [r#""0000""#, r#""0000000g""#, r#""é000000""#, "[1]"] {
            assert!(serde_json::from_str::<Numbers>(wrong).is_err(), "{wrong}");
        }
    }
}
