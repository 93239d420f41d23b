//! What a simulator remembers. All of it can be written down and read again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::accounts::{AccountsState, RefreshLimit};
use crate::crm::{PageTokens, Version};
use crate::exchange::Core;
use crate::limits::{Edition, Spent};
use crate::organisation;
use crate::schema::{FieldSpec, ModuleSpec};
use crate::store::Store;

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
    /// Whether people make ten grants in ten minutes at most.
    pub(crate) grant_limit: bool,
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
pub(crate) struct OAuthClient {
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
    /// The ids of the role and of the profile.
    pub(crate) role: String,
    pub(crate) profile: String,
    pub(crate) status: UserStatus,
    /// Whether the user took up the invitation.
    pub(crate) confirmed: bool,
    /// The ids of territories.
    pub(crate) territories: Vec<String>,
    /// When somebody last changed the user, if anybody did.
    pub(crate) modified: Option<DateTime<Utc>>,
    /// Everything else that is known, by the names of the fields.
    pub(crate) values: Map<String, Value>,
}

/// Whether a user can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UserStatus {
    Active,
    Disabled,
    Deleted,
}

impl User {
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }
}

/// The whole state.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) rng: Rng,
    pub(crate) client: OAuthClient,
    pub(crate) users: Vec<User>,
    pub(crate) org_id: String,
    pub(crate) accounts: AccountsState,
    pub(crate) modules: BTreeMap<String, Arc<ModuleSpec>>,
    /// The fields of users, as a module that no path names.
    pub(crate) user_fields: Arc<ModuleSpec>,
    pub(crate) production: Store,
    pub(crate) sandbox: Store,
    pub(crate) page_tokens: PageTokens,
    /// Metadata as it was answered: it does not change while the simulator runs.
    #[serde(skip)]
    pub(crate) described: BTreeMap<(Version, String), Bytes>,
    /// The API credits that were spent.
    pub(crate) spent: BTreeMap<Environment, Spent>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("org_id", &self.org_id).finish_non_exhaustive()
    }
}

impl State {
    pub(crate) fn new(seed: u64, client: OAuthClient, emails: &[String]) -> Self {
        let mut rng = Rng::new(seed);
        let org_id = rng.next_id().to_string();
        let settings = organisation::settings(&mut rng);
        let users: Vec<User> = emails
            .iter()
            .enumerate()
            .map(|(index, email)| organisation::new_user(&mut rng, &settings, email, index == 0))
            .collect();
        let mut user_fields = organisation::user_fields();
        user_fields.identify(|| rng.next_id());
        Self {
            rng,
            client,
            users,
            org_id,
            accounts: AccountsState::default(),
            modules: BTreeMap::new(),
            user_fields: Arc::new(user_fields),
            sandbox: settings.clone(),
            production: settings,
            page_tokens: PageTokens::default(),
            described: BTreeMap::new(),
            spent: BTreeMap::new(),
        }
    }

    /// Makes a module known, giving ids to it and to its fields.
    pub(crate) fn register(&mut self, mut spec: ModuleSpec) {
        self.described.clear();
        spec.identify(|| self.rng.next_id());
        let first = self.users.first().map(|user| user.id.clone()).unwrap_or_default();
        let mut settings = Store::default();
        organisation::settle_module(&mut self.rng, &mut settings, &spec, &first);
        for store in [&mut self.production, &mut self.sandbox] {
            store.views.retain(|_, view| view.module != spec.api_name());
            store.views.extend(settings.views.clone());
            store.assignment_rules.0.extend(settings.assignment_rules.0.clone());
        }
        self.modules.insert(spec.api_name().to_owned(), Arc::new(spec));
    }

    /// Gives a module a custom field; `false` if there is no such module.
    pub(crate) fn add_field(&mut self, module: &str, mut field: FieldSpec) -> bool {
        self.described.clear();
        let Some(spec) = self.modules.get_mut(module) else { return false };
        field.custom = true;
        field.identify(|| self.rng.next_id());
        let spec = Arc::make_mut(spec);
        *spec = spec.clone().field(field);
        true
    }

    /// Gives the users a field.
    pub(crate) fn add_user_field(&mut self, mut field: FieldSpec) {
        field.custom = true;
        field.identify(|| self.rng.next_id());
        let fields = Arc::make_mut(&mut self.user_fields);
        *fields = fields.clone().field(field);
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

/// The source of everything that looks random: ids and tokens, determined by the seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rng {
    seed: u64,
    last_id: u64,
}

impl Rng {
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
