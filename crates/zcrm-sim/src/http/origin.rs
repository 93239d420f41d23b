//! Which host a call means, and who sent it there: pages of other sites get no say.

use super::answer::Answer;
use super::call::IncomingCall;
use crate::environment::Host;
use hyper::StatusCode;

/// The names that a loopback server is reached by.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The top-level part of the API's host in each data centre.
const DOMAINS: [(&str, &str); 10] = [
    ("us", "com"),
    ("eu", "eu"),
    ("in", "in"),
    ("au", "com.au"),
    ("cn", "com.cn"),
    ("jp", "jp"),
    ("ca", "ca"),
    ("sa", "sa"),
    ("uk", "uk"),
    ("ae", "ae"),
];

/// Whether a call of the API names its host: one of the loopback's names, or the name that Zoho's
/// has in that data centre, for clients that are sent here by a proxy or a hosts file.
pub(crate) fn is_api(call: &IncomingCall, location: &str) -> bool {
    let part = match call.host {
        Host::Api => "www",
        Host::Sandbox => "sandbox",
        Host::Accounts | Host::Control => return false,
    };
    let name = host_name(&call.authority);
    let zoho = |(_, domain): &(&str, &str)| name == format!("{part}.zohoapis.{domain}");
    is_loopback(&call.authority) || DOMAINS.iter().filter(|(known, _)| *known == location).any(zoho)
}

/// The host's name without its port.
fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => authority,
    }
}

fn is_loopback(authority: &str) -> bool {
    LOOPBACK.contains(&host_name(authority))
}

/// The refusal of a call that a page of another site has caused, or a name that points here by
/// mistake.
///
/// A browser says where a page comes from: `Origin` with everything that may change something, and
/// `Sec-Fetch-BaseUrls`. A program says neither. The host's name must be one of the loopback's, so that
/// a name which another site makes to point here does not pass for ours.
pub(crate) fn refusal(call: &IncomingCall) -> Option<Answer> {
    let own = |origin: &str| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority == Some(call.authority.as_str())
    };
    let from_here = call.header("origin").is_none_or(own);
    let alien = call.header("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if is_loopback(&call.authority) && from_here && !alien {
        return None;
    }
    Some(Answer::error_page(StatusCode::FORBIDDEN).with_code("FOREIGN_ORIGIN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_part_of_the_name() {
        assert_eq!(host_name("127.0.0.1:80"), "127.0.0.1");
        assert_eq!(host_name("[::1]:443"), "[::1]");
        assert_eq!(host_name("localhost"), "localhost");
        assert!(is_loopback("[::1]:1") && is_loopback("localhost:1"));
        assert!(!is_loopback("localhost.example:1") && !is_loopback(""));
    }
}
