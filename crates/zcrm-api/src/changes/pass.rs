//! Passes over a list that changes while it is read.
//!
//! Page numbers and tokens may count rows. If a row leaves the list, the rows after it move to the page
//! before, and a reader misses one. So the list is read again until two passes agree.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use zcrm_core::{Error, ErrorKind, Id, Outcome};

/// The largest number of passes over a list.
pub(super) const MOST_PASSES: u32 = 10;

/// A pass over the pages of a list. The order of the rows does not matter.
#[derive(Debug, Default)]
pub(super) struct Pass {
    sum: u64,
    count: u64,
    /// Hashes of the rows of the previous page and of the current one. A row that enters the list moves
    /// others to the next page, where they are not counted again.
    before: HashSet<u64>,
    page: HashSet<u64>,
}

impl Pass {
    /// Begins the next page.
    pub(super) fn begin_page(&mut self) {
        self.before = std::mem::take(&mut self.page);
    }

    /// Adds a row. It is compared with another pass only if it is `settled`: a row that entered lately
    /// is not, because the next round reads it again. Returns `false` if the previous page had the row.
    pub(super) fn add(&mut self, id: &Id, time: Option<i64>, settled: bool) -> bool {
        let hash = hash(id, time);
        let is_new = !self.before.contains(&hash) && self.page.insert(hash);
        // a row may move on by several pages, one at a time
        self.page.insert(hash);
        if is_new && settled {
            self.sum = self.sum.wrapping_add(hash);
            self.count = self.count.saturating_add(1);
        }
        is_new
    }

    /// Returns `true` if both passes read the same settled rows.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        (self.sum, self.count) == (other.sum, other.count)
    }
}

/// Returns the hash of a row of a list.
pub(super) fn hash(id: &Id, time: Option<i64>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (id, time).hash(&mut hasher);
    hasher.finish()
}

/// Returns the error for a list whose passes do not agree.
pub(super) fn restless(list: &str) -> Error {
    Error::new(
        ErrorKind::Other,
        Outcome::Local,
        format!(
            "the list of {list} changed during each of {MOST_PASSES} passes, so it cannot be read completely: \
             try again at a quieter time"
        ),
    )
}
