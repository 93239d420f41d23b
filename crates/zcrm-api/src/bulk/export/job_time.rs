//! The expected duration of the next job, from the jobs before it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The duration that the next job is expected to have at least.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JobTime(Option<Duration>);

/// The last time at which a job was seen that had not ended, since the beginning of its wait.
#[derive(Clone, Debug, Default)]
pub(super) struct LastRunning(Arc<Mutex<Option<Duration>>>);

impl JobTime {
    /// Returns the rest of a job of this age.
    pub(super) fn rest(self, age: Duration) -> Option<Duration> {
        self.0.map(|expected| expected.saturating_sub(age))
    }

    /// Learns from a job that was `age` old when its wait began and `ended` when the wait ended.
    pub(super) fn learn(&mut self, age: Duration, running: &LastRunning, ended: Duration) {
        let running = *running.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (running, self.0) {
            // it took longer than that
            (Some(running), _) => self.0 = Some(age.saturating_add(running)),
            // it had ended when it was expected to, and perhaps earlier
            (None, Some(expected)) if ended <= expected => self.0 = Some(expected.mul_f64(0.9)),
            // it had ended before it was looked at
            (None, _) => {}
        }
    }
}

impl LastRunning {
    pub(super) fn set(&self, elapsed: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(elapsed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_the_longest_time_at_which_a_job_was_running() {
        let second = Duration::from_secs;
        let mut time = JobTime::default();
        assert_eq!(time.rest(second(0)), None);
        // a job that ended long ago says nothing
        time.learn(second(500), &LastRunning::default(), second(501));
        assert_eq!(time.rest(second(0)), None);

        let running = LastRunning::default();
        running.set(second(2));
        running.set(second(9));
        time.learn(second(1), &running, second(20));
        assert_eq!(time.rest(second(0)), Some(second(10)));
        assert_eq!(time.rest(second(4)), Some(second(6)));
        assert_eq!(time.rest(second(11)), Some(second(0)));

        time.learn(second(0), &LastRunning::default(), second(11));
        assert_eq!(time.rest(second(0)), Some(second(10)));
        time.learn(second(0), &LastRunning::default(), second(10));
        assert_eq!(time.rest(second(0)), Some(second(9)));
    }
}
