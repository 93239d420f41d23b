//! The limits of an edition: API credits in a day, and calls at the same time.

mod cost;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(crate) use cost::CallCost;

use crate::call::Answer;

/// The edition of an organisation, which says how many API credits it has and how many calls it may
/// make at once.
///
/// | edition | credits in 24 hours | calls at once |
/// | --- | --- | --- |
/// | free | 5,000 | 5 |
/// | standard | 50,000 + 250 for each user, at most 100,000 | 10 |
/// | professional | 50,000 + 500 for each user, at most 3,000,000 | 15 |
/// | enterprise | 50,000 + 1,000 for each user, at most 5,000,000 | 20 |
/// | ultimate | 50,000 + 2,000 for each user | 25 |
///
/// Of the calls at once, at most ten may be heavy ones: COQL, lists with `cvid` or `sort_by`, writes
/// of more than ten records, conversions and mails. The numbers are those of Zoho's pages on API
/// limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Edition {
    /// The free edition.
    Free,
    /// Standard.
    Standard,
    /// Professional.
    Professional,
    /// Enterprise, and Zoho One.
    Enterprise,
    /// Ultimate, and CRM Plus.
    Ultimate,
}

impl std::str::FromStr for Edition {
    type Err = crate::Error;

    /// Reads the edition's name in small letters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "free" => Self::Free,
            "standard" => Self::Standard,
            "professional" => Self::Professional,
            "enterprise" => Self::Enterprise,
            "ultimate" => Self::Ultimate,
            _ => return Err(crate::Error::UnknownEdition(text.to_owned())),
        })
    }
}

/// How many heavy calls may be under way, whatever the edition.
const HEAVY_AT_ONCE: usize = 10;

/// The span over which credits are counted.
const DAY: TimeDelta = TimeDelta::hours(24);

impl Edition {
    /// The credits of an organisation with that many users.
    pub(crate) fn credits(self, users: usize) -> u64 {
        let users = u64::try_from(users).unwrap_or(u64::MAX);
        let of = |each: u64, most: u64| users.saturating_mul(each).saturating_add(50_000).min(most);
        match self {
            Self::Free => 5_000,
            Self::Standard => of(250, 100_000),
            Self::Professional => of(500, 3_000_000),
            Self::Enterprise => of(1_000, 5_000_000),
            Self::Ultimate => of(2_000, u64::MAX),
        }
    }

    fn at_once(self) -> usize {
        match self {
            Self::Free => 5,
            Self::Standard => 10,
            Self::Professional => 15,
            Self::Enterprise => 20,
            Self::Ultimate => 25,
        }
    }
}

/// The credits that an environment has spent within the last day.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// What was spent in a second, oldest first.
    seconds: VecDeque<(DateTime<Utc>, u64)>,
    sum: u64,
}

impl Spent {
    /// What was spent within the day before `now`.
    pub(crate) fn sum(&mut self, now: DateTime<Utc>) -> u64 {
        while let Some((at, credits)) = self.seconds.front().copied() {
            if now < at + DAY {
                break;
            }
            self.seconds.pop_front();
            self.sum = self.sum.saturating_sub(credits);
        }
        self.sum
    }

    pub(crate) fn spend(&mut self, credits: u64, now: DateTime<Utc>) {
        let now = crate::clock::whole_seconds(now);
        self.sum = self.sum.saturating_add(credits);
        match self.seconds.back_mut() {
            Some((at, spent)) if *at == now => *spent = spent.saturating_add(credits),
            _ => self.seconds.push_back((now, credits)),
        }
    }
}

/// What is left of an allowance, in the header that says so from half of it on.
pub(crate) fn tell_remaining(answer: Answer, allowance: u64, spent: u64) -> Answer {
    if spent.saturating_mul(2) < allowance {
        return answer;
    }
    let left = allowance.saturating_sub(spent).to_string();
    answer.with_header("x-api-credits-remaining", &left)
}

/// The refusal of a call too many. Zoho does not say which of the limits was hit.
pub(crate) fn too_many() -> Answer {
    let mut answer = Answer::json(
        StatusCode::TOO_MANY_REQUESTS,
        &json!({
            "code": "TOO_MANY_REQUESTS",
            "details": {},
            "message": "You have made too many requests within a certain time frame.",
            "status": "error",
        }),
    );
    answer.authorised = true;
    answer.with_code("TOO_MANY_REQUESTS")
}

/// The calls that are under way in one environment.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    all: AtomicUsize,
    heavy: AtomicUsize,
}

impl InFlight {
    /// Takes a place for a call, if there is one.
    pub(crate) fn enter(&self, edition: Edition, heavy: bool) -> Option<Permit<'_>> {
        let all = Permit::take(&self.all, edition.at_once())?;
        if !heavy {
            return Some(all);
        }
        let mut place = Permit::take(&self.heavy, HEAVY_AT_ONCE)?;
        place.also = Some(Box::new(all));
        Some(place)
    }
}

/// A place among the calls under way; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    taken: &'a AtomicUsize,
    also: Option<Box<Permit<'a>>>,
}

impl<'a> Permit<'a> {
    fn take(counter: &'a AtomicUsize, most: usize) -> Option<Self> {
        let next = |taken: usize| (taken < most).then_some(taken + 1);
        counter.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).ok()?;
        Some(Self { taken: counter, also: None })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_gives_what_its_users_bring_up_to_its_most() {
        assert_eq!(Edition::Free.credits(900), 5_000);
        assert_eq!(Edition::Standard.credits(2), 50_500);
        assert_eq!(Edition::Standard.credits(1_000), 100_000);
        assert_eq!(Edition::Enterprise.credits(1), 51_000);
        assert_eq!(Edition::Ultimate.credits(5_000_000), 10_000_050_000);
    }

    #[test]
    fn a_heavy_call_takes_two_places_and_gives_both_back() {
        let calls = InFlight::default();
        let mut places: Vec<_> =
            (0..10).map(|_| calls.enter(Edition::Standard, true).unwrap()).collect();
        assert!(calls.enter(Edition::Ultimate, true).is_none());
        assert!(calls.enter(Edition::Standard, false).is_none());
        assert!(calls.enter(Edition::Ultimate, false).is_some());
        places.pop();
        assert!(calls.enter(Edition::Standard, true).is_some());
    }

    #[test]
    fn credits_come_back_after_a_day() {
        let at = DateTime::UNIX_EPOCH;
        let mut spent = Spent::default();
        spent.spend(3, at);
        spent.spend(4, at + TimeDelta::hours(1));
        assert_eq!(spent.sum(at + DAY - TimeDelta::seconds(1)), 7);
        assert_eq!(spent.sum(at + DAY), 4);
        assert_eq!(spent.sum(at + DAY + TimeDelta::hours(1)), 0);
    }
}
