//! The logins and logouts of users, from which the login that the store must hold follows.

use std::time::Duration;

/// The logins and logouts of all users.
#[derive(Debug)]
pub(crate) struct Logins(Vec<Vec<Change>>);

/// A login or logout.
#[derive(Debug)]
struct Change {
    process: Option<usize>,
    begin: Duration,
    /// `None` while it is in progress.
    end: Option<Duration>,
    /// Whether the application received a success.
    succeeded: bool,
    effect: Effect,
}

/// A possible effect of a change on the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The store holds the login of this grant.
    LogIn { grant: String },
    /// The store holds no login.
    LogOut,
}

/// The place of a change, to end it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChangeId {
    user: usize,
    index: usize,
}

impl Logins {
    /// Starts without any login.
    pub(crate) fn new(users: usize) -> Self {
        let nothing = || Change {
            process: None,
            begin: Duration::ZERO,
            end: Some(Duration::ZERO),
            succeeded: true,
            effect: Effect::LogOut,
        };
        Self((0..users).map(|_| vec![nothing()]).collect())
    }

    /// Records that a change begins.
    pub(crate) fn begin(
        &mut self,
        user: usize,
        process: usize,
        now: Duration,
        effect: Effect,
    ) -> ChangeId {
        let changes = self.0.get_mut(user).into_iter();
        let mut index = 0;
        for changes in changes {
            index = changes.len();
            let process = Some(process);
            changes.push(Change {
                process,
                begin: now,
                end: None,
                succeeded: false,
                effect: effect.clone(),
            });
        }
        ChangeId { user, index }
    }

    /// Records that a change ended.
    pub(crate) fn end(&mut self, id: ChangeId, now: Duration, succeeded: bool) {
        if let Some(change) = self.0.get_mut(id.user).and_then(|it| it.get_mut(id.index)) {
            change.end = Some(now);
            change.succeeded = succeeded;
        }
    }

    /// Records that a process was killed: its changes have no further effect.
    pub(crate) fn kill(&mut self, process: usize, now: Duration) {
        for change in self.0.iter_mut().flatten() {
            if change.process == Some(process) && change.end.is_none() {
                change.end = Some(now);
            }
        }
    }

    /// Returns the effects that the store may show now: those that no later success has replaced.
    pub(crate) fn possible(&self, user: usize) -> Vec<&Effect> {
        let changes = self.0.get(user).map(Vec::as_slice).unwrap_or_default();
        let is_replaced = |change: &Change| {
            changes
                .iter()
                .any(|later| later.succeeded && change.end.is_some_and(|end| end < later.begin))
        };
        changes.iter().filter(|change| !is_replaced(change)).map(|change| &change.effect).collect()
    }

    /// Returns whether a change of a user is in progress.
    pub(crate) fn is_changing(&self, user: usize) -> bool {
        self.0.get(user).into_iter().flatten().any(|change| change.end.is_none())
    }
}
