//! The arguments of the program.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt as _};
use zcrm_core::BoxError;

use crate::tokens::plant::Plant;

/// The histories to run, and the faults to plant.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// The number of histories, with seeds from `seed` on.
    pub(crate) histories: u64,
    pub(crate) seed: u64,
    /// The number of threads.
    pub(crate) threads: u64,
    /// The number of histories that are run a second time, to compare their hashes.
    pub(crate) replays: u64,
    /// The planted fault, which must be found.
    pub(crate) plant: Option<Plant>,
    /// Whether each planted fault is searched for, one after the other.
    pub(crate) all_plants: bool,
    /// Whether the log of the first seed is printed.
    pub(crate) log: bool,
}

impl Arguments {
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, BoxError> {
        let threads = std::thread::available_parallelism().map_or(1, |it| it.get() as u64);
        let mut given = Self {
            histories: 20_000,
            seed: 1,
            threads,
            replays: 1000,
            plant: None,
            all_plants: false,
            log: false,
        };
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("histories") => given.histories = parser.value()?.parse()?,
                Arg::Long("seed") => given.seed = parser.value()?.parse()?,
                Arg::Long("threads") => given.threads = parser.value()?.parse::<u64>()?.max(1),
                Arg::Long("replays") => given.replays = parser.value()?.parse()?,
                Arg::Long("world") => {
                    let world = parser.value()?.string()?;
                    if world != "tokens" {
                        return Err(format!(
                            "unknown world `{}`: there is `tokens`",
                            world.escape_debug()
                        )
                        .into());
                    }
                }
                Arg::Long("plant") => {
                    let name = parser.value()?.string()?;
                    let unknown = || {
                        let names: Vec<&str> = Plant::ALL.iter().map(|(name, _)| *name).collect();
                        let (name, names) = (name.escape_debug(), names.join(", "));
                        format!("unknown fault `{name}`: there are {names}")
                    };
                    given.plant = Some(Plant::named(&name).ok_or_else(unknown)?);
                }
                Arg::Long("plants") => given.all_plants = true,
                Arg::Long("log") => given.log = true,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(given)
    }
}
