//! The order of the ids of exported records.

use std::{io, path::Path};

use csv::{ByteRecord, ReaderBuilder};
use serde::{Deserialize, Serialize};

/// Whether the records so far came in ascending order of their ids.
///
/// If so, the records that are missing are those with larger ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum IdOrder {
    Ascending {
        /// The last id, if there are records.
        last: Option<u64>,
    },
    /// A record had no id, or not a larger one than the record before it.
    Broken,
    /// An earlier version of zcrm began the export and did not check.
    #[default]
    Unknown,
}

impl IdOrder {
    /// The order before the first record.
    pub(super) const START: Self = Self::Ascending { last: None };

    /// Returns the order after one more record.
    pub(super) fn then(self, id: Option<u64>) -> Self {
        match (self, id) {
            (Self::Ascending { last }, Some(id)) if last.is_none_or(|last| id > last) => {
                Self::Ascending { last: Some(id) }
            }
            (Self::Unknown, _) => Self::Unknown,
            _ => Self::Broken,
        }
    }

    /// Returns the order after the records of a CSV file.
    pub(super) fn then_file(self, path: &Path, delimiter: u8) -> io::Result<Self> {
        let mut order = self;
        if !matches!(order, Self::Ascending { .. }) {
            return Ok(order);
        }
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).flexible(true).from_path(path)?;
        let at = reader.byte_headers()?.iter().position(|name| name == b"Id" || name == b"id");
        let mut row = ByteRecord::new();
        while matches!(order, Self::Ascending { .. }) && reader.read_byte_record(&mut row)? {
            let id = at.and_then(|at| row.get(at)).and_then(|id| str::from_utf8(id).ok());
            order = order.then(id.and_then(|id| id.parse().ok()));
        }
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::IdOrder;

    fn after(ids: &[Option<u64>]) -> IdOrder {
        ids.iter().fold(IdOrder::START, |order, id| order.then(*id))
    }

    #[test]
    fn finds_the_first_id_that_is_not_larger() {
        assert_eq!(after(&[]), IdOrder::START);
        let ascending = after(&[Some(9), Some(10), Some(554_023_000_000_568_002)]);
        assert_eq!(ascending, IdOrder::Ascending { last: Some(554_023_000_000_568_002) });
        for broken in [[Some(2), Some(1)], [Some(2), Some(2)], [Some(2), None]] {
            assert_eq!(after(&broken), IdOrder::Broken);
            assert_eq!(after(&broken).then(Some(9)), IdOrder::Broken);
        }
        assert_eq!(IdOrder::Unknown.then(Some(1)), IdOrder::Unknown);
    }

    #[test]
    fn reads_the_ids_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Leads-00001.csv");
        let order = |text: &str| {
            std::fs::write(&path, text).unwrap();
            after(&[Some(4)]).then_file(&path, b',').unwrap()
        };
        let last = |last| IdOrder::Ascending { last: Some(last) };
        assert_eq!(order("Id,Last_Name\n"), last(4));
        assert_eq!(order("\u{feff}Id,Last_Name\r\n5,\"a\n1,\"\r\n\"17\",b\r\n"), last(17));
        assert_eq!(order("Last_Name,Id\n9,5\n8,6\n"), last(6));
        assert_eq!(order("Id\n4\n"), IdOrder::Broken);
        assert_eq!(order("Id\n6\n5\n7\n"), IdOrder::Broken);
        assert_eq!(order("Last_Name\na\n"), IdOrder::Broken);
        assert_eq!(order(""), last(4));
    }
}
