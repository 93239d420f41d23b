//! The operations that have a surface of their own, each as one value.

use zcrm_core::{BodyShape, Endpoint, ResponseShape, RetryClass};

/// Records of a module. `fields` is mandatory from v3 on.
pub(crate) static LIST: Endpoint = Endpoint::get("/{module}")
    .id("records.list")
    .query(&[
        "fields",
        "ids",
        "sort_by",
        "sort_order",
        "page",
        "page_token",
        "per_page",
        "converted",
        "approved",
        "cvid",
        "territory_id",
        "include_child",
    ])
    .returns(ResponseShape::List("data"));

pub(crate) static GET: Endpoint = Endpoint::get("/{module}/{id}")
    .id("records.get")
    .query(&["fields", "approved", "converted"])
    .returns(ResponseShape::Object("data"));

/// Its index lags behind writes; it ends at 2,000 records.
pub(crate) static SEARCH: Endpoint = Endpoint::get("/{module}/search")
    .id("records.search")
    .query(&[
        "criteria",
        "email",
        "phone",
        "word",
        "fields",
        "page",
        "per_page",
        "converted",
        "approved",
    ])
    .returns(ResponseShape::List("data"));

pub(crate) static CREATE: Endpoint = Endpoint::post("/{module}")
    .id("records.create")
    .body(BodyShape::List("data"))
    .returns(ResponseShape::Outcomes("data"));

pub(crate) static UPDATE: Endpoint = Endpoint::put("/{module}")
    .id("records.update")
    .body(BodyShape::List("data"))
    .returns(ResponseShape::Outcomes("data"));

pub(crate) static UPSERT: Endpoint = Endpoint::post("/{module}/upsert")
    .id("records.upsert")
    .body(BodyShape::List("data"))
    .returns(ResponseShape::Outcomes("data"));

pub(crate) static DELETE: Endpoint = Endpoint::delete("/{module}")
    .id("records.delete")
    .query(&["ids", "wf_trigger"])
    .returns(ResponseShape::Outcomes("data"))
    .retry(RetryClass::Idempotent);

pub(crate) static FIELDS: Endpoint = Endpoint::get("/settings/fields")
    .id("fields.list")
    .query(&["module", "type", "include"])
    .returns(ResponseShape::List("fields"));
