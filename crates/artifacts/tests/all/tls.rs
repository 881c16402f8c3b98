//! Whose certificates are accepted.

use std::sync::Arc;

use artifacts::{Artifacts, S3Options};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::common::path;

const LISTING: &str = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
    <Name>b</Name><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>";

/// A server whose certificate an authority signed that nobody knows; answers its address and the authority, in PEM.
async fn server() -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".into()]).expect("parameters");
    let certificate = params.signed_by(&key, &authority).expect("a certificate");
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that distrusts the server hangs up here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok() {
                let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", LISTING.len());
                drop(stream.write_all(format!("{head}{LISTING}").as_bytes()).await);
                drop(stream.shutdown().await);
            }
        }
    });
    (format!("https://localhost:{port}"), authority.pem())
}

async fn lists(options: S3Options) -> bool {
    let repository = Artifacts::new(options).await.open("s3://b").expect("the location opens");
    repository.list(&path("")).await.is_ok_and(|files| files.len() == 1)
}

#[tokio::test]
async fn a_certificate_must_be_trusted_or_ignored() {
    let (url, authority) = server().await;
    let options = S3Options { endpoint_url: Some(url), ..S3Options::default() };
    assert!(!lists(options.clone()).await, "nobody knows the authority");
    assert!(lists(S3Options { ignore_tls: true, ..options.clone() }).await, "MLFLOW_S3_IGNORE_TLS");

    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), authority).expect("the authority");
    let ca_bundle = Some(file.path().to_owned());
    assert!(lists(S3Options { ca_bundle, ..options.clone() }).await, "AWS_CA_BUNDLE");

    std::fs::write(file.path(), "no certificate").expect("nonsense");
    let ca_bundle = Some(file.path().to_owned());
    assert!(!lists(S3Options { ca_bundle, ..options }).await, "an unreadable bundle is no licence");
}
