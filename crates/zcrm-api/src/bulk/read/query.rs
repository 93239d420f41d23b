//! The query of a bulk read, in the forms of the API versions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zcrm_core::{ApiVersion, Error, Id};

/// Zoho's page on creating a job: the maximum of fields.
const MOST_FIELDS: usize = 1_000;

/// The query of a job. It is kept in the job's handle, to create the next job of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bulk) struct BulkQuery {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::bulk) fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::bulk) criteria: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::bulk) view: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::bulk) page: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::bulk) page_token: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::bulk) ics: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::bulk) callback: Option<String>,
}

impl BulkQuery {
    /// Checks what Zoho would refuse.
    pub(super) fn check(&self, module: &str, version: ApiVersion) -> Result<(), Error> {
        if let Some(token) = &self.page_token {
            if version == ApiVersion::V2 {
                return Err(Error::input(
                    "bulk reads of v2 have no page tokens: use `.page(…)` instead",
                ));
            }
            if token.trim().is_empty() {
                return Err(Error::input("empty `page_token`: give it a value, or leave it out"));
            }
        }
        if self.page == Some(0) {
            return Err(Error::input("invalid `page` 0: pages of a bulk read begin with 1"));
        }
        let count = self.fields.len();
        if count > MOST_FIELDS {
            return Err(Error::input(format!(
                "too many fields: {count} given, and one bulk read takes at most {MOST_FIELDS}"
            )));
        }
        if self.fields.iter().any(|name| name.trim().is_empty()) {
            return Err(crate::check::empty_field_name());
        }
        if self.ics && (module != "Events" || !self.fields.is_empty()) {
            return Err(Error::input(
                "iCalendar files (`.ics()`) exist only for `Events`, and without `.fields([…])`",
            ));
        }
        Ok(())
    }

    /// Writes the body that creates the job.
    pub(super) fn body(&self, module: &str, version: ApiVersion) -> Value {
        let mut body = Map::new();
        if let Some(url) = &self.callback {
            body.insert("callback".to_owned(), json!({ "url": url, "method": "post" }));
        }
        let mut query = Map::new();
        let mut set = |name: &str, value: Value| query.insert(name.to_owned(), value);
        if let Some(token) = &self.page_token {
            // a token has the query of its chain, and Zoho takes nothing beside it
            set("page_token", token.as_str().into());
            body.insert("query".to_owned(), query.into());
            return body.into();
        }
        match version {
            ApiVersion::V2 => set("module", module.into()),
            _ => set("module", json!({ "api_name": module })),
        };
        if !self.fields.is_empty() {
            let names = self.fields.iter().map(|name| version.field_name(module, name));
            set("fields", names.collect());
        }
        if let Some(view) = &self.view {
            set("cvid", view.as_str().into());
        }
        if let Some(criteria) = &self.criteria {
            set("criteria", criteria.clone());
        }
        if let Some(page) = self.page {
            set("page", page.into());
        }
        body.insert("query".to_owned(), query.into());
        match (self.ics, version) {
            (true, _) => body.insert("file_type".to_owned(), "ics".into()),
            // v2 has only CSV besides
            (false, ApiVersion::V2) => None,
            (false, _) => body.insert("file_type".to_owned(), "csv".into()),
        };
        body.into()
    }
}
