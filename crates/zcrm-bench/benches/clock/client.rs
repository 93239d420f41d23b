//! A client in a separate process that does one thing many times.

use std::{path::Path, time::Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use zcrm_bench::{
    BoxError,
    baseline::Baseline,
    child::ServerAddress,
    cpu,
    data::{self, BATCH, PAGE},
    memory, runtime, sdk,
};

use crate::hand::Hand;

/// The number of concurrent pages in the scenario `slow`.
const AT_A_TIME: usize = 8;

/// The client that does the work.
enum Client {
    Zcrm(zcrm::Client),
    Baseline(Box<Baseline>),
    Hand(Hand),
}

impl Client {
    async fn new(who: &str, place: &ServerAddress) -> Result<Self, BoxError> {
        Ok(match who {
            "zcrm" => Self::Zcrm(sdk::client(place).await?),
            "baseline" => Self::Baseline(Box::new(Baseline::new(place)?)),
            "hand" => Self::Hand(Hand::new(place)?),
            _ => return Err(format!("there is no client `{who}`").into()),
        })
    }

    async fn get(&self) -> Result<(), BoxError> {
        match self {
            Self::Zcrm(client) => sdk::get(client).await.map(drop),
            Self::Baseline(baseline) => baseline.get().await.map(drop),
            Self::Hand(hand) => hand.get().await.map(drop),
        }
    }

    async fn page(&self, number: u64, slow: bool) -> Result<(), BoxError> {
        let records = match self {
            Self::Zcrm(client) => sdk::page(client, number, slow).await?,
            Self::Baseline(baseline) => baseline.page(number, slow).await?,
            Self::Hand(hand) => hand.page(number, slow).await?,
        };
        if records == PAGE { Ok(()) } else { Err("a page has too few records".into()) }
    }

    async fn create(&self, leads: &[data::NewLead]) -> Result<(), BoxError> {
        let written = match self {
            Self::Zcrm(client) => sdk::create(client, leads).await?,
            Self::Baseline(baseline) => baseline.create(leads).await?,
            Self::Hand(hand) => hand.create(leads).await?,
        };
        if written == BATCH { Ok(()) } else { Err("not all records were written".into()) }
    }

    async fn work(&self, scenario: &str, times: u64) -> Result<(), BoxError> {
        match scenario {
            "get" | "get2" => {
                for _ in 0..times {
                    self.get().await?;
                }
            }
            "page" => {
                for number in 1..=times {
                    self.page(number, false).await?;
                }
            }
            "create" => {
                let leads = data::new_leads();
                for _ in 0..times {
                    self.create(&leads).await?;
                }
            }
            "slow" => {
                stream::iter(1..=times)
                    .map(|number| self.page(number, true))
                    .buffer_unordered(AT_A_TIME)
                    .try_collect::<()>()
                    .await?;
            }
            _ => return Err(format!("there is no scenario `{scenario}`").into()),
        }
        Ok(())
    }
}

/// Runs a scenario `times` times, and prints the seconds, the CPU seconds, and the peak memory of
/// the process in MiB.
pub(crate) fn run(
    who: &str,
    scenario: &str,
    times: u64,
    port: &str,
    pem: &Path,
) -> Result<(), BoxError> {
    let place = ServerAddress::new(port, pem)?;
    runtime()?.block_on(async {
        let client = Client::new(who, &place).await?;
        // the connection is open now
        client.get().await?;
        let (begin, used) = (Instant::now(), cpu());
        client.work(scenario, times).await?;
        let peak = memory("VmHWM:")?;
        println!("{} {} {peak}", begin.elapsed().as_secs_f64(), cpu() - used);
        Ok(())
    })
}
