//! An HTTP client for one request on one connection.
//!
//! The client follows no redirects, uses no proxy, and reads no body: it closes the connection after the headers of the
//! answer, so the memory of a request does not depend on the receiver. The caller limits the time.

use std::{error::Error, pin::pin, sync::Arc};

use http_body_util::Full;
use hyper::{
    Request, Uri,
    body::Bytes,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::webhook::SIGNATURE_HEADER;

/// Maximum size of the headers of an answer, in bytes.
const HEADERS_BYTES_MAX: usize = 16 << 10;

/// The receiver of requests.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) is_encrypted: bool,
    host: String,
    port: u16,
    /// The value of the header `Host`.
    authority: HeaderValue,
    /// The path with its query.
    path: Uri,
    /// The URL without its query.
    pub(super) name: String,
}

/// The status and the headers of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
}

/// A client. Cheap to clone.
#[derive(Clone)]
pub(super) struct Client {
    /// `None` without encryption.
    tls: Option<TlsConnector>,
}

impl Target {
    /// Parses a URL.
    ///
    /// # Errors
    ///
    /// Returns the reason for which the URL is invalid.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a URL that begins with `https://` or `http://`";
        let uri: Uri = url.parse().map_err(|error| format!("{EXPECTED}: {error}"))?;
        let is_encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(EXPECTED.to_owned()),
        };
        let authority = uri.authority().ok_or("expected a URL with a host")?;
        if authority.as_str().contains('@') {
            return Err("expected a URL without a user: sign in with the signature".to_owned());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let scheme = if is_encrypted { "https" } else { "http" };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            is_encrypted,
            host,
            port: authority.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 }),
            authority: authority.as_str().parse().map_err(|_| "the URL has an invalid host")?,
            path: path.parse().map_err(|error| format!("the URL has an invalid path: {error}"))?,
            name: format!("{scheme}://{authority}{}", uri.path()),
        })
    }
}

impl Client {
    pub(super) fn without_tls() -> Self {
        Self { tls: None }
    }

    /// Creates a client that trusts the root certificates of the machine.
    ///
    /// # Errors
    ///
    /// Returns an error if the machine has no root certificates.
    pub(super) fn with_tls() -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err("this machine has no root certificates for TLS".to_owned());
        }
        Self::with_roots(roots)
    }

    fn with_roots(roots: RootCertStore) -> Result<Self, String> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Some(Arc::new(config).into()) })
    }

    /// Sends a request, and returns its answer.
    ///
    /// # Errors
    ///
    /// Returns the failure of the connection.
    pub(super) async fn post(
        &self,
        target: &Target,
        body: Vec<u8>,
        signature: String,
    ) -> Result<Answer, String> {
        let connected = TcpStream::connect((&*target.host, target.port)).await;
        let stream = connected.map_err(failed("connect"))?;
        // The headers and the body are two writes.
        stream.set_nodelay(true).map_err(failed("connect"))?;
        let Some(tls) = self.tls.as_ref().filter(|_| target.is_encrypted) else {
            return exchange(stream, target, body, signature).await;
        };
        let name = ServerName::try_from(target.host.clone()).map_err(failed("use the host"))?;
        let stream = tls.connect(name, stream).await.map_err(failed("begin TLS"))?;
        exchange(stream, target, body, signature).await
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    target: &Target,
    body: Vec<u8>,
    signature: String,
) -> Result<Answer, String> {
    let request = Request::post(target.path.clone())
        .header(HOST, target.authority.clone())
        .header(USER_AGENT, concat!("liveops/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header(SIGNATURE_HEADER, signature)
        .body(Full::new(Bytes::from(body)))
        .map_err(failed("build the request"))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEADERS_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(failed("begin HTTP"))?;
    let answer = while_driven(sender.send_request(request), connection).await;
    let answer = answer.map_err(failed("get an answer"))?;
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Ok(Answer { status: answer.status().as_u16(), retry_after: retry_after.map(str::to_owned) })
}

/// Waits for `answer` while `connection` does the work. Drops the connection, and with it an answer that is still being
/// sent.
async fn while_driven<T>(answer: impl Future<Output = T>, connection: impl Future) -> T {
    let (mut answer, mut connection) = (pin!(answer), pin!(connection));
    tokio::select! {
        biased;
        answered = &mut answer => return answered,
        _ = &mut connection => {}
    }
    // The connection has ended, so the answer is known.
    answer.await
}

/// Describes a failure, with its causes.
fn failed<E: Error + 'static>(action: &'static str) -> impl FnOnce(E) -> String {
    move |error| {
        let mut text = format!("could not {action}: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// A server on `localhost` that answers one request over TLS with 204. Returns its URL, and its certificate.
    async fn serve_once() -> (String, CertificateDer<'static>) {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = certified.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let url = format!("https://localhost:{}/hook?a=b", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
                return;
            };
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                stream.read_buf(&mut request).await.unwrap();
            }
            let request = String::from_utf8(request).unwrap();
            assert!(request.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{request}");
            assert!(request.contains("liveops-signature: s\r\n"), "{request}");
            assert!(request.contains("content-length: 2\r\n"), "{request}");
            stream.write_all(b"HTTP/1.1 204 No Content\r\nretry-after: 7\r\n\r\n").await.unwrap();
        });
        (url, certificate)
    }

    async fn post(url: &str, client: &Client) -> Result<Answer, String> {
        let target = Target::parse(url).unwrap();
        client.post(&target, b"{}".to_vec(), "s".to_owned()).await
    }

    #[tokio::test]
    async fn a_request_over_tls_is_answered() {
        let (url, certificate) = serve_once().await;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let answer = post(&url, &Client::with_roots(roots).unwrap()).await.unwrap();
        assert_eq!((answer.status, answer.retry_after.as_deref()), (204, Some("7")));
    }

    #[tokio::test]
    async fn a_certificate_that_the_machine_does_not_trust_is_refused() {
        let (url, _) = serve_once().await;
        let (_, another) = serve_once().await;
        let mut roots = RootCertStore::empty();
        roots.add(another).unwrap();
        let error = post(&url, &Client::with_roots(roots).unwrap()).await.unwrap_err();
        assert!(error.contains("could not begin TLS") && error.contains("certificate"), "{error}");
    }

    #[tokio::test]
    async fn a_receiver_that_closes_the_connection_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = Client::without_tls();
        let (answer, ()) = tokio::join!(post(&url, &client), async {
            drop(listener.accept().await.unwrap());
        });
        let error = answer.unwrap_err();
        assert!(error.starts_with("could not "), "{error}");
        drop(listener);
        let error = post(&url, &client).await.unwrap_err();
        assert!(error.contains("could not connect"), "{error}");
    }
}
