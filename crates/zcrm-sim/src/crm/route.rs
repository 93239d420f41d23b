//! The mapping of paths to operations.

use super::operation::Operation;
use super::operations::{CONTENT_OPERATIONS, OPERATIONS};
use crate::environment::Host;
use crate::http::IncomingCall;
use crate::version::Version;

/// The result of matching a path.
pub(crate) enum Route<'a> {
    /// Operations with the same path template, and the values of the names in braces.
    Known { operations: Vec<&'static Operation>, path_values: Vec<&'a str> },
    /// A path that Zoho may have and the simulator does not.
    NotSimulated,
}

/// The first segments that are not module names, in addition to those with two underscores.
const RESERVED: [&str; 12] = [
    "bulk",
    "settings",
    "org",
    "users",
    "coql",
    "files",
    "actions",
    "upload",
    "features",
    "functions",
    "signals",
    "workflow_configurations",
];

/// Matches the path; returns `None` if Zoho does not have it.
pub(crate) fn parse(call: &IncomingCall) -> Option<(Version, Route<'_>)> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let version = |segment: &&str| Version::parse(segment);
    if call.host == Host::Content || segments.first().and_then(version).is_some() {
        let version = segments.iter().take(2).find_map(version)?;
        return Some((version, find(CONTENT_OPERATIONS, &segments)));
    }
    let (version, rest) = match segments.as_slice() {
        ["crm", "bulk", version, rest @ ..] if !rest.is_empty() => {
            let version = Version::parse(version)?;
            let path: Vec<&str> = std::iter::once("bulk").chain(rest.iter().copied()).collect();
            return Some((version, find(OPERATIONS, &path)));
        }
        // The version is after `bulk`.
        ["crm", _, "bulk", ..] => return None,
        ["crm", "email", version, _, ..] => {
            return Some((Version::parse(version)?, Route::NotSimulated));
        }
        ["crm", version, rest @ ..] => (Version::parse(version)?, rest),
        _ => return None,
    };
    if rest.is_empty() || rest.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    Some((version, find(OPERATIONS, rest)))
}

fn find<'a>(table: &'static [Operation], rest: &[&'a str]) -> Route<'a> {
    let first = table.iter().find_map(|one| Some((one.path, path_values(one.path, rest)?)));
    let Some((path, path_values)) = first else { return Route::NotSimulated };
    let operations = table.iter().filter(|one| one.path == path).collect();
    Route::Known { operations, path_values }
}

/// Returns whether a segment is a word of the API, and neither an id nor a related list.
fn is_word(part: &str) -> bool {
    part == "actions" || part.starts_with("__")
}

/// Returns the values of the template's names in braces; `None` if the path does not match.
pub(crate) fn path_values<'a>(template: &str, path: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut values = Vec::new();
    let mut parts = path.iter().copied();
    for wanted in template.trim_start_matches('/').split('/') {
        let part = parts.next()?;
        match wanted {
            "{module}" if !RESERVED.contains(&part) && !is_word(part) => values.push(part),
            "{module}" => return None,
            _ if wanted.starts_with('{') && !is_word(part) => values.push(part),
            _ if wanted == part => {}
            _ => return None,
        }
    }
    parts.next().is_none().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::path_values;

    #[test]
    fn a_template_returns_the_values_of_its_names() {
        assert_eq!(path_values("{module}/{id}", &["Leads", "1"]), Some(vec!["Leads", "1"]));
        assert_eq!(path_values("settings/tags", &["settings", "tags"]), Some(vec![]));
        assert_eq!(path_values("{module}/{id}", &["Leads"]), None);
        assert_eq!(path_values("{module}", &["Leads", "1"]), None);
        assert_eq!(path_values("{module}/{id}", &["settings", "1"]), None);
        assert_eq!(path_values("{module}/{id}/{list}", &["Leads", "actions", "count"]), None);
        assert_eq!(path_values("{module}/{id}/{list}", &["Leads", "1", "__timeline"]), None);
    }
}
