//! The key of a server: read from the environment when it is needed, sent in a header, and shown nowhere.

use super::ServerError;
use hyper::header::HeaderValue;

/// A key, as the value of the header that carries it.
#[derive(Clone)]
pub(super) struct Key(HeaderValue);

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key(…)")
    }
}

impl Key {
    /// The key in an environment variable.
    pub(super) fn from_variable(variable: &str) -> Result<Self, ServerError> {
        let key = std::env::var(variable).map_err(|_| ServerError::NoKey { variable: variable.to_owned() })?;
        Self::new(&key).ok_or_else(|| ServerError::KeyUnfit { variable: variable.to_owned() })
    }

    /// `None` where a header cannot hold it.
    fn new(key: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim())).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }

    /// The value of `Authorization`.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// A text without the key, which a server may have put into its answer.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        let value = self.0.to_str().unwrap_or_default();
        let key = value.strip_prefix("Bearer ").unwrap_or(value);
        if key.is_empty() { text.to_owned() } else { text.replace(key, "…") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_nowhere() {
        let key = Key::new(" sk-abc\n").expect("a key");
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(key.header().to_str().unwrap(), "Bearer sk-abc");
        assert!(!format!("{:?}", key.header()).contains("abc"));
        assert_eq!(key.hidden_in("invalid key sk-abc given"), "invalid key … given");
        assert!(Key::new("a\nb").is_none());
        assert!(matches!(Key::from_variable("LEM_NO_SUCH_VARIABLE"), Err(ServerError::NoKey { .. })));
    }
}
