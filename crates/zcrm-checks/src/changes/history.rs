//! A random history of a module, and of the replica that follows it.

use std::time::Duration;

use zcrm_api::changes::{ChangeMark, ChangeStream};
use zcrm_core::{BoxError, Record};

use super::{
    replica::{FIELDS, Replica},
    world::{LOOK_BACK, World},
};

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// The operations on the module, without the passing of time.
    pub operations: u64,
    /// The rounds that were read to their end.
    pub rounds: u64,
    /// The streams that were dropped before their end, and resumed from a stored mark.
    pub resumed: u64,
    /// The changed records that were returned.
    pub puts: u64,
    /// The deletions that were returned.
    pub deletions: u64,
}

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
    history.world.sim.stop().await;
    result
}

impl History<'_> {
    async fn run(&mut self) -> Result<(), BoxError> {
        // some histories have more records than a page, written within a second
        let is_long = self.rng.u8(0..30) == 0;
        if is_long {
            let count = self.rng.usize(190..450);
            self.world.insert_many(count)?;
        }
        for _ in 0..self.rng.u32(5..40) {
            match self.rng.u8(0..10) {
                0..=1 => self.read(true).await?,
                2 => self.wait(),
                3 if is_long => self.delete_many()?,
                _ => self.operate().await?,
            }
        }
        self.settle(is_long).await
    }

    fn wait(&mut self) {
        let most = if self.rng.bool() { 3 } else { 3 * LOOK_BACK };
        self.world.sim.advance(Duration::from_secs(self.rng.u64(0..=most)));
    }

    fn delete_many(&mut self) -> Result<(), BoxError> {
        for _ in 0..self.rng.u32(150..260) {
            self.world.delete(&mut self.rng)?;
        }
        Ok(())
    }

    /// Does one random operation on the module.
    async fn operate(&mut self) -> Result<(), BoxError> {
        self.tally.operations += 1;
        let (world, rng) = (&mut self.world, &mut self.rng);
        match rng.u8(0..20) {
            0..=5 => world.insert(),
            6..=11 => world.change(rng),
            12..=14 => world.delete(rng),
            15..=16 => world.restore(rng).await,
            17 => world.convert(rng).await,
            _ => {
                world.sim.advance(Duration::from_secs(1));
                Ok(())
            }
        }
    }

    fn changes(&self) -> Result<ChangeStream<Record>, BoxError> {
        let stored: ChangeMark = serde_json::from_str(&serde_json::to_string(&self.mark)?)?;
        let records = self.world.api.records(self.world.module);
        let look_back = Duration::from_secs(LOOK_BACK);
        Ok(records.changes_since(stored).fields(FIELDS).look_back(look_back).stream())
    }

    /// Reads a round. With `disturbed`, the module changes meanwhile, and the stream may be dropped.
    async fn read(&mut self, disturbed: bool) -> Result<(), BoxError> {
        let mut changes = self.changes()?;
        loop {
            if disturbed && self.rng.u8(0..12) == 0 {
                self.operate().await?;
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
        self.world.sim.advance(Duration::from_secs(LOOK_BACK));
        // the first one may be the rest of a round that was interrupted
        self.read(false).await?;
        self.read(false).await?;
        let differences = self.replica.differences(&self.world.records());
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
