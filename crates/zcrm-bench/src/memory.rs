//! The memory and the CPU time of the process.

use rustix::time::{ClockId, clock_gettime};

use crate::BoxError;

/// Returns a figure of the process's memory in MiB: `VmRSS:` at present, or `VmHWM:` at its peak.
///
/// # Errors
/// Returns an error if the system does not report it, as Linux does.
pub fn memory(name: &str) -> Result<f64, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(number.ok_or("the system does not report the memory of a process")? / 1024.0)
}

/// Returns the CPU time of all threads of this process, in seconds.
#[must_use]
pub fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
