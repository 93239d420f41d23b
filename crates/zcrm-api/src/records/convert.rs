//! A lead becomes a contact, with an account and a deal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zcrm_core::{ApiVersion, Error, Id, Lookup, Record, Reply, escaped, to_json};

use super::{Records, handle::Target};
use crate::{
    Call, check, operations,
    request::{Request, SingleCall, sealed::Sealed},
};

/// Converts a lead: the kind of a [`Request`] that
/// [`RecordHandle::convert`](super::RecordHandle::convert) gives. Costs five API credits.
///
/// It is never sent twice: a lead that was converted is gone. Where Zoho answered with a success that
/// cannot be read, the error's outcome is [`Executed`](zcrm_core::Outcome::Executed): the lead is
/// converted, or will be. Dropped after it was sent, it may still be executed: read the lead to know.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let deal = Record::new()
///     .with("Deal_Name", "Website")
///     .with("Closing_Date", "2026-12-31")
///     .with("Stage", "Qualification");
/// let made = api
///     .record("Leads", "3652397000000649013")
///     .convert()
///     .overwrite(true)
///     .notify_lead_owner(true)
///     .assign_to("3652397000000186017")
///     .deal(&deal)
///     .await?;
/// println!("contact {:?}, deal {:?}", made.contact, made.deal);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConvertLead {
    flags: Vec<(&'static str, bool)>,
    ids: Vec<(&'static str, Id)>,
    deal: Option<Record>,
    tags: BTreeMap<&'static str, Vec<String>>,
    attachments_to: Option<(&'static str, Id)>,
}

/// What became of a lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// The contact.
    pub contact: Option<Id>,
    /// The account.
    pub account: Option<Id>,
    /// The deal, where one was asked for.
    pub deal: Option<Id>,
    /// The job that will convert it, where Zoho answers that it is scheduled (202): nothing is
    /// converted yet, and there are no other ids.
    pub job_id: Option<Id>,
}

impl ConvertLead {
    pub(super) fn request<T>(records: &Records<T>, target: &Target) -> Request<Self> {
        let call = records.call_unpathed(&operations::CONVERT);
        let call = match target {
            Target::Id(id) => call.path_id("lead_id", id),
            Target::External { .. } => {
                call.fail(Error::input("a lead is converted by its own id, not by an external one"))
            }
        };
        let call = call.check(match records.module() {
            "Leads" => Ok(()),
            other => Err(Error::input(format!(
                "records of `{}` cannot be converted: only those of `Leads` can",
                escaped(other)
            ))),
        });
        Request::new(call, Self::default())
    }
}

impl Request<ConvertLead> {
    /// Whether values of the lead take the place of those of the contact, account and deal.
    pub fn overwrite(self, overwrite: bool) -> Self {
        self.flag("overwrite", overwrite)
    }

    /// Whether the lead's owner is told.
    pub fn notify_lead_owner(self, notify: bool) -> Self {
        self.flag("notify_lead_owner", notify)
    }

    /// Whether the owner of the new records is told.
    pub fn notify_new_entity_owner(self, notify: bool) -> Self {
        self.flag("notify_new_entity_owner", notify)
    }

    /// Adds the lead to this account, instead of making one.
    pub fn account(self, id: impl Into<Id>) -> Self {
        self.id("Accounts", id.into())
    }

    /// Makes this contact of the lead, instead of a new one.
    pub fn contact(self, id: impl Into<Id>) -> Self {
        self.id("Contacts", id.into())
    }

    /// Takes the account and contact that are there already under the lead's names, instead of making
    /// new ones. Described for v8 (Zoho's OpenAPI file `convert_lead.json`), which knows only `true`.
    pub fn add_to_existing_record(self) -> Self {
        self.flag("add_to_existing_record", true)
    }

    /// Moves the lead's attachments to the new record of a module: `Contacts`, `Accounts` or `Deals`.
    /// Zoho wants the id of that module, which the organisation's
    /// [`modules`](crate::Api::modules) tell. Described for v8, as
    /// [`add_to_existing_record`](Self::add_to_existing_record).
    pub fn move_attachments_to(self, module: &str, module_id: impl Into<Id>) -> Self {
        let id = module_id.into();
        match target(module, "attachments").and_then(|name| id.check().map(|_| name)) {
            Ok(module) => self.set(|kind| kind.attachments_to = Some((module, id))),
            Err(mistake) => self.map(|call| call.fail(mistake)),
        }
    }

    /// The user who gets the new records; the lead's owner unless told.
    pub fn assign_to(self, user: impl Into<Id>) -> Self {
        self.id("assign_to", user.into())
    }

    /// Makes a deal of these fields; Zoho needs `Deal_Name`, `Closing_Date` and `Stage`.
    pub fn deal(self, deal: &impl Serialize) -> Self {
        match deal_of(deal) {
            Ok(deal) => self.set(|kind| kind.deal = Some(deal)),
            Err(mistake) => self.map(|call| call.fail(mistake)),
        }
    }

    /// The names of the lead's tags that the new records of a module get: `Contacts`, `Accounts` or
    /// `Deals`. Called again for a module, it adds to them.
    pub fn carry_over_tags<S: Into<String>>(
        self,
        module: &str,
        names: impl IntoIterator<Item = S>,
    ) -> Self {
        let module = match target(module, "tags") {
            Ok(module) => module,
            Err(mistake) => return self.map(|call| call.fail(mistake)),
        };
        self.set(|kind| {
            let tags = kind.tags.entry(module).or_default();
            for name in names.into_iter().map(Into::into) {
                if !tags.contains(&name) {
                    tags.push(name);
                }
            }
        })
    }

    fn flag(self, name: &'static str, value: bool) -> Self {
        self.set(|kind| kind.flags.push((name, value)))
    }

    fn id(self, name: &'static str, id: Id) -> Self {
        let right = id.check().map(drop);
        self.map(|call| call.check(right)).set(|kind| kind.ids.push((name, id)))
    }
}

impl Sealed for ConvertLead {}

impl SingleCall for ConvertLead {
    type Answer = Converted;

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        call.must_be_right()?;
        let body = self.body(call.api().version())?;
        Ok(call.body(&BTreeMap::from([("data", [body])])))
    }

    fn read(self, reply: &Reply) -> Result<Converted, Error> {
        converted(reply)
    }
}

impl ConvertLead {
    /// v2 names records by their bare ids, later versions by objects.
    fn body(&self, version: ApiVersion) -> Result<Record, Error> {
        let mut body = Record::new();
        for (name, value) in &self.flags {
            body.set(*name, value)?;
        }
        for (name, id) in &self.ids {
            match version == ApiVersion::V2 {
                true => body.set(*name, id)?,
                false => body.set(*name, Lookup::to(id))?,
            }
        }
        if !self.tags.is_empty() {
            body.set("carry_over_tags", &self.tags)?;
        }
        if let Some((module, id)) = &self.attachments_to {
            let module = Record::new().with("id", id.as_str()).with("api_name", *module);
            body.set("move_attachments_to", module)?;
        }
        if let Some(deal) = &self.deal {
            body.set("Deals", deal)?;
        }
        Ok(body)
    }
}

/// A module of whose records a conversion makes one, to which something of the lead goes.
fn target(module: &str, what: &str) -> Result<&'static str, Error> {
    let known = ["Contacts", "Accounts", "Deals"].into_iter().find(|known| *known == module);
    known.ok_or_else(|| {
        Error::input(format!(
            "a conversion makes no `{}`: {what} go to `Contacts`, `Accounts` or `Deals`",
            escaped(module)
        ))
    })
}

fn deal_of(deal: &impl Serialize) -> Result<Record, Error> {
    let json = to_json(deal).map_err(|error| check::unwritable("the deal", &error))?;
    if check::has_id(&json) {
        return Err(Error::input(
            "the deal has an `id`, so it exists already, and the conversion would create a copy of it: \
             remove `id`",
        ));
    }
    Record::from_json(json).map_err(|_| Error::input("the deal is no JSON object"))
}

/// v2 answers with the ids themselves; later versions with an outcome whose details hold them, or the
/// id of the job that will carry it out.
fn converted(reply: &Reply) -> Result<Converted, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum IdOrObject {
        Id(Id),
        Object { id: Id },
    }
    let row: Record = reply.object("data")?;
    let unreadable = |error: Error| {
        reply.unusable("the answer to the conversion could not be read").with_source(error)
    };
    let ids = row.get::<Record>("details").map_err(unreadable)?.unwrap_or(row);
    let made = |name: &str| -> Result<Option<Id>, Error> {
        let made = ids.get::<IdOrObject>(name).map_err(unreadable)?;
        Ok(made.map(|made| match made {
            IdOrObject::Id(id) | IdOrObject::Object { id } => id,
        }))
    };
    let all = Converted {
        contact: made("Contacts")?,
        account: made("Accounts")?,
        deal: made("Deals")?,
        job_id: made("job_id")?,
    };
    if all == Converted::default() {
        let message = "the answer to the conversion names no contact, account, deal or job";
        return Err(reply.unusable(message));
    }
    Ok(all)
}
