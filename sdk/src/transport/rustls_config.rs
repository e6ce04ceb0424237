//! The settings of rustls.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use crate::base::error::{Error, Result};
use crate::config::transport::ConnectionSettings;

/// Creates a TLS configuration with ring for this client only. No provider is installed for the
/// process.
pub(super) fn rustls_config(roots: &[Vec<u8>]) -> Result<ClientConfig> {
    let failed = |error: rustls::Error| Error::config("cannot set up TLS").with_source(error);
    let roots = certificates(roots)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let verifier = Verifier::new_with_extra_roots(roots, provider).map_err(failed)?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Parses the certificates in PEM texts.
fn certificates(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>> {
    let mut all = Vec::new();
    for pem in pems {
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            all.push(
                certificate.map_err(|error| {
                    ConnectionSettings::invalid_certificate().with_source(error)
                })?,
            );
        }
        if all.len() == before {
            return Err(ConnectionSettings::invalid_certificate());
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBdjCCARugAwIBAgIUDoTAk4+nIDoSH+Ja7+adloslodQwCgYIKoZIzj0EAwIw\n\
DzENMAsGA1UEAwwEVGVzdDAgFw0yNjExMjIxOTUxMDZaGA8yMTI2MTAyOTE5NTEw\n\
NlowDzENMAsGA1UEAwwEVGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABClf\n\
HECcNAyGb34kE4qLyVzGx8PsnH3zCFZnVStypGYXEbFGS/9M/MZNbp8xtPlbtOVz\n\
Pixi+62NgQjKTfatcM+jUzBRMB0GA1UdDgQWBBSB6WWpeVB6K/S5eongU/PZQOHC\n\
rjAfBgNVHSMEGDAWgBSB6WWpeVB6K/S5eongU/PZQOHCrjAPBgNVHRMBAf8EBTAD\n\
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQD7U9pMXCQwBXybNK+Fb/PTUbOhl2aQ63VX\n\
4D8esIr6vwIhANcKLm5v+iZ+20ITaWH8lBB6uXZbthS5uhzeCj9TTpzs\n\
-----END CERTIFICATE-----\n";

    #[test]
    fn all_certificates_of_a_text_are_read() {
        let twice = format!("{ROOT}{ROOT}").into_bytes();
        let all = certificates(&[ROOT.into(), twice]).unwrap();
        assert_eq!(all.len(), 3);
        assert!(rustls_config(&[ROOT.into()]).is_ok());
        assert!(certificates(&[ROOT.into(), "text".into()]).is_err());
    }
}
