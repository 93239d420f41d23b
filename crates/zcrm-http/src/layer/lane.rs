//! A number of places that shrinks when the server says "too many" and grows back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

/// Places for calls, first come first served. After a 429 there are half as many; each full round
/// of calls that went well brings one place back.
#[derive(Clone, Debug)]
pub(super) struct Lane(Arc<Shared>);

#[derive(Debug)]
struct Shared {
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
    round: u64,
    /// Calls that went well since the number of places last changed.
    well: usize,
}

/// A place, for as long as a call takes.
#[derive(Debug)]
pub(super) struct Place {
    lane: Arc<Shared>,
    round: u64,
}

impl Lane {
    /// A lane of `most` places, at least one.
    pub(super) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let state = State { most, allowed: most, owed: 0, round: 0, well: 0 };
        Self(Arc::new(Shared { places: Semaphore::new(most), state: Mutex::new(state) }))
    }

    /// Waits for a place. `None` never comes: the lane is never closed.
    pub(super) async fn enter(&self) -> Option<Place> {
        // the place gives it back
        self.0.places.acquire().await.ok()?.forget();
        Some(self.place())
    }

    /// A place that is free, and that nobody waits for.
    pub(super) fn try_enter(&self) -> Option<Place> {
        self.0.places.try_acquire().ok()?.forget();
        Some(self.place())
    }

    fn place(&self) -> Place {
        Place { lane: Arc::clone(&self.0), round: self.0.state().round }
    }

    /// How many places are taken.
    pub(super) fn taken(&self) -> usize {
        let state = self.0.state();
        (state.allowed + state.owed).saturating_sub(self.0.places.available_permits())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The server said "too many".
    pub(super) fn slow_down(&self) {
        let mut state = self.lane.state();
        if state.round != self.round {
            return;
        }
        state.round += 1;
        state.well = 0;
        let fewer = (state.allowed / 2).max(1);
        let gone = state.allowed - fewer;
        state.allowed = fewer;
        state.owed += gone - self.lane.places.forget_permits(gone);
    }

    /// The call went well.
    pub(super) fn went_well(&self) {
        let mut state = self.lane.state();
        if state.allowed == state.most {
            return;
        }
        state.well += 1;
        if state.well >= state.allowed {
            state.well = 0;
            state.allowed += 1;
            match state.owed.checked_sub(1) {
                Some(owed) => state.owed = owed,
                None => self.lane.places.add_permits(1),
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        match state.owed.checked_sub(1) {
            Some(owed) => state.owed = owed,
            None => self.lane.places.add_permits(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lane, Place};

    async fn take(lane: &Lane, count: usize) -> Vec<Place> {
        let mut places = Vec::new();
        for _ in 0..count {
            places.push(lane.enter().await.unwrap());
        }
        places
    }

    #[tokio::test]
    async fn a_round_of_refusals_halves_the_places_once() {
        let lane = Lane::new(8);
        let places = take(&lane, 8).await;
        places.iter().for_each(Place::slow_down);
        drop(places);
        assert_eq!(lane.0.places.available_permits(), 4);
        let places = take(&lane, 2).await;
        places.iter().for_each(Place::slow_down);
        assert_eq!(lane.taken(), 2);
        drop(places);
        assert_eq!(lane.0.places.available_permits(), 2);
        for _ in 0..5 {
            take(&lane, 1).await.iter().for_each(Place::slow_down);
        }
        assert_eq!(lane.0.places.available_permits(), 1);
    }

    #[tokio::test]
    async fn what_goes_well_brings_the_places_back_one_by_one() {
        let lane = Lane::new(4);
        take(&lane, 1).await.iter().for_each(Place::slow_down);
        assert_eq!(lane.0.places.available_permits(), 2);
        let mut calls = 0;
        while lane.0.places.available_permits() < 4 {
            take(&lane, 1).await.iter().for_each(Place::went_well);
            calls += 1;
        }
        assert_eq!(calls, 2 + 3);
        for _ in 0..20 {
            take(&lane, 1).await.iter().for_each(Place::went_well);
        }
        assert_eq!(lane.0.places.available_permits(), 4);
        assert_eq!(lane.taken(), 0);
    }
}
