//! The records of the measurements.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zcrm::Module;

/// The number of records in a page, which is Zoho's maximum.
pub const PAGE: usize = 200;

/// The number of records in a create, which is Zoho's maximum.
pub const BATCH: usize = 100;

/// The number of rows in a page of a query, which is Zoho's maximum.
pub const ROWS: usize = 2_000;

/// The id of the one record that the benchmark of a single GET reads.
pub const ID: &str = "3652397000000649013";

macro_rules! module {
    ($(#[$about:meta])* $name:ident of $module:literal { $($field:ident: $type:ty = $key:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
        pub struct $name {
            $(#[serde(rename = $key)] pub $field: $type,)*
        }

        impl Module for $name {
            const API_NAME: &'static str = $module;
            const FIELDS: &'static [&'static str] = &[$($key),*];
        }
    };
}

/// A reference to another record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
pub struct Reference {
    pub name: String,
    pub id: String,
}

type OptionalText = Option<String>;

module! {
    /// A lead with 48 fields, as organisations with many custom fields have them.
    Lead of "Leads" {
        id: String = "id",
        owner: Reference = "Owner",
        created_by: Reference = "Created_By",
        modified_by: Reference = "Modified_By",
        account: Option<Reference> = "Account_Name",
        created: String = "Created_Time",
        modified: String = "Modified_Time",
        activity: OptionalText = "Last_Activity_Time",
        converted: OptionalText = "Converted_Date_Time",
        first: OptionalText = "First_Name",
        last: String = "Last_Name",
        full: OptionalText = "Full_Name",
        salutation: OptionalText = "Salutation",
        company: OptionalText = "Company",
        designation: OptionalText = "Designation",
        email: OptionalText = "Email",
        second_email: OptionalText = "Secondary_Email",
        phone: OptionalText = "Phone",
        mobile: OptionalText = "Mobile",
        fax: OptionalText = "Fax",
        website: OptionalText = "Website",
        source: OptionalText = "Lead_Source",
        status: OptionalText = "Lead_Status",
        industry: OptionalText = "Industry",
        rating: OptionalText = "Rating",
        skype: OptionalText = "Skype_ID",
        twitter: OptionalText = "Twitter",
        street: OptionalText = "Street",
        city: OptionalText = "City",
        state: OptionalText = "State",
        zip: OptionalText = "Zip_Code",
        country: OptionalText = "Country",
        description: OptionalText = "Description",
        campaign: OptionalText = "Campaign",
        region: OptionalText = "Region",
        revenue: Option<f64> = "Annual_Revenue",
        budget: Option<f64> = "Budget",
        probability: Option<f64> = "Probability",
        latitude: Option<f64> = "Latitude",
        longitude: Option<f64> = "Longitude",
        employees: Option<u64> = "No_of_Employees",
        visits: Option<u64> = "Number_Of_Chats",
        days: Option<i64> = "Days_Visited",
        opt_out: bool = "Email_Opt_Out",
        is_converted: bool = "Converted__s",
        unsubscribed: Option<bool> = "Unsubscribed",
        interests: Option<Vec<String>> = "Interests",
        tags: Vec<Reference> = "Tag",
    }
}

module! {
    /// The record that the small GET reads.
    Brief of "Contacts" {
        id: String = "id",
        last: String = "Last_Name",
        email: OptionalText = "Email",
        phone: OptionalText = "Phone",
        owner: Reference = "Owner",
    }
}

module! {
    /// A new lead with 20 fields, as a form fills them.
    NewLead of "Leads" {
        first: String = "First_Name",
        last: String = "Last_Name",
        company: String = "Company",
        designation: OptionalText = "Designation",
        email: String = "Email",
        phone: OptionalText = "Phone",
        mobile: OptionalText = "Mobile",
        website: OptionalText = "Website",
        source: String = "Lead_Source",
        status: String = "Lead_Status",
        industry: OptionalText = "Industry",
        street: OptionalText = "Street",
        city: OptionalText = "City",
        zip: OptionalText = "Zip_Code",
        country: OptionalText = "Country",
        description: OptionalText = "Description",
        revenue: Option<f64> = "Annual_Revenue",
        employees: Option<u64> = "No_of_Employees",
        opt_out: bool = "Email_Opt_Out",
        interests: Vec<String> = "Interests",
    }
}

/// A list as Zoho sends it, as a hand-written struct.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
pub struct List<T> {
    pub data: Vec<T>,
    pub info: Info,
}

/// Zoho's information about a page.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
pub struct Info {
    pub per_page: u64,
    pub count: u64,
    pub page: u64,
    pub more_records: bool,
}

/// The rows of a query as Zoho sends them, as a hand-written struct.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
pub struct QueryRows<T> {
    pub data: Vec<T>,
    pub info: QueryInfo,
}

/// Zoho's information about a page of a query.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
pub struct QueryInfo {
    pub count: u64,
    pub more_records: bool,
}

/// A body that only contains `data`: one record that is read, or records to be written.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
pub struct Data<T> {
    pub data: T,
}

/// The result of a write for one record.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
pub struct WrittenBody {
    pub code: String,
    pub details: WrittenDetails,
    pub message: String,
    pub status: String,
}

/// The details that a write returns for a record.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, clippy::exhaustive_structs, reason = "it is what its names say")]
pub struct WrittenDetails {
    #[serde(rename = "Modified_Time")]
    pub modified: String,
    #[serde(rename = "Modified_By")]
    pub modified_by: Reference,
    #[serde(rename = "Created_Time")]
    pub created: String,
    pub id: String,
    #[serde(rename = "Created_By")]
    pub created_by: Reference,
}

fn reference(name: &str, at: usize) -> Reference {
    Reference { name: name.into(), id: id(at) }
}

fn id(at: usize) -> String {
    format!("{}", 3_652_397_000_000_649_013 + at)
}

/// Returns a value that is empty in some records, as in real data.
fn some<T>(at: usize, value: T) -> Option<T> {
    (!at.is_multiple_of(7)).then_some(value)
}

fn lead(at: usize) -> Lead {
    let text = |words: &str| some(at, format!("{words} {at}"));
    Lead {
        id: id(at),
        owner: reference("Patricia Boyle", 1),
        created_by: reference("Patricia Boyle", 1),
        modified_by: reference("Charles Stone", 2),
        account: some(at, reference("Zylker", at)),
        created: "2026-05-24T17:05:12+05:30".into(),
        modified: "2026-05-24T17:05:12+05:30".into(),
        activity: some(at + 1, "2026-05-24T17:05:12+05:30".into()),
        converted: None,
        first: text("Zoë"),
        last: format!("Boyle {at}"),
        full: text("Zoë Boyle"),
        salutation: some(at, "Ms.".into()),
        company: text("Zylker"),
        designation: text("Head of purchasing"),
        email: some(at, format!("lead{at}@example.com")),
        second_email: None,
        phone: text("+44 20 7946 0"),
        mobile: text("+44 7700 900"),
        fax: None,
        website: some(at, format!("https://www{at}.example.com/")),
        source: some(at + 2, "Trade Show".into()),
        status: some(at + 3, "Attempted to Contact".into()),
        industry: some(at, "Manufacturing".into()),
        rating: None,
        skype: None,
        twitter: text("zylker"),
        street: text("Example Street"),
        city: some(at, "Köln".into()),
        state: None,
        zip: text("50667"),
        country: some(at, "Germany".into()),
        description: some(
            at,
            format!(
                "Met at the fair.\nWants an offer for \"{at}\" machines by May; \
            asked twice about spare parts, delivery, and how long the old ones will be kept."
            ),
        ),
        campaign: text("Spring"),
        region: text("West"),
        revenue: some(at, 125_000.5),
        budget: some(at + 1, 80_000.0),
        probability: some(at, 0.35),
        latitude: some(at, 50.941_278),
        longitude: some(at, 6.958_281),
        employees: some(at, 120),
        visits: some(at, 3),
        days: some(at, 14),
        opt_out: false,
        is_converted: false,
        unsubscribed: some(at, false),
        interests: some(at, vec!["Pumps".into(), "Valves".into(), "Service".into()]),
        tags: vec![reference("Hot", 77)],
    }
}

/// Returns a page of [`PAGE`] leads, as the server sends it.
///
/// # Errors
/// Never fails with this data.
pub fn page() -> Result<Bytes, serde_json::Error> {
    let info = Info { per_page: PAGE as u64, count: PAGE as u64, page: 1, more_records: true };
    Ok(serde_json::to_vec(&List { data: (0..PAGE).map(lead).collect(), info })?.into())
}

/// Returns the pieces of a page of [`ROWS`] rows, between which the server writes their ids.
///
/// # Errors
/// Never fails with this data.
pub fn rows() -> Result<Vec<String>, serde_json::Error> {
    const HERE: &str = "id of the row";
    let info = QueryInfo { count: ROWS as u64, more_records: true };
    let data = (0..ROWS).map(|at| Lead { id: HERE.into(), ..lead(at) }).collect();
    let text = serde_json::to_string(&QueryRows { data, info })?;
    Ok(text.split(HERE).map(str::to_owned).collect())
}

/// Writes a page of rows whose ids follow `after`, or begin with the first id.
#[must_use]
pub fn rows_after(pieces: &[String], after: Option<u64>) -> Bytes {
    let mut next = after.map_or_else(|| id(0), |after| (after + 1).to_string());
    let mut page = String::with_capacity(pieces.iter().map(|piece| piece.len() + 19).sum());
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 {
            page.push_str(&next);
            next = next.parse::<u64>().map_or_else(|_| next.clone(), |id| (id + 1).to_string());
        }
        page.push_str(piece);
    }
    page.into()
}

/// Returns the one small record.
///
/// # Errors
/// Never fails with this data.
pub fn brief() -> Result<Bytes, serde_json::Error> {
    let brief = Brief {
        id: ID.into(),
        last: "Boyle".into(),
        email: Some("patricia@example.com".into()),
        phone: Some("+44 20 7946 0".into()),
        owner: reference("Patricia Boyle", 1),
    };
    Ok(serde_json::to_vec(&Data { data: [brief] })?.into())
}

/// Returns the records to be written.
#[must_use]
pub fn new_leads() -> Vec<NewLead> {
    let new = |lead: Lead| NewLead {
        first: lead.first.unwrap_or_default(),
        last: lead.last,
        company: lead.company.unwrap_or_default(),
        designation: lead.designation,
        email: lead.email.unwrap_or_default(),
        phone: lead.phone,
        mobile: lead.mobile,
        website: lead.website,
        source: lead.source.unwrap_or_default(),
        status: lead.status.unwrap_or_default(),
        industry: lead.industry,
        street: lead.street,
        city: lead.city,
        zip: lead.zip,
        country: lead.country,
        description: lead.description,
        revenue: lead.revenue,
        employees: lead.employees,
        opt_out: lead.opt_out,
        interests: lead.interests.unwrap_or_default(),
    };
    (0..BATCH).map(lead).map(new).collect()
}

/// Returns the answer to a write of [`BATCH`] records.
///
/// # Errors
/// Never fails with this data.
pub fn written() -> Result<Bytes, serde_json::Error> {
    let one = |at| WrittenBody {
        code: "SUCCESS".into(),
        details: WrittenDetails {
            modified: "2026-05-24T17:05:12+05:30".into(),
            modified_by: reference("Patricia Boyle", 1),
            created: "2026-05-24T17:05:12+05:30".into(),
            id: id(at),
            created_by: reference("Patricia Boyle", 1),
        },
        message: "record added".into(),
        status: "success".into(),
    };
    let data: Vec<WrittenBody> = (0..BATCH).map(one).collect();
    Ok(serde_json::to_vec(&Data { data })?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_field_counts_in_the_case_names() {
        assert_eq!(Lead::FIELDS.len(), 48);
        assert_eq!(NewLead::FIELDS.len(), 20);
        let page: List<Lead> = serde_json::from_slice(&page().unwrap()).unwrap();
        assert_eq!(page.data.len(), PAGE);
        assert_eq!(new_leads().len(), BATCH);
    }
}
