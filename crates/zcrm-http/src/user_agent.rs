//! The `user-agent` header.

use http::HeaderValue;
use zcrm_core::{Error, escaped};

/// zcrm's own product, in the format of RFC 9110, section 10.1.5.
const OWN: &str = concat!("zcrm/", env!("CARGO_PKG_VERSION"), " (+Rust SDK for Zoho CRM)");

/// Returns the `user-agent` of zcrm's requests, with an application's product before it if one is
/// given.
///
/// [`Stack::user_agent`](crate::Stack::user_agent) sets this value.
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
/// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if the product is empty or not
/// ASCII.
pub fn user_agent(product: Option<&str>) -> Result<HeaderValue, Error> {
    let Some(product) = product.map(str::trim) else { return Ok(own()) };
    // visible characters and spaces that begin with a product's name
    let fits = product.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && product.starts_with(|c: char| c.is_ascii_alphanumeric());
    let value = HeaderValue::try_from(format!("{product} {OWN}"));
    value.ok().filter(|_| fits).ok_or_else(|| {
        Error::config(format!(
            "invalid user agent `{}`: expected an ASCII product, for example zylker-sync/1.2",
            escaped(product)
        ))
    })
}

/// Returns zcrm's own product as a `user-agent`.
pub(crate) fn own() -> HeaderValue {
    HeaderValue::from_static(OWN)
}

#[cfg(test)]
mod tests {
    use super::{own, user_agent};

    #[test]
    fn puts_the_product_of_the_application_first() {
        let own = own().to_str().unwrap().to_owned();
        assert!(own.starts_with(concat!("zcrm/", env!("CARGO_PKG_VERSION"), " (+")), "{own}");
        let both = user_agent(Some(" zylker-sync/1.2 (nightly) ")).unwrap();
        assert_eq!(both, format!("zylker-sync/1.2 (nightly) {own}").as_str());
        for invalid in ["", " ", "zylker\r\nx: y", "zylk\u{e9}r", "a\tb", "(comment)", "/1"] {
            assert!(user_agent(Some(invalid)).is_err(), "{invalid:?}");
        }
    }
}
