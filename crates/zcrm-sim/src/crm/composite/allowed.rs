//! The operations that a composite call may contain, and how many records each may read or write.

use hyper::Method;

use crate::crm::route::path_values;
use crate::version::tenths;

/// The limit of records that a part reads.
pub(super) const READ_LIMIT: usize = 25;
/// The limit of records that a part writes.
pub(super) const WRITE_LIMIT: usize = 1;

/// The limit of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowance {
    /// Anything.
    Free,
    /// It reads at most [`READ_LIMIT`] records.
    Read,
    /// It executes a COQL query of at most [`READ_LIMIT`] records.
    Query,
    /// It writes at most [`WRITE_LIMIT`] rows of this member of the body.
    Write(&'static str),
    /// It is not allowed in a composite call.
    Refused,
}

use Allowance::{Free, Query, Read, Refused, Write};

/// The operations by method and path below the version; the first row that matches applies. The
/// table on Zoho's page names groups of operations; see
/// <https://www.zoho.com/crm/developer/docs/api/v8/composite-api.html>.
const OPERATIONS: &[(&str, &str, Allowance)] = &[
    ("GET", "org", Free),
    ("GET", "settings/modules", Free),
    ("GET", "settings/modules/{name}", Free),
    ("GET", "settings/fields", Free),
    ("GET", "settings/fields/{id}", Free),
    ("GET", "settings/layouts", Free),
    ("GET", "settings/layouts/{id}", Free),
    ("GET", "settings/related_lists", Free),
    ("GET", "settings/related_lists/{id}", Free),
    ("GET", "settings/custom_views", Free),
    ("GET", "settings/custom_views/{id}", Free),
    ("GET", "settings/layout_rules", Free),
    ("GET", "settings/validation_rules", Free),
    ("GET", "settings/custom_links", Free),
    ("GET", "settings/custom_links/{id}", Free),
    ("GET", "settings/roles", Free),
    ("GET", "settings/roles/{id}", Free),
    ("POST", "settings/roles", Free),
    ("PUT", "settings/roles", Free),
    ("PUT", "settings/roles/{id}", Free),
    ("GET", "settings/profiles", Free),
    ("GET", "settings/profiles/{id}", Free),
    ("GET", "settings/variables", Free),
    ("GET", "settings/variables/{id}", Free),
    ("POST", "settings/variables", Write("variables")),
    ("DELETE", "settings/variables/{id}", Free),
    ("GET", "settings/variable_groups", Free),
    ("GET", "settings/variable_groups/{id}", Free),
    ("GET", "settings/tags", Free),
    ("GET", "settings/tags/{id}/actions/records_count", Free),
    ("POST", "settings/tags", Write("tags")),
    ("PUT", "settings/tags", Write("tags")),
    ("PUT", "settings/tags/{id}", Write("tags")),
    ("POST", "settings/tags/{id}/actions/merge", Write("tags")),
    ("GET", "settings/automation/assignment_rules", Free),
    ("GET", "settings/pipeline", Free),
    ("GET", "settings/pipeline/{id}", Free),
    ("POST", "settings/pipeline", Free),
    ("PUT", "settings/pipeline", Free),
    ("PUT", "settings/pipeline/{id}", Free),
    ("GET", "settings/wizards", Free),
    ("GET", "settings/wizards/{id}", Free),
    ("GET", "settings/emails/actions/from_addresses", Free),
    ("GET", "settings/territories", Read),
    ("GET", "settings/territories/{id}", Read),
    ("GET", "settings/email_templates", Read),
    ("GET", "settings/email_templates/{id}", Read),
    ("GET", "settings/inventory_templates", Read),
    ("GET", "settings/inventory_templates/{id}", Read),
    ("GET", "org/currencies", Free),
    ("GET", "org/currencies/{id}", Free),
    ("POST", "org/currencies", Write("currencies")),
    ("PUT", "org/currencies", Write("currencies")),
    ("PUT", "org/currencies/{id}", Write("currencies")),
    ("GET", "users", Read),
    ("GET", "users/{id}", Read),
    ("POST", "users", Write("users")),
    ("PUT", "users", Write("users")),
    ("PUT", "users/{id}", Write("users")),
    ("DELETE", "users/{id}", Free),
    ("GET", "users/actions/count", Free),
    ("GET", "actions/watch", Read),
    ("POST", "actions/watch", Write("watch")),
    ("PUT", "actions/watch", Write("watch")),
    ("PATCH", "actions/watch", Write("watch")),
    ("DELETE", "actions/watch", Free),
    ("POST", "coql", Query),
    ("GET", "{module}/actions/count", Free),
    ("GET", "{module}/search", Read),
    ("GET", "{module}/deleted", Read),
    ("POST", "{module}/upsert", Write("data")),
    ("POST", "{module}/{id}/actions/convert", Free),
    ("POST", "{module}/{id}/actions/add_tags", Free),
    ("POST", "{module}/{id}/actions/remove_tags", Free),
    ("GET", "{module}/{id}/actions/share", Free),
    ("GET", "{module}/{id}/actions/blueprint", Free),
    ("PUT", "{module}/{id}/actions/blueprint", Free),
    ("GET", "{module}/{id}/photo", Refused),
    ("DELETE", "{module}/{id}/photo", Free),
    ("GET", "{module}/{id}/Attachments", Free),
    ("GET", "{module}/{id}/Attachments/{attachment}", Refused),
    ("DELETE", "{module}/{id}/Attachments/{attachment}", Refused),
    ("POST", "{module}/{id}/Notes", Write("data")),
    ("GET", "{module}/{id}/{list}", Read),
    ("PUT", "{module}/{id}/{list}", Write("data")),
    ("GET", "{module}/{id}/{list}/{other}", Read),
    ("PUT", "{module}/{id}/{list}/{other}", Write("data")),
    ("DELETE", "{module}/{id}/{list}/{other}", Free),
    ("GET", "{module}", Read),
    ("POST", "{module}", Write("data")),
    ("PUT", "{module}", Write("data")),
    ("GET", "{module}/{id}", Read),
    ("PUT", "{module}/{id}", Write("data")),
    ("DELETE", "{module}/{id}", Free),
];

/// Returns the limit of a part with this method and path. Only paths of the API itself, directly
/// below the version, are allowed.
pub(super) fn allowance(method: &Method, segments: &[String]) -> Allowance {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["crm", version, rest @ ..] = segments.as_slice() else { return Refused };
    if tenths(version).is_none() {
        return Refused;
    }
    let matches = |(verb, template, _): &&(&str, &str, Allowance)| {
        *verb == method.as_str() && path_values(template, rest).is_some()
    };
    OPERATIONS.iter().find(matches).map_or(Refused, |(_, _, allowance)| *allowance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_limits_of_zohos_table() {
        for (method, path, wanted) in [
            ("GET", "crm/v8/org", Free),
            ("GET", "crm/v8/Leads", Read),
            ("GET", "crm/v8/Leads/1", Read),
            ("GET", "crm/v8/Leads/search", Read),
            ("GET", "crm/v8/Leads/1/Notes", Read),
            ("GET", "crm/v8/Leads/actions/count", Free),
            ("GET", "crm/v8/Leads/1/Attachments", Free),
            ("POST", "crm/v8/coql", Query),
            ("POST", "crm/v8/Leads", Write("data")),
            ("POST", "crm/v8/Leads/1/Notes", Write("data")),
            ("POST", "crm/v8/users", Write("users")),
            ("PATCH", "crm/v8/actions/watch", Write("watch")),
            ("DELETE", "crm/v8/Leads/1", Free),
            ("DELETE", "crm/v8/actions/watch", Free),
            // deletions without an id in the path, files, jobs and other services
            ("DELETE", "crm/v8/Leads", Refused),
            ("DELETE", "crm/v8/settings/variables", Refused),
            ("PUT", "crm/v8/settings/variables", Refused),
            ("GET", "crm/v8/files", Refused),
            ("POST", "crm/v8/Leads/1/photo", Refused),
            ("GET", "crm/v8/Leads/1/photo", Refused),
            ("GET", "crm/v8/Leads/1/Attachments/2", Refused),
            ("POST", "crm/v8/Leads/1/Attachments", Refused),
            ("POST", "crm/v8/Leads/actions/mass_update", Refused),
            ("POST", "crm/v8/__composite_requests", Refused),
            ("POST", "crm/bulk/v8/read", Refused),
            ("GET", "crm/bulk/v8/read", Refused),
        ] {
            let segments: Vec<String> = path.split('/').map(String::from).collect();
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(allowance(&method, &segments), wanted, "{method} {path}");
        }
    }
}
