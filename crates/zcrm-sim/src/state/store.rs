//! The data of an environment: records and everything related to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bulk_jobs::JobQueue;
use super::bulk_reads::BulkReads;
use super::bulk_writes::BulkWrites;
use super::channels::{ChannelCount, Channels};
use super::files::{Attachment, File};
use super::history::History;
use super::link::Link;
use super::locks::RecordLock;
use super::mass_jobs::MassJob;
use super::merges::MergeJob;
use super::record_jobs::RecordJobs;
use super::settings_map::SettingsMap;
use super::shares::Share;
use super::table::Table;

/// The data of one environment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    /// Shared with a savepoint until they change.
    tables: BTreeMap<String, Arc<Table>>,
    pub(crate) tags: BTreeMap<u64, Tag>,
    /// Relations between records of two modules.
    pub(crate) links: Vec<Link>,
    pub(crate) attachments: BTreeMap<u64, Attachment>,
    /// Photos by record id.
    pub(crate) photos: BTreeMap<u64, File>,
    /// The organisation's photo with its id.
    #[serde(default)]
    pub(crate) org_photo: Option<(u64, File)>,
    /// Uploaded files by id.
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) views: BTreeMap<u64, CustomView>,
    pub(crate) taxes: SettingsMap,
    /// The tax settings of the organisation.
    #[serde(default)]
    pub(crate) tax_preference: TaxPreference,
    pub(crate) currencies: SettingsMap,
    pub(crate) variables: SettingsMap,
    pub(crate) variable_groups: SettingsMap,
    pub(crate) roles: SettingsMap,
    pub(crate) profiles: SettingsMap,
    pub(crate) territories: SettingsMap,
    /// Assignment rules by the id that `lar_id` names.
    pub(crate) assignment_rules: SettingsMap,
    /// The jobs of mass changes.
    #[serde(default)]
    pub(crate) mass_jobs: Vec<MassJob>,
    /// The bulk jobs that have not ended.
    pub(crate) bulk_queue: JobQueue,
    pub(crate) bulk_reads: BulkReads,
    pub(crate) bulk_writes: BulkWrites,
    /// The jobs that change records.
    #[serde(default)]
    pub(crate) record_jobs: RecordJobs,
    /// The scheduled merges.
    #[serde(default)]
    pub(crate) merges: Vec<MergeJob>,
    /// The locks by their ids.
    #[serde(default)]
    pub(crate) locks: BTreeMap<u64, RecordLock>,
    /// The shares by record id.
    #[serde(default)]
    pub(crate) shares: BTreeMap<u64, Vec<Share>>,
    /// The notification channels.
    #[serde(default)]
    pub(crate) channels: Channels,
    /// How often each channel id was opened and renewed, also after its end.
    #[serde(default)]
    pub(crate) channel_counts: BTreeMap<String, ChannelCount>,
    /// The recent changes.
    #[serde(skip)]
    pub(crate) history: History,
}

impl Store {
    pub(crate) fn table(&self, module: &str) -> &Table {
        static EMPTY: Table = Table::new();
        self.tables.get(module).map_or(&EMPTY, Arc::as_ref)
    }

    pub(crate) fn table_mut(&mut self, module: &str) -> &mut Table {
        Arc::make_mut(self.tables.entry(module.to_owned()).or_default())
    }

    /// Returns the lock of a record, if it is locked.
    pub(crate) fn lock_of(&self, record: u64) -> Option<&RecordLock> {
        self.locks.values().find(|lock| lock.record == record)
    }

    /// Returns every table with its module's name.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, &Table)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), table.as_ref()))
    }
}

/// The tax settings of an organisation.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct TaxPreference {
    pub(crate) auto_populate_tax: bool,
    pub(crate) modify_tax_rates: bool,
}

/// A tag of a module's records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) color: Option<String>,
    pub(crate) created_by: String,
    pub(crate) modified_by: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) modified: DateTime<Utc>,
}

/// A custom view of a module's records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomView {
    pub(crate) id: u64,
    pub(crate) module: String,
    pub(crate) name: String,
    /// The system name of a view that is not custom.
    pub(crate) system_name: Option<String>,
    pub(crate) default: bool,
    /// The criteria as `{comparator, field, value}` or `{group_operator, group}`, with the fields'
    /// API names.
    pub(crate) criteria: Option<Value>,
    pub(crate) fields: Vec<String>,
    pub(crate) sort_by: Option<String>,
    pub(crate) descending: bool,
    /// The users who see the view; `None` for all.
    #[serde(default)]
    pub(crate) access_type: Option<String>,
    #[serde(default)]
    pub(crate) shared_to: Vec<Value>,
}
