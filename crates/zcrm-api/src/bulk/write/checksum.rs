//! Checksums of the cells that a result repeats, and a digest of all records.

/// The number of columns that a result repeats.
pub(super) const ECHOED: usize = 3;

/// A checksum of cells (FNV-1a), which is the same in every process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checksum(u32);

impl Checksum {
    pub(super) fn new() -> Self {
        Self(0x811c_9dc5)
    }

    /// Adds a cell. Spaces around its text do not count.
    pub(super) fn add(&mut self, cell: &str) {
        for byte in cell.trim().bytes().chain([0xff]) {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }

    pub(super) fn value(self) -> u32 {
        self.0
    }

    /// Returns the checksum of the repeated cells of a row. The key of a child's parent, in the
    /// first cell, counts last.
    pub(super) fn of<'c>(mut cells: impl Iterator<Item = &'c str>, is_child: bool) -> u32 {
        let mut sum = Self::new();
        let parent = if is_child { cells.next() } else { None };
        cells.chain(parent).for_each(|cell| sum.add(cell));
        sum.value()
    }
}

/// A digest of all records, by which an import recognises its input: two hashes of 64 bits, by words
/// of eight bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digest(u64, u64);

impl Digest {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142)
    }

    /// Adds bytes, and their number.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.add_word(u64::from_le_bytes(*word)));
        let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.add_word(last);
        self.add_word(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    fn add_word(&mut self, word: u64) {
        // the upper bits of a product depend on all bits, and the rotation moves them down
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        self.1 = (self.1.rotate_left(5) ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }

    pub(super) fn text(self) -> String {
        format!("{:016x}{:016x}", self.0, self.1)
    }
}
