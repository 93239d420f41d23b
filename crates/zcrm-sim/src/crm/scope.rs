//! Checks of a token's scopes.

use crate::crm::call::Refusal;

/// Returns the refusal of a call outside the token's scopes.
pub(crate) fn mismatch() -> Refusal {
    Refusal::unauthorized("OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")
}

/// Returns whether one of the granted scopes covers the needed one.
///
/// A scope is a path that ends in an operation. It covers all scopes below it with the same
/// operation or with `ALL`; `WRITE` means `CREATE` and `UPDATE`. Case is ignored, because Zoho's
/// documentation mixes it.
pub(crate) fn covered(granted: &[String], needed: &str) -> bool {
    granted.iter().any(|scope| covers(scope, needed))
}

fn covers(granted: &str, needed: &str) -> bool {
    let (Some((granted_path, granted_verb)), Some((needed_path, needed_verb))) =
        (granted.rsplit_once('.'), needed.rsplit_once('.'))
    else {
        return false;
    };
    let is = |verb: &str| granted_verb.eq_ignore_ascii_case(verb);
    let verb =
        is("ALL") || is(needed_verb) || is("WRITE") && ["CREATE", "UPDATE"].contains(&needed_verb);
    let mut below = needed_path.split('.');
    verb && granted_path
        .split('.')
        .all(|part| below.next().is_some_and(|other| part.eq_ignore_ascii_case(other)))
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_wider_scope_covers_a_narrower_one() {
        assert!(covers("ZohoCRM.modules.ALL", "ZohoCRM.modules.Leads.CREATE"));
        assert!(covers("ZohoCRM.modules.leads.all", "ZohoCRM.modules.Leads.READ"));
        assert!(covers("ZohoCRM.modules.leads.WRITE", "ZohoCRM.modules.Leads.UPDATE"));
        assert!(!covers("ZohoCRM.modules.leads.WRITE", "ZohoCRM.modules.Leads.READ"));
        assert!(!covers("ZohoCRM.modules.leads.READ", "ZohoCRM.modules.Contacts.READ"));
        assert!(!covers("ZohoCRM.modules.leads.extra.ALL", "ZohoCRM.modules.Leads.READ"));
        assert!(!covers("ZohoCRM.users.ALL", "ZohoCRM.org.READ"));
    }
}
