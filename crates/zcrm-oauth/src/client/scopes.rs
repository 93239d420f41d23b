//! Scopes: the permissions of a token.

use http::Method;
use zcrm_core::{Error, Operation};

use crate::StoredToken;

/// The scope that permits reading the user of a token.
pub(super) const PROFILE: &str = "AaaServer.profile.READ";

/// Joins scopes as Zoho's parameter needs them.
pub(super) fn listed(scopes: &[impl AsRef<str>]) -> Result<String, Error> {
    let scopes: Vec<&str> = scopes.iter().flat_map(|scope| split(scope.as_ref())).collect();
    if scopes.is_empty() {
        return Err(Error::input(
            "no scope was given: name those that the program needs, for example `ZohoCRM.modules.ALL`",
        ));
    }
    Ok(scopes.join(","))
}

fn split(scopes: &str) -> impl Iterator<Item = &str> {
    scopes.split([',', ' ']).filter(|scope| !scope.is_empty())
}

impl StoredToken {
    /// Returns the scopes that `operation` needs if the token has none of them, or an empty list if
    /// the operation may be called.
    ///
    /// Returns `None` if the scopes of the token are unknown, because some stores do not keep them.
    ///
    /// One of the scopes that Zoho names for an operation is enough. `ALL` covers the four verbs,
    /// and `ZohoCRM.modules.ALL` covers each module. If Zoho names `ALL`, the verb of the call is
    /// enough. For an operation on any module, a scope for one module counts, because the call
    /// works for that module.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use zcrm_core::Operation;
    /// use zcrm_oauth::StoredToken;
    ///
    /// const TAGS: Operation = Operation::get("/settings/tags").scopes(&["ZohoCRM.settings.tags.READ"]);
    /// let token = StoredToken::new("1000.access", DateTime::UNIX_EPOCH);
    /// assert_eq!(token.missing_scopes(&TAGS), None);
    /// let reads = token.clone().with_scope("ZohoCRM.modules.READ");
    /// assert_eq!(reads.missing_scopes(&TAGS).as_deref(), Some(&["ZohoCRM.settings.tags.READ"][..]));
    /// let all = token.with_scope("ZohoCRM.modules.READ,ZohoCRM.settings.ALL");
    /// assert_eq!(all.missing_scopes(&TAGS).as_deref(), Some(&[][..]));
    /// ```
    #[must_use]
    pub fn missing_scopes(&self, operation: &Operation) -> Option<Vec<&'static str>> {
        let needed = operation.scope_names();
        let granted = self.scope.as_deref()?;
        let any_module = operation.template().contains("{module}");
        let verb = match *operation.method() {
            Method::GET => "READ",
            Method::POST => "CREATE",
            Method::DELETE => "DELETE",
            _ => "UPDATE",
        };
        let enough = needed.is_empty()
            || needed.iter().any(|scope| {
                let as_called = scope.strip_suffix("ALL").map(|group| format!("{group}{verb}"));
                let scope = as_called.as_deref().unwrap_or(scope);
                split(granted).any(|granted| covers(granted, scope, any_module))
            });
        Some(if enough { Vec::new() } else { needed.to_vec() })
    }
}

/// Returns whether a token may read its user, or `None` if its scopes are unknown.
pub(super) fn has_profile(token: &StoredToken) -> Option<bool> {
    let granted = token.scope.as_deref()?;
    Some(split(granted).any(|granted| covers(granted, PROFILE, false)))
}

/// Returns `true` if a granted scope includes the `needed` one.
///
/// Scopes have the form `service.group.VERB` or `service.group.part.VERB`. A shorter one covers all
/// its parts, and `ALL` covers every verb. `{module}` matches any part. With `partly`, a scope that
/// is granted for a part counts, too.
fn covers(granted: &str, needed: &str, partly: bool) -> bool {
    let (Some((granted, verb)), Some((needed, needed_verb))) =
        (granted.rsplit_once('.'), needed.rsplit_once('.'))
    else {
        return granted.eq_ignore_ascii_case(needed);
    };
    if !verb.eq_ignore_ascii_case("ALL") && !verb.eq_ignore_ascii_case(needed_verb) {
        return false;
    }
    let mut needed = needed.split('.');
    granted.split('.').all(|part| match needed.next() {
        Some(needed) => needed.starts_with('{') || part.eq_ignore_ascii_case(needed),
        None => partly,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_parts_and_verbs_of_a_scope_only() {
        for (granted, needed) in [
            ("ZohoCRM.modules.ALL", "ZohoCRM.modules.ALL"),
            ("ZohoCRM.modules.ALL", "ZohoCRM.modules.leads.READ"),
            ("ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.leads.READ"),
            ("ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.{module}.READ"),
            ("ZohoCRM.modules.READ", "ZohoCRM.modules.{module}.READ"),
            ("aaaserver.profile.read", "AaaServer.profile.READ"),
        ] {
            assert!(covers(granted, needed, false), "{granted} {needed}");
        }
        for (granted, needed) in [
            ("ZohoCRM.modules.READ", "ZohoCRM.modules.ALL"),
            ("ZohoCRM.modules.READ", "ZohoCRM.modules.leads.CREATE"),
            ("ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.contacts.READ"),
            ("ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.READ"),
            ("ZohoCRM.settings.ALL", "ZohoCRM.modules.ALL"),
            ("ZohoCRM", "ZohoCRM.modules.ALL"),
        ] {
            assert!(!covers(granted, needed, false), "{granted} {needed}");
        }
        assert!(covers("ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.READ", true));
    }

    #[test]
    fn finds_missing_scopes_by_operation() {
        const LIST: Operation = Operation::get("/{module}").scopes(&["ZohoCRM.modules.ALL"]);
        const CREATE: Operation = Operation::post("/{module}").scopes(&["ZohoCRM.modules.ALL"]);
        const ANY: Operation = Operation::get("/x");
        const ORG: Operation = Operation::get("/org").scopes(&["ZohoCRM.org.ALL", "ZohoCRM.org.X"]);
        let token = |scope: &str| {
            StoredToken::new("a", chrono::DateTime::UNIX_EPOCH).with_scope(scope.to_owned())
        };
        let may = |scope: &str, operation: &Operation| {
            token(scope).missing_scopes(operation).unwrap().is_empty()
        };
        assert!(may("ZohoCRM.modules.READ", &LIST) && !may("ZohoCRM.modules.READ", &CREATE));
        assert!(may("ZohoCRM.org.READ ZohoCRM.modules.leads.CREATE", &CREATE));
        assert!(may("ZohoCRM.org.READ", &ORG) && may("", &ANY));
        let missing = token("ZohoCRM.users.ALL").missing_scopes(&ORG).unwrap();
        assert_eq!(missing, ["ZohoCRM.org.ALL", "ZohoCRM.org.X"]);
    }

    #[test]
    fn joins_scopes_with_commas() {
        assert_eq!(listed(&["a.ALL", "b.READ c.READ"]).unwrap(), "a.ALL,b.READ,c.READ");
        assert!(listed(&[] as &[&str]).is_err());
        assert!(listed(&[" ", ","]).is_err());
    }
}
