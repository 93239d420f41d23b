//! The ids of the items that a write is about.

use http::Method;
use serde::Deserialize;

use super::RequestBuilder;
use crate::{BodyShape, Error, Id, id::is_plain, operation::Segment};

/// The header that says that ids are those of another system.
const EXTERNAL: &str = "x-external";

impl Id {
    /// Checks that the id can be an id of Zoho.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input) if the id is empty or has a
    /// character other than ASCII letters, digits, `_` and `-`.
    pub fn check(&self) -> Result<&Self, Error> {
        if is_plain(self.as_str()) {
            return Ok(self);
        }
        Err(Error::input(format!(
            "invalid id `{}`: expected only letters, digits, `_` and `-`, for example \
             3652397000000649013",
            self.as_str().escape_debug()
        )))
    }
}

impl RequestBuilder {
    /// Returns the ids of the items of a write, in the order of its results.
    ///
    /// They are the ids in the query's `ids`. For an update or a deletion they may also be those of
    /// the body's rows, or the id at the end of the path. The result has `None` for an item whose
    /// id is not in the request.
    ///
    /// ```
    /// use zcrm_core::{ApiVersion, Operation, Id};
    ///
    /// const DELETE: Operation = Operation::delete("/Leads").query(&["ids"]);
    /// let request = DELETE.request(ApiVersion::V8).query("ids", "1,2");
    /// assert_eq!(request.item_ids(2), [Some(Id::from("1")), Some(Id::from("2"))]);
    /// ```
    #[must_use]
    pub fn item_ids(&self, items: usize) -> Vec<Option<Id>> {
        let found = self.query_ids().or_else(|| self.row_ids()).or_else(|| self.path_ids());
        match found {
            Some(ids) if ids.len() == items => ids,
            _ => vec![None; items],
        }
    }

    fn has_external_ids(&self) -> bool {
        self.draft.headers.iter().any(|(name, _)| name == EXTERNAL)
    }

    fn is_about_existing_items(&self) -> bool {
        let method = self.draft.operation.method();
        *method == Method::PUT || *method == Method::PATCH || *method == Method::DELETE
    }

    fn query_ids(&self) -> Option<Vec<Option<Id>>> {
        let ids = self.query_value("ids").filter(|_| !self.has_external_ids())?;
        Some(ids.split(',').map(numeric).collect())
    }

    fn row_ids(&self) -> Option<Vec<Option<Id>>> {
        let BodyShape::List(key) = self.draft.operation.body_shape() else { return None };
        let body = self.draft.body.as_ref().filter(|_| self.is_about_existing_items())?;
        let text = std::str::from_utf8(body).ok()?;
        let rows = crate::json::envelope::<ItemId>(text, key).ok()?.items?;
        let ids: Vec<Option<Id>> = rows.into_iter().map(|row| row.id).collect();
        ids.iter().any(Option::is_some).then_some(ids)
    }

    fn path_ids(&self) -> Option<Vec<Option<Id>>> {
        if !self.is_about_existing_items() || self.has_external_ids() {
            return None;
        }
        let Segment::Parameter(last) = self.draft.operation.segments().last()? else { return None };
        let (_, value) = self.draft.path.iter().find(|(name, _)| *name == last)?;
        Some(vec![numeric(value)])
    }
}

/// Returns the text as an id if it has only digits. Zoho does not answer with names, such as a
/// module's.
fn numeric(text: &str) -> Option<Id> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Id::from(text))
}

#[derive(Deserialize)]
struct ItemId {
    #[serde(default)]
    id: Option<Id>,
}

#[cfg(test)]
mod tests {
    use crate::{ApiVersion, BodyShape, Id, Operation, RequestBuilder};

    fn ids(request: &RequestBuilder, items: usize) -> Vec<Option<String>> {
        let ids = request.item_ids(items).into_iter();
        ids.map(|id: Option<Id>| id.map(|id| id.as_str().to_owned())).collect()
    }

    fn some(ids: &[&str]) -> Vec<Option<String>> {
        ids.iter().map(|id| (!id.is_empty()).then(|| (*id).to_owned())).collect()
    }

    #[test]
    fn finds_the_ids_of_the_rows_of_an_update() {
        const UPDATE: Operation = Operation::put("/tags").body(BodyShape::List("tags"));
        let update = UPDATE.request(ApiVersion::V8);
        let update = update.json_bytes(r#"{"tags":[{"id":"1"},{"name":"x"},{"id":3}]}"#);
        assert_eq!(ids(&update, 3), some(&["1", "", "3"]));
        assert_eq!(ids(&update, 2), some(&["", ""]), "another number of items");
    }

    #[test]
    fn finds_the_ids_of_a_deletion() {
        const DELETE: Operation = Operation::delete("/{module}").query(&["ids"]);
        let delete = DELETE.request(ApiVersion::V8).query("ids", "1,2");
        assert_eq!(ids(&delete, 2), some(&["1", "2"]));
        let external = delete.header("X-EXTERNAL", "Leads.Shop_Id");
        assert_eq!(ids(&external, 2), some(&["", ""]));
    }

    #[test]
    fn finds_the_id_at_the_end_of_the_path() {
        const ONE: Operation = Operation::put("/{module}/{id}").body(BodyShape::List("data"));
        let one = |id: &str| {
            let request = ONE.request(ApiVersion::V8).path("module", "Leads").path("id", id);
            request.json_bytes(r#"{"data":[{"City":"Pune"}]}"#)
        };
        assert_eq!(ids(&one("17"), 1), some(&["17"]));
        assert_eq!(ids(&one("Leads"), 1), some(&[""]));
        assert_eq!(ids(&one("17").header("X-EXTERNAL", "Leads.Shop_Id"), 1), some(&[""]));
    }

    #[test]
    fn finds_no_id_for_a_new_item() {
        const CREATE: Operation = Operation::post("/{module}").body(BodyShape::List("data"));
        let create = CREATE.request(ApiVersion::V8).json_bytes(r#"{"data":[{"id":"1"}]}"#);
        assert_eq!(ids(&create, 1), some(&[""]));
    }
}
