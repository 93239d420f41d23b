//! Login with Zoho in a browser: a button, the redirect, and a page with the user's leads.
//!
//! Without settings it uses an embedded simulator, which also shows the consent page:
//!
//! ```text
//! cargo run -p zcrm --example login
//! ```
//!
//! With `ZCRM_CLIENT_ID`, `ZCRM_CLIENT_SECRET`, `ZCRM_REDIRECT_URI` and `ZCRM_DATA_CENTER` it uses
//! Zoho. The redirect URI is that of a server-based client of Zoho's API console, such as
//! `http://localhost:8090/callback`; this program listens on its port.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

mod app;

use std::{env, error::Error};

use tokio::net::TcpListener;
use zcrm::{prelude::*, stores::MemoryStore};
use zcrm_sim::Simulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let at_zoho = env::var_os("ZCRM_CLIENT_ID").is_some();
    let redirect_uri = match env::var("ZCRM_REDIRECT_URI") {
        Ok(uri) => uri,
        Err(_) => "http://localhost:8090/callback".to_owned(),
    };
    let port = redirect_uri.parse::<http::Uri>()?.port_u16().unwrap_or(80);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;

    // logins are kept in memory until the program ends; a file or a database would keep them longer
    let mut builder = Client::builder().store(MemoryStore::new());
    let mut simulator = None;
    if at_zoho {
        builder = builder.config(Config::from_env()?).api_version(ApiVersion::V8);
    } else {
        let started = Simulator::builder()
            .client("1000.EXAMPLE", "an example's secret", &redirect_uri)
            .user("patricia@example.com")
            .user("charles@example.com")
            .records("Leads", 12)
            // a browser does not trust the simulator's certificate authority
            .plain_http()
            .start()
            .await?;
        builder = builder.config(Config::from_map(started.settings())?);
        println!("The simulator takes the place of Zoho at {}.", started.accounts_url());
        simulator = Some(started);
    }
    let clients = builder.build_clients()?;
    println!("Open http://localhost:{port}/ in a browser; press Ctrl-C to stop.");
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app::app(clients)).with_graceful_shutdown(stop).await?;
    if let Some(simulator) = simulator {
        simulator.stop().await;
    }
    Ok(())
}
