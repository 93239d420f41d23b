//! A random history of a module, and of the replica that follows it.

use std::time::Duration;

use zcrm_api::changes::{ChangeMark, ChangeStream};
use zcrm_core::{BoxError, Record};

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
}

/// Runs a history, and compares the replica at its end.
pub(super) async fn run(seed: u64, tally: &mut Tally) -> Result<(), BoxError> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = World::start(&mut rng).await?;
    let (replica, mark) = (Replica::default(), ChangeMark::beginning());
    let mut history = History { world, rng, tally, replica, mark };
    let result = history.run().await;
    let done = history.world.operator().await.take_done();
    history.tally.operations.add(done);
    history.world.sim.stop().await;
    result
}

impl History<'_> {
    async fn run(&mut self) -> Result<(), BoxError> {
        // some histories have more records than a page, written within a second
        let is_long = self.rng.u8(0..30) == 0;
        if is_long {
            let count = self.rng.usize(190..450);
            let mut operator = self.world.operator().await;
            for _ in 0..count {
                operator.insert()?;
            }
        }
        for _ in 0..self.rng.u32(5..40) {
            match self.rng.u8(0..10) {
                0..=1 => self.read(true).await?,
                2 => self.wait(),
                3 if is_long => self.operate_on_many().await?,
                _ => self.world.operator().await.operate().await?,
            }
        }
        self.settle(is_long).await
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
        self.world.operator().await.set_disturbs(disturbed);
        let mut changes = self.changes()?;
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
        }
        self.mark = changes.mark();
        self.tally.rounds += 1;
        Ok(())
    }

    /// Lets everything become visible, reads to the end, and compares. Then idle rounds must return
    /// nothing, for three credits, unless more is deleted than a page has.
    async fn settle(&mut self, is_long: bool) -> Result<(), BoxError> {
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
        match returned == 0 && (spent <= 3 || is_long) {
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
