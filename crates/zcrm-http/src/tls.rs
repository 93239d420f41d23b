//! TLS: the cryptography, and the certificate authorities that are trusted.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use zcrm_core::Error;

/// Returns the cryptography that was built in; aws-lc-rs if both are.
fn provider() -> Option<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    return Some(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Some(rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    return None;
}

/// Configures TLS 1.2 and 1.3 with the built-in roots and the certificates of these PEM texts.
pub(crate) fn config(roots_pem: &[Vec<u8>]) -> Result<ClientConfig, Error> {
    let Some(provider) = provider() else {
        return Err(Error::config(
            "no cryptography was built in: enable the feature `ring` or `aws-lc-rs`, or use a custom \
             transport instead of the connector",
        ));
    };
    let roots = roots(roots_pem)?;
    if roots.is_empty() {
        return Err(Error::config(
            "no certificate authority is trusted: enable the feature `webpki-roots` or \
             `native-roots`, or add one with `root_pem`",
        ));
    }
    // the provider is explicit, because the process-wide default belongs to the application
    Ok(ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::config("TLS cannot be set up").with_source(error))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn roots(pems: &[Vec<u8>]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    #[cfg(feature = "webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    #[cfg(feature = "native-roots")]
    {
        // unreadable ones are skipped: systems hold invalid certificates, and the others suffice
        let found = rustls_native_certs::load_native_certs();
        let (added, ignored) = roots.add_parsable_certificates(found.certs);
        tracing::debug!(target: "zcrm::http", added, ignored, failed = found.errors.len(), "the system's authorities");
    }
    for pem in pems {
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| {
                Error::config("a root certificate is not valid PEM").with_source(error)
            })?;
        if certificates.is_empty() {
            return Err(Error::config("a root PEM text contains no certificate"));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| {
                Error::config("a root certificate cannot be used").with_source(error)
            })?;
        }
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    #[test]
    fn names_the_features_if_no_cryptography_is_built_in() {
        let error = config(&[]).unwrap_err().to_string();
        for way in ["`ring`", "`aws-lc-rs`", "custom transport"] {
            assert!(error.contains(way), "{error}");
        }
    }

    #[cfg(all(
        any(feature = "ring", feature = "aws-lc-rs"),
        not(any(feature = "webpki-roots", feature = "native-roots"))
    ))]
    #[test]
    fn names_the_features_if_no_roots_are_built_in() {
        let error = config(&[]).unwrap_err().to_string();
        for way in ["`webpki-roots`", "`native-roots`", "`root_pem`"] {
            assert!(error.contains(way), "{error}");
        }
    }

    #[cfg(feature = "webpki-roots")]
    #[test]
    fn combines_the_built_in_roots() {
        let built_in = roots(&[]).unwrap().len();
        assert!(built_in >= webpki_roots::TLS_SERVER_ROOTS.len());
        #[cfg(feature = "native-roots")]
        {
            let system = rustls_native_certs::load_native_certs().certs.len();
            assert_eq!(built_in > webpki_roots::TLS_SERVER_ROOTS.len(), system > 0);
        }
    }

    #[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
    #[test]
    fn prefers_aws_lc_rs_if_both_are_built_in() {
        let used = format!("{:?}", provider().unwrap().key_provider);
        assert!(used.to_lowercase().contains("aws"), "{used}");
    }
}
