//! A number of places that shrinks when the server says "too many" and grows back.

use std::{
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;

/// Places for calls, first come first served. After a 429 there are half as many; each full round
/// of calls that went well brings one place back. Who took a place [gives it back](Self::leave).
#[derive(Debug)]
pub(super) struct Lane {
    places: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    most: usize,
    allowed: usize,
    /// Places that are still held by calls and go when those end.
    owed: usize,
    /// Counts the slow-downs, so that the calls of one round slow down once.
    round: NonZeroU32,
    /// Calls that went well since the number of places last changed.
    well: usize,
}

/// Between which slow-downs a place was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round(NonZeroU32);

impl Lane {
    /// A lane of `most` places, at least one.
    pub(super) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let state = State { most, allowed: most, owed: 0, round: NonZeroU32::MIN, well: 0 };
        Self { places: Semaphore::new(most), state: Mutex::new(state) }
    }

    /// Waits for a place. `None` never comes: the lane is never closed.
    pub(super) async fn enter(&self) -> Option<Round> {
        self.places.acquire().await.ok()?.forget();
        Some(Round(self.state().round))
    }

    /// Takes a place that is free and has no waiter.
    pub(super) fn try_enter(&self) -> Option<Round> {
        self.places.try_acquire().ok()?.forget();
        Some(Round(self.state().round))
    }

    /// Gives a place back.
    pub(super) fn leave(&self) {
        self.bring_back(&mut self.state());
    }

    /// How many places are taken.
    pub(super) fn taken(&self) -> usize {
        let state = self.state();
        (state.allowed + state.owed).saturating_sub(self.places.available_permits())
    }

    /// The server said "too many" to a call of that round.
    pub(super) fn slow_down(&self, round: Round) {
        let mut state = self.state();
        if state.round != round.0 {
            return;
        }
        state.round = state.round.checked_add(1).unwrap_or(NonZeroU32::MIN);
        state.well = 0;
        let fewer = (state.allowed / 2).max(1);
        let gone = state.allowed - fewer;
        state.allowed = fewer;
        state.owed += gone - self.places.forget_permits(gone);
    }

    /// A call went well.
    pub(super) fn went_well(&self) {
        let mut state = self.state();
        if state.allowed == state.most {
            return;
        }
        state.well += 1;
        if state.well >= state.allowed {
            state.well = 0;
            state.allowed += 1;
            self.bring_back(&mut state);
        }
    }

    fn bring_back(&self, state: &mut State) {
        match state.owed.checked_sub(1) {
            Some(owed) => state.owed = owed,
            None => self.places.add_permits(1),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Lane;

    /// As many calls at a time that are refused, or go well.
    async fn calls(lane: &Lane, count: usize, well: bool) {
        let mut rounds = Vec::new();
        for _ in 0..count {
            rounds.push(lane.enter().await.unwrap());
        }
        assert_eq!(lane.taken(), count);
        for round in rounds {
            if well {
                lane.went_well();
            } else {
                lane.slow_down(round);
            }
            lane.leave();
        }
    }

    #[tokio::test]
    async fn a_round_of_refusals_halves_the_places_once() {
        let lane = Lane::new(8);
        calls(&lane, 8, false).await;
        assert_eq!(lane.places.available_permits(), 4);
        let (first, second) = (lane.enter().await.unwrap(), lane.enter().await.unwrap());
        lane.slow_down(first);
        lane.slow_down(second);
        assert_eq!(lane.taken(), 2);
        lane.leave();
        lane.leave();
        assert_eq!(lane.places.available_permits(), 2);
        for _ in 0..5 {
            calls(&lane, 1, false).await;
        }
        assert_eq!(lane.places.available_permits(), 1);
    }

    #[tokio::test]
    async fn what_goes_well_brings_the_places_back_one_by_one() {
        let lane = Lane::new(4);
        calls(&lane, 1, false).await;
        assert_eq!(lane.places.available_permits(), 2);
        let mut made = 0;
        while lane.places.available_permits() < 4 {
            calls(&lane, 1, true).await;
            made += 1;
        }
        assert_eq!(made, 2 + 3);
        for _ in 0..20 {
            calls(&lane, 1, true).await;
        }
        assert_eq!(lane.places.available_permits(), 4);
        assert_eq!(lane.taken(), 0);
    }
}
