//! Checks of a request's host and origin. Web pages of other sites are refused.

use super::answer::Answer;
use super::call::IncomingCall;
use crate::environment::Host;
use hyper::StatusCode;

/// The names of loopback hosts.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The domains of each data centre: the top-level domain of the API's host, and Zoho's own domain.
const DOMAINS: [(&str, &str, &str); 10] = [
    ("us", "com", "zoho.com"),
    ("eu", "eu", "zoho.eu"),
    ("in", "in", "zoho.in"),
    ("au", "com.au", "zoho.com.au"),
    ("cn", "com.cn", "zoho.com.cn"),
    ("jp", "jp", "zoho.jp"),
    ("ca", "ca", "zohocloud.ca"),
    ("sa", "sa", "zoho.sa"),
    ("uk", "uk", "zoho.uk"),
    ("ae", "ae", "zoho.ae"),
];

/// The first parts of the names that the server for files has below Zoho's own domain.
const FILE_HOSTS: [&str; 4] = ["upload", "upload-accl", "download-accl", "files"];

/// Returns whether a call names the API's host: a loopback name, or Zoho's host name in this data
/// centre. The latter is for clients that reach the simulator through a proxy or a hosts file.
pub(crate) fn is_api(call: &IncomingCall, location: &str) -> bool {
    if matches!(call.host, Host::Accounts | Host::Control) {
        return false;
    }
    let name = host_name(&call.authority);
    let zoho = |(_, api, own): &(&str, &str, &str)| match call.host {
        Host::Api => name == format!("www.zohoapis.{api}"),
        Host::Sandbox => name == format!("sandbox.zohoapis.{api}"),
        Host::Content => {
            name == format!("content.zohoapis.{api}")
                || name == format!("download.zohocrm.{api}")
                || FILE_HOSTS.iter().any(|first| name == format!("{first}.{own}"))
        }
        Host::Accounts | Host::Control => false,
    };
    let here = DOMAINS.iter().filter(|(known, ..)| *known == location);
    is_loopback(&call.authority) || { here }.any(zoho)
}

/// Returns the host's name without its port.
fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => authority,
    }
}

fn is_loopback(authority: &str) -> bool {
    LOOPBACK.contains(&host_name(authority))
}

/// Refuses a call that was caused by a web page of another site, or that has a host name other than
/// a loopback name.
///
/// Browsers send the `Origin` header with requests that may change data, and `Sec-Fetch-Site` with
/// all; other programs send neither. The host name must be a loopback name because another site can
/// make its own name resolve to this machine.
pub(crate) fn refusal(call: &IncomingCall) -> Option<Answer> {
    let own = |origin: &str| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority == Some(call.authority.as_str())
    };
    let from_here = call.header("origin").is_none_or(own);
    let cross_site = call.header("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if is_loopback(&call.authority) && from_here && !cross_site {
        return None;
    }
    Some(Answer::error_page(StatusCode::FORBIDDEN).with_code("FOREIGN_ORIGIN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_name_has_no_port() {
        assert_eq!(host_name("127.0.0.1:80"), "127.0.0.1");
        assert_eq!(host_name("[::1]:443"), "[::1]");
        assert_eq!(host_name("localhost"), "localhost");
        assert!(is_loopback("[::1]:1") && is_loopback("localhost:1"));
        assert!(!is_loopback("localhost.example:1") && !is_loopback(""));
    }
}
