//! Names of paths, and names of operations from their method and path.

use super::facts::{Base, Facts, Response};

/// Splits a path into host part and the path after the version: `crm` and `/Notes` for
/// `/crm/v8/Notes`.
pub(crate) fn split_path(path: &str) -> Option<(Base, String)> {
    let rest = path.strip_prefix("/crm/")?;
    let (base, rest) = match rest.split_once('/') {
        Some(("bulk", rest)) => (Base::Bulk, rest),
        Some(("email", rest)) => (Base::Email, rest),
        _ => (Base::Crm, rest),
    };
    let (version, rest) = rest.split_once('/')?;
    is_version(version).then(|| (base, format!("/{rest}")))
}

/// Returns whether a segment of a path is the version: `v8`, or a placeholder.
pub(crate) fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix('v').unwrap_or_default();
    let number = |c: char| c.is_ascii_digit() || c == '.';
    segment == "{version}" || (!digits.is_empty() && digits.chars().all(number))
}

/// Converts a text to `snake_case`, without leading and trailing underscores.
pub(crate) fn snake(text: &str) -> String {
    let mut name = String::new();
    let mut after_small = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && after_small {
            name.push('_');
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        name.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    name.trim_matches('_').to_owned()
}

/// Derives the name of an operation within its group: `list`, `get`, `create`, `update`, `delete`
/// for the objects of the group, with `_one` if the path names one object; `list_children` and
/// `delete_child` for objects below them. The part after `actions` is used unchanged.
pub(crate) fn derived(group: &str, facts: &Facts, clear: bool) -> String {
    let segments: Vec<&str> = facts.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let method = facts.method.as_str();
    let fixed: Vec<&str> = segments.iter().copied().filter(|s| !s.starts_with('{')).collect();
    let action = segments.iter().position(|segment| matches!(*segment, "actions" | "action"));
    if let Some(action) = action.and_then(|at| segments.get(at + 1)) {
        let action = snake(action);
        return match method {
            "GET" if action.starts_with("get_") || action.starts_with("download_") => action,
            "GET" => format!("get_{action}"),
            "POST" => action,
            "PUT" => format!("put_{action}"),
            "PATCH" => format!("patch_{action}"),
            _ => format!("delete_{action}"),
        };
    }
    let one = segments.last().is_some_and(|segment| segment.starts_with('{'));
    let noun = fixed.last().map(|segment| snake(segment)).unwrap_or_default();
    let noun = noun.strip_suffix("_s").map_or(noun.clone(), |noun| noun.trim_matches('_').into());
    let own = noun.is_empty()
        || singular(group) == singular(&noun)
        || group.ends_with(&format!("_{noun}"))
        || group.starts_with(&format!("{noun}_"));
    // a path that ends in a parameter names one object, except `/{module}`
    let one = one && segments.len() > 1;
    let verb = match method {
        "GET" if one => "get",
        "GET" if clear && !matches!(facts.response, Response::List(_)) => "get",
        "GET" => "list",
        "POST" => "create",
        "PUT" | "PATCH" => "update",
        _ => "delete",
    };
    match (own, one) {
        (true, true) if method != "GET" => format!("{verb}_one"),
        (true, _) => verb.to_owned(),
        (false, true) => format!("{verb}_{}", singular(&noun)),
        (false, false) => format!("{verb}_{noun}"),
    }
}

/// Returns the singular of an English noun.
fn singular(noun: &str) -> String {
    match noun.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None if noun.ends_with("ss") => noun.to_owned(),
        None => noun.strip_suffix('s').unwrap_or(noun).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_paths() {
        assert_eq!(split_path("/crm/v8/Notes"), Some((Base::Crm, "/Notes".into())));
        assert_eq!(split_path("/crm/v9.1/Notes/{id}"), Some((Base::Crm, "/Notes/{id}".into())));
        assert_eq!(split_path("/crm/bulk/v8/read"), Some((Base::Bulk, "/read".into())));
        assert_eq!(split_path("/crm/email/v8/a/b"), Some((Base::Email, "/a/b".into())));
        assert_eq!(split_path("/crm/{version}/Notes"), Some((Base::Crm, "/Notes".into())));
        for odd in ["/", "/{download_url}", "/crm/Notes", "/crm/v/x", "/crm/vx/y"] {
            assert_eq!(split_path(odd), None, "{odd}");
        }
    }

    #[test]
    fn derives_names_from_method_and_path() {
        let name = |group: &str, method: &str, path: &str, response: Response| {
            let (method, path) = (method.to_owned(), path.to_owned());
            derived(group, &Facts { method, path, response, ..Facts::default() }, true)
        };
        let list = || Response::List("x".into());
        assert_eq!(name("notes", "GET", "/Notes", list()), "list");
        assert_eq!(name("notes", "GET", "/Notes/{id}", list()), "get");
        assert_eq!(name("notes", "PUT", "/Notes/{id}", list()), "update_one");
        assert_eq!(name("records", "PUT", "/{module}", list()), "update");
        assert_eq!(name("records", "GET", "/{module}/deleted", list()), "list_deleted");
        assert_eq!(name("org", "GET", "/org/photo", Response::Binary), "get_photo");
        let user = "/settings/territories/{territory}/users/{user}";
        assert_eq!(name("territories", "DELETE", user, list()), "delete_user");
        assert_eq!(name("tags", "POST", "/settings/tags/{id}/actions/merge", list()), "merge");
        assert_eq!(snake("recordId"), "record_id");
        assert_eq!(snake("__email_drafts"), "email_drafts");
    }
}
