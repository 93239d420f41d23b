//! The calls of a round.

use chrono::TimeDelta;
use zcrm_core::{Error, Id, Page, Record, Reply, Timestamp, escaped};

use crate::{
    Call, Records,
    coql::Query,
    field,
    list::{CHANGED, List},
    records::{AllRecords, Deleted, DeletedRecord, Include},
    request::Request,
};

/// Makes the calls of a round, with the settings of its request.
#[derive(Clone, Debug)]
pub(super) struct Reads {
    pub(super) records: Records<Record>,
    /// The fields to read, with `Modified_Time`.
    pub(super) fields: Vec<String>,
    /// The request's call: its limits, headers and unchecked parameters.
    pub(super) settings: Call,
    pub(super) look_back: TimeDelta,
    /// Whether the list of deleted records is read without `If-Modified-Since`.
    pub(super) all_deletions: bool,
    /// Whether a mark may be older than Zoho's list of deleted records.
    pub(super) accepts_lost: bool,
}

/// A list of records that a query may not return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HiddenList {
    Unapproved,
    Converted,
}

impl Reads {
    /// Creates the calls of a round with the defaults.
    pub(super) fn new(records: Records<Record>, fields: Vec<String>, settings: Call) -> Self {
        Self {
            records,
            fields,
            settings,
            look_back: TimeDelta::zero(),
            all_deletions: false,
            accepts_lost: false,
        }
    }

    pub(super) fn module(&self) -> &str {
        self.records.module()
    }

    fn is_leads(&self) -> bool {
        self.module() == "Leads"
    }

    /// Returns the lists of records that a query may not return, in the order in which they are read.
    /// The first one is read before the query, the others after it. So a record that is approved or
    /// submitted meanwhile is in one of them or in the query.
    pub(super) fn hidden_lists(&self) -> &'static [HiddenList] {
        use HiddenList::{Converted, Unapproved};
        match self.is_leads() {
            true => &[Unapproved, Unapproved, Converted],
            false => &[Unapproved, Unapproved],
        }
    }

    /// Checks everything that a round may send, before anything is sent.
    pub(super) fn check(&self, since: Option<Timestamp>) -> Result<(), Error> {
        self.settings.must_be_right()?;
        let module = self.module();
        if let Some(known) = self.records.api().known_field_names(module)
            && !known.iter().any(|name| name == CHANGED)
        {
            return Err(no_time(module));
        }
        self.deleted_call(since, 1)?.preview()?;
        self.list(since).preview()?;
        self.query(since, None).preview()?;
        for list in self.hidden_lists() {
            self.hidden(*list, since).preview()?;
        }
        Ok(())
    }

    fn with_settings<K>(&self, request: Request<K>) -> Request<K> {
        request.map(|call| call.with_settings_of(&self.settings))
    }

    /// Returns the call of a page of deleted records.
    pub(super) fn deleted_call(&self, since: Option<Timestamp>, page: u64) -> Result<Call, Error> {
        let request = self.with_settings(self.records.deleted()).page(page);
        let request = match since.filter(|_| !self.all_deletions) {
            Some(since) => request.modified_since(since),
            None => request,
        };
        let Request { call, kind } = request;
        kind.one_call(call)
    }

    /// Reads a page of deleted records, and returns the reply too.
    pub(super) async fn deleted(
        &self,
        since: Option<Timestamp>,
        page: u64,
    ) -> Result<(Reply, Page<DeletedRecord>), Error> {
        let call = self.deleted_call(since, page)?;
        let reply = call.clone().send().await?;
        let page = List::<DeletedRecord, Deleted>::read_page(&call, &reply)?;
        Ok((reply, page))
    }

    /// Lists the changed records, converted and unapproved ones included.
    pub(super) fn list(&self, since: Option<Timestamp>) -> Request<List<Record, AllRecords>> {
        self.all_states(self.changed(since))
    }

    /// Reads records by their ids.
    pub(super) fn by_ids(&self, ids: &[Id]) -> Request<List<Record, AllRecords>> {
        self.all_states(self.changed(None).ids(ids))
    }

    /// Queries the changed records after an id. Its pages have no limit.
    pub(super) fn query(
        &self,
        since: Option<Timestamp>,
        after: Option<&Id>,
    ) -> Request<List<Record, Query>> {
        let query = self.changed(since).complete();
        match after {
            Some(id) => query.filter(field("id").gt(id)),
            None => query,
        }
    }

    /// Lists the changed records of a hidden list, in the order of their changes.
    pub(super) fn hidden(
        &self,
        list: HiddenList,
        from: Option<Timestamp>,
    ) -> Request<List<Record, AllRecords>> {
        let request = self.changed(from).sort_by(CHANGED);
        match list {
            HiddenList::Unapproved => request.approved(Include::No),
            HiddenList::Converted => request.converted(Include::Only).approved(Include::Also),
        }
    }

    fn changed(&self, since: Option<Timestamp>) -> Request<List<Record, AllRecords>> {
        let request = self.with_settings(self.records.list()).fields(&self.fields);
        match since {
            Some(since) => request.modified_since(since),
            None => request,
        }
    }

    fn all_states(
        &self,
        request: Request<List<Record, AllRecords>>,
    ) -> Request<List<Record, AllRecords>> {
        let request = request.approved(Include::Also);
        match self.is_leads() {
            true => request.converted(Include::Also),
            false => request,
        }
    }
}

/// Returns the fields to read: those of the caller, or else of the typed module, and `Modified_Time`.
pub(super) fn fields_with_time(names: &[String], by_default: &[&str]) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !fields.iter().any(|known| known == name) {
            fields.push(name.to_owned());
        }
    };
    match names.is_empty() {
        true => by_default.iter().for_each(|name| add(name)),
        false => names.iter().for_each(|name| add(name)),
    }
    add(CHANGED);
    fields
}

/// Returns the error for a module whose records have no `Modified_Time`.
pub(super) fn no_time(module: &str) -> Error {
    Error::input(format!(
        "the records of `{}` have no `{CHANGED}`, so their changes cannot be followed: read all of them each \
         time, for example by `list().complete()`, and compare",
        escaped(module)
    ))
}
