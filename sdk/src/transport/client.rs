//! Creates the `reqwest` client from the settings: connections, proxy, TLS, common headers.

#[cfg(feature = "rustls")]
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

use crate::base::error::{Error, Result};
use crate::config::Config;

pub(super) fn client(config: &Config, https: bool) -> Result<reqwest::Client> {
    let settings = &config.transport;
    // A proxy may use TLS even if the endpoint does not.
    let https = https || settings.proxy_is_https();
    let mut builder = reqwest::Client::builder()
        // Another crate may enable these features for the whole program. Bodies must arrive as they
        // are stored.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // The signature is not valid for the target of a redirect.
        .redirect(reqwest::redirect::Policy::none())
        // Only the retry loop of this crate may resend a request. Without a limit of zero, reqwest
        // keeps a copy of each request.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .default_headers(common_headers(config)?)
        .connect_timeout(config.connect_timeout)
        .tcp_nodelay(true);
    if let Some(url) = &settings.proxy {
        builder = builder.proxy(proxy(url)?);
    }
    if let Some(timeout) = settings.pool_idle_timeout {
        builder = builder.pool_idle_timeout(timeout);
    }
    if let Some(connections) = settings.pool_max_idle_per_host {
        builder = builder.pool_max_idle_per_host(connections);
    }
    secured(builder, https, &settings.ca_certificates)?
        .build()
        .map_err(|error| Error::config("cannot create the HTTP client").with_source(error))
}

#[cfg(feature = "rustls")]
fn secured(
    builder: reqwest::ClientBuilder,
    https: bool,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder> {
    Ok(builder.tls_backend_preconfigured(rustls_config(https, roots)?))
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
fn secured(
    mut builder: reqwest::ClientBuilder,
    _: bool,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder> {
    for pem in roots {
        let roots = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|error| invalid_certificate().with_source(error))?;
        if roots.is_empty() {
            return Err(invalid_certificate());
        }
        builder = builder.tls_certs_merge(roots);
    }
    Ok(builder)
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn secured(
    builder: reqwest::ClientBuilder,
    https: bool,
    _: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder> {
    if https {
        let text = "an https endpoint needs the crate's feature `rustls` or `native-tls`";
        return Err(Error::config(text));
    }
    Ok(builder)
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn invalid_certificate() -> Error {
    Error::config("ca_certificate_pem: no certificate, or an invalid one")
}

/// Returns the headers that all requests have in common, apart from the operation and the caller.
///
/// Add a header that the SDK itself sends with every request here. Users of the SDK add theirs with
/// `Config::interceptor`. Other headers are set elsewhere: `Date` and `Authorization` when an attempt
/// is signed (`client::dispatch`), `Host` and `Content-Length` by `reqwest`. The signature covers
/// headers that start with `x-qs-`, so those must be set before signing, not here.
fn common_headers(config: &Config) -> Result<HeaderMap> {
    let user_agent = HeaderValue::try_from(config.user_agent())
        .map_err(|error| Error::config("additional_user_agent").with_source(error))?;
    Ok(HeaderMap::from_iter([(header::USER_AGENT, user_agent)]))
}

fn proxy(url: &str) -> Result<reqwest::Proxy> {
    // The URL may contain a password, so the message does not quote it.
    let invalid = || Error::config("proxy: it must be a URL such as http://proxy.example.com:3128");
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    match scheme.map(str::to_ascii_lowercase).as_deref() {
        Some("http" | "https") => reqwest::Proxy::all(url).map_err(|_| invalid()),
        _ => Err(invalid()),
    }
}

/// Creates a TLS configuration with ring for this client only. No provider is installed for the
/// process.
#[cfg(feature = "rustls")]
fn rustls_config(https: bool, roots: &[Vec<u8>]) -> Result<rustls::ClientConfig> {
    use rustls_platform_verifier::Verifier;

    let failed = |error: rustls::Error| Error::config("cannot set up TLS").with_source(error);
    let roots = certificates(roots)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    // An HTTP endpoint does not need the platform's certificates, which take time to load.
    if !https {
        let none = rustls::RootCertStore::empty();
        return Ok(builder.with_root_certificates(none).with_no_client_auth());
    }
    let verifier = Verifier::new_with_extra_roots(roots, provider).map_err(failed)?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Parses the certificates in PEM texts.
#[cfg(feature = "rustls")]
fn certificates(pems: &[Vec<u8>]) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let mut all = Vec::new();
    for pem in pems {
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            all.push(certificate.map_err(|error| invalid_certificate().with_source(error))?);
        }
        if all.len() == before {
            return Err(invalid_certificate());
        }
    }
    Ok(all)
}

#[cfg(all(test, feature = "rustls"))]
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
        assert!(rustls_config(true, &[ROOT.into()]).is_ok());
        for wrong in ["", "text", "-----BEGIN CERTIFICATE-----\nMII"] {
            let error = certificates(&[ROOT.into(), wrong.into()]).unwrap_err();
            assert!(error.to_string().contains("ca_certificate_pem"), "{error}");
        }
    }

    #[test]
    fn an_invalid_proxy_is_reported_without_its_password() {
        for url in ["hush", "socks5://me:hush@host", "http://me:hush@[", ""] {
            let error = proxy(url).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("proxy: "), "{shown}");
            assert!(!shown.contains("hush"), "{shown}");
        }
        assert!(proxy("HTTP://me:hush@proxy.example.com:3128").is_ok());
    }
}
