//! Conversion of leads to contacts, accounts and deals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zcrm_core::{ApiVersion, Error, Id, Lookup, Record, Reply, escaped, to_json};

use super::{Records, target::Target};
use crate::{
    Call, check, operations,
    request::{Request, SingleCall, sealed::Sealed},
};

/// A [`Request`] kind that converts a lead:
/// [`RecordHandle::convert`](super::RecordHandle::convert).
///
/// A conversion costs five API credits. It is never retried, because a converted lead no longer
/// exists. If Zoho reports a success that cannot be read, the outcome of the error is
/// [`Executed`](zcrm_core::Outcome::Executed): the lead is converted or will be. If the future is
/// dropped after the call was sent, the conversion may still be executed. Read the lead to find
/// out.
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

/// The result of converting a lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// The id of the contact.
    pub contact: Option<Id>,
    /// The id of the account.
    pub account: Option<Id>,
    /// The id of the deal, if one was requested.
    pub deal: Option<Id>,
    /// The id of the job that will convert the lead, if Zoho scheduled the conversion (202).
    /// Nothing is converted yet, and the other ids are `None`.
    pub job_id: Option<Id>,
}

impl ConvertLead {
    pub(super) fn request<T>(records: &Records<T>, target: &Target) -> Request<Self> {
        let call = records.call_unpathed(&operations::CONVERT);
        let call = match target {
            Target::Id(id) => call.path_id("lead_id", id),
            Target::External { .. } => call.fail(Error::input(
                "a lead cannot be converted by an external id: use the id of the record",
            )),
        };
        let call = call.check(match records.module() {
            "Leads" => Ok(()),
            other => Err(Error::input(format!(
                "records of `{}` cannot be converted: only records of `Leads` can",
                escaped(other)
            ))),
        });
        Request::new(call, Self::default())
    }
}

impl Request<ConvertLead> {
    /// Sets whether values of the lead overwrite those of the contact, account and deal.
    pub fn overwrite(self, overwrite: bool) -> Self {
        self.flag("overwrite", overwrite)
    }

    /// Sets whether Zoho notifies the lead's owner.
    pub fn notify_lead_owner(self, notify: bool) -> Self {
        self.flag("notify_lead_owner", notify)
    }

    /// Sets whether Zoho notifies the owner of the new records.
    pub fn notify_new_entity_owner(self, notify: bool) -> Self {
        self.flag("notify_new_entity_owner", notify)
    }

    /// Adds the lead to this account instead of creating one.
    pub fn account(self, id: impl Into<Id>) -> Self {
        self.id("Accounts", id.into())
    }

    /// Merges the lead into this contact instead of creating one.
    pub fn contact(self, id: impl Into<Id>) -> Self {
        self.id("Contacts", id.into())
    }

    /// Uses the existing account and contact with the lead's names instead of creating new ones.
    /// Zoho documents this for v8 (`convert_lead.json`), and only with the value `true`.
    pub fn add_to_existing_record(self) -> Self {
        self.flag("add_to_existing_record", true)
    }

    /// Moves the lead's attachments to the new record in `Contacts`, `Accounts` or `Deals`.
    ///
    /// Zoho also needs the id of that module: see [`modules`](crate::Api::modules). Zoho documents
    /// this for v8.
    pub fn move_attachments_to(self, module: &str, module_id: impl Into<Id>) -> Self {
        let id = module_id.into();
        match target(module, "attachments").and_then(|name| id.check().map(|_| name)) {
            Ok(module) => self.set(|kind| kind.attachments_to = Some((module, id))),
            Err(mistake) => self.map(|call| call.fail(mistake)),
        }
    }

    /// Sets the user who owns the new records. The default is the lead's owner.
    pub fn assign_to(self, user: impl Into<Id>) -> Self {
        self.id("assign_to", user.into())
    }

    /// Creates a deal with these fields. Zoho requires `Deal_Name`, `Closing_Date` and `Stage`.
    pub fn deal(self, deal: &impl Serialize) -> Self {
        match deal_of(deal) {
            Ok(deal) => self.set(|kind| kind.deal = Some(deal)),
            Err(mistake) => self.map(|call| call.fail(mistake)),
        }
    }

    /// Copies these tags of the lead to the new record in `Contacts`, `Accounts` or `Deals`.
    ///
    /// Further calls for the same module add tags.
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
    /// Builds the body. v2 takes bare ids, later versions objects.
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

/// Checks that a conversion creates records of this module.
fn target(module: &str, what: &str) -> Result<&'static str, Error> {
    let known = ["Contacts", "Accounts", "Deals"].into_iter().find(|known| *known == module);
    known.ok_or_else(|| {
        Error::input(format!(
            "invalid module `{}` for {what}: expected `Contacts`, `Accounts` or `Deals`",
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
    Record::from_json(json).map_err(|_| Error::input("the deal is not a JSON object"))
}

/// Reads the response. v2 returns the ids themselves. Later versions return a result whose details
/// hold the ids, or the id of the scheduled job.
fn converted(reply: &Reply) -> Result<Converted, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum IdOrObject {
        Id(Id),
        Object { id: Id },
    }
    let row: Record = reply.object("data")?;
    let unreadable = |error: Error| {
        reply.unusable("the response to the conversion could not be read").with_source(error)
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
        let message = "the response to the conversion contains no contact, account, deal or job";
        return Err(reply.unusable(message));
    }
    Ok(all)
}
