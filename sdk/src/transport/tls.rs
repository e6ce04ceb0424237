//! [`Tls`]: encrypts connections, with the TLS library that the features select.

#[cfg(any(feature = "rustls", feature = "native-tls"))]
use std::io;

#[cfg(feature = "rustls")]
use super::rustls_config::rustls_config;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use super::stream::PermanentFailure;
use super::stream::{ConnectError, Stream};
#[cfg(not(feature = "rustls"))]
use crate::base::error::Error;
use crate::base::error::Result;
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
use crate::config::transport::ConnectionSettings;

/// Encrypts connections. A clone shares the settings and the sessions that can be resumed.
#[derive(Clone)]
pub(super) struct Tls {
    #[cfg(feature = "rustls")]
    connector: tokio_rustls::TlsConnector,
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    connector: tokio_native_tls::TlsConnector,
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    connector: std::convert::Infallible,
}

impl Tls {
    /// Trusts the certificates in the PEM texts `roots` in addition to those of the platform.
    #[cfg(feature = "rustls")]
    pub(super) fn new(roots: &[Vec<u8>]) -> Result<Self> {
        let connector = std::sync::Arc::new(rustls_config(roots)?).into();
        Ok(Self { connector })
    }

    /// Trusts the certificates in the PEM texts `roots` in addition to those of the platform.
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    pub(super) fn new(roots: &[Vec<u8>]) -> Result<Self> {
        use tokio_native_tls::native_tls::{Certificate, TlsConnector};

        let mut builder = TlsConnector::builder();
        for pem in roots {
            let invalid = |error| ConnectionSettings::invalid_certificate().with_source(error);
            let certificates = Certificate::stack_from_pem(pem).map_err(invalid)?;
            // OpenSSL finds no certificate in a text without PEM, and reports no error.
            if certificates.is_empty() {
                return Err(ConnectionSettings::invalid_certificate());
            }
            for certificate in certificates {
                builder.add_root_certificate(certificate);
            }
        }
        let failed = |error| Error::config("cannot set up TLS").with_source(error);
        let connector = builder.build().map_err(failed)?.into();
        Ok(Self { connector })
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    pub(super) fn new(_: &[Vec<u8>]) -> Result<Self> {
        let text = "an https endpoint needs the crate's feature `rustls` or `native-tls`";
        Err(Error::config(text))
    }

    /// Encrypts a connection to `host`.
    #[cfg(feature = "rustls")]
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: Box<dyn Stream>,
    ) -> Result<Box<dyn Stream>, ConnectError> {
        let name = host.trim_matches(['[', ']']).to_owned();
        let name = rustls::pki_types::ServerName::try_from(name)
            .map_err(|error| PermanentFailure::new(error.to_string()))?;
        let stream = self.connector.connect(name, stream).await;
        Ok(Box::new(stream.map_err(explain)?))
    }

    /// Encrypts a connection to `host`.
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: Box<dyn Stream>,
    ) -> Result<Box<dyn Stream>, ConnectError> {
        let host = host.trim_matches(['[', ']']);
        let stream = self.connector.connect(host, stream).await;
        // The libraries of the platforms have only the text of their errors in common.
        let explain = |error: tokio_native_tls::native_tls::Error| -> ConnectError {
            match error.to_string() {
                text if text.contains("certificate") => PermanentFailure::new(text).into(),
                _ => io::Error::other(error).into(),
            }
        };
        Ok(Box::new(stream.map_err(explain)?))
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    pub(super) async fn connect(
        &self,
        _: &str,
        _: Box<dyn Stream>,
    ) -> Result<Box<dyn Stream>, ConnectError> {
        match self.connector {}
    }
}

/// Explains the error of a handshake with a server that responds in plain text.
#[cfg(feature = "rustls")]
fn explain(error: io::Error) -> ConnectError {
    use rustls::{Error, InvalidMessage};

    let source = error.get_ref().and_then(|source| source.downcast_ref());
    match source {
        Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)) => PermanentFailure::new(
            "the server does not use TLS on this port: use `http` instead of `https`, or another port",
        )
        .into(),
        _ => error.into(),
    }
}

/// Returns whether a handshake would fail again in the same way: the certificate is not accepted, or
/// client and server have no settings in common.
#[cfg(feature = "rustls")]
pub(super) fn is_permanent(error: &rustls::Error) -> bool {
    use rustls::{AlertDescription as Alert, Error};

    match error {
        Error::InvalidCertificate(_)
        | Error::InvalidCertRevocationList(_)
        | Error::NoCertificatesPresented
        | Error::NoApplicationProtocol
        | Error::PeerIncompatible(_)
        | Error::UnsupportedNameType => true,
        Error::AlertReceived(alert) => matches!(
            alert,
            Alert::AccessDenied
                | Alert::BadCertificate
                | Alert::CertificateExpired
                | Alert::CertificateRequired
                | Alert::CertificateRevoked
                | Alert::CertificateUnknown
                | Alert::HandshakeFailure
                | Alert::InsufficientSecurity
                | Alert::NoApplicationProtocol
                | Alert::ProtocolVersion
                | Alert::UnknownCA
                | Alert::UnrecognisedName
                | Alert::UnsupportedCertificate
        ),
        _ => false,
    }
}

#[cfg(all(test, any(feature = "rustls", feature = "native-tls")))]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_valid_certificate_is_an_error() {
        for wrong in ["", "text", "-----BEGIN CERTIFICATE-----\nMII"] {
            let Err(error) = Tls::new(&[wrong.into()]) else {
                panic!("{wrong:?} is accepted");
            };
            assert!(error.to_string().contains("ca_certificate_pem"), "{error}");
        }
    }
}
