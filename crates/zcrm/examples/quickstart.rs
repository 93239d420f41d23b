//! A tour of zcrm in one run: log in, write, read, recover from an expired token, stream.
//!
//! Without settings it uses the embedded simulator, over real sockets and TLS:
//!
//! ```text
//! cargo run -p zcrm --example quickstart
//! ```
//!
//! With `ZCRM_CLIENT_ID`, `ZCRM_CLIENT_SECRET`, `ZCRM_REDIRECT_URI`, `ZCRM_CURRENT_USER_EMAIL` and
//! `ZCRM_DATA_CENTER` it uses Zoho; the first run needs a grant token in `QUICKSTART_GRANT_TOKEN`
//! (scopes `ZohoCRM.modules.ALL` and `ZohoSearch.securesearch.READ`). It writes two leads, marked
//! as its own, and deletes them again.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zcrm::prelude::*;
use zcrm_sim::{Error as SimError, Simulator};

/// A lead, with the fields that this program uses.
#[derive(Debug, Serialize, Deserialize)]
struct Lead {
    #[serde(skip_serializing)]
    id: Id,
    #[serde(rename = "Last_Name")]
    last_name: String,
    #[serde(rename = "Company")]
    company: Option<String>,
    #[serde(rename = "Email")]
    email: Option<String>,
}

impl Module for Lead {
    const API_NAME: &'static str = "Leads";
    const FIELDS: &'static [&'static str] = &["Last_Name", "Company", "Email"];
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let target = Target::find().await?;
    let client = target.client().await?;

    heading("1. Log in");
    match client.tokens().stored().await? {
        Some(token) => println!(
            "   the file already knows the login: nothing is exchanged\n   \
             access token good until {}",
            token.expires_at
        ),
        None => {
            let token = client.tokens().exchange(target.grant_token()?).await?;
            println!("   grant token exchanged; access token good until {}", token.expires_at);
        }
    }
    println!("   kept in {}", target.folder.join("zcrm_oauthtokens.txt").display());

    heading("2. Create three leads, one of them without its mandatory last name");
    let leads = client.records_of::<Lead>();
    let mark = format!("zcrm quickstart {}", std::process::id());
    let outcomes = leads
        .create_many([
            Record::new().with("Last_Name", "Boyle").with("Company", mark.as_str()),
            Record::new().with("Company", mark.as_str()),
            Record::new().with("Last_Name", "Kay (Zylker, Inc)").with("Company", mark.as_str()),
        ])
        .await?;
    report(&outcomes);
    let ids: Vec<Id> = outcomes.ids().cloned().collect();
    let [first, second, ..] = ids.as_slice() else { return Err("no ids came back".into()) };

    heading("3. Read one back, typed");
    let lead = leads.get(first).await?;
    println!("   {} of `{}` has id {}", lead.last_name, lead.company.unwrap_or_default(), lead.id);

    heading("4. Update three, one of them with a broken e-mail address");
    let change = |id: &Id, email: &str| Record::new().with("id", id.as_str()).with("Email", email);
    let outcomes = leads
        .update_many([
            change(first, "boyle@example.com"),
            change(second, "not an address"),
            change(second, "kay@example.com"),
        ])
        .await?;
    report(&outcomes);

    heading("5. Search, with parentheses and a comma in the value");
    let found = leads.search(field("Last_Name").eq("Kay (Zylker, Inc)")).await?;
    println!("   found {}", found.items.len());

    heading("6. Restart with a token that has expired at the server");
    let restarted = target.client().await?;
    target.expire_token();
    let same = restarted.records_of::<Lead>().get(second).await?;
    println!("   read {} ({})", same.last_name, same.email.unwrap_or_default());
    println!("   {}", target.refreshes());

    heading("7. Stream 450 contacts, page by page");
    let mut contacts = restarted.records("Contacts").list().fields(["Last_Name"]).stream();
    let (mut count, mut last) = (0, None);
    while let Some(contact) = contacts.next().await {
        last = contact?.get::<String>("Last_Name")?;
        count += 1;
        if count == 450 {
            break;
        }
    }
    println!("   read {count}, the last of them {}", last.unwrap_or_default());

    heading("8. Delete what was created");
    let outcomes = restarted.records("Leads").delete_many(ids).await?;
    println!("   deleted {}", outcomes.all()?.len());

    heading("Requests and credits");
    println!("   {}", target.cost());
    target.leave().await
}

fn heading(text: &str) {
    println!("\n{text}");
}

fn report(outcomes: &zcrm::records::WriteResults) {
    for (index, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(done) => {
                println!("   record {index}: {} (id {})", done.message(), done.id);
            }
            Err(error) => println!("   record {index}: {error}"),
        }
    }
}

/// Returns a folder that only this user writes in. Tokens do not belong into a folder that all
/// users share, such as the one for temporary files.
fn own_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(name)
}

/// The server that the example uses: Zoho's, or an embedded simulator.
struct Target {
    folder: PathBuf,
    simulator: Option<Simulator>,
}

impl Target {
    async fn find() -> Result<Self, Failure> {
        if env::var_os("ZCRM_CLIENT_ID").is_some() {
            println!("Talking to Zoho, with the settings of the environment.");
            return Ok(Self { folder: own_folder("zcrm-quickstart-zoho"), simulator: None });
        }
        let folder = own_folder("zcrm-quickstart");
        let simulator = Self::simulator(&folder).await?;
        if simulator.record_count("Contacts") == 0 {
            simulator.add_records("Contacts", 450)?;
        }
        println!(
            "Talking to the embedded simulator: accounts server {}, API {}.",
            simulator.accounts_url(),
            simulator.api_url()
        );
        Ok(Self { folder, simulator: Some(simulator) })
    }

    /// Starts a simulator with the state of an earlier run, so that this run finds its login.
    async fn simulator(folder: &Path) -> Result<Simulator, Failure> {
        let file = folder.join("simulator.json");
        if !file.exists() {
            return Ok(Simulator::start().await?);
        }
        let restored = match Simulator::builder().restore_file(&file) {
            Ok(builder) => builder.start().await,
            Err(error) => Err(error),
        };
        match restored {
            Err(error @ (SimError::Snapshot { .. } | SimError::SnapshotFormat { .. })) => {
                println!("Starting with a new simulator: {error}.");
                // the login of the earlier simulator is useless
                fs::remove_dir_all(folder)?;
                Ok(Simulator::start().await?)
            }
            other => Ok(other?),
        }
    }

    async fn client(&self) -> zcrm::Result<Client> {
        let builder = Client::builder();
        let Some(simulator) = &self.simulator else {
            let builder = builder.config(Config::from_env()?).token_path(&self.folder);
            return builder.api_version(ApiVersion::V8).build();
        };
        builder.config(Config::from_map(simulator.settings())?).token_path(&self.folder).build()
    }

    fn grant_token(&self) -> Result<String, Failure> {
        match &self.simulator {
            Some(simulator) => Ok(simulator.grant_token()),
            None => env::var("QUICKSTART_GRANT_TOKEN")
                .map_err(|_| "the first run needs a grant token in QUICKSTART_GRANT_TOKEN".into()),
        }
    }

    fn expire_token(&self) {
        if let Some(simulator) = &self.simulator {
            simulator.expire_access_tokens();
        }
    }

    fn refreshes(&self) -> String {
        match &self.simulator {
            Some(simulator) => {
                let journal = simulator.journal();
                let refused = journal.count(|entry| entry.status == Some(401));
                let refreshes = journal.refreshes();
                format!("the simulator's journal: calls refused: {refused}, refreshes: {refreshes}")
            }
            None => "(no token was made to expire: Zoho's are valid for an hour)".to_owned(),
        }
    }

    fn cost(&self) -> String {
        match &self.simulator {
            Some(simulator) => {
                let journal = simulator.journal();
                format!(
                    "{} requests: {} of the API, {} exchanges, {} refreshes",
                    journal.requests(),
                    journal.api_requests(),
                    journal.exchanges(),
                    journal.refreshes()
                )
            }
            None => {
                "Zoho shows the calls in its settings, under Developer Hub, APIs & SDKs".to_owned()
            }
        }
    }

    /// Saves the simulator's state next to the token file, for the next run.
    async fn leave(self) -> Result<(), Failure> {
        if let Some(simulator) = &self.simulator {
            simulator.save_snapshot(self.folder.join("simulator.json"))?;
            simulator.stop().await;
        }
        Ok(())
    }
}
