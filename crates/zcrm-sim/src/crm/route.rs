//! Which operation a path means.

use hyper::Method;

use super::version::Version;
use crate::call::Call;

/// An operation, but for its method.
#[derive(Debug, Clone, Copy)]
pub(super) enum Route<'a> {
    Modules,
    Module(&'a str),
    Fields,
    Field(&'a str),
    Org,
    Users,
    User(&'a str),
    Records(&'a str),
    Record(&'a str, &'a str),
    Search(&'a str),
    Count(&'a str),
    Deleted(&'a str),
    Upsert(&'a str),
    /// One that Zoho has and the simulator has not.
    NotSimulated,
}

/// The methods and paths of all that is simulated, below the version.
pub(crate) fn simulated() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("GET", "settings/modules"),
        ("GET", "settings/modules/{name}"),
        ("GET", "settings/fields"),
        ("GET", "settings/fields/{id}"),
        ("GET", "org"),
        ("GET", "users"),
        ("GET", "users/{id}"),
        ("GET", "{module}"),
        ("POST", "{module}"),
        ("PUT", "{module}"),
        ("DELETE", "{module}"),
        ("GET", "{module}/{id}"),
        ("PUT", "{module}/{id}"),
        ("DELETE", "{module}/{id}"),
        ("GET", "{module}/search"),
        ("GET", "{module}/deleted"),
        ("POST", "{module}/upsert"),
        ("GET", "{module}/actions/count"),
    ]
    .into_iter()
}

/// Reads the path; `None` if it is none of Zoho's.
pub(super) fn parse(call: &Call) -> Option<(Version, Route<'_>)> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let (version, rest) = match segments.as_slice() {
        ["crm", "bulk", version, _, ..] => {
            return Some((Version::parse(version)?, Route::NotSimulated));
        }
        ["crm", version, rest @ ..] => (Version::parse(version)?, rest),
        _ => return None,
    };
    if rest.is_empty() || rest.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    Some((version, operation(rest)))
}

fn operation<'a>(rest: &[&'a str]) -> Route<'a> {
    match *rest {
        ["settings", "modules"] => Route::Modules,
        ["settings", "modules", module] => Route::Module(module),
        ["settings", "fields"] => Route::Fields,
        ["settings", "fields", field] => Route::Field(field),
        ["org"] => Route::Org,
        ["users"] => Route::Users,
        ["users", id] => Route::User(id),
        [
            "settings"
            | "org"
            | "users"
            | "coql"
            | "files"
            | "actions"
            | "__composite_requests"
            | "upload"
            | "features",
            ..,
        ] => Route::NotSimulated,
        [module] => Route::Records(module),
        [module, "search"] => Route::Search(module),
        [module, "deleted"] => Route::Deleted(module),
        [module, "upsert"] => Route::Upsert(module),
        [module, "actions", "count"] => Route::Count(module),
        [module, id] if id != "actions" => Route::Record(module, id),
        _ => Route::NotSimulated,
    }
}

impl Route<'_> {
    /// The scopes that the operation needs, each of them; `None` if it has no such method.
    pub(super) fn scopes(&self, method: &Method) -> Option<Vec<String>> {
        let verb = match method.as_str() {
            "GET" => "READ",
            "POST" => "CREATE",
            "PUT" => "UPDATE",
            "DELETE" => "DELETE",
            _ => return None,
        };
        let of_records = |module: &str| format!("ZohoCRM.modules.{module}.{verb}");
        Some(match (self, verb) {
            (Self::Modules | Self::Module(_), "READ") => {
                vec![String::from("ZohoCRM.settings.modules.READ")]
            }
            (Self::Fields | Self::Field(_), "READ") => {
                vec![String::from("ZohoCRM.settings.fields.READ")]
            }
            (Self::Org, "READ") => vec![String::from("ZohoCRM.org.READ")],
            (Self::Users | Self::User(_), "READ") => vec![String::from("ZohoCRM.users.READ")],
            (Self::Records(module), _) => vec![of_records(module)],
            (Self::Record(module, _), "READ" | "UPDATE" | "DELETE") => vec![of_records(module)],
            (Self::Search(module), "READ") => {
                vec![of_records(module), String::from("ZohoSearch.securesearch.READ")]
            }
            (Self::Count(module) | Self::Deleted(module), "READ") => vec![of_records(module)],
            (Self::Upsert(module), "CREATE") => vec![of_records(module)],
            _ => return None,
        })
    }
}
