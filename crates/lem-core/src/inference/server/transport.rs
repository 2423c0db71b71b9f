//! One request over one connection.

use super::ServerError;
use super::address::Address;
use super::key::Key;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use lem_domain::record::RequestFailure;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Bytes of an answer that are looked at where it is an error or a small document.
const SMALL: usize = 1 << 20;

/// How to reach a server.
#[derive(Clone)]
pub(super) struct Transport {
    pub(super) address: Address,
    places: Vec<SocketAddr>,
    secure: Option<(TlsConnector, ServerName<'static>)>,
    pub(super) key: Option<Key>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) failure: RequestFailure,
    pub(super) reason: String,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Transport").field("address", &self.address).finish_non_exhaustive()
    }
}

/// An answer whose head has come, with the connection that brings the rest.
pub(super) struct Answering {
    pub(super) status: u16,
    body: Incoming,
    connection: Connection,
}

/// The work of a connection; `None` once it is over.
type Connection = Option<Pin<Box<dyn Future<Output = ()>>>>;

impl Transport {
    /// Looks the host up, and reads the roots of trust where they are needed.
    pub(super) fn new(address: Address, key: Option<Key>) -> Result<Self, ServerError> {
        let places = address.places()?;
        let secure = address.is_secure.then(|| trust(&address)).transpose()?;
        Ok(Self { address, places, secure, key })
    }

    /// The places where the server may answer.
    pub(super) fn places(&self) -> &[SocketAddr] {
        &self.places
    }

    /// Sends a request and waits for the head of the answer.
    pub(super) async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Answering, Broken> {
        let stream = self.connect().await?;
        let request = self.request(method, path, body);
        match &self.secure {
            None => exchange(stream, request).await,
            Some((connector, name)) => {
                let secured = connector.connect(name.clone(), stream).await;
                let unreachable = |error: io::Error| Broken { failure: RequestFailure::Unreachable, reason: error.to_string() };
                exchange(secured.map_err(unreachable)?, request).await
            }
        }
    }

    /// Sends a request without a body and reads the whole of a small answer.
    pub(super) async fn get(&self, path: &str) -> Result<(u16, Vec<u8>), Broken> {
        let mut answer = self.send(Method::GET, path, Bytes::new()).await?;
        let body = answer.rest(SMALL).await?;
        Ok((answer.status, body))
    }

    async fn connect(&self) -> Result<TcpStream, Broken> {
        let mut last = None;
        for place in &self.places {
            match TcpStream::connect(place).await {
                Ok(stream) => {
                    // A request is written at once, and none waits for another.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| io::ErrorKind::NotFound.into());
        let refused = error.kind() == io::ErrorKind::ConnectionRefused;
        let failure = if refused { RequestFailure::Refused } else { RequestFailure::Unreachable };
        Err(Broken { failure, reason: error.to_string() })
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("the path of an address that was read");
        let headers = request.headers_mut();
        headers.insert(HOST, self.address.authority.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("lem/", env!("CARGO_PKG_VERSION"))));
        if let Some(key) = &self.key {
            headers.insert(AUTHORIZATION, key.header());
        }
        request
    }
}

fn trust(address: &Address) -> Result<(TlsConnector, ServerName<'static>), ServerError> {
    let wrong = |problem: String| ServerError::Address { shown: address.shown(), problem };
    let name = ServerName::try_from(address.host.clone()).map_err(|error| wrong(error.to_string()))?;
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| wrong(error.to_string()))?.with_root_certificates(roots).with_no_client_auth();
    Ok((TlsConnector::from(Arc::new(config)), name))
}

async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, request: Request<Full<Bytes>>) -> Result<Answering, Broken> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(reset)?;
    // How a connection ends is told by the answer that it carries.
    let mut connection: Connection = Some(Box::pin(async move {
        let _ = connection.await;
    }));
    let response: Response<Incoming> = beside(&mut connection, sender.send_request(request)).await.map_err(reset)?;
    Ok(Answering { status: response.status().as_u16(), body: response.into_body(), connection })
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn reset(error: hyper::Error) -> Broken {
    let cause = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
    let is_head = error.is_parse();
    let failure = if is_head { RequestFailure::Malformed } else { RequestFailure::Reset };
    Broken { failure, reason: format!("{error}{cause}") }
}

impl Answering {
    /// The next bytes of the answer; `None` at its end.
    pub(super) async fn more(&mut self) -> Option<Result<Bytes, Broken>> {
        loop {
            let frame = beside(&mut self.connection, self.body.frame()).await?;
            match frame.map_err(reset).map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                // Trailers say nothing here.
                Ok(Err(_)) => {}
                Err(broken) => return Some(Err(broken)),
            }
        }
    }

    /// All of it, up to a limit.
    pub(super) async fn rest(&mut self, limit: usize) -> Result<Vec<u8>, Broken> {
        let mut bytes = Vec::new();
        while let Some(more) = self.more().await {
            let more = more?;
            bytes.extend_from_slice(&more[..more.len().min(limit - bytes.len())]);
            if bytes.len() == limit {
                break;
            }
        }
        Ok(bytes)
    }
}

/// Waits for something that a connection brings, and does the connection's work meanwhile.
async fn beside<T>(connection: &mut Connection, what: impl Future<Output = T>) -> T {
    let mut what = pin!(what);
    poll_fn(move |context| {
        if connection.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready()) {
            *connection = None;
        }
        match what.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(value),
            Poll::Pending => {
                // What was asked for may have given the connection work.
                if connection.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready()) {
                    *connection = None;
                    return what.as_mut().poll(context);
                }
                Poll::Pending
            }
        }
    })
    .await
}
