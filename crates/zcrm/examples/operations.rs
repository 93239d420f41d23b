//! Calls operations that have no separate method: any row of the table of operations can be called.
//!
//! Uses the embedded simulator, over real sockets and TLS:
//!
//! ```text
//! cargo run -p zcrm --example operations
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use zcrm::{
    operations::{MODULES_GET, ORG_GET, USERS_LIST},
    prelude::*,
};
use zcrm_sim::Simulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sim = Simulator::start().await?;
    let client = Client::builder().config(Config::from_map(sim.settings())?).build()?;
    client.tokens().exchange(sim.grant_token()).await?;

    let org = client.call(&ORG_GET).object::<Record>().await?;
    println!("organisation: {:?}", org.get::<String>("company_name")?);

    let mut pages = client.call(&USERS_LIST).param("type", "AllUsers").list::<Record>().pages();
    while let Some(page) = pages.next().await {
        println!("a page of {} users", page?.items.len());
    }

    let leads =
        client.call(&MODULES_GET).path("api_name", "Leads").json::<serde_json::Value>().await?;
    println!("module: {:?}", leads.pointer("/modules/0/plural_label"));

    // A parameter that the operation does not know is rejected before anything is sent.
    let mistake = client.call(&USERS_LIST).param("typ", "AllUsers").list::<Record>().await;
    if let Err(error) = mistake {
        println!("{error}");
    }
    sim.stop().await;
    Ok(())
}
