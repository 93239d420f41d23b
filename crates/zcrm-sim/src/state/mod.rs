//! The state of a simulator: plain data that can be serialised in a snapshot.

mod bulk_jobs;
mod bulk_reads;
mod bulk_writes;
mod channels;
mod credits;
mod deleted;
mod devices;
mod files;
mod grants;
mod history;
mod index;
mod link;
mod locks;
mod mass_jobs;
mod merges;
mod new_organisation;
mod page_tokens;
mod permissions;
mod record;
mod record_jobs;
mod savepoint;
mod settings_map;
mod shares;
mod store;
mod table;
mod tokens;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::rng::Rng;
use crate::schema::{FieldSpec, ModuleSpec, Modules};
use crate::version::Version;

pub(crate) use bulk_jobs::{Job, JobFault, JobKind, JobProgress, ResultFile};
pub(crate) use bulk_reads::{
    BulkCriteria, BulkPageToken, BulkQuery, BulkReadJob, BulkStart, JobEnd,
};
pub(crate) use bulk_writes::{
    BulkFieldMapping, BulkOperation, BulkResource, BulkUpload, BulkWriteEnd, BulkWriteJob,
    ResourceEnd, RowCounts,
};
pub(crate) use channels::{Channel, ChannelCondition, ChannelEvent, RecordOperation};
pub(crate) use credits::SpentCredits;
pub(crate) use deleted::{DeletedKind, DeletedRecord, KeptRecord};
pub(crate) use devices::{CODE_LIFE, Decision, Device};
pub(crate) use files::{Attachment, AttachmentContent, Blob, File};
pub(crate) use grants::{PendingGrant, RefreshTokenIssue};
pub(crate) use history::{PastRecords, RecordChange};
pub(crate) use index::IndexMatch;
pub(crate) use link::Link;
pub(crate) use locks::RecordLock;
pub(crate) use mass_jobs::{MassJob, MassJobEnd, MassWork};
pub(crate) use merges::{FieldChoice, Merge, MergeJob};
pub(crate) use new_organisation::FOUNDED;
pub(crate) use page_tokens::{PagePosition, PageTokenError, PageTokens, expiry};
pub(crate) use permissions::{allows, permissions, set_permission};
pub(crate) use record::Record;
pub(crate) use record_jobs::{RecordJob, RecordWork};
pub(crate) use settings_map::SettingsMap;
pub(crate) use shares::Share;
pub(crate) use store::{CustomView, Store, Tag};
pub(crate) use table::Table;
pub(crate) use tokens::{
    AccountsState, IssuedTokens, THROTTLE_LOCK, TOKEN_LIFE_SECONDS, TokenError,
};
pub(crate) use users::{ADMINISTRATOR, User, UserStatus, user_defaults};

/// The application registered with the accounts server.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OAuthClient {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) redirect_uri: String,
}

/// The entire state.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) rng: Rng,
    pub(crate) client: OAuthClient,
    pub(crate) users: Vec<User>,
    pub(crate) org_id: String,
    pub(crate) accounts: AccountsState,
    pub(crate) modules: Modules,
    /// The fields of users, as a module that has no path.
    pub(crate) user_fields: Arc<ModuleSpec>,
    pub(crate) production: Store,
    pub(crate) sandbox: Store,
    pub(crate) page_tokens: PageTokens,
    /// The metadata answers since the metadata was last changed.
    #[serde(skip)]
    pub(crate) described: BTreeMap<(Version, String), Bytes>,
    /// The API credits spent.
    pub(crate) spent: BTreeMap<Environment, SpentCredits>,
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
        let settings = new_organisation::default_settings(&mut rng);
        let users: Vec<User> = emails
            .iter()
            .enumerate()
            .map(|(index, email)| users::new_user(&mut rng, &settings, email, index == 0))
            .collect();
        let mut user_fields = users::user_fields();
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

    /// Adds a module and assigns ids to it and to its fields.
    pub(crate) fn register(&mut self, mut spec: ModuleSpec) {
        self.described.clear();
        spec.identify(|| self.rng.next_id());
        let first = self.users.first().map(|user| user.id.clone()).unwrap_or_default();
        let mut settings = Store::default();
        new_organisation::add_module_settings(&mut self.rng, &mut settings, &spec, &first);
        for store in [&mut self.production, &mut self.sandbox] {
            store.views.retain(|_, view| view.module != spec.api_name());
            store.views.extend(settings.views.clone());
            store.assignment_rules.0.extend(settings.assignment_rules.0.clone());
        }
        self.modules.insert(spec.api_name().to_owned(), Arc::new(spec));
    }

    /// Adds a custom field to a module; returns `false` if the module does not exist.
    pub(crate) fn add_field(&mut self, module: &str, mut field: FieldSpec) -> bool {
        self.described.clear();
        let Some(spec) = self.modules.get_mut(module) else { return false };
        field.custom = true;
        field.identify(|| self.rng.next_id());
        let spec = Arc::make_mut(spec);
        *spec = spec.clone().field(field);
        true
    }

    /// Adds a value to the list of a picklist, unless the list has it. The field is a column of
    /// `subform`, or of the module itself.
    pub(crate) fn add_value(
        &mut self,
        module: &str,
        subform: Option<&str>,
        field: &str,
        value: &str,
    ) {
        let Some(spec) = self.modules.get_mut(module).map(Arc::make_mut) else { return };
        let found = match subform {
            None => spec.find_mut(field),
            Some(subform) => spec.find_mut(subform).and_then(|subform| {
                subform.columns.iter_mut().find(|column| column.api_name == field)
            }),
        };
        if let Some(field) = found
            && !field.values.iter().any(|known| known == value)
        {
            field.values.push(value.to_owned());
            self.described.clear();
        }
    }

    /// Adds a field to the users.
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
