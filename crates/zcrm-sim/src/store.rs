//! What an environment holds: records, and everything that hangs on them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::history::History;
use crate::index::{Index, IndexMatch};
use crate::notifications::Channels;

/// The data of one environment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    tables: BTreeMap<String, Table>,
    pub(crate) tags: BTreeMap<u64, Tag>,
    /// Relations between records of two modules.
    pub(crate) links: Vec<Link>,
    pub(crate) attachments: BTreeMap<u64, Attachment>,
    /// Photos by the record's id.
    pub(crate) photos: BTreeMap<u64, File>,
    /// The organisation's photo, with its id.
    #[serde(default)]
    pub(crate) org_photo: Option<(u64, File)>,
    /// Uploaded files by their id.
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) views: BTreeMap<u64, CustomView>,
    pub(crate) taxes: SettingsMap,
    /// What the organisation prefers for its taxes.
    #[serde(default)]
    pub(crate) tax_preference: TaxPreference,
    pub(crate) currencies: SettingsMap,
    pub(crate) variables: SettingsMap,
    pub(crate) variable_groups: SettingsMap,
    pub(crate) roles: SettingsMap,
    pub(crate) profiles: SettingsMap,
    pub(crate) territories: SettingsMap,
    /// Rules that give new records to somebody, by the id that `lar_id` names.
    pub(crate) assignment_rules: SettingsMap,
    /// What scheduled jobs came to, by the job's id.
    pub(crate) jobs: BTreeMap<String, Value>,
    /// Who is notified of what.
    #[serde(default)]
    pub(crate) channels: Channels,
    /// What was written lately.
    #[serde(skip)]
    pub(crate) history: History,
}

impl Store {
    pub(crate) fn table(&self, module: &str) -> &Table {
        static EMPTY: Table = Table {
            records: BTreeMap::new(),
            deleted: Vec::new(),
            numbers: BTreeMap::new(),
            hidden: 0,
            index: Index::new(),
        };
        self.tables.get(module).unwrap_or(&EMPTY)
    }

    pub(crate) fn table_mut(&mut self, module: &str) -> &mut Table {
        self.tables.entry(module.to_owned()).or_default()
    }

    /// Every table with its module's name.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, &Table)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), table))
    }
}

/// What an organisation prefers for its taxes.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct TaxPreference {
    pub(crate) auto_populate_tax: bool,
    pub(crate) modify_tax_rates: bool,
}

/// The records of one module.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) records: BTreeMap<u64, Record>,
    pub(crate) deleted: Vec<DeletedRecord>,
    /// The last number that a field which counts has given.
    pub(crate) numbers: BTreeMap<String, u64>,
    /// How many records a plain list leaves out: converted ones, and those that are not approved.
    pub(crate) hidden: usize,
    #[serde(skip)]
    index: Index,
}

impl Table {
    pub(crate) fn add(&mut self, record: Record) {
        self.hidden += usize::from(record.is_hidden());
        self.index.add(record.id, &record.values);
        self.records.insert(record.id, record);
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Record> {
        let record = self.records.remove(&id)?;
        self.hidden -= usize::from(record.is_hidden());
        self.index.remove(id, &record.values);
        Some(record)
    }

    /// Gives a record other values. Fields that can be indexed are changed in this way alone.
    pub(crate) fn change(&mut self, id: u64, values: Map<String, Value>) -> Option<&mut Record> {
        let record = self.records.get_mut(&id)?;
        self.index.remove(id, &record.values);
        self.index.add(id, &values);
        record.values = values;
        Some(record)
    }

    /// The records that look like one of those; `None` if there are more than `most` of them. The
    /// fields are indexed from then on.
    pub(crate) fn find(
        &mut self,
        looks: &[(&str, IndexMatch<'_>)],
        most: usize,
    ) -> Option<BTreeSet<u64>> {
        for (field, _) in looks {
            if !self.index.has(field) {
                let records = self.records.iter().map(|(id, record)| (*id, &record.values));
                self.index.build(field, records);
            }
        }
        let mut found = BTreeSet::new();
        for id in looks.iter().flat_map(|(field, look)| self.index.find(field, *look)) {
            found.insert(id);
            if found.len() > most {
                return None;
            }
        }
        Some(found)
    }

    /// The record whose id is written exactly so.
    pub(crate) fn get(&self, id: &str) -> Option<&Record> {
        self.records.get(&record_key(id)?)
    }
}

/// The key of an id; `None` if the text is no id in its canonical form.
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
    /// Whether a lead was converted.
    pub(crate) converted: bool,
    /// Whether it does not wait for somebody's approval.
    pub(crate) approved: bool,
    pub(crate) values: Map<String, Value>,
}

impl Record {
    fn is_hidden(&self) -> bool {
        self.converted || !self.approved
    }
}

/// What remains of a deleted record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DeletedRecord {
    pub(crate) id: u64,
    pub(crate) display_name: String,
    pub(crate) owner: String,
    pub(crate) created_by: String,
    pub(crate) deleted_by: String,
    pub(crate) deleted: DateTime<Utc>,
    /// Whether somebody took it out of the recycle bin before its time.
    pub(crate) purged: bool,
}

/// A label of a module's records.
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

/// A relation between two records, with the values that belong to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) ends: [(String, u64); 2],
    pub(crate) values: Map<String, Value>,
}

impl Link {
    /// The other end, if `end` is one.
    pub(crate) fn other(&self, end: (&str, u64)) -> Option<(&str, u64)> {
        let [a, b] = self.ends.each_ref().map(|(module, id)| (module.as_str(), *id));
        if a == end {
            Some(b)
        } else if b == end {
            Some(a)
        } else {
            None
        }
    }
}

/// A file on a record, or a link to one elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) id: u64,
    pub(crate) module: String,
    pub(crate) record: u64,
    pub(crate) user: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) file_id: String,
    pub(crate) content: AttachmentContent,
}

/// What an attachment is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum AttachmentContent {
    File(File),
    Link { url: String, title: String },
}

/// A file's name and its bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) blob: Blob,
}

/// Bytes that a snapshot writes as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Bytes);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use std::fmt::Write;
        let mut text = String::with_capacity(self.0.len() * 2);
        for byte in &self.0 {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let bytes = bytes.ok_or_else(|| de::Error::custom("a file is no hexadecimal text"))?;
        Ok(Self(bytes.into()))
    }
}

/// A view of a module's records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomView {
    pub(crate) id: u64,
    pub(crate) module: String,
    pub(crate) name: String,
    /// The name of one that the system made.
    pub(crate) system_name: Option<String>,
    pub(crate) default: bool,
    /// `{comparator, field, value}` or `{group_operator, group}`, fields by their API names.
    pub(crate) criteria: Option<Value>,
    pub(crate) fields: Vec<String>,
    pub(crate) sort_by: Option<String>,
    pub(crate) descending: bool,
}

/// Settings of one kind, by their ids.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SettingsMap(pub(crate) BTreeMap<u64, Map<String, Value>>);

impl SettingsMap {
    pub(crate) fn get(&self, id: &str) -> Option<&Map<String, Value>> {
        self.0.get(&record_key(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Map<String, Value>> {
        self.0.get_mut(&record_key(id)?)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Map<String, Value>> {
        self.0.remove(&record_key(id)?)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.0.values()
    }

    /// Keeps a setting under its id, which it then has as a member too.
    pub(crate) fn put(&mut self, id: u64, mut setting: Map<String, Value>) {
        setting.insert("id".into(), id.to_string().into());
        self.0.insert(id, setting);
    }

    pub(crate) fn by_mut(&mut self, member: &str, text: &str) -> Option<&mut Map<String, Value>> {
        self.0.values_mut().find(|setting| text_of(setting, member).eq_ignore_ascii_case(text))
    }

    /// The setting of which a member has that text, whatever its case.
    pub(crate) fn by(&self, member: &str, text: &str) -> Option<&Map<String, Value>> {
        self.values().find(|setting| text_of(setting, member).eq_ignore_ascii_case(text))
    }
}

/// A member's text; empty if it is none.
pub(crate) fn text_of<'a>(object: &'a Map<String, Value>, member: &str) -> &'a str {
    object.get(member).and_then(Value::as_str).unwrap_or_default()
}
