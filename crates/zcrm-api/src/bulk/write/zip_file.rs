//! The ZIP file of a part.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// The bytes that are compressed at once.
const BLOCK: usize = 32 * 1024;

/// The effort of the compressor, which is 6 by default. With 5 it takes half the time, for CSV files of
/// the same size.
const LEVEL: i64 = 5;

/// A ZIP file that is written.
pub(super) struct ZipFile<W: Write + Seek> {
    zip: ZipWriter<Recorded<W>>,
    block: Vec<u8>,
    state: Arc<State>,
}

/// The size of the file, and the first failed write.
#[derive(Debug, Default)]
struct State {
    end: AtomicU64,
    fault: Mutex<Option<io::Error>>,
}

/// A file that keeps its first fault, and ignores later writes.
///
/// The writer of `zip` completes the archive when it is dropped, and reports a second fault there.
struct Recorded<W> {
    file: W,
    position: u64,
    state: Arc<State>,
}

impl<W: Write + Seek> ZipFile<W> {
    pub(super) fn new(file: W) -> Self {
        let state = Arc::<State>::default();
        let zip = ZipWriter::new(Recorded { file, position: 0, state: Arc::clone(&state) });
        Self { zip, block: Vec::with_capacity(BLOCK), state }
    }

    /// Returns the number of bytes that are in the file. The compressor holds back some more.
    pub(super) fn bytes(&self) -> u64 {
        self.state.end.load(Ordering::Relaxed)
    }

    pub(super) fn start(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL));
        self.compress()?;
        self.zip.start_file(name, options).map_err(io_error)?;
        self.state.check()
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.block.len().saturating_add(bytes.len()) > BLOCK {
            self.compress()?;
        }
        match bytes.len() > BLOCK {
            true => self.zip.write_all(bytes)?,
            false => self.block.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn compress(&mut self) -> io::Result<()> {
        self.zip.write_all(&self.block)?;
        self.block.clear();
        self.state.check()
    }

    /// Completes the archive, and returns the file and its size.
    pub(super) fn finish(mut self) -> io::Result<(W, u64)>
    where
        W: Read,
    {
        self.compress()?;
        let recorded = self.zip.finish().map_err(io_error)?;
        self.state.check()?;
        let mut file = recorded.file;
        file.flush()?;
        let size = file.seek(SeekFrom::End(0))?;
        Ok((file, size))
    }
}

fn io_error(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        error => io::Error::other(error),
    }
}

impl State {
    /// Returns the first fault.
    fn check(&self) -> io::Result<()> {
        match self.fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }
}

impl<W> Recorded<W> {
    /// Keeps a fault and pretends that all went well.
    fn keep<T>(&self, done: io::Result<T>, instead: T) -> io::Result<T> {
        match done {
            Err(fault) if fault.kind() != io::ErrorKind::Interrupted => {
                let mut first = self.state.fault.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(fault);
                Ok(instead)
            }
            done => done,
        }
    }
}

impl<W: Write> Write for Recorded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self.file.write(bytes) {
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WriteZero.into()),
            written => written,
        };
        let written = self.keep(written, bytes.len())?;
        self.position = self.position.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        self.state.end.fetch_max(self.position, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.file.flush();
        self.keep(flushed, ())
    }
}

impl<W: Seek> Seek for Recorded<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let found = self.file.seek(to);
        self.position = self.keep(found, self.position)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A disk with room for some bytes.
    struct SmallDisk(Cursor<Vec<u8>>, u64);

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.position() + bytes.len() as u64 > self.1 {
                true => Err(io::ErrorKind::StorageFull.into()),
                false => self.0.write(bytes),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for SmallDisk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    impl Read for SmallDisk {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    fn write(room: u64) -> io::Result<u64> {
        let mut zip = ZipFile::new(SmallDisk(Cursor::default(), room));
        zip.start("a.csv")?;
        let mut noise = 1_u64;
        for _ in 0..2_000 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            zip.write(format!("{noise}\n").as_bytes())?;
        }
        zip.finish().map(|(_, size)| size)
    }

    #[test]
    fn reports_a_full_disk_at_every_size_and_never_panics() {
        let whole = write(u64::MAX).unwrap();
        assert!(whole > 10_000, "{whole}");
        for room in (0..whole).step_by(997).chain(whole - 40..whole) {
            let error = write(room).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
        }
        write(whole).unwrap();
    }
}
