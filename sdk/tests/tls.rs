//! TLS with an emulator behind a certificate of a test certificate authority.

#![cfg(feature = "rustls")]
#![cfg(test)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qingstor_emulator::Emulator;
use qingstor_sdk::{Bucket, Config, ErrorKind, QingStor, RetryPolicy};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// An emulator behind TLS.
struct Site {
    emulator: Emulator,
    addr: SocketAddr,
    /// The certificate of the authority, as PEM.
    authority: String,
}

impl Site {
    /// Starts the server with a certificate for `name`.
    async fn start(name: &str) -> Self {
        let emulator = Emulator::builder().in_memory().start().await.unwrap();
        let (authority, acceptor) = certified(name);
        let behind = emulator.addr();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust the certificate disconnects.
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    assert_ne!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                    let mut behind = TcpStream::connect(behind).await.unwrap();
                    let _broken_off = copy_bidirectional(&mut stream, &mut behind).await;
                });
            }
        });
        Self {
            emulator,
            addr,
            authority,
        }
    }

    /// Returns the number of requests that arrived.
    fn served(&self) -> u64 {
        self.emulator.operations_served().values().sum()
    }

    fn config(&self) -> Config {
        let (id, secret) = (
            self.emulator.access_key_id(),
            self.emulator.secret_access_key(),
        );
        Config::new(id, secret)
            .endpoint(format!("https://localhost:{}", self.addr.port()))
            .retry(quick())
    }
}

/// A policy with short delays.
fn quick() -> RetryPolicy {
    RetryPolicy::default().initial_backoff(Duration::from_millis(1))
}

/// Creates a certificate authority and a server with a certificate of it.
fn certified(name: &str) -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    // A client that supports HTTP/2 would use it.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (authority, TlsAcceptor::from(Arc::new(config)))
}

fn bucket(config: Config) -> Bucket {
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

/// Uploads and downloads, with one request and with several.
async fn works(bucket: &Bucket) {
    bucket.put().await.unwrap();
    let content = vec![7; 9 << 20];
    let upload = bucket.upload("k", content.clone());
    let upload = upload.multipart_threshold(4 << 20).part_size(4 << 20);
    assert_eq!(upload.await.unwrap().parts, 3);
    let output = bucket.get_object("k").await.unwrap();
    assert_eq!(output.body.bytes().await.unwrap(), content);
}

#[tokio::test]
async fn a_configured_certificate_authority_is_trusted() {
    let site = Site::start("localhost").await;
    works(&bucket(site.config().ca_certificate_pem(&*site.authority))).await;
}

#[tokio::test]
async fn an_untrusted_certificate_is_refused() {
    let site = Site::start("localhost").await;
    let stranger = Site::start("localhost").await;
    for config in [
        site.config(),
        site.config().ca_certificate_pem(&*stranger.authority),
    ] {
        let error = bucket(config).head().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_eq!((error.attempts(), error.is_retryable()), (1, false));
        let text = error.to_string();
        assert!(text.contains("certificate"), "{text}");
        assert!(
            text.contains("UnknownIssuer") || text.contains("BadSignature"),
            "{text}"
        );
    }
    assert_eq!(site.served(), 0);
}

#[tokio::test]
async fn a_server_without_tls_is_recognized() {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let config = Config::new("ID", "SECRET").retry(quick());
    let endpoint = format!("https://localhost:{}", emulator.addr().port());
    let error = bucket(config.endpoint(endpoint)).put().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
    let text = error.to_string();
    let advice = "the server does not use TLS on this port: use `http` instead of `https`";
    assert!(text.contains(advice), "{text}");
}

/// A server, or what is in front of it, that closes connections during a restart.
#[tokio::test]
async fn a_handshake_that_breaks_off_is_retried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let config = Config::new("ID", "SECRET").retry(quick());
    let error = bucket(config.endpoint(endpoint)).put().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert_eq!((error.attempts(), error.is_retryable()), (4, true));
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let site = Site::start("storage.example.com").await;
    let config = site.config().ca_certificate_pem(&*site.authority);
    let error = bucket(config).head().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
    let text = error.to_string();
    assert!(
        text.contains("localhost") && text.contains("storage.example.com"),
        "{text}"
    );
    assert_eq!(site.served(), 0);
}

/// The targets that a proxy was asked to connect to.
type Targets = Arc<Mutex<Vec<String>>>;

/// Starts a proxy that connects every client to `target`.
async fn proxy(target: SocketAddr) -> (SocketAddr, Targets) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let asked = Targets::default();
    let heads = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            heads.lock().unwrap().push(String::from_utf8(head).unwrap());
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut behind = TcpStream::connect(target).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut stream, &mut behind).await });
        }
    });
    (addr, asked)
}

#[tokio::test]
async fn tls_is_tunneled_through_a_proxy() {
    let site = Site::start("storage.example.com").await;
    let (proxy, asked) = proxy(site.addr).await;
    let config = site.config().endpoint("https://storage.example.com");
    let config = config.ca_certificate_pem(&*site.authority);
    works(&bucket(config.proxy(format!("http://{proxy}")))).await;
    let asked = asked.lock().unwrap();
    assert!(!asked.is_empty());
    for head in asked.iter() {
        assert!(
            head.starts_with("CONNECT storage.example.com:443 HTTP/1.1\r\n"),
            "{head}"
        );
        assert!(!head.to_lowercase().contains("authorization"), "{head}");
    }
}

/// TLS to the proxy, and TLS to the service within it.
#[tokio::test]
async fn a_proxy_with_tls_is_used() {
    let site = Site::start("storage.example.com").await;
    let (behind, asked) = proxy(site.addr).await;
    let (authority, acceptor) = certified("localhost");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                let mut behind = TcpStream::connect(behind).await.unwrap();
                let _broken_off = copy_bidirectional(&mut stream, &mut behind).await;
            });
        }
    });
    let config = site.config().endpoint("https://storage.example.com");
    let config = config
        .ca_certificate_pem(&*site.authority)
        .ca_certificate_pem(authority);
    works(&bucket(config.proxy(format!("https://localhost:{port}")))).await;
    assert!(!asked.lock().unwrap().is_empty());
}

/// The endpoint does not need TLS, but its proxy does.
#[tokio::test]
async fn requests_without_tls_pass_a_proxy_with_tls() {
    let site = Site::start("localhost").await;
    let config = site.config().endpoint("http://storage.example.com");
    let config = config.ca_certificate_pem(&*site.authority);
    let proxy = format!("HTTPS://localhost:{}", site.addr.port());
    works(&bucket(config.proxy(proxy))).await;
    assert!(site.served() > 0);
}

#[cfg(feature = "reqwest-client")]
#[tokio::test]
async fn a_custom_client_uses_its_own_certificates() {
    let site = Site::start("localhost").await;
    let builder = custom_client(&site.authority);
    works(&bucket(site.config().reqwest_client(builder))).await;
}

#[cfg(feature = "reqwest-client")]
fn custom_client(authority: &str) -> reqwest::ClientBuilder {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls)
}

/// The key of an object must not reach another site.
#[cfg(feature = "reqwest-client")]
#[tokio::test]
async fn a_custom_client_follows_no_redirect() {
    let site = Site::start("localhost").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!("http://{}/k", stranger.local_addr().unwrap());
    let response = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    );
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(response.as_bytes()).await.unwrap();
    });
    let builder = custom_client(&site.authority).redirect(reqwest::redirect::Policy::limited(5));
    let config = site.config().endpoint(endpoint).reqwest_client(builder);
    let call = bucket(config).get_object("k");
    let call = call.encryption_customer_key("hush");
    let error = tokio::select! {
        result = call.send() => result.unwrap_err(),
        _ = stranger.accept() => panic!("the redirect was followed"),
    };
    assert_eq!(error.location(), Some(&*location), "{error}");
}
