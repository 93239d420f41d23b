//! What a simulator remembers. All of it can be written down and read again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::accounts::{Accounts, RefreshLimit};
use crate::crm::PageTokens;
use crate::exchange::Core;
use crate::limits::{Edition, Spent};
use crate::schema::ModuleSpec;

/// Which of an organisation's environments a token or a record belongs to.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Environment {
    /// The one with the organisation's real data.
    #[default]
    Production,
    /// A copy to try things in, with records and tokens of its own.
    Sandbox,
}

/// Behaviour that is set once; it is no part of a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) accounts_url: String,
    pub(crate) api_url: String,
    pub(crate) sandbox_url: String,
    pub(crate) control_url: String,
    /// The certificate authority; empty where TLS is off.
    pub(crate) ca_pem: String,
    /// The short name of the data centre, such as `us`.
    pub(crate) data_center: String,
    /// The simulators of other data centres that users may live in.
    pub(crate) others: Vec<Arc<Core>>,
    pub(crate) auto_consent: bool,
    pub(crate) refresh_limit: RefreshLimit,
    pub(crate) refresh_lockout: TimeDelta,
    /// Whose limits hold; without one, neither credits nor calls at once are limited.
    pub(crate) edition: Option<Edition>,
    pub(crate) all_failed_status: Option<u16>,
    pub(crate) search_lag: Duration,
}

impl Policy {
    /// The address of an environment's API.
    pub(crate) fn api(&self, environment: Environment) -> &str {
        match environment {
            Environment::Production => &self.api_url,
            Environment::Sandbox => &self.sandbox_url,
        }
    }
}

/// The application that is registered with the accounts server.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) redirect_uri: String,
}

/// A user of the organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) zuid: String,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
}

impl User {
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// The whole state.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) chance: Chance,
    pub(crate) client: Client,
    pub(crate) users: Vec<User>,
    pub(crate) org_id: String,
    pub(crate) accounts: Accounts,
    pub(crate) modules: BTreeMap<String, Arc<ModuleSpec>>,
    pub(crate) production: Store,
    pub(crate) sandbox: Store,
    pub(crate) page_tokens: PageTokens,
    /// The API credits that were spent.
    pub(crate) spent: BTreeMap<Environment, Spent>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("org_id", &self.org_id).finish_non_exhaustive()
    }
}

impl State {
    pub(crate) fn new(seed: u64, client: Client, emails: &[String]) -> Self {
        let mut chance = Chance::new(seed);
        let org_id = chance.next_id().to_string();
        let users = emails.iter().map(|email| new_user(&mut chance, email)).collect();
        Self {
            chance,
            client,
            users,
            org_id,
            accounts: Accounts::default(),
            modules: BTreeMap::new(),
            production: Store::default(),
            sandbox: Store::default(),
            page_tokens: PageTokens::default(),
            spent: BTreeMap::new(),
        }
    }

    /// Makes a module known, giving ids to it and to its fields.
    pub(crate) fn register(&mut self, mut spec: ModuleSpec) {
        spec.identify(|| self.chance.next_id());
        self.modules.insert(spec.api_name().to_owned(), Arc::new(spec));
    }

    pub(crate) fn module(&self, api_name: &str) -> Option<Arc<ModuleSpec>> {
        self.modules.get(api_name).cloned()
    }

    pub(crate) fn store(&self, environment: Environment) -> &Store {
        match environment {
            Environment::Production => &self.production,
            Environment::Sandbox => &self.sandbox,
        }
    }

    pub(crate) fn store_mut(&mut self, environment: Environment) -> &mut Store {
        match environment {
            Environment::Production => &mut self.production,
            Environment::Sandbox => &mut self.sandbox,
        }
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }
}

fn new_user(chance: &mut Chance, email: &str) -> User {
    let name = email.split('@').next().unwrap_or_default();
    let mut letters = name.chars();
    let first_name = letters.next().map(|first| first.to_uppercase().chain(letters).collect());
    User {
        id: chance.next_id().to_string(),
        zuid: chance.next_id().to_string(),
        email: email.to_owned(),
        first_name: first_name.unwrap_or_default(),
        last_name: String::from("Boyle"),
    }
}

/// The records of one environment, by module.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    tables: BTreeMap<String, Table>,
}

impl Store {
    pub(crate) fn table(&self, module: &str) -> &Table {
        static EMPTY: Table = Table { records: BTreeMap::new(), deleted: Vec::new() };
        self.tables.get(module).unwrap_or(&EMPTY)
    }

    pub(crate) fn table_mut(&mut self, module: &str) -> &mut Table {
        self.tables.entry(module.to_owned()).or_default()
    }
}

/// The records of one module.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) records: BTreeMap<u64, Record>,
    pub(crate) deleted: Vec<Deleted>,
}

impl Table {
    /// The record whose id is written exactly so.
    pub(crate) fn get(&self, id: &str) -> Option<&Record> {
        self.records.get(&record_key(id)?)
    }
}

/// The key of a record's id; `None` if the text is no id in its canonical form.
pub(crate) fn record_key(id: &str) -> Option<u64> {
    let key = id.parse::<u64>().ok()?;
    (key.to_string() == id).then_some(key)
}

/// A record: what the system keeps about it, and the values of its other fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) created_by: String,
    pub(crate) modified_by: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) modified: DateTime<Utc>,
    pub(crate) values: Map<String, Value>,
}

/// What remains of a deleted record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deleted {
    pub(crate) id: u64,
    pub(crate) display_name: String,
    pub(crate) created_by: String,
    pub(crate) deleted_by: String,
    pub(crate) deleted: DateTime<Utc>,
}

/// The source of everything that looks random: ids and tokens, determined by the seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Chance {
    seed: u64,
    last_id: u64,
}

impl Chance {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Ids have 19 digits: seven that differ between organisations, twelve that count.
        let organisation = rng.u64(1_000_000..9_000_000);
        Self { seed: rng.get_seed(), last_id: organisation * 1_000_000_000_000 }
    }

    /// A record's, user's, module's or field's id; later ones are larger.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A token in the form of Zoho's.
    pub(crate) fn token(&mut self) -> String {
        format!("1000.{}.{}", self.hex(), self.hex())
    }

    /// Capital letters that a person can type.
    pub(crate) fn letters(&mut self, count: usize) -> String {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let text = (0..count).map(|_| rng.char('A'..='Z')).collect();
        self.seed = rng.get_seed();
        text
    }

    /// 32 hexadecimal digits.
    pub(crate) fn hex(&mut self) -> String {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let digits = format!("{:032x}", rng.u128(..));
        self.seed = rng.get_seed();
        digits
    }
}
