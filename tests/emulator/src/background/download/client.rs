//! The HTTP client for requests to other sites.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// Creates a client. `timeout` limits each wait.
pub(super) fn new(timeout: Duration) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let client = Client::builder()
        .connect_timeout(timeout)
        .read_timeout(timeout)
        // The callers decide which redirects to follow.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // Connections are not reused, because an origin may close one at the same moment.
        .pool_max_idle_per_host(0)
        // Proxies from the environment are ignored, so that only the URL decides which host is
        // contacted.
        .no_proxy()
        // Another crate may enable the features for decompression, but content must be stored as
        // received.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .referer(false)
        .user_agent(concat!("qingstor-emulator/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls()?)
        .build()?;
    Ok(client)
}

/// Returns the TLS configuration of this client. It does not install a process-wide provider.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    let config = match builder()?.with_platform_verifier() {
        Ok(config) => config,
        // A machine without root certificates can still fetch over http.
        Err(error) => {
            tracing::warn!(%error, "cannot load root certificates, so https requests will fail");
            builder()?.with_root_certificates(RootCertStore::empty())
        }
    };
    Ok(config.with_no_client_auth())
}
