//! The HTTP client for everything that the emulator asks others for.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// Makes a client whose waits are `timeout` at most.
pub(super) fn new(timeout: Duration) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let client = Client::builder()
        .connect_timeout(timeout)
        .read_timeout(timeout)
        // Which redirects are followed depends on who asks.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // An origin may close a connection just when it is used again.
        .pool_max_idle_per_host(0)
        // What the emulator reaches depends on nothing but the address.
        .no_proxy()
        // Another crate may switch these on; what is stored stays as it comes.
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

/// TLS for this client alone: no provider is installed for the whole process.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    let config = match builder()?.with_platform_verifier() {
        Ok(config) => config,
        // A machine without certificates can still fetch over http.
        Err(error) => {
            tracing::warn!(%error, "no https origin can be trusted");
            builder()?.with_root_certificates(RootCertStore::empty())
        }
    };
    Ok(config.with_no_client_auth())
}
