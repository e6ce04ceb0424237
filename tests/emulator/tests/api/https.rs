//! Objects that are fetched over https.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::client::{Client, Reply, request};
use crate::program::{Program, SECRET, client_of, command};

const CONTENT: &str = "over https";

/// Starts a site with a certificate for `localhost` and 127.0.0.1. Returns its address and the
/// certificate.
async fn site() -> (SocketAddr, String) {
    let key = KeyPair::generate().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust the certificate disconnects.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let length = CONTENT.len();
            let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{CONTENT}");
            stream.write_all(response.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (addr, certificate.pem())
}

/// Starts the program with the certificates of a file as its only authorities.
async fn start(authorities: &std::path::Path) -> (Program, Client) {
    let mut program = Program(
        command()
            .args(["--listen", "127.0.0.1:0", "--in-memory", "--log", "off"])
            .args(["--access-key-id", "ALICE", "--secret-access-key", SECRET])
            .env("SSL_CERT_FILE", authorities)
            .env_remove("SSL_CERT_DIR")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let client = client_of(&mut program);
    client.bucket("photos").await;
    (program, client)
}

async fn fetch(client: &Client, url: String) -> Reply {
    let put = request("PUT", "/photos/a").header("x-qs-fetch-source", url);
    client.send(put).await
}

#[tokio::test]
async fn fetches_from_a_site_with_a_trusted_certificate() {
    let (addr, certificate) = site().await;
    let (_, other_certificate) = site().await;
    let folder = tempfile::tempdir().unwrap();
    let (trusted, other) = (folder.path().join("a.pem"), folder.path().join("b.pem"));
    std::fs::write(&trusted, certificate).unwrap();
    std::fs::write(&other, other_certificate).unwrap();

    let (_program, client) = start(&trusted).await;
    for host in ["localhost", "127.0.0.1"] {
        let reply = fetch(&client, format!("https://{host}:{}/", addr.port())).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        assert_eq!(client.get("/photos/a").await.text(), CONTENT);
    }
    // The certificate does not contain this address.
    let reply = fetch(
        &client,
        format!("https://[::ffff:127.0.0.1]:{}/", addr.port()),
    )
    .await;
    assert_eq!(reply.error(), (503, "upstream_failed".to_owned()));

    let (_program, client) = start(&other).await;
    let reply = fetch(&client, format!("https://localhost:{}/", addr.port())).await;
    assert_eq!(reply.error(), (503, "upstream_failed".to_owned()));
    assert!(reply.text().contains("certificate"), "{}", reply.text());
}
