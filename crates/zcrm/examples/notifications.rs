//! Receives notifications of changed leads: keeps the channel, and prints what Zoho sends.
//!
//! The settings are those of `Config::from_env`. `NOTIFY_URL` is the public address of this program, such as
//! `https://app.example/zoho`, and `NOTIFY_TOKEN` a random text of at most 50 characters. Several processes can run
//! at the same time: one of them renews the channel, and each notification is printed once.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::{env, error::Error, sync::Arc, time::Duration};

use axum::Router;
use zcrm::{
    Client, Config,
    http::TokioClock,
    notifications::{Channel, ChannelKeeper, Event, LeaseSeen, Receiver},
    stores::FileLeases,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder().config(Config::from_env()?).build()?;
    let leases = Arc::new(FileLeases::new("."));
    let channel = Channel::to(env::var("NOTIFY_URL")?)
        .on("Leads", [Event::Create, Event::Edit, Event::Delete])
        .with_token(env::var("NOTIFY_TOKEN")?);

    let seen = LeaseSeen::new(leases.clone(), "leads", Arc::new(TokioClock::new()))?;
    let (receiver, mut notifications) = Receiver::builder([channel.clone()])?
        .drop_duplicates(Arc::new(seen), Duration::from_secs(24 * 3_600))
        .build();
    let app = Router::new().route_service("/zoho", receiver);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    // opens the channel after the server has started, and renews it
    let keeper = ChannelKeeper::new(&client, leases, "channel of leads", [channel])?
        .on_event(|event| println!("{event:?}"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let keeper = tokio::spawn(keeper.run_until(async { drop(stopped.await) }));

    loop {
        tokio::select! {
            notification = notifications.next() => match notification {
                Some(notification) => println!("{notification:?}"),
                None => break,
            },
            signal = tokio::signal::ctrl_c() => {
                signal?;
                break;
            }
        }
    }
    drop(stop);
    keeper.await?;
    Ok(())
}
