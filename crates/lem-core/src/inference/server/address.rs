//! Where a server answers: an address, taken apart once.

use super::ServerError;
use hyper::Uri;
use hyper::header::HeaderValue;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// An address of a server, up to the version.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) is_secure: bool,
    pub(super) host: String,
    port: u16,
    /// What stands before the path of an endpoint, such as `/v1`; without a slash at its end.
    prefix: String,
    /// The value of `Host`.
    pub(super) authority: HeaderValue,
}

impl Address {
    /// Takes an address apart. A user has no place in it: results name addresses.
    pub(super) fn parse(text: &str) -> Result<Self, ServerError> {
        let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let wrong = |problem: &str| ServerError::Address { shown: shown.to_owned(), problem: problem.to_owned() };
        let uri: Uri = text.parse().map_err(|_| wrong("it cannot be read"))?;
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("it begins with neither `http://` nor `https://`")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it holds a user; name the variable that holds the key in `openai.api_key_env`"));
        }
        if uri.query().is_some() {
            return Err(wrong("it holds a query"));
        }
        let value = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("its host cannot be sent"))?;
        Ok(Self {
            is_secure,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            authority: value,
        })
    }

    /// The path of something below the version, such as `/models`.
    pub(super) fn path(&self, below: &str) -> String {
        format!("{}{below}", self.prefix)
    }

    /// The path of something beside the version, such as `/health`.
    pub(super) fn root_path(&self, below: &str) -> String {
        format!("{}{below}", self.prefix.strip_suffix("/v1").unwrap_or(&self.prefix))
    }

    /// Looks the host up: every place where it may answer.
    pub(super) fn places(&self) -> Result<Vec<SocketAddr>, ServerError> {
        let lost = |source| ServerError::Host { host: self.host.clone(), source };
        let places: Vec<_> = (self.host.as_str(), self.port).to_socket_addrs().map_err(lost)?.collect();
        if places.is_empty() { Err(lost(std::io::ErrorKind::NotFound.into())) } else { Ok(places) }
    }

    /// The address as it is written.
    pub(super) fn shown(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority.to_str().unwrap_or(&self.host), self.prefix)
    }
}

/// Whether a place is on this machine: a loopback address, or one that a socket here can have.
pub(super) fn is_here(place: SocketAddr) -> bool {
    let ip: IpAddr = place.ip();
    ip.is_loopback() || ip.is_unspecified() || std::net::UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let address = Address::parse("http://127.0.0.1:8000/v1/").expect("an address");
        assert_eq!((address.is_secure, address.host.as_str(), address.port), (false, "127.0.0.1", 8000));
        assert_eq!((address.path("/models"), address.root_path("/health")), ("/v1/models".to_owned(), "/health".to_owned()));
        assert_eq!(address.shown(), "http://127.0.0.1:8000/v1");
        assert!(is_here(address.places().expect("a place")[0]));

        let secure = Address::parse("https://example.org/openai/v1").expect("an address");
        assert_eq!((secure.is_secure, secure.port, secure.root_path("/version")), (true, 443, "/openai/version".to_owned()));
        let plain = Address::parse("http://[::1]:9").expect("an address");
        assert_eq!((plain.host.as_str(), plain.path("/models")), ("::1", "/models".to_owned()));
        assert!(!is_here("192.0.2.1:80".parse().unwrap()));
    }

    #[test]
    fn what_is_no_address_is_refused_without_showing_a_user() {
        for wrong in ["127.0.0.1:8000", "ftp://a/v1", "http://", "http://a/v1?x=1", "http://me:secret@a/v1", "two words"] {
            let error = Address::parse(wrong).expect_err(wrong).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
