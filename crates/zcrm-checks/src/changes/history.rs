//! A random history of a module, and of the replica that follows it.

use std::{collections::BTreeMap, time::Duration};

use zcrm_api::changes::{Change, ChangeMark, ChangeStream};
use zcrm_core::{BoxError, Id, Record};

use super::{
    replica::{FIELDS, Replica},
    tally::Tally,
    world::{LONGEST_JOB, LOOK_BACK, World},
};

struct History<'a> {
    world: World,
    rng: fastrand::Rng,
    tally: &'a mut Tally,
    replica: Replica,
    mark: ChangeMark,
    is_long: bool,
}

/// Runs a history, and compares the replica at its end.
pub(super) async fn run(seed: u64, tally: &mut Tally) -> Result<(), BoxError> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = World::start(&mut rng).await?;
    let (replica, mark) = (Replica::default(), ChangeMark::beginning());
    let mut history = History { world, rng, tally, replica, mark, is_long: false };
    let result = history.run().await;
    let done = history.world.operator().await.done();
    history.tally.operations.add(done);
    history.world.sim.stop().await;
    result
}

impl History<'_> {
    async fn run(&mut self) -> Result<(), BoxError> {
        // some histories have more records than a page, written within a second
        self.is_long = self.rng.u8(0..30) == 0;
        if self.is_long {
            let count = self.rng.usize(190..450);
            let mut operator = self.world.operator().await;
            operator.set_first_is_long(true);
            for _ in 0..count {
                operator.insert()?;
            }
        }
        for _ in 0..self.rng.u32(5..40) {
            match self.rng.u8(0..10) {
                0..=1 => self.read(true).await?,
                2 => self.wait(),
                3 if self.is_long => self.operate_on_many().await?,
                _ => self.world.operator().await.operate().await?,
            }
        }
        self.settle().await
    }

    fn wait(&mut self) {
        let most = if self.rng.bool() { 3 } else { 3 * LOOK_BACK };
        self.world.sim.advance(Duration::from_secs(self.rng.u64(0..=most)));
    }

    async fn operate_on_many(&mut self) -> Result<(), BoxError> {
        let mut operator = self.world.operator().await;
        if self.rng.bool() {
            return operator.approve_many();
        }
        for _ in 0..self.rng.u32(150..260) {
            operator.delete()?;
        }
        Ok(())
    }

    fn changes(&self) -> Result<ChangeStream<Record>, BoxError> {
        let stored: ChangeMark = serde_json::from_str(&serde_json::to_string(&self.mark)?)?;
        let records = self.world.api.records(self.world.module);
        let look_back = Duration::from_secs(LOOK_BACK);
        Ok(records.changes_since(stored).fields(FIELDS).look_back(look_back).stream())
    }

    /// Reads a round. With `disturbed`, the module changes meanwhile, and the stream may be dropped.
    async fn read(&mut self, disturbed: bool) -> Result<(), BoxError> {
        let mut operator = self.world.operator().await;
        operator.set_disturbs(disturbed);
        operator.begin_round();
        drop(operator);
        let mut changes = self.changes()?;
        let mut deleted = BTreeMap::new();
        loop {
            if disturbed && self.rng.u8(0..12) == 0 {
                self.world.operator().await.operate().await?;
            }
            if disturbed && self.rng.u8(0..40) == 0 {
                self.mark = changes.mark();
                self.tally.resumed += 1;
                changes = self.changes()?;
                if self.rng.bool() {
                    return Ok(());
                }
            }
            let Some(change) = changes.next().await.transpose()? else { break };
            match self.replica.apply(&change)? {
                true => self.tally.puts += 1,
                false => self.tally.deletions += 1,
            }
            if let Change::Deleted(row) = change
                && let Some(number) = self.world.operator().await.deletion_of(row.id.as_str())
            {
                deleted.insert(row.id, number);
            }
        }
        self.check_deleted(&deleted).await?;
        self.world.operator().await.end_round();
        self.mark = changes.mark();
        self.tally.rounds += 1;
        Ok(())
    }

    /// Checks that a round does not return records after their deletions, if all writes are visible at
    /// once: it must read the deletions first.
    async fn check_deleted(&self, deleted: &BTreeMap<Id, u64>) -> Result<(), BoxError> {
        let operator = self.world.operator().await;
        let is_deleted = |id: &Id, number| operator.deletion_of(id.as_str()) == Some(number);
        let mut wrong = deleted.iter().filter(|(id, number)| {
            self.replica.contains(id) && is_deleted(id, **number) && !self.world.is_late
        });
        match wrong.next() {
            None => Ok(()),
            Some((id, _)) => Err(format!("a round returns {id} after its deletion").into()),
        }
    }

    /// Lets everything become visible, reads to the end, and compares. Then idle rounds must return
    /// nothing, for three credits, unless more is deleted than a page has.
    async fn settle(&mut self) -> Result<(), BoxError> {
        self.world.sim.advance(Duration::from_secs(LOOK_BACK + LONGEST_JOB));
        // the first one may be the rest of a round that was interrupted
        self.read(false).await?;
        self.read(false).await?;
        let differences = self.replica.differences(&self.world.records().await);
        if let Some(first) = differences.first() {
            return Err(format!("{} differences, such as: {first}", differences.len()).into());
        }
        let before = *self.tally;
        self.world.sim.advance(Duration::from_secs(3 * LOOK_BACK));
        self.read(false).await?;
        let spent = self.world.sim.spent_credits();
        self.read(false).await?;
        let spent = self.world.sim.spent_credits() - spent;
        let returned = self.tally.puts + self.tally.deletions - before.puts - before.deletions;
        match returned == 0 && (spent <= 3 || self.is_long) {
            true => Ok(()),
            false => {
                let text = format!(
                    "idle rounds return {returned} changes; the last costs {spent} credits"
                );
                Err(text.into())
            }
        }
    }
}
