//! What requests say of the program that sends them.

use http::HeaderValue;
use zcrm_core::{Error, escaped};

/// zcrm's own product, in the form of RFC 9110, section 10.1.5.
const OWN: &str = concat!("zcrm/", env!("CARGO_PKG_VERSION"), " (+Rust SDK for Zoho CRM)");

/// The `user-agent` of zcrm's requests, with an application's product in front where one is given:
/// what [`Stack::user_agent`](crate::Stack::user_agent) sends.
///
/// ```
/// use zcrm_http::user_agent;
///
/// assert!(user_agent(None)?.as_bytes().starts_with(b"zcrm/"));
/// assert!(user_agent(Some("zylker-sync/1.2"))?.as_bytes().starts_with(b"zylker-sync/1.2 zcrm/"));
/// # Ok::<(), zcrm_core::Error>(())
/// ```
///
/// # Errors
/// Of kind [`Config`](zcrm_core::ErrorKind::Config) for a product that is empty or not ASCII.
pub fn user_agent(product: Option<&str>) -> Result<HeaderValue, Error> {
    let Some(product) = product.map(str::trim) else { return Ok(own()) };
    // visible characters and blanks that begin with a product's name
    let fits = product.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && product.starts_with(|c: char| c.is_ascii_alphanumeric());
    let value = HeaderValue::try_from(format!("{product} {OWN}"));
    value.ok().filter(|_| fits).ok_or_else(|| {
        Error::config(format!(
            "the user agent `{}` cannot be sent: write a product in ASCII, such as `zylker-sync/1.2`",
            escaped(product)
        ))
    })
}

/// zcrm's own product as a `user-agent`.
pub(crate) fn own() -> HeaderValue {
    HeaderValue::from_static(OWN)
}

#[cfg(test)]
mod tests {
    use super::{own, user_agent};

    #[test]
    fn puts_the_product_of_the_application_in_front() {
        let own = own().to_str().unwrap().to_owned();
        assert!(own.starts_with(concat!("zcrm/", env!("CARGO_PKG_VERSION"), " (+")), "{own}");
        let both = user_agent(Some(" zylker-sync/1.2 (nightly) ")).unwrap();
        assert_eq!(both, format!("zylker-sync/1.2 (nightly) {own}").as_str());
        for odd in ["", " ", "zylker\r\nx: y", "zylk\u{e9}r", "a\tb", "(comment)", "/1"] {
            assert!(user_agent(Some(odd)).is_err(), "{odd:?}");
        }
    }
}
