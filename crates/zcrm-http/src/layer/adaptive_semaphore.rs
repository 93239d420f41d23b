//! A semaphore whose number of permits shrinks when the server throttles, and grows back.

use std::{
    num::NonZeroU32,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::Semaphore;

/// A fair semaphore for calls. A 429 halves its permits, and one permit returns after as many
/// successes as there are permits.
///
/// A permit must be given back with [`release`](Self::release).
#[derive(Debug)]
pub(super) struct AdaptiveSemaphore {
    permits: Semaphore,
    /// The number of reductions, so that all calls of one generation cause only one. It is changed
    /// with `state` locked.
    generation: AtomicU32,
    state: Mutex<SemaphoreState>,
}

#[derive(Debug)]
struct SemaphoreState {
    most: usize,
    allowed: usize,
    /// The number of permits that calls still hold and that are withdrawn when those calls end.
    owed: usize,
    /// Successes since the number of permits last changed.
    successes: usize,
}

/// The generation in which a permit was acquired: the number of reductions before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Generation(NonZeroU32);

impl AdaptiveSemaphore {
    /// Creates a semaphore of `most` permits, at least one.
    pub(super) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let state = SemaphoreState { most, allowed: most, owed: 0, successes: 0 };
        let generation = AtomicU32::new(NonZeroU32::MIN.get());
        Self { permits: Semaphore::new(most), generation, state: Mutex::new(state) }
    }

    /// Waits for a permit. It never returns `None`, because the semaphore is never closed.
    pub(super) async fn acquire(&self) -> Option<Generation> {
        self.permits.acquire().await.ok()?.forget();
        self.generation()
    }

    /// Acquires a permit if one is free and no other call waits for it.
    pub(super) fn try_acquire(&self) -> Option<Generation> {
        self.permits.try_acquire().ok()?.forget();
        self.generation()
    }

    fn generation(&self) -> Option<Generation> {
        NonZeroU32::new(self.generation.load(Ordering::Acquire)).map(Generation)
    }

    /// Gives a permit back.
    pub(super) fn release(&self) {
        self.return_permit(&mut self.state());
    }

    /// Returns the number of permits that are taken.
    pub(super) fn in_flight(&self) -> usize {
        let state = self.state();
        (state.allowed + state.owed).saturating_sub(self.permits.available_permits())
    }

    /// Halves the permits after a 429 to a call of that generation.
    pub(super) fn on_throttled(&self, generation: Generation) {
        let mut state = self.state();
        if self.generation.load(Ordering::Acquire) != generation.0.get() {
            return;
        }
        let next = generation.0.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.generation.store(next.get(), Ordering::Release);
        state.successes = 0;
        let fewer = (state.allowed / 2).max(1);
        let gone = state.allowed - fewer;
        state.allowed = fewer;
        state.owed += gone - self.permits.forget_permits(gone);
    }

    /// Returns `true` if there are fewer permits than at first.
    pub(super) fn is_reduced(&self) -> bool {
        let state = self.state();
        state.allowed < state.most
    }

    /// Counts a success.
    pub(super) fn on_success(&self) {
        let mut state = self.state();
        if state.allowed == state.most {
            return;
        }
        state.successes += 1;
        if state.successes >= state.allowed {
            state.successes = 0;
            state.allowed += 1;
            self.return_permit(&mut state);
        }
    }

    fn return_permit(&self, state: &mut SemaphoreState) {
        match state.owed.checked_sub(1) {
            Some(owed) => state.owed = owed,
            None => self.permits.add_permits(1),
        }
    }

    fn state(&self) -> MutexGuard<'_, SemaphoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::AdaptiveSemaphore;

    /// Makes `count` concurrent calls that all succeed or are all throttled.
    async fn calls(semaphore: &AdaptiveSemaphore, count: usize, successes: bool) {
        let mut rounds = Vec::new();
        for _ in 0..count {
            rounds.push(semaphore.acquire().await.unwrap());
        }
        assert_eq!(semaphore.in_flight(), count);
        for generation in rounds {
            if successes {
                semaphore.on_success();
            } else {
                semaphore.on_throttled(generation);
            }
            semaphore.release();
        }
    }

    #[tokio::test]
    async fn halves_the_permits_once_for_a_round_of_429s() {
        let semaphore = AdaptiveSemaphore::new(8);
        calls(&semaphore, 8, false).await;
        assert_eq!(semaphore.permits.available_permits(), 4);
        let (first, second) =
            (semaphore.acquire().await.unwrap(), semaphore.acquire().await.unwrap());
        semaphore.on_throttled(first);
        semaphore.on_throttled(second);
        assert_eq!(semaphore.in_flight(), 2);
        semaphore.release();
        semaphore.release();
        assert_eq!(semaphore.permits.available_permits(), 2);
        for _ in 0..5 {
            calls(&semaphore, 1, false).await;
        }
        assert_eq!(semaphore.permits.available_permits(), 1);
    }

    #[tokio::test]
    async fn returns_permits_one_by_one_after_successes() {
        let semaphore = AdaptiveSemaphore::new(4);
        calls(&semaphore, 1, false).await;
        assert_eq!(semaphore.permits.available_permits(), 2);
        let mut made = 0;
        while semaphore.permits.available_permits() < 4 {
            calls(&semaphore, 1, true).await;
            made += 1;
        }
        assert_eq!(made, 2 + 3);
        for _ in 0..20 {
            calls(&semaphore, 1, true).await;
        }
        assert_eq!(semaphore.permits.available_permits(), 4);
        assert_eq!(semaphore.in_flight(), 0);
    }
}
