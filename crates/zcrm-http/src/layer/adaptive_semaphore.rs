//! A semaphore whose number of permits shrinks when the server throttles, and grows back.

use std::{
    num::NonZeroU32,
    pin::pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::future::{Either, select};
use tokio::sync::{Notify, Semaphore};

/// A fair semaphore for calls. A 429 halves its permits, and one permit returns after as many
/// successes as there are permits.
///
/// A call takes one permit or several. If it needs more than there are, it takes all of them, so
/// that it runs by itself instead of waiting forever.
///
/// Permits must be given back with [`release`](Self::release).
#[derive(Debug)]
pub(super) struct AdaptiveSemaphore {
    permits: Semaphore,
    /// Wakes the calls that wait for several permits when there are fewer.
    reduced: Notify,
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

/// The permits of a call, and the generation in which it acquired them: the number of reductions
/// before.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldPermits {
    count: NonZeroU32,
    generation: u32,
}

impl HeldPermits {
    /// Returns the number of permits.
    pub(super) fn count(self) -> usize {
        self.count.get() as usize
    }
}

impl AdaptiveSemaphore {
    /// Creates a semaphore of `most` permits, at least one.
    pub(super) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let state = SemaphoreState { most, allowed: most, owed: 0, successes: 0 };
        let generation = AtomicU32::new(0);
        let permits = Semaphore::new(most);
        Self { permits, reduced: Notify::new(), generation, state: Mutex::new(state) }
    }

    /// Waits for this number of permits. It never returns `None`, because the semaphore is never
    /// closed.
    pub(super) async fn acquire(&self, wanted: NonZeroU32) -> Option<HeldPermits> {
        if wanted == NonZeroU32::MIN {
            self.permits.acquire().await.ok()?.forget();
            return Some(self.held(wanted));
        }
        loop {
            {
                // before the count is read, so that no reduction after it is missed
                let reduced = pin!(self.reduced.notified());
                let count = self.possible(wanted);
                let acquiring = pin!(self.permits.acquire_many(count.get()));
                if let Either::Left((permits, _)) = select(acquiring, reduced).await {
                    permits.ok()?.forget();
                    return Some(self.held(count));
                }
            }
            // the permits collected so far are free again, and may be more than there should be
            self.withdraw();
        }
    }

    /// Acquires this number of permits if they are free and no other call waits for them.
    #[inline]
    pub(super) fn try_acquire(&self, wanted: NonZeroU32) -> Option<HeldPermits> {
        let count = if wanted == NonZeroU32::MIN { wanted } else { self.possible(wanted) };
        self.permits.try_acquire_many(count.get()).ok()?.forget();
        Some(self.held(count))
    }

    fn held(&self, count: NonZeroU32) -> HeldPermits {
        HeldPermits { count, generation: self.generation.load(Ordering::Acquire) }
    }

    /// Returns the number of permits that a call gets if it wants this number: at most all.
    fn possible(&self, wanted: NonZeroU32) -> NonZeroU32 {
        let allowed = u32::try_from(self.state().allowed).unwrap_or(u32::MAX);
        NonZeroU32::new(allowed).map_or(wanted, |allowed| wanted.min(allowed))
    }

    /// Gives the permits of a call back.
    pub(super) fn release(&self, permits: HeldPermits) {
        self.return_permits(&mut self.state(), permits.count());
    }

    /// Returns the number of permits that are taken.
    pub(super) fn in_flight(&self) -> usize {
        let state = self.state();
        (state.allowed + state.owed).saturating_sub(self.permits.available_permits())
    }

    /// Halves the permits after a 429 to a call of that generation.
    pub(super) fn on_throttled(&self, permits: HeldPermits) {
        let mut state = self.state();
        if self.generation.load(Ordering::Acquire) != permits.generation {
            return;
        }
        self.generation.store(permits.generation.wrapping_add(1), Ordering::Release);
        state.successes = 0;
        let fewer = (state.allowed / 2).max(1);
        let gone = state.allowed - fewer;
        state.allowed = fewer;
        state.owed += gone - self.permits.forget_permits(gone);
        drop(state);
        self.reduced.notify_waiters();
    }

    /// Withdraws free permits that are owed.
    fn withdraw(&self) {
        let mut state = self.state();
        state.owed -= self.permits.forget_permits(state.owed);
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
            self.return_permits(&mut state, 1);
        }
    }

    fn return_permits(&self, state: &mut SemaphoreState, count: usize) {
        let withdrawn = state.owed.min(count);
        state.owed -= withdrawn;
        self.permits.add_permits(count - withdrawn);
    }

    fn state(&self) -> MutexGuard<'_, SemaphoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, sync::Arc};

    use futures_util::FutureExt;
    use tokio::task::yield_now;

    use super::AdaptiveSemaphore;

    const ONE: NonZeroU32 = NonZeroU32::MIN;
    const FIVE: NonZeroU32 = NonZeroU32::new(5).unwrap();

    /// Makes `count` concurrent calls that all succeed or are all throttled.
    async fn calls(semaphore: &AdaptiveSemaphore, count: usize, successes: bool) {
        let mut rounds = Vec::new();
        for _ in 0..count {
            rounds.push(semaphore.acquire(ONE).await.unwrap());
        }
        assert_eq!(semaphore.in_flight(), count);
        for permits in rounds {
            if successes {
                semaphore.on_success();
            } else {
                semaphore.on_throttled(permits);
            }
            semaphore.release(permits);
        }
    }

    #[tokio::test]
    async fn halves_the_permits_once_for_a_round_of_429s() {
        let semaphore = AdaptiveSemaphore::new(8);
        calls(&semaphore, 8, false).await;
        assert_eq!(semaphore.permits.available_permits(), 4);
        let (first, second) =
            (semaphore.acquire(ONE).await.unwrap(), semaphore.acquire(ONE).await.unwrap());
        semaphore.on_throttled(first);
        semaphore.on_throttled(second);
        assert_eq!(semaphore.in_flight(), 2);
        semaphore.release(first);
        semaphore.release(second);
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

    #[tokio::test]
    async fn takes_all_permits_for_a_call_that_needs_more() {
        let semaphore = AdaptiveSemaphore::new(3);
        for waits in [false, true] {
            let permits = match waits {
                true => semaphore.acquire(FIVE).await.unwrap(),
                false => semaphore.try_acquire(FIVE).unwrap(),
            };
            assert_eq!((permits.count(), semaphore.in_flight()), (3, 3));
            assert!(semaphore.try_acquire(ONE).is_none());
            semaphore.release(permits);
        }
        assert_eq!(semaphore.permits.available_permits(), 3);
    }

    #[tokio::test]
    async fn needs_fewer_permits_after_a_429_while_it_waits() {
        let semaphore = AdaptiveSemaphore::new(8);
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(semaphore.acquire(ONE).await.unwrap());
        }
        // it has collected the two free permits
        let mut waiting = Box::pin(semaphore.acquire(FIVE));
        assert!((&mut waiting).now_or_never().is_none());
        semaphore.on_throttled(held[0]);
        held.into_iter().for_each(|permits| semaphore.release(permits));
        let permits = waiting.now_or_never().unwrap().unwrap();
        assert_eq!((permits.count(), semaphore.in_flight()), (4, 4));
        semaphore.release(permits);
        assert_eq!(semaphore.permits.available_permits(), 4);
    }

    #[tokio::test]
    async fn loses_no_permit_and_no_call_under_load() {
        let semaphore = Arc::new(AdaptiveSemaphore::new(7));
        let worker = |mut random: u32| {
            let semaphore = Arc::clone(&semaphore);
            async move {
                for _ in 0..2_000 {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let choice = random >> 16;
                    let wanted = NonZeroU32::new(choice % 6 + 1).unwrap();
                    let acquiring = semaphore.acquire(wanted);
                    if choice & 0x300 == 0 {
                        // the caller stops waiting
                        if let Some(Some(permits)) = acquiring.now_or_never() {
                            semaphore.release(permits);
                        }
                        yield_now().await;
                        continue;
                    }
                    let permits = acquiring.await.unwrap();
                    yield_now().await;
                    match choice & 0xc00 {
                        0 => semaphore.on_throttled(permits),
                        _ => semaphore.on_success(),
                    }
                    semaphore.release(permits);
                }
            }
        };
        futures_util::future::join_all((0..12).map(worker)).await;
        assert_eq!(semaphore.in_flight(), 0);
        semaphore.withdraw();
        let state = semaphore.state();
        assert_eq!((semaphore.permits.available_permits(), state.owed), (state.allowed, 0));
    }
}
