//! Conversion of a lead to a contact, an account and a deal.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::locks::locked;
use super::write::{change, insert_row};
use crate::crm::call::{Context, External, Refusal, Row, RowError, body, rows};
use crate::crm::render::display_name;
use crate::http::Answer;
use crate::json::mentioned_id;
use crate::state::Record;
use crate::version::Version;

/// The fields copied from a lead to a contact: the lead's name, then the contact's name.
const TO_CONTACT: [(&str, &str); 12] = [
    ("First_Name", "First_Name"),
    ("Last_Name", "Last_Name"),
    ("Email", "Email"),
    ("Secondary_Email", "Secondary_Email"),
    ("Phone", "Phone"),
    ("Mobile", "Mobile"),
    ("City", "City"),
    ("Country", "Country"),
    ("Description", "Description"),
    ("Lead_Source", "Lead_Source"),
    ("Designation", "Title"),
    ("Email_Opt_Out", "Email_Opt_Out"),
];
/// The fields copied from a lead to an account.
const TO_ACCOUNT: [(&str, &str); 8] = [
    ("Company", "Account_Name"),
    ("Phone", "Phone"),
    ("Website", "Website"),
    ("Industry", "Industry"),
    ("No_of_Employees", "Employees"),
    ("Annual_Revenue", "Annual_Revenue"),
    ("City", "Billing_City"),
    ("Country", "Billing_Country"),
];

/// A conversion in progress.
struct Conversion<'r> {
    row: Row<'r>,
    lead: Record,
    owner: String,
    overwrite: bool,
    /// The records written so far, with their values before; used to undo them.
    undo: Vec<(&'static str, u64, Option<Record>)>,
}

pub(crate) fn convert(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    if cx.path_value(0) != "Leads" {
        return Err(Refusal::invalid_module(json!({ "resource_path_index": 0 })));
    }
    let lead = cx.store().table("Leads").get(cx.path_value(1));
    let lead = lead.ok_or_else(|| Refusal::invalid_path_id(cx.path_value(1), 1))?.clone();
    if lead.converted {
        return Err(Refusal::bad(
            "ID_ALREADY_CONVERTED",
            "id already converted",
            json!({ "id": lead.id.to_string(), "resource_path_index": 1 }),
        ));
    }
    if let Some(error) = locked(cx, lead.id) {
        return Ok(refused(cx, &error));
    }
    // Older clients send `null` if they have no options.
    let given = match cx.call.body.trim_ascii() {
        b"" | b"null" => json!({}),
        _ => rows(&body(cx)?, "data", 1)?.first().cloned().unwrap_or_default(),
    };
    match convert_lead(cx, lead, &given) {
        Ok(made) => Ok(answer(cx, &made)),
        Err(error) => Ok(refused(cx, &error)),
    }
}

fn refused(cx: &Context<'_>, error: &RowError) -> Answer {
    let status =
        if cx.version == Version::V2 { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST };
    Answer::json(status, &json!({ "data": [error.json()] })).with_code(error.code)
}

/// The ids of the records made from a lead.
struct ConvertedIds {
    account: Option<u64>,
    contact: u64,
    deal: Option<u64>,
}

fn convert_lead(
    cx: &mut Context<'_>,
    lead: Record,
    given: &Value,
) -> Result<ConvertedIds, RowError> {
    let row = Row::read(cx.version, "data", 0, given)?;
    let owner = match row.get("assign_to").filter(|owner| !owner.is_null()) {
        None => lead.owner.clone(),
        Some(owner) => {
            let id = mentioned_id(owner).unwrap_or_default();
            let known = cx.state.user(&id).is_some();
            known.then_some(id).ok_or_else(|| row.invalid("assign_to"))?
        }
    };
    let overwrite = row.get("overwrite").and_then(Value::as_bool).unwrap_or_default();
    // Everything is checked before the first write.
    let named = |module: &str| named(cx, row, module);
    let (account, contact) = (named("Accounts")?, named("Contacts")?);
    let undo = Vec::new();
    let mark = cx.store().history.mark();
    let tags = cx.store().tags.clone();
    let mut conversion = Conversion { row, lead, owner, overwrite, undo };
    let made = conversion.write(cx, account, contact);
    if made.is_err() {
        let store = cx.store_mut();
        store.history.rewind(mark);
        store.tags = tags;
        for (module, id, before) in conversion.undo.into_iter().rev() {
            let table = store.table_mut(module);
            table.remove(id);
            if let Some(before) = before {
                table.add(before);
            }
        }
    }
    made
}

/// Returns the existing record named by the call: by its bare id in v2, by an object in later
/// versions.
fn named(cx: &Context<'_>, row: Row<'_>, module: &str) -> Result<Option<u64>, RowError> {
    let Some(value) = row.get(module).filter(|value| !value.is_null()) else { return Ok(None) };
    let id = mentioned_id(value).unwrap_or_default();
    match cx.store().table(module).get(&id) {
        Some(record) => Ok(Some(record.id)),
        None => Err(row.invalid(module)),
    }
}

impl Conversion<'_> {
    fn write(
        &mut self,
        cx: &mut Context<'_>,
        account: Option<u64>,
        contact: Option<u64>,
    ) -> Result<ConvertedIds, RowError> {
        let has_company = self.lead.values.get("Company").is_some_and(|name| !name.is_null());
        let account = match account {
            Some(account) => {
                self.overwrite(cx, "Accounts", account, &TO_ACCOUNT)?;
                Some(account)
            }
            None if has_company => {
                let row = self.taken(&TO_ACCOUNT);
                Some(self.insert(cx, "Accounts", row)?)
            }
            None => None,
        };
        let contact = match contact {
            Some(contact) => {
                self.overwrite(cx, "Contacts", contact, &TO_CONTACT)?;
                contact
            }
            None => {
                let mut row = self.taken(&TO_CONTACT);
                row.insert("Account_Name".into(), account.map(|id| id.to_string()).into());
                self.insert(cx, "Contacts", row)?
            }
        };
        let deal = match self.row.get("Deals").filter(|deal| !deal.is_null()) {
            None => None,
            Some(deal) => {
                let mut row = Row::read(self.row.version, self.row.key, 0, deal)?.values.clone();
                row.insert("Account_Name".into(), account.map(|id| id.to_string()).into());
                row.insert("Contact_Name".into(), contact.to_string().into());
                Some(self.insert(cx, "Deals", row)?)
            }
        };
        self.carry_over(cx, account, contact, deal)?;
        Ok(ConvertedIds { account, contact, deal })
    }

    /// Returns the lead's values under the names of the other module.
    fn taken(&self, names: &[(&str, &str)]) -> Map<String, Value> {
        let value = |(from, to): &(&str, &str)| {
            let value = self.lead.values.get(*from).filter(|value| !value.is_null())?;
            Some(((*to).to_owned(), value.clone()))
        };
        names.iter().filter_map(value).collect()
    }

    fn insert(
        &mut self,
        cx: &mut Context<'_>,
        module: &'static str,
        mut row: Map<String, Value>,
    ) -> Result<u64, RowError> {
        let spec = cx.state.module(module).ok_or_else(|| RowError::invalid(json!({})))?;
        row.retain(|_, value| !value.is_null());
        row.entry("Owner").or_insert_with(|| self.owner.as_str().into());
        let id = insert_row(cx, &spec, Row { values: &row, ..self.row })?;
        self.undo.push((module, id, None));
        Ok(id)
    }

    /// Overwrites the values of an existing record with the lead's, if the call asks for it.
    fn overwrite(
        &mut self,
        cx: &mut Context<'_>,
        module: &'static str,
        id: u64,
        names: &[(&str, &str)],
    ) -> Result<(), RowError> {
        let spec = cx.state.module(module).ok_or_else(|| RowError::invalid(json!({})))?;
        if self.overwrite {
            let before = cx.store().table(module).records.get(&id).cloned();
            self.undo.push((module, id, before));
            {
                let row = Row { values: &self.taken(names), ..self.row };
                change(cx, &spec, row, id, &External::default())
            }?;
        }
        Ok(())
    }

    /// Marks the lead as converted, and moves its notes, attachments and the named tags to the new
    /// records.
    fn carry_over(
        &mut self,
        cx: &mut Context<'_>,
        account: Option<u64>,
        contact: u64,
        deal: Option<u64>,
    ) -> Result<(), RowError> {
        let tags = self.row.get("carry_over_tags").and_then(Value::as_object);
        for (module, id) in [("Accounts", account), ("Contacts", Some(contact)), ("Deals", deal)] {
            let tags = tags.and_then(|tags| tags.get(module)).filter(|tags| tags.is_array());
            let (Some(id), Some(tags)) = (id, tags) else { continue };
            // Tags are given by name, as Zoho's files say; a record's own tags are objects.
            if !tags.as_array().is_some_and(|tags| tags.iter().all(Value::is_string)) {
                let place = format!("carry_over_tags.{module}");
                return Err(self.row.invalid(&place));
            }
            let spec = cx.state.module(module).ok_or_else(|| RowError::invalid(json!({})))?;
            let row = Map::from_iter([(String::from("Tag"), tags.clone())]);
            let before = cx.store().table(module).records.get(&id).cloned();
            self.undo.push((module, id, before));
            change(cx, &spec, Row { values: &row, ..self.row }, id, &External::default())?;
        }
        let (lead, now, user) = (self.lead.id, cx.write_time(), cx.user.clone());
        let target = json!({ "id": contact.to_string(), "module": "Contacts" });
        let modifies = cx.config.changes.conversion_modifies;
        let (at, store) = (cx.now, cx.store_mut());
        for note in store.table_mut("Notes").records.values_mut() {
            let parent = note.values.get("Parent_Id").and_then(|parent| parent.get("id"));
            if parent.and_then(Value::as_str) == Some(&lead.to_string()) {
                note.values.insert("Parent_Id".into(), target.clone());
            }
        }
        for one in store.attachments.values_mut().filter(|one| one.record == lead) {
            one.module = String::from("Contacts");
            one.record = contact;
        }
        let table = store.table_mut("Leads");
        if let Some(mut record) = table.remove(lead) {
            let before = record.clone();
            record.converted = true;
            if modifies {
                record.modified = now;
                record.modified_by = user;
            }
            table.add(record);
            store.history.note(at, "Leads", lead, Some(before), true);
        }
        Ok(())
    }
}

/// Returns the answer: bare ids up to v2.1, and names too in later versions.
fn answer(cx: &Context<'_>, made: &ConvertedIds) -> Answer {
    let shown = |module: &str, id: Option<u64>| {
        let Some(id) = id else { return Value::Null };
        if cx.version <= Version::V2_1 {
            return id.to_string().into();
        }
        let record = cx.store().table(module).records.get(&id);
        let spec = cx.state.modules.get(module);
        let name = spec.zip(record).and_then(|(spec, record)| display_name(spec, record));
        json!({ "id": id.to_string(), "name": name })
    };
    let ids = json!({
        "Contacts": shown("Contacts", Some(made.contact)),
        "Deals": shown("Deals", made.deal),
        "Accounts": shown("Accounts", made.account),
    });
    let row = if cx.version <= Version::V2_1 {
        ids
    } else {
        json!({
            "code": "SUCCESS",
            "details": ids,
            "message": "The record has been converted successfully",
            "status": "success",
        })
    };
    let count = 1 + usize::from(made.account.is_some()) + usize::from(made.deal.is_some());
    Answer::json(StatusCode::OK, &json!({ "data": [row] })).wrote(count)
}
